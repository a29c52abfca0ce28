#include "http/proxy_url.h"

#include "base/memory.h"
#include "http/strict.h"
#include "http_common/escape.h"
#include <eddy/error.h>
#include <strings.h>
#include <sys/un.h>

enum { PORT = 80, SECURE_PORT = 443 };

static int refuse(const char *why, const char *text)
{
        return eddy_fail(-EINVAL, "the URL of a proxy's server, \"%s\", is wrong: %s", text, why);
}

static char *copy(const char *text, size_t n)
{
        char *made = memory_alloc(n + 1);

        if (!made)
                return NULL;
        memcpy(made, text, n);
        made[n] = '\0';
        return made;
}

/* The digits of a port that end a text: 0, or -EINVAL. None is as good as a default. */
static int parse_port(struct proxy_url *url, const char *at, const char *end)
{
        unsigned port = 0;

        for (; at < end; at++) {
                if (*at < '0' || *at > '9')
                        return -EINVAL;
                port = 10 * port + (unsigned)(*at - '0');
                if (port > UINT16_MAX)
                        return -EINVAL;
        }
        if (port > 0)
                url->port = (uint16_t)port;
        return port > 0 ? 0 : -EINVAL;
}

/* "host", "host:port", "[::1]:port": n bytes that are one as Host has it. */
static int parse_authority(struct proxy_url *url, const char *at, size_t n, const char *text)
{
        const char *end = at + n, *host = at, *host_end, *colon;

        if (!http_is_host(at, n))
                return refuse("it names no host", text);
        if (*at == '[') {
                host = at + 1;
                host_end = memchr(at, ']', n);
                colon = host_end + 1;
        } else {
                colon = memchr(at, ':', n);
                host_end = colon = colon ? colon : end;
        }
        if (colon < end && parse_port(url, colon + 1, end) < 0)
                return refuse("its port is no number from 1 to 65535", text);
        url->host = copy(host, (size_t)(host_end - host));
        url->authority = copy(at, n);
        return url->host && url->authority ? 0 : -ENOMEM;
}

static int parse_socket(struct proxy_url *url, const char *at, size_t n, const char *text)
{
        if (n == 0 || *at != '/')
                return refuse("behind unix: stands the path of a socket, from / on", text);
        url->path = copy(at, n);
        if (url->path && !escape_undo(url->path))
                return refuse("a % in the path of a socket has to be written as %25", text);
        if (url->path && strlen(url->path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
                return refuse("the path of a socket is longer than one may be", text);
        url->authority = memory_strdup("localhost");
        return url->path && url->authority ? 0 : -ENOMEM;
}

static int check_bytes(const char *text)
{
        for (const char *at = text; *at; at++)
                if (*at <= ' ' || *at > '~')
                        return refuse("a character in it has to be written as %20 or the like", text);
        if (strchr(text, '?') || strchr(text, '#'))
                return refuse("neither ? nor # can stand in it, for what is asked for stands behind it", text);
        return 0;
}

static int parse(struct proxy_url *url, const char *text)
{
        const char *at, *base;
        size_t n;
        int rc = check_bytes(text);

        if (rc < 0)
                return rc;
        url->is_secure = strncasecmp(text, "https://", 8) == 0;
        if (!url->is_secure && strncasecmp(text, "http://", 7) != 0)
                return refuse("it begins with neither http:// nor https://", text);
        url->port = url->is_secure ? SECURE_PORT : PORT;
        at = text + (url->is_secure ? 8 : 7);
        if (strncmp(at, "unix:", 5) == 0) {
                at += 5;
                base = strchrnul(at, ':');
                rc = parse_socket(url, at, (size_t)(base - at), text);
                base += *base == ':';
        } else {
                base = strchrnul(at, '/');
                rc = parse_authority(url, at, (size_t)(base - at), text);
        }
        if (rc < 0)
                return rc;
        if (*base && *base != '/')
                return refuse("a path begins with /", text);
        for (n = strlen(base); n > 0 && base[n - 1] == '/'; n--)
                ;
        url->base = copy(base, n);
        return url->base ? 0 : -ENOMEM;
}

int proxy_url_parse(struct proxy_url *url, const char *text)
{
        int rc;

        *url = (struct proxy_url){.host = NULL};
        rc = parse(url, text);
        if (rc < 0)
                proxy_url_finish(url);
        return rc;
}

void proxy_url_finish(struct proxy_url *url)
{
        memory_free(url->host);
        memory_free(url->path);
        memory_free(url->authority);
        memory_free(url->base);
        *url = (struct proxy_url){.host = NULL};
}
