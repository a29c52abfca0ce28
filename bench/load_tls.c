/* The load of the TLS rows: messages that are echoed on many connections, one at a time on each; or handshakes.
 *
 *         load_tls PORT CONNECTIONS BYTES SECONDS            each answer, which is compared, is followed by the next message
 *         load_tls PORT CONNECTIONS full|resumed SECONDS     connect, have one byte echoed, close; another takes its place
 *
 * Prints `requests N`, `seconds S`, `mean_us L` (of latencies). Certificates are not looked at. */
#include "bench.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, MAX_BYTES = 64 * 1024, ADDRESSES = 64 };

struct connection {
        int fd;
        SSL *ssl;
        bool is_connected, has_sent;
        size_t received;
        double began;
};

static struct {
        struct sockaddr_in server;
        SSL_CTX *context;
        SSL_SESSION *session; /* to be resumed */
        int epoll;
        size_t size;
        bool shakes_hands, resumes;
        long answered;
        double latency_sum;
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
        fcntl(fd, F_SETFL, O_NONBLOCK);
        return fd;
}

static void step(struct connection *connection);

static void begin(struct connection *connection)
{
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

        *connection = (struct connection){.fd = connect_from_anywhere(), .ssl = SSL_new(load.context)};
        if (!connection->ssl || !SSL_set_fd(connection->ssl, connection->fd))
                die("SSL_new");
        if (load.resumes && load.session)
                SSL_set_session(connection->ssl, load.session);
        SSL_set_connect_state(connection->ssl);
        epoll_ctl(load.epoll, EPOLL_CTL_ADD, connection->fd, &event);
        connection->began = bench_now();
        step(connection);
}

static void send_message(struct connection *connection)
{
        if (!connection->has_sent && load.answered >= 0)
                connection->began = load.shakes_hands ? connection->began : bench_now();
        connection->has_sent = true;
        connection->received = 0;
        if (SSL_write(connection->ssl, load.message, (int)load.size) != (int)load.size)
                die("SSL_write");
}

static void end(struct connection *connection)
{
        SSL_shutdown(connection->ssl);
        SSL_free(connection->ssl);
        close(connection->fd);
}

static bool is_over;

/** Take what has come: whether the answer is whole. */
static bool receive(struct connection *connection)
{
        static char answer[MAX_BYTES];
        size_t got;

        while (SSL_read_ex(connection->ssl, answer, load.size - connection->received, &got) == 1) {
                if (memcmp(answer, load.message + connection->received, got) != 0)
                        die("an echo differs from its message");
                connection->received += got;
                if (connection->received == load.size)
                        return true;
        }
        if (SSL_get_error(connection->ssl, 0) != SSL_ERROR_WANT_READ)
                die("SSL_read");
        return false;
}

static void step(struct connection *connection)
{
        if (!connection->is_connected) {
                int rc = SSL_do_handshake(connection->ssl);

                if (rc != 1 && SSL_get_error(connection->ssl, rc) != SSL_ERROR_WANT_READ)
                        die("SSL_do_handshake");
                if (rc != 1)
                        return;
                connection->is_connected = true;
                send_message(connection);
        }
        if (!receive(connection))
                return;
        load.answered++;
        load.latency_sum += bench_now() - connection->began;
        if (load.shakes_hands) {
                end(connection);
                if (!is_over)
                        begin(connection);
        } else if (!is_over) {
                connection->began = bench_now();
                send_message(connection);
        }
}

static void set_up(const char *what)
{
        load.context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(load.context, SSL_MODE_RELEASE_BUFFERS);
        load.shakes_hands = strcmp(what, "full") == 0 || strcmp(what, "resumed") == 0;
        load.resumes = strcmp(what, "resumed") == 0;
        load.size = load.shakes_hands ? 1 : (size_t)atoi(what);
        load.epoll = epoll_create1(EPOLL_CLOEXEC);
        for (size_t i = 0; i < MAX_BYTES; i++)
                load.message[i] = (char)('a' + i % 26);
        if (load.size == 0 || load.size > MAX_BYTES)
                exit(2);
        if (load.resumes) {
                SSL_CTX_set_session_cache_mode(load.context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
                SSL_CTX_sess_set_new_cb(load.context, keep_session);
        }
}

int main(int argc, char **argv)
{
        struct epoll_event events[EVENTS];
        struct connection *connections;
        double start, deadline;
        int count;
        long before;

        if (argc != 5) {
                fprintf(stderr, "load_tls PORT CONNECTIONS BYTES|full|resumed SECONDS\n");
                return 2;
        }
        load.server.sin_port = htons((uint16_t)atoi(argv[1]));
        load.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        count = atoi(argv[2]);
        set_up(argv[3]);
        connections = calloc((size_t)count, sizeof *connections);
        for (int i = 0; i < count; i++)
                begin(&connections[i]);
        start = bench_now();
        deadline = start + atof(argv[4]);
        before = load.answered;
        while (!is_over) {
                int ready = epoll_wait(load.epoll, events, EVENTS, 10000);

                if (ready <= 0)
                        die("the server is silent");
                is_over = bench_now() >= deadline;
                for (int i = 0; i < ready; i++)
                        step(events[i].data.ptr);
        }
        printf("requests %ld\nseconds %.6f\nmean_us %.3f\n", load.answered - before, bench_now() - start,
               1e6 * load.latency_sum / (double)load.answered);
        return 0;
}
