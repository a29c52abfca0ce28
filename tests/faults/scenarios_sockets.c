/* UNIX sockets, datagrams, raw sockets and files that are sent. */
#include "base/fault.h"
#include "scenarios.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MUCH = 1024 * 1024 }; /* more than a UNIX socket holds */

/* Servers and clients by path. */

static int call(const char *path)
{
        eddy_stream *stream;
        char bytes[5];
        ssize_t rc = eddy_open_unix_connection(&stream, path, NULL);

        if (rc == 0)
                rc = eddy_stream_write_all(stream, "hello", 5);
        /* One that is lost must not be waited for in vain. */
        if (rc >= 0)
                EDDY_TIMEOUT_SCOPE(eddy_seconds(2))
                        rc = eddy_stream_read_exactly(stream, bytes, sizeof bytes);
        eddy_stream_destroy(stream);
        return rc < 0 ? (int)rc : 0;
}

static intptr_t serving_a_path(void *arg)
{
        eddy_server_options options = {.mode = 0600};
        eddy_server *server;
        char path[64];
        int rc;

        (void)arg;
        snprintf(path, sizeof path, "/tmp/eddy-faults-%d", getpid());
        rc = eddy_start_unix_server(&server, echo, NULL, path, &options);
        if (rc == 0)
                rc = call(path);
        end_server(server);
        unlink(path); /* where removing it is what fails */
        return rc;
}

static intptr_t connect_to(void *arg)
{
        eddy_stream *stream;
        int rc = eddy_open_unix_connection(&stream, arg, NULL);

        eddy_stream_destroy(stream);
        return rc;
}

/** Three who connect to a server that has room for one at a time. */
static int let_in_three(int listener, char *path)
{
        eddy_group group;
        int rc = 0, outcome;

        eddy_group_open(&group);
        for (int i = 0; i < 3; i++)
                eddy_group_create_task(&group, connect_to, path, NULL);
        for (int i = 0; i < 3 && rc == 0; i++) {
                rc = eddy_sock_accept(listener, NULL);
                if (rc >= 0)
                        rc = eddy_sock_close(rc);
        }
        if (rc < 0)
                eddy_group_cancel(&group);
        outcome = eddy_group_close(&group);
        return outcome < 0 ? outcome : rc;
}

static intptr_t waiting_for_room(void *arg)
{
        struct sockaddr_un any = {.sun_family = AF_UNIX};
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc = -ENOTCONN;
        char path[EDDY_ADDRESS_TEXT_SIZE];
        eddy_address address;

        (void)arg;
        if (bind(listener, (struct sockaddr *)&any, sizeof any.sun_family) == 0 && listen(listener, 0) == 0)
                rc = eddy_address_of_socket(&address, listener);
        if (rc == 0) {
                eddy_address_print(&address, path);
                rc = let_in_three(listener, path);
        }
        eddy_sock_close(listener);
        return rc;
}

/* Streams in pairs. */

static intptr_t send_descriptor(void *arg)
{
        eddy_stream *stream = arg;
        static const char bytes[MUCH];
        int ends[2] = {eddy_stream_fd(stream), eddy_stream_fd(stream)};
        ssize_t rc = eddy_stream_write(stream, "before", 6);

        if (rc == 0)
                rc = eddy_stream_send_fds(stream, bytes, sizeof bytes, ends, 2);
        if (rc >= 0)
                rc = eddy_stream_send_fds(stream, bytes, 1, ends, 2);
        return rc < 0 ? rc : 0;
}

static ssize_t receive_descriptors(void *arg)
{
        static char bytes[MUCH];
        size_t total = 0;

        while (total < 6 + MUCH + 1) {
                int fds[2];
                size_t count = 2;
                ssize_t n = eddy_stream_receive_fds(arg, bytes, sizeof bytes, fds, &count);

                for (size_t i = 0; i < count; i++)
                        close(fds[i]);
                if (n <= 0)
                        return n;
                total += (size_t)n;
        }
        return 0;
}

static intptr_t passing_descriptors(void *arg)
{
        eddy_stream *ends[2];
        intptr_t rc = eddy_stream_pair(ends);

        (void)arg;
        if (rc == 0)
                rc = act_beside(send_descriptor, ends[0], receive_descriptors, ends[1]);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
        return rc;
}

static intptr_t listen_to(void *arg)
{
        static char bytes[64 * 1024];
        ssize_t n;

        while ((n = eddy_stream_read(arg, bytes, sizeof bytes)) > 0)
                ;
        return n;
}

/** A file, and where it is to go. */
struct order {
        eddy_stream *stream;
        int file;
};

static ssize_t send_file(void *arg)
{
        struct order *order = arg;
        ssize_t rc = eddy_stream_write(order->stream, "before", 6);

        if (rc == 0)
                rc = eddy_stream_sendfile(order->stream, order->file, 0, SIZE_MAX);
        if (rc >= 0)
                rc = eddy_sock_sendfile(eddy_stream_fd(order->stream), order->file, 0, SIZE_MAX);
        return rc < 0 ? rc : 0;
}

static intptr_t sending_a_file(void *arg)
{
        FILE *file = tmpfile();
        struct order order = {.file = fileno(file)};
        eddy_stream *ends[2];
        intptr_t rc = eddy_stream_pair(ends);

        (void)arg;
        order.stream = ends[0];
        if (rc == 0 && ftruncate(order.file, MUCH) == 0)
                rc = act_beside(listen_to, ends[1], send_file, &order);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
        fclose(file);
        return rc;
}

/** Nothing ever lies in memory. */
static bool is_cold(const char *what)
{
        return strcmp(what, "preadv2") == 0;
}

static intptr_t sending_a_cold_file(void *arg)
{
        intptr_t rc;

        fault_script(is_cold);
        rc = sending_a_file(arg);
        fault_script(NULL);
        return rc;
}

/* Datagrams. */

/** Answers datagrams, one by one and then in batches. */
static intptr_t answer(void *arg)
{
        eddy_datagram *datagram = arg;
        char bytes[4][16];
        eddy_message messages[4];
        eddy_address from;
        ssize_t n = eddy_datagram_receive(datagram, bytes[0], sizeof bytes[0], &from, NULL);

        if (n >= 0)
                n = eddy_datagram_send_to(datagram, bytes[0], (size_t)n, &from);
        while (n >= 0) {
                for (int i = 0; i < 4; i++)
                        messages[i] = (eddy_message){.data = bytes[i], .room = sizeof bytes[i]};
                n = eddy_datagram_receive_many(datagram, messages, 4);
                if (n > 0)
                        n = eddy_datagram_send_many(datagram, messages, (size_t)n);
        }
        return n;
}

static ssize_t ask(void *arg)
{
        eddy_datagram *datagram = arg;
        eddy_message messages[3] = {
            {.data = "1", .size = 1}, {.data = "2", .size = 1}, {.data = "3", .size = 1}};
        char bytes[16];
        ssize_t rc = eddy_datagram_send(datagram, "hello", 5);

        if (rc >= 0)
                rc = eddy_datagram_receive(datagram, bytes, sizeof bytes, NULL, NULL);
        if (rc >= 0)
                rc = eddy_datagram_send_many(datagram, messages, 3);
        for (int i = 0; i < 3 && rc >= 0; i++)
                rc = eddy_datagram_receive(datagram, bytes, sizeof bytes, NULL, NULL);
        return rc < 0 ? rc : 0;
}

static intptr_t datagrams(void *arg)
{
        eddy_datagram_options options = {.local_host = "localhost", .family = AF_INET, .reuse_port = true};
        eddy_datagram *server = NULL, *client = NULL;
        eddy_address address;
        intptr_t rc = eddy_open_datagram(&server, &options);

        (void)arg;
        if (rc == 0)
                rc = eddy_address_of_socket(&address, eddy_datagram_fd(server));
        if (rc == 0) {
                options = (eddy_datagram_options){
                    .remote_host = "127.0.0.1",
                    .remote_port = eddy_address_port(&address),
                    .local_host = "localhost",
                    .broadcast = true,
                };
                rc = eddy_open_datagram(&client, &options);
        }
        if (rc == 0)
                rc = act_beside(answer, server, ask, client);
        eddy_datagram_destroy(client);
        eddy_datagram_destroy(server);
        return rc;
}

/** More than there is room for. */
static ssize_t send_many(void *arg)
{
        eddy_datagram *client = arg;
        eddy_message messages[100];
        eddy_address to;
        ssize_t rc = eddy_address_of_peer(&to, eddy_datagram_fd(client));

        for (int i = 0; i < 100; i++)
                messages[i] = (eddy_message){.data = "x", .size = 1};
        for (int i = 0; i < 6 && rc >= 0; i++) {
                rc = eddy_datagram_send_many(client, messages, 100);
                if (rc >= 0)
                        rc = eddy_datagram_send(client, "y", 1);
                if (rc >= 0)
                        rc = eddy_datagram_send_to(client, "z", 1, &to);
        }
        return rc < 0 ? rc : 0;
}

static intptr_t receive_many(void *arg)
{
        char bytes[50][2];
        eddy_message messages[50];
        ssize_t n;

        for (int i = 0; i < 50; i++)
                messages[i] = (eddy_message){.data = bytes[i], .room = sizeof bytes[i]};
        while ((n = eddy_datagram_receive_many(arg, messages, 50)) > 0)
                ;
        return n;
}

static intptr_t unix_datagrams(void *arg)
{
        eddy_datagram *server = NULL, *client = NULL;
        char path[64];
        intptr_t rc;

        (void)arg;
        snprintf(path, sizeof path, "/tmp/eddy-faults-%d", getpid());
        rc = eddy_open_unix_datagram(&server, path, NULL);
        if (rc == 0)
                rc = eddy_open_unix_datagram(&client, NULL, path);
        if (rc == 0)
                rc = act_beside(receive_many, server, send_many, client);
        eddy_datagram_destroy(client);
        eddy_datagram_destroy(server);
        unlink(path);
        return rc;
}

static intptr_t joining(void *arg)
{
        eddy_datagram *datagram;
        int rc = eddy_open_datagram(&datagram, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = eddy_datagram_join(datagram, "239.255.1.2", "lo");
        if (rc == -ENOPROTOOPT) /* emulators have none */
                rc = 0;
        else if (rc == 0)
                rc = eddy_datagram_leave(datagram, "239.255.1.2", "lo");
        if (rc == 0)
                rc = eddy_yield();
        eddy_datagram_destroy(datagram);
        return rc;
}

/* FIFOs, and lines that are too long. */

/** Write a line that is too long in two pieces, and a short one behind, to whom reads a FIFO. */
static intptr_t write_lines(void *path)
{
        eddy_stream *stream;
        int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        ssize_t rc = fd < 0 ? -errno : eddy_stream_from_pipe(&stream, fd, 0);

        if (rc < 0) {
                if (fd >= 0)
                        close(fd);
                return rc;
        }
        rc = eddy_stream_write_all(stream, "much too long", 13);
        if (rc > 0)
                rc = eddy_yield();
        if (rc == 0)
                rc = eddy_stream_write_all(stream, " for this\nhello\n", 16);
        eddy_stream_destroy(stream);
        return rc < 0 ? rc : 0;
}

static ssize_t read_lines(void *stream)
{
        const char *line;
        ssize_t n = eddy_stream_read_line(stream, &line);

        if (n == EDDY_ELIMIT)
                n = eddy_stream_read_line(stream, &line);
        return n < 0 ? n : n == 6 ? 0 : EDDY_EPROTOCOL;
}

static intptr_t reading_a_fifo(void *arg)
{
        eddy_stream *stream;
        char path[64];
        int fd, rc;

        (void)arg;
        snprintf(path, sizeof path, "/tmp/eddy-faults-%d", getpid());
        unlink(path); /* of one that was killed, and had our number */
        if (mkfifo(path, 0600) < 0)
                return -errno;
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        rc = eddy_open_stdio(&stream, fd, 8);
        close(fd);
        if (rc == 0)
                rc = (int)act_beside(write_lines, path, read_lines, stream);
        eddy_stream_destroy(stream);
        unlink(path);
        return rc;
}

/* A stream that is destroyed under who uses it. */

static intptr_t read_in_vain(void *stream)
{
        char byte;
        ssize_t n = eddy_stream_read(stream, &byte, 1);

        return n == -EBADF ? 0 : n;
}

static intptr_t destroying(void *arg)
{
        eddy_stream *ends[2];
        eddy_task *reader;
        int rc = eddy_stream_pair(ends);

        (void)arg;
        if (rc < 0)
                return rc;
        reader = eddy_create_task(read_in_vain, ends[0]);
        rc = eddy_yield();
        eddy_stream_destroy(ends[0]);
        if (rc == 0)
                rc = settle(reader);
        else
                end_task(reader);
        eddy_stream_destroy(ends[1]);
        return rc;
}

/* Raw sockets. */

static intptr_t accept_and_echo(void *arg)
{
        const int *listener = arg;
        int fd = eddy_sock_accept(*listener, NULL);
        char bytes[16];
        ssize_t n;

        if (fd < 0)
                return fd;
        n = eddy_sock_recv(fd, bytes, sizeof bytes);
        if (n > 0)
                n = eddy_sock_sendall(fd, bytes, (size_t)n);
        eddy_sock_close(fd);
        return n;
}

static ssize_t connect_and_ask(void *arg)
{
        const int *listener = arg;
        int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        eddy_address address;
        char bytes[16];
        ssize_t rc = eddy_address_of_socket(&address, *listener);

        if (rc == 0)
                rc = eddy_sock_connect(client, &address);
        if (rc == 0)
                rc = eddy_sock_sendall(client, "hello", 5);
        if (rc >= 0)
                rc = eddy_sock_recvfrom(client, bytes, sizeof bytes, NULL);
        eddy_sock_close(client);
        return rc < 0 ? rc : 0;
}

static intptr_t raw_sockets(void *arg)
{
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        eddy_address any;
        intptr_t rc;

        (void)arg;
        eddy_address_from_ip(&any, "127.0.0.1", 0);
        if (bind(listener, &any.any, any.size) < 0 || listen(listener, 1) < 0)
                rc = -ENOTCONN;
        else
                rc = act_beside(accept_and_echo, &listener, connect_and_ask, &listener);
        eddy_sock_close(listener);
        return rc;
}

/** Beside a task that waits until it has all and its peer has gone, the peer says something and goes. */
static intptr_t read_until_gone(void *stream)
{
        bool is_gone = false, has_ended = false;

        while (!is_gone || !has_ended) {
                eddy_case cases[] = {eddy_case_readable(has_ended ? NULL : stream),
                                     eddy_case_gone(is_gone ? NULL : stream)};
                int chosen = eddy_select(cases, 2);
                char bytes[4];
                ssize_t n;

                if (chosen < 0)
                        return chosen;
                if (cases[chosen].rc < 0)
                        return cases[chosen].rc;
                is_gone |= chosen == 1;
                if (chosen == 1)
                        continue;
                n = eddy_stream_read(stream, bytes, sizeof bytes);
                if (n < 0)
                        return n;
                has_ended = n == 0;
        }
        return eddy_stream_wait_gone(stream);
}

static intptr_t selecting_a_stream(void *arg)
{
        eddy_stream *ends[2];
        eddy_task *reader;
        intptr_t rc = eddy_stream_pair(ends);

        (void)arg;
        if (rc < 0)
                return rc;
        reader = eddy_create_task(read_until_gone, ends[0]);
        eddy_yield();
        rc = eddy_stream_write_all(ends[1], "last words", 10);
        eddy_stream_close(ends[1]);
        if (rc >= 0)
                rc = eddy_await_value(reader);
        end_task(reader);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
        return rc;
}

const struct scenario scenarios[] = {
    {"serving a path", serving_a_path},
    {"waiting for room", waiting_for_room},
    {"passing descriptors", passing_descriptors},
    {"sending a file", sending_a_file},
    {"sending a cold file", sending_a_cold_file},
    {"datagrams", datagrams},
    {"UNIX datagrams", unix_datagrams},
    {"joining", joining},
    {"reading a FIFO", reading_a_fifo},
    {"destroying", destroying},
    {"selecting a stream", selecting_a_stream},
    {"raw sockets", raw_sockets},
    {NULL, NULL},
};
