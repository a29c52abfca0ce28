/* What it costs to find a request's function, and the values of its names, among more and more routes of HTTP. Each
 * request is routed so often as it is told, to a function that does nothing, and answered once.
 *
 *         eddy_router [TIMES] */
#include "bench.h"
#include <eddy.h>
#include <eddy/http_router.h>
#include <stdlib.h>
#include <string.h>

struct trial {
        eddy_http_router *router;
        eddy_http_service *service;
        eddy_stream *ends[2];
        const char *name;
        long times;
};

static int do_nothing(eddy_http_exchange *exchange, void *arg)
{
        (void)exchange;
        (void)arg;
        return 0;
}

static int route_often(eddy_http_exchange *exchange, void *arg)
{
        struct trial *trial = arg;
        int rc = 0;

        double start = bench_now();
        for (long i = 0; i < trial->times && rc == 0; i++)
                rc = eddy_http_router_handle(exchange, trial->router);
        bench_each(trial->name, bench_now() - start, (double)trial->times);
        return rc < 0 ? rc : eddy_http_reply(exchange, &(eddy_http_answer){.status = 204});
}

static intptr_t serve(void *arg)
{
        struct trial *trial = arg;

        return eddy_http_serve(trial->ends[1], trial->service);
}

static int ask(struct trial *trial, const char *path)
{
        char text[256];
        int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
        ssize_t rc = eddy_stream_pair(trial->ends);

        if (rc < 0)
                return (int)rc;
        eddy_task *task = eddy_create_task(serve, trial);
        rc = eddy_stream_write_all(trial->ends[0], text, (size_t)n);
        if (rc > 0)
                rc = eddy_stream_read(trial->ends[0], text, sizeof text);
        eddy_stream_close(trial->ends[0]);
        eddy_join(task, NULL);
        eddy_stream_destroy(trial->ends[0]);
        eddy_stream_destroy(trial->ends[1]);
        return rc < 0 ? (int)rc : 0;
}

/* Half of them with names. */
static int add_routes(eddy_http_router *router, long count)
{
        char pattern[64];
        int rc = 0;

        for (long i = 0; i < count / 2 && rc == 0; i++) {
                snprintf(pattern, sizeof pattern, "/resource%ld", i);
                rc = eddy_http_router_add(router, "GET", pattern, do_nothing, NULL);
                snprintf(pattern, sizeof pattern, "/resource%ld/{id}/parts/{part}", i);
                if (rc == 0)
                        rc = eddy_http_router_add(router, "GET", pattern, do_nothing, NULL);
        }
        return rc;
}

static int measure(long count, long times)
{
        char name[32], path[64];
        struct trial trial = {.name = name, .times = times};
        int rc = eddy_http_router_create(&trial.router, NULL);

        if (rc == 0)
                rc = add_routes(trial.router, count);
        if (rc == 0)
                rc = eddy_http_service_create(&trial.service, route_often, &trial, NULL);
        snprintf(name, sizeof name, "text of %ld", count);
        snprintf(path, sizeof path, "/resource%ld", count / 2 - 1);
        if (rc == 0)
                rc = ask(&trial, path);
        snprintf(name, sizeof name, "names of %ld", count);
        strcat(path, "/12345/parts/wheel");
        if (rc == 0)
                rc = ask(&trial, path);
        eddy_http_service_destroy(trial.service);
        eddy_http_router_destroy(trial.router);
        return rc;
}

static intptr_t run(void *arg)
{
        static const long counts[] = {10, 500, 5000};
        int rc = 0;

        for (size_t i = 0; i < sizeof counts / sizeof *counts && rc == 0; i++)
                rc = measure(counts[i], *(long *)arg);
        return rc;
}

int main(int argc, char **argv)
{
        long times = argc > 1 ? atol(argv[1]) : 5000000;
        intptr_t rc = eddy_run(run, &times);

        if (rc < 0)
                fprintf(stderr, "eddy_router: %s\n", eddy_explain(rc));
        return rc < 0;
}
