/* Whoever is told EDDY_CANCELLED has taken nothing, and an interruption that is in force refuses every call on entry. The
 * tables list every call of streams, datagrams, servers and raw sockets that suspends; a new one belongs there. */
#include "helpers.h"

#include <eddy/unix.h>
#include <fcntl.h>
#include <netinet/tcp.h>

/** What calls are made on: each thing has a peer as a plain socket. */
struct ground {
        eddy_stream *tcp, *local, *closing;
        eddy_datagram *datagram;
        eddy_server *server;
        int tcp_peer, local_peer, closing_peer, datagram_peer, raw[2], raw_datagram[2], listener, client, file;
        uint16_t port;
};

static intptr_t no_handler(eddy_stream *stream, void *arg)
{
        (void)stream, (void)arg;
        return 0;
}

static void open_ground(struct ground *g)
{
        FILE *file = tmpfile();
        int ends[2];

        connect_sockets(ends);
        assert_int_equal(eddy_stream_from_socket(&g->tcp, ends[0], 0), 0);
        g->tcp_peer = ends[1];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        assert_int_equal(eddy_stream_from_socket(&g->local, ends[0], 0), 0);
        g->local_peer = ends[1];
        connect_sockets(ends);
        assert_int_equal(eddy_stream_from_socket(&g->closing, ends[0], 0), 0);
        g->closing_peer = ends[1];
        eddy_stream_close(g->closing);
        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
        assert_int_equal(eddy_datagram_from_socket(&g->datagram, ends[0]), 0);
        g->datagram_peer = ends[1];
        assert_int_equal(eddy_start_server(&g->server, no_handler, NULL, "127.0.0.1", 0, NULL), 0);
        connect_sockets(g->raw);
        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, g->raw_datagram), 0);
        g->listener = listen_on_loopback(8, &g->port);
        g->client = -1;
        g->file = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
        assert_int_equal(ftruncate(g->file, 100), 0);
        fclose(file);
}

static void close_ground(struct ground *g)
{
        const int fds[] = {g->tcp_peer, g->local_peer,      g->closing_peer, g->datagram_peer,
                           g->raw[1],   g->raw_datagram[1], g->file,         g->client};

        eddy_stream_destroy(g->tcp);
        eddy_stream_destroy(g->local);
        eddy_stream_destroy(g->closing);
        eddy_datagram_destroy(g->datagram);
        eddy_server_destroy(g->server);
        eddy_sock_close(g->raw[0]);
        eddy_sock_close(g->raw_datagram[0]);
        eddy_sock_close(g->listener);
        for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
                if (fds[i] >= 0)
                        close(fds[i]);
}

/* What comes. */

static void say_tcp(struct ground *g)
{
        say(g->tcp_peer, "hello\n");
}

static void say_local(struct ground *g)
{
        say(g->local_peer, "hello\n");
}

static void say_raw(struct ground *g)
{
        say(g->raw[1], "hello\n");
}

static void say_datagram(struct ground *g)
{
        say(g->datagram_peer, "hello\n");
}

static void say_raw_datagram(struct ground *g)
{
        say(g->raw_datagram[1], "hello\n");
}

static void connect_client(struct ground *g)
{
        g->client = connect_to_port(g->port);
}

static void send_fd(struct ground *g)
{
        union {
                struct cmsghdr head;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = {
            .head = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))}};
        struct iovec part = {.iov_base = (char[]){"hello\n"}, .iov_len = 6};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};

        memcpy(CMSG_DATA(&control.head), &g->file, sizeof g->file);
        assert_int_equal(sendmsg(g->local_peer, &message, 0), 6);
}

/* The calls that take it: 6, what "hello\n" is long, where all of it was there. */

static char bytes[100];
static const char *shown;

static intptr_t read_tcp(struct ground *g)
{
        return eddy_stream_read(g->tcp, bytes, sizeof bytes);
}

static intptr_t read_local(struct ground *g)
{
        return eddy_stream_read(g->local, bytes, sizeof bytes);
}

static intptr_t read_some(struct ground *g)
{
        return eddy_stream_read_some(g->tcp, &shown);
}

static intptr_t read_exactly(struct ground *g)
{
        return eddy_stream_read_exactly(g->tcp, bytes, 6);
}

static intptr_t read_until(struct ground *g)
{
        return eddy_stream_read_until(g->tcp, "o\n", 2, &shown);
}

static intptr_t read_line(struct ground *g)
{
        return eddy_stream_read_line(g->tcp, &shown);
}

static intptr_t read_local_line(struct ground *g)
{
        return eddy_stream_read_line(g->local, &shown);
}

static intptr_t receive_fd(struct ground *g)
{
        size_t count = 1;
        int fd;
        ssize_t n = eddy_stream_receive_fds(g->local, bytes, sizeof bytes, &fd, &count);

        if (n < 0)
                return n;
        assert_int_equal(count, 1);
        close(fd);
        return n;
}

static intptr_t receive(struct ground *g)
{
        return eddy_datagram_receive(g->datagram, bytes, sizeof bytes, NULL, NULL);
}

static intptr_t receive_many(struct ground *g)
{
        eddy_message messages[3] = {{.data = bytes, .room = 30}, {.data = bytes + 30, .room = 30}};
        ssize_t n = eddy_datagram_receive_many(g->datagram, messages, 2);

        return n == 1 ? (intptr_t)messages[0].size : n;
}

static intptr_t recv_raw(struct ground *g)
{
        return eddy_sock_recv(g->raw[0], bytes, sizeof bytes);
}

static intptr_t recv_from(struct ground *g)
{
        return eddy_sock_recvfrom(g->raw_datagram[0], bytes, sizeof bytes, NULL);
}

static intptr_t accept_client(struct ground *g)
{
        int fd = eddy_sock_accept(g->listener, NULL);

        if (fd >= 0)
                eddy_sock_close(fd);
        return fd < 0 ? fd : 6;
}

static const struct taking {
        const char *name;
        void (*provide)(struct ground *g);
        intptr_t (*take)(struct ground *g);
} takers[] = {
    {"read of TCP", say_tcp, read_tcp},
    {"read of a UNIX stream", say_local, read_local},
    {"read_some", say_tcp, read_some},
    {"read_exactly", say_tcp, read_exactly},
    {"read_until", say_tcp, read_until},
    {"read_line of TCP", say_tcp, read_line},
    {"read_line of a UNIX stream", say_local, read_local_line},
    {"receive_fds", send_fd, receive_fd},
    {"receive", say_datagram, receive},
    {"receive_many", say_datagram, receive_many},
    {"sock_recv", say_raw, recv_raw},
    {"sock_recvfrom", say_raw_datagram, recv_from},
    {"sock_accept", connect_client, accept_client},
};

enum { TAKERS = sizeof takers / sizeof takers[0] };

/** A call in a task of its own. */
struct call {
        intptr_t (*make)(struct ground *g);
        struct ground *ground;
        bool is_cancelled_before;
};

static intptr_t make_call(void *arg)
{
        const struct call *call = arg;

        if (call->is_cancelled_before)
                eddy_cancel(eddy_current_task());
        return call->make(call->ground);
}

static eddy_task *start_call(intptr_t (*make)(struct ground *g), struct ground *ground,
                             bool is_cancelled_before)
{
        struct call call = {make, ground, is_cancelled_before};

        return eddy_task_create(&(eddy_task_options){.args = &call, .args_size = sizeof call}, make_call, NULL);
}

/** What is there can be had once: by who was interrupted, or by the next. */
static void assert_had_once(const struct taking *taker, struct ground *g, intptr_t first)
{
        intptr_t next = 0;

        if (first != EDDY_CANCELLED) {
                if (first != 6)
                        fail_msg("%s: %s", taker->name, eddy_errname(first));
                return;
        }
        EDDY_TIMEOUT_SCOPE(eddy_seconds(10))
                next = taker->take(g);
        if (next != 6)
                fail_msg("%s: what came is lost: %s", taker->name, eddy_errname(next));
}

/** What was there before an interrupted call is still there. */
static void entering(void)
{
        for (size_t i = 0; i < TAKERS; i++) {
                struct ground g;
                intptr_t rc;

                open_ground(&g);
                takers[i].provide(&g);
                give_way();
                rc = join(start_call(takers[i].take, &g, true));
                assert_int_equal(rc, EDDY_CANCELLED);
                assert_had_once(&takers[i], &g, rc);
                close_ground(&g);
        }
}

/** Something comes and its taker is cancelled, in either order and so many turns of the loop apart. */
static void waiting(void)
{
        enum { MOST_TURNS = 6 };

        for (size_t i = 0; i < TAKERS; i++)
                for (int turns = -MOST_TURNS; turns <= MOST_TURNS; turns++) {
                        struct ground g;
                        eddy_task *task;

                        open_ground(&g);
                        task = start_call(takers[i].take, &g, false);
                        give_way();
                        assert_false(eddy_done(task));
                        if (turns < 0)
                                eddy_cancel(task);
                        else
                                takers[i].provide(&g);
                        for (int n = abs(turns); n > 0; n--)
                                eddy_yield();
                        if (turns < 0)
                                takers[i].provide(&g);
                        else
                                eddy_cancel(task);
                        assert_had_once(&takers[i], &g, join(task));
                        close_ground(&g);
                }
}

/* All the other calls. */

static intptr_t open_connection(struct ground *g)
{
        eddy_stream *stream;
        int rc = eddy_open_connection(&stream, "127.0.0.1", g->port, NULL);

        assert_null(stream);
        return rc;
}

static intptr_t open_unix_connection(struct ground *g)
{
        eddy_stream *stream;
        int rc = eddy_open_unix_connection(&stream, "@nobody", NULL);

        (void)g;
        assert_null(stream);
        return rc;
}

static intptr_t open_datagram(struct ground *g)
{
        eddy_datagram *datagram;
        int rc = eddy_open_datagram(&datagram, NULL);

        (void)g;
        assert_null(datagram);
        return rc;
}

static intptr_t start_server(struct ground *g)
{
        eddy_server *server;
        int rc = eddy_start_server(&server, no_handler, NULL, "127.0.0.1", 0, NULL);

        (void)g;
        assert_null(server);
        return rc;
}

static intptr_t wait_server_closed(struct ground *g)
{
        eddy_server_close(g->server);
        return eddy_server_wait_closed(g->server);
}

/** Refused, too, it does what it is for. */
static intptr_t serve_forever(struct ground *g)
{
        int rc = eddy_server_serve_forever(g->server);

        assert_false(eddy_server_is_serving(g->server));
        return rc;
}

static intptr_t drain(struct ground *g)
{
        return eddy_stream_drain(g->tcp);
}

static intptr_t wait_closed(struct ground *g)
{
        return eddy_stream_wait_closed(g->closing);
}

static intptr_t write_all(struct ground *g)
{
        return eddy_stream_write_all(g->tcp, "x", 1);
}

static intptr_t write_nothing(struct ground *g)
{
        return eddy_stream_write_all(g->tcp, "x", 0);
}

static intptr_t read_nothing(struct ground *g)
{
        return eddy_stream_read(g->tcp, bytes, 0);
}

static intptr_t read_all(struct ground *g)
{
        char *all;

        return eddy_stream_read_all(g->tcp, &all, SIZE_MAX);
}

static intptr_t send_file(struct ground *g)
{
        return eddy_stream_sendfile(g->tcp, g->file, 0, 100);
}

static intptr_t send_fds(struct ground *g)
{
        return eddy_stream_send_fds(g->local, "x", 1, &g->file, 1);
}

static intptr_t send_datagram(struct ground *g)
{
        return eddy_datagram_send(g->datagram, "x", 1);
}

static intptr_t send_many(struct ground *g)
{
        const eddy_message message = {.data = bytes, .size = 1};

        return eddy_datagram_send_many(g->datagram, &message, 1);
}

static intptr_t send_segments(struct ground *g)
{
        return eddy_datagram_send_segments(g->datagram, bytes, 2, 1, NULL);
}

static intptr_t sock_send_all(struct ground *g)
{
        return eddy_sock_sendall(g->raw[0], "x", 1);
}

static intptr_t sock_send_to(struct ground *g)
{
        return eddy_sock_sendto(g->raw_datagram[0], "x", 1, NULL);
}

static intptr_t sock_send_file(struct ground *g)
{
        return eddy_sock_sendfile(g->raw[0], g->file, 0, 100);
}

static intptr_t sock_connect(struct ground *g)
{
        eddy_address address;

        assert_int_equal(eddy_address_from_ip(&address, "127.0.0.1", g->port), 0);
        return eddy_sock_connect(g->raw[0], &address);
}

static const struct {
        const char *name;
        intptr_t (*make)(struct ground *g);
} others[] = {
    {"open_connection", open_connection},
    {"open_unix_connection", open_unix_connection},
    {"open_datagram", open_datagram},
    {"start_server", start_server},
    {"server's wait_closed", wait_server_closed},
    {"serve_forever", serve_forever},
    {"drain", drain},
    {"wait_closed", wait_closed},
    {"write_all", write_all},
    {"write_all of nothing", write_nothing},
    {"read of nothing", read_nothing},
    {"read_all", read_all},
    {"sendfile", send_file},
    {"send_fds", send_fds},
    {"send", send_datagram},
    {"send_many", send_many},
    {"send_segments", send_segments},
    {"sock_sendall", sock_send_all},
    {"sock_sendto", sock_send_to},
    {"sock_sendfile", sock_send_file},
    {"sock_connect", sock_connect},
};

/** They would all have their outcome at once, and are refused all the same; nothing has left. */
static void every_call_is_refused(void)
{
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
                struct ground g;
                intptr_t rc;
                char byte;

                open_ground(&g);
                rc = join(start_call(others[i].make, &g, true));
                if (rc != EDDY_CANCELLED)
                        fail_msg("%s: %s", others[i].name, eddy_errname(rc));
                give_way();
                assert_int_equal(recv(g.tcp_peer, &byte, 1, MSG_DONTWAIT), -1);
                assert_int_equal(recv(g.local_peer, &byte, 1, MSG_DONTWAIT), -1);
                assert_int_equal(recv(g.datagram_peer, &byte, 1, MSG_DONTWAIT), -1);
                assert_int_equal(recv(g.raw[1], &byte, 1, MSG_DONTWAIT), -1);
                assert_int_equal(recv(g.raw_datagram[1], &byte, 1, MSG_DONTWAIT), -1);
                close_ground(&g);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(entering),
            scene_test(waiting),
            scene_test(every_call_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
