/* What the tests of TLS share: both sides of a connection in one loop, and what each is told. */
#ifndef TESTS_TLS_HELPERS_H
#define TESTS_TLS_HELPERS_H

#include "certificates.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

/** What one side is told: of the handshake, and then of its first read. */
struct told {
        int rc;
        ssize_t read;
        char why[512];
        eddy_tls_info info;                     /* without what goes with the connection */
        char subject[128], name[128], alpn[32]; /* of that; "": none */
};

/** A meeting of two contexts. */
struct meeting {
        eddy_tls *server, *client;
        const char *name; /* that the client asks for; NULL: "example.org" */
        struct told at_server, at_client;
};

/** Agree, and exchange a byte. */
static inline void talk(struct told *told, eddy_stream *stream, eddy_tls *tls, const char *name)
{
        char byte = '.';

        told->rc = eddy_stream_start_tls(stream, tls, name);
        told->read = 0;
        if (told->rc == 0) {
                assert_int_equal(eddy_stream_tls_info(stream, &told->info), 0);
                snprintf(told->subject, sizeof told->subject, "%s",
                         told->info.subject ? told->info.subject : "");
                snprintf(told->name, sizeof told->name, "%s", told->info.name ? told->info.name : "");
                snprintf(told->alpn, sizeof told->alpn, "%s", told->info.alpn ? told->info.alpn : "");
                eddy_stream_write(stream, &byte, 1);
                told->read = eddy_stream_read(stream, &byte, 1);
        }
        snprintf(told->why, sizeof told->why, "%s", told->rc < 0 || told->read < 0 ? eddy_error_detail() : "");
        assert_int_equal(ERR_peek_error(), 0); /* which is everybody's */
}

static intptr_t meet_server(eddy_stream *stream, void *arg)
{
        struct meeting *meeting = arg;

        talk(&meeting->at_server, stream, meeting->server, NULL);
        return 0;
}

/** Have them meet, and wait until both have been told. */
static inline void meet(struct meeting *meeting)
{
        eddy_server *server;
        eddy_stream *stream;

        assert_int_equal(eddy_start_server(&server, meet_server, meeting, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL), 0);
        talk(&meeting->at_client, stream, meeting->client, meeting->name ? meeting->name : "example.org");
        eddy_stream_destroy(stream);
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
}

/** Have two meet who are to agree. */
static inline struct meeting meet_well(eddy_tls *server, eddy_tls *client, const char *name)
{
        struct meeting meeting = {.server = server, .client = client, .name = name};

        meet(&meeting);
        if (meeting.at_client.rc || meeting.at_server.rc)
                fail_msg("client: %s, server: %s", meeting.at_client.why, meeting.at_server.why);
        assert_int_equal(meeting.at_client.read, 1);
        assert_int_equal(meeting.at_server.read, 1);
        return meeting;
}

/** Connect by OpenSSL alone, offer a session, and hear a byte: the session it came to, or NULL where nothing is heard. No loop has to
 * run here, and the server's is another one.
 *
 * @param offered     is the function's; NULL: none
 * @param is_resumed  receives whether that was taken
 */
static inline SSL_SESSION *visit(uint16_t port, SSL_CTX *openssl, const char *name, SSL_SESSION *offered,
                                 bool *is_resumed)
{
        int fd = connect_to_port(port);
        SSL *ssl = SSL_new(openssl);
        SSL_SESSION *session = NULL;
        char byte;

        SSL_set_fd(ssl, fd);
        SSL_set_tlsext_host_name(ssl, name);
        if (offered)
                SSL_set_session(ssl, offered);
        SSL_SESSION_free(offered);
        if (SSL_connect(ssl) == 1 && SSL_read(ssl, &byte, 1) == 1) {
                session = SSL_get1_session(ssl);
                SSL_shutdown(ssl);
        }
        *is_resumed = SSL_session_reused(ssl);
        SSL_free(ssl);
        close(fd);
        ERR_clear_error();
        return session;
}

/** Have both sides not agree, and each told why. */
static inline void meet_badly(struct meeting *meeting, const char *at_client, const char *at_server)
{
        meet(meeting);
        assert_true(meeting->at_client.rc < 0 || meeting->at_client.read < 0);
        assert_string_equal(meeting->at_client.why, at_client);
        assert_string_equal(meeting->at_server.why, at_server);
}

static inline eddy_tls *new_client(const eddy_tls_options *options)
{
        eddy_tls *tls;

        if (eddy_tls_create_client(&tls, options) < 0)
                fail_msg("%s", eddy_error_detail());
        return tls;
}

static inline eddy_tls *new_server(const eddy_tls_options *options)
{
        eddy_tls *tls;

        if (eddy_tls_create_server(&tls, options) < 0)
                fail_msg("%s", eddy_error_detail());
        return tls;
}

#endif
