/* The floor of the TLS rows: OpenSSL on memory BIOs in a bare epoll loop that knows nothing else.
 *
 *         raw_tls_echo tls_echo     what comes goes back
 *         raw_tls_echo tls_greet    who comes gets a byte, and is left when it leaves
 *
 * The environment's CERTIFICATE is the file of its certificate and key. */
#include "bench.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256 };

struct connection {
        int fd;
        SSL *ssl;
        BIO *in, *out;
        bool has_greeted;
};

static SSL_CTX *context;
static bool greets;

static int listen_anywhere(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 1024) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &length) < 0)
                return -1;
        bench_port(ntohs(address.sin_port));
        return fd;
}

static void accept_all(int epoll, int listener)
{
        int fd;

        while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                struct connection *connection = malloc(sizeof *connection);
                struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

                *connection = (struct connection){
                    .fd = fd, .ssl = SSL_new(context), .in = BIO_new(BIO_s_mem()), .out = BIO_new(BIO_s_mem())};
                SSL_set_bio(connection->ssl, connection->in, connection->out);
                SSL_set_accept_state(connection->ssl);
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        }
}

static void flush(struct connection *connection)
{
        char *data;
        long n = BIO_get_mem_data(connection->out, &data);

        if (n > 0 && send(connection->fd, data, (size_t)n, MSG_NOSIGNAL) != n)
                perror("send");
        (void)BIO_reset(connection->out);
}

static void end(struct connection *connection)
{
        close(connection->fd);
        SSL_free(connection->ssl);
        free(connection);
}

static void receive(struct connection *connection)
{
        static char buffer[64 * 1024];
        ssize_t n = recv(connection->fd, buffer, sizeof buffer, 0);
        size_t got;

        if (n <= 0) {
                end(connection);
                return;
        }
        BIO_write(connection->in, buffer, (int)n);
        while (SSL_read_ex(connection->ssl, buffer, sizeof buffer, &got) == 1)
                SSL_write_ex(connection->ssl, buffer, got, &got);
        if (greets && !connection->has_greeted && SSL_is_init_finished(connection->ssl)) {
                connection->has_greeted = true;
                SSL_write_ex(connection->ssl, "a", 1, &got);
                SSL_shutdown(connection->ssl);
        }
        flush(connection);
}

int main(int argc, char **argv)
{
        struct epoll_event events[EVENTS], listening = {.events = EPOLLIN, .data.ptr = NULL};
        const char *certificate = getenv("CERTIFICATE");
        int epoll = epoll_create1(EPOLL_CLOEXEC), listener;

        context = SSL_CTX_new(TLS_server_method());
        if (argc != 2 || !certificate || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
            SSL_CTX_use_PrivateKey_file(context, certificate, SSL_FILETYPE_PEM) != 1)
                return 2;
        greets = strcmp(argv[1], "tls_greet") == 0;
        SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        listener = listen_anywhere();
        if (epoll < 0 || listener < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) < 0)
                return 1;
        for (;;) {
                int count = epoll_wait(epoll, events, EVENTS, -1);

                for (int i = 0; i < count; i++) {
                        if (!events[i].data.ptr)
                                accept_all(epoll, listener);
                        else
                                receive(events[i].data.ptr);
                }
        }
}
