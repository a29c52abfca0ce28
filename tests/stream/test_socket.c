/* Raw sockets: asyncio's sock_ functions. */
#include "helpers.h"

#include <fcntl.h>

enum { MUCH = 8 * 1024 * 1024 };

static int open_nonblocking(int type)
{
        int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        return fd;
}

/** A socket that listens, and its address. */
static int listen_nonblocking(eddy_address *address)
{
        uint16_t port;
        int fd = listen_on_loopback(8, &port);

        assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
        assert_int_equal(eddy_address_of_socket(address, fd), 0);
        return fd;
}

static intptr_t accept_one(void *arg)
{
        const int *listener = arg;

        return eddy_sock_accept(*listener, NULL);
}

static void connect_and_accept(void)
{
        eddy_address address, peer, own;
        int listener = listen_nonblocking(&address), client = open_nonblocking(SOCK_STREAM);
        eddy_task *task = eddy_create_task(accept_one, &listener);
        intptr_t accepted;
        char bytes[16];

        give_way();
        assert_false(eddy_done(task));
        assert_int_equal(eddy_sock_connect(client, &address), 0);
        accepted = join(task);
        assert_true(accepted >= 0);
        assert_true(fcntl((int)accepted, F_GETFL) & O_NONBLOCK);
        assert_true(fcntl((int)accepted, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(eddy_sock_sendall(client, "hello", 5), 5);
        assert_int_equal(eddy_sock_recv((int)accepted, bytes, sizeof bytes), 5);
        assert_memory_equal(bytes, "hello", 5);
        assert_int_equal(eddy_sock_close(client), 0);
        assert_int_equal(eddy_sock_recv((int)accepted, bytes, sizeof bytes), 0);
        assert_int_equal(eddy_sock_close((int)accepted), 0);

        client = open_nonblocking(SOCK_STREAM);
        assert_int_equal(eddy_sock_connect(client, &address), 0);
        accepted = eddy_sock_accept(listener, &peer);
        assert_int_equal(eddy_address_of_socket(&own, client), 0);
        assert_true(eddy_address_equal(&peer, &own));
        eddy_sock_close((int)accepted);
        eddy_sock_close(client);
        eddy_sock_close(listener);
}

static void refused(void)
{
        uint16_t port = 0;
        int holder = hold_port(&port), client = open_nonblocking(SOCK_STREAM);
        eddy_address address;

        assert_int_equal(eddy_address_from_ip(&address, "127.0.0.1", port), 0);
        assert_int_equal(eddy_sock_connect(client, &address), -ECONNREFUSED);
        eddy_sock_close(client);
        close(holder);
}

struct transfer {
        int fd;
        char *bytes;
};

static intptr_t send_much(void *arg)
{
        struct transfer *transfer = arg;

        return eddy_sock_sendall(transfer->fd, transfer->bytes, MUCH);
}

static void much(void)
{
        struct transfer transfer = {.bytes = make_pattern(MUCH)};
        size_t place = 0;
        eddy_task *sender;
        int ends[2];

        connect_sockets(ends);
        for (int i = 0; i < 2; i++)
                assert_int_equal(fcntl(ends[i], F_SETFL, O_NONBLOCK), 0);
        transfer.fd = ends[0];
        sender = eddy_create_task(send_much, &transfer);
        give_way();
        assert_false(eddy_done(sender));
        while (place < MUCH) {
                static char bytes[65536];
                ssize_t n = eddy_sock_recv(ends[1], bytes, sizeof bytes);

                assert_true(n > 0);
                assert_memory_equal(bytes, transfer.bytes + place, (size_t)n);
                place += (size_t)n;
        }
        assert_int_equal(join(sender), MUCH);
        /* One that nobody hears ends by cancellation, or where its socket is closed. */
        sender = eddy_create_task(send_much, &transfer);
        give_way();
        eddy_cancel(sender);
        assert_int_equal(join(sender), EDDY_CANCELLED);
        sender = eddy_create_task(send_much, &transfer);
        give_way();
        assert_int_equal(eddy_sock_close(ends[0]), 0);
        assert_int_equal(join(sender), -EBADF);
        assert_int_equal(eddy_sock_close(ends[1]), 0);
        free(transfer.bytes);
}

static void datagrams(void)
{
        int one = open_nonblocking(SOCK_DGRAM), other = open_nonblocking(SOCK_DGRAM);
        eddy_address any, address, from;
        char bytes[8];

        assert_int_equal(eddy_address_from_ip(&any, "127.0.0.1", 0), 0);
        assert_int_equal(bind(one, &any.any, any.size), 0);
        assert_int_equal(bind(other, &any.any, any.size), 0);
        assert_int_equal(eddy_address_of_socket(&address, one), 0);
        assert_int_equal(eddy_sock_sendto(other, "one", 3, &address), 3);
        assert_int_equal(eddy_sock_recvfrom(one, bytes, sizeof bytes, &from), 3);
        assert_memory_equal(bytes, "one", 3);
        assert_int_equal(eddy_address_of_socket(&address, other), 0);
        assert_true(eddy_address_equal(&from, &address));
        assert_int_equal(eddy_sock_connect(one, &address), 0);
        assert_int_equal(eddy_sock_sendto(one, "two", 3, NULL), 3);
        assert_int_equal(eddy_sock_recvfrom(other, bytes, sizeof bytes, NULL), 3);
        eddy_sock_close(one);
        eddy_sock_close(other);
}

/* Several that wait for one descriptor. */

static intptr_t receive_byte(void *arg)
{
        const int *fd = arg;
        char byte = 0;
        ssize_t n = eddy_sock_recv(*fd, &byte, 1);

        return n == 1 ? byte : n;
}

static void in_turn(void)
{
        eddy_task *tasks[3];
        int ends[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        for (int i = 0; i < 3; i++)
                tasks[i] = eddy_create_task(receive_byte, &ends[0]);
        give_way();
        eddy_cancel(tasks[1]);
        assert_int_equal(join(tasks[1]), EDDY_CANCELLED);
        say(ends[1], "ac");
        assert_int_equal(join(tasks[0]), 'a');
        assert_int_equal(join(tasks[2]), 'c');
        tasks[0] = eddy_create_task(receive_byte, &ends[0]);
        give_way();
        assert_int_equal(eddy_sock_close(ends[0]), 0);
        assert_int_equal(join(tasks[0]), -EBADF);
        close(ends[1]);
}

/** A number that comes back as another file is that file. */
static void number_comes_back(void)
{
        int first[2], second[2];
        char byte = 0;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, first), 0);
        EDDY_TIMEOUT_SCOPE(0)
                eddy_sock_recv(first[0], &byte, 1);
        eddy_sock_close(first[0]);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, second), 0);
        assert_int_equal(second[0], first[0]);
        say(second[1], "x");
        assert_int_equal(eddy_sock_recv(second[0], &byte, 1), 1);
        eddy_sock_close(second[0]);
        close(first[1]);
        close(second[1]);
}

static void no_descriptor(void)
{
        eddy_address address = {.size = 0};
        char byte = 0;

        assert_int_equal(eddy_sock_recv(-1, &byte, 1), -EBADF);
        assert_int_equal(eddy_sock_recvfrom(-1, &byte, 1, &address), -EBADF);
        assert_int_equal(eddy_sock_sendall(-1, &byte, 1), -EBADF);
        assert_int_equal(eddy_sock_sendto(-1, &byte, 1, NULL), -EBADF);
        assert_int_equal(eddy_sock_accept(-1, NULL), -EBADF);
        assert_int_equal(eddy_sock_close(-1), -EBADF);
        assert_int_equal(eddy_address_from_ip(&address, NULL, 1), 0);
        assert_int_equal(eddy_sock_connect(-1, &address), -EBADF);
}

/** A socket that was left in blocking mode holds nothing up. */
static void in_blocking_mode(void)
{
        eddy_address address, nobody;
        uint16_t port;
        int listener = listen_on_loopback(0, &port), clients[8];
        ssize_t rc = 0;
        char byte;

        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_sock_accept(listener, NULL);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_int_equal(eddy_address_from_ip(&address, "127.0.0.1", port), 0);
        /* Its backlog is full at some time, and who connects then waits. */
        rc = 0;
        for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
                clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
                if (rc == 0)
                        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                                rc = eddy_sock_connect(clients[i], &address);
        }
        assert_int_equal(rc, EDDY_TIMEOUT);
        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_sock_recv(clients[0], &byte, 1);
        assert_int_equal(rc, EDDY_TIMEOUT);
        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_sock_recvfrom(clients[0], &byte, 1, &nobody);
        assert_int_equal(rc, EDDY_TIMEOUT);
        for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++)
                eddy_sock_close(clients[i]);
        eddy_sock_close(listener);
}

static void too_late(void)
{
        eddy_address address;
        int listener = listen_nonblocking(&address), client = open_nonblocking(SOCK_STREAM), rc = 0;
        char byte = 0;

        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_sock_accept(listener, NULL);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_int_equal(eddy_sock_connect(client, &address), 0);
        EDDY_TIMEOUT_SCOPE(0) {
                /* Also what could be had at once. */
                assert_int_equal(eddy_sock_accept(listener, NULL), EDDY_TIMEOUT);
                assert_int_equal(eddy_sock_connect(client, &address), EDDY_TIMEOUT);
                assert_int_equal(eddy_sock_recv(client, &byte, 1), EDDY_TIMEOUT);
                assert_int_equal(eddy_sock_recvfrom(client, &byte, 1, NULL), EDDY_TIMEOUT);
                assert_int_equal(eddy_sock_sendall(client, &byte, 1), EDDY_TIMEOUT);
                assert_int_equal(eddy_sock_sendto(client, &byte, 1, NULL), EDDY_TIMEOUT);
        }
        rc = eddy_sock_accept(listener, NULL);
        assert_true(rc >= 0);
        eddy_sock_close(rc);
        eddy_sock_close(client);
        eddy_sock_close(listener);
}

static void outside(void **state)
{
        eddy_address address = {.size = 0};
        char byte = 0;

        (void)state;
        assert_int_equal(eddy_sock_recv(0, &byte, 1), EDDY_ENOTASK);
        assert_int_equal(eddy_sock_recvfrom(0, &byte, 1, NULL), EDDY_ENOTASK);
        assert_int_equal(eddy_sock_sendall(0, &byte, 1), EDDY_ENOTASK);
        assert_int_equal(eddy_sock_sendto(0, &byte, 1, NULL), EDDY_ENOTASK);
        assert_int_equal(eddy_sock_connect(0, &address), EDDY_ENOTASK);
        assert_int_equal(eddy_sock_accept(0, NULL), EDDY_ENOTASK);
        assert_int_equal(eddy_sock_sendfile(0, 0, 0, 1), EDDY_ENOTASK);
        assert_int_equal(eddy_sock_close(0), EDDY_ENOLOOP);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(connect_and_accept), scene_test(refused),          scene_test(much),
            scene_test(datagrams),          scene_test(in_turn),          scene_test(number_comes_back),
            scene_test(no_descriptor),      scene_test(in_blocking_mode), scene_test(too_late),
            cmocka_unit_test(outside),
        };

        return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
