/* libuv in the rows thread_round_trip and to_thread: uv_async_send() between two loops, and uv_queue_work(). */
#include "../bench.h"
#include <uv.h>

#define ROUND_TRIPS 30000

/* One of two loops, each in a thread of its own, that send each other a callback. */
typedef struct side {
        struct side *other;
        uv_loop_t loop;
        uv_async_t async;
        long left; /* times that it still answers */
} side;

static void answer(uv_async_t *async)
{
        side *self = async->data;

        if (self->left-- > 0)
                uv_async_send(&self->other->async);
        else
                uv_stop(&self->loop);
}

static void run(void *arg)
{
        side *self = arg;

        uv_run(&self->loop, UV_RUN_DEFAULT);
}

static int side_init(side *self, side *other)
{
        self->other = other;
        self->left = ROUND_TRIPS;
        self->async.data = self;
        if (uv_loop_init(&self->loop) < 0)
                return -1;
        return uv_async_init(&self->loop, &self->async, answer);
}

static int thread_round_trip(void)
{
        static side here, there;
        uv_thread_t thread;

        if (side_init(&here, &there) < 0 || side_init(&there, &here) < 0 ||
            uv_thread_create(&thread, run, &there) < 0)
                return -1;
        double start = bench_now();
        uv_async_send(&here.async);
        run(&here);
        bench_each("thread_round_trip", bench_now() - start, ROUND_TRIPS);
        there.left = 0;
        uv_async_send(&there.async);
        uv_thread_join(&thread);
        return 0;
}

/* One job after the other. */
static long jobs_left;

static void work(uv_work_t *job)
{
        (void)job;
}

static void done(uv_work_t *job, int status)
{
        (void)status;
        if (--jobs_left > 0)
                uv_queue_work(job->loop, job, work, done);
}

static int to_thread(void)
{
        uv_loop_t *loop = uv_default_loop();
        uv_work_t job;

        jobs_left = ROUND_TRIPS;
        double start = bench_now();
        if (uv_queue_work(loop, &job, work, done) < 0 || uv_run(loop, UV_RUN_DEFAULT) != 0)
                return -1;
        bench_each("to_thread", bench_now() - start, ROUND_TRIPS);
        return 0;
}

int main(int argc, char **argv)
{
        int rc = 0;

        if (bench_wants(argc, argv, "thread_round_trip"))
                rc = thread_round_trip();
        if (rc == 0 && bench_wants(argc, argv, "to_thread"))
                rc = to_thread();
        return rc < 0;
}
