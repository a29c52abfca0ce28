/* The end of a child: noticed, reaped and told. Where the system has pidfds, the end makes one readable; else a
 * thread of its own waits for each child, and leaves the reaping to the loop, so that the child's number is nobody
 * else's as long as the loop does not know of its end. */
#include "child/watched.h"

#include "base/sys_process.h"
#include "executor/start.h"
#include "loop/operation.h"

/** How long a child that nobody may reap is left alone before it is looked at again, at most. */
#define LONGEST_PATIENCE eddy_ms(100)

/** It is reaped, and nothing is waited for any more. */
static void finish(struct watched_child *watched)
{
        watched->has_ended = true;
        list_remove(&watched->resource.link);
        if (watched->child.pidfd >= 0)
                loop_close_descriptor(watched->loop, watched->child.pidfd);
        watched->child.pidfd = -1;
}

static void finish_and_tell(struct watched_child *watched)
{
        finish(watched);
        watched->ended(watched);
}

static int notice(struct watched_child *watched);

/** Kill and reap a child that cannot be watched, or whose loop ends. One that may not be killed, or not be reaped since a
 * debugger holds it, is left to whoever is its parent after us. */
static void kill_now(struct watched_child *watched)
{
        int options = child_signal(&watched->child, SIGKILL) == 0 ? 0 : WNOHANG;

        if (options == 0 && watched->child.pidfd >= 0) {
                sys_pidfd_wait(watched->child.pidfd);
                options = WNOHANG;
        }
        if (!child_reap(&watched->child, options, &watched->returncode))
                watched->returncode = EDDY_EXIT_UNKNOWN;
}

static void noticed(void *arg);

/** It is dead, and a debugger holds it: nobody may reap it until that lets go, and nothing tells when that is. Its pidfd
 * stays readable meanwhile. */
static void look_again_later(struct watched_child *watched)
{
        watched->patience *= 2;
        if (watched->patience == 0)
                watched->patience = eddy_ms(1);
        else if (watched->patience > LONGEST_PATIENCE)
                watched->patience = LONGEST_PATIENCE;
        eddy_call_later(watched->loop, &watched->again, watched->patience, noticed, watched);
}

static void noticed(void *arg)
{
        struct watched_child *watched = arg;

        if (child_reap(&watched->child, WNOHANG, &watched->returncode)) {
                finish_and_tell(watched);
        } else if (watched->op.result > 0) {
                look_again_later(watched);
        } else if (notice(watched) < 0) { /* the wait for it failed */
                kill_now(watched);
                finish_and_tell(watched);
        }
}

static void on_thread_end(void *arg)
{
        struct watched_child *watched = arg;

        pthread_join(watched->thread, NULL);
        watched->has_thread = false;
        child_reap(&watched->child, 0, &watched->returncode);
        finish_and_tell(watched);
}

static void *wait_for_end(void *arg)
{
        struct watched_child *watched = arg;
        siginfo_t info;

        sys_waitid(P_PID, (id_t)watched->child.pid, &info, WEXITED | WNOWAIT);
        eddy_call_soon_threadsafe(watched->loop, &watched->thread_handle, on_thread_end, watched);
        return NULL;
}

/** Have its end noticed: 0 or an error. */
static int notice(struct watched_child *watched)
{
        ssize_t rc = -EBADF;

        if (watched->child.pidfd >= 0)
                rc = eddy_op_poll(&watched->op, watched->child.pidfd, POLLIN);
        if (rc > 0)
                op_defer(&watched->op, rc);
        if (rc > 0 || rc == EDDY_PENDING)
                return 0;
        rc = thread_start(&watched->thread, 0, wait_for_end, watched);
        watched->has_thread = rc == 0;
        return (int)rc;
}

/** The loop ends, and with it whoever could notice the child's end. */
static void close_with_loop(struct loop_resource *resource)
{
        struct watched_child *watched = container_of(resource, struct watched_child, resource);

        /* The loop's close has taken it out already. */
        list_init(&resource->link);
        eddy_op_cancel(&watched->op);
        eddy_handle_cancel(&watched->op.handle);
        eddy_timer_cancel(&watched->again);
        /* In a forked child it is the parent's child, and the parent's thread. */
        if (loop_is_inherited(watched->loop)) {
                watched->returncode = EDDY_EXIT_UNKNOWN;
                finish_and_tell(watched);
                return;
        }
        /* One that may not be killed is waited for, since the thread is. */
        if (watched->has_thread) {
                child_signal(&watched->child, SIGKILL);
                pthread_join(watched->thread, NULL);
                watched->has_thread = false;
                inbox_drain(&watched->loop->inbox, watched->loop->ready);
                eddy_handle_cancel(&watched->thread_handle);
        }
        kill_now(watched);
        finish_and_tell(watched);
}

int child_watch(struct watched_child *watched, eddy_loop *loop, const char *what,
                void (*ended)(struct watched_child *watched))
{
        int rc;

        watched->loop = loop;
        watched->ended = ended;
        watched->resource.close = close_with_loop;
        watched->resource.what = what;
        loop_add_resource(loop, &watched->resource);
        eddy_op_init(&watched->op, loop, noticed, watched);
        rc = notice(watched);
        if (rc < 0) {
                kill_now(watched);
                finish(watched);
        }
        return rc;
}

int child_returncode(const struct watched_child *watched, int *returncode)
{
        if (!watched->has_ended)
                return EDDY_EINVALIDSTATE;
        if (returncode)
                *returncode = watched->returncode;
        return 0;
}

int child_send_signal(const struct watched_child *watched, int signum)
{
        if (watched->has_ended)
                return -ESRCH;
        /* In a forked child it is the parent's child. */
        return loop_is_inherited(watched->loop) ? EDDY_EWRONGLOOP : child_signal(&watched->child, signum);
}
