/* eddy jobs web: the queues for Prometheus, in its text format 0.0.4. */
#include "jobs_web.h"

#include <inttypes.h>
#include <string.h>

/* A label's value, as the format has it. Names have no line ends, unless somebody else has written them. */
static void add_label(struct text *text, const char *value)
{
        for (; *value; value++) {
                if (strchr("\\\"\n", *value))
                        text_add(text, "\\", 1);
                text_add(text, *value == '\n' ? "n" : value, 1);
        }
}

static void add_head(struct text *text, const char *name, const char *type, const char *help)
{
        text_print(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_name(struct text *text, const char *name, const char *part, const char *queue)
{
        text_print(text, "%s%s{queue=\"", name, part);
        add_label(text, queue);
        text_print(text, "\"");
}

static void add_counts(struct text *text, const struct web_look *look)
{
        add_head(text, "eddy_jobs", "gauge", "Jobs that the store has, by their state.");
        for (size_t i = 0; i < look->queue_count; i++)
                for (int state = 0; state < EDDY_JOB_STATES; state++) {
                        add_name(text, "eddy_jobs", "", look->queues[i].name);
                        text_print(text, ",state=\"%s\"} %zu\n", eddy_job_state_name((eddy_job_state)state),
                                   look->queues[i].counts[state]);
                }
}

static double finished_of(const eddy_job_queue *queue)
{
        return (double)queue->finished;
}

static double failed_of(const eddy_job_queue *queue)
{
        return (double)queue->failed;
}

static double age_of(const eddy_job_queue *queue)
{
        return (double)queue->age / 1e9;
}

static double paused_of(const eddy_job_queue *queue)
{
        return queue->is_paused;
}

static const struct metric {
        const char *name, *type, *help;
        double (*value)(const eddy_job_queue *queue);
} metrics[] = {
    {"eddy_jobs_finished_total", "counter", "Jobs that were finished.", finished_of},
    {"eddy_jobs_failed_attempts_total", "counter", "Attempts that failed.", failed_of},
    {"eddy_jobs_oldest_ready_seconds", "gauge", "How long the oldest ready job has been ready.", age_of},
    {"eddy_jobs_paused", "gauge", "1 where no job of the queue begins.", paused_of},
};

static void add_metric(struct text *text, const struct web_look *look, const struct metric *metric)
{
        add_head(text, metric->name, metric->type, metric->help);
        for (size_t i = 0; i < look->queue_count; i++) {
                add_name(text, metric->name, "", look->queues[i].name);
                text_print(text, "} %.15g\n", metric->value(&look->queues[i]));
        }
}

static const struct web_histogram *waits_of(const struct web_queue_times *queue)
{
        return &queue->waits;
}

static const struct web_histogram *runs_of(const struct web_queue_times *queue)
{
        return &queue->runs;
}

static const struct distribution {
        const char *name, *help;
        const struct web_histogram *(*histogram)(const struct web_queue_times *queue);
} distributions[] = {
    {"eddy_jobs_wait_seconds",
     "How long jobs had waited since they were due, of a sample of those that ended since this process was "
     "asked first.",
     waits_of},
    {"eddy_jobs_run_seconds", "How long the last attempt of the same jobs ran.", runs_of},
};

/* A queue's, whose buckets have those before them in them. */
static void add_histogram(struct text *text, const struct distribution *distribution,
                          const struct web_queue_times *queue)
{
        const struct web_histogram *histogram = distribution->histogram(queue);
        uint64_t count = 0;

        for (size_t i = 0; i <= WEB_BOUNDS; i++) {
                count += histogram->counts[i];
                add_name(text, distribution->name, "_bucket", queue->name);
                if (i < WEB_BOUNDS)
                        text_print(text, ",le=\"%.15g\"} %" PRIu64 "\n", web_bounds[i], count);
                else
                        text_print(text, ",le=\"+Inf\"} %" PRIu64 "\n", count);
        }
        add_name(text, distribution->name, "_sum", queue->name);
        text_print(text, "} %.15g\n", histogram->sum);
        add_name(text, distribution->name, "_count", queue->name);
        text_print(text, "} %" PRIu64 "\n", count);
}

static void add_distribution(struct text *text, const struct web_look *look,
                             const struct distribution *distribution)
{
        add_head(text, distribution->name, "histogram", distribution->help);
        for (size_t i = 0; i < look->queue_count; i++) {
                const struct web_queue_times *queue = web_times_find(&look->times, look->queues[i].name, i);
                if (queue)
                        add_histogram(text, distribution, queue);
        }
}

int web_metrics(eddy_http_exchange *exchange, void *arg)
{
        struct web *web = arg;
        struct text text = {.rc = 0};
        int rc = web_look(web);

        if (rc < 0)
                return rc;
        add_counts(&text, &web->look);
        for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
                add_metric(&text, &web->look, &metrics[i]);
        for (size_t i = 0; i < sizeof distributions / sizeof *distributions; i++)
                add_distribution(&text, &web->look, &distributions[i]);
        rc = text.rc;
        if (rc == 0)
                rc = eddy_http_reply(
                    exchange, &(eddy_http_answer){.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                                  .body = text.data,
                                                  .body_size = text.size});
        text_free(&text);
        return rc;
}
