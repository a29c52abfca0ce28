/* The callback level by itself: this is linked with what lies below coroutines and with nothing else. Two ends of a connection
 * that talk to each other, on a loop that runs no task. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <eddy.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROUNDS = 1000 };

struct end {
        eddy_loop *loop;
        unsigned said, heard;
        int *left; /* ends that are not lost yet */
};

static void say(eddy_transport *transport, void *self)
{
        ((struct end *)self)->said++;
        assert_int_equal(eddy_transport_write(transport, "x", 1), 0);
}

static void hear(eddy_transport *transport, void *self, const void *data, size_t n)
{
        struct end *end = self;

        assert_memory_equal(data, "x", n);
        end->heard += (unsigned)n;
        if (end->said < ROUNDS)
                say(transport, self);
        else
                eddy_transport_close(transport);
}

static void part(eddy_transport *transport, void *self, int reason)
{
        struct end *end = self;

        (void)transport;
        assert_int_equal(reason, 0);
        if (--*end->left == 0)
                eddy_loop_stop(end->loop);
}

static const eddy_protocol caller = {.connection_made = say, .data_received = hear, .connection_lost = part};
static const eddy_protocol callee = {.data_received = hear, .connection_lost = part};

static void without_a_task(void **state)
{
        int fds[2], left = 2;
        struct end ends[2] = {{.left = &left}, {.left = &left}};
        eddy_loop *loop;

        (void)state;
        assert_int_equal(eddy_loop_create(&loop), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        for (int i = 0; i < 2; i++) {
                ends[i].loop = loop;
                assert_int_equal(
                    eddy_transport_from_socket(NULL, loop, fds[i], i ? &callee : &caller, &ends[i]), 0);
        }
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_int_equal(ends[1].heard, ROUNDS);
        eddy_loop_destroy(loop);
}

static void stop_with(eddy_subprocess_transport *transport, void *loop, int reason)
{
        (void)transport;
        assert_int_equal(reason, 0);
        eddy_loop_stop(loop);
}

static void answer(eddy_datagram_transport *transport, void *self, const void *data, size_t n,
                   const eddy_address *from)
{
        (void)self, (void)from;
        assert_int_equal(eddy_datagram_transport_sendto(transport, data, n, NULL), 0);
}

/** Likewise a child, and a socket of datagrams. */
static void nor_do_others_need_one(void **state)
{
        static const eddy_subprocess_protocol stopping = {.connection_lost = stop_with};
        static const eddy_datagram_protocol answering = {.datagram_received = answer};
        int fds[2];
        char byte = 0;
        eddy_loop *loop;

        (void)state;
        assert_int_equal(eddy_loop_create(&loop), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
        assert_int_equal(eddy_datagram_transport_from_socket(NULL, loop, fds[0], &answering, NULL), 0);
        assert_int_equal(write(fds[1], "x", 1), 1);
        assert_int_equal(eddy_subprocess_exec(NULL, loop, &stopping, loop, EDDY_ARGV("true"),
                                              &(eddy_process_options){.out = EDDY_PIPE}),
                         0);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_int_equal(read(fds[1], &byte, 1), 1);
        assert_int_equal(byte, 'x');
        eddy_loop_destroy(loop);
        close(fds[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(without_a_task),
                                           cmocka_unit_test(nor_do_others_need_one)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
