/* Jobs into the store: on a connection of its own, or in the caller's transaction. */
#include "jobs/postgres/store.h"

#include "jobs/jobs.h"
#include <eddy/jobs_postgres.h>
#include <stdio.h>

/* A column of the jobs that are to be added. */
#define ADD_ALL(type, item)                                                                                    \
        args_array(args, type, n);                                                                             \
        for (size_t i = 0; i < n; i++)                                                                         \
        item

void pgjobs_describe(struct args *args, const eddy_job_spec *specs, size_t n, bool within)
{
        ADD_ALL(ARGS_TEXTS, args_add_text(args, specs[i].id));
        ADD_ALL(ARGS_TEXTS, args_add_text(args, specs[i].kind));
        ADD_ALL(ARGS_BYTES, args_add_bytes(args, specs[i].payload, specs[i].size));
        ADD_ALL(ARGS_TEXTS, args_add_text(args, specs[i].queue));
        ADD_ALL(ARGS_TEXTS, args_add_text(args, specs[i].key));
        ADD_ALL(ARGS_TEXTS, args_add_text(args, specs[i].unique));
        ADD_ALL(ARGS_INTS, args_add_int(args, specs[i].unique_for));
        ADD_ALL(ARGS_INTS, args_add_int(args, specs[i].delay));
        ADD_ALL(ARGS_INTS, args_add_int(args, specs[i].at));
        ADD_ALL(ARGS_INTS, args_add_int(args, specs[i].timeout));
        ADD_ALL(ARGS_INTS, args_add_int(args, specs[i].backoff));
        ADD_ALL(ARGS_INTS, args_add_int(args, specs[i].max_backoff));
        ADD_ALL(ARGS_INTS, args_add_int(args, specs[i].priority));
        ADD_ALL(ARGS_INTS, args_add_int(args, specs[i].attempts));
        ADD_ALL(ARGS_INTS, args_add_int(args, specs[i].yields_key));
        args_bool(args, within);
}

static void read_added(const PGresult *result, size_t n, eddy_job_added *added)
{
        for (size_t i = 0; i < n && (int)i < PQntuples(result); i++) {
                snprintf(added[i].id, sizeof added[i].id, "%s", PQgetvalue(result, (int)i, 0));
                added[i].was_there = PQgetvalue(result, (int)i, 1)[0];
        }
}

int pgjobs_enqueue(struct jobs_engine *engine, const eddy_job_spec *specs, size_t n, eddy_job_added *added)
{
        struct store *store = (struct store *)engine;
        struct args args = {0};
        PGresult *result;
        int rc;

        pgjobs_describe(&args, specs, n, false);
        rc = pgjobs_call(store, &result, "enqueue", &args);
        if (rc < 0)
                return rc;
        for (size_t i = 0; i < n; i++)
                if (specs[i].delay > 0 || specs[i].at > 0)
                        pgjobs_expect(store, specs[i].delay);
        read_added(result, n, added);
        PQclear(result);
        pgjobs_tidy(store, n);
        return 0;
}

/* Somebody's connection, and the schema. */
struct transaction {
        struct store *store;
        eddy_postgres *pg;
};

static int enqueue_within(void *arg, const eddy_job_spec *specs, size_t n, eddy_job_added *added)
{
        const struct transaction *transaction = arg;
        struct args args = {0};
        PGresult *result;
        int rc;

        pgjobs_describe(&args, specs, n, true);
        rc = pgjobs_call_on(transaction->store, transaction->pg, &result, "enqueue", &args);
        if (rc < 0)
                return rc;
        read_added(result, n, added);
        PQclear(result);
        return 0;
}

int eddy_jobs_enqueue_postgres(eddy_jobs *jobs, eddy_postgres *pg, const eddy_job_spec *specs, size_t n,
                               eddy_job_added *added)
{
        struct transaction transaction = {.store = (struct store *)jobs->engine, .pg = pg};

        if (!eddy_current_task())
                return EDDY_ENOTASK;
        if (eddy_running_loop() != jobs->loop)
                return EDDY_EWRONGLOOP;
        if (strcmp(jobs->engine->type->name, "postgres") != 0)
                return eddy_fail(-EINVAL, "the store of jobs is no PostgreSQL database, but %s",
                                 jobs->engine->type->name);
        return n == 0 ? 0 : jobs_enqueue_checked(specs, n, added, enqueue_within, &transaction);
}
