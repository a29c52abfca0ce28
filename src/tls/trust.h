/* For how long what was agreed on may be resumed: two hours from when certificates were looked at, however often it is resumed
 * meanwhile, and only as long as the other side's is valid. */
#ifndef TLS_TRUST_H
#define TLS_TRUST_H

#include <openssl/ssl.h>
#include <stdbool.h>

/** Note in a session since when it counts, unless it goes back to one in which that was noted: whether there was memory. */
bool trust_note(SSL_SESSION *session);

/** Whether a session may still be resumed. */
bool trust_lasts(SSL_SESSION *session);

/** Have a server's tickets be so. */
int trust_prepare(SSL_CTX *openssl);

#endif
