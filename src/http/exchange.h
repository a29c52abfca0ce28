/* A request and the answer to it, as whoever answers sees them: nothing of how bytes come. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http/compression.h"
#include "http/decoding.h"
#include "http/parser.h"
#include "http/service.h"
#include "http/target.h"

#include <eddy/sync.h>
#include <sys/uio.h>

/** What a task waits for. */
enum awaited { AWAITS_NOTHING, AWAITS_BYTES, AWAITS_ROOM };

/** How an exchange's bytes come and leave; one for each version of HTTP. None of these suspends. */
struct exchange_impl {
        const char *version; /* "HTTP/2.0"; NULL: the request says which of HTTP/1 */

        /** The head is about to say how the connection goes on: it does not where that is known by now. */
        void (*plan_ending)(eddy_http_exchange *exchange);

        /** Send the head that was written (service->head), and of its body what there is: 0, -ENOMEM, or the exchange's failure. */
        int (*send_head)(eddy_http_exchange *exchange, const void *body, size_t n);

        /** Send more of a body that goes on: likewise. */
        int (*send)(eddy_http_exchange *exchange, const void *data, size_t n);

        /** Send bytes of a file behind the head. `exchange->file` says what has become of it, and then its task is woken.
         * NULL: a file is sent as any other body. */
        int (*send_file)(eddy_http_exchange *exchange, int fd, int64_t start, int64_t n);

        /** The connection is to end as it is, for what is being sent cannot be whole. */
        void (*abandon)(eddy_http_exchange *exchange);

        /** End a body that goes on, with lines behind it, each with its CR LF. */
        int (*end)(eddy_http_exchange *exchange, const char *trailers, size_t n);

        /** Take bytes of the request's body: how many, 0 at its end, EDDY_PENDING where nothing has come, or the error. */
        ssize_t (*read)(eddy_http_exchange *exchange, void *buffer, size_t n);

        /** Its task waits for the client from now on, in time; or it does no more. */
        void (*await)(eddy_http_exchange *exchange, enum awaited what);

        /** As eddy_http_exchange_upgrade(), its head being written. */
        int (*upgrade)(eddy_http_exchange *exchange, eddy_stream **stream);

        /** Its descriptor; -1 where it has gone. */
        int (*fd)(const eddy_http_exchange *exchange);

        /** Whether its connection is one of TLS. */
        bool (*is_secure)(const eddy_http_exchange *exchange);

        /** Its address, which is noted by the first call; NULL: it has gone, or there is no memory. */
        const char *(*peer)(const eddy_http_exchange *exchange);

        /** The handler has returned, and what it has to say was said. The task ends behind this. */
        void (*over)(eddy_http_exchange *exchange);
};

enum answer_state { ANSWER_NONE, ANSWER_BEGUN, ANSWER_ENDED };

struct eddy_http_exchange {
        eddy_http_service *service;
        const struct exchange_impl *impl;
        eddy_task *task;  /* that answers; NULL: none does yet */
        bool has_begun;   /* that does */
        eddy_event moved; /* something has come that it may wait for */
        eddy_time began;  /* when its head was whole, by the monotonic clock, where there is a log */
        const struct http_request *request; /* its spans are of `head` */
        char *head;
        bool is_cancelled; /* its task was, for the client has gone */
        int failure;       /* the connection has gone, and so nothing can be sent; 0: it has not */
        bool is_full;      /* more is unsent than should be */
        bool is_closing;   /* the connection ends with its answer */
        bool is_unframed;  /* and so does the answer's body, which has no other end */
        bool is_chunked;   /* the answer's body leaves in chunks */
        bool is_bodiless;  /* none of it is sent */
        enum answer_state answer;
        struct compression compression; /* of the answer's body */
        int status;                     /* of its answer */
        int64_t left; /* bytes of the answer's body to be written; -1: it is not known how many */
        int64_t sent; /* bytes of the answer's body, as they leave */
        ssize_t file; /* what has become of a file that is sent: EDDY_PENDING, how many bytes, or the error */
        int64_t body_length;      /* of the request; -1: it comes in chunks */
        bool is_body_read;        /* bytes of it were taken */
        struct decoding decoding; /* of it */
        int body_error;           /* reading it has failed so; 0: it has not */
        int content_error;        /* and what it holds is not what was asked for */
        char *lines;              /* further headers of the answer, each with its CR LF; NULL: none */
        size_t lines_size;
        char *trailers; /* headers behind its body, each "name: value" with a NUL behind it; NULL: none */
        size_t trailers_size;
        size_t route_at;          /* where the path of what is mounted begins within the target; 0: nowhere */
        struct routing *routing;  /* of the innermost router that is answering, or NULL */
        char path[HTTP_PATH_MAX]; /* that is asked for, where files are */
};

/** It has nothing to give back: no request has come. */
void exchange_clear(eddy_http_exchange *exchange);

/** Prepare it for a request that has come. */
void exchange_init(eddy_http_exchange *exchange, eddy_http_service *service, const struct exchange_impl *impl,
                   const struct http_request *request, char *head);

/** Whether a caller may say something of its answer, which is to be in this state: 0, how it was interrupted, EDDY_ENOTASK or
 * EDDY_EINVALIDSTATE. */
int exchange_enter(const eddy_http_exchange *exchange, enum answer_state state);

/** Have the service's handler answer, at once as far as it does not suspend: 0 or -ENOMEM. */
int exchange_start(eddy_http_exchange *exchange);

/** What its task may wait for has come. */
void exchange_wake(eddy_http_exchange *exchange);

/** Its task is to end, for nobody wants the answer any more. */
void exchange_cancel(eddy_http_exchange *exchange);

/** The client has gone, and why; its task is told, if there is one. */
void exchange_lose(eddy_http_exchange *exchange, int failure);

/** What a call for the content of its body comes to: `rc`, and where that is the client's fault, a handler that returns it has the client
 * told so. */
int exchange_note_content(eddy_http_exchange *exchange, int rc);

/** Count and log its answer, or that it has none. */
void exchange_count(eddy_http_exchange *exchange);

/** Give back what it has. Its task has ended. */
void exchange_finish(eddy_http_exchange *exchange);

/** Whether its body may be as long as that, as far as its head says: 0, or EDDY_ELIMIT before a client has leave to send it. */
int exchange_check_length(eddy_http_exchange *exchange, size_t most);

/** Wait until no more is unsent than should be: 0, the failure, or how the caller was interrupted. Suspends. */
int exchange_wait_for_room(eddy_http_exchange *exchange);

/** Wait for something that its connection will tell, or exchange_wake(): 0, or how the caller was interrupted. Suspends. */
int exchange_wait_for(eddy_http_exchange *exchange, enum awaited what);

/** Say something before the answer, of a status of 1xx; as eddy_http_reply_hints(). */
int exchange_send_interim(eddy_http_exchange *exchange, int status, const char *const *lines);

/** Answer with what a status means, as head_send_error() does, but as any handler: with a further header, or NULL. Suspends. */
int exchange_reply_status(eddy_http_exchange *exchange, int status, const char *line);

/** Answer a method that nothing is done by here: OPTIONS is told what is, and others that they may not. `allow` is a header,
 * "Allow: GET, HEAD, OPTIONS". Suspends. */
int exchange_reply_allowed(eddy_http_exchange *exchange, const char *allow);

/** Take bytes of the request's body, as exchange_impl's read(). */
ssize_t exchange_take(eddy_http_exchange *exchange, void *buffer, size_t n);

/** Wait until bytes of the body have come, or the exchange is over: 0, or how the caller was interrupted. Suspends. */
int exchange_wait_for_bytes(eddy_http_exchange *exchange);

/** Send more of a body, in pieces where it is much. Suspends where the client is slow. */
int exchange_send_more(eddy_http_exchange *exchange, const void *data, size_t n);

/** Send the head that was written, with a body whole: all of it, in pieces where it is large. Suspends where the client is slow. */
int exchange_send(eddy_http_exchange *exchange, const void *body, size_t n);

/** Send the head that was written, and bytes of a file, which are its body whole. 0; -EIO where the file has become shorter; or the
 * failure. Suspends until they have left. */
int exchange_send_file(eddy_http_exchange *exchange, int fd, int64_t start, int64_t end);

#endif
