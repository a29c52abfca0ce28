/* From which queue a worker takes next. */
#ifndef JOBS_CHOOSE_H
#define JOBS_CHOOSE_H

#include <eddy/jobs_worker.h>

/* A queue of a worker's, and how much of its due it has had. */
struct jobs_share {
        const char *queue; /* its own copy */
        double stride;     /* what a job of it costs: the more weight, the less */
        double pass;       /* what its jobs have cost together; the queue with the least comes first */
};

/* The queues of a worker. */
struct jobs_choice {
        struct jobs_share *shares; /* count of them, in the order in which they were given */
        struct jobs_share **order; /* the same as they come next */
        const char **names;        /* theirs, for an engine */
        size_t *had;               /* room for what each had of a turn */
        size_t count;
        bool is_strict; /* the order never changes */
};

/** Take queues over: 0, -EINVAL or -ENOMEM. jobs_choice_finish() also where this fails. */
int jobs_choice_init(struct jobs_choice *choice, const eddy_job_share *shares, size_t count, bool is_strict);
void jobs_choice_finish(struct jobs_choice *choice);

/** Set `names` in the order in which jobs are to be taken next. */
void jobs_choice_arrange(struct jobs_choice *choice);

/** Whether it is one of them. */
bool jobs_choice_has(const struct jobs_choice *choice, const char *queue);

/** Count a job in that a turn brought; then, when all of it are, end the turn, which might have brought more (`is_full` is false
 * where no queue had any left). */
void jobs_choice_count(struct jobs_choice *choice, const char *queue);
void jobs_choice_end_turn(struct jobs_choice *choice, bool is_full);

#endif
