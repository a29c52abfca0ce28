/* Statements, each of which is said again as long as the server does not answer. */
#include "jobs/postgres/store.h"

#include "base/memory.h"
#include <stdio.h>

enum { AGAIN = 1, AWAY = 2, CONFLICTS_MOST = 20 };

enum { FIRST_DELAY_MS = 100, LAST_DELAY_MS = 5000, CONFLICT_MS = 10 };

/* Up to so long, differently for each who waits. */
static eddy_duration some_of(eddy_duration most)
{
        uint64_t mixed = (uint64_t)eddy_now() * UINT64_C(0x9e3779b97f4a7c15);

        return (eddy_duration)((mixed >> 32) % (uint64_t)most);
}

char *pgjobs_fill_in(const char *sql, const char *schema)
{
        size_t size = strlen(sql) + 1, places = 0;
        char *filled, *end;

        for (const char *c = sql; *c; c++)
                places += *c == '@';
        filled = memory_alloc(size + places * (strlen(schema) + 2));
        if (!filled)
                return NULL;
        end = filled;
        for (const char *c = sql; *c; c++) {
                if (*c != '@')
                        *end++ = *c;
                else if (c[1] == '@')
                        end += sprintf(end, "%s", schema), c++;
                else
                        end += sprintf(end, "\"%s\"", schema);
        }
        *end = '\0';
        return filled;
}

static bool begins(const char *text, const char *with)
{
        return strncmp(text, with, strlen(with)) == 0;
}

/* AGAIN: another one was first; AWAY: later it may work; or an error for good. */
static int judge(int rc, const char *sqlstate)
{
        if (rc != EDDY_EPOSTGRES) {
                bool is_final = rc == EDDY_CANCELLED || rc == EDDY_TIMEOUT || rc == -ENOMEM ||
                                rc == EDDY_ENOTASK || rc == EDDY_EWRONGLOOP || rc == EDDY_ESHUTDOWN;
                return is_final ? rc : AWAY;
        }
        if (strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0)
                return AGAIN;
        /* Connections, resources, the operator's doings, a standby that is not the primary yet. */
        if (begins(sqlstate, "08") || begins(sqlstate, "57P") || strcmp(sqlstate, "53300") == 0 ||
            strcmp(sqlstate, "25006") == 0 || !*sqlstate)
                return AWAY;
        return EDDY_EJOBS;
}

int pgjobs_error(int rc, const char *sqlstate)
{
        char detail[512];

        if (rc != EDDY_EPOSTGRES)
                return rc;
        snprintf(detail, sizeof detail, "%s", eddy_error_detail());
        if (begins(sqlstate, "42P01") || begins(sqlstate, "3F000") || begins(sqlstate, "42883"))
                return eddy_fail(EDDY_EJOBS, "the store's schema is gone, or another version's: %s", detail);
        return eddy_fail(strcmp(sqlstate, "53100") == 0 ? -ENOSPC : EDDY_EJOBS, "%s", detail);
}

static void tell_loss(void *arg)
{
        struct store *store = arg;

        store->on_loss(store->loss, store->loss_detail, store->delay, store->loss_arg);
}

static void note_loss(struct store *store, int rc, eddy_time now)
{
        const char *detail = eddy_error_detail();

        store->delay = store->delay ? store->delay * 2 : eddy_ms(FIRST_DELAY_MS);
        if (store->delay > eddy_ms(LAST_DELAY_MS))
                store->delay = eddy_ms(LAST_DELAY_MS);
        store->back_at = now + store->delay / 2 + some_of(store->delay / 2);
        store->loss = rc;
        snprintf(store->loss_detail, sizeof store->loss_detail, "%s", *detail ? detail : eddy_strerror(rc));
        if (store->on_loss && !eddy_handle_pending(&store->loss_handle))
                eddy_call_soon(store->loop, &store->loss_handle, tell_loss, store);
}

int pgjobs_wait(struct store *store, int rc)
{
        eddy_time now = eddy_now();

        if (store->back_at <= now)
                note_loss(store, rc, now);
        return eddy_sleep(store->back_at - now);
}

static void ignore(void *arg, const char *message)
{
        (void)arg, (void)message;
}

void pgjobs_silence(eddy_postgres *pg)
{
        PQsetNoticeProcessor(eddy_postgres_connection(pg), ignore, NULL);
}

static int try_once(struct store *store, PGresult **result, const char *sql, const eddy_postgres_params *params,
                    int *verdict)
{
        eddy_postgres *pg;
        int rc = eddy_postgres_pool_acquire(store->pool, &pg);

        *verdict = judge(rc, "");
        if (rc < 0)
                return rc;
        pgjobs_silence(pg);
        rc = eddy_postgres_query(pg, result, sql, params);
        *verdict = rc == 0 ? 0 : judge(rc, eddy_postgres_sqlstate(pg));
        if (*verdict < 0)
                rc = pgjobs_error(rc, eddy_postgres_sqlstate(pg));
        eddy_postgres_pool_release(store->pool, pg);
        return rc;
}

/* Until it has been done, or never will be. */
static int try_on(struct store *store, PGresult **result, const char *sql, const eddy_postgres_params *params,
                  bool *is_sent_again)
{
        for (int conflicts = 0;;) {
                int verdict, rc = try_once(store, result, sql, params, &verdict);

                if (rc == 0) {
                        store->delay = 0;
                        return 0;
                }
                if (verdict < 0)
                        return rc;
                if (verdict == AGAIN && conflicts++ == CONFLICTS_MOST)
                        return pgjobs_error(rc, "40001");
                if (verdict == AWAY)
                        *is_sent_again = true;
                rc = verdict == AGAIN ? eddy_sleep(some_of(eddy_ms(CONFLICT_MS))) : pgjobs_wait(store, rc);
                if (rc < 0)
                        return rc;
        }
}

/* How libeddy-postgres is to have them. */
struct packed {
        const char *values[ARGS_MOST];
        int formats[ARGS_MOST];
        eddy_postgres_params params;
};

static void pack(struct packed *packed, const struct args *args)
{
        packed->params = (eddy_postgres_params){.count = args->count,
                                                .values = packed->values,
                                                .types = args->types,
                                                .sizes = args->sizes,
                                                .formats = packed->formats,
                                                .binary = true};
        for (int i = 0; i < args->count; i++) {
                packed->values[i] = args->sizes[i] < 0 ? NULL : args->data + args->begins[i];
                packed->formats[i] = 1;
        }
}

static int query_in_time(struct store *store, PGresult **result, const char *sql, struct args *args)
{
        struct packed packed;
        int rc = 0;

        pack(&packed, args);
        EDDY_TIMEOUT_SCOPE(store->patience)
                rc = try_on(store, result, sql, &packed.params, &args->is_sent_again);
        if (rc != EDDY_TIMEOUT || eddy_interrupted() < 0)
                return rc;
        return eddy_fail(EDDY_EJOBSAWAY, "the PostgreSQL server did not answer in time%s%s",
                         store->delay ? ": " : "", store->delay ? store->loss_detail : "");
}

int pgjobs_query(struct store *store, PGresult **result, const char *sql, struct args *args)
{
        char *filled = pgjobs_fill_in(sql, store->schema);
        int rc = filled && !args->is_short ? 0 : -ENOMEM;

        *result = NULL;
        if (rc == 0)
                rc = query_in_time(store, result, filled, args);
        memory_free(filled);
        args_free(args);
        return rc;
}

enum { CALL_SIZE = 256 };

/* SELECT * FROM a function of as many arguments. */
static void write_call(char sql[CALL_SIZE], const char *function, int count)
{
        int n = snprintf(sql, CALL_SIZE, "SELECT * FROM @.%s(", function);

        for (int i = 1; i <= count; i++)
                n += snprintf(sql + n, (size_t)(CALL_SIZE - n), "%s$%d", i > 1 ? "," : "", i);
        snprintf(sql + n, (size_t)(CALL_SIZE - n), ")");
}

int pgjobs_call(struct store *store, PGresult **result, const char *function, struct args *args)
{
        char sql[CALL_SIZE];

        write_call(sql, function, args->count);
        return pgjobs_query(store, result, sql, args);
}

int pgjobs_call_on(struct store *store, eddy_postgres *pg, PGresult **result, const char *function,
                   struct args *args)
{
        char sql[CALL_SIZE], *filled;
        struct packed packed;
        int rc = -ENOMEM;

        *result = NULL;
        write_call(sql, function, args->count);
        filled = pgjobs_fill_in(sql, store->schema);
        pack(&packed, args);
        if (filled && !args->is_short)
                rc = eddy_postgres_query(pg, result, filled, &packed.params);
        memory_free(filled);
        args_free(args);
        if (rc < 0 && rc != EDDY_EPOSTGRES && judge(rc, "") == AWAY)
                return eddy_fail(EDDY_EJOBSAWAY, "the transaction's connection is lost");
        return pgjobs_error(rc, rc < 0 ? eddy_postgres_sqlstate(pg) : "");
}

int pgjobs_ask(struct store *store, int64_t *number, const char *function, struct args *args)
{
        PGresult *result;
        int rc = pgjobs_call(store, &result, function, args);

        if (rc < 0)
                return rc;
        *number = result_int(result, 0, 0);
        PQclear(result);
        return 0;
}
