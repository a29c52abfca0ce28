#include "file/request.h"

#include "base/misuse.h"
#include "thread/pool.h"

/** A task that waits for a thread to carry its request out. */
struct asking {
        struct wait wait;
        struct thread_job job;
        struct task *task;
        struct file_request *request;
};

static void work(struct thread_job *job)
{
        struct file_request *request = container_of(job, struct asking, job)->request;

        request->result = file_perform(request);
}

static void done(struct thread_job *job)
{
        task_wake(container_of(job, struct asking, job)->task);
}

static void drop(struct thread_job *job)
{
        file_discard(container_of(job, struct asking, job)->request);
}

/** A thread that has begun looks at the caller's memory until it is done, and is waited for. */
static bool take_back(struct wait *wait, struct task *task)
{
        if (!thread_pool_take_back(task->future.loop, &container_of(wait, struct asking, wait)->job))
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
            .job = {.work = work, .done = done, .drop = drop},
            .task = self,
            .request = request,
        };
        int rc;

        request->result = EDDY_CANCELLED;
        rc = thread_pool_submit(self->future.loop, &asking.job);
        if (rc == 0)
                rc = task_wait(self, &asking.wait);
        return rc < 0 ? rc : request->result;
}

ssize_t file_ask(struct file_request *request)
{
        struct task *self = task_current();

        if (!self)
                return misuse(EDDY_ENOTASK);
        if (self->interruption)
                return self->interruption;
        return ask(self, request, take_back);
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
