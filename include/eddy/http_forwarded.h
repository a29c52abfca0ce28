/* Behind proxies: who the client is, and what it asked of whom, as those proxies say that are trusted. Of libeddy-http.
 *
 *         eddy_http_networks *proxies;
 *         eddy_http_networks_create(&proxies, (const char *const[]){"10.0.0.0/8", "::1", "unix:", NULL});
 *         ...
 *         eddy_http_forwarded from;
 *         eddy_http_exchange_forwarded(exchange, &(eddy_http_forwarded_options){.trusted = proxies}, &from);
 */
#ifndef EDDY_HTTP_FORWARDED_H
#define EDDY_HTTP_FORWARDED_H

#include <eddy/http_server.h>

EDDY_BEGIN_DECLS

/** Networks and addresses; any thread may ask, once they are there. */
typedef struct eddy_http_networks eddy_http_networks;

/**
 * Make a list of networks of their texts.
 *
 * @param networks  receives it; give it back with eddy_http_networks_destroy(). NULL where this fails
 * @param texts     "10.0.0.0/8", "192.0.2.1", "fd00::/8", "::1", or "unix:" for all UNIX sockets; NULL behind the last
 * @return 0
 * @retval -EINVAL  one is none of these, or has bits behind those that count: "10.0.0.1/8" is one address or a network; the
 *                  detail says which
 * @retval -ENOMEM  no memory
 *
 * Does not suspend. ipaddress.ip_network().
 */
EDDY_API int eddy_http_networks_create(eddy_http_networks **networks, const char *const *texts);

/** Give it back. NULL is allowed. */
EDDY_API void eddy_http_networks_destroy(eddy_http_networks *networks);

/** Whether an address is in one of the networks, its port apart; "::ffff:10.0.0.1" is 10.0.0.1. NULL has none. */
EDDY_API bool eddy_http_networks_contain(const eddy_http_networks *networks, const eddy_address *address);

/** Whom to believe, and what. Zero is the default of each. */
typedef struct eddy_http_forwarded_options {
        const eddy_http_networks *trusted; /**< your own proxies; NULL: nobody is believed */
        bool standard;     /**< they say it by Forwarded (RFC 7239), not by X-Forwarded-For, -Proto and -Host */
        void *reserved[4]; /**< zero */
} eddy_http_forwarded_options;

/** Who asks, and how. */
typedef struct eddy_http_forwarded {
        eddy_address
            client; /**< the last one that a trusted proxy has told of, or who is connected; its port may be 0 */
        const char *scheme; /**< "http" or "https"; NULL: nobody who is trusted has said */
        char
            host[256]; /**< and port perhaps, by which the outermost trusted proxy was asked; "": nobody said */
        unsigned proxies; /**< trusted ones that have told of whom they serve */
} eddy_http_forwarded;

/**
 * Reads a request's headers for eddy_http_forwarded_resolve().
 *
 * @return the value of the nth line, counted from 0, of the headers of a name, in any case; NULL where there are not so many
 */
typedef const char *(*eddy_http_header_fn)(void *of, const char *name, unsigned nth);

/**
 * Find out who the client is: go from who is connected to whom it tells of, as long as the one that tells is trusted.
 *
 * @param from     receives it
 * @param options  may be NULL: nobody is believed
 * @param peer     who is connected
 * @param header   reads headers
 * @param of       passed to it
 *
 * What is no address ends the way, and what is behind it is not believed. Of the two kinds of headers only one is looked at.
 * Does not suspend. werkzeug's ProxyFix.
 */
EDDY_API void eddy_http_forwarded_resolve(eddy_http_forwarded *from, const eddy_http_forwarded_options *options,
                                          const eddy_address *peer, eddy_http_header_fn header, void *of);

/**
 * As eddy_http_forwarded_resolve(), for a request and who is connected.
 *
 * @return 0, or -errno where it is not known who is connected: -ENOTCONN
 */
EDDY_API int eddy_http_exchange_forwarded(eddy_http_exchange *exchange,
                                          const eddy_http_forwarded_options *options,
                                          eddy_http_forwarded *from);

EDDY_END_DECLS

#endif
