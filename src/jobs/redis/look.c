/* Jobs as those who look see them. */
#include "jobs/redis/store.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>

/* Of a job, in the order of show.lua. */
enum {
        SHOWN_ID,
        SHOWN_RECORD,
        SHOWN_PAYLOAD,
        SHOWN_RESULT,
        SHOWN_HISTORY,
        SHOWN_PROGRESS,
        SHOWN_NOTE,
        SHOWN_LEASE,
        SHOWN_CELLS
};

/* "-PRIORITY * 2^44 + NUMBER". */
static int priority_of(long long place)
{
        const long long band = 1LL << 44;

        return (int)-((place - (place % band + band) % band) / band);
}

static void read_numbers(const struct record *record, redisReply *const *cell, eddy_job_info *info)
{
        struct job_options options;

        record_options(record, &options);
        *info = (eddy_job_info){
            .created = record_number(record, RECORD_CREATED),
            .due = record_number(record, RECORD_DUE),
            .started = record_number(record, RECORD_BEGUN),
            .finished = record_number(record, RECORD_ENDED),
            .lease = number_of(cell[SHOWN_LEASE]),
            .timeout = options.timeout,
            .backoff = options.backoff,
            .max_backoff = options.max_backoff,
            .progress = cell[SHOWN_PROGRESS]->str ? strtod(cell[SHOWN_PROGRESS]->str, NULL) : -1,
            .state = (eddy_job_state)record_number(record, RECORD_STATE),
            .priority = priority_of(record_number(record, RECORD_PLACE)),
            .attempt = (int)record_number(record, RECORD_ATTEMPT),
            .attempts = options.attempts,
            .yields_key = options.yields_key,
        };
        info->is_cancelling = info->state == EDDY_JOB_RUNNING && record_has(record, RECORD_IS_CANCELLING);
}

static int read_job(const redisReply *row, eddy_job_info **info)
{
        redisReply *const *cell = row->element;
        struct jobs_bytes texts[8];
        struct record record;
        eddy_job_info numbers;
        int rc;

        *info = NULL;
        if (row->type != REDIS_REPLY_ARRAY || row->elements != SHOWN_CELLS)
                return fail_strangely();
        rc = record_read(cell[SHOWN_RECORD], &record);
        if (rc < 0)
                return rc;
        read_numbers(&record, cell, &numbers);
        texts[JOBS_ID] = bytes_of(cell[SHOWN_ID]);
        texts[JOBS_KIND] = record.texts[RECORD_KIND];
        texts[JOBS_QUEUE] = record.texts[RECORD_QUEUE];
        texts[JOBS_KEY] = record.texts[RECORD_KEY];
        texts[JOBS_UNIQUE] = record.texts[RECORD_UNIQUE];
        texts[JOBS_WORKER] = record.texts[RECORD_WORKER];
        texts[JOBS_NOTE] = bytes_of(cell[SHOWN_NOTE]);
        texts[JOBS_HISTORY] = bytes_of(cell[SHOWN_HISTORY]);
        *info = jobs_info_create(&numbers, texts, record_payload(&record, cell[SHOWN_PAYLOAD]),
                                 record_result(&record, cell[SHOWN_RESULT]));
        return *info ? 0 : -ENOMEM;
}

int redis_jobs_get(struct jobs_engine *engine, const char *id, eddy_job_info **info)
{
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_GET, 1);

        *info = NULL;
        if (rc == 0) {
                call_text(&call, id);
                rc = call_run(&call, REDIS_REPLY_ARRAY);
        }
        if (rc == EDDY_EJOBS && call.reply && call.reply->type == REDIS_REPLY_NIL)
                rc = EDDY_ENOJOB;
        if (rc == 0)
                rc = read_job(call.reply, info);
        call_end(&call);
        return rc;
}

static int read_page(const redisReply *reply, eddy_job_list *list, size_t *room)
{
        int rc = 0;

        if (reply->elements < 1 || reply->element[0]->type != REDIS_REPLY_STRING)
                return fail_strangely();
        snprintf(list->next, sizeof list->next, "%s", reply->element[0]->str);
        for (size_t i = 1; rc == 0 && i < reply->elements; i++) {
                eddy_job_info *info;
                rc = read_job(reply->element[i], &info);
                if (rc == 0)
                        rc = jobs_list_add(list, room, info);
        }
        return rc;
}

/* A page of the server's, which is smaller than the caller's. */
static int list_some(struct jobs_engine *engine, const eddy_job_filter *filter, eddy_job_list *list,
                     size_t *room)
{
        char after[sizeof list->next];
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_LIST, 4 + EDDY_JOB_STATES);

        snprintf(after, sizeof after, "%s", list->next);
        if (rc == 0) {
                call_text(&call, filter->queue);
                call_text(&call, filter->kind);
                call_number(&call, (long long)(filter->most - list->count));
                call_text(&call, after);
                for (int state = 0; state < EDDY_JOB_STATES; state++)
                        if (filter->states & 1u << state)
                                call_number(&call, state);
                rc = call_run(&call, REDIS_REPLY_ARRAY);
        }
        if (rc == 0)
                rc = read_page(call.reply, list, room);
        call_end(&call);
        return rc;
}

int redis_jobs_list(struct jobs_engine *engine, const eddy_job_filter *filter, eddy_job_list *list)
{
        size_t room = 0;
        int rc;

        if (filter->after &&
            (!filter->after[0] || strspn(filter->after, "0123456789") != strlen(filter->after) ||
             strlen(filter->after) > 15))
                return eddy_fail(-EINVAL, "no place in a list of jobs: \"%s\"", filter->after);
        snprintf(list->next, sizeof list->next, "%s", filter->after ? filter->after : "");
        do
                rc = list_some(engine, filter, list, &room);
        while (rc == 0 && list->next[0] && list->count < filter->most);
        return rc;
}

int redis_jobs_list_finished(struct jobs_engine *engine, const char *queue, eddy_job_time since, size_t most,
                             eddy_job_list *list)
{
        size_t room = 0;
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_LIST_FINISHED, 3);

        if (rc == 0) {
                call_text(&call, queue);
                call_number(&call, since);
                call_number(&call, (long long)most);
                rc = call_run(&call, REDIS_REPLY_ARRAY);
        }
        if (rc == 0)
                rc = read_page(call.reply, list, &room);
        call_end(&call);
        return rc;
}
