/* ws://host:port/path?query, and wss:// over TLS. */
#ifndef WEBSOCKET_URL_H
#define WEBSOCKET_URL_H

#include <stdbool.h>
#include <stdint.h>

enum { URL_MAX_HOST = 256 };

struct url {
        bool is_secure;
        uint16_t port;
        char host[URL_MAX_HOST];        /* an IPv6 address without its brackets */
        const char *authority, *target; /* of the text: as it goes into the Host header, and behind that */
        int authority_size;
};

/** Read one: 0, or -EINVAL with a sentence. */
int url_read(struct url *url, const char *text);

#endif
