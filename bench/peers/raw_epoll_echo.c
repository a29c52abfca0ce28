/* The floor of the echo rows: a bare epoll loop that knows nothing but echo. One read and one write a
 * request. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_anywhere(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 1024) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &length) < 0)
                return -1;
        printf("port %u\n", ntohs(address.sin_port));
        fflush(stdout);
        return fd;
}

static void accept_all(int epoll, int listener)
{
        int fd;

        while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        }
}

static void echo(int fd)
{
        char buffer[64 * 1024];
        ssize_t n = recv(fd, buffer, sizeof buffer, 0);

        /* A peer that does not read its echo is beyond this program: it is dropped. */
        if (n <= 0 || send(fd, buffer, (size_t)n, MSG_NOSIGNAL) != n)
                close(fd);
}

int main(void)
{
        struct epoll_event events[256];
        int epoll = epoll_create1(EPOLL_CLOEXEC);
        int listener = listen_anywhere();

        if (epoll < 0 || listener < 0)
                return 1;
        events[0] = (struct epoll_event){.events = EPOLLIN, .data.fd = listener};
        epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &events[0]);
        for (;;) {
                int count = epoll_wait(epoll, events, 256, -1);
                for (int i = 0; i < count; i++) {
                        if (events[i].data.fd == listener)
                                accept_all(epoll, listener);
                        else
                                echo(events[i].data.fd);
                }
        }
}
