/* Looking at tasks from outside: where each stands, and what it waits for. */
#include "base/calls.h"
#include "base/log.h"
#include "base/misuse.h"
#include "task/task.h"
#include <eddy/debug.h>
#include <stdlib.h>

/** A trace of where a coroutine stands, made on its own stack. */
struct trace {
        void *frames[64];
        int count;
};

static void take_trace(void *arg)
{
        struct trace *trace = arg;

        trace->count = calls_take(trace->frames, sizeof trace->frames / sizeof trace->frames[0]);
}

static void trace_task(struct task *task, struct trace *trace)
{
        if (task == task_current())
                take_trace(trace);
        else if (task->coro.has_begun)
                coro_ask(task->future.loop, &task->coro, take_trace, trace);
}

/** Print a line a frame; how many. */
static int print_frames(struct task *task, FILE *out)
{
        struct trace trace = {.count = 0};

        trace_task(task, &trace);
        if (trace.count > 0) {
                calls_print(out, trace.frames, trace.count, 0);
                fputc('\n', out);
        }
        return trace.count;
}

int eddy_task_print_stack(eddy_task *task, FILE *out)
{
        if (!task || !task->is_task || task->is_done || task->loop != loop_running_here)
                return -EINVAL;
        fprintf(out, "task '%s', innermost frame first:\n", eddy_task_name(task));
        return print_frames(task_of(task), out);
}

int eddy_task_stack(eddy_task *future, void *frames[], size_t n)
{
        struct trace trace = {.count = 0};
        struct task *task = task_of(future);

        if (!future || !future->is_task || future->is_done || future->loop != loop_running_here)
                return -EINVAL;
        trace_task(task, &trace);
        if (n > (size_t)trace.count)
                n = (size_t)trace.count;
        for (size_t i = 0; i < n; i++)
                frames[i] = trace.frames[i];
        return (int)n;
}

static const char *state_of(const struct task *task)
{
        if (task == task_current())
                return "runs";
        if (!task->coro.has_begun)
                return "has not begun";
        return list_is_linked(&task->coro.resume.link) ? "is ready" : "waits";
}

int eddy_print_tasks(eddy_loop *loop, FILE *out)
{
        int count = 0;

        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        if (loop && loop != loop_running_here)
                return misuse(EDDY_EWRONGLOOP);
        loop = loop_running_here;
        if (!tasks_of(loop))
                return 0;
        for (eddy_link *link = tasks_of(loop)->all.next; link != &tasks_of(loop)->all; link = link->next) {
                struct task *task = container_of(link, struct task, all);
                const eddy_future *awaited = task_awaits(task);

                fprintf(out, "task '%s' %s", eddy_task_name(&task->future), state_of(task));
                if (awaited)
                        fprintf(out, " for %s%s%s", awaited->is_task ? "task '" : "a future",
                                awaited->is_task ? eddy_task_name(awaited) : "", awaited->is_task ? "'" : "");
                if (task->interruption)
                        fprintf(out, ", interrupted by %s", eddy_errname(task->interruption));
                fputs(task->coro.has_begun ? ", innermost frame first:\n" : "\n", out);
                print_frames(task, out);
                count++;
        }
        return count;
}

void *task_hold(eddy_handle *handle)
{
        struct coro *coro = coro_of(handle);

        if (!coro || coro->impl != &task_coro)
                return NULL;
        return eddy_ref(&container_of(coro, struct task, coro)->future);
}

static void tell_slow(eddy_task *task, eddy_duration took)
{
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return;
        fprintf(out, "task '%s' ran for %.3f s without giving way; it ", eddy_task_name(task),
                eddy_to_seconds(took));
        if (task->is_done) {
                fputs("has ended", out);
        } else {
                fputs("now stands at, innermost frame first:\n", out);
                print_frames(task_of(task), out);
        }
        if (fclose(out) == 0)
                log_text(EDDY_LOG_WARNING, text);
        free(text);
}

void task_let_go(void *held, eddy_duration took)
{
        eddy_task *task = held;

        if (took)
                tell_slow(task, took);
        eddy_unref(task);
}
