/* Calls that are made often are prepared, where a session is one's own: else the server would parse and plan each of them, which takes as long as a
 * small one itself. Their names say what they are, so that a session that others have prepared has the same under them. */
#include "jobs/postgres/store.h"

#include <stdio.h>

static const char *const often[] = {"enqueue", "turn", "renew"};

enum { OFTEN = sizeof often / sizeof *often, NAME_SIZE = 64 };

static int number_of(const char *function)
{
        int number = 0;

        while (function && number < OFTEN && strcmp(often[number], function) != 0)
                number++;
        return function && number < OFTEN ? number : -1;
}

/* What is known of a connection's session. One of another connection that is no more may give its place. */
static struct store_session *session_of(struct store *store, const eddy_postgres *pg)
{
        struct store_session *session;

        for (int i = 0; i < STORE_CONNECTIONS; i++)
                if (store->sessions[i].pg == pg)
                        return &store->sessions[i];
        session = &store->sessions[store->next_session++ % STORE_CONNECTIONS];
        *session = (struct store_session){.pg = pg};
        return session;
}

static int prepare(struct store *store, eddy_postgres *pg, const char *name, const struct store_call *call)
{
        int rc;

        if (session_of(store, pg)->prepared & 1u << number_of(call->function))
                return 0;
        rc = eddy_postgres_prepare(pg, name, call->sql, call->params->types, call->params->count);
        /* It is there: in a session that was another connection's, by way of a pooler. */
        if (rc == EDDY_EPOSTGRES && strcmp(eddy_postgres_sqlstate(pg), "42P05") == 0)
                rc = 0;
        if (rc == 0)
                session_of(store, pg)->prepared |= 1u << number_of(call->function);
        return rc;
}

int pgjobs_run(struct store *store, eddy_postgres *pg, PGresult **result, const struct store_call *call)
{
        char name[NAME_SIZE];
        int rc;

        if (!store->prepares || number_of(call->function) < 0)
                return eddy_postgres_query(pg, result, call->sql, call->params);
        snprintf(name, sizeof name, "%s.%d.%s", call->function, STORE_FORMAT, store->schema);
        rc = prepare(store, pg, name, call);
        if (rc == 0)
                rc = eddy_postgres_query_prepared(pg, result, name, call->params);
        /* It is a new session, where the connection was lost, or a pooler is between by now. */
        if (rc == EDDY_EPOSTGRES && strcmp(eddy_postgres_sqlstate(pg), "26000") == 0)
                session_of(store, pg)->prepared = 0;
        return rc;
}
