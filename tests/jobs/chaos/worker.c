/* What the chaos is made for. worker STORE EFFECTS does jobs, and writes to a file what it does; worker STORE enqueue FIRST COUNT KEYS
 * enqueues them from that one on, and says which it has.
 *
 * A job's id begins with what is to be seen by it: j, its key's order; y, a key that it yields; d, a delay; u, a unique name; p, it kills
 * its worker. Others are the schedule's. Lines of the file are
 *
 *         begin|effect|done|failed|snoozed|cancelled ID FENCE ATTEMPT MICROSECONDS
 *
 * in the order in which they were written, each in one step; the times are of the machine's monotonic clock. */
#include <eddy/jobs.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jobs/worker.h" /* the fence of a job is nobody's business but the store's, and ours */

struct arguments {
        const char *store, *effects;
        int first, count, keys;
};

static int effects = -1;

static int record(const eddy_job *job, const char *what)
{
        char line[EDDY_JOB_ID_SIZE + 100];
        size_t size = (size_t)snprintf(line, sizeof line, "%s %s %llu %d %lld\n", what, eddy_job_id(job),
                                       (unsigned long long)job->taken->fence, eddy_job_attempt(job),
                                       (long long)(eddy_now() / 1000));

        return write(effects, line, size) == (ssize_t)size ? 0 : -errno;
}

/* What comes of it, by chance. */
static int do_part(eddy_job *job)
{
        int rc, chance = rand() % 100;

        rc = eddy_sleep(eddy_ms(rand() % 60));
        if (rc < 0)
                return rc;
        if (*eddy_job_id(job) == 'p')
                kill(getpid(), SIGKILL);
        if (chance < 5)
                return eddy_fail(-EIO, "before its effect");
        rc = record(job, "effect");
        if (rc < 0)
                return rc;
        eddy_job_progress(job, 0.5, "after its effect");
        rc = eddy_sleep(eddy_ms(rand() % 60));
        if (rc < 0)
                return rc;
        if (chance < 10)
                return eddy_fail(-EIO, "after its effect");
        return chance < 12 ? eddy_job_snooze(job, eddy_ms(20)) : 0;
}

static int do_job(eddy_job *job, void *arg)
{
        int rc = record(job, "begin");

        (void)arg;
        if (rc == 0)
                rc = do_part(job);
        record(job, rc == 0                  ? "done"
                    : rc == EDDY_EJOBDECIDED ? "snoozed"
                    : rc == -EIO             ? "failed"
                                             : "cancelled");
        return rc;
}

static int work(eddy_jobs *jobs)
{
        eddy_job_worker_options options = {.concurrency = 8, .lease = eddy_seconds(1)};
        eddy_job_worker *worker;
        int rc = eddy_job_worker_create(&worker, jobs, &options);

        if (rc == 0)
                rc = eddy_job_worker_handle(worker, "work", do_job, NULL);
        puts("working");
        if (rc == 0)
                rc = eddy_job_worker_run(worker);
        eddy_job_worker_destroy(worker);
        return rc;
}

/* Who is not told that a job was enqueued says it again. */
static int enqueue(eddy_jobs *jobs, char kind, int number, eddy_job_spec spec)
{
        char id[16];
        eddy_job_added added;
        int rc;

        snprintf(id, sizeof id, "%c%d", kind, number);
        spec.kind = "work";
        spec.id = id;
        spec.attempts = spec.attempts ? spec.attempts : 1000;
        spec.backoff = eddy_ms(20);
        do
                rc = eddy_jobs_enqueue(jobs, &spec, &added);
        while (rc == EDDY_EJOBSAWAY);
        if (rc < 0)
                return rc;
        printf("%s %s\n", strcmp(added.id, id) == 0 ? "added" : "there", id);
        return added.was_there ? 0 : eddy_sleep(eddy_ms(20)); /* so that it goes on for a while */
}

static int enqueue_one(eddy_jobs *jobs, int i, int keys)
{
        char name[16];

        if (i % 200 == 37)
                return enqueue(jobs, 'p', i, (eddy_job_spec){.attempts = 3});
        if (i % 40 == 7)
                return enqueue(jobs, 'd', i, (eddy_job_spec){.delay = eddy_ms(i * 97 % 3000)});
        if (i % 40 == 17) {
                snprintf(name, sizeof name, "u%d", i / 40 % 3);
                return enqueue(jobs, 'u', i, (eddy_job_spec){.unique = name});
        }
        if (i % 20 == 9) {
                snprintf(name, sizeof name, "y%d", i / 20 % 2);
                return enqueue(jobs, 'y', i, (eddy_job_spec){.key = name, .yields_key = true});
        }
        snprintf(name, sizeof name, "k%d", i % keys);
        return enqueue(jobs, 'j', i, (eddy_job_spec){.key = name});
}

static int enqueue_all(eddy_jobs *jobs, const struct arguments *arguments)
{
        eddy_job_cron cron = {.name = "tick",
                              .expression = "@every 2s",
                              .missed = EDDY_JOB_MISSED_ALL,
                              .spec = {.kind = "work", .attempts = 1000, .backoff = eddy_ms(20)}};
        int rc;

        do
                rc = eddy_jobs_set_cron(jobs, &cron);
        while (rc == EDDY_EJOBSAWAY);
        for (int i = arguments->first; rc == 0 && i < arguments->count; i++)
                rc = enqueue_one(jobs, i, arguments->keys);
        return rc;
}

static intptr_t app(void *arg)
{
        const struct arguments *arguments = arg;
        eddy_jobs *jobs;
        int rc;

        if (arguments->effects)
                effects = open(arguments->effects, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        /* Where it fails at once somebody has to try again. */
        while ((rc = eddy_jobs_open(&jobs, arguments->store, NULL)) < 0)
                if (rc == -EINVAL || eddy_sleep(eddy_ms(20)) < 0)
                        break;
        if (rc == 0) {
                rc = arguments->effects ? work(jobs) : enqueue_all(jobs, arguments);
                eddy_jobs_close(jobs);
        }
        if (rc < 0)
                fprintf(stderr, "chaos: %s\n", eddy_explain(rc));
        return rc;
}

int main(int argc, char **argv)
{
        bool enqueues = argc == 6 && strcmp(argv[2], "enqueue") == 0;
        struct arguments arguments;

        if (argc < 3)
                return 2;
        arguments = (struct arguments){
            .store = argv[1],
            .effects = enqueues ? NULL : argv[2],
            .first = enqueues ? atoi(argv[3]) : 0,
            .count = enqueues ? atoi(argv[4]) : 0,
            .keys = enqueues ? atoi(argv[5]) : 0,
        };
        setvbuf(stdout, NULL, _IOLBF, 0);
        srand((unsigned)getpid());
        return eddy_run(app, &arguments) < 0;
}
