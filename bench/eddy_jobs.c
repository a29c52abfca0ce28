/* eddy's contestant in the rows of durable jobs, whose words are those of all contestants (docs/performance.md):
 *
 *     eddy_jobs URL fill COUNT                         enqueue so many, the fastest way
 *     eddy_jobs URL enqueue SECONDS BATCH TOGETHER     by so many tasks, so many in each call: prints how many, and the seconds
 *     eddy_jobs URL produce RATE SECONDS               so many a second as they are due; 0: as many as 16 tasks can
 *     eddy_jobs URL work COUNT CONCURRENCY             until so many have begun, or nothing has come for two seconds
 *
 * COUNT 0 is until it is killed. A worker prints for each job when it began and when it was enqueued, nanoseconds of one clock, and its memory at the end.
 */
#include "eddy_bench.h"
#include <eddy/jobs.h>

enum { FILL_BATCH = 1000, PAYLOAD = 64, TOGETHER = 16, SECOND = 1000000000 };

/* What a batch of specs needs. */
struct batch {
        eddy_job_spec specs[FILL_BATCH];
        char payloads[FILL_BATCH][PAYLOAD];
};

static struct {
        char **argv;
        eddy_jobs *jobs;
        long count, batch, next; /* of what is enqueued; `next` is how many are, or are about to be */
        long done;
        double rate;        /* of it a second; 0: at once */
        int64_t start, end; /* between which it is */
} bench;

struct begun {
        int64_t when, enqueued;
};

static struct {
        eddy_job_worker *self;
        struct begun *begun; /* room for `room` */
        long count, room, most;
        int64_t last;
} worker;

static int64_t now(void)
{
        struct timespec time;

        clock_gettime(CLOCK_MONOTONIC, &time);
        return time.tv_sec * SECOND + time.tv_nsec;
}

static int enqueue_some(struct batch *batch, long n)
{
        for (long i = 0; i < n; i++) {
                snprintf(batch->payloads[i], PAYLOAD, "%-*lld", PAYLOAD - 1, (long long)now());
                batch->specs[i] =
                    (eddy_job_spec){.kind = "bench", .payload = batch->payloads[i], .size = PAYLOAD - 1};
        }
        return eddy_jobs_enqueue_many(bench.jobs, batch->specs, (size_t)n, NULL);
}

/* Wait until the next one is due: whether there is one. */
static bool wait_until_due(void)
{
        int64_t due = bench.start + (int64_t)((double)bench.next / bench.rate * SECOND), wait = due - now();

        if (due >= bench.end)
                return false;
        bench.next++;
        if (wait > 0)
                eddy_sleep(eddy_seconds((double)wait / SECOND));
        return true;
}

static intptr_t enqueue(void *arg)
{
        struct batch *batch = calloc(1, sizeof *batch);
        long n;
        int rc = batch ? 0 : -ENOMEM;

        (void)arg;
        while (rc == 0 && bench.next < bench.count) {
                n = bench.batch < bench.count - bench.next ? bench.batch : bench.count - bench.next;
                if (bench.rate > 0 && !wait_until_due())
                        break;
                if (bench.rate <= 0)
                        bench.next += n;
                if (bench.rate <= 0 && now() >= bench.end)
                        break;
                rc = enqueue_some(batch, n);
                bench.done += n;
        }
        free(batch);
        return rc;
}

static int enqueue_together(long count, long batch, int together)
{
        eddy_group group;

        bench.count = count;
        bench.batch = batch;
        eddy_group_open(&group);
        for (int i = 0; i < together; i++)
                eddy_group_create_task(&group, enqueue, NULL, NULL);
        return eddy_group_close(&group);
}

static int measure_enqueue(char **words)
{
        double start = bench_now();
        int rc;

        bench.end = now() + (int64_t)(atof(words[0]) * SECOND);
        rc = enqueue_together(INT32_MAX, atol(words[1]), atoi(words[2]));
        printf("count %ld\nseconds %.6f\n", bench.done, bench_now() - start);
        return rc;
}

static int produce(char **words)
{
        bench.rate = atof(words[0]);
        bench.start = now();
        bench.end = bench.start + (int64_t)(atof(words[1]) * SECOND);
        return enqueue_together(INT32_MAX, 1, bench.rate > 0 ? 4 * TOGETHER : TOGETHER);
}

static int begin(eddy_job *job, void *arg)
{
        (void)arg;
        worker.last = now();
        if (worker.count < worker.room)
                worker.begun[worker.count] = (struct begun){worker.last, atoll(eddy_job_payload(job, NULL))};
        if (++worker.count == worker.most)
                eddy_job_worker_stop(worker.self);
        return 0;
}

/* Who has a colleague cannot know when all is done. */
static intptr_t end_when_idle(void *arg)
{
        (void)arg;
        worker.last = now() + 2 * (int64_t)SECOND;
        while (eddy_sleep(eddy_ms(100)) == 0 && now() - worker.last < 2 * (int64_t)SECOND)
                continue;
        eddy_job_worker_stop(worker.self);
        return 0;
}

static void print_memory(void)
{
        char line[128];
        FILE *status = fopen("/proc/self/status", "r");

        while (status && fgets(line, sizeof line, status))
                if (strncmp(line, "VmHWM:", 6) == 0)
                        printf("peak %ld\n", atol(line + 6) * 1024);
        if (status)
                fclose(status);
}

static int run_worker(void)
{
        eddy_task *idle = worker.most ? eddy_create_task(end_when_idle, NULL) : NULL;
        int rc = eddy_job_worker_run(worker.self);

        if (idle) {
                eddy_cancel(idle);
                eddy_join(idle, NULL);
        }
        return rc;
}

static int work(char **words)
{
        eddy_job_worker_options options = {.concurrency = (size_t)atol(words[1])};
        int rc;

        worker.most = atol(words[0]);
        worker.room = worker.most + 1000;
        worker.begun = malloc((size_t)worker.room * sizeof *worker.begun);
        rc = worker.begun ? eddy_job_worker_create(&worker.self, bench.jobs, &options) : -ENOMEM;
        if (rc == 0)
                rc = eddy_job_worker_handle(worker.self, "bench", begin, NULL);
        if (rc == 0) {
                puts("ready");
                fflush(stdout);
                rc = run_worker();
        }
        print_memory();
        for (long i = 0; rc == 0 && i < worker.count && i < worker.room; i++)
                printf("%lld %lld\n", (long long)worker.begun[i].when, (long long)worker.begun[i].enqueued);
        eddy_job_worker_destroy(worker.self);
        free(worker.begun);
        return rc;
}

static int fill(char **words)
{
        return enqueue_together(atol(words[0]), FILL_BATCH, 2);
}

static intptr_t run(void *arg)
{
        static const struct {
                const char *name;
                int (*run)(char **words);
        } modes[] = {{"fill", fill}, {"enqueue", measure_enqueue}, {"produce", produce}, {"work", work}};
        int rc = eddy_jobs_open(&bench.jobs, bench.argv[1], NULL);

        (void)arg;
        bench.end = INT64_MAX;
        for (size_t i = 0; rc == 0 && i < sizeof modes / sizeof *modes; i++)
                if (strcmp(bench.argv[2], modes[i].name) == 0)
                        rc = modes[i].run(bench.argv + 3);
        eddy_jobs_close(bench.jobs);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc < 4) {
                fprintf(stderr, "usage: %s URL fill|enqueue|produce|work NUMBER...\n", argv[0]);
                return 2;
        }
        bench.argv = argv;
        return bench_run(run, NULL);
}
