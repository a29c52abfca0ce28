/* `eddy serve --proxy PREFIX=URL`: what lies below a prefix is answered by another server. */
#ifndef SERVE_PROXY_H
#define SERVE_PROXY_H

#include <eddy/http_proxy.h>
#include <eddy/http_router.h>
#include <stdbool.h>
#include <stddef.h>

struct serve_proxy;

/** Those of the command line; zeroed at first, but for the options. */
struct serve_proxies {
        size_t count;
        struct serve_proxy *all;
        eddy_http_proxy_options options; /* of all of them; its `tls` is for https:// */
};

/** Add "PREFIX=URL", such as "/api=http://127.0.0.1:9000/base"; "/=URL" and "URL" are for all. An exit code; where that is not CLI_OK
 * it has been said why. */
int serve_proxy_add(struct serve_proxies *proxies, const char *text);

/** Have a router answer by them, where it has nothing more specific. An exit code; where that is not CLI_OK it has been said why. */
int serve_proxy_mount(const struct serve_proxies *proxies, eddy_http_router *router);

/** The URL of one that answers for everything, so that no folder is served; NULL: there is none. */
const char *serve_proxy_for_all(const struct serve_proxies *proxies);

/** Give them back, when nothing is being answered any more. */
void serve_proxy_close(struct serve_proxies *proxies);

#endif
