/* Where the server behind a proxy names itself in its answers, the client is to see the proxy: in Location, and in the paths of cookies. */
#include "http/proxy.h"

#include "http/strict.h"
#include <strings.h>

/* Whether a text goes on with this authority, and then with a path or its end. */
static const char *pass_authority(const char *at, const char *authority, size_t n)
{
        if (strncasecmp(at, authority, n) != 0 ||
            !(at[n] == '/' || at[n] == '\0' || at[n] == '?' || at[n] == '#'))
                return NULL;
        return at + n;
}

/* The path of a URL that names the server, or the client's way to it; NULL: it names another. */
static const char *find_path(const struct proxy_pass *pass, const char *value)
{
        const char *authority = pass->proxy->url.authority, *path;
        const struct http_span *host = http_request_field(pass->exchange->request, FIELD_HOST);

        if (*value == '/' && value[1] != '/')
                return value;
        if (strncasecmp(value, "http://", 7) == 0)
                value += 7;
        else if (strncasecmp(value, "https://", 8) == 0)
                value += 8;
        else
                return NULL;
        path = pass_authority(value, authority, strlen(authority));
        if (!path && pass->proxy->options.keeps_host && host)
                path = pass_authority(value, http_text(pass->exchange->head, *host), host->size);
        return path;
}

/* What is behind the base in a path; NULL: it lies elsewhere. `ends`: bytes that may come behind the base. */
static const char *pass_base(const struct proxy_pass *pass, const char *path, const char *ends)
{
        size_t n = strlen(pass->proxy->url.base);

        if (strncmp(path, pass->proxy->url.base, n) != 0 || (path[n] != '\0' && !strchr(ends, path[n])))
                return NULL;
        return path + n;
}

/* Prefix and rest, as a path that cannot be taken for a host: how many bytes, or 0. */
static size_t put_path(const struct proxy_pass *pass, const char *rest, size_t n, char *at, size_t room)
{
        size_t prefix = (size_t)(pass->prefix_end - pass->prefix);
        bool needs_slash = prefix == 0 && (n == 0 || *rest != '/');

        if (prefix + needs_slash + n + 1 > room ||
            (prefix == 0 && n > 1 && rest[0] == '/' && (rest[1] == '/' || rest[1] == '\\')))
                return 0;
        memcpy(at, pass->prefix, prefix);
        if (needs_slash)
                at[prefix] = '/';
        memcpy(at + prefix + needs_slash, rest, n);
        at[prefix + needs_slash + n] = '\0';
        return prefix + needs_slash + n;
}

size_t proxy_location_rewrite(const struct proxy_pass *pass, const char *value, char *at, size_t room)
{
        const char *path = pass->prefix ? find_path(pass, value) : NULL;
        const char *rest = path ? pass_base(pass, path, "/?#") : NULL;

        return rest ? put_path(pass, rest, strlen(rest), at, room) : 0;
}

/* A cookie's attribute: what is behind its name and "="; NULL: it is another. */
static const char *find_attribute(const char *at, size_t n, const char *name, size_t *size)
{
        const char *end = at + n;
        size_t name_size = strlen(name);

        if (n < name_size || strncasecmp(at, name, name_size) != 0)
                return NULL;
        at += name_size;
        while (at < end && *at == ' ')
                at++;
        if (at == end || *at++ != '=')
                return NULL;
        while (at < end && (*at == ' ' || *at == '\t'))
                at++;
        while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
                end--;
        *size = (size_t)(end - at);
        return at;
}

/* What grows of a cookie. */
struct cookie {
        char *at;
        size_t size, room;
        bool is_too_long, is_other;
};

static void put(struct cookie *cookie, const char *data, size_t n)
{
        if (cookie->size + n + 1 > cookie->room) {
                cookie->is_too_long = true;
                return;
        }
        memcpy(cookie->at + cookie->size, data, n);
        cookie->size += n;
        cookie->at[cookie->size] = '\0';
}

/* One attribute, with the semicolon before it. */
static void put_attribute(const struct proxy_pass *pass, struct cookie *cookie, const char *at, size_t n)
{
        const char *host = pass->proxy->url.host, *value, *rest;
        char path[1024];
        size_t size, written;

        value = find_attribute(at, n, "domain", &size);
        if (value && host &&
            http_is_text(value + (size > 0 && *value == '.'), size - (size > 0 && *value == '.'), host)) {
                cookie->is_other = true; /* without one it is for the host that was asked */
                return;
        }
        value = find_attribute(at, n, "path", &size);
        if (value && size > 0 && size < sizeof path && *value == '/') {
                memcpy(path, value, size);
                path[size] = '\0';
                rest = pass_base(pass, path, "/");
                if (rest && pass->prefix_end > pass->prefix && strcmp(rest, "/") == 0)
                        rest++; /* of "/" itself: the prefix, and what lies below */
                written = rest ? put_path(pass, rest, strlen(rest), cookie->at + cookie->size + 7,
                                          cookie->room > cookie->size + 7 ? cookie->room - cookie->size - 7 : 0)
                               : 0;
                if (written > 0) {
                        memcpy(cookie->at + cookie->size, "; Path=", 7);
                        cookie->size += 7 + written;
                        cookie->is_other = true;
                        return;
                }
        }
        put(cookie, "; ", 2);
        put(cookie, at, n);
}

size_t proxy_cookie_rewrite(const struct proxy_pass *pass, const char *value, char *at, size_t room)
{
        struct cookie cookie = {.at = at, .room = room};
        const char *semicolon = strchrnul(value, ';');

        if (!pass->prefix)
                return 0;
        put(&cookie, value, (size_t)(semicolon - value));
        while (*semicolon) {
                const char *attribute = semicolon + 1 + strspn(semicolon + 1, " \t");

                semicolon = strchrnul(attribute, ';');
                put_attribute(pass, &cookie, attribute, (size_t)(semicolon - attribute));
        }
        return cookie.is_other && !cookie.is_too_long ? cookie.size : 0;
}
