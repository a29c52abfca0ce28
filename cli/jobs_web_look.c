/* eddy jobs web: how the store is, once a second for all who look, and not at all while nobody does. */
#include "jobs_follow.h"
#include "jobs_web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void web_look_init(struct web_look *look)
{
        eddy_lock_init(&look->lock);
}

void web_look_finish(struct web_look *look)
{
        eddy_free(look->queues);
        eddy_job_list_free(&look->running);
        eddy_job_list_free(&look->failed);
        free(look->series);
        web_times_finish(&look->times);
        eddy_lock_finish(&look->lock);
}

static struct web_series *find_series(struct web_look *look, const char *name)
{
        struct web_series *more;

        for (size_t i = 0; i < look->series_count; i++)
                if (strcmp(look->series[i].name, name) == 0)
                        return &look->series[i];
        more = realloc(look->series, (look->series_count + 1) * sizeof *more);
        if (!more)
                return NULL;
        look->series = more;
        more += look->series_count++;
        *more = (struct web_series){.name = ""};
        snprintf(more->name, sizeof more->name, "%s", name);
        for (size_t i = 0; i < WEB_SAMPLES; i++)
                more->wait_half[i] = more->wait_most[i] = more->run_half[i] = more->run_most[i] = -1;
        return more;
}

static void add_sample(double values[WEB_SAMPLES], size_t n, double value)
{
        if (n == WEB_SAMPLES)
                memmove(values, values + 1, (WEB_SAMPLES - 1) * sizeof *values);
        values[n < WEB_SAMPLES ? n : WEB_SAMPLES - 1] = value;
}

/* A queue's newest point: its counters now and before, `seconds` ago, and its jobs that ended lately. */
static void add_point(struct web_look *look, const char *name, const eddy_job_queue *now,
                      const eddy_job_queue *before, double seconds, const struct web_lately *lately)
{
        struct web_series *series = find_series(look, name);
        size_t n = look->sample_count;

        if (!series) /* without memory its plot stands still */
                return;
        series->has_point = true;
        add_sample(series->rates, n, (double)(now->finished - before->finished) / seconds);
        add_sample(series->failures, n, (double)(now->failed - before->failed) / seconds);
        add_sample(series->waits, n, (double)now->age / 1e9);
        add_sample(series->wait_half, n, lately->wait.half);
        add_sample(series->wait_most, n, lately->wait.most);
        add_sample(series->run_half, n, lately->run.half);
        add_sample(series->run_most, n, lately->run.most);
}

/* `place` is where it was the last time, most likely. */
static const eddy_job_queue *find_queue(const struct web_look *look, const char *name, size_t place)
{
        for (size_t i = 0; i < look->queue_count; i++) {
                const eddy_job_queue *queue = &look->queues[(place + i) % look->queue_count];
                if (strcmp(queue->name, name) == 0)
                        return queue;
        }
        return NULL;
}

/* A queue that is new was empty; one whose counters are less than before is another of that name. */
static eddy_job_queue before_of(const struct web_look *look, const eddy_job_queue *now, size_t place)
{
        const eddy_job_queue *found = find_queue(look, now->name, place);
        eddy_job_queue before = found ? *found : (eddy_job_queue){.finished = 0};

        if (before.finished > now->finished || before.failed > now->failed)
                before = *now;
        return before;
}

/* Series of queues that are no more, or not among those shown, are not kept. */
static void drop_series(struct web_look *look)
{
        size_t kept = 0;

        for (size_t i = 0; i < look->series_count; i++) {
                if (!look->series[i].has_point)
                        continue;
                look->series[i].has_point = false;
                if (kept != i)
                        look->series[kept] = look->series[i];
                kept++;
        }
        look->series_count = kept;
}

static const struct web_lately *lately_of(const struct web_look *look, const char *queue, size_t place)
{
        const struct web_queue_times *times = web_times_find(&look->times, queue, place);

        return times ? &times->lately : &web_no_lately;
}

static void add_points(struct web_look *look, const eddy_job_queue *queues, size_t n, double seconds,
                       bool is_lately)
{
        eddy_job_queue all = {.finished = 0}, all_before = {.finished = 0};

        for (size_t i = 0; i < n; i++) {
                eddy_job_queue before = before_of(look, &queues[i], i);
                if (i < WEB_QUEUES_SHOWN)
                        add_point(look, queues[i].name, &queues[i], &before, seconds,
                                  is_lately ? lately_of(look, queues[i].name, i) : &web_no_lately);
                all.finished += queues[i].finished;
                all.failed += queues[i].failed;
                all_before.finished += before.finished;
                all_before.failed += before.failed;
                all.age = queues[i].age > all.age ? queues[i].age : all.age;
        }
        add_point(look, "", &all, &all_before, seconds, is_lately ? &look->times.lately : &web_no_lately);
        drop_series(look);
        look->sample_count += look->sample_count < WEB_SAMPLES;
}

/* A plot has a point for each second: one in which nobody looked has what came in the average of all such, and of how long jobs took only what
 * is known. */
static void take_queues(struct web_look *look, eddy_job_queue *queues, size_t n)
{
        eddy_time now = eddy_now();
        double seconds = (double)(now - look->taken) / 1e9;
        size_t points = seconds < 1.5 ? 1 : seconds < WEB_SAMPLES ? (size_t)(seconds + 0.5) : WEB_SAMPLES;

        for (size_t i = 0; look->taken != 0 && i < points; i++)
                add_points(look, queues, n, seconds > 0.001 ? seconds : 0.001, points - i <= WEB_LATELY);
        eddy_free(look->queues);
        look->queues = queues;
        look->queue_count = n;
        look->taken = now;
}

static size_t count(const struct web_look *look, eddy_job_state state)
{
        size_t sum = 0;

        for (size_t i = 0; i < look->queue_count; i++)
                sum += look->queues[i].counts[state];
        return sum;
}

/* No more are asked for than there are, or an engine would look for more of them through all that it has. */
static int list_newest(struct web *web, eddy_job_state state, size_t most, eddy_job_list *list)
{
        size_t n = count(&web->look, state);
        eddy_job_list found = {.count = 0};
        int rc = 0;

        if (n > 0)
                rc = eddy_jobs_list(
                    web->jobs, &(eddy_job_filter){.states = 1u << state, .most = n < most ? n : most}, &found);
        if (rc < 0) {
                eddy_job_list_free(&found);
                return rc;
        }
        eddy_job_list_free(list);
        *list = found;
        return 0;
}

/* Changes with every job that dies, or is dead no longer. */
static size_t mark_failures(const struct web_look *look)
{
        size_t mark = count(look, EDDY_JOB_DEAD) + 1;

        for (size_t i = 0; i < look->queue_count; i++)
                mark += look->queues[i].failed << 20;
        return mark;
}

static int look_anew(struct web *web)
{
        struct web_look *look = &web->look;
        eddy_job_queue *queues;
        size_t n, mark;
        int rc = jobs_clock_learn(&web->clock, web->jobs);

        if (rc == 0)
                rc = eddy_jobs_queues(web->jobs, &queues, &n);
        if (rc < 0)
                return rc;
        rc = web_times_look(&look->times, web->jobs, queues, n, jobs_clock_now(&web->clock));
        if (rc < 0) {
                eddy_free(queues);
                return rc;
        }
        take_queues(look, queues, n);
        rc = list_newest(web, EDDY_JOB_RUNNING, WEB_RUNNING_SHOWN, &look->running);
        mark = mark_failures(look);
        if (rc == 0 && mark != look->failed_mark)
                rc = list_newest(web, EDDY_JOB_DEAD, WEB_FAILED_SHOWN, &look->failed);
        if (rc == 0)
                look->failed_mark = mark;
        return rc;
}

/* What failed stays so for a second, too, or each who looks would wait for a store that is away. */
static int look_now(struct web *web)
{
        struct web_look *look = &web->look;
        eddy_time begin = eddy_now(), end;
        int rc = look_anew(web);

        if (rc == EDDY_CANCELLED || rc == EDDY_TIMEOUT)
                return rc; /* it was this one's client that left */
        end = eddy_now();
        look->next = eddy_time_add(end, jobs_rest_after(rc < 0 ? 0 : end - begin));
        look->fault = rc;
        if (rc < 0)
                snprintf(look->why, sizeof look->why, "%s", eddy_explain(rc));
        return rc;
}

int web_look(struct web *web)
{
        int rc = eddy_lock_acquire(&web->look.lock);

        if (rc < 0)
                return rc;
        if (web->look.next != 0 && eddy_now() < web->look.next)
                rc = web->look.fault;
        else
                rc = look_now(web);
        eddy_lock_release(&web->look.lock);
        return rc < 0 && rc == web->look.fault ? eddy_fail(rc, "%s", web->look.why) : rc;
}
