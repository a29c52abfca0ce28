#include "thread/loop_thread.h"

#include "base/memory.h"
#include "base/sys.h"
#include "executor/start.h"
#include "loop/loop.h"
#include <eddy/run.h>
#include <stdio.h>

struct eddy_loop_thread {
        pthread_t thread;
        eddy_loop *loop; /* a reference, so that it is there for who comes late; closed when the thread ends */
        char name[THREAD_NAME_SIZE];
        int processor, worker_index;
        pthread_mutex_t lock;
        pthread_cond_t begun;
        /* Under the lock: */
        bool has_begun, is_interrupted, is_joined;
        int error; /* why it could not begin, or for which its loop ended by itself */

        /* The thread's: */
        eddy_future *stop; /* the main coroutine waits for it; NULL when it has ended */
        eddy_handle stopper;
};

__thread int worker_index_here = -1;

int eddy_worker_index(void)
{
        return worker_index_here;
}

int thread_pin(int processor)
{
        cpu_set_t only;

        if (processor == 0)
                return 0;
        if (processor < 0 || processor > CPU_SETSIZE)
                return -EINVAL;
        CPU_ZERO(&only);
        CPU_SET((size_t)processor - 1, &only);
        return sys_set_affinity(&only);
}

static intptr_t wait_for_stop(void *arg)
{
        eddy_loop_thread *self = arg;
        int rc = eddy_await(self->stop, NULL);

        eddy_unref(self->stop);
        self->stop = NULL;
        return rc;
}

static void stop(void *arg)
{
        eddy_loop_thread *self = arg;

        if (self->stop)
                eddy_future_set_result(self->stop, 0);
}

/** Tell who started this thread how that went. */
static void tell(eddy_loop_thread *self, int rc)
{
        pthread_mutex_lock(&self->lock);
        self->error = rc;
        self->has_begun = true;
        pthread_cond_signal(&self->begun);
        pthread_mutex_unlock(&self->lock);
}

static int prepare(eddy_loop_thread *self, eddy_runner *runner)
{
        int rc = thread_pin(self->processor);

        if (rc == 0)
                rc = eddy_runner_init(runner, &(eddy_runner_options){.ignores_sigint = true});
        if (rc < 0)
                return rc;
        self->stop = eddy_future_create(eddy_runner_loop(runner));
        if (!self->stop) {
                eddy_runner_finish(runner);
                return -ENOMEM;
        }
        self->loop = eddy_runner_loop(runner);
        loop_ref(self->loop);
        return 0;
}

static void *run(void *arg)
{
        eddy_loop_thread *self = arg;
        eddy_runner runner;
        int rc = prepare(self, &runner);

        thread_set_name(self->name);
        worker_index_here = self->worker_index;
        tell(self, rc);
        if (rc < 0)
                return NULL;
        rc = (int)eddy_runner_run(&runner, wait_for_stop, self);
        eddy_runner_finish(&runner);
        eddy_unref(self->stop); /* where there was no memory for a main coroutine */
        return (void *)(intptr_t)rc;
}

static void destroy(eddy_loop_thread *self)
{
        pthread_cond_destroy(&self->begun);
        pthread_mutex_destroy(&self->lock);
        memory_free(self);
}

int loop_thread_start(eddy_loop_thread **created, const eddy_loop_thread_options *options, int worker_index)
{
        eddy_loop_thread *self = memory_zalloc(sizeof *self);
        int rc;

        if (!self)
                return -ENOMEM;
        snprintf(self->name, sizeof self->name, "%s", options->name ? options->name : "eddy-loop");
        self->processor = options->processor;
        self->worker_index = worker_index;
        pthread_mutex_init(&self->lock, NULL);
        pthread_cond_init(&self->begun, NULL);
        rc = thread_start(&self->thread, options->stack_size, run, self);
        if (rc < 0) {
                destroy(self);
                return rc;
        }
        pthread_mutex_lock(&self->lock);
        while (!self->has_begun)
                pthread_cond_wait(&self->begun, &self->lock);
        rc = self->error;
        pthread_mutex_unlock(&self->lock);
        if (rc < 0) {
                pthread_join(self->thread, NULL);
                destroy(self);
                return rc;
        }
        *created = self;
        return 0;
}

int eddy_loop_thread_start(eddy_loop_thread **thread, const eddy_loop_thread_options *options)
{
        static const eddy_loop_thread_options defaults;

        return loop_thread_start(thread, options ? options : &defaults, -1);
}

eddy_loop *eddy_loop_thread_loop(const eddy_loop_thread *thread)
{
        return thread->loop;
}

void loop_thread_interrupt(eddy_loop_thread *self)
{
        pthread_mutex_lock(&self->lock);
        /* Refused only where the loop has ended by itself. */
        if (!self->is_interrupted)
                eddy_call_soon_threadsafe(self->loop, &self->stopper, stop, self);
        self->is_interrupted = true;
        pthread_mutex_unlock(&self->lock);
}

int eddy_loop_thread_stop(eddy_loop_thread *self)
{
        int rc;

        if (loop_running_here == self->loop)
                return misuse(EDDY_EWRONGLOOP);
        loop_thread_interrupt(self);
        pthread_mutex_lock(&self->lock);
        if (!self->is_joined) {
                void *result;

                pthread_join(self->thread, &result);
                self->is_joined = true;
                self->error = (int)(intptr_t)result;
        }
        rc = self->error;
        pthread_mutex_unlock(&self->lock);
        return rc;
}

void eddy_loop_thread_destroy(eddy_loop_thread *self)
{
        if (!self)
                return;
        eddy_loop_thread_stop(self);
        loop_unref(self->loop);
        destroy(self);
}
