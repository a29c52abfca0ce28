/* A connection of HTTP/1: a client of the callback level, which has no task. Requests come here, one after the other, and their
 * answers leave; each is answered by an exchange. */
#ifndef HTTP_HTTP1_H
#define HTTP_HTTP1_H

#include "http/body.h"
#include "http/exchange.h"
#include "http/progress.h"

#include <eddy/transport.h>

enum {
        /* A head, and bytes of a body or of requests behind it: more than the 64 KiB that the kernel's packets of a fast network hold,
         * or each call takes a part of one and has the client told of the room. What is not needed of it is never touched. */
        HTTP1_IN_SIZE = 128 * 1024,
        HTTP1_HEAD_MOST = HTTP1_IN_SIZE / 2, /* so that as much is left for a body */
        HTTP1_LINGER_MAX = 1024 * 1024,      /* bytes behind the last answer; who sends more has to wait */
};

/** A request that comes or is answered, with those behind it: what a silent connection does without. */
struct http1_request {
        struct eddy_http_exchange exchange; /* first, so that one is known by the other */
        struct http1 *connection;
        struct http_parser parser;
        struct http_body body;
        size_t start, end; /* bytes in `in` that have come and are not done with */
        size_t body_at;    /* where the body's bytes are put, behind the head */
        char in[HTTP1_IN_SIZE];
        /* Behind it, service->headers_size bytes for its headers. */
};

/** One connection. */
struct http1 {
        eddy_link link; /* in service->connections */
        eddy_http_service *service;
        eddy_transport *transport;     /* NULL: none yet, or no more */
        struct http1_request *request; /* NULL: it is silent */
        struct http2 *http2;           /* goes on with it; NULL: it is one of HTTP/1 */
        struct deadline silence;       /* the client is to send or to take something, */
        struct deadline answer;        /* to have taken an answer whole, */
        struct deadline linger;        /* or to have seen the end */
        struct progress progress;
        eddy_handle turn;     /* goes on when a task has ended */
        unsigned requests;    /* that have come */
        size_t dropped;       /* bytes behind the last answer, which nobody wants */
        bool has_ended;       /* the client sends no more */
        bool is_surplus;      /* there are more than there may be */
        bool is_secure;       /* it is TLS's */
        bool is_known;        /* to speak HTTP/1 */
        bool is_answering;    /* a task does */
        bool is_starting;     /* and runs in the call that has started it */
        bool is_over;         /* and has ended */
        enum awaited awaited; /* what it waits for */
        bool is_late;         /* bytes of the body have not come in time */
        bool
            is_in_head; /* a head has its time: the first one from the beginning, others from their first byte */
        bool is_idle;   /* the client has its time to begin one */
        bool is_full;   /* more is unsent than should be */
        bool has_continued; /* the client has got leave to send its body, or needs none */
        bool is_draining;   /* a body that nobody has read is passed over */
        bool is_given_up;   /* whoever attended to it does no more */
        bool is_lingering;  /* the client may see the last answer before the connection ends */
        char *peer;         /* its address, for a log; NULL: it is not needed, or without memory */
        int reason;         /* why it is lost; 0: it was closed */
        void (*gone)(const struct http1 *connection); /* told when nobody answers on it any more; may be NULL */
        void *owner;
};

/** What a connection's transport calls: its `self` is a struct http1. */
extern const eddy_protocol http1_protocol;

/** A connection that will come, or NULL. It frees itself when it has gone. */
struct http1 *http1_create(eddy_http_service *service);

/** Have its peer's address known, unless it has gone. */
void http1_note_peer(struct http1 *connection);

/** Free one that nobody uses, and none will. */
void http1_destroy(struct http1 *connection);

/** Give back what a silent connection does without. */
void http1_give_request_back(struct http1 *connection);

/** Whether nothing has come of a next request. */
bool http1_is_blank(const struct http1_request *request);

/** What comes is no request: the client is told why, and the connection ends. */
void http1_refuse(struct http1 *connection, int status);

/** No more requests: what was answered leaves. A socket that is closed while bytes wait to be read resets the connection, and the
 * answer may be lost with it; so where more may come, let the client finish. */
void http1_end(struct http1 *connection, bool may_bring_more);

/** The answer is none that a client may take for whole: so it ends, and says so. */
void http1_break(struct http1 *connection);

/** Nobody attends to it any more; whoever did is told. */
void http1_dismiss(struct http1 *connection);

/** Prepare what the connections of a service share. */
void http1_init_deadlines(eddy_http_service *service);

/** The connection of an exchange. */
static inline struct http1 *http1_of(const eddy_http_exchange *exchange)
{
        return ((const struct http1_request *)(const void *)exchange)->connection;
}

/** Whether the client is to take something. */
bool http1_is_sending(const struct http1 *connection);

/** Its task ends behind this. */
void http1_over(struct http1 *connection);

/** End one: who answers is cancelled, and what was answered leaves, without anybody who attends to it. */
void http1_give_up(struct http1 *connection);

/** End one at once: who answers is cancelled, and what has not left is lost. Whether a request was under way. */
bool http1_abort(struct http1 *connection);

/** Let one end, at once where it waits for a request. */
void http1_stop(struct http1 *connection);

#endif
