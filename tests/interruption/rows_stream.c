/* src/stream: streams and servers */
#include "interruption.h"

#include "transport/tls.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static intptr_t serve(eddy_stream *stream, void *arg)
{
        char byte;

        (void)arg;
        return eddy_stream_read(stream, &byte, 1);
}

static eddy_server *start(void)
{
        eddy_server *server;

        assert_int_equal(eddy_start_server(&server, serve, NULL, "127.0.0.1", 0, NULL), 0);
        return server;
}

/** Two ends, of which the first has this to read. */
static void open_pair(eddy_stream *ends[2], const char *text)
{
        size_t size = strlen(text);

        assert_int_equal(eddy_stream_pair(ends), 0);
        if (size > 0)
                assert_int_equal(eddy_stream_write_all(ends[1], text, size), size);
}

static void destroy_pair(eddy_stream *ends[2])
{
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

/** The first end reads this next, and the other closes behind it: so nothing came before it, nor comes behind. */
static void assert_reads_to_end(eddy_stream *ends[2], const char *text)
{
        char *data = NULL;

        eddy_stream_close(ends[1]);
        assert_int_equal(eddy_stream_read_all(ends[0], &data, 100), strlen(text));
        assert_memory_equal(data, text, strlen(text));
        free(data);
}

static void try_eddy_open_connection(void)
{
        eddy_server *server = start();
        eddy_stream *stream = NULL;

        assert_refused(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL));
        assert_null(stream);
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL), 0);
        eddy_stream_destroy(stream);
        eddy_server_close(server);
        eddy_server_wait_closed(server);
        eddy_server_destroy(server);
}

static void try_eddy_open_unix_connection(void)
{
        const char *path = in_own_folder("connect");
        eddy_stream *stream = NULL;
        eddy_server *server;

        assert_int_equal(eddy_start_unix_server(&server, serve, NULL, path, NULL), 0);
        assert_refused(eddy_open_unix_connection(&stream, path, NULL));
        assert_null(stream);
        assert_int_equal(eddy_open_unix_connection(&stream, path, NULL), 0);
        eddy_stream_destroy(stream);
        eddy_server_close(server);
        eddy_server_wait_closed(server);
        eddy_server_destroy(server);
}

static void try_eddy_start_server(void)
{
        eddy_server *server = NULL;

        assert_refused(eddy_start_server(&server, serve, NULL, "127.0.0.1", 0, NULL));
        assert_null(server);
        eddy_server_destroy(start());
}

static void try_eddy_server_serve_forever(void)
{
        eddy_server *server = start();

        WHILE_CANCELLED
        assert_int_equal(eddy_server_serve_forever(server), EDDY_CANCELLED);
        assert_false(eddy_server_is_serving(server));
        eddy_server_destroy(server);
}

static void try_eddy_server_wait_closed(void)
{
        eddy_server *server = start();

        eddy_server_close(server);
        assert_refused(eddy_server_wait_closed(server));
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
}

static void try_eddy_stream_read(void)
{
        eddy_stream *ends[2];
        char buffer[8];

        open_pair(ends, "line\nrest");
        assert_refused(eddy_stream_read(ends[0], buffer, sizeof buffer));
        assert_int_equal(eddy_stream_read(ends[0], buffer, 2), 2);
        assert_refused(eddy_stream_read(ends[0], buffer, sizeof buffer)); /* from what is buffered */
        assert_reads_to_end(ends, "ne\nrest");
        destroy_pair(ends);
}

static void try_eddy_stream_read_some(void)
{
        eddy_stream *ends[2];
        const char *data;

        open_pair(ends, "line\nrest");
        assert_refused(eddy_stream_read_some(ends[0], &data));
        assert_int_equal(eddy_stream_read_line(ends[0], &data), 5);
        assert_refused(eddy_stream_read_some(ends[0], &data));
        assert_reads_to_end(ends, "rest");
        destroy_pair(ends);
}

static void try_eddy_stream_read_exactly(void)
{
        eddy_stream *ends[2];
        char buffer[4];

        open_pair(ends, "line\nrest");
        assert_refused(eddy_stream_read_exactly(ends[0], buffer, 4));
        assert_int_equal(eddy_stream_read_exactly(ends[0], buffer, 2), 2);
        assert_refused(eddy_stream_read_exactly(ends[0], buffer, 4));
        assert_reads_to_end(ends, "ne\nrest");
        destroy_pair(ends);
}

static void try_eddy_stream_read_until_any(void)
{
        const struct iovec separators[] = {{";", 1}, {",", 1}};
        eddy_stream *ends[2];
        const char *data;

        open_pair(ends, "a;b,rest");
        assert_refused(eddy_stream_read_until_any(ends[0], separators, 2, &data, NULL));
        assert_int_equal(eddy_stream_read_until_any(ends[0], separators, 2, &data, NULL), 2);
        assert_refused(eddy_stream_read_until_any(ends[0], separators, 2, &data, NULL));
        assert_reads_to_end(ends, "b,rest");
        destroy_pair(ends);
}

static void try_eddy_stream_read_until(void)
{
        eddy_stream *ends[2];
        const char *data;

        open_pair(ends, "a;b;rest");
        assert_refused(eddy_stream_read_until(ends[0], ";", 1, &data));
        assert_int_equal(eddy_stream_read_until(ends[0], ";", 1, &data), 2);
        assert_refused(eddy_stream_read_until(ends[0], ";", 1, &data));
        assert_reads_to_end(ends, "b;rest");
        destroy_pair(ends);
}

static void try_eddy_stream_read_line(void)
{
        eddy_stream *ends[2];
        const char *data;

        open_pair(ends, "a\nb\nrest");
        assert_refused(eddy_stream_read_line(ends[0], &data));
        assert_int_equal(eddy_stream_read_line(ends[0], &data), 2);
        assert_refused(eddy_stream_read_line(ends[0], &data));
        assert_reads_to_end(ends, "b\nrest");
        destroy_pair(ends);
}

static void try_eddy_stream_read_all(void)
{
        eddy_stream *ends[2];
        char *data = NULL;

        open_pair(ends, "rest");
        eddy_stream_write_eof(ends[1]);
        assert_refused(eddy_stream_read_all(ends[0], &data, 100));
        assert_null(data);
        assert_reads_to_end(ends, "rest");
        destroy_pair(ends);
}

static void try_eddy_stream_drain(void)
{
        eddy_stream *ends[2];

        open_pair(ends, "");
        assert_refused(eddy_stream_drain(ends[0]));
        assert_int_equal(eddy_stream_drain(ends[0]), 0);
        destroy_pair(ends);
}

static void try_eddy_stream_write_all(void)
{
        eddy_stream *ends[2];

        open_pair(ends, "");
        assert_refused(eddy_stream_write_all(ends[1], "lost", 4));
        assert_int_equal(eddy_stream_write_all(ends[1], "kept", 4), 4);
        assert_reads_to_end(ends, "kept");
        destroy_pair(ends);
}

static void try_eddy_stream_sendfile(void)
{
        eddy_stream *ends[2];
        int file = open(own_file("sendfile", "kept"), O_RDONLY | O_CLOEXEC);

        open_pair(ends, "");
        assert_refused(eddy_stream_sendfile(ends[1], file, 0, 4));
        assert_int_equal(eddy_stream_sendfile(ends[1], file, 0, 4), 4);
        assert_reads_to_end(ends, "kept");
        destroy_pair(ends);
        close(file);
}

/* A stand-in for TLS, which agrees at once. */

static ssize_t pass_on(void *self, const void *in, size_t *n, void *out, size_t size)
{
        (void)self;
        if (!in)
                return 0;
        *n = *n < size ? *n : size;
        memcpy(out, in, *n);
        return (ssize_t)*n;
}

static void free_nothing(void *self)
{
        (void)self;
}

static int open_nothing(eddy_tls *tls, const char *name, void **self)
{
        (void)tls, (void)name;
        *self = NULL;
        return 0;
}

static eddy_duration for_ever(const eddy_tls *tls)
{
        (void)tls;
        return EDDY_FOREVER;
}

static const eddy_filter nothing = {.decode = pass_on, .encode = pass_on, .free = free_nothing};
static const struct tls_impl no_tls_impl = {
    .filter = &nothing, .open = open_nothing, .handshake_timeout = for_ever};
static eddy_tls no_tls = {.impl = &no_tls_impl};

static void try_eddy_stream_start_tls(void)
{
        eddy_stream *ends[2];

        open_pair(ends, "kept");
        assert_refused(eddy_stream_start_tls(ends[0], &no_tls, NULL));
        assert_int_equal(eddy_stream_remove_filter(ends[0]), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_stream_start_tls(ends[0], &no_tls, NULL), 0);
        assert_reads_to_end(ends, "kept");
        destroy_pair(ends);
}

static void try_eddy_stream_end_tls(void)
{
        eddy_stream *ends[2];

        open_pair(ends, "");
        assert_int_equal(eddy_stream_start_tls(ends[0], &no_tls, NULL), 0);
        assert_refused(eddy_stream_end_tls(ends[0]));
        assert_int_equal(eddy_stream_write_all(ends[0], "kept", 4), 4);
        assert_int_equal(eddy_stream_write_eof(ends[1]), 0);
        assert_int_equal(eddy_stream_end_tls(ends[0]), 0);
        assert_int_equal(eddy_stream_remove_filter(ends[0]), EDDY_EINVALIDSTATE);
        destroy_pair(ends);
}

static void try_eddy_stream_wait_gone(void)
{
        eddy_stream *ends[2];

        open_pair(ends, "last");
        assert_refused(eddy_stream_wait_gone(ends[0]));
        assert_int_equal(eddy_stream_write_eof(ends[1]), 0);
        assert_refused(eddy_stream_wait_gone(ends[0]));
        assert_int_equal(eddy_stream_wait_gone(ends[0]), 0);
        assert_reads_to_end(ends, "last");
        destroy_pair(ends);
}

static void try_eddy_stream_wait_closed(void)
{
        eddy_stream *ends[2];

        open_pair(ends, "");
        eddy_stream_close(ends[0]);
        assert_refused(eddy_stream_wait_closed(ends[0]));
        assert_int_equal(eddy_stream_wait_closed(ends[0]), 0);
        destroy_pair(ends);
}

static void try_eddy_stream_send_fds(void)
{
        int fds[1], null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        eddy_stream *ends[2];
        size_t count = 1;
        char byte;

        open_pair(ends, "");
        assert_refused(eddy_stream_send_fds(ends[1], "a", 1, &null, 1));
        assert_int_equal(eddy_stream_send_fds(ends[1], "b", 1, &null, 1), 1);
        assert_int_equal(eddy_stream_receive_fds(ends[0], &byte, 1, fds, &count), 1);
        assert_int_equal(byte, 'b');
        assert_int_equal(count, 1);
        close(fds[0]);
        destroy_pair(ends);
        close(null);
}

static void try_eddy_stream_receive_fds(void)
{
        int fds[1] = {-1}, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        eddy_stream *ends[2];
        size_t count = 1;
        char byte;

        open_pair(ends, "");
        assert_int_equal(eddy_stream_send_fds(ends[1], "b", 1, &null, 1), 1);
        assert_refused(eddy_stream_receive_fds(ends[0], &byte, 1, fds, &count));
        count = 1;
        assert_int_equal(eddy_stream_receive_fds(ends[0], &byte, 1, fds, &count), 1);
        assert_int_equal(count, 1);
        close(fds[0]);
        destroy_pair(ends);
        close(null);
}

static const eddy_protocol silence;

static void try_eddy_create_connection(void)
{
        eddy_server *server = start();
        eddy_transport *transport;
        uint16_t port = eddy_server_port(server);

        assert_refused(eddy_create_connection(&transport, &silence, NULL, "127.0.0.1", port, NULL));
        assert_null(transport);
        assert_int_equal(eddy_create_connection(&transport, &silence, NULL, "127.0.0.1", port, NULL), 0);
        eddy_transport_abort(transport);
        eddy_server_close(server);
        eddy_server_wait_closed(server);
        eddy_server_destroy(server);
}

static void try_eddy_create_unix_connection(void)
{
        const char *path = in_own_folder("connect");
        eddy_transport *transport;
        eddy_server *server;

        assert_int_equal(eddy_start_unix_server(&server, serve, NULL, path, NULL), 0);
        assert_refused(eddy_create_unix_connection(&transport, &silence, NULL, path, NULL));
        assert_null(transport);
        assert_int_equal(eddy_create_unix_connection(&transport, &silence, NULL, path, NULL), 0);
        eddy_transport_abort(transport);
        eddy_server_close(server);
        eddy_server_wait_closed(server);
        eddy_server_destroy(server);
}

static void try_eddy_create_server(void)
{
        eddy_server *server = NULL;

        assert_refused(eddy_create_server(&server, &silence, NULL, NULL, "127.0.0.1", 0, NULL));
        assert_null(server);
        assert_int_equal(eddy_create_server(&server, &silence, NULL, NULL, "127.0.0.1", 0, NULL), 0);
        eddy_server_destroy(server);
}

const struct row stream_rows[] = {
    ROW(eddy_open_connection),
    ROW(eddy_open_unix_connection),
    ROW(eddy_create_connection),
    ROW(eddy_create_unix_connection),
    ROW(eddy_create_server),
    ROW(eddy_start_server),
    EXEMPT(eddy_server_serve_forever, "closes the server and its connections, and then reports"),
    ROW(eddy_server_wait_closed),
    ROW(eddy_stream_read),
    ROW(eddy_stream_read_some),
    ROW(eddy_stream_read_exactly),
    ROW(eddy_stream_read_until),
    ROW(eddy_stream_read_until_any),
    ROW(eddy_stream_read_line),
    ROW(eddy_stream_read_all),
    ROW(eddy_stream_drain),
    ROW(eddy_stream_write_all),
    ROW(eddy_stream_sendfile),
    ROW(eddy_stream_start_tls),
    ROW(eddy_stream_end_tls),
    ROW(eddy_stream_wait_gone),
    ROW(eddy_stream_wait_closed),
    ROW(eddy_stream_send_fds),
    ROW(eddy_stream_receive_fds),
    {.name = NULL},
};
