/* The floor of the UDP row: a bare loop of poll, recvmmsg and sendmmsg that knows nothing but echo. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

enum { BATCH = 64, LARGEST = 2048 };

static char data[BATCH][LARGEST];
static struct sockaddr_in peers[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

static int open_anywhere(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof address;
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &length) < 0)
                return -1;
        printf("port %u\n", ntohs(address.sin_port));
        fflush(stdout);
        return fd;
}

static void prepare(void)
{
        for (int i = 0; i < BATCH; i++) {
                parts[i] = (struct iovec){data[i], LARGEST};
                messages[i].msg_hdr = (struct msghdr){.msg_name = &peers[i],
                                                      .msg_namelen = sizeof peers[i],
                                                      .msg_iov = &parts[i],
                                                      .msg_iovlen = 1};
        }
}

static void echo(int fd)
{
        int n;

        prepare();
        n = recvmmsg(fd, messages, BATCH, 0, NULL);
        for (int i = 0; i < n; i++)
                parts[i].iov_len = messages[i].msg_len;
        /* What there is no room for is lost: it is UDP. */
        if (n > 0)
                sendmmsg(fd, messages, (unsigned)n, 0);
}

int main(void)
{
        struct pollfd request = {.fd = open_anywhere(), .events = POLLIN};

        if (request.fd < 0)
                return 1;
        for (;;)
                if (poll(&request, 1, -1) > 0)
                        echo(request.fd);
}
