/* Statements, each of which is said again as long as the server does not answer. */
#include "jobs/postgres/store.h"

#include "base/memory.h"
#include <stdio.h>
#include <sys/random.h>

enum { CONFLICTS_MOST = 20, FIRST_DELAY_MS = 100, LAST_DELAY_MS = 5000, CONFLICT_MS = 10 };

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

/* With the isolation that the functions need. Nothing is prepared, for what fails ends the transaction. */
static int run_isolated(eddy_postgres *pg, PGresult **result, const struct store_call *call)
{
        int rc = eddy_postgres_begin(pg), end;

        if (rc == 0)
                rc = eddy_postgres_exec(pg, NULL, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
        if (rc == 0)
                rc = eddy_postgres_query(pg, result, call->sql, call->params);
        end = eddy_postgres_end(pg, rc);
        if (rc == 0 && end < 0) {
                PQclear(*result);
                *result = NULL;
        }
        return end;
}

/* Whether what failed did so since somebody has changed the database's or the role's default since the store was opened. */
static bool lacks_isolation(const char *sqlstate, int rc, bool was_isolated)
{
        return strcmp(sqlstate, "P0002") == 0 && rc == EDDY_EJOBS && !was_isolated;
}

static int try_once(struct store *store, PGresult **result, const struct store_call *call, int *verdict)
{
        bool isolates = store->isolates;
        char sqlstate[8];
        eddy_postgres *pg;
        int rc = eddy_postgres_pool_acquire(store->pool, &pg);

        *verdict = pgjobs_judge(rc, "");
        if (rc < 0)
                return rc;
        pgjobs_silence(pg);
        rc = isolates ? run_isolated(pg, result, call) : pgjobs_run(store, pg, result, call);
        snprintf(sqlstate, sizeof sqlstate, "%s", rc == EDDY_EPOSTGRES ? eddy_postgres_sqlstate(pg) : "");
        *verdict = rc == 0 ? 0 : pgjobs_judge(rc, sqlstate);
        if (*verdict < 0)
                rc = pgjobs_explain(store, pg, rc, sqlstate);
        if (*verdict < 0 && lacks_isolation(sqlstate, rc, isolates)) {
                store->isolates = true;
                *verdict = STORE_AGAIN;
        }
        eddy_postgres_pool_release(store->pool, pg);
        return rc;
}

/* Until it has been done, or never will be. */
static int try_on(struct store *store, PGresult **result, const struct store_call *call)
{
        for (int conflicts = 0;;) {
                int verdict, rc = try_once(store, result, call, &verdict);

                if (rc == 0) {
                        store->delay = 0;
                        return 0;
                }
                if (verdict < 0)
                        return rc;
                if (verdict == STORE_AGAIN && conflicts++ == CONFLICTS_MOST)
                        return pgjobs_error(rc, "40001");
                if (verdict == STORE_AWAY && call->again)
                        *call->again = 1;
                rc =
                    verdict == STORE_AGAIN ? eddy_sleep(some_of(eddy_ms(CONFLICT_MS))) : pgjobs_wait(store, rc);
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

static int query_in_time(struct store *store, PGresult **result, struct store_call *call, struct args *args)
{
        struct packed packed;
        int rc = 0;

        pack(&packed, args);
        call->params = &packed.params;
        call->again = args->again ? args->data + args->again : NULL;
        EDDY_TIMEOUT_SCOPE(store->patience)
                rc = try_on(store, result, call);
        if (rc != EDDY_TIMEOUT || eddy_interrupted() < 0)
                return rc;
        return eddy_fail(EDDY_EJOBSAWAY, "the PostgreSQL server did not answer in time%s%s",
                         store->delay ? ": " : "", store->delay ? store->loss_detail : "");
}

static int query(struct store *store, PGresult **result, const char *function, const char *sql,
                 struct args *args)
{
        char *filled = pgjobs_fill_in(sql, store->schema);
        struct store_call call = {.function = function, .sql = filled};
        int rc = filled && !args->is_short ? 0 : -ENOMEM;

        *result = NULL;
        if (rc == 0)
                rc = query_in_time(store, result, &call, args);
        memory_free(filled);
        args_free(args);
        return rc;
}

int pgjobs_query(struct store *store, PGresult **result, const char *sql, struct args *args)
{
        return query(store, result, NULL, sql, args);
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

        args_int(args, STORE_FORMAT);
        write_call(sql, function, args->count);
        return query(store, result, function, sql, args);
}

static int check_format(struct store *store)
{
        eddy_postgres *pg;
        int rc = eddy_postgres_pool_acquire(store->pool, &pg);

        if (rc < 0)
                return rc;
        pgjobs_silence(pg);
        rc = pgjobs_check_format(pg, store->schema);
        eddy_postgres_pool_release(store->pool, pg);
        return rc;
}

/* Where the store is of another format by now that is why. The caller's connection answers nothing more in its transaction, so another one is
 * asked, which may be long in coming: others have them all, or the server is away. */
static int explain_elsewhere(struct store *store, int rc, const char *sqlstate)
{
        int error = pgjobs_error(rc, sqlstate), format = 0;
        char detail[512];

        if (!pgjobs_may_be_another_format(rc, sqlstate))
                return error;
        snprintf(detail, sizeof detail, "%s", eddy_error_detail());
        EDDY_TIMEOUT_SCOPE(store->patience)
                format = check_format(store);
        return format == EDDY_EJOBSFORMAT ? format : eddy_fail(error, "%s", detail);
}

int pgjobs_call_on(struct store *store, eddy_postgres *pg, PGresult **result, const char *function,
                   struct args *args)
{
        char sql[CALL_SIZE], *filled;
        struct packed packed;
        int rc = -ENOMEM;

        *result = NULL;
        args_int(args, STORE_FORMAT);
        write_call(sql, function, args->count);
        filled = pgjobs_fill_in(sql, store->schema);
        pack(&packed, args);
        if (filled && !args->is_short)
                rc = eddy_postgres_query(pg, result, filled, &packed.params);
        memory_free(filled);
        args_free(args);
        if (rc < 0 && rc != EDDY_EPOSTGRES && pgjobs_judge(rc, "") == STORE_AWAY)
                return eddy_fail(EDDY_EJOBSAWAY, "the transaction's connection is lost");
        return rc < 0 ? explain_elsewhere(store, rc, eddy_postgres_sqlstate(pg)) : 0;
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

int pgjobs_token(int64_t *token)
{
        uint64_t bits;

        if (getrandom(&bits, sizeof bits, 0) != sizeof bits)
                return eddy_fail(-EIO, "the system has no random bytes");
        *token = (int64_t)(bits >> 1) | 1;
        return 0;
}
