/* eddy jobs stats and queue. */
#include "cli.h"
#include "jobs.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

enum { DAY = 86400 };

/* None is as null as in other JSON; 0 seconds are "not at all", as the options have it. */
static void print_json_limits(const eddy_job_queue_options *limits)
{
        if (limits->most_running)
                printf(",\"most_running\":%zu", limits->most_running);
        if (limits->rate)
                printf(",\"rate\":%zu,\"period\":%.15g", limits->rate, eddy_to_seconds(limits->period));
        printf(",\"keep_done\":%.15g,\"keep_dead\":%.15g",
               limits->keep_done < 0 ? 0 : eddy_to_seconds(limits->keep_done),
               limits->keep_dead < 0 ? 0 : eddy_to_seconds(limits->keep_dead));
}

static void print_json(const eddy_job_queue *queue)
{
        fputs("{\"queue\":", stdout);
        json_print_text(queue->name);
        for (int state = 0; state < EDDY_JOB_STATES; state++)
                printf(",\"%s\":%zu", eddy_job_state_name((eddy_job_state)state), queue->counts[state]);
        printf(",\"finished\":%zu,\"failed\":%zu,\"age\":%.6f,\"paused\":%s", queue->finished, queue->failed,
               (double)queue->age / 1e9, queue->is_paused ? "true" : "false");
        print_json_limits(&queue->options);
        puts("}");
}

/* What is not as at first, by the names of the options that set it. */
static void print_limits(const eddy_job_queue_options *limits)
{
        const struct {
                const char *name;
                eddy_duration keep, usual;
        } keeps[] = {
            {"keep-done", limits->keep_done, eddy_seconds(DAY)},
            {"keep-dead", limits->keep_dead, eddy_seconds(30 * DAY)},
        };

        if (limits->most_running)
                printf("  most-running %zu", limits->most_running);
        if (limits->rate)
                printf("  rate %zu", limits->rate);
        if (limits->rate && limits->period != eddy_seconds(1))
                printf("/%.15g", eddy_to_seconds(limits->period));
        for (int i = 0; i < 2; i++)
                if (keeps[i].keep != keeps[i].usual)
                        printf("  %s %.15g", keeps[i].name,
                               keeps[i].keep < 0 ? 0 : eddy_to_seconds(keeps[i].keep));
}

static void print_line(const eddy_job_queue *queue)
{
        char name[EDDY_JOB_ID_SIZE];

        cli_printable(name, sizeof name, queue->name);
        printf("%-16s", name);
        for (int state = 0; state < EDDY_JOB_STATES; state++)
                printf("  %9zu", queue->counts[state]);
        fputs(queue->is_paused ? "  paused" : "", stdout);
        print_limits(&queue->options);
        puts("");
}

int jobs_stats(eddy_jobs *jobs, const struct jobs_options *options)
{
        eddy_job_queue *queues;
        size_t n;
        int rc = eddy_jobs_queues(jobs, &queues, &n);

        if (rc < 0)
                return jobs_failure(rc);
        if (!options->as_json) {
                printf("%-16s", "queue");
                for (int state = 0; state < EDDY_JOB_STATES; state++)
                        printf("  %9s", eddy_job_state_name((eddy_job_state)state));
                puts("");
        }
        for (size_t i = 0; i < n; i++)
                options->as_json ? print_json(&queues[i]) : print_line(&queues[i]);
        eddy_free(queues);
        return CLI_OK;
}

/* EDDY_ENOJOB: the store has none of this name. */
static int find(eddy_jobs *jobs, const char *name, eddy_job_queue *found)
{
        eddy_job_queue *queues;
        size_t n;
        int rc = eddy_jobs_queues(jobs, &queues, &n);

        if (rc < 0)
                return rc;
        rc = eddy_fail(EDDY_ENOJOB, "there is no queue %s", name);
        for (size_t i = 0; i < n; i++)
                if (strcmp(queues[i].name, name) == 0) {
                        *found = queues[i];
                        rc = 0;
                }
        eddy_free(queues);
        return rc;
}

static void print_keep(const char *name, eddy_duration keep, eddy_duration usual)
{
        if (keep < 0)
                printf("%-13s 0 s: not at all\n", name);
        else
                printf("%-13s %.15g s%s\n", name, eddy_to_seconds(keep), keep == usual ? ", the default" : "");
}

static void print_queue(const eddy_job_queue *queue)
{
        const eddy_job_queue_options *limits = &queue->options;
        char name[EDDY_JOB_ID_SIZE];

        cli_printable(name, sizeof name, queue->name);
        printf("%-13s %s%s\n", "queue", name, queue->is_paused ? ", paused" : "");
        if (limits->most_running)
                printf("%-13s %zu\n", "most running", limits->most_running);
        else
                printf("%-13s any number\n", "most running");
        if (limits->rate)
                printf("%-13s %zu in %.15g s\n", "rate", limits->rate, eddy_to_seconds(limits->period));
        else
                printf("%-13s any number\n", "rate");
        print_keep("keep done", limits->keep_done, eddy_seconds(DAY));
        print_keep("keep dead", limits->keep_dead, eddy_seconds(30 * DAY));
}

static int show(eddy_jobs *jobs, const struct jobs_options *options)
{
        eddy_job_queue queue;
        int rc = find(jobs, options->words[0], &queue);

        if (rc < 0)
                return jobs_failure(rc);
        options->as_json ? print_json(&queue) : print_queue(&queue);
        return CLI_OK;
}

/* What is not named stays as it is. */
static int change(eddy_jobs *jobs, const struct jobs_options *options)
{
        eddy_job_queue queue = {0};
        eddy_job_queue_options *limits = &queue.options;
        int rc = options->resets ? 0 : find(jobs, options->words[0], &queue);

        if (rc < 0 && rc != EDDY_ENOJOB)
                return jobs_failure(rc);
        if (options->limits & JOBS_LIMIT_MOST_RUNNING)
                limits->most_running = (size_t)options->most_running;
        if (options->limits & JOBS_LIMIT_RATE) {
                limits->rate = (size_t)options->rate;
                limits->period = eddy_seconds(options->period);
        }
        if (options->limits & JOBS_LIMIT_KEEP_DONE)
                limits->keep_done = eddy_seconds(options->keep_done);
        if (options->limits & JOBS_LIMIT_KEEP_DEAD)
                limits->keep_dead = eddy_seconds(options->keep_dead);
        rc = eddy_jobs_set_queue(jobs, options->words[0], limits);
        return rc < 0 ? jobs_failure(rc) : CLI_OK;
}

bool jobs_queue_changes(const struct jobs_options *options)
{
        return options->limits || options->resets;
}

int jobs_queue_check(const struct jobs_options *options)
{
        if (options->as_json && jobs_queue_changes(options))
                return cli_usage_error("eddy jobs", "queue --json shows limits, and goes with none to set");
        return CLI_OK;
}

int jobs_queue(eddy_jobs *jobs, const struct jobs_options *options)
{
        return jobs_queue_changes(options) ? change(jobs, options) : show(jobs, options);
}
