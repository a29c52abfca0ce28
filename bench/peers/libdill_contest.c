/* libdill in the rows yield, yield_64, spawn_await, spawn_burst_1000, channel_round_trip and echo. Its names are used
 * with their prefix: without it they are macros that collide with the C library's. */
#define DILL_DISABLE_RAW_NAMES
#include "../bench.h"
#include <arpa/inet.h>
#include <errno.h>
#include <libdill.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define YIELDS      10000000L
#define SPAWNS      5000000
#define BATCH_SIZE  1000
#define BATCHES     1000
#define ROUND_TRIPS 2000000

enum { FOREVER = -1 };

static void check(int rc)
{
        if (rc < 0) {
                perror("libdill");
                exit(1);
        }
}

static dill_coroutine void yield_often(long times)
{
        for (; times > 0; times--)
                dill_yield();
}

static void yield_among(const char *row, int count)
{
        long each = YIELDS / count;
        int all = dill_bundle();

        check(all);
        double start = bench_now();
        for (int i = 0; i < count; i++)
                check(dill_bundle_go(all, yield_often(each)));
        check(dill_bundle_wait(all, FOREVER));
        bench_each(row, bench_now() - start, (double)(each * count));
        dill_hclose(all);
}

static dill_coroutine void return_at_once(void)
{
}

static void spawn_await(void)
{
        double start = bench_now();
        for (int i = 0; i < SPAWNS; i++) {
                int handle = dill_go(return_at_once());

                check(handle);
                dill_hclose(handle);
        }
        bench_each("spawn_await", bench_now() - start, SPAWNS);
}

static void spawn_burst_1000(void)
{
        double start = bench_now();
        for (int batch = 0; batch < BATCHES; batch++) {
                int all = dill_bundle();

                check(all);
                for (int i = 0; i < BATCH_SIZE; i++)
                        check(dill_bundle_go(all, return_at_once()));
                check(dill_bundle_wait(all, FOREVER));
                dill_hclose(all);
        }
        bench_each("spawn_burst_1000", bench_now() - start, (double)BATCH_SIZE * BATCHES);
}

static dill_coroutine void answer(int in, int out)
{
        int64_t number;

        for (int i = 0; i < ROUND_TRIPS; i++) {
                check(dill_chrecv(in, &number, sizeof number, FOREVER));
                number++;
                check(dill_chsend(out, &number, sizeof number, FOREVER));
        }
}

static void channel_round_trip(void)
{
        int there[2], back[2];
        int64_t number = 0;

        check(dill_chmake(there));
        check(dill_chmake(back));
        check(dill_go(answer(there[1], back[0])));
        double start = bench_now();
        for (int i = 0; i < ROUND_TRIPS; i++) {
                number++;
                check(dill_chsend(there[0], &number, sizeof number, FOREVER));
                check(dill_chrecv(back[1], &number, sizeof number, FOREVER));
        }
        bench_each("channel_round_trip", bench_now() - start, ROUND_TRIPS);
        if (number != 2 * ROUND_TRIPS)
                exit(1);
}

/* Its own connections receive as many bytes as are asked for, and no fewer; waiting for what is there takes
 * descriptors. */
static dill_coroutine void echo(int fd)
{
        char buffer[4096];
        ssize_t n;

        for (;;) {
                n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
                if (n < 0 && errno == EAGAIN && dill_fdin(fd, FOREVER) == 0)
                        continue;
                if (n <= 0 || send(fd, buffer, (size_t)n, MSG_NOSIGNAL) != n)
                        break;
        }
        dill_fdclean(fd);
        close(fd);
}

static void serve(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof address;
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        check(listener);
        check(setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)));
        check(bind(listener, (struct sockaddr *)&address, length));
        check(listen(listener, 1024));
        check(getsockname(listener, (struct sockaddr *)&address, &length));
        bench_port(ntohs(address.sin_port));
        for (;;) {
                int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (fd < 0)
                        check(dill_fdin(listener, FOREVER));
                else
                        check(dill_go(echo(fd)));
        }
}

int main(int argc, char **argv)
{
        if (bench_wants(argc, argv, "yield"))
                yield_among("yield", 2);
        if (bench_wants(argc, argv, "yield_64"))
                yield_among("yield_64", 64);
        if (bench_wants(argc, argv, "spawn_await"))
                spawn_await();
        if (bench_wants(argc, argv, "spawn_burst_1000"))
                spawn_burst_1000();
        if (bench_wants(argc, argv, "channel_round_trip"))
                channel_round_trip();
        if (bench_wants(argc, argv, "echo"))
                serve();
        return 0;
}
