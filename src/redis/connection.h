/* A connection to a server, greeted with password and database, and made anew whenever it is lost. */
#ifndef REDIS_CONNECTION_H
#define REDIS_CONNECTION_H

#include "redis/adapter.h"
#include <eddy/redis.h>
#include <netdb.h>

struct connection;

/** What lives on a connection. Called by the loop. */
struct connection_impl {
        /** Commands may be sent from now on. */
        void (*ready)(struct connection *c);
        /** It was ready and is lost; c->error and c->why say why. hiredis's callbacks have run. */
        void (*lost)(struct connection *c);
};

/** Embedded in what lives on it. */
struct connection {
        eddy_loop *loop;
        const struct connection_impl *impl;
        eddy_redis_options options; /* its texts are our own */
        struct adapter adapter;     /* holds hiredis's context while there is one */
        eddy_task *resolving;       /* looks the host's name up, before there is a context; or NULL */
        struct addrinfo *addresses; /* that were found, until one of them answers; or NULL */
        struct addrinfo *next;      /* the first of them that has not been tried */
        char address[NI_MAXHOST];   /* the one in use, as text */
        eddy_time deadline;         /* of the attempt, for all addresses together */
        long long id;               /* the server's word for us, which CLIENT UNBLOCK takes; 0: it gave none */
        eddy_timer timer;           /* gives an address up, or begins the next attempt */
        eddy_future *opening;       /* the first attempt; NULL: it has ended */
        unsigned failures;          /* losses and attempts in vain since it was ready */
        bool is_ready, is_renewing, is_closing;
        int error; /* of the last loss, or why the connection that is left now will be lost; 0: none */
        char why[256];
};

/** Copy the options, and connect for the first time. 0, or why not; then connection_close() is all that is
 * left to do. Suspends. */
EDDY_ASYNC int connection_open(struct connection *c, const struct connection_impl *impl,
                               const eddy_redis_options *options);

/** Close it, for ever. Callbacks of commands on their way are called without a reply. */
void connection_close(struct connection *c);

/** Lose it, saying why. */
void connection_drop(struct connection *c, int error, const char *why);

/** Close it and connect again at once. */
void connection_renew(struct connection *c);

#endif
