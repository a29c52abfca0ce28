/* The system calls of io_uring, by way of liburing; as in sys.h. */
#ifndef BASE_SYS_URING_H
#define BASE_SYS_URING_H

#include "base/sys.h"
#include <liburing.h>

static inline int sys_uring_open(unsigned entries, struct io_uring *ring, struct io_uring_params *params)
{
        int rc = fault_fires("io_uring_setup") ? -ENOMEM : io_uring_queue_init_params(entries, ring, params),
            fd;

        if (rc < 0 || ring->ring_fd >= SYS_LEAST_DESCRIPTOR)
                return rc;
        /* liburing has no name for this, but its memory is mapped by now, and this number all that it still uses. */
        fd = sys_leave_stdio_free(ring->ring_fd);
        if (fd < 0) {
                ring->ring_fd = ring->enter_ring_fd = -1;
                io_uring_queue_exit(ring);
                return fd;
        }
        ring->ring_fd = ring->enter_ring_fd = fd;
        return 0;
}

static inline int sys_uring_enable(struct io_uring *ring)
{
        return fault_fires("io_uring_register")
                   ? -ENOMEM
                   : (int)sys_result(
                         syscall(SYS_io_uring_register, ring->ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0));
}

static inline int sys_uring_register_buffers(struct io_uring *ring, struct io_uring_buf_reg *buffers)
{
        return fault_fires("io_uring_register") ? -ENOMEM : io_uring_register_buf_ring(ring, buffers, 0);
}

/** Submit what is prepared: an error, or how many. */
static inline int sys_uring_submit(struct io_uring *ring)
{
        return fault_fires("io_uring_enter") ? -EAGAIN : io_uring_submit(ring);
}

/** Submit what is prepared and collect what is done, waiting for the first so long at most.
 *
 * @param timeout  NULL: none
 */
static inline int sys_uring_wait(struct io_uring *ring, const struct timespec *timeout)
{
        struct io_uring_cqe *first;
        struct __kernel_timespec limit;

        if (fault_fires("io_uring_enter"))
                return -EINTR;
        if (!timeout)
                return io_uring_submit_and_wait(ring, 1);
        if (timeout->tv_sec == 0 && timeout->tv_nsec == 0)
                return io_uring_submit_and_get_events(ring);
        limit = (struct __kernel_timespec){.tv_sec = timeout->tv_sec, .tv_nsec = timeout->tv_nsec};
        return io_uring_submit_and_wait_timeout(ring, &first, 1, &limit, NULL);
}

#endif
