/* The load of the TCP rows: requests on many connections, one at a time on each, every answer checked.
 *
 *         load PORT CONNECTIONS WHAT SECONDS|- [RATE]
 *
 * Without a rate the loop is closed: each answer is followed by the next request. With one it is open: requests are
 * due at even distances, whether or not the server keeps up, and one that finds every connection taken waits for the
 * first that is free. Latencies count from when a request was due and not from when it could be sent, so a server
 * that stalls is charged with what it delayed ("coordinated omission"); the load polls all the while, so as to be on
 * time itself. WHAT is what load_request_make() knows: the bytes of a message to echo; "http", which asks for "/"; "http:16", so
 * many at once, whose latency is that of the last; "websocket:64". Instead of SECONDS, - has it told when to run: see bench_runs().
 *
 * Prints `NAME VALUE` lines: requests, together (how many are sent at once), seconds, and of latencies mean_us, p50_us, p99_us, p999_us. */
#include "latency.h"
#include "load_request.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SILENCE_MS = 10000 };

static struct load_request request;

typedef struct connection {
        int fd;
        size_t received;         /* bytes of the current answer */
        double due;              /* when its request was to be sent */
        struct connection *next; /* that is idle */
} connection;

static struct {
        int epoll;
        connection *idle;
        long sent, answered;
        double rate;                      /* of requests that are due a second; 0: the loop is closed */
        double start, deadline, interval; /* between two requests; 0 where the loop is closed */
        struct latencies latencies;
} load;

static void die(const char *why)
{
        perror(why);
        exit(1);
}

static connection *connect_to(uint16_t port)
{
        struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        connection *new = calloc(1, sizeof *new);

        if (!new)
                die("calloc");
        new->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (new->fd < 0 || connect(new->fd, (struct sockaddr *)&address, sizeof address) < 0)
                die("connect");
        setsockopt(new->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        /* One who sends the longest message does not wait, while others' answers come. */
        setsockopt(new->fd, SOL_SOCKET, SO_SNDBUF, &(int){2 * LOAD_MAX_BYTES}, sizeof(int));
        epoll_ctl(load.epoll, EPOLL_CTL_ADD, new->fd,
                  &(struct epoll_event){.events = EPOLLIN, .data.ptr = new});
        return new;
}

/* Send what is due, as far as connections are idle. In a closed loop something always is. */
static void send_due(double now)
{
        while (load.idle) {
                connection *self = load.idle;
                double due = load.interval > 0 ? load.start + (double)load.sent * load.interval : now;

                if (due > now || due >= load.deadline)
                        return;
                load.idle = self->next;
                self->received = 0;
                self->due = due;
                load.sent++;
                if (send(self->fd, request.bytes, request.size, MSG_NOSIGNAL) != (ssize_t)request.size)
                        die("send");
        }
}

/* Whether a piece of an answer, its bytes [from, to), is right as far as [first, end) goes, which is known. */
static bool is_right_there(const char *piece, size_t from, size_t to, size_t first, size_t end)
{
        size_t begin = from > first ? from : first, stop = to < end ? to : end;

        return begin >= stop || memcmp(piece + (begin - from), request.expected + begin, stop - begin) == 0;
}

/* Of each of the answers that come together the beginning and the end are known. */
static bool is_right(const char *piece, size_t from, size_t to)
{
        size_t each = request.answer_size / (size_t)request.together;

        for (size_t start = from / each * each; start < to; start += each)
                if (!is_right_there(piece, from, to, start, start + request.head) ||
                    !is_right_there(piece, from, to, start + each - request.tail, start + each))
                        return false;
        return true;
}

static void receive(connection *self)
{
        static char piece[LOAD_MAX_BYTES];
        size_t before = self->received;
        ssize_t n = recv(self->fd, piece, request.answer_size - before, 0);

        if (n <= 0)
                die("recv");
        self->received += (size_t)n;
        if (!is_right(piece, before, self->received)) {
                fprintf(stderr, "an answer is not what was expected\n");
                exit(1);
        }
        if (self->received < request.answer_size)
                return;
        double now = bench_now();
        latency_add(&load.latencies, now - self->due);
        load.answered++;
        self->next = load.idle;
        load.idle = self;
        send_due(now);
}

/* Whether nothing more is due. In an open loop that is so only when the last request has been sent. */
static bool is_over(double now)
{
        double due = load.interval > 0 ? load.start + (double)load.sent * load.interval : now;

        return due >= load.deadline && load.answered == load.sent;
}

static void run(double seconds)
{
        struct epoll_event events[256];

        load.sent = load.answered = 0;
        load.start = bench_now();
        load.deadline = load.start + seconds;
        for (double now = load.start; !is_over(now); now = bench_now()) {
                send_due(now);
                if (load.rate > 0 && now > load.deadline + 4 * seconds)
                        bench_skip("does not keep up with %.0f requests a second", load.rate);
                int ready = epoll_wait(load.epoll, events, 256, load.rate > 0 ? 0 : SILENCE_MS);
                if (ready < 0 || (ready == 0 && load.rate <= 0))
                        die("the server is silent");
                for (int i = 0; i < ready; i++)
                        receive(events[i].data.ptr);
        }
        printf("requests %ld\ntogether %ld\nseconds %.6f\n", load.answered * request.together, request.together,
               bench_now() - load.start);
        latency_print(&load.latencies);
}

int main(int argc, char **argv)
{
        struct rlimit files;

        if (argc < 5 || argc > 6) {
                fprintf(stderr, "load PORT CONNECTIONS WHAT SECONDS|- [RATE]\n");
                return 2;
        }
        getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
        load.epoll = epoll_create1(EPOLL_CLOEXEC);
        long count = atol(argv[2]);
        int *fds = count > 0 ? calloc((size_t)count, sizeof *fds) : NULL;
        if (!fds)
                return 2;
        for (long i = 0; i < count; i++) {
                connection *new = connect_to((uint16_t)atoi(argv[1]));

                new->next = load.idle;
                load.idle = new;
                fds[i] = new->fd;
        }
        load_request_make(&request, argv[3], fds, (size_t)count);
        free(fds);
        load.rate = argc > 5 ? atof(argv[5]) : 0;
        load.interval = load.rate > 0 ? (double)request.together / load.rate : 0;
        bench_runs(argv[4], run);
        return 0;
}
