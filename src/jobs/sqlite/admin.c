/* What changes jobs and queues from outside. */
#include "jobs/sqlite/life.h"
#include "jobs/sqlite/store.h"

static int retry(struct lane *lane, struct row *row, int64_t now)
{
        struct statement s;
        bool has_turn;
        int state, rc;

        if (row->state == EDDY_JOB_RUNNING || row->state == EDDY_JOB_READY || row->state == EDDY_JOB_HELD)
                return lane_fail(lane, EDDY_EJOBSTATE, "job %s is %s", row->id,
                                 eddy_job_state_name((eddy_job_state)row->state));
        rc = row_write(lane, row, now, "retried", "", 0);
        if (rc == 0)
                rc = key_enter(lane, row->has_key ? row->key : NULL, row->has_turn, &state, &has_turn);
        if (rc < 0)
                return rc;
        if (state == EDDY_JOB_READY)
                lane->effects |= LANE_MADE_READY;
        s = statement_begin(lane, RETRY_JOB);
        bind_number(&s, row->seq);
        bind_number(&s, state);
        bind_number(&s, has_turn && row->has_key);
        bind_number(&s, now);
        return statement_run(&s);
}

static int cancel(struct lane *lane, struct row *row, int64_t now, struct act_call *call)
{
        struct statement s;
        int rc;

        if (row->state >= EDDY_JOB_DONE)
                return lane_fail(lane, EDDY_EJOBSTATE, "job %s is %s", row->id,
                                 eddy_job_state_name((eddy_job_state)row->state));
        if (row->state != EDDY_JOB_RUNNING) {
                call->is_finished = true;
                lane->queue = (struct lane_queue){0};
                rc = row_write(lane, row, now, "cancelled", "", 0);
                if (rc == 0)
                        rc = row_count(lane, row, true, false);
                if (rc == 0)
                        rc = row_finish(lane, row, EDDY_JOB_CANCELLED, now, (struct jobs_bytes){0});
                return rc < 0 ? rc : queue_settle(lane);
        }
        call->is_asked = true;
        s = statement_begin(lane, ASK_TO_CANCEL);
        bind_number(&s, row->seq);
        return statement_run(&s);
}

int store_act(struct lane *lane, void *arg)
{
        struct act_call *call = arg;
        struct row row;
        int rc = row_find(lane, call->id, &row);

        if (rc < 0)
                return rc;
        switch (call->action) {
        case JOBS_ACT_RETRY:
                return retry(lane, &row, store_now());
        case JOBS_ACT_CANCEL:
                return cancel(lane, &row, store_now(), call);
        default:
                if (row.state == EDDY_JOB_RUNNING)
                        return lane_fail(lane, EDDY_EJOBSTATE, "job %s is running", row.id);
                call->is_finished = true;
                return row_discard(lane, &row);
        }
}

/* In microseconds, and never shorter: less than one is no period to count in. */
static int64_t period_of(eddy_duration period)
{
        return period ? period / 1000 + (period % 1000 > 0) : 1000000;
}

/* Of a time to keep: 0 is the default, and less not at all. */
static int64_t keep_of(eddy_duration duration, int64_t microseconds)
{
        return duration < 0 ? -1 : duration ? duration / 1000 : microseconds;
}

static int set_options(struct lane *lane, const char *queue, const eddy_job_queue_options *options)
{
        const int64_t day = INT64_C(86400000000);
        struct statement s = statement_begin(lane, SET_QUEUE);

        bind_text(&s, queue);
        bind_number(&s, (int64_t)options->most_running);
        bind_number(&s, (int64_t)options->rate);
        bind_number(&s, period_of(options->period));
        bind_number(&s, keep_of(options->keep_done, day));
        bind_number(&s, keep_of(options->keep_dead, 30 * day));
        return statement_run(&s);
}

int store_set_queue(struct lane *lane, void *arg)
{
        struct queue_call *call = arg;
        struct statement s = statement_begin(lane, ADD_QUEUE);
        int rc;

        bind_text(&s, call->queue);
        rc = statement_run(&s);
        if (rc == 0 && call->change->options)
                rc = set_options(lane, call->queue, call->change->options);
        if (rc < 0 || call->change->pauses < 0)
                return rc;
        s = statement_begin(lane, PAUSE_QUEUE);
        bind_text(&s, call->queue);
        bind_number(&s, call->change->pauses);
        return statement_run(&s);
}

static int sweep(struct lane *lane, enum query query)
{
        struct statement s = statement_begin(lane, query);
        int n = 0;

        bind_number(&s, store_now());
        while (statement_row(&s))
                n++;
        return statement_end(&s) < 0 ? s.rc : n;
}

int store_sweep(struct lane *lane, void *unused)
{
        int done = sweep(lane, SWEEP_DONE), dead = done < 0 ? 0 : sweep(lane, SWEEP_DEAD);

        (void)unused;
        return done < 0      ? done
               : dead < 0    ? dead
               : done > dead ? done
                             : dead; /* a thousand say that there may be more */
}
