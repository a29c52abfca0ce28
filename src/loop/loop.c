/* The event loop: ask the backend, let timers fall due, run what is ready; again. */
#include "loop/loop.h"

#include "base/memory.h"
#include "base/misuse.h"
#include "loop/debug.h"
#include "loop/signal.h"

__thread eddy_loop *loop_running_here;
__thread struct coro *coro_running_here;
static __thread eddy_loop *loop_set_here;

/** In a forked child: the loop that the forking code was called by has nothing more to do here. */
static void begin_anew(void)
{
        if (loop_running_here) {
                list_splice(&loop_running_here->stranded, loop_running_here->running);
                list_splice(&loop_running_here->stranded, loop_running_here->ready);
                list_splice(&loop_running_here->stranded, &loop_running_here->last);
                list_splice(&loop_running_here->stranded, &loop_running_here->come);
        }
        loop_running_here = loop_set_here = NULL;
        coro_running_here = NULL;
        signal_forget_all();
}

int eddy_loop_create(eddy_loop **created)
{
        eddy_loop *loop;
        int rc = fork_watch(begin_anew);

        if (rc < 0)
                return rc;
        loop = memory_alloc(sizeof *loop);
        if (!loop)
                return -ENOMEM;
        memset(loop, 0, offsetof(struct eddy_loop, timers));
        list_init(loop->running = &loop->queues[0]);
        list_init(loop->ready = &loop->queues[1]);
        list_init(&loop->last);
        list_init(&loop->come);
        list_init(&loop->resources);
        list_init(&loop->signal_watches);
        list_init(&loop->stranded);
        loop->references = 1;
        loop->handles_a_poll = LOOP_HANDLES_A_POLL;
        loop->executor_timeout = LOOP_EXECUTOR_TIMEOUT;
        loop->now = eddy_now();
        timer_wheel_init(&loop->timers, loop->now);
        rc = backend_create(&loop->backend, &loop->ready);
        if (rc < 0) {
                memory_free(loop);
                return rc;
        }
        inbox_init(&loop->inbox, loop->backend);
        if (misuse_env_wants_debug())
                eddy_loop_set_debug(loop, true);
        *created = loop;
        return 0;
}

/** Handles that the loop allocated are freed; the others are their owners'. */
static void drop_all(eddy_link *list)
{
        eddy_link *link;

        while ((link = list_pop(list)))
                inbox_free_owned(container_of(link, eddy_handle, link));
}

void loop_add_resource(eddy_loop *loop, struct loop_resource *resource)
{
        list_append(&loop->resources, &resource->link);
        if (loop->debug && resource->what)
                debug_note_origin(loop, resource);
}

void loop_add_first_resource(eddy_loop *loop, struct loop_resource *resource)
{
        list_prepend(&loop->resources, &resource->link);
}

int eddy_loop_close(eddy_loop *loop)
{
        loop = loop_meant(loop);
        if (!loop)
                return misuse(EDDY_ENOLOOP);
        if (loop->is_running)
                return misuse(EDDY_ELOOPRUNNING);
        if (loop->is_closed)
                return 0;
        loop->is_closing = true;
        while (!list_is_empty(&loop->resources)) {
                struct loop_resource *resource =
                    container_of(list_pop(&loop->resources), struct loop_resource, link);

                if (loop->debug && resource->what)
                        debug_warn_left(loop, resource, resource->what, NULL);
                resource->close(resource);
        }
        signal_remove_all(loop);
        loop->is_closed = true;
        inbox_close(&loop->inbox, loop->ready);
        timer_wheel_drain(&loop->timers, loop->ready);
        drop_all(loop->running);
        drop_all(loop->ready);
        drop_all(&loop->last);
        drop_all(&loop->come);
        drop_all(&loop->stranded);
        for (int room = LOOP_ROOMS - 1; room >= 0; room--)
                if (loop->tenants[room].kept && loop->tenants[room].impl->close)
                        loop->tenants[room].impl->close(loop);
        backend_destroy(loop->backend);
        loop->backend = NULL;
        if (loop_set_here == loop)
                loop_set_here = NULL;
        return 0;
}

void loop_free(eddy_loop *loop)
{
        for (int room = LOOP_ROOMS - 1; room >= 0; room--)
                if (loop->tenants[room].kept && loop->tenants[room].impl->free)
                        loop->tenants[room].impl->free(loop);
        debug_free(loop);
        memory_free(loop);
}

void eddy_loop_destroy(eddy_loop *loop)
{
        if (!loop || eddy_loop_close(loop) < 0)
                return;
        loop_unref(loop);
}

static bool has_mail(void *inbox)
{
        return !inbox_is_empty(inbox);
}

/** Whether mail comes while the loop spins for it, which it does only where that is promising. */
static bool spin_for_mail(eddy_loop *loop)
{
        return loop->spin.is_promising &&
               spin_until(&loop->spin, has_mail, &loop->inbox, timer_wheel_timeout(&loop->timers, eddy_now()));
}

/** What belongs to the end of an iteration; see loop_schedule_last(). */
static void run_last(eddy_loop *loop)
{
        eddy_link *link;

        while ((link = list_pop(&loop->last))) {
                eddy_handle *handle = container_of(link, eddy_handle, link);

                handle->callback(handle->arg);
        }
}

/** Have the backend wait, the host knowing of it. */
static int wait_as_guest(eddy_loop *loop, eddy_duration timeout)
{
        const eddy_host *host = loop->host;
        int rc;

        if (host->before_wait)
                host->before_wait(loop->host_arg);
        rc = loop->backend->impl->wait(loop->backend, timeout);
        if (host->after_wait)
                host->after_wait(loop->host_arg);
        return rc;
}

/** Collect events and due timers; wait for them where nothing is ready. */
static int poll_backend(eddy_loop *loop)
{
        struct inbox *inbox = &loop->inbox;
        eddy_duration timeout = 0;
        eddy_time begun = 0;
        int rc;

        if (!loop_has_ready(loop) && !loop->is_stopping && !has_mail(inbox) && !spin_for_mail(loop) &&
            inbox_begin_sleep(inbox)) {
                begun = eddy_now();
                timeout = timer_wheel_timeout(&loop->timers, begun);
        }
        if (__builtin_expect(
                loop->host && (timeout || loop->iteration % LOOP_TURNS_A_BREAK == LOOP_TURNS_A_BREAK - 1), 0))
                rc = wait_as_guest(loop, timeout);
        else
                rc = loop->backend->impl->wait(loop->backend, timeout);
        loop->now = eddy_now();
        if (begun) {
                inbox_end_sleep(inbox);
                if (!loop->host)
                        spin_slept(&loop->spin, loop->now - begun, has_mail(inbox));
        }
        list_splice(loop->ready, &loop->come);
        inbox_drain(inbox, loop->ready);
        if (inbox_has_news(inbox))
                signal_deliver(loop);
        timer_wheel_expire(&loop->timers, loop->now, loop->ready);
        loop->ran = 0;
        return rc;
}

static int run_iteration(eddy_loop *loop)
{
        eddy_handle *handle;
        int rc;

        run_last(loop); /* of what ran before, or was called while the loop did not run */
        rc = poll_backend(loop);
        loop->iteration++;
        if (rc < 0 || loop->is_leaving)
                return rc;
        loop_turn_over(loop);
        while (loop_find_next(loop, &handle)) {
                loop_take_next(loop);
                if (__builtin_expect(loop->debug != NULL, 0))
                        debug_run(loop, handle);
                else
                        handle->callback(handle->arg);
        }
        return 0;
}

int eddy_loop_run_forever(eddy_loop *loop)
{
        int rc;

        loop = loop_meant(loop);
        if (!loop)
                return misuse(EDDY_ENOLOOP);
        if (loop->is_closed)
                return misuse(EDDY_ELOOPCLOSED);
        if (loop->is_running || loop_running_here)
                return misuse(EDDY_ELOOPRUNNING);
        if (loop_is_inherited(loop))
                return misuse(EDDY_EWRONGLOOP);
        loop->is_running = true;
        loop_running_here = loop;
        do
                rc = run_iteration(loop);
        while (rc == 0 && !loop->is_stopping);
        run_last(loop);
        if (loop->backend->impl->rest)
                loop->backend->impl->rest(loop->backend);
        loop->is_stopping = loop->is_leaving = false;
        loop->is_running = false;
        loop_running_here = NULL;
        return rc;
}

void eddy_loop_stop(eddy_loop *loop)
{
        loop = loop_meant(loop);
        /* To tell of it, in debug mode: from another thread it is a race. */
        if (loop_check(loop) == EDDY_ENOLOOP)
                return;
        loop->is_stopping = true;
}

int eddy_loop_set_host(eddy_loop *loop, const eddy_host *host, void *arg)
{
        int rc = loop_check_open(loop = loop_meant(loop));

        if (rc < 0)
                return rc;
        if (loop->is_running)
                return misuse(EDDY_ELOOPRUNNING);
        loop->host = host;
        loop->host_arg = arg;
        loop->handles_a_poll = host ? 0 : LOOP_HANDLES_A_POLL;
        loop->spin.is_promising = false;
        return 0;
}

void eddy_loop_leave(eddy_loop *loop)
{
        eddy_link *left;

        loop = loop_meant(loop);
        if (loop_check(loop) < 0 || !loop->is_running)
                return;
        loop->is_leaving = loop->is_stopping = true;
        left = loop->running;
        list_splice(left, loop->ready);
        loop->running = loop->ready;
        loop->ready = left;
}

bool eddy_loop_is_running(const eddy_loop *loop)
{
        loop = loop_meant(loop);
        return loop && loop->is_running;
}

bool eddy_loop_is_closed(const eddy_loop *loop)
{
        loop = loop_meant(loop);
        return !loop || loop->is_closed;
}

eddy_time eddy_loop_time(const eddy_loop *loop)
{
        loop = loop_meant(loop);
        return loop && loop->is_running && !loop->host ? loop->now : eddy_now();
}

const char *eddy_loop_backend(const eddy_loop *loop)
{
        loop = loop_meant(loop);
        return !loop || loop->is_closed ? "closed" : loop->backend->impl->name;
}

const char *eddy_loop_backend_reason(const eddy_loop *loop)
{
        loop = loop_meant(loop);
        if (!loop)
                return "there is no loop in this thread";
        return loop->is_closed ? "the loop is closed" : loop->backend->reason;
}

eddy_loop *eddy_running_loop(void)
{
        return loop_running_here;
}

eddy_loop *eddy_get_loop(void)
{
        return loop_running_here ? loop_running_here : loop_set_here;
}

void eddy_set_loop(eddy_loop *loop)
{
        loop_set_here = loop;
}

int eddy_call_soon(eddy_loop *loop, eddy_handle *handle, eddy_callback callback, void *arg)
{
        int rc = loop_check(loop = loop_meant(loop));

        if (rc < 0)
                return rc;
        if (!handle)
                return inbox_schedule_owned(loop, NULL, callback, arg);
        eddy_handle_cancel(handle);
        handle->callback = callback;
        handle->arg = arg;
        loop_schedule(loop, handle);
        return 0;
}

bool eddy_handle_pending(const eddy_handle *handle)
{
        return list_is_linked(&handle->link);
}

bool eddy_handle_cancel(eddy_handle *handle)
{
        if (!list_is_linked(&handle->link))
                return false;
        if (inbox_holds(handle))
                inbox_fetch(handle);
        list_remove(&handle->link);
        return true;
}

static int set_watch(eddy_loop *loop, int fd, enum watch_direction direction, eddy_callback callback, void *arg)
{
        int rc = loop_check(loop = loop_meant(loop));

        if (rc < 0)
                return rc;
        return loop->backend->impl->watch(loop->backend, fd, direction, callback, arg);
}

int eddy_add_reader(eddy_loop *loop, int fd, eddy_callback callback, void *arg)
{
        int rc = set_watch(loop, fd, WATCH_READ, callback, arg);

        return rc < 0 ? rc : 0;
}

int eddy_add_writer(eddy_loop *loop, int fd, eddy_callback callback, void *arg)
{
        int rc = set_watch(loop, fd, WATCH_WRITE, callback, arg);

        return rc < 0 ? rc : 0;
}

bool eddy_remove_reader(eddy_loop *loop, int fd)
{
        return set_watch(loop, fd, WATCH_READ, NULL, NULL) > 0;
}

bool eddy_remove_writer(eddy_loop *loop, int fd)
{
        return set_watch(loop, fd, WATCH_WRITE, NULL, NULL) > 0;
}

void eddy_loop_set_exception_handler(eddy_loop *loop, eddy_exception_handler handler, void *arg)
{
        loop = loop_meant(loop);
        if (!loop)
                return;
        loop->exception_handler = handler;
        loop->exception_arg = arg;
}

eddy_exception_handler eddy_loop_exception_handler(const eddy_loop *loop, void **arg)
{
        loop = loop_meant(loop);
        if (arg)
                *arg = loop ? loop->exception_arg : NULL;
        return loop ? loop->exception_handler : NULL;
}

void eddy_default_exception_handler(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        bool has_detail = exception->detail && *exception->detail;
        bool has_origin = exception->origin && *exception->origin;

        (void)loop;
        (void)arg;
        eddy_log(EDDY_LOG_ERROR, "%s: %s (%s)%s%s%s", exception->message, eddy_strerror(exception->error),
                 eddy_errname(exception->error), has_detail ? ": " : "", has_detail ? exception->detail : "",
                 has_origin ? exception->origin : "");
}

void eddy_loop_call_exception_handler(eddy_loop *loop, const eddy_exception *exception)
{
        loop = loop_meant(loop);
        if (loop && loop->exception_handler)
                loop->exception_handler(loop, exception, loop->exception_arg);
        else
                eddy_default_exception_handler(loop, exception, NULL);
}
