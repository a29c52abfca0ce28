/* A connection of HTTP/2: a client of the callback level, on nghttp2, which knows frames, windows and compressed heads. Each stream
 * is an exchange. What nghttp2 calls only notes what has come; tasks start, and what they say leaves, when it has seen all of it. */
#ifndef HTTP_HTTP2_CONNECTION_H
#define HTTP_HTTP2_CONNECTION_H

#include "http/http2.h"
#include "http/http2_bytes.h"

#include <nghttp2/nghttp2.h>

enum {
        HTTP2_STREAMS_MAX = 100,    /* that a client may have open, unless the options say otherwise; */
        HTTP2_NUISANCE_MAX = 10000, /* and nuisance: see http2_count_nuisance() */
        HTTP2_OUT_MAX = 64 * 1024,  /* bytes of a stream beyond which its handler waits */
        HTTP2_WINDOW = 1024 * 1024, /* of a connection */
        HTTP2_STREAM_WINDOW = 64 * 1024,
        HTTP2_STREAM_WINDOW_WIDE = 256 * 1024, /* of one whose handler has taken so much as the other holds */
        HTTP2_QUEUE_MAX = 1000, /* frames for a client that takes none; beyond, it is not listened to */
        HTTP2_REMEMBERED = 32,  /* streams that were reset by us, and of which something may be under way */
};

/** What a client's doings cost, and what is worth something. */
enum {
        NUISANCE_FRAME = 1,   /* a frame that brings nothing */
        NUISANCE_STREAM = 50, /* a stream that is broken before it was answered */
        WORTH_ANSWER = 50,    /* an answer that was made */
        WORTH_DATA = 10,      /* a frame of one, by which clients measure, */
        WORTH_BYTES = 256,    /* and 1 more for each so many of its bytes, for which they open windows */
        HEADER_BYTES = 64,    /* of a header that nobody looks at, likewise */
        DRIBBLE =
            64, /* bytes of such a frame that is worth nothing, where the client's window made it so short */
};

/** Where the frame that is coming is. */
struct http2_frames {
        uint8_t head[9 + 4]; /* as far as it has come, and behind it what is looked at of a PRIORITY frame */
        size_t size;         /* of that */
        size_t left;         /* bytes of the frame behind it, or at the very beginning of the preface */
};

/** One connection. */
struct http2 {
        struct http1 *entrance; /* by which it has come, and is known to its service and to who attends to it */
        eddy_http_service *service;
        eddy_transport *transport; /* NULL: no more */
        nghttp2_session *session;  /* NULL: likewise */
        eddy_link streams;         /* struct http2_stream */
        eddy_link ready;           /* those of them whose head is whole, and that nobody answers yet */
        eddy_link over;            /* those whose task has ended */
        unsigned stream_count;
        unsigned answering; /* tasks */
        unsigned requests;  /* that have come */
        unsigned streams_max;
        size_t head_max; /* bytes of a request's head, or of what comes behind its body */
        unsigned nuisance, nuisance_max;
        eddy_time pardoned; /* when some of it was forgotten last */
        struct http2_frames frames;
        uint32_t fault;                  /* what the client is told to go for; NGHTTP2_NO_ERROR: nothing */
        int32_t last_id;                 /* of the streams that have come */
        int32_t coming;                  /* the stream whose head is coming, or was last */
        int32_t reset[HTTP2_REMEMBERED]; /* those that were last, by us */
        unsigned resets;
        struct deadline silence, goodbye;
        struct progress progress;
        eddy_handle turn;
        size_t dropped;      /* bytes that came behind the end */
        bool is_settling;    /* what is said now leaves soon */
        bool is_full;        /* more is unsent than should be */
        bool is_stopping;    /* the client is asked to open no more streams */
        bool has_left;       /* and none are taken */
        bool has_priorities; /* the client says what it wants first */
        bool has_ended;      /* the client sends no more */
        bool is_ending;      /* nothing is said any more */
        bool is_given_up;    /* whoever attended to it does no more */
};

/** One stream: a request and its answer. Freed when neither nghttp2 nor a task has it. */
struct http2_stream {
        struct eddy_http_exchange exchange; /* first, so that one is known by the other */
        struct http2 *connection;
        eddy_link link;  /* in connection->streams */
        eddy_link state; /* in connection->ready or ->over, or in none */
        int32_t id;
        struct http_request request; /* its spans are of `head` */
        struct bytes head;
        char no_head[1];       /* in its place, where not even the target fits in */
        size_t head_rest;      /* bytes of headers that are not in it, for it is no good */
        struct bytes trailers; /* of the request */
        struct bytes in;       /* of the request's body */
        struct bytes out;      /* of the answer's body */
        char *answer_trailers; /* lines; NULL: none */
        size_t answer_trailers_size;
        uint64_t taken; /* bytes of the request's body */
        size_t dropped; /* likewise, that nobody has read */
        uint64_t given,
            given_before; /* bytes of the answer's body that have left; when it was looked at last */
        int64_t left;     /* bytes of the answer's body that are to be written; -1: not known */
        struct deadline silence, answer; /* the former also while the head comes */
        struct http2_tunnel *tunnel;     /* that it has become; NULL: none, or no more, */
        bool was_tunnel;                 /* though it was one */
        bool wants_tunnel;               /* it asks for that, by CONNECT */
        bool is_whole;                   /* its head is */
        bool is_answering;               /* a task does */
        bool has_ended;                  /* the client has sent all of it */
        bool has_continued;              /* the client has got leave to send its body, or needs none */
        bool has_end;                    /* nothing comes behind `out` but trailers */
        bool has_sent_end;               /* and that has left */
        bool is_deferred;                /* nghttp2 waits for more of the answer */
        bool is_reset;                   /* by us, and not for what the client has done */
        bool is_closed;                  /* nghttp2 knows it no more */
        enum awaited awaited;            /* what its task waits for */
        bool is_late;                    /* the client has not come in time */
        /* Behind it, service->headers_size bytes for its headers. */
};

/** How streams answer. */
extern const struct exchange_impl http2_exchange;

static inline struct http2_stream *http2_stream_of(const eddy_http_exchange *exchange)
{
        return (struct http2_stream *)(uintptr_t)exchange;
}

/** A session whose callbacks note what comes, with what it says first: NULL where there is no memory. */
nghttp2_session *http2_session_create(struct http2 *connection);

/** A header of a stream's request has come: 0, -ENOMEM, or -E2BIG where it goes on and on. What is wrong is noted in request.status. */
int http2_request_add(struct http2_stream *stream, const char *name, size_t name_size, const char *value,
                      size_t value_size);

/** All have: 0, or what to answer. The exchange has its head from here on, which stays where it is. */
int http2_request_check(struct http2_stream *stream);

/** Bytes have come: 0, or nghttp2's error. What has to be said to them is connection->fault. */
ssize_t http2_receive(struct http2 *connection, const uint8_t *data, size_t n);

/** Something is to leave, or a task is over: see to it soon. */
void http2_schedule(struct http2 *connection);

/** We have reset a stream, or do so soon: what is under way of it is no fault. */
void http2_note_reset(struct http2 *connection, int32_t id);

/** A client has us work for nothing: who does so too often is told to go. A hundredth of what is too much is forgotten each second, so
 * that a connection may last for weeks. */
void http2_count_nuisance(struct http2 *connection, unsigned cost);

/** It has brought something, or taken it. */
void http2_make_up(struct http2 *connection, unsigned worth);

/** The client is told that a connection ends: when it answers, it knows, for a ping that was sent behind. */
void http2_ask_whether_it_knows(struct http2 *connection);

/** The client knows that it is to open no more streams: those that come from now on are not taken, and it may repeat them elsewhere. */
void http2_leave(struct http2 *connection);

/** nghttp2 knows a stream no more. */
void http2_stream_closed(struct http2_stream *stream);

/** Its task ends behind this. */
void http2_stream_over(struct http2_stream *stream);

/** Break a stream, of which the client takes nothing for whole. */
void http2_stream_reset(struct http2_stream *stream, uint32_t error);

/** Pass over what comes of a request that is answered, and that nobody reads. */
void http2_pass_over(struct http2_stream *stream);

/** There is more of its answer, or the end. */
void http2_stream_tell_more(struct http2_stream *stream);

/** Make it another protocol's, whose end receives `theirs`: 0, or as eddy_stream_pair() or eddy_transport_from_stream(). */
int http2_tunnel_open(struct http2_stream *stream, eddy_stream **theirs);

/** Bytes have come from the client; its end; or the stream is closed, or to be freed, and its tunnel with it: what has come is still had. */
void http2_tunnel_take(struct http2_tunnel *tunnel, const void *data, size_t n);
void http2_tunnel_take_end(struct http2_tunnel *tunnel);
void http2_tunnel_close(struct http2_tunnel *tunnel);

/** The client has taken some. */
void http2_tunnel_resume(struct http2_tunnel *tunnel);

/** Free one. */
void http2_stream_free(struct http2_stream *stream);

#endif
