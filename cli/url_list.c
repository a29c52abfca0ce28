#include "url_list.h"

#include "cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

enum {
        LINE_MOST =
            512 * 1024 /* bytes: of a URL and as many mirrors as there may be, each as long as servers take */
};

static bool has_scheme(const char *text)
{
        return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

bool url_has_host(const char *authority)
{
        size_t n = strcspn(authority, "/?#");
        const char *at = memrchr(authority, '@', n), *host = at ? at + 1 : authority;

        return *host == '[' ? strcspn(host + 1, "]/?#") > 0 : strcspn(host, ":/?#") > 0;
}

const char *url_fault(const char *text, size_t n)
{
        if (!has_scheme(text))
                return "is no URL that begins with http:// or https://";
        if (!url_has_host(strstr(text, "://") + 3))
                return "names no host";
        for (size_t i = 0; i < n; i++) {
                if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
                        return "has a tab or another control character in it; encode it, as %09";
                if (text[i] == ' ' && has_scheme(text + i + 1))
                        return "has two URLs in it";
                /* A name with it, or a comment? */
                if (text[i] == ' ' && text[i + 1] == '#')
                        return "has a blank before a '#'; encode them, as %20 and %23";
        }
        return NULL;
}

static const struct algorithm {
        const char *prefix;
        size_t digits;
        const char *fault;
} algorithms[] = {
    {"sha256:", 64, "has not the 64 hexadecimal digits of a sha256"},
    {"sha512:", 128, "has not the 128 hexadecimal digits of a sha512"},
    {"sha384:", 96, "has not the 96 hexadecimal digits of a sha384"},
    {"sha224:", 56, "has not the 56 hexadecimal digits of a sha224"},
    {"sha1:", 40, "has not the 40 hexadecimal digits of a sha1"},
    {"md5:", 32, "has not the 32 hexadecimal digits of an md5"},
};

static const struct algorithm *find_algorithm(const char *checksum)
{
        for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
                if (strncasecmp(checksum, algorithms[i].prefix, strlen(algorithms[i].prefix)) == 0)
                        return &algorithms[i];
        return NULL;
}

bool url_is_checksum(const char *text)
{
        return find_algorithm(text);
}

const char *url_checksum_fault(const char *text)
{
        const struct algorithm *algorithm = find_algorithm(text);
        const char *digits = algorithm ? text + strlen(algorithm->prefix) : text;
        size_t n = strspn(digits, "0123456789abcdefABCDEF");

        return !algorithm || (n == algorithm->digits && digits[n] == '\0') ? NULL : algorithm->fault;
}

/* Without what surrounds it; where it begins. */
static char *trim(char *text)
{
        size_t n = strlen(text);

        while (n > 0 && strchr(" \t\r\n", text[n - 1]))
                text[--n] = '\0';
        return text + strspn(text, " \t");
}

/* The checksum behind the last blank, which is cut off; NULL: there is none. */
static char *cut_checksum(char *text)
{
        char *blank = strrchr(text, ' ');

        if (!blank || !url_is_checksum(blank + 1))
                return NULL;
        *blank = '\0';
        return blank + 1;
}

/* Fields behind tabs: mirrors, and a checksum. NULL, or what is wrong with the one that *at is left at. */
static const char *split(char *line, struct url_line *parts, char **at)
{
        unsigned mirrors = 0;

        *parts = (struct url_line){.url = NULL};
        while ((*at = strsep(&line, "\t"))) {
                const char *fault;
                char *checksum;

                *at = trim(*at);
                if (**at == '\0')
                        continue;
                checksum = parts->url && url_is_checksum(*at) ? *at : cut_checksum(*at);
                fault = checksum && parts->checksum ? "is a second checksum"
                        : checksum                  ? url_checksum_fault(checksum)
                                                    : NULL;
                if (fault) {
                        *at = checksum;
                        return fault;
                }
                if (checksum)
                        parts->checksum = checksum;
                if (checksum == *at)
                        continue;
                *at = trim(*at);
                fault = url_fault(*at, strlen(*at));
                if (fault)
                        return fault;
                if (!parts->url)
                        parts->url = *at;
                else if (mirrors == URL_MIRRORS_MAX)
                        return "is a mirror too many";
                else
                        parts->mirrors[mirrors++] = *at;
        }
        return NULL;
}

static int refuse_line(const char *path, size_t number, const char *text, const char *fault)
{
        char shown[256];

        cli_printable(shown, sizeof shown, text);
        return cli_usage_error("eddy fetch", "line %zu of %s: '%s' %s", number, path, shown, fault);
}

static int read_line(const char *path, size_t number, char *line, size_t n,
                     int (*add)(const struct url_line *line, void *arg), void *arg)
{
        struct url_line parts;
        const char *fault;
        char *at = line;

        if (memchr(line, '\0', n))
                return refuse_line(path, number, line, "has a zero byte behind it");
        if (number == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0)
                line += 3;
        line = trim(line);
        if (*line == '\0' || *line == '#')
                return 0;
        fault = split(line, &parts, &at);
        return fault ? refuse_line(path, number, at, fault) : add(&parts, arg);
}

/* Up to and including its end; how much that is, 0 where there is none any more. What is longer is cut, to LINE_MOST. */
static size_t take_line(FILE *file, char *line)
{
        size_t n = 0;
        int byte = 0;

        while (n < LINE_MOST && byte != '\n' && (byte = getc_unlocked(file)) != EOF)
                line[n++] = (char)byte;
        line[n] = '\0';
        return n;
}

int url_list_read(FILE *file, const char *path, int (*add)(const struct url_line *line, void *arg), void *arg)
{
        char *line = malloc(LINE_MOST + 1);
        size_t number = 0, n;
        int rc = line ? 0 : cli_no_memory("eddy fetch");

        while (rc == 0 && (n = take_line(file, line)) > 0) {
                number++;
                rc = n < LINE_MOST || line[n - 1] == '\n'
                         ? read_line(path, number, line, n, add, arg)
                         : refuse_line(path, number, line, "is longer than 512 KiB");
        }
        if (rc == 0 && ferror(file))
                rc = cli_usage_error("eddy fetch", "cannot read %s: %m", path);
        free(line);
        return rc;
}
