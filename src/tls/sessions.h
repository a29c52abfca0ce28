/* Sessions that a client may resume, by the host they are of. Threads share them. */
#ifndef TLS_SESSIONS_H
#define TLS_SESSIONS_H

#include "base/list.h"
#include <openssl/ssl.h>
#include <pthread.h>

struct sessions {
        pthread_mutex_t lock;
        eddy_link list; /* struct kept_session, the one that was used last at first */
        size_t count;
};

void sessions_init(struct sessions *sessions);
void sessions_finish(struct sessions *sessions);

/** Have none. */
void sessions_forget(struct sessions *sessions);

/** Keep a session in place of an earlier one: whether it was kept, and so is the list's. */
bool sessions_keep(struct sessions *sessions, const char *name, SSL_SESSION *session);

/** A copy of what may be resumed with a host; NULL: nothing. */
SSL_SESSION *sessions_find(struct sessions *sessions, const char *name);

#endif
