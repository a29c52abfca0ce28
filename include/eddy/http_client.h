/* An HTTP client on libcurl. A library of its own: link with eddy-http-client.
 *
 *         eddy_http_client *client;
 *         eddy_http_response response;
 *
 *         eddy_http_client_create(&client, NULL);
 *         rc = eddy_http_fetch(client, &(eddy_http_request){.url = url, .on_body = show}, &response);
 *         if (rc == 0)
 *                 printf("%d %s\n", response.status, eddy_http_response_header(&response, "content-type"));
 *         eddy_http_response_finish(&response);
 *         eddy_http_client_destroy(client);
 */
#ifndef EDDY_HTTP_CLIENT_H
#define EDDY_HTTP_CLIENT_H

#include <eddy.h>

EDDY_BEGIN_DECLS

#define EDDY_EHTTP     (-3900) /**< the transfer failed; the detail says how */
#define EDDY_ECHECKSUM (-3901) /**< a file's checksum is another than it should be; the detail has both */

/** Keeps connections between fetches, so that one client serves many. */
typedef struct eddy_http_client eddy_http_client;

/** How a client is to be. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_client_options {
        eddy_loop *loop;             /**< whose it is; NULL: the running one */
        size_t max_connections;      /**< open at a time; further fetches wait; 0: no bound */
        size_t max_host_connections; /**< of those, to one host; 0: no bound */
        const char *user_agent;      /**< copied; NULL: "eddy/" and its version */
        void *reserved[4];           /**< zero */
} eddy_http_client_options;

/**
 * Create a client.
 *
 * @param client   receives it; give it back with eddy_http_client_destroy()
 * @param options  may be NULL
 * @return 0
 * @retval EDDY_ENOLOOP  no loop was named and none runs
 * @retval -ENOMEM       no memory
 *
 * Does not suspend. aiohttp.ClientSession().
 */
EDDY_API int eddy_http_client_create(eddy_http_client **client, const eddy_http_client_options *options);

/** Close a client's connections and give it back. No fetch may be under way. NULL is allowed. */
EDDY_API void eddy_http_client_destroy(eddy_http_client *client);

/** What a server answered. The caller's memory, filled by a fetch; end it with eddy_http_response_finish().
 */
typedef struct eddy_http_response {
        int status;       /**< of the last answer, redirects followed, such as 200; 0: there was none */
        int64_t length;   /**< bytes of body that it announced; -1: it did not say */
        int64_t received; /**< bytes of body that came */
        char *url;        /**< where it came from in the end; NULL: from nowhere */
        char *headers;    /* "Name\0value\0" one after the other */
        size_t headers_size;
        void *reserved[2];
} eddy_http_response;

/** The value of a header, its name in any case; NULL where the answer has none. Valid while the response is.
 */
EDDY_API const char *eddy_http_response_header(const eddy_http_response *response, const char *name);

/** Give back what a response holds. One that is all zero may be finished too. */
EDDY_API void eddy_http_response_finish(eddy_http_response *response);

/** What to ask for. The callbacks run in the loop, outside any task, so they must not suspend. */
typedef struct eddy_http_request {
        /** http:// or https://. What no URL may have, such as blanks, line ends and letters beyond ASCII, is sent
         * encoded ("%20"); what is encoded already stays as it is. */
        const char *url;
        const char *method;         /**< NULL: GET, or POST where there is a body */
        const char *const *headers; /**< "Name: value" each, NULL behind the last; or NULL */
        const void *body;           /**< sent with the request; NULL: none */
        size_t body_size;

        eddy_duration timeout;         /**< for the whole; 0, EDDY_FOREVER: none */
        eddy_duration connect_timeout; /**< for name, connection and TLS; 0: 30 s */
        /** Longest silence once connected; 0, EDDY_FOREVER: none. Whatever comes counts as a sign of life, and whatever
         * has reached the server: who makes progress is not late, however slow. */
        eddy_duration stall_timeout;
        int max_redirects;   /**< 0: 20; less: a redirect is an answer like any other */
        bool insecure;       /**< accept any TLS certificate */
        const char *ca_file; /**< certificates to trust, PEM; NULL: the system's */

        int64_t range_start;  /**< first byte wanted. More than 0 asks for a part: status 206 says it is one */
        int64_t range_end;    /**< last byte wanted, which asks for a part too; 0: to the end */
        const char *if_range; /**< ETag or date of the bytes already here; else the whole is sent */

        /** The answer's headers are complete; redirects have been followed. An error ends the fetch with it.
         */
        int (*on_headers)(const eddy_http_response *response, void *arg);
        /** A piece of body, valid during the call; NULL: dropped. An error ends the fetch with it. */
        int (*on_body)(const void *data, size_t n, void *arg);
        /** Bytes of body so far, and in all or -1. */
        void (*on_progress)(int64_t received, int64_t total, void *arg);
        void *arg;         /**< passed to these */
        void *reserved[4]; /**< zero */
} eddy_http_request;

/**
 * Send a request and receive its answer; the body is passed on as it comes and never kept.
 *
 * @param request   with what it points to must live until this returns
 * @param response  filled whatever happens; finish it always. NULL: nobody looks
 * @return 0 for an answer of any status, 404 included
 * @retval EDDY_TIMEOUT            a timeout of the request, or a deadline of the caller, passed
 * @retval -ETIMEDOUT              the kernel gave up on the host, which does not answer
 * @retval EDDY_CANCELLED          the caller was cancelled; the transfer is gone
 * @retval EDDY_ERESOLVE           the host has no address
 * @retval -ECONNREFUSED ...       no connection
 * @retval -ECONNRESET             the connection broke
 * @retval EDDY_EINCOMPLETE        the body ended before its announced length
 * @retval EDDY_EPROTOCOL          the answer was malformed, or the TLS handshake failed
 * @retval EDDY_EHTTP              another failure: the certificate is not trusted, too many redirects
 * @retval -EINVAL, EDDY_ENOTSUP   no URL, or none of http or https
 * @retval EDDY_ENOTASK            called outside a coroutine
 * @retval -ENOMEM                 no memory
 *
 * eddy_error_detail() has the sentence. Suspends. aiohttp.ClientSession.request().
 */
EDDY_API EDDY_ASYNC int eddy_http_fetch(eddy_http_client *client, const eddy_http_request *request,
                                        eddy_http_response *response);

/** How a download is to go. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_download_options {
        unsigned retries;      /**< attempts after the first that may fail without getting any further */
        eddy_duration backoff; /**< before the first retry, doubled for each further up to 10 s; 0: 250 ms */
        /** The longest pause that a server may ask for (Retry-After, in seconds or as a date) and is granted; where it
         * asks for more the download fails at once, since an earlier attempt would be in vain. 0: 120 s */
        eddy_duration max_wait;
        bool overwrite; /**< replace a file that is there; what is none, such as a FIFO or a device, never is */
        /** An attempt failed and another follows after a while. */
        void (*on_retry)(int error, const char *detail, eddy_duration delay, void *arg);
        /** Where the file is to appear instead of `path`, in the same folder, chosen by the head of the first answer
         * that brings bytes (Content-Disposition); valid until the download ends. Called again, up to 100 times,
         * where that name is taken by then. NULL: give it up, with -EEXIST. Runs in the loop: must not suspend. */
        const char *(*choose_path)(const eddy_http_response *response, void *arg);
        /** Connections that bring it at a time, up to 16, where it is large and the server proves that their parts are of
         * one version; 0, 1: one. Fewer where the server refuses so many. */
        unsigned segments;
        /** What all its bytes must have, such as "sha256:" and hexadecimal digits; also sha512, sha384, sha224, and, which do
         * not keep anybody from making another file with the same, sha1 and md5. NULL: nothing */
        const char *checksum;
        /** Other URLs of the same file, NULL behind the last: the next is tried where one has failed, and segments come
         * from all whose parts are proven to be of one version. At most 31. NULL: none */
        const char *const *mirrors;
        void *reserved[4]; /**< zero */
} eddy_http_download_options;

/**
 * Fetch into a file that appears under its name only when all its bytes are proven to be of one version.
 *
 * The bytes go to ".NAME.part" beside it; where that would be longer than a name may be, NAME is cut in it. What an
 * earlier attempt or process left there is continued where the server proves that it still has the same: by a strong
 * ETag, or by the very same Last-Modified together with the same size, and by sending exactly the part that is missing.
 * Any other answer is no ground to go on: the file is begun anew, or the download fails. Failures that may pass are
 * retried: of the network, and answers 408, 425, 429, 500, 502, 503 and 504. Those that cannot are not: any other
 * refusal, a redirect to what is not HTTP, a certificate that is not trusted, a disk that is full. After a failure the
 * part file stays where it can be continued, and is removed where it cannot. docs/http.md has all answers in a table.
 *
 * @param request   a GET; its on_headers and on_body are not called, and its range is not used. on_progress
 *                  counts what is in the file
 * @param path      the final name; its folder must exist
 * @param options   may be NULL
 * @param response  as for eddy_http_fetch(), of the last attempt
 * @return 0: the file is there
 * @retval -EEXIST     something has that name, and overwrite is not set or it is no file
 * @retval -EISDIR     it is the name of a folder
 * @retval -EBUSY      another process is downloading to it
 * @retval EDDY_EHTTP  the server refused; response->status and the detail say how
 * @retval EDDY_ECHECKSUM  all bytes have come and are not those of the checksum; they are gone
 * @retval EDDY_ENOTSUP    there is a checksum, and this was built without OpenSSL
 * @retval -ENOSPC, -EFBIG, -EACCES ...  the file cannot be written. No SIGXFSZ is raised
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted: there is no file of that name, and what came
 *                                       lies in the part file
 *
 * Else as eddy_http_fetch(). Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_http_download(eddy_http_client *client, const eddy_http_request *request,
                                           const char *path, const eddy_http_download_options *options,
                                           eddy_http_response *response);

EDDY_END_DECLS

#endif
