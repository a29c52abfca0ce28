/* Clients that are OpenSSL's own, and do what ours never would. */
#include "pair.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

/** A client, in a thread of its own. */
struct intruder {
        uint16_t port;
        const char *name; /* that it asks for; NULL: none */
        SSL *ssl;
        bool has_come_through;
};

/** Connect, agree, and do something. */
static void intrude(struct intruder *intruder, void (*what)(struct intruder *intruder))
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                      .sin_port = htons(intruder->port)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096;
        SSL_CTX *openssl = SSL_CTX_new(TLS_client_method());

        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
        intruder->ssl = SSL_new(openssl);
        SSL_set_fd(intruder->ssl, fd);
        if (intruder->name)
                SSL_set_tlsext_host_name(intruder->ssl, intruder->name);
        assert_int_equal(SSL_connect(intruder->ssl), 1);
        what(intruder);
        SSL_free(intruder->ssl);
        close(fd);
        SSL_CTX_free(openssl);
        ERR_clear_error();
}

static bool ask_for_keys(struct intruder *intruder)
{
        return SSL_key_update(intruder->ssl, SSL_KEY_UPDATE_REQUESTED) == 1 &&
               SSL_do_handshake(intruder->ssl) == 1;
}

static void ask_on(struct intruder *intruder)
{
        int asked = 0;

        while (asked < 20000 && ask_for_keys(intruder))
                asked++;
        intruder->has_come_through = asked == 20000;
}

static void leave(struct intruder *intruder)
{
        SSL_shutdown(intruder->ssl);
}

static intptr_t run_leave(void *arg)
{
        intrude(arg, leave);
        return 0;
}

static intptr_t run_ask_on(void *arg)
{
        intrude(arg, ask_on);
        return 0;
}

/** What the server's reader was told. */
static struct {
        ssize_t rc;
        char why[128], name[128];
} told;

static intptr_t read_all(eddy_stream *stream, void *arg)
{
        const bool *writes = arg;
        eddy_tls_info info;
        char byte;
        int small = 4096;

        setsockopt(eddy_stream_fd(stream), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        if (*writes)
                eddy_stream_write(stream, "s", 1);
        assert_int_equal(eddy_stream_tls_info(stream, &info), 0);
        snprintf(told.name, sizeof told.name, "%s", info.name ? info.name : "");
        told.rc = eddy_stream_read(stream, &byte, 1);
        snprintf(told.why, sizeof told.why, "%s", told.rc < 0 ? eddy_explain(told.rc) : "");
        return 0;
}

static struct intruder let_in(intptr_t (*how)(void *intruder), const char *name, bool writes)
{
        struct intruder intruder = {.name = name};
        eddy_server *server;
        intptr_t rc;

        assert_int_equal(eddy_start_server(&server, read_all, &writes, "127.0.0.1", 0,
                                           &(eddy_server_options){.tls = server_tls}),
                         0);
        intruder.port = eddy_server_port(server);
        assert_int_equal(eddy_to_thread(how, &intruder, &rc), 0);
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
        return intruder;
}

/** Who asks for new keys, again and again, and reads none of the answers, is not answered for ever; nor is he by who writes nothing,
 * and holds his tickets back. */
static void unread_answers(void)
{
        for (int writes = 0; writes < 2; writes++) {
                assert_false(let_in(run_ask_on, NULL, writes).has_come_through);
                assert_int_equal(told.rc, -ENOBUFS);
                assert_string_equal(told.why, "the peer asks on, and does not read what it is answered");
        }
}

/** What cannot be a host's name is shown to nobody, who might look for a file of that name. */
static void strange_names(void)
{
        static const char *const names[] = {"../etc/passwd", "a b", "a\nb", ".example.org", "a/b", "\xff"};

        let_in(run_leave, "_a-1.Example.org", false);
        assert_string_equal(told.name, "_a-1.Example.org");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                let_in(run_leave, names[i], false);
                assert_string_equal(told.name, "");
                assert_int_equal(told.rc, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(unread_answers),
            scene_test(strange_names),
        };

        return cmocka_run_group_tests_name("tls-hostile", tests, set_up_pair, tear_down_pair);
}
