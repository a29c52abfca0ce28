/*
 * A master and its workers: takes jobs off a Redis list, and never loses one: redis_workers PORT
 *
 *         redis-cli rpush jobs one two three
 *
 * A job that is taken moves to a second list, in the same step, and leaves it when its result is stored. So
 * whatever kills this program, the next one finds there what was taken and not finished. A job that was
 * finished but for its last step is done again: its work must bear that.
 *
 *         async def master(redis, queue):                          # asyncio and redis-py
 *                 while True:
 *                         job = await redis.blmove("jobs", "jobs:taken", 0)
 *                         await queue.put(job)
 *
 *         async def worker(redis, queue):
 *                 while True:
 *                         job = await queue.get()
 *                         await work(job)
 *                         await finish(redis, job)
 */
#include <eddy/redis.h>
#include <stdio.h>
#include <stdlib.h>

#define WORKERS 4

struct office {
        eddy_redis *redis;  /* shared by all */
        eddy_redis *taking; /* blocks, so it is the master's own */
        eddy_group workers;
        int busy;
        eddy_future *idle; /* completed when a worker ends; or NULL */
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
        office->busy--;
        if (office->idle)
                eddy_future_set_result(office->idle, 0);
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

/* Wait until fewer than so many are busy. */
static int wait_for_workers(struct office *office, int limit)
{
        int rc = 0;
        while (rc == 0 && office->busy >= limit) {
                office->idle = eddy_future_create(NULL);
                rc = eddy_join(office->idle, NULL);
                office->idle = NULL;
        }
        return rc;
}

static int hand_out(struct office *office)
{
        struct job job = {.office = office};
        int rc = wait_for_workers(office, WORKERS);
        if (rc == 0)
                rc = eddy_redis_command(office->taking, &job.text, "BLMOVE jobs jobs:taken LEFT RIGHT 0");
        if (rc == -ECONNRESET) { /* a job may have been taken for a reply that was lost */
                rc = wait_for_workers(office, 1);
                return rc < 0 ? rc : take_back(office);
        }
        if (rc < 0)
                return rc;
        office->busy++;
        rc = eddy_group_spawn(&office->workers, work, &job);
        if (rc < 0)
                freeReplyObject(job.text);
        return rc;
}

static int run_office(struct office *office)
{
        int rc = take_back(office);
        eddy_group_open(&office->workers);
        while (rc == 0)
                rc = hand_out(office);
        int failure = eddy_group_close(&office->workers);
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
