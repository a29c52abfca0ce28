/* What those do who look after jobs and queues. */
#include "jobs/postgres/store.h"

/* A hundred years, in nanoseconds, which leave room for sums. */
static const eddy_duration longest_period = INT64_C(3153600000) * 1000000000;

int pgjobs_act(struct jobs_engine *engine, enum jobs_action action, const char *id)
{
        static const char *const actions[] = {
            [JOBS_ACT_RETRY] = "retry", [JOBS_ACT_CANCEL] = "cancel", [JOBS_ACT_DISCARD] = "discard"};
        struct args args = {0};
        int64_t number, token;
        int rc = pgjobs_token(&token);

        if (rc < 0)
                return rc;
        args_text(&args, actions[action]);
        args_text(&args, id);
        args_int(&args, token);
        rc = pgjobs_ask((struct store *)engine, &number, "act", &args);
        if (rc < 0)
                return rc;
        return number == 0 ? 0 : number == 1 ? EDDY_EJOBSTATE : EDDY_ENOJOB;
}

static void args_limit(struct args *args, bool is_set, int64_t value)
{
        if (is_set)
                args_int(args, value);
        else
                args_null(args);
}

int pgjobs_set_queue(struct jobs_engine *engine, const char *queue, const struct jobs_queue_change *change)
{
        static const eddy_job_queue_options none;
        const eddy_job_queue_options *options = change->options ? change->options : &none;
        eddy_duration period = options->period ? options->period : eddy_seconds(1);
        struct args args = {0};
        int64_t number;

        args_text(&args, queue);
        args_limit(&args, change->options, (int64_t)options->most_running);
        args_limit(&args, change->options, (int64_t)options->rate);
        args_limit(&args, change->options, period < longest_period ? period : longest_period);
        args_limit(&args, change->options, options->keep_done ? options->keep_done : eddy_seconds(86400));
        args_limit(&args, change->options, options->keep_dead ? options->keep_dead : eddy_seconds(30 * 86400));
        if (change->pauses < 0)
                args_null(&args);
        else
                args_bool(&args, change->pauses);
        return pgjobs_ask((struct store *)engine, &number, "set_queue", &args);
}

int pgjobs_sweep(struct jobs_engine *engine)
{
        struct args args = {0};
        int64_t number = 0;
        int rc = pgjobs_ask((struct store *)engine, &number, "sweep", &args);

        return rc < 0 ? rc : (int)number;
}
