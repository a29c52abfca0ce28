/* What the engine's functions do within a transaction of a lane. Each takes the argument that is named after it. */
#ifndef JOBS_SQLITE_STORE_H
#define JOBS_SQLITE_STORE_H

#include "jobs/sqlite/lane.h"

struct enqueue_call {
        const eddy_job_spec *specs;
        size_t n;
        eddy_job_added *added;
};
int store_enqueue(struct lane *lane, void *enqueue_call);

int store_turn(struct lane *lane, void *jobs_turn);

struct renew_call {
        struct jobs_lease *leases;
        size_t n;
        eddy_duration lease;
};
int store_renew(struct lane *lane, void *renew_call);

struct get_call {
        const char *id;
        eddy_job_info *info; /* received */
};
int store_get(struct lane *lane, void *get_call);

struct list_call {
        const eddy_job_filter *filter;
        eddy_job_list *list;
};
int store_list(struct lane *lane, void *list_call);

struct finished_call {
        const char *queue; /* NULL: all */
        eddy_job_time since;
        size_t most;
        eddy_job_list *list;
};
int store_list_finished(struct lane *lane, void *finished_call);

struct statement;
/* On a row that has what a job is read from; NULL: no memory. */
eddy_job_info *store_read_info(const struct statement *s);

struct act_call {
        enum jobs_action action;
        const char *id;
        bool is_asked;    /* receives that it runs and was asked to end */
        bool is_finished; /* and that it is finished now */
};
int store_act(struct lane *lane, void *act_call);

struct queue_call {
        const char *queue;
        const struct jobs_queue_change *change;
};
int store_set_queue(struct lane *lane, void *queue_call);

struct queues_call {
        eddy_job_queue *queues; /* received */
        size_t n;
};
int store_queues(struct lane *lane, void *queues_call);

/** How many were forgotten. */
int store_sweep(struct lane *lane, void *unused);

int store_look_at_crons(struct lane *lane, void *jobs_cron_look);
struct set_cron_call {
        const struct jobs_cron *cron;
        bool keeps_next;
};
int store_set_cron(struct lane *lane, void *set_cron_call);

int store_remove_cron(struct lane *lane, void *name);
int store_fire_cron(struct lane *lane, void *jobs_cron_fire);

/* What other processes may have changed. */
struct changes_call {
        int64_t version; /* of the file when it was last looked at; receives the new one */
        bool has_changed;
        char (*cancelling)
            [EDDY_JOB_ID_SIZE]; /* receives the jobs that are to be cancelled, given back with eddy_free() */
        size_t cancelling_count;
};
int store_look_for_changes(struct lane *lane, void *changes_call);

#endif
