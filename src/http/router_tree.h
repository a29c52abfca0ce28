/* A router's routes, as a tree of what stands between slashes. To find one costs what the path's length does, however many there
 * are. */
#ifndef HTTP_ROUTER_TREE_H
#define HTTP_ROUTER_TREE_H

#include "http/router_path.h"
#include "http/router_pattern.h"

#include <eddy/http_router.h>

enum { ROUTER_ANY_METHOD = -1, ROUTER_METHODS_MAX = 64 };

/** One pattern, for one method. */
struct router_route {
        struct router_route *next; /* of the same node */
        const eddy_http_router *owner;
        eddy_http_handler handler;
        void *arg;
        int method; /* llhttp's number of it, or ROUTER_ANY_METHOD */
        bool is_mount;
        bool is_alone; /* of a mount's prefix itself, below which nothing lies */
        unsigned name_count;
        struct router_part names[ROUTER_NAMES_MAX]; /* within the pattern */
        char pattern[];
};

/** Where a pattern's part leads. */
struct router_node {
        struct router_node **children; /* those of texts, hashed */
        unsigned child_count, room;    /* a power of two, and never full; or 0 */
        struct router_node *name, *rest;
        struct router_route *routes; /* of patterns that end here */
        uint32_t hash;
        size_t size;
        const char *text; /* behind the node */
};

/** A piece of a path, as it was sent. */
struct router_value {
        const char *at, *end;
};

/** A question, and the answer to it. */
struct router_lookup {
        int method;
        const char *end;                    /* of the path */
        bool has_further_slash;             /* the path is taken to have one more, at its end */
        const struct router_route *route;   /* what is to answer, or NULL */
        const struct router_route *nearest; /* of the most specific pattern, for whichever method */
        uint64_t methods;                   /* that all patterns of the path have together, a bit each */
        struct router_value values[ROUTER_NAMES_MAX + 1]; /* of the route's names, and a mount's rest */
};

/** The node that a pattern leads to, which is made where there is none; or NULL, no memory. What was made of it by then stays,
 * and is no route to anything. */
struct router_node *router_tree_reach(struct router_node *root, const char *pattern);

/** The route of a node for exactly this method. */
struct router_route *router_node_route(const struct router_node *node, int method);

/** Find what answers a good path, whose first slash is at `path`; false where there is none. */
bool router_tree_find(const struct router_node *root, struct router_lookup *lookup, const char *path);

/** Give back all that is below a node, and its routes. */
void router_tree_clear(struct router_node *node);

#endif
