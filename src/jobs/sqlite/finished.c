/* What was finished lately: of each queue and each of the states that a job ends in the index has it by its moment. */
#include "jobs/sqlite/statement.h"
#include "jobs/sqlite/store.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>

/* Those of a queue that ended in a state, the last first. */
static int list_ended(struct lane *lane, struct finished_call *call, const char *queue, int state, size_t *room)
{
        struct statement s = statement_begin(lane, LIST_FINISHED);

        bind_text(&s, queue);
        bind_number(&s, state);
        bind_number(&s, call->since);
        bind_number(&s, (int64_t)call->most);
        while (statement_row(&s))
                if (jobs_list_add(call->list, room, store_read_info(&s)) < 0)
                        s.rc = -ENOMEM;
        return statement_end(&s);
}

static int compare_ends(const void *first, const void *second)
{
        const eddy_job_info *a = *(eddy_job_info *const *)first, *b = *(eddy_job_info *const *)second;

        return a->finished > b->finished ? -1 : a->finished < b->finished;
}

static void keep_last(eddy_job_list *list, size_t most)
{
        if (list->count > 1)
                qsort(list->jobs, list->count, sizeof *list->jobs, compare_ends);
        while (list->count > most)
                memory_free(list->jobs[--list->count]);
}

int store_list_finished(struct lane *lane, void *arg)
{
        struct finished_call *call = arg;
        struct statement s = statement_begin(lane, FIND_QUEUE_NAMES);
        size_t room = 0;
        int rc = 0;

        bind_text(&s, call->queue);
        while (rc == 0 && statement_row(&s)) {
                struct jobs_bytes name = column_bytes(&s, 0);
                char queue[EDDY_JOB_ID_SIZE];
                snprintf(queue, sizeof queue, "%.*s", (int)name.size, (const char *)name.data);
                for (int state = EDDY_JOB_DONE; rc == 0 && state <= EDDY_JOB_CANCELLED; state++)
                        rc = list_ended(lane, call, queue, state, &room);
        }
        if (rc < 0)
                s.rc = rc;
        keep_last(call->list, call->most);
        return statement_end(&s);
}
