/* A router, and a group of one: what is built before requests come. */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "http/router_tree.h"

struct router_middleware {
        eddy_http_middleware run;
        void *arg;
};

struct eddy_http_router {
        eddy_http_router *parent; /* that a group is of; NULL: this is a router */
        eddy_http_router *groups; /* within it, all of them */
        eddy_http_router *next_group;
        struct router_middleware *middleware;
        size_t middleware_count;
        struct router_node root; /* of a router; a group's routes are in there */
        uint64_t methods;        /* of a router: that any route is for, a bit each */
        bool redirects_slashes;
        char prefix[]; /* of a group, with those of its parents */
};

/** As eddy_http_router_mount(), and the prefix itself is answered too: what is mounted there sees nothing of the path. */
int router_mount_with_prefix(eddy_http_router *router, const char *prefix, eddy_http_handler handler,
                             void *arg);

#endif
