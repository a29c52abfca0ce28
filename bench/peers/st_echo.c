/* state-threads in the echo rows: a thread of its own for each connection. Prints its port and serves until killed. */
#include "../bench.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <st.h>
#include <sys/socket.h>

static void *echo(void *connection)
{
        char buffer[4096];
        ssize_t n;

        while ((n = st_read(connection, buffer, sizeof buffer, ST_UTIME_NO_TIMEOUT)) > 0)
                if (st_write(connection, buffer, (size_t)n, ST_UTIME_NO_TIMEOUT) != n)
                        break;
        st_netfd_close(connection);
        return NULL;
}

int main(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) < 0 ||
            bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 1024) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &length) < 0)
                return 1;
        /* Debian's has neither epoll nor says so; select(), its default, ends at 1,024 connections. */
        st_set_eventsys(ST_EVENTSYS_ALT);
        if (strcmp(st_get_eventsys_name(), "epoll") != 0)
                st_set_eventsys(ST_EVENTSYS_POLL);
        if (st_init() < 0)
                return 1;
        bench_port(ntohs(address.sin_port));
        st_netfd_t listener = st_netfd_open_socket(fd);
        for (;;) {
                st_netfd_t connection = st_accept(listener, NULL, NULL, ST_UTIME_NO_TIMEOUT);

                if (!connection || !st_thread_create(echo, connection, 0, 0)) {
                        perror("no more connections");
                        return 1;
                }
        }
}
