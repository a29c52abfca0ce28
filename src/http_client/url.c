#include "http_client/url.h"

#include "base/memory.h"
#include "http_common/escape.h"
#include <ctype.h>
#include <curl/curl.h>
#include <eddy/http_client.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

static char *put_encoded(char *to, unsigned char byte)
{
        static const char digits[] = "0123456789ABCDEF";

        *to++ = '%';
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
        return to;
}

static bool is_allowed(unsigned char byte)
{
        return byte > 0x20 && byte < 0x7f && !strchr("\"<>", byte);
}

/* Where what may be encoded begins: behind the host, which has rules of its own, and curl knows them. */
static const char *skip_host(const char *url)
{
        size_t host = strcspn(url, ":/?#");

        if (strncmp(url + host, "://", 3) == 0)
                host += 3;
        else if (strncmp(url, "//", 2) == 0)
                host = 2;
        else
                return url;
        return url + host + strcspn(url + host, "/?#");
}

char *url_encode(const char *url)
{
        const char *start = skip_host(url);
        char *encoded = memory_alloc(3 * strlen(url) + 1), *to = encoded;

        if (!encoded)
                return NULL;
        memcpy(encoded, url, (size_t)(start - url));
        to += start - url;
        for (const char *at = start; *at; at++)
                if (is_allowed((unsigned char)*at))
                        *to++ = *at;
                else
                        to = put_encoded(to, (unsigned char)*at);
        *to = '\0';
        return encoded;
}

bool url_is_absolute(const char *url)
{
        size_t size = 0;

        while (isalnum((unsigned char)url[size]) || (size > 0 && url[size] && strchr("+-.", url[size])))
                size++;
        return size > 0 && url[size] == ':';
}

/* curl's own pieces of URLs are freed by curl. */
static int copy_out(char **copy, CURLU *parts)
{
        char *text;
        CURLUcode code = curl_url_get(parts, CURLUPART_URL, &text, 0);

        if (code)
                return code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
        *copy = memory_strdup(text);
        curl_free(text);
        return *copy ? 0 : -ENOMEM;
}

int url_join(char **joined, const char *base, const char *url)
{
        /* Whether a scheme is one of ours is asked later, of the whole. */
        const unsigned flags = CURLU_NON_SUPPORT_SCHEME;
        CURLU *parts = curl_url();
        CURLUcode code;
        int rc;

        if (!parts)
                return -ENOMEM;
        code = curl_url_set(parts, CURLUPART_URL, base, flags);
        if (code == CURLUE_OK)
                code = curl_url_set(parts, CURLUPART_URL, url, flags);
        rc = code == CURLUE_OK ? copy_out(joined, parts) : code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
        curl_url_cleanup(parts);
        return rc;
}

static bool have_same(CURLU *one, CURLU *other, CURLUPart part)
{
        char *text = NULL, *other_text = NULL;
        bool is_same = curl_url_get(one, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                       curl_url_get(other, part, &other_text, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                       strcasecmp(text, other_text) == 0;

        curl_free(text);
        curl_free(other_text);
        return is_same;
}

/* Where its path, query or fragment begins. */
static size_t size_to_path(const char *url)
{
        const char *host = strstr(url, "://");

        return host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : strlen(url);
}

static bool begin_alike(const char *one, const char *other)
{
        size_t size = size_to_path(one);

        /* "http:///host" is "http://host" to curl: there the host would not be seen. */
        if (size == 0 || one[size - 1] == '/')
                return false;
        return size_to_path(other) == size && strncasecmp(one, other, size) == 0;
}

static bool mean_the_same_origin(const char *one, const char *other)
{
        CURLU *parts = curl_url(), *other_parts = curl_url();
        bool is_same = parts && other_parts && curl_url_set(parts, CURLUPART_URL, one, 0) == CURLUE_OK &&
                       curl_url_set(other_parts, CURLUPART_URL, other, 0) == CURLUE_OK &&
                       have_same(parts, other_parts, CURLUPART_SCHEME) &&
                       have_same(parts, other_parts, CURLUPART_HOST) &&
                       have_same(parts, other_parts, CURLUPART_PORT);

        curl_url_cleanup(parts);
        curl_url_cleanup(other_parts);
        return is_same;
}

/* What may stand for itself in a name or a value, whoever takes them apart. */
static bool is_unreserved(unsigned char byte)
{
        return isalnum(byte) || (byte && strchr("-._~", byte));
}

static char *put_field(char *to, const char *text)
{
        for (; *text; text++)
                if (is_unreserved((unsigned char)*text))
                        *to++ = *text;
                else
                        to = put_encoded(to, (unsigned char)*text);
        return to;
}

static size_t most_of_fields(const char *const *fields)
{
        size_t most = 0;

        for (; *fields; fields++)
                most += 3 * strlen(*fields) + 1;
        return most;
}

/* A name without a value, at the end, has an empty one. */
static char *put_fields(char *to, const char *const *fields)
{
        bool is_first = true;

        while (*fields) {
                if (!is_first)
                        *to++ = '&';
                is_first = false;
                to = put_field(to, *fields++);
                *to++ = '=';
                if (*fields)
                        to = put_field(to, *fields++);
        }
        return to;
}

char *url_encode_form(const char *const *fields)
{
        char *text = memory_alloc(most_of_fields(fields) + 2);

        if (text)
                *put_fields(text, fields) = '\0';
        return text;
}

char *url_add_query(const char *url, const char *const *query)
{
        size_t size = strcspn(url, "#");
        char *text = memory_alloc(strlen(url) + most_of_fields(query) + 3), *to = text;

        if (!text)
                return NULL;
        memcpy(to, url, size);
        to += size;
        if (*query)
                *to++ = memchr(url, '?', size) ? '&' : '?';
        to = put_fields(to, query);
        strcpy(to, url + size);
        return text;
}

/* What stands before the path of a socket, and what before the path of what is asked for there. */
static const char before_socket[] = "http://unix:", instead_of_socket[] = "http://localhost";

/* Else it is a host of that name, and its port. */
bool url_names_unix(const char *url)
{
        const char *path = url + sizeof before_socket - 1;

        return strncasecmp(url, before_socket, sizeof before_socket - 1) == 0 &&
               (*path == '/' || strncasecmp(path, "%2f", 3) == 0);
}

/* The path of a socket of n bytes, its escapes undone. */
static int copy_socket_path(char **copy, const char *path, size_t n)
{
        *copy = memory_alloc(n + 1);
        if (!*copy)
                return -ENOMEM;
        memcpy(*copy, path, n);
        (*copy)[n] = '\0';
        if (!escape_undo(*copy))
                return -EINVAL;
        return strlen(*copy) < sizeof((struct sockaddr_un *)NULL)->sun_path ? 0 : -ENAMETOOLONG;
}

int url_split_unix(const char *url, char **socket_path, char **rest)
{
        const char *path = url + sizeof before_socket - 1, *end;
        int rc;

        *socket_path = *rest = NULL;
        if (!url_names_unix(url))
                return 0;
        end = strchr(path, ':');
        if (!end || (end[1] && !strchr("/?#", end[1])))
                return -EINVAL;
        rc = copy_socket_path(socket_path, path, (size_t)(end - path));
        if (rc == 0)
                *rest = memory_alloc(sizeof instead_of_socket + strlen(end));
        if (rc == 0 && *rest) {
                strcpy(stpcpy(*rest, instead_of_socket), end + 1);
                return 1;
        }
        memory_free(*socket_path);
        *socket_path = NULL;
        return rc < 0 ? rc : -ENOMEM;
}

char *url_with_unix(const char *socket_path, const char *url)
{
        const char *rest = url + size_to_path(url);
        char *text = memory_alloc(sizeof before_socket + 3 * strlen(socket_path) + 1 + strlen(rest)),
             *to = text;

        if (!text)
                return NULL;
        to = stpcpy(to, before_socket);
        for (; *socket_path; socket_path++)
                if (is_unreserved((unsigned char)*socket_path) || *socket_path == '/')
                        *to++ = *socket_path;
                else
                        to = put_encoded(to, (unsigned char)*socket_path);
        *to++ = ':';
        strcpy(to, rest);
        return text;
}

int url_fail_unix(int rc, const char *url)
{
        if (rc == -EINVAL)
                return eddy_fail(rc,
                                 "'%.128s' names no UNIX socket: as http://unix:/run/app.sock:/path does, with "
                                 "%%25 for %% and "
                                 "%%3A for : in the socket's path",
                                 url);
        if (rc == -ENAMETOOLONG)
                return eddy_fail(rc, "the path of the UNIX socket in '%.160s' is longer than one may be", url);
        return rc;
}

static bool is_same_socket(const char *one, const char *other)
{
        char *path, *other_path, *rest, *other_rest;
        int rc = url_split_unix(one, &path, &rest), other_rc = url_split_unix(other, &other_path, &other_rest);
        bool is_same = rc == 1 && other_rc == 1 && strcmp(path, other_path) == 0;

        memory_free(path);
        memory_free(rest);
        memory_free(other_path);
        memory_free(other_rest);
        return is_same;
}

bool eddy_http_is_same_origin(const char *one, const char *other)
{
        if (url_names_unix(one) || url_names_unix(other))
                return is_same_socket(one, other);
        return begin_alike(one, other) || mean_the_same_origin(one, other);
}
