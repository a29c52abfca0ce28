/* From which queue a worker takes next: stride scheduling. Each job of a queue costs the queue 1 / weight, and the queue that has
 * paid least comes first, so that over time each has jobs in proportion to its weight, whatever a single turn brings. A queue that
 * had no job to give does not save up for later. */
#include "jobs/choose.h"

#include "base/memory.h"
#include "jobs/jobs.h"

enum { QUEUES_MOST = 1000 };

bool jobs_choice_has(const struct jobs_choice *choice, const char *queue)
{
        for (size_t i = 0; i < choice->count; i++)
                if (strcmp(choice->shares[i].queue, queue) == 0)
                        return true;
        return false;
}

static int add_share(struct jobs_choice *choice, const eddy_job_share *given)
{
        struct jobs_share *share = &choice->shares[choice->count];
        int rc = given->queue ? jobs_check_name(given->queue, "a queue's name")
                              : eddy_fail(-EINVAL, "a worker's queue has no name");

        if (rc < 0)
                return rc;
        if (jobs_choice_has(choice, given->queue))
                return eddy_fail(-EINVAL, "a worker has the queue %s twice", given->queue);
        share->queue = memory_strdup(given->queue);
        if (!share->queue)
                return -ENOMEM;
        share->stride = 1.0 / (given->weight ? given->weight : 1);
        choice->order[choice->count++] = share;
        return 0;
}

int jobs_choice_init(struct jobs_choice *choice, const eddy_job_share *shares, size_t count, bool is_strict)
{
        static const eddy_job_share usual = {.queue = "default"};

        if (count > QUEUES_MOST || (count > 0) != (shares != NULL))
                return eddy_fail(-EINVAL, "a worker has 1 to 1000 queues, or NULL and 0 for the default");
        shares = shares ? shares : &usual;
        count = count ? count : 1;
        choice->is_strict = is_strict;
        choice->shares = memory_zalloc(count * sizeof *choice->shares);
        choice->order = memory_zalloc(count * sizeof *choice->order);
        choice->names = memory_zalloc(count * sizeof *choice->names);
        choice->had = memory_zalloc(count * sizeof *choice->had);
        if (!choice->shares || !choice->order || !choice->names || !choice->had)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                int rc = add_share(choice, &shares[i]);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

void jobs_choice_finish(struct jobs_choice *choice)
{
        for (size_t i = 0; choice->shares && i < choice->count; i++)
                memory_free_text(choice->shares[i].queue);
        memory_free(choice->shares);
        memory_free(choice->order);
        memory_free(choice->names);
        memory_free(choice->had);
}

void jobs_choice_arrange(struct jobs_choice *choice)
{
        /* By insertion: the order is nearly right already. Of equals the one that was given first comes first. */
        for (size_t i = 1; !choice->is_strict && i < choice->count; i++) {
                struct jobs_share *share = choice->order[i];
                size_t place = i;

                for (; place > 0; place--) {
                        struct jobs_share *before = choice->order[place - 1];
                        if (before->pass < share->pass || (before->pass == share->pass && before < share))
                                break;
                        choice->order[place] = before;
                }
                choice->order[place] = share;
        }
        for (size_t i = 0; i < choice->count; i++)
                choice->names[i] = choice->order[i]->queue;
}

void jobs_choice_count(struct jobs_choice *choice, const char *queue)
{
        for (size_t i = 0; i < choice->count; i++)
                if (strcmp(choice->names[i], queue) == 0) {
                        choice->had[i]++;
                        return;
                }
}

void jobs_choice_end_turn(struct jobs_choice *choice, bool is_full)
{
        size_t last =
            choice
                ->count; /* the last one that gave; those before it have no more, and where all gave, it has some */
        double pass = 0;

        for (size_t i = 0; i < choice->count; i++)
                if (choice->had[i] > 0)
                        last = i;
        if (last == choice->count)
                return;
        for (size_t i = 0; i <= last; i++)
                choice->order[i]->pass += choice->order[i]->stride * (double)choice->had[i];
        pass = choice->order[last]->pass;
        for (size_t i = 0; i < choice->count; i++) {
                bool is_empty = is_full ? i < last : true;
                if (is_empty && choice->order[i]->pass < pass)
                        choice->order[i]->pass = pass;
                choice->had[i] = 0;
        }
}
