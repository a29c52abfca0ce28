/* The load of the TLS rows: messages that are echoed on many connections, one at a time on each; or connections that come for a byte.
 *
 *         load_tls PORT CONNECTIONS BYTES SECONDS|-           each answer, which is compared, is followed by the next message
 *         load_tls PORT CONNECTIONS full|resumed SECONDS|-    agree, receive one byte, close; another takes its place
 *
 * Every connection has had its message echoed before that begins, so that agreeing is not counted; with - the load is told when to run:
 * see bench_runs(). Prints `requests N`, `seconds S`, and of latencies mean_us, p50_us, p99_us, p999_us. Certificates are not looked at. */
#include "latency.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, MAX_BYTES = 128 * 1024, ADDRESSES = 64, SILENCE_MS = 10000 };

struct connection {
        int fd;
        SSL *ssl;
        bool is_agreed;
        bool is_waiting; /* for an answer */
        size_t received; /* bytes of it */
        double began;
};

static struct {
        struct sockaddr_in server;
        SSL_CTX *context;
        SSL_SESSION *session; /* to be resumed */
        int epoll;
        size_t size;
        bool only_agrees, resumes; /* connections come for a byte; with the session of one before */
        bool is_over;
        long count; /* of connections */
        long under_way, answered, resumed;
        struct connection *connections;
        struct latencies latencies;
        char message[MAX_BYTES];
} load = {.server.sin_family = AF_INET};

static void die(const char *why)
{
        fprintf(stderr, "%s: %s\n", why, strerror(errno));
        ERR_print_errors_fp(stderr);
        exit(1);
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
        (void)ssl;
        SSL_SESSION_free(load.session);
        load.session = session;
        return 1;
}

/** They come from many addresses, so that ports which wait for late packets (TIME_WAIT) never run out. */
static int connect_from_anywhere(void)
{
        static uint32_t number;
        struct sockaddr_in own = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + number++ % ADDRESSES)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int)) < 0 ||
            bind(fd, (struct sockaddr *)&own, sizeof own) < 0 ||
            connect(fd, (struct sockaddr *)&load.server, sizeof load.server) < 0)
                die("connect");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){2 * MAX_BYTES},
                   sizeof(int)); /* no message waits for room */
        fcntl(fd, F_SETFL, O_NONBLOCK);
        return fd;
}

static void send_message(struct connection *connection)
{
        connection->is_waiting = true;
        connection->received = 0;
        connection->began = bench_now();
        if (SSL_write(connection->ssl, load.message, (int)load.size) != (int)load.size)
                die("SSL_write");
}

/** Go on agreeing: whether that is done. */
static bool agree(struct connection *connection)
{
        int rc = SSL_do_handshake(connection->ssl);

        if (rc != 1 && SSL_get_error(connection->ssl, rc) != SSL_ERROR_WANT_READ)
                die("SSL_do_handshake");
        connection->is_agreed = rc == 1;
        if (connection->is_agreed && !load.only_agrees)
                send_message(connection);
        return connection->is_agreed;
}

static void begin(struct connection *connection)
{
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

        *connection = (struct connection){.began = bench_now(), .is_waiting = true};
        connection->fd = connect_from_anywhere();
        connection->ssl = SSL_new(load.context);
        if (!connection->ssl || !SSL_set_fd(connection->ssl, connection->fd))
                die("SSL_new");
        if (load.session)
                SSL_set_session(connection->ssl, load.session);
        SSL_set_connect_state(connection->ssl);
        epoll_ctl(load.epoll, EPOLL_CTL_ADD, connection->fd, &event);
        agree(connection);
}

static void end(struct connection *connection)
{
        load.resumed += SSL_session_reused(connection->ssl);
        SSL_shutdown(connection->ssl);
        SSL_free(connection->ssl);
        close(connection->fd);
}

/** Take what has come, of which tickets are no part of an answer: whether one is whole now. */
static bool receive(struct connection *connection)
{
        static char answer[MAX_BYTES];
        size_t got;

        while (SSL_read_ex(connection->ssl, answer, sizeof answer, &got) == 1) {
                if (!connection->is_waiting || got > load.size - connection->received ||
                    memcmp(answer, load.message + connection->received, got) != 0)
                        die("an answer is not what was expected");
                connection->received += got;
                if (connection->received == load.size) {
                        connection->is_waiting = false;
                        return true;
                }
        }
        if (SSL_get_error(connection->ssl, 0) != SSL_ERROR_WANT_READ)
                die("SSL_read");
        return false;
}

/** The next message, or connection. */
static void ask(struct connection *connection)
{
        load.under_way++;
        if (load.only_agrees)
                begin(connection);
        else
                send_message(connection);
}

static void step(struct connection *connection)
{
        if (!connection->is_agreed && !agree(connection))
                return;
        if (!receive(connection))
                return;
        load.answered++;
        load.under_way--;
        latency_add(&load.latencies, bench_now() - connection->began);
        if (load.only_agrees)
                end(connection);
        if (!load.is_over)
                ask(connection);
}

static void set_up(const char *what)
{
        load.context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(load.context, SSL_MODE_RELEASE_BUFFERS);
        load.resumes = strcmp(what, "resumed") == 0;
        load.only_agrees = load.resumes || strcmp(what, "full") == 0;
        load.size = load.only_agrees ? 1 : (size_t)atoi(what);
        load.epoll = epoll_create1(EPOLL_CLOEXEC);
        for (size_t i = 0; i < MAX_BYTES; i++)
                load.message[i] = (char)('a' + i % 26);
        if (load.size == 0 || load.size > MAX_BYTES)
                exit(2);
        if (load.resumes) {
                SSL_CTX_set_session_cache_mode(load.context,
                                               SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
                SSL_CTX_sess_set_new_cb(load.context, keep_session);
        }
}

static void wait_for_events(void)
{
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(load.epoll, events, EVENTS, SILENCE_MS);

        if (ready <= 0)
                die("the server is silent");
        for (int i = 0; i < ready; i++)
                step(events[i].data.ptr);
}

/** Have a connection be there, with an answer of its own. */
static void connect_one(struct connection *connection)
{
        long before = load.answered;

        load.is_over = true; /* nothing follows an answer */
        begin(connection);
        while (load.answered == before)
                wait_for_events();
        load.is_over = false;
}

/** Have a session to be resumed, which some servers give only to the second who comes. */
static void have_session(struct connection *connection)
{
        for (int i = 0; load.resumes && !load.session && i < 10; i++)
                connect_one(connection);
        if (load.resumes && !load.session)
                bench_skip("the server gives nobody a session");
}

static void run(double seconds)
{
        double start = bench_now(), deadline = start + seconds;

        load.answered = load.resumed = load.under_way = 0;
        load.latencies.count = 0;
        load.is_over = false;
        for (long i = 0; i < load.count; i++)
                ask(&load.connections[i]);
        while (load.under_way > 0) {
                wait_for_events();
                load.is_over = bench_now() >= deadline;
        }
        if (load.resumes && 10 * load.resumed < 9 * load.answered)
                bench_skip("the server resumed %ld sessions of %ld", load.resumed, load.answered);
        printf("requests %ld\nseconds %.6f\n", load.answered, bench_now() - start);
        latency_print(&load.latencies);
}

int main(int argc, char **argv)
{
        if (argc != 5 || atol(argv[2]) <= 0) {
                fprintf(stderr, "load_tls PORT CONNECTIONS BYTES|full|resumed SECONDS|-\n");
                return 2;
        }
        load.server.sin_port = htons((uint16_t)atoi(argv[1]));
        load.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        load.count = atol(argv[2]);
        set_up(argv[3]);
        load.connections = calloc((size_t)load.count, sizeof *load.connections);
        if (!load.connections)
                die("calloc");
        for (long i = 0; !load.only_agrees && i < load.count; i++)
                connect_one(&load.connections[i]);
        have_session(load.connections);
        bench_runs(argv[4], run);
        return 0;
}
