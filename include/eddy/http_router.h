/* Which function answers which request of HTTP: by its path and method, and what runs around it. Link with eddy-http.
 * docs/http-server.md has the rules. */
#ifndef EDDY_HTTP_ROUTER_H
#define EDDY_HTTP_ROUTER_H

#include <eddy/http_server.h>

EDDY_BEGIN_DECLS

/** Finds a request's handler by patterns; itself a handler, and part of one loop:
 *
 *         eddy_http_router_create(&router, NULL);
 *         eddy_http_router_add(router, "GET", "/users/{id}", show_user, NULL);
 *         eddy_http_service_create(&service, eddy_http_router_handle, router, NULL);
 */
typedef struct eddy_http_router eddy_http_router;

/** What is left to run of a request, as a middleware sees it; valid until that returns. */
typedef struct eddy_http_next eddy_http_next;

/**
 * Runs around a router's handlers: before, after, or in the place of what eddy_http_next_call() goes on with. It may
 * suspend, as a handler.
 *
 * @return as a handler: what eddy_http_next_call() returned, in most cases
 */
typedef int (*eddy_http_middleware)(eddy_http_exchange *exchange, eddy_http_next *next, void *arg);

/** How a router is to work. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_router_options {
        /** A path that is not found, but would be with a slash more or less at its end, is answered by a redirection to
         * that: 301 for GET and HEAD, 308 for what has a body to send again. */
        bool redirects_slashes;
        void *reserved[4]; /**< zero */
} eddy_http_router_options;

/**
 * Create a router, of no routes.
 *
 * @param router   receives it; give it back with eddy_http_router_destroy()
 * @param options  may be NULL
 * @return 0 or -ENOMEM
 *
 * Does not suspend. aiohttp.web.UrlDispatcher, Go's http.NewServeMux().
 */
EDDY_API int eddy_http_router_create(eddy_http_router **router, const eddy_http_router_options *options);

/** Give it back, with its groups, when no request is being answered by it any more. NULL is allowed, and a group: that goes
 * with its router, and not before. */
EDDY_API void eddy_http_router_destroy(eddy_http_router *router);

/**
 * Have requests answered by a function, those that come from now on. Of all patterns that a path matches, the most
 * specific one answers, whatever the order in which they were added: segment by segment a text goes before "{name}", and
 * that before "{name...}".
 *
 * @param router   or a group: the pattern goes on behind its prefix
 * @param method   such as "GET", which answers HEAD where that has no handler of its own; NULL: any that has none
 * @param pattern  such as "/users", "/users/{id}" or "/files/{path...}"; what stands in no braces is text, without
 *                 escapes. Copied
 * @param handler  called for each request
 * @param arg      passed to it; must live as long as the router
 * @return 0; otherwise nothing was added, and eddy_error_detail() says more
 * @retval -EINVAL  the pattern is none, or the method
 * @retval -EEXIST  there is one that means the same, for this method
 * @retval -ENOMEM  no memory
 *
 * Does not suspend. aiohttp's router.add_route(), Go's ServeMux.HandleFunc().
 */
EDDY_API int eddy_http_router_add(eddy_http_router *router, const char *method, const char *pattern,
                                  eddy_http_handler handler, void *arg);

/**
 * Have all that lies below a prefix answered by a function, such as eddy_http_router_handle() with another router. It answers
 * every method, and sees the path from the slash behind the prefix on: another router by itself, any other function by
 * eddy_http_exchange_target_below(). It is as specific as the pattern "/prefix/{...}".
 *
 * @param router   or a group
 * @param prefix   such as "/api" or "/users/{id}/files"; "/" for all. Copied
 * @param handler  called for each request
 * @param arg      passed to it; must live as long as the router. A router must not be mounted in itself
 * @return as eddy_http_router_add()
 *
 * Does not suspend. aiohttp's add_subapp(), Express' app.use(path, router).
 */
EDDY_API int eddy_http_router_mount(eddy_http_router *router, const char *prefix, eddy_http_handler handler,
                                    void *arg);

/**
 * Create a group of routes that share a prefix and middleware, in the router's own tree: what is added to it stands beside what
 * else was added to the router, and the most specific answers.
 *
 * @param group   receives it; it goes with its router
 * @param router  or a group, within which it lies
 * @param prefix  such as "/admin"; "/" for none. Copied
 * @return 0, -EINVAL for a bad prefix, which eddy_error_detail() describes, or -ENOMEM
 *
 * Does not suspend.
 */
EDDY_API int eddy_http_router_group(eddy_http_router **group, eddy_http_router *router, const char *prefix);

/**
 * Have a middleware run around every handler of a router or group, and around the answers that a router makes itself,
 * such as 404. The first that was added is the outermost, and a router's are outside those of its groups.
 *
 * @param router      or a group
 * @param middleware  called for each request
 * @param arg         passed to it; must live as long as the router
 * @return 0 or -ENOMEM
 *
 * Does not suspend. aiohttp's middlewares, Express' app.use().
 */
EDDY_API int eddy_http_router_use(eddy_http_router *router, eddy_http_middleware middleware, void *arg);

/**
 * In a middleware, go on with the next one, and at last with the handler: at most once.
 *
 * @return what that returned
 * @retval EDDY_EINVALIDSTATE  it was called before
 *
 * Suspends as the handler does. The `handler(request)` of an aiohttp middleware, Express' next().
 */
EDDY_API EDDY_ASYNC int eddy_http_next_call(eddy_http_next *next, eddy_http_exchange *exchange);

/**
 * Answer a request by a router; an eddy_http_handler. What it has no handler for it answers itself: 404; 405 and OPTIONS with
 * Allow; 400 for a path that is none; 503 where there is no memory.
 *
 * @param router  an eddy_http_router, and no group
 * @return what its handler returned, or its own eddy_http_reply()
 * @retval -EINVAL  it is a group
 *
 * Suspends as the handler does.
 */
EDDY_API EDDY_ASYNC int eddy_http_router_handle(eddy_http_exchange *exchange, void *router);

/**
 * What stands in a request's path for "{name}" or "{name...}", decoded.
 *
 * @return NULL where no pattern that led here has the name; of routers within each other the inner one's goes first. Valid
 *         until the router returns
 *
 * A single segment's may contain a slash, that was sent as "%2F": it is a text, and no path. That of "{name...}" is a path which
 * is not absolute, and has no segment that is "." or "..", nor an empty one but at its end; with "%2F" in it the answer is 400. aiohttp's request.match_info, Go's
 * Request.PathValue().
 */
EDDY_API const char *eddy_http_exchange_param(const eddy_http_exchange *exchange, const char *name);

/**
 * What a request asks for, from where its handler is mounted on: "/path?query", as it was sent; outside every mount as
 * eddy_http_exchange_target(). Valid until the exchange ends.
 */
EDDY_API const char *eddy_http_exchange_target_below(eddy_http_exchange *exchange);

EDDY_END_DECLS

#endif
