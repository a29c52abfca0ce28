/* eddy jobs tail: what its files share. */
#ifndef CLI_JOBS_TAIL_H
#define CLI_JOBS_TAIL_H

#include "jobs.h"

#include <stdio.h>

enum { TAIL_BUCKETS = 4096 };

/* Something that happened to a job. One block. */
struct tail_event {
        eddy_job_time moment; /* of the store's clock; TAIL_NOW: it was only seen now */
        size_t order;         /* of those of one moment */
        const char *what;     /* such as "begun" */
        char id[EDDY_JOB_ID_SIZE], kind[EDDY_JOB_ID_SIZE], queue[EDDY_JOB_ID_SIZE];
        int attempt;
        double progress; /* less than 0: nothing is said of it */
        char text[];
};

#define TAIL_NOW INT64_MAX

/* What happened in a look, or was seen in it. Zeroed it is empty. */
struct tail_events {
        struct tail_event **events;
        size_t count, room;
        int rc; /* 0, or -ENOMEM */
};

/* A job that was looked at, up to where it has been told of. */
struct tail_seen {
        struct tail_seen *next;
        eddy_job_time moment; /* of the newest thing that was told */
        size_t at_moment;     /* how many of that moment were */
        double progress;
        uint64_t note; /* its digest */
        size_t look;   /* in which it was there last */
        bool is_running;
        const char *kind, *queue; /* in the same block */
        char id[];
};

struct tail_memory {
        struct tail_seen *buckets[TAIL_BUCKETS];
};

/* jobs_tail_seen.c */
struct tail_seen *tail_find(const struct tail_memory *memory, const char *id);
/* NULL: no memory. */
struct tail_seen *tail_remember(struct tail_memory *memory, const eddy_job_info *info);
/* Forget those that were not there since a look. */
void tail_forget(struct tail_memory *memory, size_t since);
uint64_t tail_digest(const char *text);

/* jobs_tail_life.c */
/* Add what has happened to a job since it was told of last, or, where it never was, since a moment; and take it as told. */
void tail_take(struct tail_events *events, struct tail_seen *seen, const eddy_job_info *info,
               eddy_job_time since);
/* Add that a job is gone, which no job's history says. */
void tail_take_end(struct tail_events *events, const struct tail_seen *seen);
void tail_sort(struct tail_events *events);
void tail_clear(struct tail_events *events);

/* jobs_tail_write.c */
/* `now` is the moment of what was only seen now. */
void tail_write(FILE *out, const struct tail_event *event, eddy_job_time now, bool as_json);
void tail_write_more(FILE *out, bool as_json);

#endif
