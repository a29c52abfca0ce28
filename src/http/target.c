/* A target is decoded before its dots are resolved, so that "%2e%2e" is no other than "..". */
#include "http/target.h"
#include "http_common/escape.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

size_t http_target_scheme(const char *target, size_t n)
{
        if (n > 7 && strncasecmp(target, "http://", 7) == 0)
                return 7;
        return n > 8 && strncasecmp(target, "https://", 8) == 0 ? 8 : 0;
}

const char *http_target_path(const char *target, size_t n, const char **end)
{
        const char *at = target, *question;
        size_t scheme;

        *end = target + n;
        if (n == 0)
                return NULL;
        if (*at != '/') {
                scheme = http_target_scheme(target, n);
                if (scheme == 0)
                        return NULL;
                for (at += scheme; at < *end && *at != '/' && *at != '?';)
                        at++;
        }
        question = memchr(at, '?', (size_t)(*end - at));
        if (question)
                *end = question;
        return at;
}

int http_target_next_byte(const char **at, const char *end)
{
        int byte;

        if (**at != '%')
                return (unsigned char)*(*at)++;
        byte = escape_byte(*at, end);
        *at += 3;
        return byte;
}

static ssize_t decode(const char *at, const char *end, char path[HTTP_PATH_MAX])
{
        size_t size = 0;

        while (at < end) {
                int byte = http_target_next_byte(&at, end);

                if (byte <= 0)
                        return -EINVAL;
                if (byte == '/' &&
                    at[-1] != '/') /* no name has one, and who is in front may have seen no other folder */
                        return -ENOENT;
                if (size == HTTP_PATH_MAX - 1)
                        return -ENAMETOOLONG;
                path[size++] = (char)byte;
        }
        return (ssize_t)size;
}

static size_t parent(const char *path, size_t size)
{
        size--; /* its slash */
        while (size > 0 && path[size - 1] != '/')
                size--;
        return size;
}

/* In place. What has been resolved, path[0 .. size), is empty or ends in a slash, but for the last part. */
static ssize_t resolve(char *path, size_t decoded)
{
        size_t size = 0;

        for (size_t at = 0, end; at < decoded; at = end + 1) {
                const char *slash = memchr(path + at, '/', decoded - at);
                size_t n;

                end = slash ? (size_t)(slash - path) : decoded;
                n = end - at;
                if (n == 0 || (n == 1 && path[at] == '.'))
                        continue;
                if (n == 2 && path[at] == '.' && path[at + 1] == '.') {
                        if (size == 0)
                                return -ENOENT;
                        size = parent(path, size);
                        continue;
                }
                memmove(path + size, path + at, n);
                size += n;
                if (slash)
                        path[size++] = '/';
        }
        path[size] = '\0';
        return (ssize_t)size;
}

ssize_t http_target_decode(const char *target, size_t n, char path[HTTP_PATH_MAX])
{
        const char *end, *at = http_target_path(target, n, &end);
        ssize_t size = at ? decode(at, end, path) : -EINVAL;

        return size < 0 ? size : resolve(path, (size_t)size);
}

size_t http_target_encode(const char *path, char *target)
{
        static const char digits[] = "0123456789ABCDEF";
        char *out = target;

        for (; *path; path++) {
                unsigned char byte = (unsigned char)*path;

                if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                    (byte >= '0' && byte <= '9') || strchr("-._~/!$()*+,;=@", byte)) {
                        *out++ = (char)byte;
                        continue;
                }
                *out++ = '%';
                *out++ = digits[byte >> 4];
                *out++ = digits[byte & 15];
        }
        return (size_t)(out - target);
}
