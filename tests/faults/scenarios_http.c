#include "base/fault.h"
#include "scenarios.h"

#include <eddy/http_files.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** A folder that is served on one connection, and who asks for what is in it. */
struct visit {
        eddy_http_files *files;
        eddy_stream *ends[2];
        char place[32];
        const char *request;
        size_t request_size;       /* 0: it ends in a NUL */
        eddy_http_handler handler; /* that answers it, where no folder does */
};

static const char *const names[] = {"small", "large", "small.gz"};

static int make_file(const char *place, const char *name, off_t size)
{
        char path[64];
        int fd, rc;

        snprintf(path, sizeof path, "%s/%s", place, name);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        rc = ftruncate(fd, size);
        close(fd);
        return rc < 0 ? -ENOENT : 0;
}

static intptr_t visit_open(struct visit *visit, const char *request)
{
        const eddy_http_files_options options = {.precompressed = true};
        int rc;

        *visit = (struct visit){.place = "/tmp/eddy-faults-XXXXXX", .request = request};
        if (!mkdtemp(visit->place))
                return -ENOENT;
        rc = make_file(visit->place, names[0], 1000);
        if (rc == 0)
                rc = make_file(visit->place, names[1], 300 * 1024);
        if (rc == 0)
                rc = make_file(visit->place, names[2], 100);
        if (rc == 0)
                rc = eddy_http_files_create(&visit->files, visit->place, &options);
        return rc < 0 ? rc : eddy_stream_pair(visit->ends);
}

static void visit_close(struct visit *visit)
{
        char path[64];

        eddy_stream_destroy(visit->ends[0]);
        eddy_stream_destroy(visit->ends[1]);
        eddy_http_files_destroy(visit->files);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                snprintf(path, sizeof path, "%s/%s", visit->place, names[i]);
                unlink(path);
        }
        rmdir(visit->place);
}

/** Send the requests, and take all that comes. */
static intptr_t ask(void *arg)
{
        static char bytes[64 * 1024];
        struct visit *visit = arg;
        size_t size = visit->request_size ? visit->request_size : strlen(visit->request);
        ssize_t n = eddy_stream_write_all(visit->ends[1], visit->request, size);

        while (n > 0)
                n = eddy_stream_read(visit->ends[1], bytes, sizeof bytes);
        if (n < 0)
                eddy_stream_abort(visit->ends[1]); /* so that nobody waits for its rest */
        return n;
}

/** And go, which is what a server waits for. */
static intptr_t ask_and_go(void *arg)
{
        struct visit *visit = arg;
        intptr_t n = ask(arg);
        int rc = eddy_stream_write_eof(visit->ends[1]);

        return n < 0 ? n : rc;
}

static ssize_t serve(void *arg)
{
        struct visit *visit = arg;

        return eddy_http_serve_files(visit->ends[0], visit->files);
}

static intptr_t serve_to(const char *request)
{
        struct visit visit;
        intptr_t rc = visit_open(&visit, request);

        if (rc == 0)
                rc = act_beside(ask, &visit, serve, &visit);
        visit_close(&visit);
        return rc;
}

static intptr_t listing(void *arg)
{
        (void)arg;
        return serve_to("GET / HTTP/1.0\r\n\r\n");
}

/** Nothing ever lies in memory. */
static bool is_cold(const char *what)
{
        return strcmp(what, "preadv2") == 0 || strcmp(what, "openat2, cached") == 0;
}

static intptr_t serving_cold_files(void *arg)
{
        intptr_t rc;

        (void)arg;
        fault_script(is_cold);
        rc = serve_to("GET /small HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
                      "GET /large HTTP/1.0\r\n\r\n");
        fault_script(NULL);
        return rc;
}

enum { MUCH = 300 * 1000 };

/** In one piece that a thread makes smaller, or in several. */
static int answer_compressed(eddy_http_exchange *exchange, void *body)
{
        const eddy_http_answer whole = {.body = body, .body_size = MUCH};
        int rc;

        if (strcmp(eddy_http_exchange_target(exchange), "/whole") == 0)
                return eddy_http_reply(exchange, &whole);
        rc = eddy_http_reply_begin(exchange, &(eddy_http_answer){.body = body, .body_size = 1000});
        if (rc == 0)
                rc = eddy_http_reply_write(exchange, body, MUCH);
        return rc < 0 ? rc : eddy_http_reply_end(exchange);
}

/** It becomes 10,000 bytes. */
static int read_coded(eddy_http_exchange *exchange, void *arg)
{
        char bytes[3000];
        ssize_t n;

        (void)arg;
        while ((n = eddy_http_exchange_read(exchange, bytes, sizeof bytes)) > 0)
                ;
        return n < 0 ? (int)n : eddy_http_reply(exchange, &(eddy_http_answer){0});
}

static ssize_t serve_compressed(void *arg)
{
        const eddy_http_service_options options = {.compresses = true, .decodes = true};
        struct visit *visit = arg;
        static char body[MUCH];
        eddy_http_service *service;
        intptr_t rc;

        for (size_t i = 0; i < sizeof body; i++)
                body[i] = (char)('a' + i * i % 23);
        rc = eddy_http_service_create(&service, visit->handler, body, &options);
        if (rc < 0)
                return rc;
        rc = eddy_http_serve(visit->ends[0], service);
        eddy_http_service_destroy(service);
        return rc;
}

static intptr_t compressed(const char *request, size_t size, eddy_http_handler handler)
{
        struct visit visit = {.request = request, .request_size = size, .handler = handler};
        intptr_t rc = eddy_stream_pair(visit.ends);

        if (rc == 0)
                rc = act_beside(ask_and_go, &visit, serve_compressed, &visit);
        eddy_stream_destroy(visit.ends[0]);
        eddy_stream_destroy(visit.ends[1]);
        return rc;
}

static intptr_t compressed_whole(void *arg)
{
        (void)arg;
        return compressed("GET /whole HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n", 0, answer_compressed);
}

static intptr_t compressed_pieces(void *arg)
{
        (void)arg;
        return compressed(
            "GET /pieces HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n", 0,
            answer_compressed);
}

static intptr_t decoded(void *arg)
{
        static const char request[] =
            "POST / HTTP/1.0\r\nContent-Encoding: deflate\r\nContent-Length: 34\r\n\r\n"
            "\170\332\355\301\001\015\000\000\000\302\240\254\357\137\302\034\156\100\001\000\000\000\000\000"
            "\000\000\000\300\277\001\237\273\315\343";

        (void)arg;
        return compressed(request, sizeof request - 1, read_coded);
}

/** Sends back what comes. */
static int answer_in_tunnel(eddy_http_exchange *exchange)
{
        const char *const headers[] = {"Upgrade: websocket", NULL};
        char bytes[100];
        eddy_stream *stream;
        ssize_t n = eddy_http_exchange_upgrade(exchange, headers, &stream);

        if (n < 0)
                return (int)n;
        while ((n = eddy_stream_read(stream, bytes, sizeof bytes)) > 0)
                n = eddy_stream_write_all(stream, bytes, (size_t)n);
        eddy_stream_destroy(stream);
        return (int)n;
}

/** Whole, in pieces with what comes behind them, or what the client sends. */
static int answer_http2(eddy_http_exchange *exchange, void *body)
{
        const char *const trailers[] = {"Sum: 1", NULL};
        char *all;
        ssize_t n;
        int rc;

        if (strcmp(eddy_http_exchange_target(exchange), "/") == 0)
                return eddy_http_reply(exchange, &(eddy_http_answer){.body = body, .body_size = MUCH / 10});
        if (strcmp(eddy_http_exchange_target(exchange), "/t") == 0)
                return answer_in_tunnel(exchange);
        n = eddy_http_exchange_read_all(exchange, &all, MUCH);
        if (n < 0)
                return (int)n;
        rc = eddy_http_reply_begin(exchange, &(eddy_http_answer){.body = all, .body_size = (size_t)n});
        eddy_free(all);
        if (rc == 0)
                rc = eddy_http_reply_write(exchange, body, 1000);
        return rc < 0 ? rc : eddy_http_reply_end_with(exchange, trailers);
}

/* GET / and POST /index.html with a body, a WebSocket's stream at /t, and the end of it all. */
static intptr_t http2(void *arg)
{
        static const char request[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
                                      "\0\0\6\1\5\0\0\0\1\x82\x86\x84\x41\1x"
                                      "\0\0\6\1\4\0\0\0\3\x83\x86\x85\x41\1x"
                                      "\0\0\4\0\0\0\0\0\3body\0\0\4\0\1\0\0\0\3body"
                                      "\0\0\x26\1\4\0\0\0\5\2\7CONNECT\0\x9:protocol\x9websocket\x86\4\2/t\1\1x"
                                      "\0\0\5\0\1\0\0\0\5hello"
                                      "\0\0\10\7\0\0\0\0\0\0\0\0\0\0\0\0\0";

        (void)arg;
        return compressed(request, sizeof request - 1, answer_http2);
}

const struct scenario scenarios[] = {
    {"listing", listing},
    {"compressed answers", compressed_whole},
    {"compressed answers in pieces", compressed_pieces},
    {"a decoded body", decoded},
    {"serving cold files", serving_cold_files},
    {"HTTP/2", http2},
    {NULL, NULL},
};
