/* A connection to a server, greeted with password and database, and made anew whenever it is lost. It is a transport whose
 * protocol is hiredis's reader: what it is, and what passes, is in connection.c; how it comes to be, in attempt.c. */
#ifndef REDIS_CONNECTION_H
#define REDIS_CONNECTION_H

#include <eddy/redis.h>
#include <netdb.h>

struct connection;

/** What lives on a connection. Called by the loop. */
struct connection_impl {
        /** Commands may be sent from now on. */
        void (*ready)(struct connection *c);
        /** A reply came, which is the callee's. */
        void (*answered)(struct connection *c, redisReply *reply);
        /** It was ready and is lost; c->error and c->why say why. */
        void (*lost)(struct connection *c);
        /** Nobody holds it any more: free what it is embedded in. */
        void (*unheld)(struct connection *c);
};

/** Embedded in what lives on it. */
struct connection {
        eddy_loop *loop;
        const struct connection_impl *impl;
        eddy_redis_options options; /* its texts are our own */
        unsigned holders;           /* its owner, and tasks within its functions */
        eddy_transport *transport;  /* NULL: there is none */
        redisReader *reader;        /* of the same; or NULL */
        eddy_task *task;            /* makes it anew; or NULL */
        eddy_future *greeted;       /* what an attempt awaits: whether it is ready; or NULL */
        unsigned unanswered;        /* commands of the greeting */
        char address[NI_MAXHOST];   /* the one in use, as text */
        long long id;               /* the server's word for us, which CLIENT UNBLOCK takes; 0: it gave none */
        eddy_timer timer;           /* begins the next attempt */
        unsigned failures;          /* losses and attempts in vain since it was ready */
        bool is_ready, is_renewing, is_closing;
        int error; /* of the last loss, or of the attempt; 0: none */
        char why[256];
};

/** Copy the options, and connect for the first time: 0, or why not; then connection_close() is all that is left to do, and to let
 * go. Suspends. */
EDDY_ASYNC int connection_begin(struct connection *c, const struct connection_impl *impl,
                                const eddy_redis_options *options);

/** Close it, for ever. */
void connection_close(struct connection *c);

/** Hold no more. */
void connection_let_go(struct connection *c);

/** Send bytes in the protocol, those of one turn of the loop in one write. 0; or -ENOMEM, and then nothing of it is sent. Where the
 * connection has failed, its loss comes. */
int connection_send(struct connection *c, const char *text, size_t size);

/** Likewise a command, as hiredis formats it. */
int connection_command(struct connection *c, const char *format, ...);

/** Lose it, saying why. NULL: what the error means. */
void connection_drop(struct connection *c, int error, const char *why);

/** Lose it because of a reply that answers nothing. The reply is freed. */
void connection_refuse(struct connection *c, redisReply *reply);

/** Close it and connect again at once. */
void connection_renew(struct connection *c);

/** Whether something lies in the socket that was not read yet. */
bool connection_has_input(const struct connection *c);

/** Read nothing more for a while, so that the server has to hold it; and go on. */
void connection_pause(struct connection *c);
void connection_resume(struct connection *c);

/* Between connection.c and attempt.c. */

/** What a transport is to call, with the connection. */
extern const eddy_protocol connection_protocol;

/** Note why there is no connection, likewise. */
void connection_set_failure(struct connection *c, int error, const char *why);

/** Drop the transport, if there is one, and nobody is told. */
void connection_discard(struct connection *c);

/** It is lost, or an attempt was in vain: plan the next one. */
void connection_retry(struct connection *c);

#endif
