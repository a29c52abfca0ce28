/* Peers that are OpenSSL's own, and do what ours never would. */
#include "pair.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>

/** What a client has asked for, as the server was told; and how its first read has ended. */
static struct {
        char name[128];
        ssize_t rc;
} told;

static intptr_t note_name(eddy_stream *stream, void *arg)
{
        eddy_tls_info info;
        char byte;

        (void)arg;
        assert_int_equal(eddy_stream_tls_info(stream, &info), 0);
        snprintf(told.name, sizeof told.name, "%s", info.name ? info.name : "");
        told.rc = eddy_stream_read(stream, &byte, 1);
        return 0;
}

struct asking {
        uint16_t port;
        const char *name;
};

/** A client, in a thread of its own: agree, and leave. */
static intptr_t ask_for(void *arg)
{
        const struct asking *asking = arg;
        int fd = connect_to_port(asking->port);
        SSL_CTX *openssl = SSL_CTX_new(TLS_client_method());
        SSL *ssl = SSL_new(openssl);

        SSL_set_fd(ssl, fd);
        SSL_set_tlsext_host_name(ssl, asking->name);
        assert_int_equal(SSL_connect(ssl), 1);
        SSL_shutdown(ssl);
        SSL_free(ssl);
        close(fd);
        SSL_CTX_free(openssl);
        ERR_clear_error();
        return 0;
}

static void assert_asks_for(const char *name, const char *expected)
{
        struct asking asking = {.name = name};
        eddy_server *server;
        intptr_t rc;

        assert_int_equal(eddy_start_server(&server, note_name, NULL, "127.0.0.1", 0,
                                           &(eddy_server_options){.tls = server_tls}),
                         0);
        asking.port = eddy_server_port(server);
        assert_int_equal(eddy_to_thread(ask_for, &asking, &rc), 0);
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
        assert_string_equal(told.name, expected);
        assert_int_equal(told.rc, 0);
}

/** What cannot be a host's name is shown to nobody, who might look for a file of that name. */
static void strange_names(void)
{
        static const char *const names[] = {"../etc/passwd", "a b", "a\nb", ".example.org", "a/b", "\xff"};

        assert_asks_for("_a-1.Example.org", "_a-1.Example.org");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                assert_asks_for(names[i], "");
}

/* A server that says the half of something behind the handshake, and the rest of it later. */

struct halves {
        int fd;
        SSL *ssl;
        BIO *in, *out;
        atomic_bool is_half_said, may_go_on;
        char heard[6];
};

static int pad_ticket(SSL *ssl, void *arg)
{
        static const char much[1000];

        (void)arg;
        return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), much, sizeof much);
}

/** Send what is to be sent: all of it, or its first record. */
static void flush(struct halves *halves, bool all)
{
        char *bytes;
        size_t size = (size_t)BIO_get_mem_data(halves->out, &bytes);
        size_t n =
            all || size == 0 ? size : 5 + (size_t)((unsigned char)bytes[3] << 8 | (unsigned char)bytes[4]);
        char *copy = malloc(n + 1);

        assert_int_equal(BIO_read(halves->out, copy, (int)n), n ? (int)n : -1);
        assert_int_equal(send(halves->fd, copy, n, MSG_NOSIGNAL), n);
        free(copy);
}

static void receive(struct halves *halves)
{
        char bytes[4096];
        ssize_t n = recv(halves->fd, bytes, sizeof bytes, 0);

        assert_true(n > 0);
        BIO_write(halves->in, bytes, (int)n);
}

static intptr_t say_halves(void *arg)
{
        struct halves *halves = arg;
        SSL_CTX *openssl = SSL_CTX_new(TLS_server_method());
        char byte;
        int n;

        SSL_CTX_use_certificate(openssl, leaf.certificate);
        SSL_CTX_use_PrivateKey(openssl, leaf.key);
        SSL_CTX_set_max_send_fragment(openssl, 512);
        SSL_CTX_set_session_ticket_cb(openssl, pad_ticket, NULL, NULL);
        halves->ssl = SSL_new(openssl);
        halves->in = BIO_new(BIO_s_mem());
        halves->out = BIO_new(BIO_s_mem());
        SSL_set_bio(halves->ssl, halves->in, halves->out);
        SSL_set_accept_state(halves->ssl);
        while (SSL_do_handshake(halves->ssl) != 1) {
                flush(halves, true);
                receive(halves);
        }
        flush(halves, false);
        halves->is_half_said = true;
        while (!halves->may_go_on)
                sched_yield();
        flush(halves, true);
        while (SSL_read(halves->ssl, halves->heard, 5) != 5)
                receive(halves);
        while ((n = SSL_read(halves->ssl, &byte, 1)) < 0)
                receive(halves);
        assert_int_equal(n, 0);
        assert_int_equal(SSL_get_shutdown(halves->ssl), SSL_RECEIVED_SHUTDOWN);
        SSL_write(halves->ssl, "fine", 4);
        SSL_shutdown(halves->ssl);
        flush(halves, true);
        SSL_free(halves->ssl);
        SSL_CTX_free(openssl);
        ERR_clear_error();
        return 0;
}

static intptr_t say_halves_there(void *halves)
{
        intptr_t rc;

        return eddy_to_thread(say_halves, halves, &rc);
}

static intptr_t read_fine(void *stream)
{
        char bytes[4];
        ssize_t n = eddy_stream_read_exactly(stream, bytes, 4);

        return n == 4 && memcmp(bytes, "fine", 4) == 0 && eddy_stream_read(stream, bytes, 1) == 0 ? 0 : -EIO;
}

static bool is_half_taken(const struct halves *halves, eddy_stream *stream)
{
        int n = 1;

        return halves->is_half_said && ioctl(eddy_stream_fd(stream), FIONREAD, &n) == 0 && n == 0;
}

/** What is written while half of a ticket has come leaves when all of it has; so does the end. */
static void half_a_ticket(void)
{
        struct halves halves = {0};
        int fds[2];
        eddy_stream *stream;
        eddy_task *reader, *there;
        intptr_t rc;

        connect_sockets(fds);
        halves.fd = fds[1];
        assert_int_equal(eddy_stream_from_socket(&stream, fds[0], 0), 0);
        there = eddy_create_task(say_halves_there, &halves);
        assert_int_equal(eddy_stream_start_tls(stream, client_tls, "example.org"), 0);
        reader = eddy_create_task(read_fine, stream);
        until(is_half_taken(&halves, stream));
        give_way();
        assert_int_equal(eddy_stream_write(stream, "hello", 5), 0);
        assert_int_equal(eddy_stream_write_eof(stream), 0);
        give_way();
        halves.may_go_on = true;
        assert_int_equal(eddy_stream_drain(stream), 0);
        assert_int_equal(eddy_await(reader, &rc), 0);
        assert_int_equal(rc, 0);
        assert_int_equal(eddy_await(there, &rc), 0);
        assert_string_equal(halves.heard, "hello");
        eddy_unref(reader);
        eddy_unref(there);
        eddy_stream_destroy(stream);
        close(fds[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(strange_names),
            scene_test(half_a_ticket),
        };

        return cmocka_run_group_tests_name("tls-hostile", tests, set_up_pair, tear_down_pair);
}
