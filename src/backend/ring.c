/* Only one thread may submit to a ring, and the kernel does its work while that waits. So between two runs of the loop
 * the kernel is asked for nothing: the next run may be in another thread, and memory may be freed. */
#include "backend/ring.h"

#include "base/sys_uring.h"
#include <stdatomic.h>

enum { SUBMISSIONS = 256, COMPLETIONS = 4096 };

/** How long the kernel has to let go before it is asked once more. */
static const struct timespec patience = {.tv_nsec = 10000000};

static struct io_uring_sqe *next_submission(struct ring *ring, uint64_t key)
{
        struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->io_uring);

        if (!sqe && sys_uring_submit(&ring->io_uring) >= 0)
                sqe = io_uring_get_sqe(&ring->io_uring);
        if (sqe)
                sqe->user_data = key;
        return sqe;
}

struct io_uring_sqe *ring_submission(struct ring *ring, uint64_t key)
{
        struct io_uring_sqe *sqe = ring->is_awake ? next_submission(ring, key) : NULL;

        if (sqe)
                ring->in_flight++;
        else
                ring->is_behind = true;
        return sqe;
}

void ring_cancel(struct ring *ring, uint64_t key)
{
        struct io_uring_sqe *sqe = ring->is_awake ? next_submission(ring, RING_NOBODY) : NULL;

        if (sqe) {
                io_uring_prep_cancel64(sqe, key, 0);
                sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
        } else {
                ring->is_behind = true;
                buffer_append(&ring->due, &key, sizeof key);
        }
}

static void close_ring(struct ring *ring)
{
        if (ring->is_open)
                io_uring_queue_exit(&ring->io_uring);
        ring->is_open = false;
        ring->owner = 0;
}

int ring_open(struct ring *ring)
{
        struct io_uring_params params = {
            .flags = IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                     IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE,
            .cq_entries = COMPLETIONS,
        };
        int rc = sys_uring_open(SUBMISSIONS, &ring->io_uring, &params);

        if (rc < 0)
                return rc;
        ring->is_open = true;
        rc = ring->impl->prepare(ring);
        if (rc < 0)
                close_ring(ring);
        return rc;
}

void ring_finish(struct ring *ring)
{
        close_ring(ring);
        buffer_finish(&ring->due);
}

/** This thread's number, which no other thread of the process ever has. */
static unsigned thread_number(void)
{
        static atomic_uint last;
        static __thread unsigned number;

        if (!number)
                number = atomic_fetch_add(&last, 1) + 1;
        return number;
}

/** The loop begins to run in this thread. */
static int wake_up(struct ring *ring)
{
        unsigned self = thread_number();
        int rc = 0;

        if (ring->owner && ring->owner != self)
                close_ring(ring);
        if (!ring->is_open)
                rc = ring_open(ring);
        if (rc == 0 && !ring->owner)
                rc = sys_uring_enable(&ring->io_uring);
        if (rc < 0)
                return rc;
        ring->owner = self;
        ring->is_awake = ring->is_behind = true;
        return 0;
}

static void catch_up(struct ring *ring)
{
        struct buffer due = ring->due;

        ring->is_behind = false;
        ring->due = (struct buffer){.memory = NULL};
        for (; buffer_size(&due) > 0; buffer_consume(&due, sizeof(uint64_t)))
                ring_cancel(ring, *(const uint64_t *)(void *)buffer_data(&due));
        buffer_finish(&due);
        ring->impl->catch_up(ring);
}

static void collect_completions(struct ring *ring)
{
        struct io_uring_cqe *cqe;

        /* No more than these: who sends without end is bounded only by what is submitted next. */
        for (unsigned n = io_uring_cq_ready(&ring->io_uring); n > 0; n--) {
                if (io_uring_peek_cqe(&ring->io_uring, &cqe) < 0)
                        return;
                if (cqe->user_data != RING_NOBODY) {
                        ring->in_flight -= !(cqe->flags & IORING_CQE_F_MORE);
                        ring->impl->finish(ring, cqe);
                }
                io_uring_cqe_seen(&ring->io_uring, cqe);
        }
}

/** Whether a wait may be tried again after this. */
static bool is_passing(int rc)
{
        return rc >= 0 || rc == -ETIME || rc == -EINTR || rc == -EAGAIN || rc == -EBUSY;
}

/** Whether the kernel has nothing to be told and nothing to tell. */
static bool is_quiet(const struct ring *ring)
{
        const unsigned news = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;

        return io_uring_sq_ready(&ring->io_uring) == 0 && io_uring_cq_ready(&ring->io_uring) == 0 &&
               !(__atomic_load_n(ring->io_uring.sq.kflags, __ATOMIC_RELAXED) & news);
}

int ring_wait(struct ring *ring, eddy_duration timeout)
{
        struct timespec limit;
        int rc;

        if (!ring->is_awake) {
                rc = wake_up(ring);
                if (rc < 0)
                        return rc;
        }
        if (ring->is_behind)
                catch_up(ring);
        if (ring->is_behind)
                timeout = 0; /* what could not be submitted must not wait for something else */
        else if (timeout == 0 && is_quiet(ring))
                return 0;
        limit = (struct timespec){timeout / 1000000000, timeout % 1000000000};
        rc = sys_uring_wait(&ring->io_uring, timeout == EDDY_FOREVER ? NULL : &limit);
        collect_completions(ring);
        return is_passing(rc) ? 0 : rc;
}

void ring_flush(struct ring *ring)
{
        static const struct timespec no_time;

        for (int tries = 0; tries < 3 && ring->is_awake; tries++)
                if (sys_uring_wait(&ring->io_uring, &no_time) >= 0 && io_uring_sq_ready(&ring->io_uring) == 0)
                        return;
}

void ring_rest(struct ring *ring)
{
        if (!ring->is_awake)
                return;
        ring->is_awake = false;
        while (ring->in_flight > 0) {
                struct io_uring_sqe *sqe = next_submission(ring, RING_NOBODY);
                int rc;

                if (sqe) {
                        io_uring_prep_cancel64(sqe, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
                        sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
                }
                rc = sys_uring_wait(&ring->io_uring, &patience);
                collect_completions(ring);
                if (is_passing(rc))
                        continue;
                /* It is of no use any more. */
                close_ring(ring);
                ring->in_flight = 0;
                ring->impl->forget(ring);
        }
}
