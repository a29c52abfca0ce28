#include "http/router.h"

#include "base/memory.h"
#include <llhttp.h>
#include <stdio.h>
#include <string.h>

static eddy_http_router *create(size_t prefix_size)
{
        return memory_zalloc(sizeof(eddy_http_router) + prefix_size + 1);
}

int eddy_http_router_create(eddy_http_router **created, const eddy_http_router_options *options)
{
        eddy_http_router *router = create(0);

        *created = router;
        if (!router)
                return -ENOMEM;
        router->redirects_slashes = options && options->redirects_slashes;
        return 0;
}

static void destroy(eddy_http_router *router)
{
        while (router->groups) {
                eddy_http_router *group = router->groups;

                router->groups = group->next_group;
                destroy(group);
        }
        router_tree_clear(&router->root);
        memory_free(router->middleware);
        memory_free(router);
}

void eddy_http_router_destroy(eddy_http_router *router)
{
        if (router && !router->parent)
                destroy(router);
}

/* llhttp's number of a method, or what eddy_fail() says. */
static int method_number(const char *name)
{
        static const char *const names[] = {
#define METHOD(number, identifier, text) [number] = #text,
            HTTP_METHOD_MAP(METHOD)
#undef METHOD
        };

        _Static_assert(sizeof names / sizeof *names <= ROUTER_METHODS_MAX, "each is a bit of 64");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (names[i] && i != HTTP_CONNECT && strcmp(names[i], name) == 0)
                        return (int)i;
        return eddy_fail(-EINVAL, "\"%s\" is no method that a server is asked by", name);
}

/* A route whose pattern has been put together and found good. */
static int create_route(struct router_route **created, const eddy_http_router *owner, const char *prefix,
                        const char *pattern)
{
        size_t prefix_size = strcmp(prefix, "/") == 0 ? 0 : strlen(prefix);
        size_t size = strlen(owner->prefix) + prefix_size + strlen(pattern) + 1;
        struct router_route *route = memory_zalloc(sizeof *route + size);
        struct router_part part;
        unsigned names;
        int rc;

        if (!route)
                return -ENOMEM;
        snprintf(route->pattern, size, "%s%.*s%s", owner->prefix, (int)prefix_size, prefix, pattern);
        rc = router_pattern_check(route->pattern, &names);
        if (rc < 0) {
                memory_free(route);
                return rc;
        }
        for (const char *at = route->pattern; at;) {
                at = router_pattern_next(at, &part);
                if (part.kind != ROUTER_PART_TEXT && part.size > 0)
                        route->names[route->name_count++] = part;
        }
        route->owner = owner;
        *created = route;
        return 0;
}

static eddy_http_router *router_of(eddy_http_router *group)
{
        while (group->parent)
                group = group->parent;
        return group;
}

/* It owns the route from here on where it is put there: behind those that are, at `place`. */
static int insert(eddy_http_router *router, struct router_route *route, struct router_route ***place)
{
        struct router_node *node = router_tree_reach(&router->root, route->pattern);
        struct router_route **end, *same;

        if (!node)
                return -ENOMEM;
        same = router_node_route(node, route->method);
        if (same)
                return eddy_fail(-EEXIST, "\"%s\" means the same as \"%s\", which is there already",
                                 route->pattern, same->pattern);
        for (end = &node->routes; *end;)
                end = &(*end)->next;
        *end = route;
        *place = end;
        if (route->method >= 0)
                router->methods |= UINT64_C(1) << route->method;
        return 0;
}

/* Where it succeeds, remove_at() undoes it until another route is added. */
static int add_at(struct router_route ***place, eddy_http_router *owner, const char *prefix,
                  const char *pattern, const struct router_route *is)
{
        struct router_route *route;
        int rc = create_route(&route, owner, prefix, pattern);

        if (rc < 0)
                return rc;
        route->method = is->method;
        route->handler = is->handler;
        route->arg = is->arg;
        route->is_mount = is->is_mount;
        route->is_alone = is->is_alone;
        rc = insert(router_of(owner), route, place);
        if (rc < 0)
                memory_free(route);
        return rc;
}

static int add(eddy_http_router *owner, const char *prefix, const char *pattern, const struct router_route *is)
{
        struct router_route **place;

        return add_at(&place, owner, prefix, pattern, is);
}

int eddy_http_router_add(eddy_http_router *router, const char *method, const char *pattern,
                         eddy_http_handler handler, void *arg)
{
        int number = method ? method_number(method) : ROUTER_ANY_METHOD;

        if (method && number < 0)
                return number;
        return add(router, "", pattern,
                   &(struct router_route){.method = number, .handler = handler, .arg = arg});
}

/* What is asked of the rest is nothing: what is mounted sees it. */
static const char rest[] = "/{...}";

int eddy_http_router_mount(eddy_http_router *router, const char *prefix, eddy_http_handler handler, void *arg)
{
        if (handler == eddy_http_router_handle && arg == router_of(router))
                return eddy_fail(-EINVAL, "a router cannot be mounted in itself");
        return add(router, prefix, rest,
                   &(struct router_route){
                       .method = ROUTER_ANY_METHOD,
                       .handler = handler,
                       .arg = arg,
                       .is_mount = true,
                   });
}

/* Undo what has just been added for any method, without any memory. */
static void remove_at(struct router_route **place)
{
        memory_free(*place);
        *place = NULL;
}

/* Whether it is "/", which is all that there is. */
static bool is_all(const eddy_http_router *router, const char *prefix)
{
        return !*router->prefix && (!*prefix || strcmp(prefix, "/") == 0);
}

int router_mount_with_prefix(eddy_http_router *router, const char *prefix, eddy_http_handler handler, void *arg)
{
        struct router_route **place = NULL;
        int rc = 0;

        if (!is_all(router, prefix))
                rc = add_at(&place, router, prefix, "",
                            &(struct router_route){
                                .method = ROUTER_ANY_METHOD,
                                .handler = handler,
                                .arg = arg,
                                .is_mount = true,
                                .is_alone = true,
                            });
        if (rc < 0)
                return rc;
        rc = eddy_http_router_mount(router, prefix, handler, arg);
        if (rc < 0 && place)
                remove_at(place);
        return rc;
}

/* Its prefix is good if a route below it is. */
int eddy_http_router_group(eddy_http_router **created, eddy_http_router *router, const char *prefix)
{
        struct router_route *below;
        eddy_http_router *group;
        size_t size;
        int rc = create_route(&below, router, prefix, rest);

        *created = NULL;
        if (rc < 0)
                return rc;
        size = strlen(below->pattern) - (sizeof rest - 1);
        group = create(size);
        if (group) {
                memcpy(group->prefix, below->pattern, size);
                group->parent = router;
                group->next_group = router->groups;
                router->groups = *created = group;
        }
        memory_free(below);
        return group ? 0 : -ENOMEM;
}

int eddy_http_router_use(eddy_http_router *router, eddy_http_middleware middleware, void *arg)
{
        size_t count = router->middleware_count;
        struct router_middleware *all = memory_realloc(router->middleware, (count + 1) * sizeof *all);

        if (!all)
                return -ENOMEM;
        all[count] = (struct router_middleware){middleware, arg};
        router->middleware = all;
        router->middleware_count++;
        return 0;
}
