/*
 * Jobs that outlive the program: jobs_resize [STORE]
 *
 *         jobs_resize sqlite:jobs.db
 *
 * Enqueues three pictures and resizes them. Kill it at any time and start it again: what was enqueued is done, once at least,
 * so the work must bear to be done twice. A job has a name of its own, so that who enqueues it again adds nothing.
 *
 *         async def resize(ctx, name): ...                         # arq
 *         redis = await create_pool()
 *         job = await redis.enqueue_job("resize", "a.jpg", _job_id="a.jpg")
 *         await Worker([resize]).main()
 *         await job.result()
 */
#include <eddy/jobs.h>
#include <stdio.h>

static int resize(eddy_job *job, void *arg)
{
        const char *name = eddy_job_payload(job, NULL);
        char result[64];

        (void)arg;
        int rc = eddy_sleep(eddy_ms(10)); /* the work itself */
        if (rc < 0)
                return rc;
        if (name[0] == 'b' && eddy_job_attempt(job) == 1)
                return eddy_fail(-EIO, "%s cannot be read", name); /* it is tried again, later */
        int n = snprintf(result, sizeof result, "small-%s", name);
        return eddy_job_set_result(job, result, (size_t)n);
}

static const char *const names[] = {"a.jpg", "b.jpg", "c.jpg"};
enum { NAMES = sizeof names / sizeof *names };

struct office {
        eddy_jobs *jobs;
        eddy_job_worker *worker;
};

static int enqueue_all(eddy_jobs *jobs)
{
        for (size_t i = 0; i < NAMES; i++) {
                eddy_job_spec spec = {.kind = "resize",
                                      .id = names[i],
                                      .payload = names[i],
                                      .size = strlen(names[i]),
                                      .backoff = eddy_ms(50)};
                eddy_job_added added;
                int rc = eddy_jobs_enqueue(jobs, &spec, &added);
                if (rc < 0)
                        return rc;
                printf("%s: %s\n", names[i], added.was_there ? "was there" : "enqueued");
        }
        return 0;
}

static intptr_t await_all(void *arg)
{
        struct office *office = arg;

        for (size_t i = 0; i < NAMES; i++) {
                eddy_job_info *info;
                int state = eddy_jobs_await(office->jobs, names[i], &info);
                if (state < 0)
                        return state;
                printf("%s: %s after %d, %s\n", names[i], eddy_job_state_name(info->state), info->attempt,
                       info->result ? (const char *)info->result : "");
                eddy_free(info);
        }
        eddy_job_worker_stop(office->worker);
        return 0;
}

/* Both in one program here; elsewhere they are several, and on several machines. */
static int await_and_work(struct office *office)
{
        eddy_group group;

        eddy_group_open(&group);
        int rc = eddy_group_create_task(&group, await_all, office, NULL);
        if (rc == 0)
                rc = eddy_job_worker_run(office->worker); /* until it is stopped, or SIGTERM comes */
        eddy_group_cancel(&group);
        int outcome = eddy_group_close(&group);
        return outcome < 0 ? outcome : rc;
}

static int resize_all(eddy_jobs *jobs)
{
        struct office office = {.jobs = jobs};
        eddy_job_worker_options options = {
            .lease = eddy_seconds(1)}; /* until another one has a job of one that died */

        int rc = eddy_job_worker_create(&office.worker, jobs, &options);
        if (rc == 0)
                rc = eddy_job_worker_handle(office.worker, "resize", resize, NULL);
        if (rc == 0)
                rc = enqueue_all(jobs);
        if (rc == 0)
                rc = await_and_work(&office);
        eddy_job_worker_destroy(office.worker);
        return rc;
}

static intptr_t app(void *url)
{
        eddy_jobs *jobs;

        int rc = eddy_jobs_open(&jobs, url, NULL);
        if (rc < 0)
                return rc;
        rc = resize_all(jobs);
        eddy_jobs_close(jobs);
        return rc;
}

int main(int argc, char *argv[])
{
        static char memory[] = "memory:";

        intptr_t rc = eddy_run(app, argc > 1 ? argv[1] : memory);
        if (rc < 0)
                fprintf(stderr, "%s\n", eddy_explain(rc));
        return rc < 0;
}
