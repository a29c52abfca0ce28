/* A site that answers in every kind, and the ways in which its clients go: what the tests of resets share. */
#ifndef TESTS_HTTP_RESETS_H
#define TESTS_HTTP_RESETS_H

#include "helpers.h"

#include <eddy/http.h>
#include <eddy/tls.h>
#include <eddy/unix.h>
#include <eddy/websocket_server.h>

enum { LARGE = 300 * 1000, STREAMED = 200 * 1000 };

/** How a client goes. */
enum way { RESETS, RESETS_LATER, CLOSES, ENDS_ITS_HALF, WAYS };

/** How it is connected. */
enum wire { TCP, UNIX, TLS };

static char place[] = "/tmp/eddy-resets-XXXXXX", socket_path[64];

/** What the world has beside its service and its server. */
static struct {
        eddy_http_files *files;
        eddy_http_router *router;
        eddy_tls *served, *trusted;
        enum wire wire;
        unsigned handlers; /* that are at it */
} site;

/** What a request's body, or sending its answer, may come to where the client is one of these. */
static void assert_documented(intptr_t rc)
{
        if (rc < 0 && rc != EDDY_CANCELLED && rc != EDDY_EINCOMPLETE && rc != -ECONNRESET && rc != -EPIPE &&
            rc != -ENOTCONN)
                fail_msg("a handler was told %s", eddy_errname(rc));
}

static int note_handler(eddy_http_exchange *exchange, eddy_http_next *next, void *arg)
{
        int rc;

        (void)arg;
        site.handlers++;
        rc = eddy_http_next_call(next, exchange);
        site.handlers--;
        assert_documented(rc);
        return rc;
}

/** Who was told that a body has ended has had it whole. */
static int echo(eddy_http_exchange *exchange, void *arg)
{
        char *body;
        ssize_t n = eddy_http_exchange_read_all(exchange, &body, 100);
        int rc;

        (void)arg;
        if (n < 0) {
                ssize_t again = eddy_http_exchange_read(exchange, &(char){0}, 1);

                assert_true(again == n || again == EDDY_CANCELLED);
                return (int)n;
        }
        assert_string_equal(body, "hello");
        rc = eddy_http_reply(exchange, &(eddy_http_answer){.body = body, .body_size = (size_t)n});
        eddy_free(body);
        return rc;
}

static int take_form(eddy_http_exchange *exchange, void *arg)
{
        eddy_http_multipart *form;
        eddy_http_part part;
        char *content = NULL;
        int rc = eddy_http_multipart_open(&form, exchange, NULL);

        (void)arg;
        assert_int_equal(rc, 0);
        rc = eddy_http_multipart_next(form, &part);
        if (rc == 1)
                rc = (int)eddy_http_multipart_read_all(form, &content);
        if (rc >= 0)
                assert_string_equal(content, "hello");
        eddy_free(content);
        if (rc >= 0)
                rc = eddy_http_multipart_next(form, &part);
        eddy_http_multipart_close(form);
        assert_true(rc <= 0);
        return rc < 0 ? rc : hello(exchange, NULL);
}

static int answer_in_pieces(eddy_http_exchange *exchange, void *arg)
{
        static char piece[STREAMED / 10];
        int rc = eddy_http_reply_begin(exchange, &(eddy_http_answer){.content_type = "text/plain"});

        (void)arg;
        for (int i = 0; i < 10 && rc == 0; i++) {
                memset(piece, 'a' + i, sizeof piece);
                rc = eddy_http_reply_write(exchange, piece, sizeof piece);
                if (rc == 0)
                        rc = eddy_yield();
        }
        return rc < 0 ? rc : eddy_http_reply_end(exchange);
}

static int tell_events(eddy_http_exchange *exchange, void *arg)
{
        int rc = 0;

        (void)arg;
        for (int i = 0; i < 30 && rc == 0; i++) {
                rc = eddy_http_reply_event(exchange, &(eddy_http_event){.data = "something has happened"});
                if (rc == 0)
                        rc = eddy_yield();
        }
        return rc < 0 ? rc : eddy_http_reply_end(exchange);
}

static int chat(eddy_http_exchange *exchange, void *arg)
{
        eddy_websocket *ws;
        eddy_websocket_message message;
        int rc = eddy_websocket_accept(&ws, exchange, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        while ((rc = eddy_websocket_receive(ws, &message)) > 0) {
                assert_string_equal(message.data, "hello");
                rc = eddy_websocket_send(ws, message.type, message.data, message.size);
                if (rc < 0)
                        break;
        }
        assert_true(rc < 0); /* nobody has closed it */
        eddy_websocket_destroy(ws);
        return rc;
}

static const struct {
        const char *path;
        eddy_http_handler handler;
} routes[] = {{"/hello", hello},        {"/echo", echo}, {"/form", take_form}, {"/stream", answer_in_pieces},
              {"/events", tell_events}, {"/chat", chat}};

static inline void fail_at_exception(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop;
        (void)arg;
        if (exception->error !=
            EDDY_EINCOMPLETE) /* of a WebSocket: its handler does not say that it expected that */
                fail_msg("%s: %s", exception->message, eddy_errname(exception->error));
}

static inline void start_server(void)
{
        const eddy_server_options options = {.tls = site.served};

        assert_int_equal(site.wire == UNIX
                             ? eddy_http_start_unix_server(&world.server, world.service, socket_path, NULL)
                             : eddy_http_start_server(&world.server, world.service, "127.0.0.1", 0, &options),
                         0);
}

static inline void open_site(enum wire wire)
{
        world = (struct world){0};
        memset(&site, 0, sizeof site);
        site.wire = wire;
        eddy_loop_set_exception_handler(eddy_running_loop(), fail_at_exception, NULL);
        if (wire == TLS) {
                assert_int_equal(
                    eddy_tls_create_self_signed(&site.served, NULL, (char[EDDY_TLS_FINGERPRINT_SIZE]){0}), 0);
                assert_int_equal(eddy_tls_create_client(
                                     &site.trusted, &(eddy_tls_options){.verify = EDDY_TLS_VERIFY_INSECURE}),
                                 0);
        }
        assert_int_equal(eddy_http_files_create(&site.files, place, NULL), 0);
        assert_int_equal(eddy_http_router_create(&site.router, NULL), 0);
        assert_int_equal(eddy_http_router_use(site.router, note_handler, NULL), 0);
        assert_int_equal(eddy_http_router_mount(site.router, "/files", eddy_http_files_answer, site.files), 0);
        for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
                assert_int_equal(
                    eddy_http_router_add(site.router, NULL, routes[i].path, routes[i].handler, NULL), 0);
        assert_int_equal(eddy_http_service_create(&world.service, eddy_http_router_handle, site.router,
                                                  &(eddy_http_service_options){.compresses = true}),
                         0);
        start_server();
}

static inline void close_site(void)
{
        eddy_server_close(world.server);
        assert_int_equal(eddy_server_wait_closed(world.server),
                         0); /* nobody is left, so nobody is to be closed */
        eddy_server_destroy(world.server);
        eddy_http_service_destroy(world.service);
        eddy_http_router_destroy(site.router);
        eddy_http_files_destroy(site.files);
        eddy_tls_unref(site.served);
        eddy_tls_unref(site.trusted);
}

static inline eddy_stream *connect_client(void)
{
        eddy_stream *stream;

        if (site.wire == UNIX)
                assert_int_equal(eddy_open_unix_connection(&stream, socket_path, NULL), 0);
        else
                assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(world.server),
                                                      &(eddy_connect_options){.tls = site.trusted}),
                                 0);
        return stream;
}

static inline void let_server_work(void)
{
        for (int i = 0; i < 5; i++)
                eddy_yield();
}

static inline void assert_nobody_is_left(void)
{
        until(eddy_server_connections(world.server) == 0 && site.handlers == 0);
}

/** A client's connection ends in its way, whose half has ended already where that is one; nothing of it is left. */
static inline void leave(eddy_stream *stream, enum way way)
{
        if (way == RESETS_LATER)
                let_server_work();
        if (way == RESETS || way == RESETS_LATER)
                eddy_stream_abort(stream);
        eddy_stream_destroy(stream);
        assert_nobody_is_left();
}

static inline int make_folder(void **state)
{
        char path[64];
        FILE *file;

        (void)state;
        assert_non_null(mkdtemp(place));
        snprintf(socket_path, sizeof socket_path, "%s.socket", place);
        snprintf(path, sizeof path, "%s/large", place);
        file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(ftruncate(fileno(file), LARGE), 0);
        return fclose(file);
}

static inline int remove_folder(void **state)
{
        char path[64];

        (void)state;
        snprintf(path, sizeof path, "%s/large", place);
        return unlink(path) | rmdir(place);
}

/* The tests, which differ by version of HTTP in how a client leaves. */

/** Have a client of each kind leave behind each `step`-th byte that it sends, in every way. */
static void leave_while_sending(enum wire wire, size_t step);

/** Likewise behind each that it is sent. */
static void leave_while_taking(enum wire wire, size_t step);

static void sending_by_tcp(void)
{
        leave_while_sending(TCP, 1);
}

static void sending_by_unix_sockets(void)
{
        leave_while_sending(UNIX, 3);
}

static void sending_by_tls(void)
{
        leave_while_sending(TLS, 13);
}

static void taking_by_tcp(void)
{
        leave_while_taking(TCP, 1);
}

static void taking_by_unix_sockets(void)
{
        leave_while_taking(UNIX, 7);
}

static void taking_by_tls(void)
{
        leave_while_taking(TLS, 31);
}

static inline int run_resets(const char *name)
{
        const struct CMUnitTest tests[] = {
            scene_test(sending_by_tcp), scene_test(sending_by_unix_sockets), scene_test(sending_by_tls),
            scene_test(taking_by_tcp),  scene_test(taking_by_unix_sockets),  scene_test(taking_by_tls),
        };

        return cmocka_run_group_tests_name(name, tests, make_folder, remove_folder);
}

#endif
