/* Statements whose whole result is waited for. */
#include "postgres/query.h"

#include "postgres/leftovers.h"
#include <string.h>

static const eddy_postgres_params no_params;

/* The server's word for having stopped where it was asked to. */
#define QUERY_CANCELED "57014"

int postgres_send(eddy_postgres *pg, const char *sql, const eddy_postgres_params *params)
{
        const eddy_postgres_params *p = params ? params : &no_params;

        pg->is_soiled = pg->is_soiled || statement_may_leave_something(sql);
        return PQsendQueryParams(pg->conn, sql, p->count, p->types, p->values, p->sizes, p->formats, p->binary);
}

int postgres_send_prepared(eddy_postgres *pg, const char *name, const eddy_postgres_params *params)
{
        const eddy_postgres_params *p = params ? params : &no_params;

        return PQsendQueryPrepared(pg->conn, name, p->count, p->values, p->sizes, p->formats, p->binary);
}

/* A copy ends libpq's results without an end. */
static void open_copy(eddy_postgres *pg, const PGresult *result)
{
        pg->mode = PQresultStatus(result) == PGRES_COPY_IN ? COPY_IN : COPY_OUT;
        pg->has_open = true;
        pg->due = 1;
}

void postgres_keep_last(PGresult **last, PGresult *result)
{
        /* Behind an error comes another one where the server said why it closes the connection, which says only that. */
        if (*last && PQresultStatus(*last) == PGRES_FATAL_ERROR) {
                PQclear(result);
                return;
        }
        PQclear(*last);
        *last = result;
}

static int collect(eddy_postgres *pg, PGresult **last)
{
        int rc = postgres_flush(pg);

        while (rc == 0) {
                PGresult *result;

                rc = postgres_next_result(pg, &result);
                if (rc < 0 || !result)
                        break;
                postgres_keep_last(last, result);
                if (*last == result && postgres_begins_copy(result)) {
                        open_copy(pg, result);
                        break;
                }
        }
        return rc;
}

/* Whether the server did what it was asked to do: not stop, but end. */
static bool has_ended(const PGresult *result)
{
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

        return result && !(state && strcmp(state, QUERY_CANCELED) == 0) && !postgres_begins_copy(result);
}

/* The asker is interrupted. The server is asked to stop, and has the last word: that it did, or that it was done before,
 * which is the asker's then. */
static int ask_for_the_last_word(eddy_postgres *pg, PGresult **result, int interruption)
{
        int rc = postgres_settle(pg, true, result);

        return rc == 0 && interruption == eddy_interrupted() && has_ended(*result) ? 0 : interruption;
}

int postgres_finish(eddy_postgres *pg, PGresult **result_out, int sent)
{
        PGresult *result = NULL;
        int rc = sent ? collect(pg, &result) : postgres_failure(pg);

        if (rc < 0 && sent)
                rc = ask_for_the_last_word(pg, &result, rc);
        if (rc == 0)
                rc = postgres_outcome(pg, result);
        if (rc == 0 && result_out)
                *result_out = result;
        else
                PQclear(result);
        return rc;
}

/* Before anything is sent. */
static int begin_query(eddy_postgres *pg, PGresult **result)
{
        if (result)
                *result = NULL;
        return postgres_enter_uninterrupted(pg, IDLE);
}

int eddy_postgres_query(eddy_postgres *pg, PGresult **result, const char *sql,
                        const eddy_postgres_params *params)
{
        int rc = begin_query(pg, result);

        if (rc < 0)
                return rc;
        rc = postgres_finish(pg, result, postgres_send(pg, sql, params));
        postgres_leave(pg);
        return rc;
}

int eddy_postgres_exec(eddy_postgres *pg, PGresult **result, const char *sql)
{
        int rc = begin_query(pg, result);

        if (rc < 0)
                return rc;
        pg->is_soiled = pg->is_soiled || statement_may_leave_something(sql);
        rc = postgres_finish(pg, result, PQsendQuery(pg->conn, sql));
        postgres_leave(pg);
        return rc;
}

int eddy_postgres_prepare(eddy_postgres *pg, const char *name, const char *sql, const Oid *types, int n)
{
        int rc = begin_query(pg, NULL);

        if (rc < 0)
                return rc;
        pg->is_soiled = true;
        rc = postgres_finish(pg, NULL, PQsendPrepare(pg->conn, name, sql, n, types));
        postgres_leave(pg);
        return rc;
}

int eddy_postgres_query_prepared(eddy_postgres *pg, PGresult **result, const char *name,
                                 const eddy_postgres_params *params)
{
        int rc = begin_query(pg, result);

        if (rc < 0)
                return rc;
        rc = postgres_finish(pg, result, postgres_send_prepared(pg, name, params));
        postgres_leave(pg);
        return rc;
}
