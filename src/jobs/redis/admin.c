/* What those who look after jobs have done with them and their queues. */
#include "jobs/redis/store.h"

#include "base/memory.h"
#include <stdio.h>

/* Of a queue, in the order of queues.lua. */
enum {
        Q_NAME,
        Q_PAUSED,
        Q_MOST_RUNNING,
        Q_RATE,
        Q_PERIOD,
        Q_KEEP_DONE,
        Q_KEEP_DEAD,
        Q_FINISHED,
        Q_FAILED,
        Q_COUNTS,
        Q_AGE = Q_COUNTS + EDDY_JOB_STATES,
        Q_FIELDS
};

enum { SWEPT_MOST = 1000 };

int redis_jobs_act(struct jobs_engine *engine, enum jobs_action action, const char *id)
{
        static const char *const names[] = {
            [JOBS_ACT_RETRY] = "retry", [JOBS_ACT_CANCEL] = "cancel", [JOBS_ACT_DISCARD] = "discard"};
        char token[TOKEN_SIZE];
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_ACT, 5);

        if (rc == 0) {
                call_text(&call, names[action]);
                call_text(&call, id);
                call_once(&call, token);
                rc = call_run(&call, REDIS_REPLY_INTEGER);
        }
        if (rc == 0)
                rc = code_error(call.reply->integer);
        call_end(&call);
        return rc;
}

/* What is less than 0 stays so. */
static void add_keep(struct call *call, eddy_duration keep)
{
        call_number(call, keep < 0 ? -1 : micros_of(keep));
}

int redis_jobs_set_queue(struct jobs_engine *engine, const char *queue, const struct jobs_queue_change *change)
{
        const eddy_job_queue_options *options = change->options;
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_SET_QUEUE, 7);

        if (rc == 0) {
                call_text(&call, queue);
                call_text(&call, change->pauses < 0 ? "" : change->pauses ? "1" : "0");
                if (options) {
                        call_number(&call, (long long)options->most_running);
                        call_number(&call, (long long)options->rate);
                        call_micros(&call, options->period);
                        add_keep(&call, options->keep_done);
                        add_keep(&call, options->keep_dead);
                }
                rc = call_run(&call, REDIS_REPLY_INTEGER);
        }
        call_end(&call);
        return rc;
}

static eddy_duration duration_of(const redisReply *micros, eddy_duration otherwise)
{
        long long number = number_of(micros);

        return number ? eddy_us(number) : otherwise;
}

static int read_queue(const redisReply *row, eddy_job_queue *queue)
{
        redisReply *const *cell = row->element;

        if (row->type != REDIS_REPLY_ARRAY || row->elements != Q_FIELDS ||
            cell[Q_NAME]->type != REDIS_REPLY_STRING)
                return fail_strangely();
        *queue = (eddy_job_queue){
            .options = {.most_running = (size_t)number_of(cell[Q_MOST_RUNNING]),
                        .rate = (size_t)number_of(cell[Q_RATE]),
                        .period = duration_of(cell[Q_PERIOD], eddy_seconds(1)),
                        .keep_done = duration_of(cell[Q_KEEP_DONE], eddy_seconds(86400)),
                        .keep_dead = duration_of(cell[Q_KEEP_DEAD], eddy_seconds(30 * 86400))},
            .finished = (size_t)number_of(cell[Q_FINISHED]),
            .failed = (size_t)number_of(cell[Q_FAILED]),
            .age = eddy_us(number_of(cell[Q_AGE])),
            .is_paused = number_of(cell[Q_PAUSED]) != 0,
        };
        snprintf(queue->name, sizeof queue->name, "%s", cell[Q_NAME]->str);
        for (int i = 0; i < EDDY_JOB_STATES; i++)
                queue->counts[i] = (size_t)number_of(cell[Q_COUNTS + i]);
        return 0;
}

static int read_queues(const redisReply *reply, eddy_job_queue **queues, size_t *n)
{
        eddy_job_queue *rows = memory_alloc((reply->elements + 1) * sizeof *rows);
        int rc = rows ? 0 : -ENOMEM;

        for (size_t i = 0; rc == 0 && i < reply->elements; i++)
                rc = read_queue(reply->element[i], &rows[i]);
        if (rc < 0) {
                memory_free(rows);
                return rc;
        }
        *queues = rows;
        *n = reply->elements;
        return 0;
}

int redis_jobs_queues(struct jobs_engine *engine, eddy_job_queue **queues, size_t *n)
{
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_QUEUES, 0);

        if (rc == 0)
                rc = call_run(&call, REDIS_REPLY_ARRAY);
        if (rc == 0)
                rc = read_queues(call.reply, queues, n);
        call_end(&call);
        return rc;
}

int redis_jobs_sweep(struct jobs_engine *engine)
{
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_SWEEP, 1);

        if (rc == 0) {
                call_number(&call, SWEPT_MOST);
                rc = call_run(&call, REDIS_REPLY_INTEGER);
        }
        if (rc == 0)
                rc = (int)call.reply->integer;
        call_end(&call);
        return rc;
}
