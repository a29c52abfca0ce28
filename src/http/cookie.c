/* Cookies after RFC 6265bis: read as they come, one broken one harming no other, and set as browsers keep them. */
#include <eddy/http_cookie.h>

#include "http/line.h"
#include "http/strict.h"
#include <string.h>
#include <strings.h>

enum { MAX_PAIR = 4096, MAX_ATTRIBUTE = 1024, MAX_AGE = 400 * 24 * 3600 };

/* A stretch of the header without the blanks around it. */
struct stretch {
        const char *at, *end;
};

static bool is_blank(char byte)
{
        return byte == ' ' || byte == '\t';
}

static struct stretch trim(const char *at, const char *end)
{
        while (at < end && is_blank(*at))
                at++;
        while (at < end && is_blank(end[-1]))
                end--;
        return (struct stretch){at, end};
}

const char *eddy_http_cookie_find(const char *header, const char *name, size_t *size)
{
        size_t n = strlen(name);

        for (const char *at = header, *end; at; at = *end ? end + 1 : NULL) {
                const char *equals;
                struct stretch part;

                end = at + strcspn(at, ";"); /* within quotes too, so that no value swallows others */
                equals = memchr(at, '=', (size_t)(end - at));
                if (!equals)
                        continue;
                part = trim(at, equals);
                if ((size_t)(part.end - part.at) != n || memcmp(part.at, name, n) != 0)
                        continue;
                part = trim(equals + 1, end);
                if (part.end - part.at >= 2 && *part.at == '"' && part.end[-1] == '"')
                        part = (struct stretch){part.at + 1, part.end - 1};
                *size = (size_t)(part.end - part.at);
                return part.at;
        }
        return NULL;
}

static bool is_name(const char *name)
{
        if (!name || !*name)
                return false;
        while (http_is_token_byte(*name))
                name++;
        return *name == '\0';
}

static bool is_visible(char byte)
{
        return (unsigned char)byte > ' ' && (unsigned char)byte < 0x7f;
}

/* The first byte of a text that is none of the visible ones, or is one of `others`; NULL: all may be there. */
static const char *find_bad(const char *text, const char *others)
{
        for (; *text; text++)
                if (!is_visible(*text) || strchr(others, *text))
                        return text;
        return NULL;
}

static bool is_domain(const char *domain)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

        domain += *domain == '.';
        return *domain && *domain != '.' && domain[strspn(domain, letters)] == '\0' && !strstr(domain, "..");
}

static int check_texts(const eddy_http_cookie *cookie, const char *value)
{
        if (!is_name(cookie->name))
                return eddy_fail(-EINVAL, "a cookie's name has to be a token");
        if (find_bad(value, "\",;\\"))
                return eddy_fail(
                    -EINVAL,
                    "cookie %s: a value may have no blank, quote, comma, semicolon, backslash, control "
                    "character or byte beyond ASCII: encode it",
                    cookie->name);
        if (strlen(cookie->name) + strlen(value) > MAX_PAIR)
                return eddy_fail(-EINVAL, "a cookie of more than %d bytes, which no browser keeps", MAX_PAIR);
        if (cookie->path &&
            (*cookie->path != '/' || find_bad(cookie->path, ";") || strlen(cookie->path) > MAX_ATTRIBUTE))
                return eddy_fail(-EINVAL, "cookie %s: its path is none", cookie->name);
        if (cookie->domain && (!is_domain(cookie->domain) || strlen(cookie->domain) > MAX_ATTRIBUTE))
                return eddy_fail(-EINVAL, "cookie %s: its domain is none", cookie->name);
        return 0;
}

/* Browsers look at these names in any case. */
static bool begins(const char *name, const char *prefix)
{
        return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

static int check_promises(const eddy_http_cookie *cookie)
{
        bool is_host = begins(cookie->name, "__Host-");

        if ((is_host || begins(cookie->name, "__Secure-")) && !cookie->secure)
                return eddy_fail(-EINVAL, "cookie %s: a name that begins so is for secure cookies",
                                 cookie->name);
        if (is_host && (cookie->domain || !cookie->path || strcmp(cookie->path, "/") != 0))
                return eddy_fail(-EINVAL, "cookie %s: a name that begins so needs the path \"/\" and no domain",
                                 cookie->name);
        if (cookie->same_site == EDDY_HTTP_SAME_SITE_NONE && !cookie->secure)
                return eddy_fail(-EINVAL, "cookie %s: SameSite=None is for secure cookies", cookie->name);
        if (cookie->partitioned && !cookie->secure)
                return eddy_fail(-EINVAL, "cookie %s: only secure ones are partitioned", cookie->name);
        if ((unsigned)cookie->same_site > EDDY_HTTP_SAME_SITE_NONE)
                return eddy_fail(-EINVAL, "cookie %s: its same_site is none", cookie->name);
        return 0;
}

static void add_attribute(struct line *line, const char *name, const char *value)
{
        if (value) {
                line_add(line, name);
                line_add(line, value);
        }
}

ssize_t eddy_http_cookie_format(char *text, size_t size, const eddy_http_cookie *cookie)
{
        static const char *const same_site[] = {"", "; SameSite=Lax", "; SameSite=Strict", "; SameSite=None"};
        const char *value = cookie->value ? cookie->value : "";
        int rc = check_texts(cookie, value);
        struct line line;

        if (rc == 0)
                rc = check_promises(cookie);
        if (rc < 0)
                return rc;
        line_begin(&line, text, size);
        add_attribute(&line, "Set-Cookie: ", cookie->name);
        add_attribute(&line, "=", value);
        add_attribute(&line, "; Path=", cookie->path);
        add_attribute(&line, "; Domain=", cookie->domain ? cookie->domain + (*cookie->domain == '.') : NULL);
        if (cookie->max_age != 0) {
                line_add(&line, "; Max-Age=");
                line_add_seconds(&line, cookie->max_age, MAX_AGE);
        }
        line_add(&line, same_site[cookie->same_site]);
        line_add(&line, cookie->secure ? "; Secure" : "");
        line_add(&line, cookie->http_only ? "; HttpOnly" : "");
        line_add(&line, cookie->partitioned ? "; Partitioned" : "");
        return line_end(&line);
}
