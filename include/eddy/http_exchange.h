/* One request over HTTP and the answer to it, as its handler sees them. Of libeddy-http: link with eddy-http. */
#ifndef EDDY_HTTP_EXCHANGE_H
#define EDDY_HTTP_EXCHANGE_H

#include <eddy.h>

EDDY_BEGIN_DECLS

/** One request, and the answer to it. It and its strings are valid until its handler returns. */
typedef struct eddy_http_exchange eddy_http_exchange;

/**
 * Answers a request, in a task of its own, so it may suspend; by eddy_http_reply(), or piece by piece from
 * eddy_http_reply_begin() to eddy_http_reply_end(). The task is cancelled when the connection is lost. One that the client has closed
 * in order looks like one on which it only sends no more, until something is sent to it (see cancels_at_end). It is one task's
 * at a time that an exchange is.
 *
 * @return 0, or why it failed: the loop's exception handler is told, and the client gets status 500. Where it has its
 *         answer, that arrives as it is, and the connection ends behind it. A handler that returns what
 *         eddy_http_exchange_read() has returned, or what reads a form or JSON, needs no answer of its own: the client gets the
 *         status that says so
 */
typedef int (*eddy_http_handler)(eddy_http_exchange *exchange, void *arg);

/** A request's method, such as "GET". */
EDDY_API const char *eddy_http_exchange_method(const eddy_http_exchange *exchange);

/** What a request asks for, as it was sent: "/path?query". */
EDDY_API const char *eddy_http_exchange_target(eddy_http_exchange *exchange);

/** The value of a request's header, its name in any case, of its first line where it has several; NULL where it has none. */
EDDY_API const char *eddy_http_exchange_header(eddy_http_exchange *exchange, const char *name);

/**
 * The lines of a request's head, one by one, in their order: also those of one name.
 *
 * @param index  of the line, from 0
 * @param name   receives its name, as it was sent; may be NULL
 * @return its value; NULL behind the last
 */
EDDY_API const char *eddy_http_exchange_header_at(eddy_http_exchange *exchange, unsigned index,
                                                  const char **name);

/** The value of the nth line, counted from 0, of a request's header, its name in any case; NULL where there are not so many. */
EDDY_API const char *eddy_http_exchange_header_nth(eddy_http_exchange *exchange, const char *name,
                                                   unsigned nth);

/** Who asks: 0, or -errno where its connection has gone. A proxy's address, where one is in between. Request.remote. */
EDDY_API int eddy_http_exchange_peer(const eddy_http_exchange *exchange, eddy_address *address);

/**
 * How long a request's body is, as far as its head says.
 *
 * @return bytes; 0: there is none; -1: it comes in chunks or is decoded, and its length is known at its end
 */
EDDY_API int64_t eddy_http_exchange_length(eddy_http_exchange *exchange);

/**
 * Read from a request's body. A client that waits for leave (`Expect: 100-continue`) gets it by the first call.
 *
 * @param buffer  receives what has come, up to n bytes
 * @param n       at least 1
 * @return how many bytes; 0: at its end
 * @retval EDDY_ELIMIT      it is longer than the service allows; unanswered, 413
 * @retval EDDY_EPROTOCOL   its chunks, or its content coding, are none; unanswered, 400
 * @retval EDDY_ENOTSUP     the service decodes, and does not know its content coding; unanswered, 415
 * @retval EDDY_EINCOMPLETE the client, or the content coding, has ended in its midst
 * @retval -ETIMEDOUT       the client is silent for longer than the service's `timeout`; unanswered, 408
 * @retval -ECONNRESET ...  the connection has failed
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; nothing was taken
 * @retval EDDY_ENOTASK     called outside a coroutine
 *
 * Suspends until something has come. After a failure other than the last two it fails so again. Request.content.read().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_http_exchange_read(eddy_http_exchange *exchange, void *buffer, size_t n);

/**
 * Read a request's body whole.
 *
 * @param body   receives it, with a NUL behind it; give it back with eddy_free(). NULL where this fails
 * @param limit  the most that is read, bytes
 * @return its length; EDDY_ELIMIT where it is longer; -ENOMEM; otherwise as eddy_http_exchange_read()
 *
 * Suspends. Request.read().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_http_exchange_read_all(eddy_http_exchange *exchange, char **body,
                                                        size_t limit);

/**
 * Write a request's body to a file, at its position.
 *
 * @param file   open for writing
 * @param limit  the most that is taken, bytes
 * @return its length
 * @retval EDDY_ELIMIT  it is longer; what was written stays. Unanswered, 413
 * @retval -ENOSPC ...  as eddy_file_write_all(): how much was written is told by the file's length alone
 *
 * Else as eddy_http_exchange_read(). Suspends.
 */
EDDY_API EDDY_ASYNC int64_t eddy_http_exchange_read_to_file(eddy_http_exchange *exchange, eddy_file *file,
                                                            int64_t limit);

/** A header of those that came behind a body in chunks, its name in any case; NULL where it has none, or the body's end was not read. */
EDDY_API const char *eddy_http_exchange_trailer(eddy_http_exchange *exchange, const char *name);

/** What to answer. Zero is the default of each. */
typedef struct eddy_http_answer {
        int status;                 /**< 200 to 999; 0: 200 */
        const char *content_type;   /**< NULL: "text/plain; charset=utf-8" where there is a body; "": none */
        const char *const *headers; /**< further ones, "Name: value" each, NULL behind the last; or NULL */
        const void *body;           /**< may be NULL where its size is 0 */
        size_t body_size;
        void *reserved[4];
} eddy_http_answer;

/**
 * Have a header in whatever answers this request: a handler's answer, a file, or what the server says itself, such as 404 and 500. For
 * what runs around a handler (middleware), such as CORS, `Strict-Transport-Security` or a cookie.
 *
 * @param line  "Name: value", copied. One that the answer has too is there twice
 * @return 0
 * @retval EDDY_EINVALIDSTATE  it has been answered
 * @retval -EINVAL             it is no header, or one that is the answer's to say: Content-Type, Content-Length, Connection, Server, Date ...
 * @retval EDDY_ELIMIT         those that were added are more than 4 KiB
 * @retval -ENOMEM             no memory
 *
 * Does not suspend. on_response_prepare of aiohttp, ResponseWriter.Header() of Go.
 */
EDDY_API int eddy_http_exchange_add_header(eddy_http_exchange *exchange, const char *line);

/** The status of the answer that was begun; 0: none was. For what runs around a handler. StreamResponse.status. */
EDDY_API int eddy_http_exchange_status(const eddy_http_exchange *exchange);

/**
 * Answer a request, once. A body is described and not sent where none may be: to a HEAD request, and with status 204, 205
 * and 304. A Content-Type, Server or Date among the headers replaces the default, and "Connection: close" ends the
 * connection with this answer. What its length and its connection are is the server's to say: Content-Length and
 * "Connection: keep-alive" are allowed where they say what is true (to HEAD, and with 304, without a body, any length
 * is), Transfer-Encoding never. "Connection: upgrade" belongs to an Upgrade among the headers, as of 426.
 *
 * @param answer  with what it points to is free again when this returns
 * @return 0
 * @retval EDDY_EINVALIDSTATE  it has been answered
 * @retval -EINVAL             the status is none; a header is no line of a name, a colon and a value without control
 *                             characters; one of those above is there twice, counting content_type, or is not true; or
 *                             they are longer than 8 KiB. Nothing was answered
 * @retval EDDY_TIMEOUT, EDDY_CANCELLED  the caller was interrupted on entry, and nothing was answered; or while the
 *                                       client was taking it
 * @retval -ETIMEDOUT, -ECONNRESET, -EPIPE ...  the client did not take it
 * @retval EDDY_ENOTASK        called outside a coroutine
 *
 * Suspends where the client is slow. aiohttp.web.Response().
 */
EDDY_API EDDY_ASYNC int eddy_http_reply(eddy_http_exchange *exchange, const eddy_http_answer *answer);

/**
 * Answer a request with plain text.
 *
 * @param status  200 to 999; 0: 200
 * @param format  as of printf(), with what comes behind it
 * @return as eddy_http_reply(); -ENOMEM where the text is long and there is no memory for it
 *
 * Suspends where the client is slow. aiohttp.web.Response(text=...).
 */
EDDY_API EDDY_ASYNC __attribute__((format(printf, 3, 4))) int
eddy_http_reply_text(eddy_http_exchange *exchange, int status, const char *format, ...);

/**
 * Answer a request with a file: all of it, or a range, or the news that the client has it, by its conditions (If-None-Match,
 * If-Modified-Since, Range and others), which GET and HEAD may have. Its ETag is made of its time and size.
 *
 * @param file          a regular one; its position does not count. Stays the caller's
 * @param content_type  NULL: application/octet-stream
 * @param headers       further ones, such as "Content-Disposition: attachment"; NULL behind the last. May be NULL
 * @return 0
 * @retval -EINVAL  it is no regular file; a header is none, or says what is the file's to say: Content-Length, Connection, Server, Date ...
 * @retval -EIO     it became shorter meanwhile; the connection breaks
 *
 * Else as eddy_http_reply(). It is never compressed. Suspends while the disk, or the client, is slow. aiohttp.web.FileResponse().
 */
EDDY_API EDDY_ASYNC int eddy_http_reply_file(eddy_http_exchange *exchange, const eddy_file *file,
                                             const char *content_type, const char *const *headers);

/**
 * Begin an answer whose body is written piece by piece. With a Content-Length among its headers the body must have just
 * that; without one it leaves in chunks, or to a client of HTTP/1.0 until the connection ends.
 *
 * @param answer  its body is the first piece; with what it points to it is free again when this returns
 * @return 0, or as eddy_http_reply()
 *
 * A handler that returns before eddy_http_reply_end() breaks the connection, or in HTTP/2 its stream: no client takes what it got for
 * all there is.
 * Suspends where the client is slow. aiohttp.web.StreamResponse.prepare().
 */
EDDY_API EDDY_ASYNC int eddy_http_reply_begin(eddy_http_exchange *exchange, const eddy_http_answer *answer);

/**
 * Write a piece of an answer's body. It leaves at the end of the loop's iteration, or at once where it is large; where the service
 * compresses, with what follows it, but for events and the like (see docs/http-compression.md).
 *
 * @param data  is free again when this returns
 * @return 0
 * @retval EDDY_EINVALIDSTATE  no answer was begun, or it has ended
 * @retval -EINVAL             it is longer than the answer's Content-Length: nothing of it was written
 * @retval -EPIPE              nobody takes a body: the request is HEAD, or the status 204, 205 or 304. A handler that returns it has answered
 * @retval EDDY_TIMEOUT, EDDY_CANCELLED  the caller was interrupted; how much was written is not known. Where it is compressed, and was
 *                                       taken in part, the answer cannot go on: further calls say the same
 * @retval -ENOMEM             no memory to send or to compress it
 * @retval -ETIMEDOUT, -ECONNRESET, -EPIPE ...  the client did not take it
 * @retval EDDY_ENOTASK        called outside a coroutine
 *
 * Suspends where the client is slow. StreamResponse.write().
 */
EDDY_API EDDY_ASYNC int eddy_http_reply_write(eddy_http_exchange *exchange, const void *data, size_t n);

/**
 * End an answer that was begun.
 *
 * @return 0
 * @retval EDDY_EINVALIDSTATE  no answer was begun, or it has ended
 * @retval EDDY_EINCOMPLETE    less was written than its Content-Length says; it stays to be written
 * @retval -ECONNRESET, -EPIPE ...  the client did not take it
 *
 * Does not suspend. StreamResponse.write_eof().
 */
EDDY_API int eddy_http_reply_end(eddy_http_exchange *exchange);

/**
 * As eddy_http_reply_end(), with headers behind the body ("Name: value" each, NULL behind the last). They leave where the body does in
 * chunks; elsewhere nobody could take them, and they are left out.
 *
 * @retval -EINVAL  one is no header, or may not come there: Content-Length, Connection, Transfer-Encoding, Content-Type, Date, Server
 */
EDDY_API int eddy_http_reply_end_with(eddy_http_exchange *exchange, const char *const *trailers);

/**
 * Tell what the answer's headers will be, as far as that is known, so that the client can begin with what they name (103 Early
 * Hints). Any number of times before the answer; to clients of HTTP/1.0, nothing is sent.
 *
 * @param headers  such as "Link: </style.css>; rel=preload"; NULL behind the last
 * @return 0; EDDY_EINVALIDSTATE where it has been answered; -EINVAL where one is no header; or why the connection has failed
 *
 * Does not suspend.
 */
EDDY_API int eddy_http_reply_hints(eddy_http_exchange *exchange, const char *const *headers);

/** A message of a stream of events (server-sent events, `text/event-stream`). Zero is the default of each. */
typedef struct eddy_http_event {
        const char *
            data; /**< its text, of any number of lines; NULL: none, which is a comment to keep the connection */
        const char *name; /**< what kind of event it is; NULL: a "message" */
        const char *
            id; /**< where the client goes on from when it comes again, by Last-Event-ID; NULL: it keeps the last */
        eddy_duration retry; /**< how long it waits before it comes again; 0: as it does */
        void *reserved[4];   /**< zero */
} eddy_http_event;

/**
 * Send an event; the first one begins the answer, unless eddy_http_reply_begin() has.
 *
 * @return 0; -EINVAL where its name or id has a line end in it; -ENOMEM; otherwise as eddy_http_reply_write()
 *
 * Suspends where the client is slow. aiohttp-sse.
 */
EDDY_API EDDY_ASYNC int eddy_http_reply_event(eddy_http_exchange *exchange, const eddy_http_event *event);

/**
 * Turn to another protocol: the client is told so (101 Switching Protocols), and its connection is the handler's from now on; of HTTP/2 a
 * stream is, for a WebSocket alone.
 *
 * @param headers  of that answer, among them "Upgrade: NAME"; "Connection: Upgrade" is added where it is not there. NULL
 *                 behind the last
 * @param stream   receives it; give it back with eddy_stream_destroy(), before or after the handler returns
 * @return 0
 * @retval EDDY_EINVALIDSTATE  it has been answered, or has a body that was not read
 * @retval -EINVAL             a header is none
 * @retval EDDY_ENOTSUP        the client speaks HTTP/1.0, did not ask for it (`Connection: upgrade`), or speaks HTTP/2 and asks for no
 *                             WebSocket
 * @retval -ENOMEM, -EMFILE, -ECONNRESET ...  no memory, no descriptor for a WebSocket of HTTP/2, or the connection has failed
 *
 * Does not suspend.
 */
EDDY_API int eddy_http_exchange_upgrade(eddy_http_exchange *exchange, const char *const *headers,
                                        eddy_stream **stream);

EDDY_END_DECLS

#endif
