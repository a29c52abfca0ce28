/* Where a proxy's server is. */
#ifndef HTTP_PROXY_URL_H
#define HTTP_PROXY_URL_H

#include <stdbool.h>
#include <stdint.h>

/** Texts are its own. */
struct proxy_url {
        bool is_secure;
        char *host; /* a name or an address; NULL: it is at a UNIX socket */
        uint16_t port;
        char *path;      /* of that socket, its escapes undone */
        char *authority; /* as Host has it */
        char *base;      /* what stands before each path; no slash at its end, so that it may be "" */
};

/** 0; -EINVAL, of which the detail says more; -ENOMEM. */
int proxy_url_parse(struct proxy_url *url, const char *text);

void proxy_url_finish(struct proxy_url *url);

#endif
