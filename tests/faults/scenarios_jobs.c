#include "scenarios.h"

#include <eddy/jobs.h>

/* A job of each kind, and how many have come to an end. */
struct office {
        eddy_jobs *jobs;
        eddy_job_worker *worker;
        unsigned finished;
};

static int do_well(eddy_job *job, void *arg)
{
        (void)arg;
        eddy_job_progress(job, 0.5, "half");
        eddy_job_log(job, "line");
        return eddy_job_set_result(job, "well", 4);
}

static int fail_at_first(eddy_job *job, void *arg)
{
        (void)arg;
        return eddy_job_attempt(job) > 1 ? 0 : eddy_fail(-EIO, "at first it fails");
}

static int take_too_long(eddy_job *job, void *arg)
{
        (void)job, (void)arg;
        return eddy_sleep(eddy_seconds(3600));
}

static void count(eddy_job *job, eddy_job_event event, const char *text, void *arg)
{
        struct office *office = arg;

        (void)job, (void)text;
        office->finished += event == EDDY_JOB_EVENT_DONE || event == EDDY_JOB_EVENT_DEAD;
        if (office->finished == 3)
                eddy_job_worker_stop(office->worker);
}

static int add(eddy_jobs *jobs, const char *kind, int attempts)
{
        eddy_job_spec spec = {.kind = kind,
                              .attempts = attempts,
                              .timeout = eddy_ms(20),
                              .backoff = eddy_ms(1),
                              .max_backoff = eddy_ms(1)};

        return eddy_jobs_enqueue(jobs, &spec, NULL);
}

static int open_office(struct office *office)
{
        eddy_job_worker_options options = {
            .concurrency = 2, .poll = eddy_ms(20), .lease = eddy_ms(200), .on_event = count, .arg = office};
        int rc = eddy_jobs_open(&office->jobs, "memory:", NULL);

        if (rc == 0)
                rc = eddy_job_worker_create(&office->worker, office->jobs, &options);
        if (rc == 0)
                rc = eddy_job_worker_handle(office->worker, "good", do_well, NULL);
        if (rc == 0)
                rc = eddy_job_worker_handle(office->worker, "bad", fail_at_first, NULL);
        return rc < 0 ? rc : eddy_job_worker_handle(office->worker, NULL, take_too_long, NULL);
}

static void close_office(struct office *office)
{
        eddy_job_worker_destroy(office->worker);
        eddy_jobs_close(office->jobs);
}

static intptr_t working(void *arg)
{
        struct office office = {.jobs = NULL};
        int rc = open_office(&office);

        (void)arg;
        if (rc == 0)
                rc = add(office.jobs, "good", 100);
        if (rc == 0)
                rc = add(office.jobs, "bad", 100);
        if (rc == 0)
                rc = add(office.jobs, "long", 2);
        if (rc == 0)
                rc = eddy_job_worker_run(office.worker);
        close_office(&office);
        return rc;
}

/* What runs is returned. */
static intptr_t leaving(void *arg)
{
        struct office office = {.jobs = NULL};
        int rc = open_office(&office);

        (void)arg;
        if (rc == 0)
                rc = add(office.jobs, "long", 2);
        if (rc == 0)
                EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                        rc = eddy_job_worker_run(office.worker);
        close_office(&office);
        return rc == EDDY_TIMEOUT ? 0 : rc;
}

/* Schedules are set, changed, listed and removed. */
static intptr_t scheduling(void *arg)
{
        eddy_job_cron cron = {
            .name = "tick", .expression = "30 2 * * *", .zone = "Europe/Berlin", .spec.kind = "good"};
        eddy_job_cron_list list;
        eddy_jobs *jobs;
        int rc = eddy_jobs_open(&jobs, "memory:", NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = eddy_jobs_set_cron(jobs, &cron);
        cron.spec.payload = "other";
        cron.spec.size = 5;
        if (rc == 0)
                rc = eddy_jobs_set_cron(jobs, &cron);
        if (rc == 0) {
                rc = eddy_jobs_crons(jobs, &list);
                eddy_job_cron_list_free(&list);
        }
        if (rc == 0)
                rc = eddy_jobs_remove_cron(jobs, "tick");
        eddy_jobs_close(jobs);
        return rc;
}

const struct scenario scenarios[] = {
    {"working", working}, {"leaving", leaving}, {"scheduling", scheduling}, {0}};
