/* A command on its way, from the coroutine that sends it to its reply. */
#ifndef REDIS_REQUEST_H
#define REDIS_REQUEST_H

#include "redis/connection.h"

struct eddy_redis {
        struct connection connection;
        eddy_link waiting; /* requests that have not been sent, in order */
        eddy_link sent;    /* likewise those that have, and are not answered */
        unsigned awaited;  /* requests, sent or not, whose asker still waits for a reply */
        struct eddy_redis_request
            *blocking; /* the one among them that the server is slow to answer by intent */
};

/** One command. Held by its asker, and by the connection until it is answered or taken back. */
struct eddy_redis_request {
        eddy_link link;                  /* in redis->waiting or redis->sent */
        eddy_redis *redis;               /* NULL: not handed over yet, or settled */
        struct eddy_redis_request *next; /* of the same pipeline */
        eddy_future *done;
        redisReply *reply; /* once done, unless `error` says why there is none */
        int error;
        unsigned holders;
        eddy_redis *unblocking; /* is asked to let go of it, and of nothing that comes behind it; or NULL */
        bool is_blocking;
        size_t size;
        char *text; /* hiredis's, in the protocol; NULL once sent */
};

/** The request of a command that hiredis has put into the protocol, whose text it takes. 0 or an error.
 *
 * @param size  what hiredis's formatting returned, which may be an error
 */
int request_create(struct eddy_redis_request **request, eddy_redis *redis, char *text, long long size);

/** The asker lets go. One that is on its way is abandoned: taken back, or its reply dropped. */
void request_release(struct eddy_redis_request *request);

/** Send it, or have it wait for a connection. 0 or an error; ask eddy_interrupted() before. */
int request_submit(struct eddy_redis_request *request, eddy_redis *redis);

/** Wait for the reply: 0 once it is known what there is to hand over, or what interrupted the caller. */
EDDY_ASYNC int request_wait(struct eddy_redis_request *request);

/** Wait likewise for the reply, which is the caller's then, and let go. */
EDDY_ASYNC int request_finish(struct eddy_redis_request *request, redisReply **reply);

/** Send those that wait: the connection is there. */
void requests_send(eddy_redis *redis);

/** Give the first of those that were sent its reply. */
void requests_answer(eddy_redis *redis, redisReply *reply);

/** Those that were sent have no reply, which is an error, and never will. */
void requests_lose(eddy_redis *redis, int error);

/** Nothing more is sent: those that wait fail. */
void requests_refuse(eddy_redis *redis);

#endif
