/* The ring of the io_uring backend: what is submitted, and what is collected.
 *
 * Only one thread may submit to a ring, and the kernel does its work while that waits. So between two runs of the loop
 * the kernel is asked for nothing: the next run may be in another thread, and memory may be freed. */
#include "backend/uring.h"
#include "base/sys_uring.h"
#include <stdatomic.h>

enum { SUBMISSIONS = 256, COMPLETIONS = 4096 };

/** How long the kernel has to let go before it is asked once more. */
static const struct timespec patience = {.tv_nsec = 10000000};

static struct io_uring_sqe *next_submission(struct uring *uring, uint64_t key)
{
        struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);

        if (!sqe && sys_uring_submit(&uring->ring) >= 0)
                sqe = io_uring_get_sqe(&uring->ring);
        if (sqe)
                sqe->user_data = key;
        return sqe;
}

struct io_uring_sqe *uring_submission(struct uring *uring, uint64_t key)
{
        struct io_uring_sqe *sqe = uring->is_awake ? next_submission(uring, key) : NULL;

        if (sqe)
                uring->in_flight++;
        else
                uring->is_behind = true;
        return sqe;
}

void uring_cancel_key(struct uring *uring, uint64_t key)
{
        struct io_uring_sqe *sqe = uring->is_awake ? next_submission(uring, TAG_CANCEL) : NULL;

        if (sqe) {
                io_uring_prep_cancel64(sqe, key, 0);
                sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
        } else {
                uring->is_behind = true;
                buffer_append(&uring->due, &key, sizeof key);
        }
}

void ring_close(struct uring *uring)
{
        if (uring->is_open)
                io_uring_queue_exit(&uring->ring);
        uring->is_open = false;
        uring->owner = 0;
}

int ring_open(struct uring *uring)
{
        struct io_uring_params params = {
            .flags = IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                     IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE,
            .cq_entries = COMPLETIONS,
        };
        int rc = sys_uring_open(SUBMISSIONS, &uring->ring, &params);

        if (rc < 0)
                return rc;
        uring->is_open = true;
        rc = buffers_register(uring);
        if (rc < 0)
                ring_close(uring);
        return rc;
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
static int wake_up(struct uring *uring)
{
        unsigned self = thread_number();
        int rc = 0;

        if (uring->owner && uring->owner != self)
                ring_close(uring);
        if (!uring->is_open)
                rc = ring_open(uring);
        if (rc == 0 && !uring->owner)
                rc = sys_uring_enable(&uring->ring);
        if (rc < 0)
                return rc;
        uring->owner = self;
        uring->is_awake = uring->is_behind = true;
        return 0;
}

static void collect(struct uring *uring)
{
        struct io_uring_cqe *cqe;

        /* No more than these: who sends without end is bounded only by what is submitted next. */
        for (unsigned n = io_uring_cq_ready(&uring->ring); n > 0; n--) {
                if (io_uring_peek_cqe(&uring->ring, &cqe) < 0)
                        return;
                uring_finish(uring, cqe);
                io_uring_cqe_seen(&uring->ring, cqe);
        }
}

/** Whether a wait may be tried again after this. */
static bool is_passing(int rc)
{
        return rc >= 0 || rc == -ETIME || rc == -EINTR || rc == -EAGAIN || rc == -EBUSY;
}

/** Whether the kernel has nothing to be told and nothing to tell. */
static bool is_quiet(const struct uring *uring)
{
        const unsigned news = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;

        return io_uring_sq_ready(&uring->ring) == 0 && io_uring_cq_ready(&uring->ring) == 0 &&
               !(__atomic_load_n(uring->ring.sq.kflags, __ATOMIC_RELAXED) & news);
}

int ring_wait(struct backend *backend, eddy_duration timeout)
{
        struct uring *uring = (struct uring *)backend;
        struct timespec limit;
        int rc;

        if (backend_is_inherited(backend))
                return EDDY_EWRONGLOOP;
        if (!uring->is_awake) {
                rc = wake_up(uring);
                if (rc < 0)
                        return rc;
        }
        if (uring->is_behind)
                uring_catch_up(uring);
        if (uring->is_behind)
                timeout = 0; /* what could not be submitted must not wait for something else */
        else if (timeout == 0 && is_quiet(uring))
                return 0;
        limit = (struct timespec){timeout / 1000000000, timeout % 1000000000};
        rc = sys_uring_wait(&uring->ring, timeout == EDDY_FOREVER ? NULL : &limit);
        collect(uring);
        return is_passing(rc) ? 0 : rc;
}

/** The ring is of no use any more, and nothing that was submitted will be answered. */
static void give_up(struct uring *uring)
{
        ring_close(uring);
        uring->in_flight = 0;
        uring->is_wakeup_armed = false;
        uring_forget_submitted(uring);
}

void ring_flush(struct uring *uring)
{
        static const struct timespec no_time;

        for (int tries = 0; tries < 3 && uring->is_awake; tries++)
                if (sys_uring_wait(&uring->ring, &no_time) >= 0 && io_uring_sq_ready(&uring->ring) == 0)
                        return;
}

void ring_rest(struct backend *backend)
{
        struct uring *uring = (struct uring *)backend;

        if (!uring->is_awake || backend_is_inherited(backend))
                return;
        uring->is_awake = false;
        while (uring->in_flight > 0) {
                struct io_uring_sqe *sqe = next_submission(uring, TAG_CANCEL);
                int rc;

                if (sqe) {
                        io_uring_prep_cancel64(sqe, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
                        sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
                }
                rc = sys_uring_wait(&uring->ring, &patience);
                collect(uring);
                if (!is_passing(rc))
                        give_up(uring);
        }
}
