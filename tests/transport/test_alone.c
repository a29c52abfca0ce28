/* The callback level by itself: this is linked with what lies below coroutines and with nothing else. Two ends of a connection
 * that talk to each other, on a loop that runs no task, also where the one connects to the other by name; likewise datagrams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/accept.h"
#include "net/connect.h"
#include "net/datagram_open.h"
#include "net/listen.h"
#include <arpa/inet.h>
#include <eddy.h>
#include <netinet/in.h>
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

/** Both ends of a connection that is made by name. */
struct meeting {
        eddy_loop *loop;
        struct acceptor acceptor;
        struct connector connector;
        struct end ends[2];
        unsigned accepted;
};

static void join_in(struct meeting *meeting, int fd, const eddy_protocol *protocol, struct end *end)
{
        assert_int_equal(eddy_transport_from_socket(NULL, meeting->loop, fd, protocol, end), 0);
}

static void call(struct connector *connector, int outcome)
{
        struct meeting *meeting = container_of(connector, struct meeting, connector);

        assert_true(outcome >= 0);
        connector_finish(connector);
        join_in(meeting, outcome, &caller, &meeting->ends[0]);
}

static bool has_room(const struct acceptor *acceptor)
{
        (void)acceptor;
        return true;
}

static int take(struct acceptor *acceptor, int fd)
{
        struct meeting *meeting = container_of(acceptor, struct meeting, acceptor);

        meeting->accepted++;
        join_in(meeting, fd, &callee, &meeting->ends[1]);
        return 0;
}

static const struct acceptor_impl acceptor_impl = {.has_room = has_room, .take = take};

static void meet(const char *host)
{
        int left = 2, outcome;
        struct meeting meeting = {.connector.done = call};
        struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const struct addrinfo here = {
            .ai_family = AF_INET,
            .ai_addr = (struct sockaddr *)&any,
            .ai_addrlen = sizeof any,
        };
        eddy_address address;
        int listener = listen_on_address(&here, 0, &(eddy_server_options){.backlog = 0});

        assert_true(listener >= 0);
        assert_int_equal(eddy_address_of_socket(&address, listener), 0);
        assert_int_equal(eddy_loop_create(&meeting.loop), 0);
        for (int i = 0; i < 2; i++)
                meeting.ends[i] = (struct end){.loop = meeting.loop, .left = &left};
        acceptor_init(&meeting.acceptor, &acceptor_impl, meeting.loop, listener, AF_INET);
        acceptor_go_on(&meeting.acceptor);
        outcome = connector_begin(&meeting.connector, meeting.loop, host, eddy_address_port(&address),
                                  &(eddy_connect_options){.family = AF_INET});
        if (outcome != EDDY_PENDING)
                call(&meeting.connector, outcome);
        assert_int_equal(eddy_loop_run_forever(meeting.loop), 0);
        assert_int_equal(meeting.accepted, 1);
        assert_int_equal(meeting.ends[1].heard, ROUNDS);
        acceptor_close(&meeting.acceptor);
        eddy_loop_destroy(meeting.loop);
}

static void by_name(void **state)
{
        (void)state;
        meet("127.0.0.1");
        meet("localhost");
}

/** Two sockets of datagrams, the one at a name and the other connected to it. */
struct post {
        eddy_loop *loop;
        struct datagram_opener openers[2]; /* who answers, who asks */
        eddy_datagram_transport *transports[2];
        unsigned heard;
};

static void hear_question(eddy_datagram_transport *transport, void *self, const void *data, size_t n,
                          const eddy_address *from)
{
        (void)self;
        assert_int_equal(eddy_datagram_transport_sendto(transport, data, n, from), 0);
}

static void hear_answer(eddy_datagram_transport *transport, void *self, const void *data, size_t n,
                        const eddy_address *from)
{
        struct post *post = self;

        (void)from;
        assert_memory_equal(data, "x", n);
        if (++post->heard < ROUNDS)
                assert_int_equal(eddy_datagram_transport_sendto(transport, "x", 1, NULL), 0);
        else
                eddy_loop_stop(post->loop);
}

static void ask_at_first(eddy_datagram_transport *transport, void *self)
{
        (void)self;
        assert_int_equal(eddy_datagram_transport_sendto(transport, "x", 1, NULL), 0);
}

static const eddy_datagram_protocol answerer = {.datagram_received = hear_question};
static const eddy_datagram_protocol asker = {.connection_made = ask_at_first, .datagram_received = hear_answer};

static void opened_asker(struct datagram_opener *opener, int fd)
{
        struct post *post = container_of(opener, struct post, openers[1]);

        assert_true(fd >= 0);
        assert_int_equal(
            eddy_datagram_transport_from_socket(&post->transports[1], post->loop, fd, &asker, post), 0);
        datagram_opener_finish(opener);
}

static void open_by_name(struct post *post, int which, const eddy_datagram_options *options)
{
        struct datagram_opener *opener = &post->openers[which];
        int outcome = datagram_opener_begin(opener, post->loop, options);

        if (outcome != EDDY_PENDING)
                opener->done(opener, outcome);
}

static void open_asker(struct post *post, const eddy_address *address)
{
        open_by_name(post, 1,
                     &(eddy_datagram_options){
                         .remote_host = "localhost",
                         .remote_port = eddy_address_port(address),
                         .local_host = "localhost",
                         .family = AF_INET,
                     });
}

static void opened_answerer(struct datagram_opener *opener, int fd)
{
        struct post *post = container_of(opener, struct post, openers[0]);
        eddy_address address;

        assert_true(fd >= 0);
        assert_int_equal(eddy_address_of_socket(&address, fd), 0);
        assert_int_equal(
            eddy_datagram_transport_from_socket(&post->transports[0], post->loop, fd, &answerer, post), 0);
        datagram_opener_finish(opener);
        open_asker(post, &address);
}

static void datagrams_by_name(void **state)
{
        struct post post = {.openers = {{.done = opened_answerer}, {.done = opened_asker}}};

        (void)state;
        assert_int_equal(eddy_loop_create(&post.loop), 0);
        open_by_name(&post, 0, &(eddy_datagram_options){.local_host = "localhost", .family = AF_INET});
        assert_int_equal(eddy_loop_run_forever(post.loop), 0);
        assert_int_equal(post.heard, ROUNDS);
        for (int i = 0; i < 2; i++)
                eddy_datagram_transport_close(post.transports[i]);
        eddy_loop_destroy(post.loop);
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
        const struct CMUnitTest tests[] = {cmocka_unit_test(without_a_task), cmocka_unit_test(by_name),
                                           cmocka_unit_test(datagrams_by_name),
                                           cmocka_unit_test(nor_do_others_need_one)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
