#include "task/future.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/misuse.h"
#include "loop/debug.h"
#include "task/task.h"
#include <eddy/context.h>
#include <stdlib.h>

/** A user's callback on a future. Freed when it runs, is removed, or its loop is closed. */
struct done_callback {
        struct waiter waiter;
        eddy_handle handle; /* scheduled when the future is done */
        struct loop_resource resource;
        eddy_future *future; /* holds a reference */
        eddy_done_callback callback;
        void *arg;
        struct context *context; /* in which it runs */
};

/** A result on its way from another thread. */
struct message {
        eddy_future *future; /* holds a reference */
        intptr_t result;
};

eddy_future *eddy_future_create(eddy_loop *loop)
{
        eddy_future *future;

        loop = loop_meant(loop);
        if (!loop) {
                eddy_fail(misuse(EDDY_ENOLOOP), "eddy_future_create() needs a loop: none runs in this thread");
                return NULL;
        }
        future = memory_alloc(sizeof *future);
        if (!future)
                return NULL;
        future_init(future, loop, 0, 1, false);
        if (loop->debug)
                debug_note_origin(loop, future);
        return future;
}

eddy_future *eddy_ref(eddy_future *future)
{
        if (future)
                future->references++;
        return future;
}

static void report_unseen_failure(const eddy_future *future)
{
        char message[256], detail[256], *origin = NULL;
        eddy_exception exception = {.message = message, .error = (int)future->result, .detail = detail};
        size_t size;
        FILE *out = future->loop->debug ? open_memstream(&origin, &size) : NULL;

        /* A copy: who is told may be told in the task itself, and fail on his part. */
        snprintf(detail, sizeof detail, "%s", future->detail ? future->detail->text : "");
        if (future->is_task)
                snprintf(message, sizeof message, "task '%s' failed and nobody looked", eddy_task_name(future));
        else
                snprintf(message, sizeof message, "a future failed and nobody looked");
        if (out) {
                debug_print_origin(future->loop, future, out);
                fclose(out);
        }
        exception.origin = origin;
        eddy_loop_call_exception_handler(future->loop, &exception);
        free(origin);
}

void future_free(eddy_future *future)
{
        eddy_loop *loop = future->loop;

        if (!future->was_looked_at && future->is_done && future_has_failed(future) &&
            future->result != EDDY_CANCELLED)
                report_unseen_failure(future);
        if (future->detail)
                memory_free(future->detail);
        if (future->is_task)
                task_free(future);
        else
                memory_free(future);
        loop_unref(loop);
}

void eddy_unref(eddy_future *future)
{
        if (future)
                future_unref(future);
}

void eddy_unref_all(eddy_future *const futures[], size_t n)
{
        for (size_t i = 0; i < n; i++)
                eddy_unref(futures[i]);
}

bool eddy_done(const eddy_future *future)
{
        return future && future->is_done;
}

bool eddy_cancelled(const eddy_future *future)
{
        return eddy_done(future) && future_failure(future) == EDDY_CANCELLED;
}

int eddy_future_result(eddy_future *future, intptr_t *result)
{
        if (!future)
                return -ENOMEM;
        if (!future->is_done)
                return EDDY_EINVALIDSTATE;
        future->was_looked_at = true;
        if (!result)
                return future_failure(future);
        *result = future->result;
        return 0;
}

void future_complete(eddy_future *future, intptr_t result)
{
        /* With a loop, all who could be told have ended: what is linked here lay on stacks that are no more. */
        if (future->loop->is_closed)
                list_init(&future->waiters);
        future_complete_in_loop(future, result);
}

int eddy_future_set_result(eddy_future *future, intptr_t result)
{
        if (!future)
                return -ENOMEM;
        if (future_is_elsewhere(future))
                return misuse(EDDY_EWRONGLOOP);
        if (future->is_done || future->is_task)
                return EDDY_EINVALIDSTATE;
        future_complete(future, result);
        return 0;
}

int eddy_future_exception(eddy_future *future)
{
        return eddy_future_result(future, NULL);
}

eddy_loop *eddy_future_loop(const eddy_future *future)
{
        return future ? future->loop : NULL;
}

int eddy_future_set_value(eddy_future *future, intptr_t value)
{
        if (future && !future->is_done && !future->is_task && !future_is_elsewhere(future))
                future->traits |= FUTURE_IS_VALUE;
        return eddy_future_set_result(future, value);
}

static void drop_message(void *arg)
{
        struct message *message = arg;

        eddy_unref(message->future);
        memory_free(message);
}

static void deliver(void *arg)
{
        struct message *message = arg;

        eddy_future_set_result(message->future, message->result);
        drop_message(message);
}

int eddy_future_set_result_threadsafe(eddy_future *future, intptr_t result)
{
        struct message *message;
        int rc;

        if (!future)
                return -ENOMEM;
        message = memory_alloc(sizeof *message);
        if (!message)
                return -ENOMEM;
        *message = (struct message){future, result};
        rc = inbox_send_owned(&future->loop->inbox, deliver, drop_message, message);
        if (rc < 0)
                memory_free(message);
        return rc;
}

static void destroy_done_callback(struct done_callback *entry)
{
        eddy_future *future = entry->future;

        context_unref(entry->context);
        memory_free(entry);
        eddy_unref(future);
}

static void free_done_callback(struct done_callback *entry)
{
        list_remove(&entry->resource.link);
        destroy_done_callback(entry);
}

static void run_done_callback(void *arg)
{
        struct done_callback *entry = arg;
        struct context_visit visit;

        context_enter(&visit, entry->context);
        entry->callback(entry->future, entry->arg);
        context_leave(&visit);
        free_done_callback(entry);
}

static void schedule_done_callback(struct waiter *waiter, eddy_future *future)
{
        struct done_callback *entry = container_of(waiter, struct done_callback, waiter);

        /* Whoever asked to be called is taken to look. */
        future->was_looked_at = true;
        eddy_call_soon(future->loop, &entry->handle, run_done_callback, entry);
}

static void drop_done_callback(struct loop_resource *resource)
{
        struct done_callback *entry = container_of(resource, struct done_callback, resource);

        if (list_is_linked(&entry->waiter.link))
                list_remove(&entry->waiter.link);
        eddy_handle_cancel(&entry->handle);
        destroy_done_callback(entry);
}

static int add_done_callback(eddy_future *future, eddy_done_callback callback, void *arg,
                             struct context *context)
{
        struct done_callback *entry;

        if (future->loop->is_closed)
                return misuse(EDDY_ELOOPCLOSED);
        entry = memory_zalloc(sizeof *entry);
        if (!entry)
                return -ENOMEM;
        entry->waiter.wake = schedule_done_callback;
        entry->resource.close = drop_done_callback;
        entry->future = eddy_ref(future);
        entry->callback = callback;
        entry->arg = arg;
        entry->context = context_ref(context);
        loop_add_resource(future->loop, &entry->resource);
        if (future->is_done)
                schedule_done_callback(&entry->waiter, future);
        else
                list_append(&future->waiters, &entry->waiter.link);
        return 0;
}

int eddy_future_add_done_callback(eddy_future *future, eddy_done_callback callback, void *arg)
{
        struct context *context;
        int rc;

        if (!future)
                return -ENOMEM;
        context = context_capture();
        rc = add_done_callback(future, callback, arg, context);
        context_unref(context);
        return rc;
}

int eddy_future_add_done_callback_in(eddy_future *future, eddy_context *context, eddy_done_callback callback,
                                     void *arg)
{
        return future && context ? add_done_callback(future, callback, arg, &context->base) : -ENOMEM;
}

size_t eddy_future_remove_done_callback(eddy_future *future, eddy_done_callback callback, void *arg)
{
        eddy_link *link;
        size_t removed = 0;

        if (!future || future->loop->is_closed)
                return 0;
        link = future->waiters.next;
        while (link != &future->waiters) {
                struct waiter *waiter = container_of(link, struct waiter, link);
                struct done_callback *entry = container_of(waiter, struct done_callback, waiter);

                link = link->next;
                if (waiter->wake != schedule_done_callback || entry->callback != callback || entry->arg != arg)
                        continue;
                list_remove(&waiter->link);
                free_done_callback(entry);
                removed++;
        }
        return removed;
}

bool eddy_cancel_with(eddy_future *future, const char *message)
{
        if (!future || future->is_done)
                return false;
        if (future_is_elsewhere(future)) {
                misuse(EDDY_EWRONGLOOP);
                return false;
        }
        if (future->is_task) {
                task_cancel(future, message);
        } else {
                if (message)
                        error_detail_set(&future->detail, EDDY_CANCELLED, message);
                future_complete(future, EDDY_CANCELLED);
        }
        return true;
}

bool eddy_cancel(eddy_future *future)
{
        return eddy_cancel_with(future, NULL);
}

static void stop_loop(struct waiter *waiter, eddy_future *future)
{
        (void)waiter;
        eddy_loop_stop(future->loop);
}

int eddy_loop_run_until_complete(eddy_loop *loop, eddy_future *future, intptr_t *result)
{
        struct waiter waiter = {.wake = stop_loop};
        int rc;

        if (!future)
                return -ENOMEM;
        loop = loop_meant(loop);
        if (!loop)
                return misuse(EDDY_ENOLOOP);
        if (future->loop != loop)
                return misuse(EDDY_EWRONGLOOP);
        if (loop->is_closed)
                return misuse(EDDY_ELOOPCLOSED);
        if (!future->is_done) {
                list_append(&future->waiters, &waiter.link);
                rc = eddy_loop_run_forever(loop);
                if (list_is_linked(&waiter.link))
                        list_remove(&waiter.link);
                if (rc < 0)
                        return rc;
                if (!future->is_done)
                        return EDDY_ESTOPPED;
        }
        error_detail_adopt(future->detail);
        return eddy_future_result(future, result);
}
