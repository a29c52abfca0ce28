/* Threads: calls of the default executor and of others, coroutines sent to another loop. */
#include "scenarios.h"

#include <errno.h>
#include <semaphore.h>
#include <unistd.h>

static intptr_t add_one(void *arg)
{
        return *(int *)arg + 1;
}

static intptr_t fail_in_words(void *arg)
{
        (void)arg;
        return eddy_fail(-EDOM, "out of range");
}

static intptr_t doze(void *arg)
{
        (void)arg;
        usleep(200);
        return 0;
}

static intptr_t in_thread(void *arg)
{
        static int one = 1;
        intptr_t result = 0;
        int rc = eddy_to_thread(add_one, &one, &result);

        (void)arg;
        if (rc == 0)
                rc = eddy_to_thread_spawn(add_one, &result, &(int){result == 2 ? 2 : 0});
        if (rc == 0)
                rc = result == 3 ? eddy_to_thread(fail_in_words, NULL, &result) : -EPROTO;
        return rc;
}

static intptr_t lending_to_thread(void *arg)
{
        int on_stack = 1, rc;

        (void)arg;
        EDDY_SHIELD_SCOPE
                rc = eddy_to_thread(add_one, &on_stack, NULL);
        return rc < 0 ? rc : eddy_yield();
}

static intptr_t in_own_executor(void *arg)
{
        eddy_executor *executor;
        eddy_future *calls[3];
        int rc = eddy_executor_create(&executor, &(eddy_executor_options){.max_threads = 1});

        (void)arg;
        if (rc < 0)
                return rc;
        for (int i = 0; i < 3; i++)
                calls[i] = eddy_run_in_executor(NULL, executor, doze, NULL);
        rc = eddy_gather(calls, 3, NULL, 0);
        for (int i = 0; i < 3; i++)
                eddy_unref(calls[i]);
        eddy_executor_destroy(executor);
        return rc;
}

static intptr_t shutting_down(void *arg)
{
        eddy_future *call = eddy_run_in_executor(NULL, NULL, doze, NULL);
        int rc = eddy_shutdown_default_executor(EDDY_FOREVER);

        (void)arg;
        eddy_unref(call);
        return rc;
}

/** A coroutine for another loop, which is held back until somebody here waits for it. */
struct held_back {
        eddy_loop_thread *thread;
        eddy_remote *remote;
        eddy_handle releaser;
        sem_t gate;
};

static intptr_t pass_gate(void *arg)
{
        struct held_back *held = arg;

        while (sem_wait(&held->gate) < 0 && errno == EINTR)
                ;
        return eddy_yield();
}

static void open_gate(void *arg)
{
        struct held_back *held = arg;

        sem_post(&held->gate);
}

static int hold_back(struct held_back *held)
{
        int rc = eddy_loop_thread_start(&held->thread, NULL);

        if (rc < 0)
                return rc;
        sem_init(&held->gate, 0, 0);
        held->remote = eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(held->thread), pass_gate, held);
        return eddy_call_soon(eddy_running_loop(), &held->releaser, open_gate, held);
}

static void let_go(struct held_back *held)
{
        eddy_handle_cancel(&held->releaser);
        sem_post(&held->gate);
        eddy_loop_thread_destroy(held->thread);
        eddy_remote_release(held->remote);
        sem_destroy(&held->gate);
}

static intptr_t in_other_loop(void *arg)
{
        struct held_back held = {0};
        intptr_t result = 0;
        int rc = hold_back(&held);

        (void)arg;
        if (rc == 0)
                rc = eddy_remote_await(held.remote, &result);
        if (held.thread)
                let_go(&held);
        return rc < 0 ? rc : result;
}

static intptr_t followed_by_a_future(void *arg)
{
        struct held_back held = {0};
        intptr_t result = 0;
        int rc = hold_back(&held);

        (void)arg;
        if (rc == 0)
                rc = eddy_join(eddy_wrap_remote(held.remote), &result);
        if (held.thread)
                let_go(&held);
        return rc < 0 ? rc : result;
}

const struct scenario scenarios[] = {
    {"in_thread", in_thread},
    {"lending_to_thread", lending_to_thread},
    {"in_own_executor", in_own_executor},
    {"shutting_down", shutting_down},
    {"in_other_loop", in_other_loop},
    {"followed_by_a_future", followed_by_a_future},
    {NULL, NULL},
};
