#include "file/request.h"

#include "executor/pool.h"

/** A task that waits for a thread to carry its request out. */
struct asking {
        struct wait wait;
        struct errand errand;
        struct task *task;
        struct file_request *request;
};

static void request_run(struct errand *errand)
{
        struct file_request *request = container_of(errand, struct asking, errand)->request;

        request->result = file_perform(request);
}

static void request_done(struct errand *errand)
{
        task_wake(container_of(errand, struct asking, errand)->task);
}

static void request_drop(struct errand *errand)
{
        file_discard(container_of(errand, struct asking, errand)->request);
}

/** A thread that has begun looks at the caller's memory until it is done, and is waited for. */
static bool take_back(struct wait *wait, struct task *task)
{
        if (!thread_pool_take_back(&container_of(wait, struct asking, wait)->errand))
                return false;
        task_wake(task);
        return true;
}

/** Have a request carried out and wait for that. */
static ssize_t ask(struct task *self, struct file_request *request,
                   bool (*interrupt)(struct wait *wait, struct task *task))
{
        struct asking asking = {
            .wait.interrupt = interrupt,
            .errand = {.run = request_run, .done = request_done, .drop = request_drop},
            .task = self,
            .request = request,
        };
        int rc;

        request->result = EDDY_CANCELLED;
        rc = thread_pool_submit(self->future.loop, POOL_FILES, &asking.errand);
        if (rc == 0)
                rc = task_wait(self, &asking.wait);
        return rc < 0 ? rc : request->result;
}

ssize_t file_ask(struct file_request *request)
{
        struct task *self;
        int rc = task_enter(&self);

        return rc < 0 ? rc : ask(self, request, take_back);
}

ssize_t file_ask_anyway(struct file_request *request)
{
        struct task *self = task_current();

        request->result = EDDY_CANCELLED;
        if (self)
                ask(self, request, task_keep_waiting);
        if (request->result == EDDY_CANCELLED) /* no thread has begun with it */
                request->result = file_perform(request);
        return request->result;
}
