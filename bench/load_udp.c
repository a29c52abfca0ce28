/* The load of the UDP row: as many datagrams on their way as are asked for, and a new one for each echo that comes.
 *
 *         load_udp PORT OUTSTANDING BYTES SECONDS|-
 *
 * With - it is told when to run: see bench_runs(). Checks every echo. Prints `requests N` (all that were answered) and `seconds S`. So few are on their way that they
 * fit into the server's buffer and none is lost. */
#include "bench.h"
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { MOST = 256, MAX_BYTES = 2048, SILENCE_MS = 10000 };

static int fd, outstanding;
static size_t bytes; /* of a datagram */
static char message[MAX_BYTES], echoes[MOST][MAX_BYTES];
static struct iovec out = {.iov_base = message}, in[MOST];
static struct mmsghdr sending[MOST], receiving[MOST];

static void die(const char *why)
{
        perror(why);
        exit(1);
}

static void prepare(void)
{
        out.iov_len = bytes;
        for (size_t i = 0; i < bytes; i++)
                message[i] = (char)('a' + i % 26);
        for (int i = 0; i < MOST; i++) {
                in[i] = (struct iovec){echoes[i], MAX_BYTES};
                sending[i].msg_hdr = (struct msghdr){.msg_iov = &out, .msg_iovlen = 1};
                receiving[i].msg_hdr = (struct msghdr){.msg_iov = &in[i], .msg_iovlen = 1};
        }
}

static void connect_to(uint16_t port)
{
        struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
                die("connect");
}

static void send_messages(int n)
{
        for (int sent = 0; sent < n;) {
                int rc = sendmmsg(fd, sending, (unsigned)(n - sent), 0);

                if (rc <= 0)
                        die("sendmmsg");
                sent += rc;
        }
}

static int receive(void)
{
        struct pollfd request = {.fd = fd, .events = POLLIN};
        int n;

        if (poll(&request, 1, SILENCE_MS) <= 0)
                die("the server is silent");
        n = recvmmsg(fd, receiving, MOST, MSG_DONTWAIT, NULL);
        if (n <= 0)
                die("recvmmsg");
        for (int i = 0; i < n; i++) {
                if (receiving[i].msg_len != bytes || memcmp(echoes[i], message, bytes) != 0) {
                        fprintf(stderr, "an echo differs from its message\n");
                        exit(1);
                }
        }
        return n;
}

static void run(double seconds)
{
        double start = bench_now(), deadline = start + seconds;
        long requests = 0;
        int waiting = outstanding;

        send_messages(waiting);
        while (waiting > 0) {
                int n = receive();

                requests += n;
                if (bench_now() < deadline)
                        send_messages(n);
                else
                        waiting -= n;
        }
        printf("requests %ld\nseconds %.6f\n", requests, bench_now() - start);
}

int main(int argc, char **argv)
{
        if (argc != 5) {
                fprintf(stderr, "load_udp PORT OUTSTANDING BYTES SECONDS|-\n");
                return 2;
        }
        outstanding = atoi(argv[2]);
        bytes = (size_t)atol(argv[3]);
        if (outstanding < 1 || outstanding > MOST || bytes > MAX_BYTES)
                return 2;
        prepare();
        connect_to((uint16_t)atoi(argv[1]));
        bench_runs(argv[4], run);
        return 0;
}
