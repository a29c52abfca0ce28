/* Certificates that nobody has issued, and how long a context lets others take. */
#include "../stream/helpers.h"
#include "base/fault.h"
#include <eddy/tls.h>

#include <openssl/x509v3.h>

static intptr_t echo(eddy_stream *stream, void *arg)
{
        char bytes[64];
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read(stream, bytes, sizeof bytes)) > 0)
                if (eddy_stream_write_all(stream, bytes, (size_t)n) < 0)
                        return 0;
        return n;
}

static eddy_server *start(eddy_tls *tls)
{
        eddy_server *server;

        assert_int_equal(
            eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, &(eddy_server_options){.tls = tls}), 0);
        return server;
}

static void stop(eddy_server *server)
{
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
}

static int open_to(eddy_stream **stream, eddy_server *server, eddy_tls *tls)
{
        return eddy_open_connection(stream, "127.0.0.1", eddy_server_port(server),
                                    &(eddy_connect_options){.tls = tls});
}

/** A client's context that asks for no certificate that can be trusted. */
static eddy_tls *trusting(const eddy_tls_options *options)
{
        eddy_tls_options chosen = *options;
        eddy_tls *tls;

        chosen.verify = EDDY_TLS_VERIFY_INSECURE;
        assert_int_equal(eddy_tls_create_client(&tls, &chosen), 0);
        return tls;
}

static void fingerprint_of(const eddy_tls_info *info, char text[EDDY_TLS_FINGERPRINT_SIZE])
{
        unsigned char digest[32];

        assert_int_equal(
            EVP_Digest(info->certificate, info->certificate_size, digest, NULL, EVP_sha256(), NULL), 1);
        for (size_t i = 0; i < sizeof digest; i++)
                snprintf(text + i * 3, 4, i + 1 < sizeof digest ? "%02X:" : "%02X", digest[i]);
}

static void assert_is_for(const eddy_tls_info *info, const char *host, const char *address)
{
        const unsigned char *bytes = info->certificate;
        X509 *certificate = d2i_X509(NULL, &bytes, (long)info->certificate_size);

        assert_non_null(certificate);
        assert_int_equal(X509_check_host(certificate, host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL), 1);
        assert_int_equal(X509_check_ip_asc(certificate, address, 0), 1);
        assert_int_equal(X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0), 1);
        assert_true(X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0);
        assert_true(X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0);
        X509_free(certificate);
}

static void is_what_clients_see(void)
{
        const struct {
                const char *name, *host, *address;
        } rows[] = {
            {NULL, "localhost", "127.0.0.1"},
            {"here.example", "here.example", "::1"},
            {"192.0.2.7", "localhost", "192.0.2.7"},
            {"2001:db8::7", "localhost", "2001:db8::7"},
        };
        char fingerprint[EDDY_TLS_FINGERPRINT_SIZE], seen[EDDY_TLS_FINGERPRINT_SIZE];
        eddy_tls *client = trusting(&(eddy_tls_options){0});

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                eddy_tls *tls;
                eddy_server *server;
                eddy_stream *stream;
                eddy_tls_info info;

                assert_int_equal(eddy_tls_create_self_signed(&tls, rows[i].name, fingerprint), 0);
                server = start(tls);
                eddy_tls_unref(tls);
                assert_int_equal(open_to(&stream, server, client), 0);
                assert_int_equal(eddy_stream_tls_info(stream, &info), 0);
                fingerprint_of(&info, seen);
                assert_string_equal(fingerprint, seen);
                assert_is_for(&info, rows[i].host, rows[i].address);
                eddy_stream_destroy(stream);
                stop(server);
        }
        eddy_tls_unref(client);
}

static void is_trusted_by_nobody(void)
{
        char fingerprint[EDDY_TLS_FINGERPRINT_SIZE];
        eddy_tls *tls, *client;
        eddy_server *server;
        eddy_stream *stream;

        assert_int_equal(eddy_tls_create_self_signed(&tls, NULL, fingerprint), 0);
        assert_int_equal(eddy_tls_create_client(&client, NULL), 0);
        server = start(tls);
        assert_int_equal(open_to(&stream, server, client), EDDY_ECERTIFICATE);
        stop(server);
        eddy_tls_unref(client);
        eddy_tls_unref(tls);
}

/** All but the certificate can be chosen. */
static void has_options(void)
{
        static const char *const protocols[] = {"h2", NULL};
        const eddy_tls_options options = {.alpn = protocols}, other = {.certificate_file = "/none"};
        char fingerprint[EDDY_TLS_FINGERPRINT_SIZE];
        eddy_tls *tls, *client = trusting(&options);
        eddy_tls_info info;
        eddy_server *server;
        eddy_stream *stream;

        assert_int_equal(eddy_tls_create_self_signed_with(&tls, NULL, fingerprint, &other), -EINVAL);
        assert_int_equal(eddy_tls_create_self_signed_with(&tls, NULL, fingerprint, &options), 0);
        server = start(tls);
        assert_int_equal(open_to(&stream, server, client), 0);
        assert_int_equal(eddy_stream_tls_info(stream, &info), 0);
        assert_string_equal(info.alpn, "h2");
        eddy_stream_destroy(stream);
        stop(server);
        eddy_tls_unref(client);
        eddy_tls_unref(tls);
}

static void each_is_another_one(void)
{
        char one[EDDY_TLS_FINGERPRINT_SIZE], two[EDDY_TLS_FINGERPRINT_SIZE];
        eddy_tls *tls;

        assert_int_equal(eddy_tls_create_self_signed(&tls, NULL, one), 0);
        eddy_tls_unref(tls);
        assert_int_equal(eddy_tls_create_self_signed(&tls, NULL, two), 0);
        assert_string_not_equal(one, two);
        /* There is nothing to be read again, and so all stays as it is. */
        assert_int_equal(eddy_tls_reload(tls), -ENOENT);
        eddy_tls_unref(tls);
}

static void what_is_no_name(void)
{
        static const char *const names[] = {"", "a,DNS:b", "a b", "a\nb", "*", "a:b", "localhost:443"};
        char fingerprint[EDDY_TLS_FINGERPRINT_SIZE], *longest = test_malloc(300);
        eddy_tls *tls;

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                assert_int_equal(eddy_tls_create_self_signed(&tls, names[i], fingerprint), -EINVAL);
                assert_null(tls);
        }
        memset(longest, 'a', 299);
        longest[299] = '\0';
        assert_int_equal(eddy_tls_create_self_signed(&tls, longest, fingerprint), -EINVAL);
        test_free(longest);
}

/** Every use of the system fails once: it is told, and nothing is left. */
static void what_fails(void)
{
        char fingerprint[EDDY_TLS_FINGERPRINT_SIZE];
        eddy_tls *tls;
        int rc = -1;

        for (unsigned long nth = 1; rc < 0 && nth < 1000; nth++) {
                fault_arm(nth, 1);
                rc = eddy_tls_create_self_signed(&tls, NULL, fingerprint);
                fault_arm(0, 0);
                if (rc < 0)
                        assert_null(tls);
                assert_true(rc == 0 || rc == -ENOMEM || rc == -EMFILE || rc == -ENOSPC);
        }
        assert_int_equal(rc, 0);
        eddy_tls_unref(tls);
}

/* As in tests/base/test_durations.c: none is too long. */

static const eddy_duration longest[] = {EDDY_FOREVER, EDDY_FOREVER - 1, EDDY_FOREVER / 2};

static intptr_t say_nothing(eddy_stream *stream, void *arg)
{
        char byte;

        (void)arg;
        while (eddy_stream_read(stream, &byte, 1) > 0)
                ;
        return 0;
}

static void handshake_timeout_is_long(void)
{
        eddy_server *server;

        assert_int_equal(eddy_start_server(&server, say_nothing, NULL, "127.0.0.1", 0, NULL), 0);
        for (size_t i = 0; i < sizeof longest / sizeof *longest; i++) {
                eddy_tls *client = trusting(&(eddy_tls_options){.handshake_timeout = longest[i]});
                eddy_stream *stream;
                int rc = 0;

                EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                        rc = open_to(&stream, server, client);
                assert_int_equal(rc, EDDY_TIMEOUT);
                eddy_tls_unref(client);
        }
        stop(server);
}

static void handshake_timeout_passes(void)
{
        eddy_tls *client = trusting(&(eddy_tls_options){.handshake_timeout = eddy_ms(1)});
        eddy_server *server;
        eddy_stream *stream;

        assert_int_equal(eddy_start_server(&server, say_nothing, NULL, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(open_to(&stream, server, client), -ETIMEDOUT);
        eddy_tls_unref(client);
        stop(server);
}

/** The peer of who has closed writes on, and is not told of a reset until that has passed; nobody waits for it. */
static void shutdown_timeout_is_long(void)
{
        char fingerprint[EDDY_TLS_FINGERPRINT_SIZE], byte;
        eddy_tls *tls;
        eddy_server *server;

        assert_int_equal(eddy_tls_create_self_signed(&tls, NULL, fingerprint), 0);
        server = start(tls);
        for (size_t i = 0; i < sizeof longest / sizeof *longest; i++) {
                eddy_tls *client = trusting(&(eddy_tls_options){.shutdown_timeout = longest[i]});
                eddy_stream *stream;

                assert_int_equal(open_to(&stream, server, client), 0);
                assert_int_equal(eddy_stream_write_all(stream, "x", 1), 1);
                assert_int_equal(eddy_stream_read_exactly(stream, &byte, 1), 1);
                eddy_stream_close(stream);
                assert_int_equal(eddy_stream_wait_closed(stream), 0);
                eddy_stream_destroy(stream);
                eddy_tls_unref(client);
        }
        stop(server);
        eddy_tls_unref(tls);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(is_what_clients_see),
            scene_test(is_trusted_by_nobody),
            scene_test(has_options),
            scene_test(each_is_another_one),
            scene_test(what_is_no_name),
            scene_test(what_fails),
            scene_test(handshake_timeout_is_long),
            scene_test(handshake_timeout_passes),
            scene_test(shutdown_timeout_is_long),
        };

        return cmocka_run_group_tests_name("tls-self-signed", tests, NULL, NULL);
}
