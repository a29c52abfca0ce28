/* A request is looked up first, and then the middleware runs, so that it sees the names' values and is around whatever comes of
 * it. */
#include "http/router.h"

#include "base/memory.h"
#include "http/exchange.h"
#include <stdio.h>

enum { TEXT_MAX = 256, ALLOW_MAX = 512, LOCATION_MAX = 4096 };

/** What a router makes of one request; on the stack of eddy_http_router_handle(). */
struct routing {
        struct routing *outer;                  /* of the router that this one is mounted in */
        const eddy_http_router *router, *owner; /* the latter: whose middleware runs, and its parents' */
        const struct router_route *route;
        size_t below;     /* where the path of what is mounted begins within the target */
        int status;       /* of the router's own answer; 0: the route answers */
        uint64_t methods; /* that Allow is to say */
        const char *path, *path_end;
        const char *values[ROUTER_NAMES_MAX];
        char *text; /* that they are in: short, or given back at the end */
        char short_text[TEXT_MAX];
};

struct eddy_http_next {
        struct routing *routing;
        const eddy_http_router *level; /* whose middleware it is */
        size_t index;
        bool was_called;
};

/* The values of the names, decoded, in one block. */
static int decode_values(struct routing *routing, const struct router_value *values)
{
        const struct router_route *route = routing->route;
        size_t size = route->name_count;
        char *text = routing->short_text;

        for (unsigned i = 0; i < route->name_count; i++)
                size += (size_t)(values[i].end - values[i].at);
        if (size > sizeof routing->short_text)
                text = memory_alloc(size);
        if (!text)
                return HTTP_STATUS_SERVICE_UNAVAILABLE;
        routing->text = text;
        for (unsigned i = 0; i < route->name_count; i++) {
                routing->values[i] = text;
                text = router_path_decode(values[i].at, values[i].end, text);
                if (route->names[i].kind == ROUTER_PART_REST &&
                    router_path_has_escaped_slash(values[i].at, values[i].end))
                        return HTTP_STATUS_BAD_REQUEST;
        }
        return 0;
}

/* Whether the path would be found with a slash more, or less. A browser takes a backslash for a slash, so one that is sent
 * where to go could be sent to another host by a path with it. */
static bool is_found_elsewhere(const struct routing *routing, int method)
{
        size_t size = (size_t)(routing->path_end - routing->path);
        bool has_slash = routing->path_end[-1] == '/';
        struct router_lookup lookup = {
            .method = method,
            .end = routing->path_end - (has_slash ? 1 : 0),
            .has_further_slash = !has_slash,
        };

        return size > 1 && !memchr(routing->path, '\\', size) &&
               router_tree_find(&routing->router->root, &lookup, routing->path);
}

static int status_elsewhere(const struct routing *routing, int method)
{
        if (!routing->router->redirects_slashes || !is_found_elsewhere(routing, method))
                return HTTP_STATUS_NOT_FOUND;
        return method == HTTP_GET || method == HTTP_HEAD ? HTTP_STATUS_MOVED_PERMANENTLY
                                                         : HTTP_STATUS_PERMANENT_REDIRECT;
}

static uint64_t bit(int method)
{
        return UINT64_C(1) << method;
}

/* Where what a mount leaves of the path begins: with a slash, or at its end. */
static const char *rest_of(const struct router_lookup *lookup)
{
        return lookup->route->is_alone ? lookup->end : lookup->values[lookup->route->name_count].at - 1;
}

/* The status of the router's own answer to a path that is good, or 0. `below`: where within the target it begins. */
static int look_up(struct routing *routing, int method, size_t below)
{
        struct router_lookup lookup = {.method = method, .end = routing->path_end};

        router_tree_find(&routing->router->root, &lookup, routing->path);
        routing->methods = lookup.methods;
        if (lookup.nearest)
                routing->owner = lookup.nearest->owner;
        if (!lookup.route) {
                if (!lookup.nearest)
                        return status_elsewhere(routing, method);
                return method == HTTP_OPTIONS ? HTTP_STATUS_NO_CONTENT : HTTP_STATUS_METHOD_NOT_ALLOWED;
        }
        routing->route = lookup.route;
        routing->owner = lookup.route->owner;
        if (lookup.route->is_mount)
                routing->below = below + (size_t)(rest_of(&lookup) - routing->path);
        return decode_values(routing, lookup.values);
}

/* What is to become of a request: likewise. */
static int decide(struct routing *routing, eddy_http_exchange *exchange)
{
        const char *target = eddy_http_exchange_target(exchange);
        const char *path = http_target_path(target, strlen(target), &routing->path_end);
        int method = exchange->request->method, rc;
        size_t below;

        if (!path) {
                routing->methods = routing->router->methods;
                return method == HTTP_OPTIONS ? HTTP_STATUS_NO_CONTENT : HTTP_STATUS_BAD_REQUEST;
        }
        below = exchange->route_at ? exchange->route_at : (size_t)(path - target);
        routing->path = target + below;
        if (routing->path == routing->path_end) { /* of a URL that is a host alone */
                routing->path = "/";
                routing->path_end = routing->path + 1;
        }
        rc = router_path_check(routing->path, routing->path_end);
        if (rc < 0)
                return rc == -EINVAL ? HTTP_STATUS_BAD_REQUEST : HTTP_STATUS_NOT_FOUND;
        return look_up(routing, method, below);
}

static int call_route(struct routing *routing, eddy_http_exchange *exchange)
{
        const struct router_route *route = routing->route;
        size_t route_at = exchange->route_at;
        int rc;

        if (route->is_mount)
                exchange->route_at = routing->below;
        rc = route->handler(exchange, route->arg);
        exchange->route_at = route_at;
        return rc;
}

static void add_word(char *line, const char *word)
{
        strcat(line, line[strlen(line) - 1] == ':' ? " " : ", ");
        strcat(line, word);
}

/* "Allow: GET, HEAD, OPTIONS" or the like. All methods together fit. */
static void write_allow(char line[ALLOW_MAX], uint64_t methods)
{
        methods |= bit(HTTP_OPTIONS) | (methods & bit(HTTP_GET) ? bit(HTTP_HEAD) : 0);
        strcpy(line, "Allow:");
        for (; methods; methods &= methods - 1)
                add_word(line, llhttp_method_name((llhttp_method_t)__builtin_ctzll(methods)));
}

/* The whole path, not what a mount leaves of it, and as it was sent; so is the query. */
static int reply_elsewhere(const struct routing *routing, eddy_http_exchange *exchange)
{
        const char *target = eddy_http_exchange_target(exchange), *end;
        const char *path = http_target_path(target, strlen(target), &end);
        bool has_slash = end[-1] == '/';
        int size = (int)(end - path) - has_slash, rc;
        char *line = strlen(path) < LOCATION_MAX ? memory_alloc(LOCATION_MAX + 16) : NULL;

        if (!line)
                return exchange_reply_status(exchange,
                                             strlen(path) < LOCATION_MAX ? HTTP_STATUS_SERVICE_UNAVAILABLE
                                                                         : HTTP_STATUS_NOT_FOUND,
                                             NULL);
        snprintf(line, LOCATION_MAX + 16, "Location: %.*s%s%s", size, path, has_slash ? "" : "/", end);
        rc = exchange_reply_status(exchange, routing->status, line);
        memory_free(line);
        return rc;
}

static int answer(struct routing *routing, eddy_http_exchange *exchange)
{
        char allow[ALLOW_MAX];

        switch (routing->status) {
        case 0:
                return call_route(routing, exchange);
        case HTTP_STATUS_NO_CONTENT:
        case HTTP_STATUS_METHOD_NOT_ALLOWED:
                write_allow(allow, routing->methods);
                return exchange_reply_allowed(exchange, allow);
        case HTTP_STATUS_MOVED_PERMANENTLY:
        case HTTP_STATUS_PERMANENT_REDIRECT:
                return reply_elsewhere(routing, exchange);
        default:
                return exchange_reply_status(exchange, routing->status, NULL);
        }
}

/* The group within `level` on the way to the owner; NULL where that is `level`. */
static const eddy_http_router *inner_level(const struct routing *routing, const eddy_http_router *level)
{
        const eddy_http_router *inner = routing->owner;

        if (inner == level)
                return NULL;
        while (inner->parent != level)
                inner = inner->parent;
        return inner;
}

static int go_on(struct routing *routing, const eddy_http_router *level, size_t index,
                 eddy_http_exchange *exchange)
{
        eddy_http_next next;

        for (; level; level = inner_level(routing, level), index = 0)
                if (index < level->middleware_count) {
                        next = (eddy_http_next){routing, level, index, false};
                        return level->middleware[index].run(exchange, &next, level->middleware[index].arg);
                }
        return answer(routing, exchange);
}

int eddy_http_next_call(eddy_http_next *next, eddy_http_exchange *exchange)
{
        if (next->was_called)
                return eddy_fail(EDDY_EINVALIDSTATE, "a middleware went on twice");
        next->was_called = true;
        return go_on(next->routing, next->level, next->index + 1, exchange);
}

int eddy_http_router_handle(eddy_http_exchange *exchange, void *arg)
{
        const eddy_http_router *router = arg;
        struct routing routing;
        int rc;

        if (router->parent)
                return eddy_fail(-EINVAL, "a group answers by its router");
        routing.outer = exchange->routing;
        routing.router = routing.owner = router;
        routing.route = NULL;
        routing.text = routing.short_text;
        routing.status = decide(&routing, exchange);
        exchange->routing = &routing;
        rc = go_on(&routing, router, 0, exchange);
        exchange->routing = routing.outer;
        if (routing.text != routing.short_text)
                memory_free(routing.text);
        return rc;
}

const char *eddy_http_exchange_param(const eddy_http_exchange *exchange, const char *name)
{
        size_t size = strlen(name);

        for (const struct routing *routing = exchange->routing; routing; routing = routing->outer) {
                if (!routing->route || routing->status)
                        continue;
                for (unsigned i = 0; i < routing->route->name_count; i++) {
                        const struct router_part *part = &routing->route->names[i];

                        if (part->size == size && memcmp(part->text, name, size) == 0)
                                return routing->values[i];
                }
        }
        return NULL;
}

const char *eddy_http_exchange_target_below(eddy_http_exchange *exchange)
{
        const char *below = eddy_http_exchange_target(exchange) + exchange->route_at;

        return *below ? below : "/";
}
