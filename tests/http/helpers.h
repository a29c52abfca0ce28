/* A service and a client on the wire. */
#ifndef TESTS_HTTP_HELPERS_H
#define TESTS_HTTP_HELPERS_H

#include "../stream/helpers.h"

#include <eddy/http_server.h>

/** A service under test, its server, and a connection to it. */
struct world {
        eddy_http_service *service;
        eddy_server *server;
        eddy_stream *stream;
        const char *exception; /* what the loop's exception handler was told */
        int error;
        char detail[256];
};

static struct world world;
static bool has_begun;

static inline void note_exception(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop;
        (void)arg;
        world.exception = exception->message;
        world.error = exception->error;
        snprintf(world.detail, sizeof world.detail, "%s", exception->detail ? exception->detail : "");
}

static inline void open_world(eddy_http_handler handler, const eddy_http_service_options *options)
{
        world = (struct world){0};
        has_begun = false;
        eddy_loop_set_exception_handler(eddy_running_loop(), note_exception, NULL);
        assert_int_equal(eddy_http_service_create(&world.service, handler, NULL, options), 0);
        assert_int_equal(eddy_http_start_server(&world.server, world.service, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL),
                         0);
}

static inline void close_world(void)
{
        eddy_stream_destroy(world.stream);
        eddy_server_close(world.server);
        eddy_server_close_clients(world.server);
        assert_int_equal(eddy_server_wait_closed(world.server), 0);
        eddy_server_destroy(world.server);
        eddy_http_service_destroy(world.service);
}

static inline void send_text(const char *text)
{
        assert_int_equal(eddy_stream_write_all(world.stream, text, strlen(text)), strlen(text));
}

/** An answer's head; it stays valid until the next. */
static inline const char *next_head(void)
{
        static char head[16 * 1024];
        const char *data;
        ssize_t n = eddy_stream_read_until(world.stream, "\r\n\r\n", 4, &data);

        assert_in_range(n, 1, sizeof head - 1);
        memcpy(head, data, (size_t)n);
        head[n] = '\0';
        return head;
}

static inline void assert_body(const char *expected)
{
        char body[256];
        size_t n = strlen(expected);

        assert_int_equal(eddy_stream_read_exactly(world.stream, body, n), n);
        assert_memory_equal(body, expected, n);
}

static inline void assert_answer(const char *status_line, const char *body)
{
        const char *head = next_head();
        char length[64];

        assert_memory_equal(head, status_line, strlen(status_line));
        snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", strlen(body));
        assert_non_null(strstr(head, length));
        assert_body(body);
}

static inline int hello(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = "hello, world!", .body_size = 13});
}

/** The connection ends in order, with nothing before. */
static inline void assert_end(void)
{
        assert_int_equal(eddy_stream_read(world.stream, &(char){0}, 1), 0);
}

#endif
