/* A reverse proxy: requests are answered by another server of HTTP/1.1, piece by piece as they come. Of libeddy-http; docs/http-proxy.md has
 * the rules.
 *
 *         eddy_http_proxy_create(&proxy, "http://127.0.0.1:9000/base", NULL);
 *         eddy_http_proxy_mount(proxy, router, "/api");
 */
#ifndef EDDY_HTTP_PROXY_H
#define EDDY_HTTP_PROXY_H

#include <eddy/http_forwarded.h>
#include <eddy/http_router.h>
#include <eddy/tls.h>

EDDY_BEGIN_DECLS

/** A server behind this one, with the connections to it that wait for a next request; part of one loop. */
typedef struct eddy_http_proxy eddy_http_proxy;

/** By which headers the server behind is told who asks. */
typedef enum eddy_http_proxy_tells {
        EDDY_HTTP_PROXY_X_FORWARDED, /**< X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host */
        EDDY_HTTP_PROXY_FORWARDED,   /**< Forwarded (RFC 7239) */
        EDDY_HTTP_PROXY_TELLS_NOTHING, /**< by none; what the client says itself passes as it is, and proves nothing */
} eddy_http_proxy_tells;

/** A request that failed between here and the server behind, for a log. What it points to is valid during the call. */
typedef struct eddy_http_proxy_failure {
        eddy_http_exchange *exchange;
        int status; /**< that the client is told; 0: its answer had begun, and breaks */
        int error; /**< why, such as -ECONNREFUSED, -ETIMEDOUT, -EBUSY: all connections are in use, or EDDY_EPROTOCOL: the answer was none */
        const char *detail; /**< a sentence; "": nobody knows more */
} eddy_http_proxy_failure;

/** How to reach the server behind. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_proxy_options {
        eddy_duration
            connect_timeout; /**< for a connection to be there, and before that for a place to be free for it; 0: 10 s */
        eddy_duration read_timeout;  /**< for the next bytes of an answer; 0: 60 s */
        eddy_duration write_timeout; /**< for it to take something of what is sent; 0: 60 s */
        eddy_duration
            idle_timeout; /**< for a connection to wait for its next request; 0: 30 s. Less, where the server says so */
        eddy_duration
            tunnel_timeout; /**< for both sides of what has become another protocol to be silent; 0: 1 h */
        /** Connections at a time, tunnels too; further requests wait in line, and are answered by 503 where that takes too long. 0: half
         * of the descriptors that the process may have when this is created, 16,384 at most. SIZE_MAX: no bound */
        size_t max_connections;
        unsigned max_idle;    /**< connections that wait; 0: 128. UINT_MAX: none do */
        bool keeps_host;      /**< the server sees the Host that the client has named; else its own */
        bool keeps_locations; /**< Location and the paths of cookies pass as they are */
        eddy_http_proxy_tells tells;
        /** Headers of the server's answers that do not pass, such as "X-Powered-By", for whoever stands before it says that; NULL: all do. Not
         * copied, and ends with NULL */
        const char *const *hidden;
        /** Whose word of who asks is added to, such as of a proxy before this one; what others say is dropped. NULL: of nobody. Not copied */
        const eddy_http_networks *trusted;
        const char *
            via; /**< what this proxy calls itself in Via, by which a loop is found (508); NULL: no Via is added */
        eddy_tls *tls; /**< for "https://": of eddy_tls_create_client(); must stay as long as the proxy */
        const char *tls_name; /**< whom the server's certificate has to be for; NULL: the URL's host */
        void (*on_failure)(const eddy_http_proxy_failure *failure, void *arg); /**< may be NULL */
        void *arg;                                                             /**< passed to it */
        void *reserved[4];                                                     /**< zero */
} eddy_http_proxy_options;

/** What a proxy has done, and has. */
typedef struct eddy_http_proxy_counts {
        uint64_t requests;    /**< that were passed on */
        uint64_t connections; /**< that were made for them */
        uint64_t retries;  /**< requests that were sent anew, for their connection had been closed meanwhile */
        uint64_t failures; /**< that ended otherwise than by an answer, of which the client was not the cause */
        unsigned idle;     /**< connections that wait, now */
        unsigned waiting;  /**< requests that wait for one, now */
} eddy_http_proxy_counts;

/**
 * Create a proxy. Nothing is connected yet.
 *
 * @param proxy    receives it; give it back with eddy_http_proxy_destroy(). NULL where this fails
 * @param url      "http://host", "http://host:port/base", "http://unix:/run/app.sock", "http://unix:/run/app.sock:/base" or
 *                 "https://..."; what a request asks for stands behind its path. In a socket's path a blank is "%20", a colon "%3A" and a
 *                 percent sign "%25". Copied
 * @param options  may be NULL
 * @return 0
 * @retval -EINVAL  the URL is none of these, or is "https://" without `tls`; a timeout is negative; `via` is no token. The detail says
 *                  which
 * @retval -ENOMEM  no memory
 *
 * Does not suspend. httputil.NewSingleHostReverseProxy() of Go, proxy_pass of nginx.
 */
EDDY_API int eddy_http_proxy_create(eddy_http_proxy **proxy, const char *url,
                                    const eddy_http_proxy_options *options);

/**
 * Have a prefix answered by the server behind, and all that lies below it: "/api", "/api?x=1", "/api/users". eddy_http_router_mount() leaves
 * the prefix itself to others, which is of no use where a server has one path alone, such as for WebSockets or GraphQL.
 *
 * @param proxy   must live as long as the router
 * @param router  or a group
 * @param prefix  such as "/api", also with a slash at its end; "/", or "", for all. Copied
 * @return 0; otherwise nothing was added, and eddy_error_detail() says more
 * @retval -EINVAL  the prefix begins with no slash, or is no pattern otherwise
 * @retval -EEXIST  there is one already that means the same
 * @retval -ENOMEM  no memory
 *
 * Does not suspend. A location of nginx with proxy_pass.
 */
EDDY_API int eddy_http_proxy_mount(eddy_http_proxy *proxy, eddy_http_router *router, const char *prefix);

/** Give it back, when no request is being answered by it any more; connections that wait are closed. NULL is allowed. */
EDDY_API void eddy_http_proxy_destroy(eddy_http_proxy *proxy);

/**
 * Answer a request by the server behind; an eddy_http_handler. Where a router has mounted it, the prefix gives way to the path of the
 * proxy's URL.
 *
 * What fails before there is an answer is answered by 502, or 504 where the server took too long; what could not be asked for want of a
 * connection, descriptors or memory by 503; a path that leads above the URL's by 400. An answer that breaks in its midst breaks here too.
 *
 * @param proxy  an eddy_http_proxy
 * @return 0, also where the client was told of a failure; what eddy_http_exchange_read() would say of a request's body; or why the answer is not whole
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the client has gone, or the caller was interrupted: the server's connection has ended
 * @retval EDDY_EINVALIDSTATE            it has been answered, or some of its body was read before; the server behind was not asked
 *
 * Suspends. ReverseProxy.ServeHTTP() of Go.
 */
EDDY_API EDDY_ASYNC int eddy_http_proxy_answer(eddy_http_exchange *exchange, void *proxy);

/** What it has done since it was created. Does not suspend. */
EDDY_API void eddy_http_proxy_count(const eddy_http_proxy *proxy, eddy_http_proxy_counts *counts);

EDDY_END_DECLS

#endif
