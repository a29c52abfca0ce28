/* What was finished lately: of each queue and each of the states that a job ends in the index has it by its moment. So the index alone tells
 * which are the last of all, of which as many are kept as are wanted, and nothing older is looked at from then on; then these are read. */
#include "jobs/sqlite/statement.h"
#include "jobs/sqlite/store.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>

struct end {
        int64_t moment, seq;
};

/* The last ones so far. */
struct ends {
        struct end *ends; /* room for those wanted, and as many again */
        size_t count, most;
        int64_t since; /* where as many were found as are wanted, the moment of the first of them */
};

/* The last first, and of one moment the newest. */
static int compare_ends(const void *first, const void *second)
{
        const struct end *a = first, *b = second;

        if (a->moment != b->moment)
                return a->moment > b->moment ? -1 : 1;
        return a->seq > b->seq ? -1 : 1;
}

static void keep_last(struct ends *ends)
{
        if (ends->count > 1)
                qsort(ends->ends, ends->count, sizeof *ends->ends, compare_ends);
        if (ends->count < ends->most)
                return;
        ends->count = ends->most;
        ends->since = ends->ends[ends->most - 1].moment;
}

/* Those of a queue that ended in a state. */
static int find_ended(struct lane *lane, struct ends *ends, const char *queue, int state)
{
        struct statement s = statement_begin(lane, FIND_FINISHED);
        size_t before = ends->count;

        bind_text(&s, queue);
        bind_number(&s, state);
        bind_number(&s, ends->since);
        bind_number(&s, (int64_t)ends->most);
        while (statement_row(&s))
                ends->ends[ends->count++] = (struct end){column_number(&s, 1), column_number(&s, 0)};
        if (ends->count > before)
                keep_last(ends);
        return statement_end(&s);
}

static int find_all(struct lane *lane, struct ends *ends, const char *queue)
{
        struct statement s = statement_begin(lane, FIND_QUEUE_NAMES);
        int rc = 0;

        bind_text(&s, queue);
        while (rc == 0 && statement_row(&s)) {
                struct jobs_bytes name = column_bytes(&s, 0);
                char queue_name[EDDY_JOB_ID_SIZE];
                snprintf(queue_name, sizeof queue_name, "%.*s", (int)name.size, (const char *)name.data);
                for (int state = EDDY_JOB_DONE; rc == 0 && state <= EDDY_JOB_CANCELLED; state++)
                        rc = find_ended(lane, ends, queue_name, state);
        }
        if (rc < 0)
                s.rc = rc;
        return statement_end(&s);
}

static int read_all(struct lane *lane, const struct ends *ends, eddy_job_list *list)
{
        size_t room = 0;
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < ends->count; i++) {
                struct statement s = statement_begin(lane, READ_FINISHED);
                bind_number(&s, ends->ends[i].seq);
                if (statement_row(&s) && jobs_list_add(list, &room, store_read_info(&s)) < 0)
                        s.rc = -ENOMEM;
                rc = statement_end(&s);
        }
        return rc;
}

int store_list_finished(struct lane *lane, void *arg)
{
        struct finished_call *call = arg;
        struct ends ends = {.most = call->most, .since = call->since};
        int rc;

        ends.ends = memory_alloc(2 * call->most * sizeof *ends.ends);
        if (!ends.ends)
                return -ENOMEM;
        rc = find_all(lane, &ends, call->queue);
        if (rc == 0)
                rc = read_all(lane, &ends, call->list);
        memory_free(ends.ends);
        return rc;
}
