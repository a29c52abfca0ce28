/* What the files of the proxy share: it, its connections, and a request on its way through one of them. */
#ifndef HTTP_PROXY_H
#define HTTP_PROXY_H

#include "http/body.h"
#include "http/exchange.h"
#include "http/proxy_fields.h"
#include "http/proxy_head.h"
#include "http/proxy_url.h"

#include <eddy/http_proxy.h>
#include <eddy/transport.h>

enum {
        /* More than the 64 KiB that the kernel's packets of a fast network hold, as for requests. */
        PROXY_IN_SIZE = 128 * 1024,
        PROXY_OUT_SIZE = 64 * 1024,
        PROXY_TEXT_SIZE = 16 * 1024,
        PROXY_LINES_MAX = PROXY_HEADERS_MAX + 1,
        PROXY_SPARES_MAX = 64,
};

/** What a connection needs while a request is on it. */
struct proxy_input {
        struct proxy_input *next; /* among spares */
        struct proxy_head head;
        const char *lines[PROXY_LINES_MAX + 1]; /* of an answer that is passed on, NULL behind the last */
        char bytes[PROXY_IN_SIZE];
};

struct eddy_http_proxy {
        struct proxy_url url;
        eddy_http_proxy_options options; /* `via` and `tls_name` are copies */
        eddy_link idle;                  /* struct proxy_connection, the one that was used last first */
        size_t connections;              /* that are there, idle or not, or being made */
        eddy_link line;                  /* who waits for one; proxy_line.c */
        struct deadlines reading, writing, idling, tunnels;
        struct deadlines queueing; /* in the line */
        struct deadlines leaves;   /* for a server to say that it wants a body */
        eddy_http_proxy_counts counts;
        struct proxy_input *spares;
        unsigned spare_count;
        /** What is being put together. Nobody may suspend between its beginning and its being sent. */
        char out[PROXY_OUT_SIZE];   /* a request's head, or a piece of its body */
        char text[PROXY_TEXT_SIZE]; /* lines of an answer that are not as the server had them */
};

/** One connection to the server. It frees itself when it is lost and nobody has it. */
struct proxy_connection {
        eddy_link link;               /* in proxy->idle, while it waits */
        eddy_http_proxy *proxy;       /* NULL: nobody has it, and it is about to be lost */
        eddy_transport *transport;    /* NULL: it is lost */
        eddy_http_exchange *exchange; /* whose it is; NULL: nobody's */
        struct proxy_input *input;    /* likewise */
        size_t start, end;            /* bytes in `input` that have come and are not done with */
        struct deadline deadline;     /* for reading, writing or waiting, */
        struct deadline leave;        /* and for leave to send a body */
        eddy_time best_before;        /* by when the server closes it, as far as it has said; 0: it has not */
        size_t unsent;                /* when the time for writing began */
        int failure;                  /* why it is lost; 0: it was closed */
        bool is_reused;               /* a request was answered on it before */
        bool has_ended;               /* the server sends no more */
        bool is_full;                 /* more is unsent than should be */
        bool is_late, has_no_leave;   /* a deadline has passed */
        char unasked[1];              /* where something comes that nobody has asked for */
};

/** Wait until a connection may be taken, which has to be done before anything else: 0; -EBUSY, where that took too long; how the
 * exchange's client has gone; or how the caller was interrupted. Suspends. */
int proxy_line_wait(eddy_http_proxy *proxy, eddy_http_exchange *exchange);

/** One may be free: who is first is woken. */
void proxy_line_move(eddy_http_proxy *proxy);

/** Somebody has stood in the line for long enough. */
void proxy_line_expire(struct deadline *deadline);

/**
 * Have a connection: one that waits, or a new one, when it is the caller's turn.
 *
 * @param is_safe  nothing is lost if it proves to be closed; else it is looked at first
 * @return 0; -ETIMEDOUT, -ECONNREFUSED ...; as proxy_line_wait(); or how the caller was interrupted
 *
 * Suspends.
 */
int proxy_connection_take(eddy_http_proxy *proxy, eddy_http_exchange *exchange, bool is_safe,
                          struct proxy_connection **connection);

/** A new one, in the place of one that the caller has just given back. Suspends. */
int proxy_connection_open(eddy_http_proxy *proxy, eddy_http_exchange *exchange,
                          struct proxy_connection **connection);

/** Give it back: to wait for another request, or to end. */
void proxy_connection_give(struct proxy_connection *connection, bool goes_on);

/** One that waits has waited for long enough. */
void proxy_connection_drop(struct proxy_connection *connection);

/** Close those that wait, for good. */
void proxy_connections_close(eddy_http_proxy *proxy);

/** Bytes were used, of those that have come: more may. */
void proxy_connection_use(struct proxy_connection *connection, size_t n);

/** What is left of what came moves to the front, so that a head has the room of all. */
void proxy_connection_make_room(struct proxy_connection *connection);

/** How far the body of a request is. */
enum proxy_sending {
        SENDING_WAITS, /* for leave */
        SENDING_GOES_ON,
        SENDING_OVER,
};

/** How far its answer is. */
enum proxy_receiving {
        RECEIVING_HEAD,
        RECEIVING_BODY,      /* whose end is known, or seen */
        RECEIVING_UNTIL_END, /* of the connection, which is the body's */
        RECEIVING_OVER,
};

/** A request on its way, in its task. */
struct proxy_pass {
        eddy_http_proxy *proxy;
        eddy_http_exchange *exchange;
        struct proxy_connection *connection;
        const char *prefix, *prefix_end; /* of the client's path, which stands for the server's base */
        int64_t hops_left;               /* proxies that it may come by yet, and we are one; -1: any */
        bool wants_upgrade;
        bool expects_leave; /* the client waits for it before it sends a body */
        enum proxy_sending sending;
        enum proxy_receiving receiving;
        bool has_asked;        /* bytes were sent to the server */
        int64_t sent;          /* bytes of the body */
        bool has_received;     /* some of the answer */
        bool keeps_alive;      /* the server does */
        bool has_type;         /* its answer says of what type it is */
        bool wants_bytes;      /* of the client's body, and none were there */
        unsigned interims;     /* answers before the answer */
        int server_error;      /* how the server has failed; 0: it has not */
        struct http_body body; /* of the answer */
};

/** Note the parts of what is asked for: 0, or the status to answer with. */
int proxy_request_examine(struct proxy_pass *pass);

/** Write a request's head into proxy->out: how many bytes, or EDDY_ELIMIT. */
ssize_t proxy_request_write(struct proxy_pass *pass);

/** Find what of an answer's head passes, as input->lines: 0, EDDY_EPROTOCOL or EDDY_ELIMIT. Its bytes become texts. */
int proxy_lines_find(struct proxy_pass *pass, char *text);

/** Write a Location as the client is to see it, from `at` on in proxy->text: how many bytes, 0 where it is to pass as it is. */
size_t proxy_location_rewrite(const struct proxy_pass *pass, const char *value, char *at, size_t room);

/** The same of a Set-Cookie. */
size_t proxy_cookie_rewrite(const struct proxy_pass *pass, const char *value, char *at, size_t room);

/** Both sides of a tunnel have been silent for too long. */
void proxy_tunnel_expire(struct deadline *silence);

/** Pass bytes on in both directions until both sides have ended. `stream` is the client's, and given back. 0, or how the caller was
 * interrupted. Suspends. */
int proxy_tunnel_run(struct proxy_pass *pass, eddy_stream *stream);

#endif
