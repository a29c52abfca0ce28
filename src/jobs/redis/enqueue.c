/* Jobs into Redis. */
#include "jobs/redis/store.h"

#include "base/memory.h"
#include <stdio.h>

enum { FEW = 8, WHEN_SIZE = sizeof((struct job_texts *)0)->when };

/* "": now. "+MICROSECONDS", or a moment. */
static void write_when(char text[WHEN_SIZE], const eddy_job_spec *spec)
{
        text[0] = '\0';
        if (spec->delay > 0)
                snprintf(text, WHEN_SIZE, "+%lld", micros_of(spec->delay));
        else if (spec->at > 0)
                snprintf(text, WHEN_SIZE, "%lld", (long long)spec->at);
}

void call_job(struct call *call, const eddy_job_spec *spec, struct job_texts *texts)
{
        options_write(texts->options, &(struct job_options){.attempts = spec->attempts,
                                                            .yields_key = spec->yields_key,
                                                            .timeout = spec->timeout,
                                                            .backoff = spec->backoff,
                                                            .max_backoff = spec->max_backoff});
        write_when(texts->when, spec);
        call_text(call, spec->id);
        call_text(call, spec->kind);
        call_text(call, spec->queue);
        call_bytes(call, spec->payload, spec->size);
        call_text(call, spec->key);
        call_text(call, spec->unique);
        call_number(call, spec->priority);
        call_text(call, texts->when);
        if (spec->unique_for > 0)
                call_micros(call, spec->unique_for);
        else
                call_text(call, NULL);
        call_text(call, texts->options);
}

/* nil for each that was added, else the id of the one that was there. */
static int read_answers(const redisReply *reply, size_t n, eddy_job_added *added)
{
        if (reply->elements != n)
                return fail_strangely();
        for (size_t i = 0; i < n; i++) {
                added[i].was_there = reply->element[i]->type == REDIS_REPLY_STRING;
                if (added[i].was_there)
                        snprintf(added[i].id, sizeof added[i].id, "%s", reply->element[i]->str);
        }
        return 0;
}

int redis_jobs_enqueue(struct jobs_engine *engine, const eddy_job_spec *specs, size_t n, eddy_job_added *added)
{
        struct job_texts few[FEW], *texts = few;
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_ENQUEUE, n > (1u << 20) ? n : n * JOB_ARGUMENTS);

        if (rc == 0 && n > FEW) {
                texts = memory_alloc(n * sizeof *texts);
                if (!texts)
                        rc = -ENOMEM;
        }
        for (size_t i = 0; rc == 0 && i < n; i++)
                call_job(&call, &specs[i], &texts[i]);
        if (rc == 0)
                rc = call_run(&call, REDIS_REPLY_ARRAY);
        if (rc == 0)
                rc = read_answers(call.reply, n, added);
        call_end(&call);
        if (texts != few)
                memory_free(texts);
        return rc;
}
