/* What an HTTP client asks for, and what it is answered.
 *
 * A whole answer, read as it comes, for as long as the reader likes:
 *
 *         eddy_http_response response;
 *         int rc = eddy_http_send(client, &(eddy_http_request){.url = url}, &response);
 *
 *         while (rc == 0 && (n = eddy_http_response_read(&response, buffer, sizeof buffer)) > 0)
 *                 ...
 *         eddy_http_response_finish(&response);
 *
 * Clients are in eddy/http_client.h.
 */
#ifndef EDDY_HTTP_REQUEST_H
#define EDDY_HTTP_REQUEST_H

#include <eddy.h>

EDDY_BEGIN_DECLS

#define EDDY_EHTTP     (-3900) /**< the transfer failed; the detail says how */
#define EDDY_ECHECKSUM (-3901) /**< a file's checksum is another than it should be; the detail has both */

/** Keeps connections between requests, so that one client serves many. */
typedef struct eddy_http_client eddy_http_client;

/** What a server answered. The caller's memory, which must stay where it is until eddy_http_response_finish(). */
typedef struct eddy_http_response {
        int status;         /**< of the last answer, redirects followed, such as 200; 0: there was none */
        int version;        /**< of HTTP: 10, 11, 20; 0: there was no answer */
        int64_t length;     /**< bytes of body that it announced; -1: it did not say, or they come compressed */
        int64_t received;   /**< bytes of body that came, or were decompressed */
        char *url;          /**< where it came from in the end, with the UNIX socket; NULL: from nowhere */
        unsigned redirects; /**< that were followed */
        char *headers;      /* "Name\0value\0" one after the other */
        size_t headers_size;
        struct transfer *transfer; /* what is still to come */
        void *reserved[2];
} eddy_http_response;

/** A part of a multipart form: a value, or a file. */
typedef struct eddy_http_upload {
        const char *name;     /**< the field's */
        const char *filename; /**< what the file is called there; NULL: it is a value, or `path` says */
        const char
            *type; /**< such as "image/png"; NULL: none for a value, application/octet-stream for a file */
        const void *data; /**< its bytes; NULL: those of `path` */
        size_t size;      /**< of `data` */
        const char *path; /**< a file whose bytes are sent, read as they are needed */
} eddy_http_upload;

/** What to ask for. Zero is the default of each field. It must live, with what it points to, until the call returns; that of
 * eddy_http_send() until the response is finished. */
typedef struct eddy_http_request {
        /** http:// or https://, or relative where the client has a base. "http://unix:/run/app.sock:/path" asks by a UNIX socket; in
         * that one's path a colon is "%3A" and a percent sign "%25".
         * What no URL may have, such as blanks, line ends and letters beyond ASCII, is sent encoded ("%20"); what is encoded
         * already stays as it is. */
        const char *url;
        const char *method; /**< one word; NULL: GET, or POST where there is a body */
        const char *const *
            headers; /**< "Name: value" each, NULL behind the last; or NULL. "Name:" leaves out what would be sent */
        const char *const
            *query; /**< "name", "value" and so on, NULL behind the last: added to the URL, encoded; or NULL */
        const char *user; /**< "USER:PASSWORD" for Basic authentication; NULL: none, or the URL's */

        /* The body, one of these. */
        const void *
            body; /**< these bytes; NULL: none. They are sent as application/octet-stream unless a header says otherwise */
        size_t body_size;
        const char *const *form;         /**< "name", "value" and so on, NULL behind the last: as a web form */
        const eddy_http_upload *uploads; /**< as a web form with files, multipart/form-data */
        size_t upload_count;
        const char *body_path; /**< what a file holds, read as it is needed */
        /** Gives the next bytes, as many as there are, at most n; 0: the end; less: it failed, and so does the request. Called in the
         * task that sends or reads, while it waits: it may suspend, and what comes meanwhile is given when
         * it returns. Where the server has ended it by then its suspending calls
         * return EDDY_TIMEOUT */
        ssize_t (*read_body)(void *buffer, size_t n, void *arg);
        /** Begins it anew, in that task: for a redirect, a retry, or where a connection that was kept turns out to be closed. NULL: it
         * can be read once */
        int (*rewind_body)(void *arg);
        int64_t body_length; /**< of read_body's; 0: not known, so it is sent in chunks */

        eddy_duration timeout;         /**< for the whole; 0, EDDY_FOREVER: none */
        eddy_duration connect_timeout; /**< for name, connection and TLS; 0: 30 s */
        /** Longest silence once connected; 0, EDDY_FOREVER: none. Whatever comes counts as a sign of life, and whatever
         * has reached the server: who makes progress is not late, however slow. While what has come waits for its reader
         * nobody is silent, nor once all has come. */
        eddy_duration stall_timeout;
        int max_redirects;     /**< 0: 20; less: a redirect is an answer like any other */
        bool allows_downgrade; /**< a redirect may lead from https:// to http:// */
        bool keeps_encoding;   /**< a compressed body is given as it comes, not decompressed as it is read */
        /** Attempts after the first, of what may be asked for twice: a method that changes nothing the second time (GET, HEAD, PUT,
         * DELETE, OPTIONS, TRACE), a header Idempotency-Key, or a connection that was never made. The network's failures and the
         * answers 408, 425, 429, 500, 502, 503 and 504 are retried, until the head of another answer has come. */
        unsigned retries;
        eddy_duration backoff;  /**< before the first retry, doubled for each further up to 10 s; 0: 250 ms */
        eddy_duration max_wait; /**< that is granted to a server that asks for it (Retry-After); 0: 120 s */
        bool insecure;          /**< accept any TLS certificate */
        const char *ca_file;    /**< certificates to trust, PEM; NULL: the system's */

        int64_t range_start;  /**< first byte wanted. More than 0 asks for a part: status 206 says it is one */
        int64_t range_end;    /**< last byte wanted, not before the first; 0: to the end */
        const char *if_range; /**< ETag or date of the bytes already here; else the whole is sent */

        /** For eddy_http_fetch(). The answer's headers are complete; redirects have been followed. An error ends the fetch with
         * it. These must not suspend: they run in the loop, outside any task, or in the fetch's own where a body is decompressed. */
        int (*on_headers)(const eddy_http_response *response, void *arg);
        /** For eddy_http_fetch(). A piece of body, decompressed, valid during the call; NULL: dropped. An error ends the fetch with it. */
        int (*on_body)(const void *data, size_t n, void *arg);
        /** Bytes of body so far, and in all or -1. */
        void (*on_progress)(int64_t received, int64_t total, void *arg);
        void *arg;         /**< passed to these, and to those of the body */
        void *reserved[4]; /**< zero */
} eddy_http_request;

/**
 * Send a request and receive the head of its answer; the body is then read with eddy_http_response_read(), as fast as its reader
 * likes: who does not read has the server wait.
 *
 * @param request   its on_headers and on_body are not called
 * @param response  filled whatever happens; finish it always
 * @return 0 for an answer of any status, 404 included
 * @retval EDDY_TIMEOUT            a timeout of the request, or a deadline of the caller, passed
 * @retval -ETIMEDOUT              the kernel gave up on the host, which does not answer
 * @retval EDDY_CANCELLED          the caller was cancelled; the transfer is gone
 * @retval EDDY_ERESOLVE           the host has no address
 * @retval -ECONNREFUSED ...       no connection
 * @retval -ECONNRESET             the connection broke
 * @retval EDDY_EINCOMPLETE        the answer ended before its announced length, or the body did that is sent
 * @retval EDDY_EPROTOCOL          the answer was malformed, or in a transfer coding nobody asked for, or the TLS handshake failed
 * @retval EDDY_EHTTP              another failure: the certificate is not trusted, too many redirects, one that would have led from
 *                                 https:// to http://, a body that would have to be sent again and can be read once
 * @retval -EINVAL, EDDY_ENOTSUP   no URL, or none of http or https; a header, a method or a range that is none
 * @retval -ENOENT, -ENAMETOOLONG  no such UNIX socket, or none that there could be
 * @retval EDDY_ELIMIT             the head is longer than any honest server's
 * @retval EDDY_ENOTASK            called outside a coroutine
 * @retval -ENOMEM                 no memory
 *
 * What read_body returns, too. eddy_error_detail() has the sentence. Suspends. aiohttp.ClientSession.request().
 */
EDDY_API EDDY_ASYNC int eddy_http_send(eddy_http_client *client, const eddy_http_request *request,
                                       eddy_http_response *response);

/**
 * Send a request and receive its answer whole: the body is passed to the request's on_body as it comes, and never kept.
 *
 * @param response  filled whatever happens; finish it always. NULL: nobody looks
 * @return as eddy_http_send(); what a callback returned that was less than 0
 *
 * Suspends. aiohttp.ClientSession.request().
 */
EDDY_API EDDY_ASYNC int eddy_http_fetch(eddy_http_client *client, const eddy_http_request *request,
                                        eddy_http_response *response);

/**
 * Read what has come of a body, or wait for it.
 *
 * @param buffer  receives at most n bytes
 * @return how many; 0: that was all
 * @retval EDDY_EBUSY another task reads it
 * @retval -EINVAL it was fetched, not sent for: its body has gone to on_body
 * @retval EDDY_EPROTOCOL, EDDY_EINCOMPLETE, EDDY_ELIMIT  it is not what its Content-Encoding says, or not whole, or looks back further
 *                                                        than HTTP allows
 *
 * Else as eddy_http_send(); the bytes before a failure are given first. Suspends. aiohttp.ClientResponse.content.read().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_http_response_read(eddy_http_response *response, void *buffer, size_t n);

/**
 * Read a body whole.
 *
 * @param body  receives it, ended by a 0 that is not counted; give it back with eddy_free()
 * @param max   bytes that it may have, decompressed
 * @return how many it has
 * @retval EDDY_ELIMIT  it has more
 *
 * Else as eddy_http_response_read(). Suspends. aiohttp.ClientResponse.read().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_http_response_read_all(eddy_http_response *response, char **body, size_t max);

/** The value of a header, its name in any case, the first where there are several; NULL where the answer has none. Valid while the
 * response is. */
EDDY_API const char *eddy_http_response_header(const eddy_http_response *response, const char *name);

/** A header by its place, from 0 on: its name, and its value; NULL behind the last. */
EDDY_API const char *eddy_http_response_header_at(const eddy_http_response *response, unsigned place,
                                                  const char **value);

/** End a response: what has not come of it is given up, and what it holds given back. One that is all zero may be finished too. */
EDDY_API void eddy_http_response_finish(eddy_http_response *response);

EDDY_END_DECLS

#endif
