/* eddy jobs web: how long jobs waited and ran. Of a queue whose counter has moved the last ones that have ended are looked at, of as many
 * queues as a look has time for, each in its turn. What comes of it is a sample: of more than WEB_SAMPLED jobs between two looks the oldest are
 * left out, and so is what a queue does not keep. All moments are the store's, so no clock of ours or a worker's can be wrong about them. */
#include "jobs_web_times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        ASKED = 16,                  /* queues in a look */
        KEPT = 8192,                 /* samples */
        SET_BACK_MOST = 60 * 1000000 /* microseconds: a clock that is further behind has been set */
};

const double web_bounds[WEB_BOUNDS] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,  1,    2.5,
                                       5,     10,   30,    60,   300, 900,  3600, 14400};

const struct web_lately web_no_lately = {{-1, -1}, {-1, -1}};

/* A job that has ended. */
struct web_sample {
        eddy_job_time ended;
        uint32_t queue;  /* its place */
        float wait, run; /* seconds */
};

void web_times_finish(struct web_times *times)
{
        free(times->queues);
        free(times->samples);
}

static struct web_queue_times *find(const struct web_times *times, const char *name, size_t place)
{
        for (size_t i = 0; i < times->queue_count; i++) {
                struct web_queue_times *queue = &times->queues[(place + i) % times->queue_count];
                if (strcmp(queue->name, name) == 0)
                        return queue;
        }
        return NULL;
}

const struct web_queue_times *web_times_find(const struct web_times *times, const char *name, size_t place)
{
        return find(times, name, place);
}

/* Those that are new: in the first look as they are, later as ones that were empty before. */
static int add_queues(struct web_times *times, const eddy_job_queue *queues, size_t n, bool is_first)
{
        for (size_t i = 0; i < n; i++) {
                struct web_queue_times *more;
                if (find(times, queues[i].name, i))
                        continue;
                more = realloc(times->queues, (times->queue_count + 1) * sizeof *more);
                if (!more)
                        return -ENOMEM;
                times->queues = more;
                more += times->queue_count++;
                *more = (struct web_queue_times){.finished = is_first ? queues[i].finished : 0,
                                                 .newest = times->began};
                strcpy(more->name, queues[i].name);
        }
        return 0;
}

static void count(struct web_histogram *histogram, double seconds)
{
        size_t i = 0;

        while (i < WEB_BOUNDS && seconds > web_bounds[i])
                i++;
        histogram->counts[i]++;
        histogram->sum += seconds;
}

/* What was cancelled may never have begun, and its end says nothing of how long it would have run. */
static void take(struct web_times *times, struct web_queue_times *queue, const eddy_job_info *info)
{
        eddy_job_time due = info->due > info->created ? info->due : info->created;
        struct web_sample *sample = &times->samples[times->sample_count % KEPT];
        double wait = (double)(info->started - due) / 1e6;
        double run = (double)(info->finished - info->started) / 1e6;

        if (info->finished > queue->newest)
                queue->newest = info->finished;
        if (info->state == EDDY_JOB_CANCELLED || info->started <= 0)
                return;
        wait = wait > 0 ? wait : 0; /* a clock that was set back between */
        run = run > 0 ? run : 0;
        count(&queue->waits, wait);
        count(&queue->runs, run);
        *sample = (struct web_sample){.ended = info->finished,
                                      .queue = (uint32_t)(queue - times->queues),
                                      .wait = (float)wait,
                                      .run = (float)run};
        times->sample_count++;
}

/* Of a name that no store of ours would have let in nothing is known. */
static int ask(struct web_times *times, eddy_jobs *jobs, struct web_queue_times *queue)
{
        eddy_job_list list;
        int rc = eddy_jobs_finished(jobs, queue->name, queue->newest + 1, WEB_SAMPLED, &list);

        for (size_t i = list.count; rc == 0 && i-- > 0;)
                take(times, queue, list.jobs[i]);
        eddy_job_list_free(&list);
        return rc == -EINVAL ? 0 : rc;
}

/* The queue's, where jobs of it have ended since it was asked. */
static struct web_queue_times *find_moved(struct web_times *times, const eddy_job_queue *queue, size_t place,
                                          eddy_job_time now)
{
        struct web_queue_times *found = find(times, queue->name, place);

        if (!found || found->finished == queue->finished)
                return NULL;
        if (found->newest > now + SET_BACK_MOST)
                found->newest = now;
        return found;
}

static int ask_in_turn(struct web_times *times, eddy_jobs *jobs, const eddy_job_queue *queues, size_t n,
                       eddy_job_time now)
{
        size_t asked = 0, begin = times->turn;
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < n && asked < ASKED; i++) {
                size_t place = (begin + i) % n;
                struct web_queue_times *queue = find_moved(times, &queues[place], place, now);
                if (!queue)
                        continue;
                rc = ask(times, jobs, queue);
                if (rc < 0)
                        break;
                queue->finished = queues[place].finished;
                times->turn = place + 1;
                asked++;
        }
        return rc;
}

static int compare(const void *first, const void *second)
{
        const float *a = first, *b = second;

        return (*a > *b) - (*a < *b);
}

/* Of each percentage the value that so many are no greater than. */
static struct web_quantiles find_quantiles(float *values, size_t n)
{
        if (n == 0)
                return (struct web_quantiles){-1, -1};
        qsort(values, n, sizeof *values, compare);
        return (struct web_quantiles){values[(n * 50 + 99) / 100 - 1], values[(n * 95 + 99) / 100 - 1]};
}

/* Of a queue, or with SIZE_MAX of all; `values` has room for two times those that are kept. */
static struct web_lately find_lately(const struct web_times *times, size_t queue, eddy_job_time since,
                                     float *values)
{
        size_t n = 0, kept = times->sample_count < KEPT ? times->sample_count : KEPT;

        for (size_t i = 0; i < kept; i++) {
                const struct web_sample *sample = &times->samples[i];
                if (sample->ended < since || (queue != SIZE_MAX && sample->queue != queue))
                        continue;
                values[n] = sample->wait;
                values[KEPT + n++] = sample->run;
        }
        return (struct web_lately){find_quantiles(values, n), find_quantiles(values + KEPT, n)};
}

static void mark_queues(struct web_times *times, eddy_job_time since)
{
        size_t kept = times->sample_count < KEPT ? times->sample_count : KEPT;

        for (size_t i = 0; i < times->queue_count; i++)
                times->queues[i].has_lately = false;
        for (size_t i = 0; i < kept; i++)
                times->queues[times->samples[i].queue].has_lately |= times->samples[i].ended >= since;
}

static int reckon(struct web_times *times, eddy_job_time now)
{
        eddy_job_time since = now - (eddy_job_time)WEB_LATELY * 1000000;
        float *values = malloc(sizeof(float[2 * KEPT]));

        if (!values)
                return -ENOMEM;
        mark_queues(times, since);
        for (size_t i = 0; i < times->queue_count; i++)
                times->queues[i].lately =
                    times->queues[i].has_lately ? find_lately(times, i, since, values) : web_no_lately;
        times->lately = find_lately(times, SIZE_MAX, since, values);
        free(values);
        return 0;
}

int web_times_look(struct web_times *times, eddy_jobs *jobs, const eddy_job_queue *queues, size_t n,
                   eddy_job_time now)
{
        bool is_first = times->began == 0;
        int rc;

        if (!times->samples)
                times->samples = calloc(KEPT, sizeof *times->samples);
        if (!times->samples)
                return -ENOMEM;
        times->began = is_first ? now : times->began;
        rc = add_queues(times, queues, n, is_first);
        if (rc == 0)
                rc = ask_in_turn(times, jobs, queues, n, now);
        return rc < 0 ? rc : reckon(times, now);
}
