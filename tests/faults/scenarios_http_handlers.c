/* What handlers do: forms, routes, files below them, answers in pieces, events, and another protocol, over HTTP. */
#include "scenarios.h"

#include <eddy/http.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** A request on a connection of its own, who answers it, and with which options. */
struct visit {
        eddy_stream *ends[2];
        const char *request;
        eddy_http_handler handler;
        void *arg;
        eddy_http_service_options options;
};

/** Send the request in two pieces, so that its body is waited for, and take all that comes. */
static intptr_t ask(void *arg)
{
        static char bytes[64 * 1024];
        struct visit *visit = arg;
        size_t size = strlen(visit->request), first = size - size / 8;
        ssize_t n = eddy_stream_write_all(visit->ends[1], visit->request, first);

        for (int i = 0; i < 4 && n > 0; i++) {
                int rc = eddy_yield();

                n = rc < 0 ? rc : n;
        }
        if (n > 0)
                n = eddy_stream_write_all(visit->ends[1], visit->request + first, size - first);
        if (n > 0)
                n = eddy_stream_write_eof(visit->ends[1]) < 0 ? 0 : 1;
        while (n > 0)
                n = eddy_stream_read(visit->ends[1], bytes, sizeof bytes);
        if (n < 0)
                eddy_stream_abort(visit->ends[1]);      /* so that nobody waits for its rest */
        return n == -EPIPE || n == -ECONNRESET ? 0 : n; /* a handler that is cancelled has its connection end */
}

static ssize_t serve(void *arg)
{
        struct visit *visit = arg;
        eddy_http_service *service;
        intptr_t rc = eddy_http_service_create(&service, visit->handler, visit->arg, &visit->options);

        if (rc < 0)
                return rc;
        rc = eddy_http_serve(visit->ends[0], service);
        eddy_http_service_destroy(service);
        return rc;
}

static intptr_t play_visit(struct visit visit)
{
        intptr_t rc = eddy_stream_pair(visit.ends);

        if (rc == 0)
                rc = act_beside(ask, &visit, serve, &visit);
        eddy_stream_destroy(visit.ends[0]);
        eddy_stream_destroy(visit.ends[1]);
        return rc;
}

#define TO(method, target) method " " target " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"

static int take_form(eddy_http_exchange *exchange, void *arg)
{
        eddy_http_fields *fields;
        int rc = eddy_http_exchange_form(exchange, &fields, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        eddy_http_fields_destroy(fields);
        rc = eddy_http_exchange_query(exchange, &fields);
        if (rc < 0)
                return rc;
        eddy_http_fields_destroy(fields);
        return eddy_http_reply(exchange, &(eddy_http_answer){.status = 204});
}

static intptr_t forms(void *arg)
{
        (void)arg;
        return play_visit((struct visit){
            .request = TO(
                "POST",
                "/?a=b&c=%20") "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 24\r\n\r\n"
                               "greeting=hello&name=%77+",
            .handler = take_form,
        });
}

static int take_parts(eddy_http_exchange *exchange, void *arg)
{
        eddy_http_multipart *form;
        eddy_http_part part;
        char *content;
        int rc = eddy_http_multipart_open(&form, exchange, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        while ((rc = eddy_http_multipart_next(form, &part)) > 0) {
                ssize_t n = eddy_http_multipart_read_all(form, &content);

                if (n < 0) {
                        rc = (int)n;
                        break;
                }
                eddy_free(content);
        }
        eddy_http_multipart_close(form);
        return rc < 0 ? rc : eddy_http_reply(exchange, &(eddy_http_answer){.body = "taken", .body_size = 5});
}

static intptr_t multipart(void *arg)
{
        (void)arg;
        return play_visit((struct visit){
            .request =
                TO("POST",
                   "/") "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "30\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
                        "36\r\n\r\n--b\r\nContent-Disposition: form-data; name=file\r\n\r\n23\r\n"
                        "c\r\n456\r\n--b--\r\n\r\n0\r\nSum: 7\r\n\r\n",
            .handler = take_parts,
        });
}

/** Events and a streamed answer, more than a connection takes at once. */
static int stream(eddy_http_exchange *exchange, void *is_events)
{
        static char piece[40 * 1000];
        int rc = 0;

        for (int i = 0; i < 8 && rc == 0; i++) {
                if (is_events)
                        rc = eddy_http_reply_event(
                            exchange, &(eddy_http_event){.data = "something\nhas happened", .id = "1"});
                else if (i == 0)
                        rc = eddy_http_reply_begin(
                            exchange, &(eddy_http_answer){.body = piece, .body_size = sizeof piece});
                else
                        rc = eddy_http_reply_write(exchange, piece, sizeof piece);
                if (rc == 0)
                        rc = eddy_yield();
        }
        return rc < 0 ? rc : eddy_http_reply_end_with(exchange, (const char *const[]){"Sum: 7", NULL});
}

static intptr_t streamed(void *arg)
{
        (void)arg;
        return play_visit((struct visit){.request = TO("GET", "/") "\r\n", .handler = stream});
}

static intptr_t events(void *arg)
{
        return play_visit((struct visit){
            .request = TO("GET", "/") "\r\n", .handler = stream, .arg = &arg, .options = {.compresses = true}});
}

static int around(eddy_http_exchange *exchange, eddy_http_next *next, void *arg)
{
        int rc = eddy_yield();

        (void)arg;
        return rc < 0 ? rc : eddy_http_next_call(next, exchange);
}

static int show(eddy_http_exchange *exchange, void *arg)
{
        const char *id = eddy_http_exchange_param(exchange, "id");

        (void)arg;
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = id, .body_size = strlen(id)});
}

static int make_folder(char *place)
{
        char path[64];
        int fd;

        if (!mkdtemp(place))
                return -ENOENT;
        snprintf(path, sizeof path, "%s/large", place);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0 && ftruncate(fd, 300 * 1000) < 0) {
                close(fd);
                return -ENOENT;
        }
        close(fd);
        return 0;
}

static void remove_folder(const char *place)
{
        char path[64];

        snprintf(path, sizeof path, "%s/large", place);
        unlink(path);
        rmdir(place);
}

static int add_routes(eddy_http_router *router, eddy_http_files *files)
{
        int rc = eddy_http_router_use(router, around, NULL);

        if (rc == 0)
                rc = eddy_http_router_add(router, "GET", "/users/{id}/of/{place...}", show, NULL);
        if (rc == 0)
                rc = eddy_http_router_mount(router, "/files", eddy_http_files_answer, files);
        return rc;
}

/** A request of a router's, with more parameters than it takes without memory, or of a file below it. */
static intptr_t route(const char *request)
{
        char place[] = "/tmp/eddy-faults-XXXXXX";
        eddy_http_router *router = NULL;
        eddy_http_files *files = NULL;
        intptr_t rc = make_folder(place);

        if (rc == 0)
                rc = eddy_http_files_create(&files, place, NULL);
        if (rc == 0)
                rc = eddy_http_router_create(&router, NULL);
        if (rc == 0)
                rc = add_routes(router, files);
        if (rc == 0)
                rc = play_visit(
                    (struct visit){.request = request, .handler = eddy_http_router_handle, .arg = router});
        eddy_http_router_destroy(router);
        eddy_http_files_destroy(files);
        remove_folder(place);
        return rc;
}

static intptr_t routed(void *arg)
{
        char request[1024], id[301];

        (void)arg;
        memset(id, 'a', sizeof id - 1);
        id[sizeof id - 1] = '\0';
        snprintf(request, sizeof request, TO("GET", "/users/%s%%20/of/b/c") "\r\n", id);
        return route(request);
}

static intptr_t range_of_file(void *arg)
{
        (void)arg;
        return route(TO("GET", "/files/large") "Range: bytes=1000-\r\n\r\n");
}

static int turn(eddy_http_exchange *exchange, void *arg)
{
        eddy_stream *connection;
        char bytes[64];
        ssize_t n;
        int rc =
            eddy_http_exchange_upgrade(exchange, (const char *const[]){"Upgrade: echo", NULL}, &connection);

        (void)arg;
        if (rc < 0)
                return rc;
        while ((n = eddy_stream_read(connection, bytes, sizeof bytes)) > 0)
                if ((n = eddy_stream_write_all(connection, bytes, (size_t)n)) < 0)
                        break;
        eddy_stream_destroy(connection);
        return (int)n;
}

static intptr_t another_protocol(void *arg)
{
        (void)arg;
        return play_visit((struct visit){
            .request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nwhatever "
                       "comes behind it, goes back",
            .handler = turn,
        });
}

const struct scenario scenarios[] = {
    {"forms", forms},
    {"multipart", multipart},
    {"a streamed answer", streamed},
    {"events, compressed", events},
    {"a route", routed},
    {"a file's range below a route", range_of_file},
    {"another protocol", another_protocol},
    {NULL, NULL},
};
