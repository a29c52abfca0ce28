/* src/stream: sockets, datagrams and names */
#include "interruption.h"

#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

/** Two connected sockets, of which the first has this to read. */
static void open_sockets(int fds[2], int type, const char *text)
{
        assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
        if (text[0])
                assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
}

static void close_sockets(int fds[2])
{
        eddy_sock_close(fds[0]);
        eddy_sock_close(fds[1]);
}

/** What a socket has to read, as text. */
static const char *rest_of(int fd)
{
        static char text[64];
        ssize_t n = read(fd, text, sizeof text - 1);

        text[n > 0 ? n : 0] = '\0';
        return text;
}

/** A socket that listens on the loopback device, and its address. */
static int listen_somewhere(eddy_address *address)
{
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        assert_int_equal(eddy_address_parse(address, "127.0.0.1:0"), 0);
        assert_int_equal(bind(fd, &address->any, address->size), 0);
        assert_int_equal(listen(fd, 8), 0);
        assert_int_equal(getsockname(fd, &address->any, &address->size), 0);
        return fd;
}

static void try_eddy_sock_recv(void)
{
        char buffer[8];
        int fds[2];

        open_sockets(fds, SOCK_STREAM, "data");
        assert_refused(eddy_sock_recv(fds[0], buffer, sizeof buffer));
        assert_int_equal(eddy_sock_recv(fds[0], buffer, sizeof buffer), 4);
        close_sockets(fds);
}

static void try_eddy_sock_recvfrom(void)
{
        eddy_address from;
        char buffer[8];
        int fds[2];

        open_sockets(fds, SOCK_DGRAM, "data");
        assert_refused(eddy_sock_recvfrom(fds[0], buffer, sizeof buffer, &from));
        assert_int_equal(eddy_sock_recvfrom(fds[0], buffer, sizeof buffer, &from), 4);
        close_sockets(fds);
}

static void try_eddy_sock_sendall(void)
{
        int fds[2];

        open_sockets(fds, SOCK_STREAM, "");
        assert_refused(eddy_sock_sendall(fds[1], "lost", 4));
        assert_int_equal(eddy_sock_sendall(fds[1], "kept", 4), 4);
        assert_string_equal(rest_of(fds[0]), "kept");
        close_sockets(fds);
}

static void try_eddy_sock_sendto(void)
{
        eddy_address nobody = {.size = 0};
        int fds[2];

        open_sockets(fds, SOCK_DGRAM, "");
        assert_refused(eddy_sock_sendto(fds[1], "lost", 4, &nobody));
        assert_int_equal(eddy_sock_sendto(fds[1], "kept", 4, &nobody), 4);
        assert_string_equal(rest_of(fds[0]), "kept");
        close_sockets(fds);
}

static void try_eddy_sock_connect(void)
{
        eddy_address address;
        int listener = listen_somewhere(&address),
            fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        assert_refused(eddy_sock_connect(fd, &address));
        assert_int_equal(eddy_sock_connect(fd, &address), 0);
        eddy_sock_close(fd);
        eddy_sock_close(listener);
}

static void try_eddy_sock_accept(void)
{
        eddy_address address;
        int listener = listen_somewhere(&address),
            fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int accepted;

        assert_int_equal(eddy_sock_connect(fd, &address), 0);
        assert_refused(eddy_sock_accept(listener, NULL));
        accepted = eddy_sock_accept(listener, NULL);
        assert_true(accepted >= 0);
        eddy_sock_close(accepted);
        eddy_sock_close(fd);
        eddy_sock_close(listener);
}

static void try_eddy_sock_sendfile(void)
{
        int fds[2], file = open(own_file("sock_sendfile", "kept"), O_RDONLY | O_CLOEXEC);

        open_sockets(fds, SOCK_STREAM, "");
        assert_refused(eddy_sock_sendfile(fds[1], file, 0, 4));
        assert_int_equal(eddy_sock_sendfile(fds[1], file, 0, 4), 4);
        assert_string_equal(rest_of(fds[0]), "kept");
        close_sockets(fds);
        close(file);
}

/** A datagram socket, with its peer as a descriptor. */
static eddy_datagram *open_datagrams(int *peer)
{
        eddy_datagram *datagram;
        int fds[2];

        open_sockets(fds, SOCK_DGRAM, "");
        assert_int_equal(eddy_datagram_from_socket(&datagram, fds[0]), 0);
        *peer = fds[1];
        return datagram;
}

static void try_eddy_open_datagram(void)
{
        const eddy_datagram_options options = {.local_host = "127.0.0.1"};
        eddy_datagram *datagram = NULL;

        assert_refused(eddy_open_datagram(&datagram, &options));
        assert_null(datagram);
        assert_int_equal(eddy_open_datagram(&datagram, &options), 0);
        eddy_datagram_destroy(datagram);
}

static const eddy_datagram_protocol silence;

static void try_eddy_create_datagram_endpoint(void)
{
        const eddy_datagram_options options = {.local_host = "127.0.0.1"};
        eddy_datagram_transport *transport;

        assert_refused(eddy_create_datagram_endpoint(&transport, &silence, NULL, &options));
        assert_null(transport);
        assert_int_equal(eddy_create_datagram_endpoint(&transport, &silence, NULL, &options), 0);
        eddy_datagram_transport_abort(transport);
}

static void try_eddy_create_unix_datagram_endpoint(void)
{
        eddy_datagram_transport *transport;

        assert_refused(eddy_create_unix_datagram_endpoint(&transport, &silence, NULL, NULL, NULL));
        assert_null(transport);
        assert_int_equal(eddy_create_unix_datagram_endpoint(&transport, &silence, NULL, NULL, NULL), 0);
        eddy_datagram_transport_abort(transport);
}

static void try_eddy_datagram_receive(void)
{
        char buffer[8];
        int peer;
        eddy_datagram *datagram = open_datagrams(&peer);

        assert_int_equal(write(peer, "data", 4), 4);
        assert_refused(eddy_datagram_receive(datagram, buffer, sizeof buffer, NULL, NULL));
        assert_int_equal(eddy_datagram_receive(datagram, buffer, sizeof buffer, NULL, NULL), 4);
        eddy_datagram_destroy(datagram);
        close(peer);
}

static void try_eddy_datagram_receive_many(void)
{
        char buffer[8];
        eddy_message message = {.data = buffer, .room = sizeof buffer};
        int peer;
        eddy_datagram *datagram = open_datagrams(&peer);

        assert_int_equal(write(peer, "data", 4), 4);
        assert_refused(eddy_datagram_receive_many(datagram, &message, 1));
        assert_int_equal(eddy_datagram_receive_many(datagram, &message, 1), 1);
        eddy_datagram_destroy(datagram);
        close(peer);
}

static void try_eddy_datagram_send(void)
{
        int peer;
        eddy_datagram *datagram = open_datagrams(&peer);

        assert_refused(eddy_datagram_send(datagram, "lost", 4));
        assert_int_equal(eddy_datagram_send(datagram, "kept", 4), 4);
        assert_string_equal(rest_of(peer), "kept");
        eddy_datagram_destroy(datagram);
        close(peer);
}

/** Two UDP sockets of this machine, and the address of the second. */
static void open_udp(eddy_datagram *ends[2], eddy_address *to)
{
        for (int i = 0; i < 2; i++)
                assert_int_equal(
                    eddy_open_datagram(&ends[i], &(eddy_datagram_options){.local_host = "127.0.0.1"}), 0);
        assert_int_equal(eddy_address_parse(to, eddy_datagram_own_name(ends[1])), 0);
}

/** That the second has received this and nothing before; and close both. */
static void close_udp(eddy_datagram *ends[2], const char *text)
{
        char buffer[16];

        assert_int_equal(eddy_datagram_receive(ends[1], buffer, sizeof buffer, NULL, NULL), strlen(text));
        assert_memory_equal(buffer, text, strlen(text));
        eddy_datagram_destroy(ends[0]);
        eddy_datagram_destroy(ends[1]);
}

static void try_eddy_datagram_send_to(void)
{
        eddy_datagram *ends[2];
        eddy_address to;

        open_udp(ends, &to);
        assert_refused(eddy_datagram_send_to(ends[0], "lost", 4, &to));
        assert_int_equal(eddy_datagram_send_to(ends[0], "kept", 4, &to), 4);
        close_udp(ends, "kept");
}

static void try_eddy_datagram_send_many(void)
{
        eddy_message message = {.data = (char[]){"kept"}, .size = 4};
        eddy_datagram *ends[2];

        open_udp(ends, &message.peer);
        assert_refused(eddy_datagram_send_many(ends[0], &message, 1));
        assert_int_equal(eddy_datagram_send_many(ends[0], &message, 1), 1);
        close_udp(ends, "kept");
}

static void try_eddy_datagram_send_segments(void)
{
        eddy_datagram *ends[2];
        eddy_address to;

        open_udp(ends, &to);
        assert_refused(eddy_datagram_send_segments(ends[0], "lost", 4, 4, &to));
        assert_int_equal(eddy_datagram_send_segments(ends[0], "kept", 4, 4, &to), 4);
        close_udp(ends, "kept");
}

static void try_eddy_getaddrinfo(void)
{
        const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
        struct addrinfo *found = NULL;

        assert_refused(eddy_getaddrinfo("127.0.0.1", "80", &hints, &found));
        assert_null(found);
        assert_int_equal(eddy_getaddrinfo("127.0.0.1", "80", &hints, &found), 0);
        eddy_freeaddrinfo(found);
}

static void try_eddy_getnameinfo(void)
{
        eddy_address address;
        char host[64];

        assert_int_equal(eddy_address_parse(&address, "127.0.0.1:80"), 0);
        assert_refused(eddy_getnameinfo(&address, host, sizeof host, NULL, 0, NI_NUMERICHOST));
        assert_int_equal(eddy_getnameinfo(&address, host, sizeof host, NULL, 0, NI_NUMERICHOST), 0);
        assert_string_equal(host, "127.0.0.1");
}

const struct row socket_rows[] = {
    ROW(eddy_sock_recv),
    ROW(eddy_sock_recvfrom),
    ROW(eddy_sock_sendall),
    ROW(eddy_sock_sendto),
    ROW(eddy_sock_connect),
    ROW(eddy_sock_accept),
    ROW(eddy_sock_sendfile),
    ROW(eddy_open_datagram),
    ROW(eddy_create_datagram_endpoint),
    ROW(eddy_create_unix_datagram_endpoint),
    ROW(eddy_datagram_receive),
    ROW(eddy_datagram_receive_many),
    ROW(eddy_datagram_send),
    ROW(eddy_datagram_send_to),
    ROW(eddy_datagram_send_many),
    ROW(eddy_datagram_send_segments),
    ROW(eddy_getaddrinfo),
    ROW(eddy_getnameinfo),
    {.name = NULL},
};
