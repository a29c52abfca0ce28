/* eddy jobs tail. A store tells nobody what happens to all of its jobs, so it is looked at: the newest jobs, those that run, and those that
 * were finished lately, none of which takes longer the more jobs wait. What a job's life has in it that has not been told yet is told, in
 * the order of its moments, which are the store's. */
#include "jobs_tail.h"
#include "cli.h"
#include "jobs.h"
#include "jobs_clock.h"
#include "jobs_follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        NEWEST = 50, /* jobs that are looked at each time */
        MANY =
            1000, /* of which more are looked at, as far as they are new, up to this; and so many finished ones */
        RUNNING = 100,
        REMEMBERED = 30,            /* looks */
        QUIET = 3,                  /* likewise, which is more than what is late takes */
        SLACK = 2 * 1000000,        /* microseconds by which what happens may be told late */
        LOOKED_BACK = 60 * 1000000, /* likewise, at first */
};

struct tail {
        eddy_jobs *jobs;
        const struct jobs_options *options;
        const char *queue; /* NULL: all */
        eddy_stream *out;  /* so that who reads slowly holds up nothing */
        struct jobs_clock clock;
        struct tail_memory memory;
        struct tail_events events;
        size_t look;          /* which it is, from 1 on */
        eddy_job_time since;  /* from when on finished jobs are looked for */
        eddy_job_time from;   /* from when on jobs are told of that were not seen before */
        eddy_job_time first;  /* the newest moment of the first look */
        eddy_job_time newest; /* of all that was seen */
        size_t quiet;         /* looks that saw nothing new */
        bool has_more;        /* has happened in this look than was looked at */
        bool is_unread;       /* who read the output has left */
};

static bool is_wanted(const struct tail *tail, const char *kind, const char *queue)
{
        return (!tail->options->kind || strcmp(tail->options->kind, kind) == 0) &&
               (!tail->queue || strcmp(tail->queue, queue) == 0);
}

/* Whether the job was known. */
static bool take(struct tail *tail, const eddy_job_info *info)
{
        struct tail_events unwanted = {.count = 0};
        struct tail_seen *seen = tail_find(&tail->memory, info->id);
        bool is_known = seen != NULL;

        if (!seen)
                seen = tail_remember(&tail->memory, info);
        if (!seen) {
                tail->events.rc = -ENOMEM;
                return true;
        }
        tail_take(is_wanted(tail, info->kind, info->queue) ? &tail->events : &unwanted, seen, info,
                  tail->look > 1 ? tail->from : 0);
        tail_clear(&unwanted);
        seen->look = tail->look;
        if (seen->moment > tail->newest)
                tail->newest = seen->moment;
        return is_known;
}

/* A page of jobs: *known says whether one of them was. */
static int take_page(struct tail *tail, const eddy_job_filter *filter, bool *known, char next[EDDY_JOB_ID_SIZE])
{
        eddy_job_list list;
        int rc = eddy_jobs_list(tail->jobs, filter, &list);

        for (size_t i = list.count; rc == 0 && i-- > 0;)
                *known |= take(tail, list.jobs[i]);
        memcpy(next, list.next, EDDY_JOB_ID_SIZE);
        eddy_job_list_free(&list);
        return rc < 0 ? rc : tail->events.rc;
}

/* From the newest on, up to one that was there the last time. */
static int look_at_newest(struct tail *tail)
{
        char after[EDDY_JOB_ID_SIZE] = "";
        eddy_job_filter filter = {.most = NEWEST, .after = after};
        bool is_known = tail->look == 1;
        size_t n = 0;
        int rc;

        do {
                rc = take_page(tail, &filter, &is_known, after);
                n += filter.most;
        } while (rc == 0 && !is_known && after[0] && n < MANY);
        tail->has_more |= !is_known && after[0];
        return rc;
}

static int look_at_running(struct tail *tail)
{
        const eddy_job_filter filter = {
            .queue = tail->queue, .states = 1u << EDDY_JOB_RUNNING, .most = RUNNING};
        char next[EDDY_JOB_ID_SIZE];
        bool is_known = false;

        return take_page(tail, &filter, &is_known, next);
}

static int look_at_finished(struct tail *tail)
{
        eddy_job_list list;
        int rc = eddy_jobs_finished(tail->jobs, tail->queue, tail->since, MANY, &list);

        for (size_t i = list.count; rc == 0 && i-- > 0;)
                take(tail, list.jobs[i]);
        tail->has_more |= list.count == MANY && tail->look > 1;
        eddy_job_list_free(&list);
        return rc < 0 ? rc : tail->events.rc;
}

/* One that ran the last time, and was not met with now: it waits for its next attempt, or is gone. */
static int look_for(struct tail *tail, struct tail_seen *seen)
{
        eddy_job_info *info;
        int rc = eddy_jobs_get(tail->jobs, seen->id, &info);

        if (rc == 0)
                take(tail, info);
        if (rc == EDDY_ENOJOB && is_wanted(tail, seen->kind, seen->queue))
                tail_take_end(&tail->events, seen);
        seen->is_running &= rc == 0;
        eddy_free(info);
        return rc == EDDY_ENOJOB ? 0 : rc;
}

static int look_for_missing(struct tail *tail)
{
        int rc = 0;

        for (size_t i = 0; i < TAIL_BUCKETS && rc == 0; i++)
                for (struct tail_seen *seen = tail->memory.buckets[i]; seen && rc == 0; seen = seen->next)
                        if (seen->is_running && seen->look + 1 == tail->look)
                                rc = look_for(tail, seen);
        return rc;
}

/* Write what was seen, of the first look the last lines. */
static int write_events(struct tail *tail, bool is_first)
{
        size_t n = tail->events.count, most = (size_t)tail->options->lines;
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        eddy_job_time now = jobs_clock_now(&tail->clock);
        int rc = 0;

        if (!out)
                return -ENOMEM;
        tail_sort(&tail->events);
        for (size_t i = is_first && n > most ? n - most : 0; i < n; i++)
                tail_write(out, tail->events.events[i], now, tail->options->as_json);
        if (tail->has_more)
                tail_write_more(out, tail->options->as_json);
        fclose(out);
        if (size > 0) {
                ssize_t written = eddy_stream_write_all(tail->out, text, size);
                rc = written < 0 ? (int)written : 0;
                tail->is_unread = rc == -EPIPE;
        }
        free(text);
        tail->has_more = false;
        tail_clear(&tail->events);
        return rc;
}

/* Where the next look begins. What was there before the first one is none of what is told. */
static void move_on(struct tail *tail, eddy_job_time newest_before)
{
        eddy_job_time moment = tail->newest - SLACK;

        if (tail->look == 1) {
                tail->first = tail->newest;
                tail->from = tail->newest;
                tail->since = tail->newest > 0 ? moment : tail->since;
        } else if (tail->newest > newest_before) {
                tail->from = moment > tail->first ? moment : tail->first;
                tail->since = moment;
                tail->quiet = 0;
        } else if (++tail->quiet == QUIET && tail->newest > 0) {
                tail->since = tail->newest + 1; /* what was finished last is not read time and again */
        }
        if (tail->look > REMEMBERED)
                tail_forget(&tail->memory, tail->look - REMEMBERED);
}

static int look(struct tail *tail)
{
        eddy_job_time newest = tail->newest;
        int rc;

        tail->look++;
        rc = jobs_clock_learn(&tail->clock, tail->jobs);
        if (rc == 0)
                rc = look_at_newest(tail);
        if (rc == 0)
                rc = look_at_running(tail);
        if (rc == 0)
                rc = look_at_finished(tail);
        if (rc == 0)
                rc = look_for_missing(tail);
        if (rc == 0)
                rc = write_events(tail, tail->look == 1);
        move_on(tail, newest);
        return rc;
}

static int look_on_and_on(struct tail *tail)
{
        int rc = jobs_clock_learn(&tail->clock, tail->jobs);

        tail->since = jobs_clock_now(&tail->clock) - LOOKED_BACK;
        while (rc == 0) {
                eddy_time begin = eddy_now();
                rc = look(tail);
                if (rc == 0)
                        rc = eddy_sleep(jobs_rest_after(eddy_now() - begin));
        }
        return rc;
}

static int write_look(const eddy_job_info *info, void *arg)
{
        struct tail *tail = arg;
        int rc = jobs_clock_learn(&tail->clock, tail->jobs);

        if (rc < 0)
                return rc;
        tail->look++;
        take(tail, info);
        return tail->events.rc < 0 ? tail->events.rc : write_events(tail, tail->look == 1);
}

/* An exit code, or an error. */
static int follow_one(struct tail *tail, const char *id)
{
        int state = jobs_follow(tail->jobs, id, write_look, tail);

        return state < 0 ? state : state == EDDY_JOB_DONE ? CLI_OK : CLI_FAILED;
}

int jobs_tail(eddy_jobs *jobs, const struct jobs_options *options)
{
        struct tail *tail = calloc(1, sizeof *tail);
        const char *id = options->word_count > 0 ? options->words[0] : options->spec.id;
        int rc = tail ? eddy_open_stdio(&tail->out, STDOUT_FILENO, 0) : -ENOMEM;

        if (rc == 0) {
                tail->jobs = jobs;
                tail->options = options;
                tail->queue = options->queue_count > 0 ? options->queues[0].queue : NULL;
                rc = id ? follow_one(tail, id) : look_on_and_on(tail);
                rc = tail->is_unread ? CLI_UNREAD : rc;
                tail_clear(&tail->events);
                tail_forget(&tail->memory, SIZE_MAX);
                eddy_stream_destroy(tail->out);
        }
        free(tail);
        if (rc == EDDY_CANCELLED)
                return CLI_INTERRUPTED;
        return rc < 0 ? jobs_failure(rc) : rc;
}
