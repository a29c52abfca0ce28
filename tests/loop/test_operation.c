#include "operations.h"

#include "../ports.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

TEST(answers_at_once_where_it_can)
{
        struct world *world = open_world(SOCK_STREAM);
        char text[16] = "";

        assert_int_equal(eddy_op_send(&world->requests[0].op, world->ends[1], "hello", 5, 0), 5);
        assert_int_equal(begin_recv(world, 1, 3), 3);
        assert_string_equal(world->requests[1].buffer, "hel");
        assert_int_equal(begin_recv(world, 1, 64), 2);
        assert_string_equal(world->requests[1].buffer, "lo");
        struct iovec pieces[] = {{"ab", 2}, {"", 0}, {"cde", 3}};
        struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 3};

        assert_int_equal(eddy_op_sendmsg(&world->requests[2].op, world->ends[0], &message, 0), 5);
        assert_int_equal(recv(world->ends[1], text, sizeof text, 0), 5);
        assert_string_equal(text, "abcde");
        run_once(world->loop);
        assert_trail("");
        close_world(world);
}

TEST(waits_for_data_and_for_the_end)
{
        struct world *world = open_world(SOCK_STREAM);

        assert_int_equal(begin_recv(world, 0, 64), EDDY_PENDING);
        assert_int_equal(begin_recv(world, 0, 64), EDDY_EBUSY);
        run_once(world->loop);
        assert_trail("");
        put(world->ends[1], "late");
        assert_int_equal(finish(world, &world->requests[0]), 4);
        assert_string_equal(world->requests[0].buffer, "late");
        /* The same once more, and data before the end. */
        assert_int_equal(begin_recv(world, 0, 2), EDDY_PENDING);
        put(world->ends[1], "last");
        close(world->ends[1]);
        world->ends[1] = -1;
        assert_int_equal(finish(world, &world->requests[0]), 2);
        assert_string_equal(world->requests[0].buffer, "la");
        assert_int_equal(begin_recv(world, 0, 64), 2);
        assert_string_equal(world->requests[0].buffer, "st");
        assert_int_equal(begin_recv(world, 0, 64), 0);
        assert_int_equal(begin_recv(world, 0, 64), 0);
        assert_int_equal(eddy_op_send(&world->requests[1].op, world->ends[0], "x", 1, 0), -EPIPE);
        close_world(world);
}

TEST(loses_nothing_after_short_reads)
{
        struct world *world = open_world(SOCK_STREAM);
        char sent[200], got[200] = "";
        size_t received = 0;

        for (size_t i = 0; i < sizeof sent; i++)
                sent[i] = (char)('a' + i % 26);
        for (size_t i = 0; i < sizeof sent;) {
                ssize_t n = begin_recv(world, 0, 7);

                if (n == EDDY_PENDING) {
                        size_t piece = 1 + i * 7 % 31;

                        if (piece > sizeof sent - i)
                                piece = sizeof sent - i;
                        assert_int_equal(send(world->ends[1], sent + i, piece, 0), piece);
                        i += piece;
                        n = finish(world, &world->requests[0]);
                }
                memcpy(got + received, world->requests[0].buffer, (size_t)n);
                received += (size_t)n;
        }
        while (received < sizeof sent) {
                ssize_t n = begin_recv(world, 0, 7);

                assert_true(n > 0);
                memcpy(got + received, world->requests[0].buffer, (size_t)n);
                received += (size_t)n;
        }
        assert_memory_equal(got, sent, sizeof sent);
        close_world(world);
}

TEST(serves_several_readers_first_come_first_served)
{
        struct world *world = open_world(SOCK_STREAM);

        for (int i = 0; i < 4; i++)
                assert_int_equal(begin_recv(world, i, 2), EDDY_PENDING);
        put(world->ends[1], "aabb");
        run_once(world->loop);
        assert_trail("ab");
        assert_string_equal(world->requests[0].buffer, "aa");
        assert_string_equal(world->requests[1].buffer, "bb");
        put(world->ends[1], "cc");
        run_once(world->loop);
        put(world->ends[1], "dd");
        run_once(world->loop);
        assert_trail("cd");
        assert_string_equal(world->requests[3].buffer, "dd");
        close_world(world);
}

TEST(queues_behind_who_waits_even_where_data_has_come)
{
        struct world *world = open_world(SOCK_STREAM);

        assert_int_equal(begin_recv(world, 0, 1), EDDY_PENDING);
        put(world->ends[1], "12");
        assert_int_equal(begin_recv(world, 1, 1), EDDY_PENDING);
        run_once(world->loop);
        assert_trail("ab");
        assert_string_equal(world->requests[0].buffer, "1");
        assert_string_equal(world->requests[1].buffer, "2");
        close_world(world);
}

TEST(cancels_a_pending_operation)
{
        struct world *world = open_world(SOCK_STREAM);

        eddy_op_cancel(&world->requests[0].op); /* nothing was begun */
        for (int i = 0; i < 3; i++)
                begin_recv(world, i, 8);
        eddy_op_cancel(&world->requests[0].op);
        eddy_op_cancel(&world->requests[0].op);
        eddy_op_cancel(&world->requests[1].op);
        assert_trail(""); /* the callback comes in its turn */
        run_once(world->loop);
        assert_trail("ab");
        assert_int_equal(world->requests[0].op.result, EDDY_CANCELLED);
        assert_int_equal(world->requests[1].op.result, EDDY_CANCELLED);
        /* Who waited behind them gets what comes. */
        put(world->ends[1], "x");
        assert_int_equal(finish(world, &world->requests[2]), 1);
        eddy_op_cancel(&world->requests[2].op);
        assert_int_equal(world->requests[2].op.result, 1);
        /* They can be begun anew. */
        put(world->ends[1], "yz");
        assert_int_equal(begin_recv(world, 0, 1), 1);
        assert_int_equal(begin_recv(world, 1, 1), 1);
        close_world(world);
}

TEST(sends_as_much_as_goes_and_waits_for_room)
{
        struct world *world = open_world(SOCK_STREAM);
        static char much[1 << 22];
        struct request *request = &world->requests[0];
        ssize_t n, sent = 0, got = 0;

        while ((n = eddy_op_send(&request->op, world->ends[0], much, sizeof much, 0)) >= 0)
                sent += n;
        assert_int_equal(n, EDDY_PENDING);
        run_once(world->loop);
        assert_trail("");
        while ((n = recv(world->ends[1], much, sizeof much, 0)) > 0)
                got += n;
        assert_int_equal(got, sent);
        assert_true(finish(world, request) > 0);
        close_world(world);
}

static int listen_here(struct sockaddr_in *address)
{
        socklen_t size = sizeof *address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

        *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
        assert_int_equal(listen(fd, 8), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)address, &size), 0);
        return fd;
}

TEST(accepts_and_connects)
{
        struct world *world = open_world(SOCK_STREAM);
        struct request *accept = &world->requests[0], *connect = &world->requests[1];
        struct sockaddr_in address, peer, own;
        int listener = listen_here(&address), client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        socklen_t peer_size = sizeof peer, own_size = sizeof own;
        ssize_t server, rc;

        assert_int_equal(eddy_op_accept(&accept->op, listener, (struct sockaddr *)&peer, &peer_size),
                         EDDY_PENDING);
        rc = eddy_op_connect(&connect->op, client, (struct sockaddr *)&address, sizeof address);
        if (rc == EDDY_PENDING)
                rc = finish(world, connect);
        assert_int_equal(rc, 0);
        server = finish(world, accept);
        assert_true(server >= 0);
        assert_int_equal(fcntl((int)server, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
        assert_int_equal(fcntl((int)server, F_GETFD), FD_CLOEXEC);
        getsockname(client, (struct sockaddr *)&own, &own_size);
        assert_int_equal(peer_size, sizeof peer);
        assert_int_equal(peer.sin_port, own.sin_port);
        assert_int_equal(eddy_op_send(&connect->op, client, "hi", 2, 0), 2);
        accept->is_done = false;
        rc = eddy_op_recv(&accept->op, (int)server, accept->buffer, 8, 0);
        if (rc == EDDY_PENDING)
                rc = finish(world, accept);
        assert_int_equal(rc, 2);
        eddy_op_close(&accept->op, (int)server);
        eddy_op_close(&accept->op, client);
        eddy_op_close(&accept->op, listener);
        close_world(world);
}

TEST(says_so_when_nobody_listens)
{
        struct world *world = open_world(SOCK_STREAM);
        struct request *connect = &world->requests[0];
        uint16_t port = 0;
        int holder = hold_port(&port), client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
        ssize_t rc;

        rc = eddy_op_connect(&connect->op, client, (struct sockaddr *)&address, sizeof address);
        if (rc == EDDY_PENDING)
                rc = finish(world, connect);
        assert_int_equal(rc, -ECONNREFUSED);
        eddy_op_close(&connect->op, client);
        close(holder);
        close_world(world);
}

/* The kernel refuses a UNIX socket at once where the queue is full, and never tells when it is not. */
TEST(does_not_take_a_full_queue_for_a_connection)
{
        struct world *world = open_world(SOCK_STREAM);
        struct request *connect = &world->requests[0];
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), clients[4];
        socklen_t size = sizeof address;
        ssize_t rc = 0;
        int count = 0;

        snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "eddy-test-%d", (int)getpid());
        assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(listener, 0), 0);
        while (count < 4 && rc == 0) {
                struct sockaddr_un peer;
                socklen_t peer_size = sizeof peer;

                clients[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
                rc = eddy_op_connect(&connect->op, clients[count], (struct sockaddr *)&address, size);
                if (rc == EDDY_PENDING)
                        rc = finish(world, connect);
                /* Whoever is told that it is connected has a peer. */
                if (rc == 0)
                        assert_int_equal(getpeername(clients[count], (struct sockaddr *)&peer, &peer_size), 0);
                count++;
        }
        assert_int_equal(rc, -EAGAIN);
        while (count-- > 0)
                eddy_op_close(&connect->op, clients[count]);
        close(listener);
        close_world(world);
}

TEST(polls_for_readiness)
{
        struct world *world = open_world(SOCK_STREAM);
        struct request *in = &world->requests[0], *out = &world->requests[1];
        static char much[1 << 16];

        assert_int_equal(eddy_op_poll(&out->op, world->ends[0], POLLOUT), POLLOUT);
        assert_int_equal(eddy_op_poll(&in->op, world->ends[0], POLLIN), EDDY_PENDING);
        put(world->ends[1], "xy");
        assert_int_equal(finish(world, in), POLLIN);
        assert_int_equal(eddy_op_poll(&in->op, world->ends[0], POLLIN), POLLIN);
        while (send(world->ends[0], much, sizeof much, 0) > 0)
                ;
        assert_int_equal(eddy_op_poll(&out->op, world->ends[0], POLLOUT), EDDY_PENDING);
        run_once(world->loop);
        assert_trail("a");
        while (recv(world->ends[1], much, sizeof much, 0) > 0)
                ;
        assert_int_equal(finish(world, out), POLLOUT);
        close(world->ends[1]);
        world->ends[1] = -1;
        assert_true(eddy_op_poll(&in->op, world->ends[0], POLLIN) & POLLHUP);
        close_world(world);
}

TEST(knows_nothing_of_a_file_whose_number_was_used_before)
{
        struct world *world = open_world(SOCK_STREAM);
        int again[2];

        for (int round = 0; round < 3; round++) {
                /* The first file ends; and nothing can be read or written any more. */
                begin_recv(world, 0, 8);
                shutdown(world->ends[1], SHUT_RDWR);
                assert_int_equal(finish(world, &world->requests[0]), 0);
                assert_int_equal(eddy_op_close(&world->requests[0].op, world->ends[0]), 0);
                close(world->ends[1]);
                /* The next one of that number is alive. */
                assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, again), 0);
                assert_int_equal(again[0], world->ends[0]);
                world->ends[1] = again[1];
                assert_int_equal(begin_recv(world, 0, 8), EDDY_PENDING);
                assert_int_equal(begin_recv(world, 1, 8), EDDY_PENDING);
                run_once(world->loop);
                put(world->ends[1], "x");
                assert_int_equal(finish(world, &world->requests[0]), 1);
                put(world->ends[1], "y");
                assert_int_equal(finish(world, &world->requests[1]), 1);
        }
        assert_int_equal(eddy_op_close(&world->requests[0].op, 12345), -EBADF);
        assert_int_equal(eddy_op_recv(&world->requests[0].op, 12345, trail, 1, 0), -EBADF);
        assert_int_equal(eddy_op_recv(&world->requests[0].op, -1, trail, 1, 0), -EBADF);
        close_world(world);
}

TEST(reads_datagrams_one_by_one)
{
        struct world *world = open_world(SOCK_DGRAM);

        /* Some before the first request, some while it waits; shorter than the buffer, and longer. */
        put(world->ends[1], "one");
        put(world->ends[1], "three and more");
        put(world->ends[1], "4");
        assert_int_equal(begin_recv(world, 0, 8), 3);
        assert_int_equal(begin_recv(world, 0, 8), 8);
        assert_int_equal(begin_recv(world, 0, 8), 1);
        assert_int_equal(begin_recv(world, 0, 8), EDDY_PENDING);
        put(world->ends[1], "five");
        put(world->ends[1], "");
        put(world->ends[1], "seven");
        assert_int_equal(finish(world, &world->requests[0]), 4);
        assert_int_equal(begin_recv(world, 0, 8), 0);
        assert_int_equal(begin_recv(world, 0, 8), 5);
        assert_string_equal(world->requests[0].buffer, "seven");
        assert_int_equal(begin_recv(world, 0, 8), EDDY_PENDING);
        put(world->ends[1], "8");
        assert_int_equal(finish(world, &world->requests[0]), 1);
        close_world(world);
}

/** Send a byte with a descriptor. */
static void put_descriptor(int fd, int descriptor)
{
        union {
                struct cmsghdr head;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = {
            .head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
        struct iovec part = {.iov_base = "x", .iov_len = 1};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};

        memcpy(CMSG_DATA(&control.head), &descriptor, sizeof descriptor);
        assert_int_equal(sendmsg(fd, &message, 0), 1);
}

TEST(receives_messages_with_all_that_comes_with_them)
{
        struct world *world = open_world(SOCK_DGRAM);
        char first[2], rest[8] = "", control[CMSG_SPACE(sizeof(int))];
        struct iovec parts[] = {{first, sizeof first}, {rest, 4}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        int descriptor;

        assert_int_equal(eddy_op_recvmsg(&world->requests[0].op, world->ends[0], &message, 0), EDDY_PENDING);
        put(world->ends[1], "hello");
        assert_int_equal(finish(world, &world->requests[0]), 5);
        assert_memory_equal(first, "he", 2);
        assert_string_equal(rest, "llo");
        assert_int_equal(message.msg_flags & MSG_TRUNC, 0);

        put(world->ends[1], "much longer");
        world->requests[0].is_done = false;
        assert_int_equal(eddy_op_recvmsg(&world->requests[0].op, world->ends[0], &message, 0), 6);
        assert_int_equal(message.msg_flags & MSG_TRUNC, MSG_TRUNC);

        message.msg_control = control;
        message.msg_controllen = sizeof control;
        assert_int_equal(eddy_op_recvmsg(&world->requests[0].op, world->ends[0], &message, 0), EDDY_PENDING);
        put_descriptor(world->ends[1], world->ends[1]);
        assert_int_equal(finish(world, &world->requests[0]), 1);
        memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof descriptor);
        assert_true(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
        close(descriptor);
        close_world(world);
}

TEST(receives_many_messages_at_once)
{
        struct world *world = open_world(SOCK_DGRAM);
        char texts[4][8] = {""};
        struct iovec parts[4];
        struct mmsghdr messages[4] = {0};
        eddy_op *op = &world->requests[0].op;

        for (int i = 0; i < 4; i++) {
                parts[i] = (struct iovec){texts[i], sizeof texts[i]};
                messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
        }
        put(world->ends[1], "one");
        put(world->ends[1], "three");
        assert_int_equal(eddy_op_recvmmsg(op, world->ends[0], messages, 4), 2);
        assert_string_equal(texts[0], "one");
        assert_string_equal(texts[1], "three");
        assert_int_equal(messages[1].msg_len, 5);
        assert_int_equal(eddy_op_recvmmsg(op, world->ends[0], messages, 4), EDDY_PENDING);
        put(world->ends[1], "four");
        assert_int_equal(finish(world, &world->requests[0]), 1);
        assert_string_equal(texts[0], "four");
        close_world(world);
}

TEST(mixes_with_watchers)
{
        struct world *world = open_world(SOCK_STREAM);

        /* A watcher beside a pending operation. */
        assert_int_equal(begin_recv(world, 0, 1), EDDY_PENDING);
        eddy_add_reader(world->loop, world->ends[0], note, "r");
        put(world->ends[1], "123");
        run_once(world->loop);
        assert_trail("ar");
        run_once(world->loop);
        assert_trail("r");
        assert_int_equal(begin_recv(world, 0, 2), 2);
        assert_int_equal(begin_recv(world, 0, 2), EDDY_PENDING);
        /* The watcher goes, the operation stays. */
        eddy_remove_reader(world->loop, world->ends[0]);
        put(world->ends[1], "4");
        run_once(world->loop);
        assert_trail("a");
        /* No watcher and no operation; then either again. */
        put(world->ends[1], "5");
        run_once(world->loop);
        assert_int_equal(begin_recv(world, 0, 2), 1);
        eddy_add_reader(world->loop, world->ends[0], note, "r");
        run_once(world->loop);
        assert_trail("");
        eddy_remove_reader(world->loop, world->ends[0]);
        assert_int_equal(begin_recv(world, 0, 2), EDDY_PENDING);
        put(world->ends[1], "6");
        run_once(world->loop);
        assert_trail("a");
        close_world(world);
}

/* A writable socket must not keep the loop busy once the operation that waited for it is done. */
TEST(sleeps_after_a_send_beside_a_watcher)
{
        struct world *world = open_world(SOCK_STREAM);
        static char much[1 << 16];
        struct request *request = &world->requests[0];

        eddy_add_reader(world->loop, world->ends[0], note, "r");
        while (eddy_op_send(&request->op, world->ends[0], much, sizeof much, 0) != EDDY_PENDING)
                ;
        while (recv(world->ends[1], much, sizeof much, 0) > 0)
                ;
        finish(world, request);
        assert_trail("a");
        while (recv(world->ends[1], much, sizeof much, 0) > 0)
                ;
        eddy_call_later(world->loop, NULL, eddy_ms(20), stop, world->loop);
        fault_arm(0, 0);
        assert_int_equal(eddy_loop_run_forever(world->loop), 0);
        assert_true(fault_uses() < 20);
        close_world(world);
}

TEST(says_so_without_memory)
{
        struct world *world = open_world(SOCK_STREAM);

        for (unsigned long n = 1;; n++) {
                ssize_t rc;

                fault_arm(n, 1);
                rc = begin_recv(world, 0, 8);
                fault_arm(0, 0);
                if (rc == EDDY_PENDING)
                        break;
                assert_true(eddy_is_error(rc));
        }
        run_once(world->loop);
        assert_trail("");
        put(world->ends[1], "x");
        assert_int_equal(finish(world, &world->requests[0]), 1);
        close_world(world);
}

TEST(forgets_what_is_pending_when_the_loop_is_closed)
{
        struct world *world = open_world(SOCK_STREAM);

        begin_recv(world, 0, 8);
        begin_recv(world, 1, 8);
        eddy_op_cancel(&world->requests[1].op);
        eddy_loop_close(world->loop);
        assert_trail("");
        close(world->ends[0]);
        close(world->ends[1]);
        eddy_loop_destroy(world->loop);
        test_free(world);
}

/* ------------------------------------------------------------------------------------------------
 * Beginning an operation that is pending, in each way. */

static ssize_t again_accept(eddy_op *op, int fd)
{
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;

        return eddy_op_accept(op, fd, (struct sockaddr *)&peer, &size);
}

static ssize_t again_connect(eddy_op *op, int fd)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        return eddy_op_connect(op, fd, (struct sockaddr *)&address, sizeof address);
}

static ssize_t again_recv(eddy_op *op, int fd)
{
        return eddy_op_recv(op, fd, trail, 1, MSG_PEEK);
}

static ssize_t again_recvmsg(eddy_op *op, int fd)
{
        struct msghdr message = {.msg_iovlen = 0};

        return eddy_op_recvmsg(op, fd, &message, MSG_PEEK);
}

static ssize_t again_recvmmsg(eddy_op *op, int fd)
{
        struct mmsghdr message = {.msg_len = 0};

        return eddy_op_recvmmsg(op, fd, &message, 1);
}

static ssize_t again_send(eddy_op *op, int fd)
{
        return eddy_op_send(op, fd, "z", 1, MSG_OOB);
}

static ssize_t again_sendmsg(eddy_op *op, int fd)
{
        const struct msghdr message = {.msg_iovlen = 0};

        return eddy_op_sendmsg(op, fd, &message, 0);
}

static ssize_t again_read(eddy_op *op, int fd)
{
        return eddy_op_read(op, fd, trail, 1);
}

static ssize_t again_write(eddy_op *op, int fd)
{
        return eddy_op_write(op, fd, "z", 1);
}

static ssize_t again_writev(eddy_op *op, int fd)
{
        const struct iovec parts[] = {{"z", 1}, {"z", 1}, {"z", 1}};

        return eddy_op_writev(op, fd, parts, 3);
}

static ssize_t again_poll(eddy_op *op, int fd)
{
        return eddy_op_poll(op, fd, POLLOUT);
}

static ssize_t again_close(eddy_op *op, int fd)
{
        return eddy_op_close(op, fd);
}

static ssize_t again_sendfile(eddy_op *op, int fd)
{
        return eddy_op_sendfile(op, fd, fd, 7, 1);
}

static ssize_t again_shutdown(eddy_op *op, int fd)
{
        return eddy_op_shutdown(op, fd, SHUT_RDWR);
}

static ssize_t again_readable(eddy_op *op, int fd)
{
        return eddy_op_readable(op, fd, true);
}

static ssize_t again_gone(eddy_op *op, int fd)
{
        return eddy_op_gone(op, fd);
}

static ssize_t again_traits(eddy_op *op, int fd)
{
        (void)fd;
        return eddy_op_set_traits(op, EDDY_OP_DONT_WAIT);
}

static ssize_t again_defer(eddy_op *op, int fd)
{
        return eddy_op_defer(op, fd);
}

static ssize_t (*const ways_to_begin[])(eddy_op *op, int fd) = {
    again_accept,   again_connect,  again_recv,     again_recvmsg, again_recvmmsg, again_send,
    again_sendmsg,  again_read,     again_write,    again_writev,  again_poll,     again_close,
    again_sendfile, again_shutdown, again_readable, again_gone,    again_traits,   again_defer,
};

/** Refused, and not a byte of it is another. */
static void assert_refused(eddy_op *op, int fd)
{
        for (size_t i = 0; i < sizeof ways_to_begin / sizeof *ways_to_begin; i++) {
                const eddy_op before = *op;

                assert_int_equal(ways_to_begin[i](op, fd), EDDY_EBUSY);
                assert_memory_equal(op, &before, sizeof before);
        }
}

TEST(leaves_what_is_pending_as_it_is_where_it_is_begun_again)
{
        struct world *world = open_world(SOCK_STREAM);
        static char much[1 << 16], got[2000];
        struct iovec parts[] = {{memset(much, 'p', 1000), 1000}, {much, 1000}};
        struct request *request = &world->requests[0];
        int ends[2];
        ssize_t n, filled = 0;

        /* One that keeps more than its descriptor and its buffer: how many parts there are. */
        assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
        while ((n = write(ends[1], much, 4096)) > 0)
                filled += n;
        assert_int_equal(eddy_op_writev(&request->op, ends[1], parts, 2), EDDY_PENDING);
        assert_refused(&request->op, world->ends[0]);
        while (filled > 0 && (n = read(ends[0], much + 1000, sizeof much - 1000)) > 0)
                filled -= n;
        assert_int_equal(finish(world, request), 2000);
        assert_int_equal(read(ends[0], got, sizeof got), 2000);
        for (size_t i = 0; i < sizeof got; i++)
                assert_int_equal(got[i], 'p');
        /* So is one that is done, while its callback is still to come. */
        assert_int_equal(begin_recv(world, 0, 8), EDDY_PENDING);
        eddy_op_cancel(&request->op);
        assert_refused(&request->op, world->ends[0]);
        assert_int_equal(finish(world, request), EDDY_CANCELLED);
        assert_int_equal(eddy_op_close(&request->op, ends[0]), 0);
        assert_int_equal(eddy_op_close(&request->op, ends[1]), 0);
        close_world(world);
}

/* All of them: also those that are higher than others, such as MSG_ZEROCOPY. */
TEST(hands_on_the_flags)
{
        static const int flags[] = {MSG_PEEK, MSG_TRUNC,    MSG_WAITALL, MSG_NOSIGNAL,
                                    MSG_MORE, MSG_ZEROCOPY, MSG_FASTOPEN};
        struct world *world = open_world(SOCK_STREAM);
        char byte;

        put(world->ends[1], "x");
        assert_int_equal(eddy_op_recv(&world->requests[0].op, world->ends[0], &byte, 1, MSG_PEEK), 1);
        assert_int_equal(begin_recv(world, 0, 1), 1);
        for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
                assert_int_equal(eddy_op_recv(&world->requests[0].op, world->ends[0], &byte, 1, flags[i]),
                                 EDDY_PENDING);
                assert_int_equal(world->requests[0].op.flags, flags[i]);
                eddy_op_cancel(&world->requests[0].op);
                world->requests[0].is_done = false;
                assert_int_equal(finish(world, &world->requests[0]), EDDY_CANCELLED);
        }
        close_world(world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(answers_at_once_where_it_can),
            cmocka_unit_test(waits_for_data_and_for_the_end),
            cmocka_unit_test(loses_nothing_after_short_reads),
            cmocka_unit_test(serves_several_readers_first_come_first_served),
            cmocka_unit_test(queues_behind_who_waits_even_where_data_has_come),
            cmocka_unit_test(cancels_a_pending_operation),
            cmocka_unit_test(sends_as_much_as_goes_and_waits_for_room),
            cmocka_unit_test(accepts_and_connects),
            cmocka_unit_test(says_so_when_nobody_listens),
            cmocka_unit_test(does_not_take_a_full_queue_for_a_connection),
            cmocka_unit_test(polls_for_readiness),
            cmocka_unit_test(knows_nothing_of_a_file_whose_number_was_used_before),
            cmocka_unit_test(reads_datagrams_one_by_one),
            cmocka_unit_test(receives_messages_with_all_that_comes_with_them),
            cmocka_unit_test(receives_many_messages_at_once),
            cmocka_unit_test(mixes_with_watchers),
            cmocka_unit_test(sleeps_after_a_send_beside_a_watcher),
            cmocka_unit_test(leaves_what_is_pending_as_it_is_where_it_is_begun_again),
            cmocka_unit_test(hands_on_the_flags),
            cmocka_unit_test(says_so_without_memory),
            cmocka_unit_test(forgets_what_is_pending_when_the_loop_is_closed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
