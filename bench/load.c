/* The load of the echo rows: connections that each send a message, wait for its echo, and send the next.
 *
 *         load PORT CONNECTIONS BYTES SECONDS
 *
 * Checks every echo. Prints `requests N` (all that were answered) and `seconds S`. */
#include "bench.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_BYTES 4096

struct connection {
        int fd;
        size_t received; /* bytes of the current echo */
};

struct load {
        int epoll;
        size_t bytes, waiting; /* of a message; connections whose echo is outstanding */
        long requests;
        double deadline;
        char message[MAX_BYTES];
};

static void die(const char *why)
{
        perror(why);
        exit(1);
}

static void send_message(struct load *load, struct connection *connection)
{
        connection->received = 0;
        if (send(connection->fd, load->message, load->bytes, MSG_NOSIGNAL) != (ssize_t)load->bytes)
                die("send");
}

static void connect_to(struct load *load, struct connection *connection, uint16_t port)
{
        struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

        connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0)
                die("connect");
        setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->fd, &event);
}

static void receive(struct load *load, struct connection *connection)
{
        char buffer[MAX_BYTES];
        ssize_t n = recv(connection->fd, buffer, load->bytes - connection->received, 0);

        if (n <= 0)
                die("recv");
        if (memcmp(buffer, load->message + connection->received, (size_t)n) != 0) {
                fprintf(stderr, "an echo differs from its message\n");
                exit(1);
        }
        connection->received += (size_t)n;
        if (connection->received < load->bytes)
                return;
        load->requests++;
        if (bench_now() < load->deadline)
                send_message(load, connection);
        else
                load->waiting--;
}

int main(int argc, char **argv)
{
        static struct load load;
        struct epoll_event events[256];

        if (argc != 5) {
                fprintf(stderr, "load PORT CONNECTIONS BYTES SECONDS\n");
                return 2;
        }
        size_t count = (size_t)atol(argv[2]);
        load.bytes = (size_t)atol(argv[3]);
        if (load.bytes > MAX_BYTES)
                load.bytes = MAX_BYTES;
        for (size_t i = 0; i < load.bytes; i++)
                load.message[i] = (char)('a' + i % 26);
        load.epoll = epoll_create1(EPOLL_CLOEXEC);
        struct connection *connections = calloc(count, sizeof *connections);
        if (load.epoll < 0 || !connections)
                return 1;

        for (size_t i = 0; i < count; i++)
                connect_to(&load, &connections[i], (uint16_t)atoi(argv[1]));
        double start = bench_now();
        load.deadline = start + atof(argv[4]);
        load.waiting = count;
        for (size_t i = 0; i < count; i++)
                send_message(&load, &connections[i]);
        while (load.waiting > 0) {
                int ready = epoll_wait(load.epoll, events, 256, 10000);
                if (ready <= 0)
                        die("the server is silent");
                for (int i = 0; i < ready; i++)
                        receive(&load, events[i].data.ptr);
        }
        printf("requests %ld\nseconds %.6f\n", load.requests, bench_now() - start);
        free(connections);
        return 0;
}
