/* eddy on several cores, a loop on each, and with large messages.
 *
 *         eddy_workers serve N              an echo server of N workers; prints its port and serves until killed
 *         eddy_workers pairs N SECONDS      N workers that echo within themselves; prints `pairs ECHOES 1/s`
 *         eddy_workers spawn N SECONDS      N workers that create and await tasks; prints `spawn TASKS 1/s`
 *
 * The latter two need nobody else's core, so they tell what workers cost each other. Seconds of theirs are those of
 * the cores that they had: they never wait for anything, and what other programs take is not to count. */
#include "bench.h"
#include <eddy.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { BUFFER = 1 << 16, MESSAGE = 64, PAIRS = 50, SPAWNS = 1000 };

static uint16_t port;
static double seconds;
static unsigned workers;
static atomic_uint listening;
static atomic_long done;

static intptr_t echo(eddy_stream *stream, void *arg)
{
        char buffer[BUFFER];
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read(stream, buffer, sizeof buffer)) > 0) {
                n = eddy_stream_write_all(stream, buffer, (size_t)n);
                if (n < 0)
                        break;
        }
        return n;
}

static intptr_t serve(void *arg)
{
        eddy_server_options options = {.reuse_port = true, .backlog = 4096};
        eddy_server *server;
        int rc = eddy_start_server(&server, echo, NULL, "127.0.0.1", port, &options);

        (void)arg;
        if (rc < 0)
                return rc;
        if (atomic_fetch_add(&listening, 1) + 1 == workers) {
                printf("port %u\n", port);
                fflush(stdout);
        }
        rc = eddy_server_serve_forever(server);
        eddy_server_destroy(server);
        return rc;
}

/* Find a port that is free for the workers, each of which would else be given another one. */
static intptr_t choose_port(void *arg)
{
        eddy_server *server;
        int rc =
            eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, &(eddy_server_options){.reuse_port = true});

        (void)arg;
        if (rc < 0)
                return rc;
        port = eddy_server_port(server);
        eddy_server_destroy(server);
        return 0;
}

static intptr_t answer(void *arg)
{
        intptr_t rc = echo(arg, NULL);

        eddy_stream_destroy(arg);
        return rc;
}

static intptr_t ask(void *arg)
{
        eddy_stream *ends[2];
        char message[MESSAGE] = {0};
        const double *deadline = arg;
        long echoes = 0;
        int rc = eddy_stream_pair(ends);

        if (rc < 0)
                return rc;
        eddy_task *server = eddy_create_task(answer, ends[1]);
        while (rc == 0 && bench_now() < *deadline) {
                ssize_t n = eddy_stream_write_all(ends[0], message, sizeof message);
                if (n >= 0)
                        n = eddy_stream_read_exactly(ends[0], message, sizeof message);
                rc = n < 0 ? (int)n : 0;
                echoes++;
        }
        eddy_stream_destroy(ends[0]);
        eddy_join(server, NULL);
        atomic_fetch_add(&done, echoes);
        return rc;
}

static intptr_t pairs(void *arg)
{
        double deadline = bench_now() + seconds;
        eddy_group group;

        (void)arg;
        eddy_group_open(&group);
        for (int i = 0; i < PAIRS; i++)
                eddy_group_create_task(&group, ask, &deadline, NULL);
        return eddy_group_close(&group);
}

static intptr_t return_at_once(void *arg)
{
        return (intptr_t)arg;
}

static intptr_t spawn(void *arg)
{
        double deadline = bench_now() + seconds;
        long spawned = 0;
        int rc = 0;

        (void)arg;
        while (rc == 0 && bench_now() < deadline) {
                for (int i = 0; i < SPAWNS; i++)
                        rc |= eddy_join(eddy_create_task(return_at_once, NULL), NULL);
                spawned += SPAWNS;
        }
        atomic_fetch_add(&done, spawned);
        return rc;
}

static int run(const char *name, eddy_fn fn)
{
        int rc = eddy_workers_run(&(eddy_workers_options){.count = workers, .pin = workers > 1}, fn, NULL);

        bench_figure(name, (double)atomic_load(&done) * workers / bench_cpu(), "1/s");
        return rc;
}

int main(int argc, char **argv)
{
        intptr_t rc = -EINVAL;

        workers = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
        seconds = argc > 3 ? atof(argv[3]) : 1;
        if (argc > 1 && strcmp(argv[1], "pairs") == 0) {
                rc = run("pairs", pairs);
        } else if (argc > 1 && strcmp(argv[1], "spawn") == 0) {
                rc = run("spawn", spawn);
        } else if (argc > 1 && strcmp(argv[1], "serve") == 0 && (rc = eddy_run(choose_port, NULL)) == 0) {
                rc = eddy_run_workers(workers, serve, NULL);
        }
        if (rc < 0)
                fprintf(stderr, "%s\n", eddy_explain(rc));
        return rc < 0;
}
