/* The floor of large messages: a bare epoll loop that echoes in pieces of 64 KiB, and waits where the peer's
 * buffer is full. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 1 << 16, EVENTS = 256 };

struct connection {
        int fd;
        size_t size, sent; /* of the piece */
        char piece[PIECE];
};

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
                struct connection *connection = malloc(sizeof *connection);
                struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};

                if (!connection)
                        exit(1);
                connection->fd = fd;
                connection->size = connection->sent = 0;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        }
}

/* Send and receive in turns until either would wait; false: the peer is gone. */
static bool echo(struct connection *connection)
{
        for (;;) {
                while (connection->sent < connection->size) {
                        ssize_t n = send(connection->fd, connection->piece + connection->sent,
                                         connection->size - connection->sent, MSG_NOSIGNAL);
                        if (n < 0)
                                return errno == EAGAIN;
                        connection->sent += (size_t)n;
                }
                ssize_t n = recv(connection->fd, connection->piece, PIECE, 0);
                if (n <= 0)
                        return n < 0 && errno == EAGAIN;
                connection->size = (size_t)n;
                connection->sent = 0;
        }
}

int main(void)
{
        struct epoll_event events[EVENTS];
        int epoll = epoll_create1(EPOLL_CLOEXEC);
        int listener = listen_anywhere();

        if (epoll < 0 || listener < 0)
                return 1;
        events[0] = (struct epoll_event){.events = EPOLLIN, .data.ptr = NULL};
        epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &events[0]);
        for (;;) {
                int count = epoll_wait(epoll, events, EVENTS, -1);
                for (int i = 0; i < count; i++) {
                        struct connection *connection = events[i].data.ptr;
                        if (!connection) {
                                accept_all(epoll, listener);
                        } else if (!echo(connection)) {
                                close(connection->fd);
                                free(connection);
                        }
                }
        }
}
