/*
 * A master and its workers: takes jobs off a Redis list, and never loses one: redis_workers PORT
 *
 *         redis-cli rpush jobs one two three
 *
 * A job that is taken moves to a second list, in the same step, and leaves it when its result is stored. So
 * whatever kills this program, the next one finds there what was taken and not finished. A job that was
 * finished but for its last step is done again: its work must bear that.
 *
 *         async with asyncio.TaskGroup() as workers:               # asyncio and redis-py
 *                 while True:
 *                         await places.acquire()                   # a semaphore
 *                         job = await redis.blmove("jobs", "jobs:taken", 0)
 *                         workers.create_task(work(job))           # releases its place
 */
#include <eddy/redis.h>
#include <stdio.h>
#include <stdlib.h>

#define WORKERS 4

struct office {
        eddy_redis *redis;  /* shared by all */
        eddy_redis *taking; /* blocks, so it is the master's own */
        eddy_group workers;
        eddy_semaphore places; /* for workers */
};

struct job {
        struct office *office;
        redisReply *text; /* the worker's */
};

/* Store the result and forget the job, both or neither. Doing it twice does no harm, so it can be tried again
 * when a broken connection leaves open whether it was done. */
static int finish(eddy_redis *redis, const redisReply *job)
{
        int rc;
        do {
                eddy_redis_pipeline pipeline;
                eddy_redis_pipeline_init(&pipeline, redis);
                eddy_redis_append(&pipeline, "MULTI");
                eddy_redis_append(&pipeline, "SADD jobs:done %b", job->str, job->len);
                eddy_redis_append(&pipeline, "LREM jobs:taken 1 %b", job->str, job->len);
                eddy_redis_append(&pipeline, "EXEC");
                do
                        rc = eddy_redis_get_reply(&pipeline, NULL);
                while (rc == 0);
                eddy_redis_pipeline_finish(&pipeline);
        } while (rc == -ECONNRESET);
        return rc == EDDY_ENOMORE ? 0 : rc;
}

static intptr_t work(void *arg)
{
        struct job *job = arg;
        struct office *office = job->office;

        int rc = eddy_sleep(eddy_ms(10)); /* the work itself */
        if (rc == 0)
                rc = finish(office->redis, job->text);
        if (rc == 0)
                printf("done: %s\n", job->text->str);
        freeReplyObject(job->text);
        eddy_semaphore_release(&office->places);
        return rc;
}

/* What an earlier life took and did not finish goes back to the front of the list, in its order. */
static int take_back(struct office *office)
{
        for (int count = 0;; count++) {
                redisReply *job;
                int rc = eddy_redis_command(office->redis, &job, "LMOVE jobs:taken jobs RIGHT LEFT");
                if (rc == -ECONNRESET)
                        continue;
                if (rc < 0)
                        return rc;
                bool is_last = job->type == REDIS_REPLY_NIL;
                freeReplyObject(job);
                if (is_last) {
                        if (count > 0)
                                printf("taken back: %d\n", count);
                        return 0;
                }
        }
}

/* A job may have been taken for a reply that was lost: when no worker has one, all that are taken are lost ones. */
static int take_back_when_idle(struct office *office)
{
        int held = 0, rc = 0;
        while (rc == 0 && held < WORKERS) {
                rc = eddy_semaphore_acquire(&office->places);
                held += rc == 0;
        }
        if (rc == 0)
                rc = take_back(office);
        while (held-- > 0)
                eddy_semaphore_release(&office->places);
        return rc;
}

/* No job is taken before there is a worker for it. */
static int hand_out(struct office *office)
{
        struct job job = {.office = office};
        int rc = eddy_semaphore_acquire(&office->places);
        if (rc < 0)
                return rc;
        rc = eddy_redis_command(office->taking, &job.text, "BLMOVE jobs jobs:taken LEFT RIGHT 0");
        if (rc == 0)
                rc = eddy_group_spawn(&office->workers, work, &job);
        if (rc == 0)
                return 0;
        if (job.text)
                freeReplyObject(job.text);
        eddy_semaphore_release(&office->places);
        return rc == -ECONNRESET ? take_back_when_idle(office) : rc;
}

static int run_office(struct office *office)
{
        int rc = take_back(office);
        eddy_semaphore_init(&office->places, WORKERS);
        eddy_group_open(&office->workers);
        while (rc == 0)
                rc = hand_out(office);
        int failure = eddy_group_close(&office->workers);
        eddy_semaphore_finish(&office->places);
        return failure < 0 ? failure : rc;
}

static intptr_t app(void *port)
{
        struct office office = {0};
        eddy_redis_options options = {.port = (uint16_t)atoi(port)};
        int rc = eddy_redis_connect(&office.redis, &options);
        if (rc == 0)
                rc = eddy_redis_connect(&office.taking, &options);
        if (rc == 0)
                rc = run_office(&office);
        if (rc < 0 && rc != EDDY_CANCELLED)
                fprintf(stderr, "redis_workers: %s\n", eddy_explain(rc));
        eddy_redis_destroy(office.taking);
        eddy_redis_destroy(office.redis);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc != 2) {
                fprintf(stderr, "usage: %s PORT\n", argv[0]);
                return 2;
        }
        setvbuf(stdout, NULL, _IOLBF, 0);
        intptr_t rc = eddy_run(app, argv[1]);
        return rc < 0 && rc != EDDY_CANCELLED; /* Ctrl-C is how it ends */
}
