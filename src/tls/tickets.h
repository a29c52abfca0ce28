/* The keys that a server's tickets are sealed with. They are new every day, and each day's secret is made from that of the day before,
 * which is gone then: so processes that were forked from one have the same keys without a word between them, and nobody finds in
 * their memory what opens the tickets of days that are over. */
#ifndef TLS_TICKETS_H
#define TLS_TICKETS_H

#include <eddy/time.h>
#include <openssl/ssl.h>
#include <pthread.h>

enum { TICKET_NAME_SIZE = 16, TICKET_SECRET_SIZE = 32 };

struct ticket_key {
        unsigned char name[TICKET_NAME_SIZE]; /* which a ticket begins with */
        unsigned char cipher[TICKET_SECRET_SIZE], mac[TICKET_SECRET_SIZE];
};

struct tickets {
        pthread_mutex_t lock;
        eddy_time tomorrow;                       /* when today is over */
        unsigned char secret[TICKET_SECRET_SIZE]; /* that tomorrow's are made from */
        struct ticket_key today, yesterday;
};

/** 0 or -ENOMEM. tickets_finish() is due in any case. */
int tickets_init(struct tickets *tickets);
void tickets_finish(struct tickets *tickets);

/** Have the connections of an identity seal theirs, and open what they are shown, with the keys of their context. */
void tickets_prepare(SSL_CTX *openssl);

#endif
