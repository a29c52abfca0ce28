/* The load of the scale runs: many connections or large messages. Each connection sends a message, receives its
 * echo and sends the next.
 *
 *         load_stream PORT CONNECTIONS BYTES SECONDS
 *
 * When every connection has had one echo it prints `open` and waits for a line of input, so that others can look
 * at idle connections and at clocks. Then it goes on for so many seconds, prints `requests N` and `seconds S`, and
 * closes its connections when its input ends. Checks every echo. */
#include "bench.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, PERIOD = 26, PIECE = 1 << 16 };

struct connection {
        int fd;
        size_t sent, received; /* bytes of the current message and its echo */
        bool waits;            /* for the rest of the echo */
};

static size_t message_size;
static const char *message; /* with a period more, so that a piece can be compared wherever it begins */
static long requests;
static double deadline; /* no message is begun later */
static size_t waiting;  /* connections whose echo is outstanding */

static void die(const char *why)
{
        perror(why);
        exit(1);
}

static void send_rest(struct connection *connection)
{
        while (connection->sent < message_size) {
                ssize_t n = send(connection->fd, message + connection->sent, message_size - connection->sent,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n < 0)
                        die("send");
                connection->sent += (size_t)n;
        }
}

static void begin(struct connection *connection)
{
        connection->sent = connection->received = 0;
        connection->waits = true;
        send_rest(connection);
}

static void receive(struct connection *connection)
{
        static char piece[PIECE];

        while (connection->waits && connection->received < message_size) {
                ssize_t n = recv(connection->fd, piece, sizeof piece, MSG_DONTWAIT);

                if (n < 0 && errno == EAGAIN)
                        return;
                if (n <= 0)
                        die("recv");
                if (connection->received + (size_t)n > message_size ||
                    memcmp(piece, message + connection->received % PERIOD, (size_t)n) != 0) {
                        fprintf(stderr, "an echo differs from its message\n");
                        exit(1);
                }
                connection->received += (size_t)n;
                if ((size_t)n < sizeof piece)
                        break;
        }
        if (!connection->waits || connection->received < message_size)
                return;
        connection->waits = false;
        requests++;
        if (bench_now() < deadline)
                begin(connection);
        else
                waiting--;
}

/* Each connection begins a message, and those that have their echo begin another until the time is over. */
static void run(int epoll, struct connection *connections, size_t count, double seconds)
{
        struct epoll_event events[EVENTS];

        requests = 0;
        waiting = count;
        deadline = bench_now() + seconds;
        for (size_t i = 0; i < count; i++)
                begin(&connections[i]);
        while (waiting > 0) {
                int ready = epoll_wait(epoll, events, EVENTS, 10000);
                if (ready <= 0)
                        die("the server is silent");
                for (int i = 0; i < ready; i++) {
                        send_rest(events[i].data.ptr);
                        receive(events[i].data.ptr);
                }
        }
}

static void connect_to(int epoll, struct connection *connection, uint16_t port)
{
        struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};

        connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0)
                die("connect");
        setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        connection->sent = message_size;
        epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event);
}

static char *make_message(void)
{
        /* The longest piece is compared from somewhere in the first period on. */
        size_t size = (message_size > PIECE ? message_size : PIECE) + PERIOD;
        char *made = malloc(size);

        for (size_t i = 0; made && i < size; i++)
                made[i] = (char)('a' + i % PERIOD);
        return made;
}

int main(int argc, char **argv)
{
        if (argc != 5) {
                fprintf(stderr, "load_stream PORT CONNECTIONS BYTES SECONDS\n");
                return 2;
        }
        size_t count = (size_t)atol(argv[2]);
        int epoll = epoll_create1(EPOLL_CLOEXEC);
        struct connection *connections = calloc(count, sizeof *connections);

        message_size = (size_t)atol(argv[3]);
        message = make_message();
        if (epoll < 0 || !connections || !message)
                die("load_stream");
        for (size_t i = 0; i < count; i++)
                connect_to(epoll, &connections[i], (uint16_t)atoi(argv[1]));
        run(epoll, connections, count, 0);
        puts("open");
        fflush(stdout);
        if (getchar() == EOF)
                return 0;
        double start = bench_now();
        run(epoll, connections, count, atof(argv[4]));
        printf("requests %ld\nseconds %.6f\n", requests, bench_now() - start);
        fflush(stdout);
        while (getchar() != EOF)
                ;
        return 0;
}
