/* An HTTP client on libcurl: connections that are kept, cookies, proxies, HTTP/2. A library of its own: link with eddy-http-client.
 *
 *         eddy_http_client *client;
 *         eddy_http_response response;
 *         char *body = NULL;
 *
 *         rc = eddy_http_client_create(&client, NULL);
 *         rc = eddy_http_send(client, &(eddy_http_request){.url = "https://example.org/"}, &response);
 *         if (rc == 0)
 *                 n = eddy_http_response_read_all(&response, &body, 1 << 20);
 *         eddy_http_response_finish(&response);
 *         eddy_http_client_destroy(client);
 *
 * What is asked for, and what is answered, is in eddy/http_request.h.
 */
#ifndef EDDY_HTTP_CLIENT_H
#define EDDY_HTTP_CLIENT_H

#include <eddy/http_request.h>

EDDY_BEGIN_DECLS

/** Which versions of HTTP are spoken. */
typedef enum eddy_http_versions {
        EDDY_HTTP_BEST,      /**< HTTP/2 by TLS where the server has it, else HTTP/1.1 */
        EDDY_HTTP_1_ONLY,    /**< HTTP/1.1 */
        EDDY_HTTP_2_AT_ONCE, /**< HTTP/2 without asking, in the clear too */
} eddy_http_versions;

/** How a client is to be. Zero, or NULL for the whole, is the default of each. Text is copied. */
typedef struct eddy_http_client_options {
        eddy_loop *loop;             /**< whose it is; NULL: the running one */
        size_t max_connections;      /**< open at a time; further fetches wait; 0: no bound */
        size_t max_host_connections; /**< of those, to one host; 0: no bound */
        const char *user_agent;      /**< NULL: "eddy/" and its version */
        /** Where URLs that are relative begin, such as "https://example.org/api/" or "http://unix:/run/app.sock:/v1/". The client's
         * own credentials (Authorization, Proxy-Authorization, Cookie, its certificate) and Host go to its scheme, host and port, or
         * its socket, alone. NULL: no URL is relative */
        const char *base_url;
        /** "Name: value" each, NULL behind the last: sent with each request that has none of that name; or NULL */
        const char *const *headers;
        bool keeps_cookies; /**< what servers set is sent to them again, for as long as the client is; see also
                             * eddy_http_client_set_cookies() */
        /** "http://", "https://", "socks4://", "socks4a://", "socks5://" or "socks5h://" (which looks names up itself), with
         * USER:PASSWORD@ where it asks for that. NULL: what the environment says when the client is created (http_proxy, HTTPS_PROXY, ALL_PROXY,
         * NO_PROXY ...); "": none */
        const char *proxy;
        eddy_http_versions versions;
        /** The client's own, PEM, for servers that ask: of the scheme, host and port that a request names, but of no other that
         * redirects or mirrors lead to. NULL: none */
        const char *certificate_file;
        const char *key_file; /**< its key, where that is not in the same file */
        int64_t receive_rate; /**< bytes a second that all its transfers may receive together; 0: no bound */
        void *reserved[4];    /**< zero */
} eddy_http_client_options;

/**
 * Create a client.
 *
 * @param client   receives it; give it back with eddy_http_client_destroy()
 * @param options  may be NULL
 * @return 0
 * @retval EDDY_ENOLOOP  no loop was named and none runs
 * @retval -EINVAL       the base URL, the proxy or a header is none; the detail says which
 * @retval -ENAMETOOLONG  the base URL names a UNIX socket that there could not be
 * @retval -ENOMEM       no memory
 *
 * Does not suspend. aiohttp.ClientSession().
 */
EDDY_API int eddy_http_client_create(eddy_http_client **client, const eddy_http_client_options *options);

/** Close a client's connections and give it back. No request may be under way, and no response unfinished. NULL is allowed. */
EDDY_API void eddy_http_client_destroy(eddy_http_client *client);

/**
 * Put cookies into a client's jar, such as eddy_http_client_cookies() has once given.
 *
 * @param cookies  lines of Netscape's cookie file, or "Set-Cookie: ..." with a Domain; what has expired is left out
 * @return 0
 * @retval EDDY_ENOTSUP  the client keeps none: see eddy_http_client_options.keeps_cookies
 * @retval -ENOMEM       no memory
 *
 * Does not suspend. aiohttp.CookieJar.load().
 */
EDDY_API int eddy_http_client_set_cookies(eddy_http_client *client, const char *cookies);

/**
 * All cookies of a client's jar.
 *
 * @param cookies  receives lines of Netscape's cookie file, ended by 0; give them back with eddy_free(). Whoever can read them is
 *                 taken for the user: keep them in a file that nobody else may read
 * @return their bytes
 * @retval EDDY_ENOTSUP  the client keeps none
 * @retval -ENOMEM       no memory
 *
 * Does not suspend. aiohttp.CookieJar.save().
 */
EDDY_API ssize_t eddy_http_client_cookies(eddy_http_client *client, char **cookies);

/**
 * Whether two URLs have scheme, host and port in common, so that who may see the credentials of one may see those of the other.
 *
 * @param one    a URL with its scheme
 * @param other  likewise
 * @return false also where one of them is none, or memory is short
 *
 * By another name the same machine is another host, and so is each UNIX socket. Does not suspend. yarl.URL.origin().
 */
EDDY_API bool eddy_http_is_same_origin(const char *one, const char *other);

/** How a download is to go. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_download_options {
        unsigned retries;      /**< attempts after the first that may fail without getting any further */
        eddy_duration backoff; /**< before the first retry, doubled for each further up to 10 s; 0: 250 ms */
        /** The longest pause that a server may ask for (Retry-After, in seconds or as a date) and is granted; where it
         * asks for more the download fails at once, since an earlier attempt would be in vain. 0: 120 s */
        eddy_duration max_wait;
        /** Nothing of that name, and no part file of it, was there when the caller looked: neither is looked for before anything is
         * asked for. What has appeared since is not replaced: the download fails at its end then, unless `overwrite` is set */
        bool is_new;
        bool overwrite; /**< replace a file that is there; what is none, such as a FIFO or a device, never is */
        /** An attempt failed and another follows after a while; at once where parts of a file had another checksum together than
         * the file is to have, and it is fetched whole. */
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
        /** Somebody else has chosen the mirrors, such as a server: one of another scheme, host or port than the request's URL
         * gets none of the request's headers. Else it gets all but credentials and Host */
        bool mirrors_are_strangers;
        void *reserved[4]; /**< zero */
} eddy_http_download_options;

/**
 * Fetch into a file that appears under its name only when all its bytes are proven to be of one version.
 *
 * What is larger than 64 KiB goes to ".NAME.part" beside it; where that would be longer than a name may be, NAME is cut in it.
 * What an earlier attempt or process left there is continued where the server proves that it still has the same: by a strong
 * ETag, or by the very same Last-Modified together with the same size, and by sending exactly the part that is missing.
 * Any other answer is no ground to go on: the file is begun anew, or the download fails. Failures that may pass are
 * retried: of the network, and answers 408, 425, 429, 500, 502, 503 and 504. Those that cannot are not: any other
 * refusal, a redirect to what is not HTTP, a certificate that is not trusted, a disk that is full. After a failure the
 * part file stays where it can be continued, and is removed where it cannot; what another URL has left by that name goes when an
 * answer brings bytes in its place. docs/http.md has all answers in a table.
 *
 * @param request   a GET; its on_headers and on_body are not called, and its range is not used. on_progress
 *                  counts what is in the file
 * @param path      the final name; its folder must exist
 * @param options   may be NULL
 * @param response  as for eddy_http_fetch(), of the last attempt
 * @return 0: the file is there. It is not synced to the disk: after a power cut it may be there and be short
 * @retval -EEXIST     something has that name, and overwrite is not set or it is no file
 * @retval -EISDIR     it is the name of a folder
 * @retval -EBUSY      another process is downloading to it
 * @retval EDDY_EHTTP  the server refused; response->status and the detail say how
 * @retval EDDY_ECHECKSUM  all bytes have come and are not those of the checksum, also in one piece; they are gone
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
