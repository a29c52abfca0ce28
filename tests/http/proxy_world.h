/* A proxy under test: the test is its client, by world.stream, and the server behind it, by `behind`. */
#ifndef TESTS_HTTP_PROXY_WORLD_H
#define TESTS_HTTP_PROXY_WORLD_H

#include "../ports.h"
#include "../testing.h"
#include "helpers.h"

#include <eddy/http_proxy.h>
#include <eddy/http_router.h>

/** Where the server is, its last connection, and the head of what it was asked last. */
static struct {
        int listener, holder; /* its port stays nobody else's where it is closed */
        eddy_stream *stream;
        char asked[16 * 1024];
} behind;

static eddy_http_proxy *proxy;
static eddy_http_router *router;
static eddy_task *asking;                 /* of the request that has come last */
static int failure_status, failure_error; /* what on_failure() was told */
static char failure_detail[256];

static inline void note_failure(const eddy_http_proxy_failure *failure, void *arg)
{
        (void)arg;
        failure_status = failure->status;
        failure_error = failure->error;
        snprintf(failure_detail, sizeof failure_detail, "%s", failure->detail);
}

static inline int pass_on(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        has_begun = true;
        asking = eddy_current_task();
        return router ? eddy_http_router_handle(exchange, router) : eddy_http_proxy_answer(exchange, proxy);
}

static inline uint16_t listen_behind(void)
{
        uint16_t port = 0;

        behind.holder = hold_port(&port);
        behind.listener = hold_port(&port);
        assert_int_equal(fcntl(behind.listener, F_SETFL, O_NONBLOCK), 0);
        assert_int_equal(listen(behind.listener, 16), 0);
        return port;
}

/** A proxy for what lies below `base` behind it; mounted at a prefix, or for all where that is NULL. */
static inline void open_proxy_of(const char *prefix, const char *base, const eddy_http_proxy_options *options,
                                 const eddy_http_service_options *service)
{
        eddy_http_proxy_options all = options ? *options : (eddy_http_proxy_options){0};
        char url[128];

        if (!all.on_failure)
                all.on_failure = note_failure;
        failure_status = failure_error = -1;
        snprintf(url, sizeof url, "http://127.0.0.1:%u%s", listen_behind(), base);
        behind.stream = NULL;
        assert_int_equal(eddy_http_proxy_create(&proxy, url, &all), 0);
        router = NULL;
        if (prefix) {
                assert_int_equal(eddy_http_router_create(&router, NULL), 0);
                assert_int_equal(eddy_http_proxy_mount(proxy, router, prefix), 0);
        }
        open_world(pass_on, service);
}

static inline void open_proxy(const eddy_http_proxy_options *options)
{
        open_proxy_of(NULL, "", options, NULL);
}

static inline void close_proxy(void)
{
        eddy_stream_destroy(behind.stream);
        assert_true(eddy_http_service_drain(world.service, 0) >= 0); /* a tunnel is none of the server's */
        close_world();
        eddy_http_router_destroy(router);
        eddy_http_proxy_destroy(proxy);
        eddy_sock_close(behind.listener);
        close(behind.holder);
        give_way(); /* connections that waited are lost later */
}

/** Another client of the same proxy. */
static inline void connect_again(void)
{
        eddy_stream_destroy(world.stream);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL),
                         0);
}

/** The server takes a connection. */
static inline void accept_behind(void)
{
        int fd = eddy_sock_accept(behind.listener, NULL);

        assert_true(fd >= 0);
        eddy_stream_destroy(behind.stream);
        assert_int_equal(eddy_stream_from_socket(&behind.stream, fd, 0), 0);
}

/** Whether a connection waits that the server was not asked for. */
static inline bool is_asked_again(void)
{
        int fd;

        give_way();
        fd = accept4(behind.listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
                close(fd);
        return fd >= 0;
}

/** It reads a request's head from its connection; its texts are in behind.asked. */
static inline void read_asked(void)
{
        const char *data;
        ssize_t n = eddy_stream_read_until(behind.stream, "\r\n\r\n", 4, &data);

        assert_in_range(n, 1, sizeof behind.asked - 1);
        memcpy(behind.asked, data, (size_t)n);
        behind.asked[n] = '\0';
}

static inline void tell(const char *text)
{
        assert_int_equal(eddy_stream_write_all(behind.stream, text, strlen(text)), strlen(text));
}

/** What it reads next is this. */
static inline void assert_behind(const char *expected)
{
        char data[512];
        size_t n = strlen(expected);

        assert_int_equal(eddy_stream_read_exactly(behind.stream, data, n), n);
        assert_memory_equal(data, expected, n);
}

static inline void assert_behind_ends(void)
{
        char data[1024];
        ssize_t n;

        while ((n = eddy_stream_read(behind.stream, data, sizeof data)) > 0)
                ;
        assert_true(n == 0 || n == -ECONNRESET);
}

/** A request comes to a new connection of the server, and these lines are in it, each with its CR LF. */
static inline void ask_behind(const char *request)
{
        send_text(request);
        accept_behind();
        read_asked();
}

/** Whether the last request, or a head, has a line. */
static inline bool has_line(const char *head, const char *line)
{
        const char *at = strstr(head, line);

        return at && at > head && at[-1] == '\n' && strncmp(at + strlen(line), "\r\n", 2) == 0;
}

#define assert_asked(line)     assert_true(has_line(behind.asked, line))
#define assert_not_asked(text) assert_null(strcasestr(behind.asked, text))

/** The client's connection ends, and all that came before is this. */
static inline void assert_rest(const char *expected)
{
        char *rest = NULL;
        ssize_t n = eddy_stream_read_all(world.stream, &rest, 1 << 20);

        assert_true(n >= 0);
        assert_string_equal(rest, expected);
        eddy_free(rest);
}

static inline eddy_http_proxy_counts counted(void)
{
        eddy_http_proxy_counts counts;

        eddy_http_proxy_count(proxy, &counts);
        return counts;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: front.example\r\n\r\n"

#endif
