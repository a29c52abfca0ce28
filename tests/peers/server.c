/* peers_server PLACE: what clients of others are tried on. In the folder PLACE are `server.pem` and `server.key`, `root.pem`, who
 * issues clients' certificates, and `files`, which is served. It listens on a port, on one with TLS, on one that demands a
 * client's certificate, and on PLACE/socket; it writes the three ports on a line, and ends by SIGINT. */
#include <eddy/http.h>
#include <eddy/tls.h>
#include <eddy/websocket_server.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_MAX = 64 * 1024 * 1024, LINES = 20000 };

static eddy_semaphore gone; /* as many as handlers were told that their client has gone */
static eddy_semaphore may_go_on;
static eddy_semaphore reported;
static char *report; /* what a page has sent last */

__attribute__((format(printf, 2, 3))) static int reply(eddy_http_exchange *exchange, const char *format, ...)
{
        char text[512];
        va_list args;
        int n;

        va_start(args, format);
        n = vsnprintf(text, sizeof text, format, args);
        va_end(args);
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = (size_t)n});
}

static int hello(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return reply(exchange, "hello, world!\n");
}

/** The body as it was sent, when all of it has come. */
static int echo(eddy_http_exchange *exchange, void *arg)
{
        char *body;
        ssize_t n = eddy_http_exchange_read_all(exchange, &body, BODY_MAX);
        int rc;

        (void)arg;
        if (n < 0)
                return (int)n;
        rc = eddy_http_reply(
            exchange, &(eddy_http_answer){.content_type = eddy_http_exchange_header(exchange, "Content-Type"),
                                          .body = body,
                                          .body_size = (size_t)n});
        eddy_free(body);
        return rc;
}

/** The body as it is sent, while it comes. */
static int duplex(eddy_http_exchange *exchange, void *arg)
{
        char piece[4096];
        ssize_t n = 0;
        int rc =
            eddy_http_reply_begin(exchange, &(eddy_http_answer){.content_type = "application/octet-stream"});

        (void)arg;
        while (rc == 0 && (n = eddy_http_exchange_read(exchange, piece, sizeof piece)) > 0)
                rc = eddy_http_reply_write(exchange, piece, (size_t)n);
        if (rc == 0)
                rc = n < 0 ? (int)n : eddy_http_reply_end(exchange);
        return rc;
}

static int refuse(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_reply(exchange,
                               &(eddy_http_answer){.status = 403, .body = "not here\n", .body_size = 9});
}

/** An answer behind which the connection ends. */
static int close_behind(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_reply(exchange,
                               &(eddy_http_answer){.headers = (const char *const[]){"Connection: close", NULL},
                                                   .body = "the last one\n",
                                                   .body_size = 13});
}

static int count(eddy_http_exchange *exchange, void *arg)
{
        int rc = eddy_http_reply_begin(exchange, &(eddy_http_answer){.content_type = "text/plain"});

        (void)arg;
        for (int i = 0; rc == 0 && i < LINES; i++) {
                char line[16];
                int n = snprintf(line, sizeof line, "%d\n", i);

                rc = eddy_http_reply_write(exchange, line, (size_t)n);
        }
        return rc < 0 ? rc : eddy_http_reply_end(exchange);
}

/** The length of the body, and a header that came behind it, in headers behind the answer's. */
static int trailers(eddy_http_exchange *exchange, void *arg)
{
        static const char *const announced[] = {"Trailer: X-Length, X-Sent", NULL};
        char *body, length[64], sent[256];
        ssize_t n = eddy_http_exchange_read_all(exchange, &body, BODY_MAX);
        const char *value = eddy_http_exchange_trailer(exchange, "X-Behind");
        int rc;

        (void)arg;
        if (n < 0)
                return (int)n;
        eddy_free(body);
        snprintf(length, sizeof length, "X-Length: %zd", n);
        snprintf(sent, sizeof sent, "X-Sent: %s", value ? value : "none");
        rc = eddy_http_reply_begin(
            exchange, &(eddy_http_answer){.headers = announced, .body = "see below\n", .body_size = 10});
        return rc < 0 ? rc : eddy_http_reply_end_with(exchange, (const char *const[]){length, sent, NULL});
}

/** Two events, the second when somebody says so; who comes again is told which one he had. */
static int events(eddy_http_exchange *exchange, void *arg)
{
        const char *last = eddy_http_exchange_header(exchange, "Last-Event-ID");
        int rc;

        (void)arg;
        if (last) {
                rc = eddy_http_reply_event(exchange, &(eddy_http_event){.name = "again", .data = last});
                return rc < 0 ? rc : eddy_http_reply_end(exchange);
        }
        rc = eddy_http_reply_event(exchange,
                                   &(eddy_http_event){.data = "first", .id = "1", .retry = eddy_ms(1)});
        if (rc == 0)
                rc = eddy_semaphore_acquire(&may_go_on);
        if (rc == 0)
                rc = eddy_http_reply_event(exchange,
                                           &(eddy_http_event){.name = "news", .data = "two\nlines", .id = "2"});
        return rc < 0 ? rc : eddy_http_reply_end(exchange);
}

static int go_on(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        eddy_semaphore_release(&may_go_on);
        return reply(exchange, "it goes on\n");
}

/** A beginning, and no end: until the client goes, which /gone waits for. */
static int wait_for_end(eddy_http_exchange *exchange, void *arg)
{
        int rc = eddy_http_reply_begin(exchange, &(eddy_http_answer){.content_type = "application/octet-stream",
                                                                     .body = "waiting\n",
                                                                     .body_size = 8});

        (void)arg;
        if (rc == 0)
                rc = eddy_sleep(EDDY_FOREVER);
        if (rc == EDDY_CANCELLED)
                eddy_semaphore_release(&gone);
        return rc;
}

static int tell_gone(eddy_http_exchange *exchange, void *arg)
{
        int rc = eddy_semaphore_acquire(&gone);

        (void)arg;
        return rc < 0 ? rc : reply(exchange, "gone\n");
}

static int take_report(eddy_http_exchange *exchange, void *arg)
{
        ssize_t n;

        (void)arg;
        eddy_free(report);
        n = eddy_http_exchange_read_all(exchange, &report, BODY_MAX);
        if (n < 0)
                return (int)n;
        eddy_semaphore_release(&reported);
        return reply(exchange, "noted\n");
}

static int tell_report(eddy_http_exchange *exchange, void *arg)
{
        int rc = eddy_semaphore_acquire(&reported);

        (void)arg;
        return rc < 0 ? rc
                      : eddy_http_reply(exchange,
                                        &(eddy_http_answer){.body = report, .body_size = strlen(report)});
}

/** The length of a file of the form's, and the sum of its bytes. */
static int describe_file(FILE *out, eddy_http_multipart *form, const eddy_http_part *part)
{
        unsigned char piece[4096];
        unsigned long sum = 0, size = 0;
        ssize_t n;

        while ((n = eddy_http_multipart_read(form, piece, sizeof piece)) > 0) {
                size += (unsigned long)n;
                for (ssize_t i = 0; i < n; i++)
                        sum += piece[i];
        }
        fprintf(out, "%s: %s, %s, %lu bytes, sum %lu\n", part->name, part->filename, part->content_type, size,
                sum);
        return (int)n;
}

static int describe_part(FILE *out, eddy_http_multipart *form, const eddy_http_part *part)
{
        char *value;
        ssize_t n;

        if (part->filename)
                return describe_file(out, form, part);
        n = eddy_http_multipart_read_all(form, &value);
        if (n < 0)
                return (int)n;
        fprintf(out, "%s=%s\n", part->name, value);
        eddy_free(value);
        return 0;
}

/** What is in a form: a line for each part. */
static int form(eddy_http_exchange *exchange, void *arg)
{
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        eddy_http_multipart *parts;
        eddy_http_part part;
        int rc = eddy_http_multipart_open(&parts, exchange, NULL);

        (void)arg;
        while (rc == 0 && (rc = eddy_http_multipart_next(parts, &part)) == 1)
                rc = describe_part(out, parts, &part);
        eddy_http_multipart_close(parts);
        fclose(out);
        if (rc == 0)
                rc = eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = size});
        free(text);
        return rc;
}

/** Sets two cookies, and tells the one that came. */
static int cookies(eddy_http_exchange *exchange, void *arg)
{
        const eddy_http_cookie color = {.name = "color", .value = "red", .path = "/"};
        const eddy_http_cookie secret = {.name = "secret", .value = "42", .path = "/", .http_only = true};
        char lines[2][EDDY_HTTP_COOKIE_SIZE], colors[64], secrets[64], text[160];
        int n;

        (void)arg;
        if (eddy_http_exchange_cookie(exchange, "color", colors, sizeof colors) < 0)
                strcpy(colors, "none");
        if (eddy_http_exchange_cookie(exchange, "secret", secrets, sizeof secrets) < 0)
                strcpy(secrets, "none");
        eddy_http_cookie_format(lines[0], sizeof lines[0], &color);
        eddy_http_cookie_format(lines[1], sizeof lines[1], &secret);
        n = snprintf(text, sizeof text, "color=%s secret=%s\n", colors, secrets);
        return eddy_http_reply(exchange,
                               &(eddy_http_answer){.headers = (const char *const[]){lines[0], lines[1], NULL},
                                                   .body = text,
                                                   .body_size = (size_t)n});
}

static int hints(eddy_http_exchange *exchange, void *arg)
{
        static const char *const links[] = {"Link: </files/style.css>; rel=preload; as=style", NULL};
        int rc = eddy_http_reply_hints(exchange, links);

        (void)arg;
        return rc < 0 ? rc : reply(exchange, "after the hints\n");
}

static int websocket(eddy_http_exchange *exchange, void *arg)
{
        static const char *const protocols[] = {"chat", NULL};
        const eddy_websocket_options options = {.max_message = SIZE_MAX, .subprotocols = protocols};
        eddy_websocket_message message;
        eddy_websocket *ws;
        int rc = eddy_websocket_accept(&ws, exchange, &options);

        (void)arg;
        if (rc < 0)
                return rc == EDDY_EWEBSOCKET ? 0 : rc;
        while ((rc = eddy_websocket_receive(ws, &message)) > 0) {
                if (eddy_websocket_send(ws, message.type, message.data, message.size) < 0)
                        break;
        }
        if (rc < 0)
                eddy_websocket_close(ws, 0, NULL);
        eddy_websocket_destroy(ws);
        return 0;
}

static const struct {
        const char *method, *pattern;
        eddy_http_handler handler;
} routes[] = {
    {"GET", "/", hello},
    {NULL, "/hello", hello},
    {NULL, "/echo", echo},
    {NULL, "/duplex", duplex},
    {NULL, "/refuse", refuse},
    {"GET", "/close", close_behind},
    {"GET", "/count", count},
    {"POST", "/trailers", trailers},
    {"GET", "/events", events},
    {"POST", "/go-on", go_on},
    {"GET", "/wait", wait_for_end},
    {"GET", "/gone", tell_gone},
    {"POST", "/report", take_report},
    {"GET", "/report", tell_report},
    {"POST", "/form", form},
    {"GET", "/cookies", cookies},
    {"GET", "/hints", hints},
    {"GET", "/websocket", websocket},
};

static int create_router(eddy_http_router **router, eddy_http_files *files)
{
        int rc = eddy_http_router_create(router, NULL);

        for (size_t i = 0; rc == 0 && i < sizeof routes / sizeof routes[0]; i++)
                rc =
                    eddy_http_router_add(*router, routes[i].method, routes[i].pattern, routes[i].handler, NULL);
        return rc < 0 ? rc : eddy_http_router_mount(*router, "/files", eddy_http_files_answer, files);
}

enum { PLAIN, TLS, MUTUAL, UNIX, SERVERS };

static intptr_t serve(void *server)
{
        return eddy_server_serve_forever(*(eddy_server **)server);
}

static int serve_all(eddy_server *servers[SERVERS])
{
        eddy_group group;

        printf("%u %u %u\n", eddy_server_port(servers[PLAIN]), eddy_server_port(servers[TLS]),
               eddy_server_port(servers[MUTUAL]));
        fflush(stdout);
        eddy_group_open(&group);
        for (int i = 0; i < SERVERS; i++)
                eddy_group_spawn(&group, serve, &servers[i]);
        return eddy_group_close(&group);
}

static int create_tls(eddy_tls **tls, bool is_mutual)
{
        return eddy_tls_create_server(
            tls, &(eddy_tls_options){
                     .certificate_file = "server.pem",
                     .key_file = "server.key",
                     .ca_file = is_mutual ? "root.pem" : NULL,
                     .verify = is_mutual ? EDDY_TLS_VERIFY_REQUIRED : EDDY_TLS_VERIFY_DEFAULT,
                     .alpn = eddy_http_alpn(),
                 });
}

static int serve_service(eddy_http_service *service)
{
        eddy_server *servers[SERVERS] = {0};
        eddy_tls *tls = NULL, *mutual = NULL;
        int rc = create_tls(&tls, false);

        if (rc == 0)
                rc = create_tls(&mutual, true);
        if (rc == 0)
                rc = eddy_http_start_server(&servers[PLAIN], service, "127.0.0.1", 0, NULL);
        if (rc == 0)
                rc = eddy_http_start_server(&servers[TLS], service, "127.0.0.1", 0,
                                            &(eddy_server_options){.tls = tls});
        if (rc == 0)
                rc = eddy_http_start_server(&servers[MUTUAL], service, "127.0.0.1", 0,
                                            &(eddy_server_options){.tls = mutual});
        if (rc == 0)
                rc = eddy_http_start_unix_server(&servers[UNIX], service, "socket", NULL);
        if (rc == 0)
                rc = serve_all(servers);
        for (int i = 0; i < SERVERS; i++)
                eddy_server_destroy(servers[i]);
        eddy_tls_unref(tls);
        eddy_tls_unref(mutual);
        return rc;
}

static intptr_t app(void *arg)
{
        const eddy_http_service_options options = {.compresses = true, .cancels_at_end = true};
        eddy_http_files *files;
        eddy_http_router *router = NULL;
        eddy_http_service *service = NULL;
        int rc = eddy_http_files_create(&files, "files", NULL);

        (void)arg;
        eddy_semaphore_init(&gone, 0);
        eddy_semaphore_init(&may_go_on, 0);
        eddy_semaphore_init(&reported, 0);
        if (rc == 0)
                rc = create_router(&router, files);
        if (rc == 0)
                rc = eddy_http_service_create(&service, eddy_http_router_handle, router, &options);
        if (rc == 0)
                rc = serve_service(service);
        eddy_http_service_destroy(service);
        eddy_http_router_destroy(router);
        eddy_http_files_destroy(files);
        eddy_free(report);
        return rc;
}

int main(int argc, char **argv)
{
        intptr_t rc = argc == 2 && chdir(argv[1]) == 0 ? eddy_run(app, NULL) : -EINVAL;

        if (rc < 0 && rc != EDDY_CANCELLED)
                fprintf(stderr, "peers_server: %s\n", eddy_explain(rc));
        return rc < 0 && rc != EDDY_CANCELLED;
}
