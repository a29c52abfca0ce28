/* Schedules. */
#include "jobs/sqlite/statement.h"
#include "jobs/sqlite/store.h"

static int find_soonest(struct lane *lane, struct jobs_cron_look *look)
{
        struct statement s = statement_begin(lane, SOONEST_CRON);

        bind_number(&s, look->now);
        if (statement_row(&s))
                look->soonest = column_number(&s, 0);
        return statement_end(&s);
}

int store_look_at_crons(struct lane *lane, void *arg)
{
        struct jobs_cron_look *look = arg;
        struct statement s = statement_begin(lane, look->only_due ? LIST_DUE_CRONS : LIST_CRONS);

        look->now = store_now();
        bind_text(&s, look->name);
        if (look->only_due)
                bind_number(&s, look->now);
        while (statement_row(&s)) {
                const struct jobs_cron numbers = {
                    .digest = column_number(&s, 2),
                    .next = column_number(&s, 3),
                    .last = column_number(&s, 4),
                };
                if (jobs_cron_add(look, &numbers, column_bytes(&s, 0), column_bytes(&s, 1)) < 0) {
                        s.rc = -ENOMEM;
                        break;
                }
        }
        return statement_end(&s) < 0 || !look->only_due ? s.rc : find_soonest(lane, look);
}

int store_set_cron(struct lane *lane, void *arg)
{
        const struct set_cron_call *call = arg;
        const struct jobs_cron *cron = call->cron;
        struct statement s = statement_begin(lane, SET_CRON);

        bind_text(&s, cron->name);
        bind_bytes(&s, cron->definition.data, cron->definition.size);
        bind_number(&s, cron->digest);
        bind_number(&s, cron->next);
        bind_number(&s, call->keeps_next);
        return statement_run(&s);
}

/* Run one that gives a row where it changed something: whether it did, or an error. */
static int run_change(struct statement *s)
{
        int n = 0;

        while (statement_row(s))
                n++;
        return statement_end(s) < 0 ? s->rc : n;
}

int store_remove_cron(struct lane *lane, void *arg)
{
        struct statement s = statement_begin(lane, REMOVE_CRON);
        int n;

        bind_text(&s, arg);
        n = run_change(&s);
        return n == 0  ? lane_fail(lane, EDDY_ENOJOB, "there is no schedule %s", (const char *)arg)
               : n < 0 ? n
                       : 0;
}

int store_fire_cron(struct lane *lane, void *arg)
{
        const struct jobs_cron_fire *fire = arg;
        struct statement s = statement_begin(lane, FIRE_CRON);
        eddy_job_added added;
        struct enqueue_call call = {.specs = fire->job, .n = 1, .added = &added};
        int rc;

        bind_text(&s, fire->name);
        bind_number(&s, fire->digest);
        bind_number(&s, fire->next);
        bind_number(&s, fire->later);
        bind_number(&s, fire->last);
        rc = run_change(&s);
        if (rc <= 0 || !fire->job)
                return rc;
        rc = store_enqueue(lane, &call);
        return rc < 0 ? rc : 1;
}
