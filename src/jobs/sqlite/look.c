/* Looking: jobs, lists, queues and their counts, what others have changed. */
#include "jobs/sqlite/statement.h"
#include "jobs/sqlite/store.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>

/* On a row of INFO_COLUMNS. */
eddy_job_info *store_read_info(const struct statement *s)
{
        struct jobs_bytes texts[8];
        const eddy_job_info numbers = {
            .created = column_number(s, 10),
            .due = column_number(s, 11),
            .started = column_number(s, 12),
            .finished = column_number(s, 13),
            .lease = column_number(s, 14),
            .timeout = column_number(s, 15) * 1000,
            .backoff = column_number(s, 16) * 1000,
            .max_backoff = column_number(s, 17) * 1000,
            .progress = column_real(s, 18),
            .state = (eddy_job_state)column_number(s, 19),
            .priority = (int)column_number(s, 20),
            .attempt = (int)column_number(s, 21),
            .attempts = (int)column_number(s, 22),
            .is_cancelling = column_number(s, 23) != 0,
            .yields_key = column_number(s, 24) != 0,
        };

        for (int i = 0; i < 8; i++)
                texts[i] = column_bytes(s, i);
        return jobs_info_create(&numbers, texts, column_bytes(s, 8), column_bytes(s, 9));
}

int store_get(struct lane *lane, void *arg)
{
        struct get_call *call = arg;
        struct statement s = statement_begin(lane, GET_JOB);
        bool is_there;
        int rc;

        bind_text(&s, call->id);
        is_there = statement_row(&s);
        call->info = is_there ? store_read_info(&s) : NULL;
        rc = statement_end(&s);
        if (rc == 0 && !is_there)
                return lane_fail(lane, EDDY_ENOJOB, "there is no job %s", call->id);
        return rc == 0 && !call->info ? -ENOMEM : rc;
}

/* What is looked at most has an index of its own, and is found behind a million of others. */
static enum query query_of(unsigned states)
{
        if (states == 1u << EDDY_JOB_DEAD)
                return LIST_DEAD;
        return states == 1u << EDDY_JOB_RUNNING ? LIST_RUNNING : LIST_JOBS;
}

int store_list(struct lane *lane, void *arg)
{
        struct list_call *call = arg;
        const eddy_job_filter *filter = call->filter;
        int64_t after = filter->after ? strtoll(filter->after, NULL, 10) : INT64_MAX, last = 0;
        struct statement s = statement_begin(lane, query_of(filter->states));
        size_t room = 0;

        if (filter->after &&
            (strspn(filter->after, "0123456789") != strlen(filter->after) || strlen(filter->after) > 18))
                return lane_fail(lane, -EINVAL, "'%s' is the end of no page", filter->after);
        bind_number(&s, after);
        bind_text(&s, filter->queue);
        bind_text(&s, filter->kind);
        bind_number(&s, filter->states);
        bind_number(&s, filter->most < INT64_MAX ? (int64_t)filter->most + 1 : INT64_MAX);
        while (statement_row(&s)) {
                if (call->list->count == filter->most) { /* that there is one more */
                        snprintf(call->list->next, sizeof call->list->next, "%lld", (long long)last);
                        break;
                }
                last = column_number(&s, 25);
                if (jobs_list_add(call->list, &room, store_read_info(&s)) < 0)
                        s.rc = -ENOMEM;
        }
        return statement_end(&s);
}

/* Queues by name, with room for more. */
static int read_queues(struct lane *lane, struct queues_call *call)
{
        struct statement s = statement_begin(lane, LIST_QUEUES);
        size_t room = 0;

        while (statement_row(&s)) {
                struct jobs_bytes name = column_bytes(&s, 0);
                eddy_job_queue *queue;
                if (call->n == room) {
                        room = room ? 2 * room : 8;
                        queue = memory_realloc(call->queues, room * sizeof *queue);
                        if (!queue) {
                                s.rc = -ENOMEM;
                                break;
                        }
                        call->queues = queue;
                }
                queue = &call->queues[call->n++];
                *queue = (eddy_job_queue){
                    .is_paused = column_number(&s, 1) != 0,
                    .options.most_running = (size_t)column_number(&s, 2),
                    .options.rate = (size_t)column_number(&s, 3),
                    .options.period = column_number(&s, 4) * 1000,
                    .options.keep_done = column_number(&s, 5) < 0 ? -1 : column_number(&s, 5) * 1000,
                    .options.keep_dead = column_number(&s, 6) < 0 ? -1 : column_number(&s, 6) * 1000,
                    .finished = (size_t)column_number(&s, 7),
                    .failed = (size_t)column_number(&s, 8),
                };
                snprintf(queue->name, sizeof queue->name, "%.*s", (int)name.size, (const char *)name.data);
        }
        return statement_end(&s);
}

static int compare_names(const void *name, const void *queue)
{
        return strcmp(name, ((const eddy_job_queue *)queue)->name);
}

/* The counts of a state, or where `state` is less than 0 of those in the third column. */
static int count(struct lane *lane, struct queues_call *call, enum query query, int state)
{
        struct statement s = statement_begin(lane, query);

        while (statement_row(&s)) {
                char name[EDDY_JOB_ID_SIZE];
                struct jobs_bytes text = column_bytes(&s, 0);
                eddy_job_queue *queue;
                snprintf(name, sizeof name, "%.*s", (int)text.size, (const char *)text.data);
                queue = bsearch(name, call->queues, call->n, sizeof *queue, compare_names);
                if (!queue)
                        continue;
                queue->counts[state < 0 ? column_number(&s, 2) : state] = (size_t)column_number(&s, 1);
                if (state == EDDY_JOB_READY)
                        queue->age = column_number(&s, 2);
        }
        return statement_end(&s);
}

/* `age` has the number of the oldest job that is ready. */
static int find_age(struct lane *lane, eddy_job_queue *queue, int64_t now)
{
        struct statement s = statement_begin(lane, FIND_DUE_OF);

        bind_number(&s, queue->age);
        queue->age = 0;
        if (statement_row(&s) && column_number(&s, 0) < now)
                queue->age = (now - column_number(&s, 0)) * 1000;
        return statement_end(&s);
}

int store_queues(struct lane *lane, void *arg)
{
        static const struct {
                enum query query;
                int state;
        } counts[] = {{COUNT_SCHEDULED, EDDY_JOB_SCHEDULED},
                      {COUNT_HELD, EDDY_JOB_HELD},
                      {COUNT_READY, EDDY_JOB_READY},
                      {COUNT_ALL_RUNNING, EDDY_JOB_RUNNING},
                      {COUNT_ENDED, -1}};
        struct queues_call *call = arg;
        int rc = read_queues(lane, call);

        for (size_t i = 0; rc == 0 && i < sizeof counts / sizeof *counts; i++)
                rc = count(lane, call, counts[i].query, counts[i].state);
        for (size_t i = 0; rc == 0 && i < call->n; i++)
                rc = find_age(lane, &call->queues[i], store_now());
        return rc;
}

static int find_cancelling(struct lane *lane, struct changes_call *call)
{
        struct statement s = statement_begin(lane, FIND_CANCELLING);

        while (statement_row(&s)) {
                struct jobs_bytes id = column_bytes(&s, 0);
                char(*more)[EDDY_JOB_ID_SIZE] =
                    memory_realloc(call->cancelling, (call->cancelling_count + 1) * sizeof *more);
                if (!more) {
                        s.rc = -ENOMEM;
                        break;
                }
                call->cancelling = more;
                snprintf(more[call->cancelling_count++], sizeof *more, "%.*s", (int)id.size,
                         (const char *)id.data);
        }
        return statement_end(&s);
}

int store_look_for_changes(struct lane *lane, void *arg)
{
        struct changes_call *call = arg;
        struct statement s = statement_begin(lane, DATA_VERSION);
        int64_t version = call->version;

        if (statement_row(&s))
                version = column_number(&s, 0);
        call->has_changed = version != call->version;
        call->version = version;
        return statement_end(&s) < 0 || !call->has_changed ? s.rc : find_cancelling(lane, call);
}
