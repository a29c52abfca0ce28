/* What operations are told of their descriptors, and what callback users have of what streams have. */
#include "operations.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/** A listening TCP socket on this machine. */
static int listen_here(struct sockaddr_in *address)
{
        socklen_t size = sizeof *address;
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

        *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        assert_int_equal(bind(listener, (struct sockaddr *)address, size), 0);
        assert_int_equal(listen(listener, 128), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)address, &size), 0);
        return listener;
}

static int connect_to(const struct sockaddr_in *address)
{
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        assert_int_equal(connect(fd, (const struct sockaddr *)address, sizeof *address), 0);
        return fd;
}

static struct world *open_tcp_world(void)
{
        struct world *world = open_world(SOCK_STREAM);
        struct sockaddr_in address;
        int listener = listen_here(&address);

        close(world->ends[0]);
        close(world->ends[1]);
        world->ends[1] = connect_to(&address);
        world->ends[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        assert_true(world->ends[0] >= 0);
        close(listener);
        return world;
}

/** The outcome of a request, whether it came at once or by the callback. */
static ssize_t outcome(struct world *world, struct request *request, ssize_t begun)
{
        return begun == EDDY_PENDING ? finish(world, request) : begun;
}

static const unsigned combinations[] = {0, EDDY_OP_SHORT_IS_ALL, EDDY_OP_EXCLUSIVE,
                                        EDDY_OP_SHORT_IS_ALL | EDDY_OP_EXCLUSIVE};

#define FOR_EACH_COMBINATION                                                                                   \
        for (const unsigned *traits = combinations;                                                            \
             traits < combinations + sizeof combinations / sizeof *combinations; traits++)

TEST(knows_its_traits)
{
        struct world *world = open_world(SOCK_STREAM);

        assert_int_equal(eddy_op_set_traits(&world->requests[0].op, 8), -EINVAL);
        assert_int_equal(eddy_op_set_traits(&world->requests[0].op, 7), 0);
        assert_int_equal(eddy_op_set_traits(&world->requests[0].op, 0), 0);
        close_world(world);
}

/** Small and large, with the receiver waiting and late: the bytes are the same, whoever brings them. */
TEST(brings_all_bytes_with_all_traits)
{
        static char sent[200000], got[200000];

        for (size_t i = 0; i < sizeof sent; i++)
                sent[i] = (char)(i * 7 + i / 251);
        FOR_EACH_COMBINATION
        {
                struct world *world = open_tcp_world();
                struct request *in = &world->requests[0], *out = &world->requests[1];
                size_t received = 0, given = 0, step = 1;

                assert_int_equal(eddy_op_set_traits(&in->op, *traits), 0);
                assert_int_equal(eddy_op_set_traits(&out->op, *traits), 0);
                while (received < sizeof sent) {
                        size_t size = sizeof sent - given < step ? sizeof sent - given : step;
                        ssize_t n;

                        if (size > 0) {
                                n = send(world->ends[1], sent + given, size, MSG_DONTWAIT);
                                given += n > 0 ? (size_t)n : 0;
                        }
                        in->is_done = false;
                        n = eddy_op_recv(&in->op, world->ends[0], got + received, sizeof got - received, 0);
                        n = outcome(world, in, n);
                        assert_true(n > 0);
                        received += (size_t)n;
                        step = step * 3 % 50000 + 1;
                }
                assert_memory_equal(sent, got, sizeof sent);
                out->is_done = false;
                assert_int_equal(outcome(world, out, eddy_op_send(&out->op, world->ends[0], sent, 3000, 0)),
                                 3000);
                assert_int_equal(recv(world->ends[1], got, sizeof got, 0), 3000);
                assert_memory_equal(sent, got, 3000);
                close_world(world);
        }
}

TEST(accepts_with_all_traits)
{
        FOR_EACH_COMBINATION
        {
                struct world *world = open_world(SOCK_STREAM);
                struct request *request = &world->requests[0];
                struct sockaddr_in address;
                int listener = listen_here(&address), clients[8];

                eddy_op_set_traits(&request->op, *traits);
                for (int i = 0; i < 8; i++)
                        clients[i] = connect_to(&address);
                for (int i = 0; i < 8; i++) {
                        char letter = (char)('a' + i), got = 0;
                        ssize_t fd;

                        request->is_done = false;
                        fd = outcome(world, request, eddy_op_accept(&request->op, listener, NULL, NULL));
                        assert_true(fd >= 0);
                        assert_int_equal(send(clients[i], &letter, 1, 0), 1);
                        fcntl((int)fd, F_SETFL, 0);
                        assert_int_equal(recv((int)fd, &got, 1, 0), 1);
                        assert_int_equal(got, letter);
                        close((int)fd);
                        close(clients[i]);
                }
                assert_int_equal(eddy_op_set_traits(&request->op, *traits | EDDY_OP_DONT_WAIT), 0);
                assert_int_equal(eddy_op_accept(&request->op, listener, NULL, NULL), -EAGAIN);
                eddy_op_close(&request->op, listener);
                close_world(world);
        }
}

TEST(refuses_what_cannot_be_exclusive)
{
        struct world *world = open_world(SOCK_STREAM);
        eddy_op *op = &world->requests[0].op;
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        struct msghdr message = {.msg_iovlen = 0};
        struct mmsghdr messages = {.msg_len = 0};
        char byte;

        put(world->ends[1], "x");
        eddy_op_set_traits(op, EDDY_OP_EXCLUSIVE);
        assert_int_equal(eddy_op_accept(op, world->ends[0], (struct sockaddr *)&peer, &size), -EINVAL);
        assert_int_equal(eddy_op_recv(op, world->ends[0], &byte, 1, MSG_PEEK), -EINVAL);
        assert_int_equal(eddy_op_recvmsg(op, world->ends[0], &message, 0), -EINVAL);
        assert_int_equal(eddy_op_recvmmsg(op, world->ends[0], &messages, 1), -EINVAL);
        assert_int_equal(eddy_op_read(op, world->ends[0], &byte, 1), -EINVAL);
        assert_int_equal(outcome(world, &world->requests[0], eddy_op_recv(op, world->ends[0], &byte, 1, 0)), 1);
        close_world(world);
}

TEST(does_not_wait_where_it_is_told_so)
{
        FOR_EACH_COMBINATION
        {
                struct world *world = open_tcp_world();
                eddy_op *op = &world->requests[0].op;
                char got[8];

                eddy_op_set_traits(op, *traits | EDDY_OP_DONT_WAIT);
                assert_int_equal(eddy_op_recv(op, world->ends[0], got, sizeof got, 0), -EAGAIN);
                assert_int_equal(eddy_op_readable(op, world->ends[0], true), -EAGAIN);
                assert_int_equal(eddy_op_gone(op, world->ends[0]), -EAGAIN);
                put(world->ends[1], "x");
                for (int i = 0; i < 1000 && eddy_op_recv(op, world->ends[0], got, sizeof got, 0) == -EAGAIN;
                     i++)
                        run_once(world->loop);
                assert_int_equal(got[0], 'x');
                assert_int_equal(eddy_op_recv(op, world->ends[0], got, sizeof got, 0), -EAGAIN);
                run_once(world->loop);
                assert_trail("");
                close_world(world);
        }
}

TEST(waits_without_a_buffer)
{
        FOR_EACH_COMBINATION
        {
                struct world *world = open_tcp_world();
                struct request *request = &world->requests[0];

                eddy_op_set_traits(&request->op, *traits);
                for (int i = 0; i < 3; i++) {
                        request->is_done = false;
                        assert_int_equal(eddy_op_readable(&request->op, world->ends[0], true), EDDY_PENDING);
                        run_once(world->loop);
                        assert_trail("");
                        if (i < 2)
                                put(world->ends[1], "four");
                        else
                                shutdown(world->ends[1], SHUT_WR);
                        assert_int_equal(finish(world, request), 0);
                        assert_trail("a");
                        /* Nothing was taken. */
                        assert_int_equal(eddy_op_readable(&request->op, world->ends[0], true), 0);
                        assert_int_equal(outcome(world, request, begin_recv(world, 0, 64)), i < 2 ? 4 : 0);
                        trail_clear();
                }
                close_world(world);
        }
}

/** What readable() asked for surely is not asked for by what comes next. */
TEST(asks_the_kernel_only_where_it_is_to_be_sure)
{
        struct world *world = open_world(SOCK_STREAM);
        eddy_op *op = &world->requests[0].op;
        char byte;

        put(world->ends[1], "xy");
        fault_arm(0, 0);
        assert_int_equal(eddy_op_readable(op, world->ends[0], false), 0);
        assert_int_equal(eddy_op_readable(op, world->ends[0], true), 0);
        fault_arm(0, 0);
        assert_int_equal(eddy_op_recv(op, world->ends[0], &byte, 1, 0), 1);
        assert_int_equal(fault_uses(), 1);
        close_world(world);
}

TEST(sends_files)
{
        FOR_EACH_COMBINATION
        {
                struct world *world = open_tcp_world();
                struct request *request = &world->requests[0];
                static char sent[400000], got[400000];
                FILE *file = tmpfile();
                size_t done = 0, received = 0;
                ssize_t n;

                eddy_op_set_traits(&request->op, *traits);
                for (size_t i = 0; i < sizeof sent; i++)
                        sent[i] = (char)(i * 3 + i / 255);
                assert_int_equal(fwrite(sent, 1, sizeof sent, file), sizeof sent);
                fflush(file);
                while (received < sizeof sent - 10) {
                        if (!request->op.pending) {
                                request->is_done = false;
                                n = eddy_op_sendfile(&request->op, world->ends[0], fileno(file),
                                                     (off_t)(10 + done), sizeof sent);
                                if (n != EDDY_PENDING)
                                        done += (size_t)n;
                        }
                        n = recv(world->ends[1], got + received, sizeof got - received, MSG_DONTWAIT);
                        received += n > 0 ? (size_t)n : 0;
                        run_once(world->loop);
                        if (request->is_done) {
                                assert_true(request->op.result > 0);
                                done += (size_t)request->op.result;
                                request->is_done = false;
                        }
                }
                assert_memory_equal(sent + 10, got, received);
                assert_int_equal(received, sizeof sent - 10);
                n = eddy_op_sendfile(&request->op, world->ends[0], fileno(file), sizeof sent, 10);
                assert_int_equal(outcome(world, request, n), 0);
                n = eddy_op_sendfile(&request->op, world->ends[0], world->ends[1], 0, 10);
                assert_true(outcome(world, request, n) < 0);
                assert_int_equal(lseek(fileno(file), 0, SEEK_CUR), sizeof sent);
                fclose(file);
                close_world(world);
        }
}

TEST(shows_the_end)
{
        struct world *world = open_tcp_world();
        eddy_op *op = &world->requests[0].op;
        char got[8];

        assert_int_equal(begin_recv(world, 1, 8), EDDY_PENDING);
        assert_int_equal(eddy_op_send(op, world->ends[0], "bye", 3, 0), 3);
        assert_int_equal(eddy_op_shutdown(op, world->ends[0], SHUT_WR), 0);
        assert_int_equal(recv(world->ends[1], got, sizeof got, 0), 3);
        assert_int_equal(recv(world->ends[1], got, sizeof got, 0), 0);
        put(world->ends[1], "still");
        assert_int_equal(finish(world, &world->requests[1]), 5);
        assert_int_equal(eddy_op_send(op, world->ends[0], "x", 1, 0), -EPIPE);
        assert_int_equal(eddy_op_shutdown(op, -1, SHUT_WR), -EBADF);
        assert_int_equal(eddy_op_shutdown(op, world->ends[0], 77), -EINVAL);
        close_world(world);
}

TEST(defers_what_is_known)
{
        struct world *world = open_world(SOCK_STREAM);
        struct request *request = &world->requests[0];

        put(world->ends[1], "abc");
        assert_int_equal(eddy_op_defer(&request->op, begin_recv(world, 0, 8)), 0);
        assert_trail("");
        assert_int_equal(begin_recv(world, 0, 8), EDDY_EBUSY);
        assert_int_equal(eddy_op_defer(&request->op, 7), EDDY_EBUSY);
        eddy_op_cancel(&request->op); /* is too late */
        assert_int_equal(finish(world, request), 3);
        assert_trail("a");
        assert_int_equal(begin_recv(world, 0, 8), EDDY_PENDING);
        assert_int_equal(eddy_op_defer(&request->op, 7), EDDY_EBUSY);
        close_world(world);
}

/** A peer that always has more to say. */
struct chatter {
        eddy_op op;
        int fd;
        char byte;
        unsigned received;
};

static void listen_to(void *arg)
{
        struct chatter *chatter = arg;
        ssize_t n = chatter->op.result;

        while (n == 1) {
                chatter->received++;
                n = eddy_op_recv(&chatter->op, chatter->fd, &chatter->byte, 1, 0);
                if (n != EDDY_PENDING && eddy_op_should_give_way(&chatter->op)) {
                        assert_int_equal(eddy_op_defer(&chatter->op, n), 0);
                        return;
                }
        }
}

TEST(gives_way_to_others)
{
        struct world *world = open_world(SOCK_STREAM);
        struct chatter chatter = {.fd = world->ends[0]};
        char much[1000];
        unsigned before = 0;
        int turns = 0;

        memset(much, 'x', sizeof much);
        assert_int_equal(send(world->ends[1], much, sizeof much, 0), sizeof much);
        eddy_op_init(&chatter.op, world->loop, listen_to, &chatter);
        eddy_op_defer(&chatter.op, 1);
        for (; chatter.received < 1001; turns++) {
                run_once(world->loop);
                assert_true(chatter.received - before <= 64);
                before = chatter.received;
        }
        assert_true(turns >= 1000 / 64);
        eddy_op_cancel(&chatter.op);
        close_world(world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(knows_its_traits),
            cmocka_unit_test(brings_all_bytes_with_all_traits),
            cmocka_unit_test(accepts_with_all_traits),
            cmocka_unit_test(refuses_what_cannot_be_exclusive),
            cmocka_unit_test(does_not_wait_where_it_is_told_so),
            cmocka_unit_test(waits_without_a_buffer),
            cmocka_unit_test(asks_the_kernel_only_where_it_is_to_be_sure),
            cmocka_unit_test(sends_files),
            cmocka_unit_test(shows_the_end),
            cmocka_unit_test(defers_what_is_known),
            cmocka_unit_test(gives_way_to_others),
        };

        return cmocka_run_group_tests_name("traits", tests, NULL, NULL);
}
