/* Clients that go away, in every way, behind every byte of every kind of exchange: handlers are told what the documentation says, all is
 * given back, and the next client is answered. */
#include "../stream/helpers.h"

#include <eddy/http.h>
#include <eddy/tls.h>
#include <eddy/unix.h>
#include <eddy/websocket_server.h>

#define TO(target) " /" target " HTTP/1.1\r\nHost: x\r\n"

/** What a client sends. Behind a "|" it waits for an answer in between, or for the other protocol, before it goes on. */
static const struct kind {
        const char *name, *text;
} kinds[] = {
    {"GET", "GET" TO("hello") "\r\n"},
    {"HTTP/1.0", "GET /hello HTTP/1.0\r\n\r\n"},
    {"POST with a length", "POST" TO("echo") "Content-Length: 5\r\n\r\nhello"},
    {"POST in chunks, with trailers",
     "POST" TO("echo") "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nSum: 7\r\n\r\n"},
    {"leave", "POST" TO("echo") "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n|hello"},
    {"a body that is not read", "POST" TO("hello") "Content-Length: 5\r\n\r\nhello"},
    {"a form with a file",
     "POST" TO("form") "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 72\r\n\r\n"
                       "--b\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\nhello\r\n--b--\r\n"},
    {"a file", "GET" TO("files/large") "\r\n"},
    {"a range", "GET" TO("files/large") "Range: bytes=1000-199999\r\n\r\n"},
    {"a folder's list", "GET" TO("files/") "\r\n"},
    {"a streamed answer", "GET" TO("stream") "\r\n"},
    {"one that is compressed", "GET" TO("stream") "Accept-Encoding: gzip\r\n\r\n"},
    {"one of HTTP/1.0", "GET /stream HTTP/1.0\r\n\r\n"},
    {"events", "GET" TO("events") "\r\n"},
    {"a WebSocket",
     "GET" TO("chat") "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n|\x81\x85kkkk\x03\x0e\x07\x07\x04"},
    {"two", "GET" TO("hello") "\r\nPOST" TO("echo") "Content-Length: 5\r\n\r\nhello"},
    {"a streamed one before another", "GET" TO("stream") "\r\nGET" TO("hello") "\r\n"},
    {"a file before a body", "GET" TO("files/large") "\r\nPOST" TO("echo") "Content-Length: 5\r\n\r\nhello"},
};

enum { KINDS = sizeof kinds / sizeof *kinds, LARGE = 300 * 1000, STREAMED = 200 * 1000 };

/** How a client goes. */
enum way { RESETS, RESETS_LATER, CLOSES, ENDS_ITS_HALF, WAYS };

/** How it is connected. */
enum wire { TCP, UNIX, TLS };

static char place[] = "/tmp/eddy-resets-XXXXXX", socket_path[64];

static struct {
        eddy_http_files *files;
        eddy_http_router *router;
        eddy_http_service *service;
        eddy_server *server;
        eddy_tls *served, *trusted;
        enum wire wire;
        unsigned handlers; /* that are at it */
} world;

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
        world.handlers++;
        rc = eddy_http_next_call(next, exchange);
        world.handlers--;
        assert_documented(rc);
        return rc;
}

static int hello(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = "hello", .body_size = 5});
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

static int stream(eddy_http_exchange *exchange, void *arg)
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
} routes[] = {{"/hello", hello},   {"/echo", echo},          {"/form", take_form},
              {"/stream", stream}, {"/events", tell_events}, {"/chat", chat}};

static void fail_at_exception(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop;
        (void)arg;
        if (exception->error !=
            EDDY_EINCOMPLETE) /* of a WebSocket: its handler does not say that it expected that */
                fail_msg("%s: %s", exception->message, eddy_errname(exception->error));
}

static void start_server(void)
{
        const eddy_server_options options = {.tls = world.served};

        assert_int_equal(world.wire == UNIX
                             ? eddy_http_start_unix_server(&world.server, world.service, socket_path, NULL)
                             : eddy_http_start_server(&world.server, world.service, "127.0.0.1", 0, &options),
                         0);
}

static void open_world(enum wire wire)
{
        memset(&world, 0, sizeof world);
        world.wire = wire;
        eddy_loop_set_exception_handler(eddy_running_loop(), fail_at_exception, NULL);
        if (wire == TLS) {
                assert_int_equal(
                    eddy_tls_create_self_signed(&world.served, NULL, (char[EDDY_TLS_FINGERPRINT_SIZE]){0}), 0);
                assert_int_equal(eddy_tls_create_client(
                                     &world.trusted, &(eddy_tls_options){.verify = EDDY_TLS_VERIFY_INSECURE}),
                                 0);
        }
        assert_int_equal(eddy_http_files_create(&world.files, place, NULL), 0);
        assert_int_equal(eddy_http_router_create(&world.router, NULL), 0);
        assert_int_equal(eddy_http_router_use(world.router, note_handler, NULL), 0);
        assert_int_equal(eddy_http_router_mount(world.router, "/files", eddy_http_files_answer, world.files),
                         0);
        for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
                assert_int_equal(
                    eddy_http_router_add(world.router, NULL, routes[i].path, routes[i].handler, NULL), 0);
        assert_int_equal(eddy_http_service_create(&world.service, eddy_http_router_handle, world.router,
                                                  &(eddy_http_service_options){.compresses = true}),
                         0);
        start_server();
}

static void close_world(void)
{
        eddy_server_close(world.server);
        assert_int_equal(eddy_server_wait_closed(world.server),
                         0); /* nobody is left, so nobody is to be closed */
        eddy_server_destroy(world.server);
        eddy_http_service_destroy(world.service);
        eddy_http_router_destroy(world.router);
        eddy_http_files_destroy(world.files);
        eddy_tls_unref(world.served);
        eddy_tls_unref(world.trusted);
}

static eddy_stream *connect_client(void)
{
        eddy_stream *client;

        if (world.wire == UNIX)
                assert_int_equal(eddy_open_unix_connection(&client, socket_path, NULL), 0);
        else
                assert_int_equal(eddy_open_connection(&client, "127.0.0.1", eddy_server_port(world.server),
                                                      &(eddy_connect_options){.tls = world.trusted}),
                                 0);
        return client;
}

/** Send the first bytes of a text, and wait where it says so. */
static void send_part(eddy_stream *client, const char *text, size_t n)
{
        const char *answer, *bar = memchr(text, '|', n);
        size_t first = bar ? (size_t)(bar - text) : n;

        assert_int_equal(eddy_stream_write_all(client, text, first), first);
        if (!bar)
                return;
        assert_true(eddy_stream_read_until(client, "\r\n\r\n", 4, &answer) > 0);
        assert_int_equal(eddy_stream_write_all(client, bar + 1, n - first - 1), n - first - 1);
}

static void let_server_work(void)
{
        for (int i = 0; i < 5; i++)
                eddy_yield();
}

static void assert_nobody_is_left(void)
{
        until(eddy_server_connections(world.server) == 0 && world.handlers == 0);
}

/** What there is of an answer to who has said all there was to say, or not all of it. */
static void assert_answered_to_the_end(eddy_stream *client, const struct kind *kind, size_t sent)
{
        bool is_whole = sent == strlen(kind->text), has_waited = memchr(kind->text, '|', sent);
        char *answer;
        ssize_t n = eddy_stream_read_all(client, &answer, 4 * LARGE);

        assert_true(n >= 0 || n == -ECONNRESET); /* an answer of HTTP/1.0 that was cut has no other end */
        if (n < 0)
                return;
        if (sent == 0)
                assert_int_equal(n, 0);
        else if (!has_waited &&
                 !(strncmp(answer, "HTTP/1.1 2", 10) == 0 || strncmp(answer, "HTTP/1.1 1", 10) == 0 ||
                   (!is_whole && strncmp(answer, "HTTP/1.1 400 ", 13) == 0)))
                fail_msg("%s, of which %zu bytes were sent: %s", kind->name, sent, answer);
        eddy_free(answer);
}

static void go(eddy_stream *client, const struct kind *kind, size_t sent, enum way way)
{
        switch (way) {
        case RESETS_LATER:
                let_server_work();
                /* fall through */
        case RESETS:
                eddy_stream_abort(client);
                break;
        case ENDS_ITS_HALF:
                assert_int_equal(eddy_stream_write_eof(client), 0);
                assert_answered_to_the_end(client, kind, sent);
                break;
        default:
                break;
        }
        eddy_stream_destroy(client);
        assert_nobody_is_left();
}

static void assert_next_is_answered(void)
{
        eddy_stream *client = connect_client();
        char *answer;

        send_part(client, kinds[1].text, strlen(kinds[1].text));
        assert_true(eddy_stream_read_all(client, &answer, 1000) > 0);
        assert_non_null(strstr(answer, "\r\n\r\nhello"));
        eddy_free(answer);
        eddy_stream_destroy(client);
        assert_nobody_is_left();
}

/** Clients that leave when some bytes are sent. */
static void leave_while_sending(enum wire wire, size_t step)
{
        open_world(wire);
        for (const struct kind *kind = kinds; kind < kinds + KINDS; kind++) {
                for (size_t sent = 0; sent <= strlen(kind->text); sent += step)
                        for (enum way way = RESETS; way < WAYS; way++) {
                                eddy_stream *client = connect_client();

                                send_part(client, kind->text, sent);
                                go(client, kind, sent, way);
                        }
                assert_next_is_answered();
        }
        close_world();
}

/** How much is sent to who takes all of it. */
static size_t measure_answer(const struct kind *kind)
{
        eddy_stream *client = connect_client();
        char *answer;
        ssize_t n;

        send_part(client, kind->text, strlen(kind->text));
        assert_int_equal(eddy_stream_write_eof(client), 0);
        n = eddy_stream_read_all(client, &answer, 4 * LARGE);
        assert_true(n > 0);
        eddy_free(answer);
        eddy_stream_destroy(client);
        assert_nobody_is_left();
        return (size_t)n;
}

static void take(eddy_stream *client, size_t n)
{
        static char bytes[4 * LARGE];

        assert_int_equal(eddy_stream_read_exactly(client, bytes, n), n);
}

/** Clients that leave when they have taken some bytes of the answer: of its head, all of them; of its body, some. */
static void leave_while_taking(enum wire wire, size_t step)
{
        open_world(wire);
        for (const struct kind *kind = kinds; kind < kinds + KINDS; kind++) {
                size_t size = strlen(kind->text), whole = measure_answer(kind);

                for (size_t taken = 0; taken <= whole; taken += taken < 300 ? step : whole / 10)
                        for (enum way way = RESETS; way <= CLOSES; way++) {
                                eddy_stream *client = connect_client();

                                send_part(client, kind->text, size);
                                if (!strchr(kind->text, '|'))
                                        take(client, taken);
                                go(client, kind, size, way);
                        }
                assert_next_is_answered();
        }
        close_world();
}

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

static int make_folder(void **state)
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

static int remove_folder(void **state)
{
        char path[64];

        (void)state;
        snprintf(path, sizeof path, "%s/large", place);
        return unlink(path) | rmdir(place);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(sending_by_tcp), scene_test(sending_by_unix_sockets), scene_test(sending_by_tls),
            scene_test(taking_by_tcp),  scene_test(taking_by_unix_sockets),  scene_test(taking_by_tls),
        };

        return cmocka_run_group_tests_name("resets", tests, make_folder, remove_folder);
}
