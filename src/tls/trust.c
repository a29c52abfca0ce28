#include "tls/trust.h"

#include <errno.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

/** As long as OpenSSL by itself has a ticket be good, each of which would lead to another one. */
enum { LONGEST = 2 * 60 * 60 };

/** Since when it counts: whether that was noted. It is written into tickets, too. */
static bool read_note(SSL_SESSION *session, time_t *since)
{
        void *noted;
        size_t size;

        if (SSL_SESSION_get0_ticket_appdata(session, &noted, &size) != 1 || size != sizeof *since)
                return false;
        memcpy(since, noted, sizeof *since);
        return true;
}

bool trust_note(SSL_SESSION *session)
{
        time_t since, now = time(NULL);

        return read_note(session, &since) || SSL_SESSION_set1_ticket_appdata(session, &now, sizeof now) == 1;
}

bool trust_lasts(SSL_SESSION *session)
{
        const X509 *certificate = SSL_SESSION_get0_peer(session);
        time_t since, now = time(NULL);

        if (!read_note(session, &since) || now < since || now - since >= LONGEST)
                return false;
        return !certificate || X509_cmp_time(X509_get0_notAfter(certificate), &now) > 0;
}

/** OpenSSL's callback: a ticket is to be written. */
static int begin_ticket(SSL *ssl, void *arg)
{
        (void)arg;
        return trust_note(SSL_get_session(ssl));
}

/** OpenSSL's callback: a ticket was read, or could not be. */
static SSL_TICKET_RETURN judge_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *key_name,
                                      size_t size, SSL_TICKET_STATUS status, void *arg)
{
        bool is_read = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;

        (void)ssl, (void)key_name, (void)size, (void)arg;
        if (!is_read || !trust_lasts(session))
                return SSL_TICKET_RETURN_IGNORE_RENEW;
        return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

int trust_prepare(SSL_CTX *openssl)
{
        return SSL_CTX_set_session_ticket_cb(openssl, begin_ticket, judge_ticket, NULL) == 1 ? 0 : -ENOMEM;
}
