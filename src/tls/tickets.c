#include "tls/tickets.h"

#include "tls/connection.h"
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

/** How long a key seals tickets, and opens them for as long again: longer than a session may be resumed. */
static const eddy_duration day = (eddy_duration)24 * 3600 * 1000000000;

/** One of the things that are made from a secret, which tells neither that nor the others: whether there was memory. */
static bool derive(const unsigned char secret[TICKET_SECRET_SIZE], const char *what,
                   unsigned char made[TICKET_SECRET_SIZE])
{
        return HMAC(EVP_sha256(), secret, TICKET_SECRET_SIZE, (const unsigned char *)what, strlen(what), made,
                    NULL);
}

/** Go over to the next day: whether there was memory, without which all is as before. */
static bool turn(struct tickets *tickets)
{
        struct {
                struct ticket_key key;
                unsigned char name[TICKET_SECRET_SIZE], secret[TICKET_SECRET_SIZE];
        } next;
        bool is_made =
            derive(tickets->secret, "name", next.name) && derive(tickets->secret, "cipher", next.key.cipher) &&
            derive(tickets->secret, "mac", next.key.mac) && derive(tickets->secret, "secret", next.secret);

        if (is_made) {
                memcpy(next.key.name, next.name, sizeof next.key.name);
                tickets->yesterday = tickets->today;
                tickets->today = next.key;
                memcpy(tickets->secret, next.secret, sizeof tickets->secret);
        }
        OPENSSL_cleanse(&next, sizeof next);
        return is_made;
}

int tickets_init(struct tickets *tickets)
{
        bool is_made;

        pthread_mutex_init(&tickets->lock, NULL);
        tickets->tomorrow = eddy_now() + day;
        is_made = RAND_priv_bytes(tickets->secret, sizeof tickets->secret) == 1 && turn(tickets) &&
                  turn(tickets); /* so that there was a yesterday */
        ERR_clear_error();
        return is_made ? 0 : -ENOMEM;
}

void tickets_finish(struct tickets *tickets)
{
        pthread_mutex_destroy(&tickets->lock);
        OPENSSL_cleanse(tickets, sizeof *tickets);
}

/** Be of the day that it is: whether there was memory. */
static bool keep_up(struct tickets *tickets)
{
        eddy_time now = eddy_now();

        while (now >= tickets->tomorrow) {
                if (!turn(tickets))
                        return false;
                tickets->tomorrow += day;
        }
        return true;
}

/** What OpenSSL is told of a ticket's key. */
enum {
        FAILED = -1,
        UNKNOWN = 0,
        FOUND = 1,
        RENEW = 2 /* the ticket is good, and another one is to take its place */
};

/** Find the key of a name, or today's where that is NULL. */
static int find(struct tickets *tickets, const unsigned char *name, struct ticket_key *key)
{
        int rc = UNKNOWN;

        pthread_mutex_lock(&tickets->lock);
        if (!keep_up(tickets)) {
                rc = FAILED;
        } else if (!name || memcmp(name, tickets->today.name, TICKET_NAME_SIZE) == 0) {
                *key = tickets->today;
                rc = FOUND;
        } else if (memcmp(name, tickets->yesterday.name, TICKET_NAME_SIZE) == 0) {
                *key = tickets->yesterday;
                rc = RENEW;
        }
        pthread_mutex_unlock(&tickets->lock);
        return rc;
}

/** OpenSSL's callback: a ticket is to be sealed, for which it is given a name and an iv; or is to be opened. */
static int use_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                   int seals)
{
        const OSSL_PARAM digest[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
            OSSL_PARAM_construct_end(),
        };
        const struct tls_connection *connection = SSL_get_app_data(ssl);
        struct ticket_key key;
        int rc = find(&connection->context->tickets, seals ? NULL : name, &key);

        if (rc <= 0)
                return rc;
        if (seals) {
                memcpy(name, key.name, TICKET_NAME_SIZE);
                if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
                        rc = FAILED;
        }
        if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher, iv, seals) != 1 ||
            EVP_MAC_init(mac, key.mac, sizeof key.mac, digest) != 1)
                rc = FAILED;
        OPENSSL_cleanse(&key, sizeof key);
        /* With TLS 1.3 each is used once, so that nobody who listens knows a client again by it. */
        return rc == FOUND && !seals && SSL_version(ssl) == TLS1_3_VERSION ? RENEW : rc;
}

void tickets_prepare(SSL_CTX *openssl)
{
        SSL_CTX_set_tlsext_ticket_key_evp_cb(openssl, use_key);
}
