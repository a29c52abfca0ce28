/* A connection of which one side is ours, and the other whatever a test makes of it: plain bytes, OpenSSL with a will of its own,
 * or records that OpenSSL would not send. */
#ifndef TESTS_TLS_STRANGER_H
#define TESTS_TLS_STRANGER_H

#include "pair.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>

/** Our side, which agrees, and reads to the end. */
struct ours {
        eddy_stream *stream;
        eddy_tls *tls;
        eddy_task *task;
        bool is_server, has_agreed, is_over;
        size_t heard;
        ssize_t rc; /* 0: the other side has ended as it should */
        char why[512];
};

static intptr_t listen_to_stranger(void *arg)
{
        struct ours *ours = arg;
        char bytes[4096];

        ours->rc = eddy_stream_start_tls(ours->stream, ours->tls, ours->is_server ? NULL : "example.org");
        ours->has_agreed = ours->rc == 0;
        while (ours->has_agreed && (ours->rc = eddy_stream_read(ours->stream, bytes, sizeof bytes)) > 0)
                ours->heard += (size_t)ours->rc;
        snprintf(ours->why, sizeof ours->why, "%s", ours->rc < 0 ? eddy_error_detail() : "");
        ours->is_over = true;
        return 0;
}

/** Begin our side: the other one is a descriptor that does not wait. The kernel keeps little of what is on its way. */
static inline int meet_stranger(struct ours *ours, eddy_tls *tls, bool is_server)
{
        int ends[2], little = 4096;

        *ours = (struct ours){.tls = tls, .is_server = is_server};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        for (int i = 0; i < 2; i++)
                assert_int_equal(setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &little, sizeof little), 0);
        assert_int_equal(eddy_stream_from_socket(&ours->stream, ends[0], 0), 0);
        assert_true(fcntl(ends[1], F_SETFL, O_NONBLOCK) >= 0);
        ours->task = eddy_create_task(listen_to_stranger, ours);
        return ends[1];
}

static inline void part_from_stranger(struct ours *ours)
{
        until(ours->is_over);
        join(ours->task);
        eddy_stream_destroy(ours->stream);
}

/** It has failed, and says why; where the words are OpenSSL's own, whatever they are. */
static inline void assert_failed(const struct ours *ours, int rc, const char *why)
{
        static const char own[] = "TLS has failed: ";

        if (ours->rc != rc || (why ? strcmp(ours->why, why) : strncmp(ours->why, own, sizeof own - 1)) != 0)
                fail_msg("%s: '%s', and not '%s'", eddy_errname(ours->rc), ours->why, why ? why : own);
}

/** Send from the other side, until ours takes no more of it: how much it took. */
static inline size_t send_to(const struct ours *ours, int fd, const void *data, size_t n)
{
        size_t sent = 0;

        while (sent < n && !ours->is_over) {
                ssize_t more = send(fd, (const char *)data + sent, n - sent, MSG_NOSIGNAL);

                if (more > 0)
                        sent += (size_t)more;
                else if (errno != EAGAIN)
                        break;
                assert_int_equal(eddy_yield(), 0);
        }
        return sent;
}

/** Part, and hear what our side has said before its end, as far as there is room. */
static inline size_t hear_to_end(struct ours *ours, int fd, unsigned char *bytes, size_t size)
{
        size_t got = 0;
        bool has_parted = false;

        for (;;) {
                ssize_t n = recv(fd, bytes + got, size - got, 0);

                if (n > 0)
                        got += (size_t)n;
                else if (has_parted && (n == 0 || errno != EAGAIN))
                        return got;
                if (ours->is_over && !has_parted) {
                        part_from_stranger(ours);
                        has_parted = true;
                }
                assert_int_equal(eddy_yield(), 0);
        }
}

/* OpenSSL. */

/** A stranger that speaks one version. Its secrets, once both have agreed, can be had by its context. */
static inline SSL *new_stranger(int fd, bool is_server, int version)
{
        SSL_CTX *context = SSL_CTX_new(TLS_method());
        SSL *ssl;

        SSL_CTX_set_min_proto_version(context, version);
        SSL_CTX_set_max_proto_version(context, version);
        SSL_CTX_set_num_tickets(context, 0);
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
        SSL_CTX_set_options(context, SSL_OP_ALLOW_CLIENT_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
        assert_int_equal(SSL_CTX_use_certificate(context, leaf.certificate), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(context, leaf.key), 1);
        ssl = SSL_new(context);
        SSL_CTX_free(context);
        SSL_set_fd(ssl, fd);
        if (is_server)
                SSL_set_accept_state(ssl);
        else
                SSL_set_connect_state(ssl);
        return ssl;
}

/** Whether what has returned is to be called again, and the other side had a turn. */
static inline bool comes_again(SSL *ssl, int returned)
{
        int error = SSL_get_error(ssl, returned);

        if (returned > 0 || (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE))
                return false;
        assert_int_equal(eddy_yield(), 0);
        return true;
}

static inline int shake_hands_with(SSL *ssl)
{
        int rc;

        do
                rc = SSL_do_handshake(ssl);
        while (comes_again(ssl, rc));
        return rc;
}

static inline int write_by(SSL *ssl, const char *text)
{
        int rc;

        do
                rc = SSL_write(ssl, text, (int)strlen(text));
        while (comes_again(ssl, rc));
        return rc;
}

static inline void forget_stranger(SSL *ssl)
{
        SSL_free(ssl);
        ERR_clear_error();
}

/* Records of TLS 1.3, by the secret of a stranger with TLS_AES_128_GCM_SHA256. */

enum { SECRET_SIZE = 32, FORGED_MORE = 5 + 1 + 16, CLOSE_NOTIFY = 0, WARNING = 1, FATAL = 2 };
enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23 };

struct forger {
        unsigned char secret[SECRET_SIZE], key[16], iv[12];
        uint64_t sequence;
};

static struct forger forger;

/** HKDF-Expand-Label, of one block at most. */
static inline void expand_label(const char *label, unsigned char *out, size_t size)
{
        unsigned char info[64] = {0, (unsigned char)size}, block[SECRET_SIZE];
        size_t n = 3 + (size_t)snprintf((char *)info + 3, sizeof info - 3, "tls13 %s", label);

        info[2] = (unsigned char)(n - 3);
        info[n++] = 0;
        info[n++] = 1;
        assert_non_null(HMAC(EVP_sha256(), forger.secret, SECRET_SIZE, info, n, block, NULL));
        memcpy(out, block, size);
}

static inline void take_secret(void)
{
        expand_label("key", forger.key, sizeof forger.key);
        expand_label("iv", forger.iv, sizeof forger.iv);
        forger.sequence = 0;
}

/** OpenSSL's callback for a log of keys. */
static inline void note_secret(const SSL *ssl, const char *line)
{
        const char *label =
            SSL_is_server((SSL *)(uintptr_t)ssl) ? "SERVER_TRAFFIC_SECRET_0 " : "CLIENT_TRAFFIC_SECRET_0 ";

        if (strncmp(line, label, strlen(label)) != 0)
                return;
        line = strrchr(line, ' ') + 1;
        for (size_t i = 0; i < SECRET_SIZE; i++)
                assert_int_equal(sscanf(line + 2 * i, "%2hhx", &forger.secret[i]), 1);
        take_secret();
}

/** Write a record: how long it is. */
static inline size_t forge(unsigned char *record, unsigned char type, const void *data, size_t n)
{
        EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
        unsigned char nonce[12];
        int size;

        record[0] = APPLICATION_DATA, record[1] = record[2] = 3;
        record[3] = (unsigned char)((n + 17) >> 8), record[4] = (unsigned char)(n + 17);
        memcpy(nonce, forger.iv, sizeof nonce);
        for (size_t i = 0; i < 8; i++)
                nonce[4 + i] ^= (unsigned char)(forger.sequence >> (56 - 8 * i));
        forger.sequence++;
        assert_int_equal(EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), NULL, forger.key, nonce), 1);
        EVP_EncryptUpdate(cipher, NULL, &size, record, 5);
        EVP_EncryptUpdate(cipher, record + 5, &size, data, (int)n);
        EVP_EncryptUpdate(cipher, record + 5 + n, &size, &type, 1);
        EVP_EncryptFinal_ex(cipher, record + 6 + n, &size);
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, 16, record + 6 + n);
        EVP_CIPHER_CTX_free(cipher);
        return n + FORGED_MORE;
}

/** Write a KeyUpdate, which asks for one in return: how long it is. */
static inline size_t forge_key_update(unsigned char *record)
{
        static const unsigned char update[] = {24, 0, 0, 1, 1};
        size_t n = forge(record, HANDSHAKE, update, sizeof update);

        expand_label("traffic upd", forger.secret, SECRET_SIZE);
        take_secret();
        return n;
}

#endif
