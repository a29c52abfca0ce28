/* The floor of the echo rows with io_uring: a bare loop that knows nothing but echo. One system call an iteration
 * submits every answer and waits; connections are accepted, and their bytes received into a ring of buffers, by
 * requests that stay. Descriptors are the ring's own, which spares the kernel a look at the process's table. */
#include "../bench.h"
#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { ENTRIES = 2048, DESCRIPTORS = 16384, BUFFERS = 1024, BUFFER_BYTES = 4096, BUFFER_GROUP = 0 };

/* What completes, in an SQE's user data together with its descriptor and buffer. */
enum operation { ACCEPT, RECEIVE, SEND, CLOSE };

static struct io_uring ring;
static struct io_uring_buf_ring *free_buffers;
static char (*buffers)[BUFFER_BYTES];

static int listen_anywhere(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        /* Accepted connections inherit the option. */
        if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) < 0 ||
            bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 1024) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &length) < 0)
                exit(1);
        bench_port(ntohs(address.sin_port));
        return fd;
}

static struct io_uring_sqe *next_sqe(enum operation operation, int fd, unsigned buffer)
{
        struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

        if (!sqe) {
                io_uring_submit(&ring);
                sqe = io_uring_get_sqe(&ring);
        }
        /* Preparing leaves the user data alone. */
        io_uring_sqe_set_data64(sqe, (uint64_t)operation << 48 | (uint64_t)buffer << 32 | (unsigned)fd);
        return sqe;
}

static void accept_all(int listener)
{
        io_uring_prep_multishot_accept_direct(next_sqe(ACCEPT, listener, 0), listener, NULL, NULL, 0);
}

static void receive(int fd)
{
        struct io_uring_sqe *sqe = next_sqe(RECEIVE, fd, 0);

        io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
        sqe->flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
        sqe->buf_group = BUFFER_GROUP;
}

static void send_back(int fd, unsigned buffer, int n)
{
        struct io_uring_sqe *sqe = next_sqe(SEND, fd, buffer);

        io_uring_prep_send(sqe, fd, buffers[buffer], (size_t)n, MSG_NOSIGNAL | MSG_WAITALL);
        sqe->flags = IOSQE_FIXED_FILE;
}

static void give_back(unsigned buffer)
{
        io_uring_buf_ring_add(free_buffers, buffers[buffer], BUFFER_BYTES, (unsigned short)buffer,
                              io_uring_buf_ring_mask(BUFFERS), 0);
        io_uring_buf_ring_advance(free_buffers, 1);
}

static void complete(const struct io_uring_cqe *cqe)
{
        enum operation operation = (enum operation)(cqe->user_data >> 48);
        unsigned buffer = (uint16_t)(cqe->user_data >> 32);
        int fd = (int)(uint32_t)cqe->user_data;
        bool goes_on = cqe->flags & IORING_CQE_F_MORE;

        if (operation == SEND) {
                give_back(buffer);
        } else if (operation == ACCEPT) {
                if (cqe->res >= 0)
                        receive(cqe->res);
                if (!goes_on)
                        accept_all(fd);
        } else if (operation == RECEIVE) {
                if (cqe->res > 0)
                        send_back(fd, cqe->flags >> IORING_CQE_BUFFER_SHIFT, cqe->res);
                if (!goes_on && (cqe->res > 0 || cqe->res == -ENOBUFS))
                        receive(fd);
                else if (!goes_on)
                        io_uring_prep_close_direct(next_sqe(CLOSE, fd, 0), (unsigned)fd);
        }
}

static void prepare_ring(void)
{
        struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                                  IORING_SETUP_CQSIZE,
                                         .cq_entries = 4 * ENTRIES};
        size_t ring_bytes = BUFFERS * sizeof(struct io_uring_buf);
        void *memory = mmap(NULL, ring_bytes + BUFFERS * sizeof *buffers, PROT_READ | PROT_WRITE,
                            MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
        int rc = io_uring_queue_init_params(ENTRIES, &ring, &params);

        if (rc < 0)
                bench_skip("no io_uring with deferred task work: %s", strerror(-rc));
        free_buffers = memory;
        buffers = (void *)((char *)memory + ring_bytes);
        rc = io_uring_register_buf_ring(&ring,
                                        &(struct io_uring_buf_reg){.ring_addr = (uintptr_t)memory,
                                                                   .ring_entries = BUFFERS,
                                                                   .bgid = BUFFER_GROUP},
                                        0);
        if (rc < 0 || (rc = io_uring_register_files_sparse(&ring, DESCRIPTORS)) < 0)
                bench_skip("no io_uring with rings of buffers: %s", strerror(-rc));
        for (unsigned i = 0; i < BUFFERS; i++)
                give_back(i);
}

int main(void)
{
        prepare_ring();
        accept_all(listen_anywhere());
        for (;;) {
                struct io_uring_cqe *cqe;
                unsigned head, count = 0;

                io_uring_submit_and_wait(&ring, 1);
                io_uring_for_each_cqe(&ring, head, cqe)
                {
                        complete(cqe);
                        count++;
                }
                io_uring_cq_advance(&ring, count);
        }
}
