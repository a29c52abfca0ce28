/* A storm of short connections: each connects, has one byte echoed, and closes; then another takes its place.
 *
 *         load_storm PORT CONCURRENCY SECONDS
 *
 * Prints `requests N`, the connections that were served, and `seconds S`. They come from many addresses of the
 * loopback network, so that ports which wait for late packets (TIME_WAIT) never run out. */
#include "bench.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, ADDRESSES = 64 };

static struct sockaddr_in server = {.sin_family = AF_INET};

static void die(const char *why)
{
        perror(why);
        exit(1);
}

static void begin(int epoll)
{
        static uint32_t number;
        struct sockaddr_in own = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + number++ % ADDRESSES)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        struct epoll_event event = {.events = EPOLLOUT, .data.fd = fd};

        /* The port is chosen by connect(), which may take one that other addresses use. */
        if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int)) < 0 ||
            bind(fd, (struct sockaddr *)&own, sizeof own) < 0)
                die("bind");
        if (connect(fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS)
                die("connect");
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
                die("epoll_ctl");
}

/* Go on with a connection; whether it has come to its end. */
static bool advance(int epoll, const struct epoll_event *ready)
{
        int fd = ready->data.fd;
        char byte = 'x';

        if (ready->events & EPOLLOUT) {
                struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
                if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
                        die("send");
                epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
                return false;
        }
        if (recv(fd, &byte, 1, 0) != 1 || byte != 'x')
                die("recv");
        close(fd);
        return true;
}

int main(int argc, char **argv)
{
        struct epoll_event events[EVENTS];
        int epoll = epoll_create1(EPOLL_CLOEXEC);
        long served = 0;

        if (argc != 4) {
                fprintf(stderr, "load_storm PORT CONCURRENCY SECONDS\n");
                return 2;
        }
        server.sin_port = htons((uint16_t)atoi(argv[1]));
        server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        double start = bench_now(), deadline = start + atof(argv[3]);
        int under_way = atoi(argv[2]);
        for (int i = 0; i < under_way; i++)
                begin(epoll);
        while (under_way > 0) {
                int ready = epoll_wait(epoll, events, EVENTS, 10000);
                if (ready <= 0)
                        die("the server is silent");
                for (int i = 0; i < ready; i++) {
                        if (!advance(epoll, &events[i]))
                                continue;
                        served++;
                        if (bench_now() < deadline)
                                begin(epoll);
                        else
                                under_way--;
                }
        }
        printf("requests %ld\nseconds %.6f\n", served, bench_now() - start);
        return 0;
}
