/* eddy in the rows thread_round_trip and to_thread. */
#include "eddy_bench.h"
#include <pthread.h>

#define ROUND_TRIPS 100000

/* One of two loops, each in a thread of its own, that send each other a callback. */
typedef struct side {
        struct side *other;
        eddy_loop *loop;
        eddy_handle handle;
        long left; /* times that it still answers */
} side;

static void answer(void *arg)
{
        side *self = arg;

        if (self->left-- > 0)
                eddy_call_soon_threadsafe(self->other->loop, &self->other->handle, answer, self->other);
        else
                eddy_loop_stop(self->loop);
}

static void *run(void *arg)
{
        side *self = arg;

        eddy_loop_run_forever(self->loop);
        return NULL;
}

static int thread_round_trip(void)
{
        side here = {.left = ROUND_TRIPS}, there = {.left = ROUND_TRIPS};
        pthread_t thread;

        here.other = &there;
        there.other = &here;
        if (eddy_loop_create(&here.loop) < 0 || eddy_loop_create(&there.loop) < 0 ||
            pthread_create(&thread, NULL, run, &there) != 0)
                return -1;
        bench_check_backend(here.loop);
        double start = bench_now();
        eddy_call_soon(here.loop, &here.handle, answer, &here);
        run(&here);
        double seconds = bench_now() - start;
        eddy_call_soon_threadsafe(there.loop, NULL, (eddy_callback)eddy_loop_stop, there.loop);
        pthread_join(thread, NULL);
        eddy_loop_destroy(here.loop);
        eddy_loop_destroy(there.loop);
        bench_each("thread_round_trip", seconds, ROUND_TRIPS);
        return 0;
}

static intptr_t do_nothing(void *arg)
{
        return (intptr_t)arg;
}

static intptr_t to_thread(void *arg)
{
        (void)arg;
        double start = bench_now();
        for (long i = 0; i < ROUND_TRIPS; i++) {
                int rc = eddy_to_thread(do_nothing, NULL, NULL);
                if (rc < 0)
                        return rc;
        }
        bench_each("to_thread", bench_now() - start, ROUND_TRIPS);
        return 0;
}

int main(int argc, char **argv)
{
        int status = 0;

        if (bench_wants(argc, argv, "thread_round_trip"))
                status = thread_round_trip() < 0;
        if (status == 0 && bench_wants(argc, argv, "to_thread"))
                status = bench_run(to_thread, NULL);
        return status;
}
