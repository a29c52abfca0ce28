#include "websocket/url.h"

#include <eddy/error.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

enum { PORT = 80, SECURE_PORT = 443 };

static int refuse(const char *why)
{
        return eddy_fail(-EINVAL, "the URL of the WebSocket is wrong: %s", why);
}

static bool take_scheme(struct url *url, const char **rest)
{
        url->is_secure = strncasecmp(*rest, "wss://", 6) == 0;
        if (!url->is_secure && strncasecmp(*rest, "ws://", 5) != 0)
                return false;
        *rest += url->is_secure ? 6 : 5;
        url->port = url->is_secure ? SECURE_PORT : PORT;
        return true;
}

static int read_port(struct url *url, const char *text, const char *end)
{
        unsigned port = 0;

        if (text == end)
                return 0;
        if (*text++ != ':')
                return refuse("behind the host comes a colon and a port");
        for (; text < end && port <= UINT16_MAX; text++) {
                if (*text < '0' || *text > '9')
                        break;
                port = port * 10 + (unsigned)(*text - '0');
        }
        if (text < end || port == 0 || port > UINT16_MAX)
                return refuse("the port is no number from 1 to 65535");
        url->port = (uint16_t)port;
        return 0;
}

static int read_authority(struct url *url)
{
        const char *host = url->authority, *end = host + url->authority_size, *host_end;

        if (memchr(host, '@', (size_t)url->authority_size))
                return refuse("it has a user's name in it; send an Authorization header instead");
        if (*host == '[') {
                host++;
                host_end = memchr(host, ']', (size_t)(end - host));
                if (!host_end)
                        return refuse("an IPv6 address is between [ and ]");
        } else {
                host_end = memchr(host, ':', (size_t)(end - host));
                host_end = host_end ? host_end : end;
        }
        if (host_end == host || host_end - host >= URL_MAX_HOST)
                return refuse("it has no host, or one too long");
        memcpy(url->host, host, (size_t)(host_end - host));
        url->host[host_end - host] = '\0';
        return read_port(url, host_end + (host_end < end && *host_end == ']'), end);
}

int url_read(struct url *url, const char *text)
{
        *url = (struct url){.port = 0};
        if (!take_scheme(url, &text))
                return refuse("it begins with neither ws:// nor wss://");
        for (const char *c = text; *c; c++) {
                if (*c <= ' ' || *c > '~')
                        return refuse("a character in it has to be written as %20 or the like");
        }
        if (strchr(text, '#'))
                return refuse("it has a fragment (#), which is never sent");
        url->authority = text;
        url->authority_size = (int)strcspn(text, "/?");
        url->target = text + url->authority_size;
        return read_authority(url);
}
