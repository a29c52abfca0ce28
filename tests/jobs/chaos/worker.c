/* What the chaos is made for: worker STORE EFFECTS works, and writes a line to a file for each job that it does; worker STORE enqueue
 * COUNT KEYS enqueues jobs with ids j0, j1 ..., each of one of so many keys in turn. It prints a line when it has begun, or is done. */
#include <eddy/jobs.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct arguments {
        const char *store, *effects;
        int count, keys;
};

static int do_job(eddy_job *job, void *arg)
{
        int effects = *(int *)arg, rc, chance = rand() % 100;
        char line[EDDY_JOB_ID_SIZE + 1];
        size_t size = (size_t)snprintf(line, sizeof line, "%s\n", eddy_job_id(job));

        rc = eddy_sleep(eddy_ms(rand() % 60));
        if (rc < 0)
                return rc;
        if (chance < 5)
                return eddy_fail(-EIO, "before its effect");
        if (write(effects, line, size) != (ssize_t)size)
                return -errno;
        eddy_job_progress(job, 0.5, "after its effect");
        rc = eddy_sleep(eddy_ms(rand() % 60));
        if (chance < 10)
                return eddy_fail(-EIO, "after its effect");
        if (chance < 12)
                return eddy_job_snooze(job, eddy_ms(20));
        return rc;
}

static int work(eddy_jobs *jobs, int effects)
{
        eddy_job_worker *worker;
        int rc = eddy_job_worker_create(&worker, jobs,
                                        &(eddy_job_worker_options){.concurrency = 8, .lease = eddy_seconds(1)});

        if (rc == 0)
                rc = eddy_job_worker_handle(worker, "work", do_job, &effects);
        puts("working");
        if (rc == 0)
                rc = eddy_job_worker_run(worker);
        eddy_job_worker_destroy(worker);
        return rc;
}

/* Who is not told that a job was enqueued says it again. */
static int enqueue(eddy_jobs *jobs, int count, int keys)
{
        for (int i = 0; i < count; i++) {
                char id[16], key[16];
                int rc;
                snprintf(id, sizeof id, "j%d", i);
                snprintf(key, sizeof key, "k%d", i % keys);
                do
                        rc = eddy_jobs_enqueue(
                            jobs,
                            &(eddy_job_spec){
                                .kind = "work", .id = id, .key = key, .attempts = 1000, .backoff = eddy_ms(20)},
                            NULL);
                while (rc == EDDY_EJOBSAWAY);
                if (rc < 0)
                        return rc;
        }
        puts("enqueued");
        return 0;
}

static intptr_t app(void *arg)
{
        const struct arguments *arguments = arg;
        eddy_jobs *jobs;
        int rc, effects = arguments->effects
                              ? open(arguments->effects, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)
                              : -1;

        /* Where it fails at once somebody has to try again. */
        while ((rc = eddy_jobs_open(&jobs, arguments->store, NULL)) < 0)
                if (rc == -EINVAL || eddy_sleep(eddy_ms(20)) < 0)
                        break;
        if (rc == 0) {
                rc =
                    arguments->effects ? work(jobs, effects) : enqueue(jobs, arguments->count, arguments->keys);
                eddy_jobs_close(jobs);
        }
        if (rc < 0)
                fprintf(stderr, "chaos: %s\n", eddy_explain(rc));
        return rc;
}

int main(int argc, char **argv)
{
        bool enqueues = argc == 5 && strcmp(argv[2], "enqueue") == 0;
        struct arguments arguments = {
            .store = argv[1],
            .effects = enqueues ? NULL : argv[2],
            .count = enqueues ? atoi(argv[3]) : 0,
            .keys = enqueues ? atoi(argv[4]) : 0,
        };

        setvbuf(stdout, NULL, _IOLBF, 0);
        srand((unsigned)getpid());
        return eddy_run(app, &arguments) < 0;
}
