/* neco in the rows yield, yield_64, spawn_await, spawn_burst_1000, channel_round_trip and echo. */
#include "../bench.h"
#include <arpa/inet.h>
#include <neco.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define YIELDS      5000000L
#define SPAWNS      1000000
#define BATCH_SIZE  1000
#define BATCHES     1000
#define ROUND_TRIPS 1000000

static void check(int rc)
{
        if (rc != NECO_OK) {
                fprintf(stderr, "%s\n", neco_strerror(rc));
                exit(1);
        }
}

static void yield_often(int argc, void *argv[])
{
        (void)argc;
        for (long i = *(const long *)argv[0]; i > 0; i--)
                neco_yield();
        neco_waitgroup_done(argv[1]);
}

static void yield_among(const char *row, int count)
{
        long each = YIELDS / count;
        neco_waitgroup all;

        neco_waitgroup_init(&all);
        neco_waitgroup_add(&all, count);
        double start = bench_now();
        for (int i = 0; i < count; i++)
                check(neco_start(yield_often, 2, &each, &all));
        check(neco_waitgroup_wait(&all));
        bench_each(row, bench_now() - start, (double)(each * count));
}

static void finish_at_once(int argc, void *argv[])
{
        (void)argc;
        neco_waitgroup_done(argv[0]);
}

static void return_at_once(int argc, void *argv[])
{
        (void)argc, (void)argv;
}

static void spawn_await(void)
{
        double start = bench_now();
        for (int i = 0; i < SPAWNS; i++) {
                check(neco_start(return_at_once, 0));
                neco_join(neco_lastid()); /* which may have ended */
        }
        bench_each("spawn_await", bench_now() - start, SPAWNS);
}

static void spawn_burst_1000(void)
{
        neco_waitgroup all;

        neco_waitgroup_init(&all);
        double start = bench_now();
        for (int batch = 0; batch < BATCHES; batch++) {
                neco_waitgroup_add(&all, BATCH_SIZE);
                for (int i = 0; i < BATCH_SIZE; i++)
                        check(neco_start(finish_at_once, 1, &all));
                check(neco_waitgroup_wait(&all));
        }
        bench_each("spawn_burst_1000", bench_now() - start, (double)BATCH_SIZE * BATCHES);
}

static void answer(int argc, void *argv[])
{
        int64_t number;

        (void)argc;
        for (int i = 0; i < ROUND_TRIPS; i++) {
                check(neco_chan_recv(argv[0], &number));
                number++;
                check(neco_chan_send(argv[1], &number));
        }
}

static void channel_round_trip(void)
{
        neco_chan *there, *back;
        int64_t number = 0;

        check(neco_chan_make(&there, sizeof number, 0));
        check(neco_chan_make(&back, sizeof number, 0));
        check(neco_start(answer, 2, there, back));
        double start = bench_now();
        for (int i = 0; i < ROUND_TRIPS; i++) {
                number++;
                check(neco_chan_send(there, &number));
                check(neco_chan_recv(back, &number));
        }
        bench_each("channel_round_trip", bench_now() - start, ROUND_TRIPS);
        if (number != 2 * ROUND_TRIPS)
                exit(1);
}

static void echo(int argc, void *argv[])
{
        int fd = (int)(intptr_t)argv[0];
        char buffer[4096];
        ssize_t n;

        (void)argc;
        while ((n = neco_read(fd, buffer, sizeof buffer)) > 0)
                if (neco_write(fd, buffer, (size_t)n) != n)
                        break;
        close(fd);
}

static void serve(void)
{
        struct sockaddr_in address;
        socklen_t length = sizeof address;
        int listener = neco_serve("tcp", "127.0.0.1:0");

        if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &length) < 0)
                exit(1);
        bench_port(ntohs(address.sin_port));
        for (;;) {
                int fd = neco_accept(listener, NULL, NULL);

                if (fd < 0)
                        exit(1);
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
                check(neco_start(echo, 1, (void *)(intptr_t)fd));
        }
}

static void run(int argc, void *argv[])
{
        int count = *(int *)argv[0];
        char **names = argv[1];

        (void)argc;
        if (bench_wants(count, names, "yield"))
                yield_among("yield", 2);
        if (bench_wants(count, names, "yield_64"))
                yield_among("yield_64", 64);
        if (bench_wants(count, names, "spawn_await"))
                spawn_await();
        if (bench_wants(count, names, "spawn_burst_1000"))
                spawn_burst_1000();
        if (bench_wants(count, names, "channel_round_trip"))
                channel_round_trip();
        if (bench_wants(count, names, "echo"))
                serve();
        exit(0);
}

int main(int argc, char **argv)
{
        return neco_start(run, 2, &argc, argv) != NECO_OK;
}
