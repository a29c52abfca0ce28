/* Jobs that were taken leave dead entries at the head of the index of ready ones, over which each turn steps, and each step leaves a row of what it
 * changed in the counts. The server's autovacuum comes once a minute, and who sweeps twice, when they may be hundreds of thousands; so who made many
 * has them removed. */
#include "jobs/postgres/store.h"

#include "base/memory.h"

enum {
        MANY = 20000, /* jobs that this store has enqueued or settled since the last time */
        SHARE = 10,   /* one part in so many of the time is spent on it, at most */
};

static intptr_t vacuum(void *arg)
{
        struct store *store = arg;
        char *sql =
            pgjobs_fill_in("VACUUM (SKIP_LOCKED, TRUNCATE off) @.job, @.step, @.arrived", store->schema);
        eddy_time begun = eddy_now();
        struct args args = {0};
        int64_t number;
        eddy_postgres *pg;
        int rc = sql ? eddy_postgres_pool_acquire(store->pool, &pg) : -ENOMEM;

        /* Where it fails, as where this role does not own the table, that is left to others. */
        pgjobs_ask(store, &number, "fold", &args);
        if (rc == 0) {
                pgjobs_silence(pg);
                eddy_postgres_exec(pg, NULL, sql);
                eddy_postgres_pool_release(store->pool, pg);
        }
        memory_free(sql);
        store->tidy_at = eddy_time_add(eddy_now(), SHARE * (eddy_now() - begun));
        return 0;
}

void pgjobs_tidy(struct store *store, size_t steps)
{
        store->steps += steps;
        if (store->steps < MANY || eddy_now() < store->tidy_at || (store->tidier && !eddy_done(store->tidier)))
                return;
        eddy_unref(store->tidier);
        store->steps = 0;
        store->tidier =
            eddy_task_create(&(eddy_task_options){.name = "jobs vacuum", .loop = store->loop}, vacuum, store);
}

void pgjobs_stop_tidying(struct store *store)
{
        if (!store->tidier)
                return;
        eddy_cancel(store->tidier);
        eddy_join(store->tidier, NULL);
        store->tidier = NULL;
}
