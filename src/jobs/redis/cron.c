/* Schedules. */
#include "jobs/redis/store.h"

#include <stdlib.h>

/* What crons.lua answers of each, and before them. */
enum { C_NAME, C_DEFINITION, C_DIGEST, C_NEXT, C_LAST, C_FIELDS };
enum { C_NOW, C_SOONEST, C_BEFORE };

static int read_crons(const redisReply *reply, struct jobs_cron_look *look)
{
        redisReply *const *cell = reply->element;
        int rc = 0;

        if (reply->elements < C_BEFORE || (reply->elements - C_BEFORE) % C_FIELDS != 0)
                return fail_strangely();
        look->now = number_of(cell[C_NOW]);
        look->soonest = number_of(cell[C_SOONEST]);
        for (size_t at = C_BEFORE; rc == 0 && at < reply->elements; at += C_FIELDS) {
                const struct jobs_cron numbers = {
                    .digest = number_of(cell[at + C_DIGEST]),
                    .next = number_of(cell[at + C_NEXT]),
                    .last = number_of(cell[at + C_LAST]),
                };
                rc = jobs_cron_add(look, &numbers, bytes_of(cell[at + C_NAME]),
                                   bytes_of(cell[at + C_DEFINITION]));
        }
        return rc;
}

int redis_jobs_look_at_crons(struct jobs_engine *engine, struct jobs_cron_look *look)
{
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_CRONS, 2);

        if (rc == 0) {
                call_text(&call, look->name);
                call_text(&call, look->only_due ? "1" : "");
                rc = call_run(&call, REDIS_REPLY_ARRAY);
        }
        if (rc == 0)
                rc = read_crons(call.reply, look);
        call_end(&call);
        return rc;
}

int redis_jobs_set_cron(struct jobs_engine *engine, const struct jobs_cron *cron, bool keeps_next)
{
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_SET_CRON, 5);

        if (rc == 0) {
                call_text(&call, cron->name);
                call_bytes(&call, cron->definition.data, cron->definition.size);
                call_number(&call, cron->digest);
                call_number(&call, cron->next);
                call_text(&call, keeps_next ? "1" : "");
                rc = call_run(&call, REDIS_REPLY_INTEGER);
        }
        call_end(&call);
        return rc;
}

int redis_jobs_remove_cron(struct jobs_engine *engine, const char *name)
{
        char token[TOKEN_SIZE];
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_REMOVE_CRON, 4);

        if (rc == 0) {
                call_text(&call, name);
                call_once(&call, token);
                rc = call_run(&call, REDIS_REPLY_INTEGER);
        }
        if (rc == 0 && call.reply->integer == CODE_NONE)
                rc = eddy_fail(EDDY_ENOJOB, "there is no schedule %s", name);
        call_end(&call);
        return rc;
}

int redis_jobs_fire_cron(struct jobs_engine *engine, const struct jobs_cron_fire *fire)
{
        struct job_texts texts;
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_FIRE_CRON, 5 + JOB_ARGUMENTS);

        if (rc == 0) {
                call_text(&call, fire->name);
                call_number(&call, fire->digest);
                call_number(&call, fire->next);
                call_number(&call, fire->later);
                call_number(&call, fire->last);
                if (fire->job)
                        call_job(&call, fire->job, &texts);
                rc = call_run(&call, REDIS_REPLY_ARRAY);
        }
        if (rc == 0)
                rc = call.reply->elements > 0;
        call_end(&call);
        return rc;
}
