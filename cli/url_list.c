#include "url_list.h"

#include "cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

static bool has_scheme(const char *text)
{
        return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

const char *url_fault(const char *text, size_t n)
{
        if (!has_scheme(text))
                return "is no URL that begins with http:// or https://";
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

/* Without what surrounds the URL; where it begins, and how long it is. */
static char *trim(char *line, size_t *n, bool is_first)
{
        if (is_first && *n >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
                line += 3;
                *n -= 3;
        }
        while (*n > 0 && strchr(" \t\r\n", line[*n - 1]))
                line[--*n] = '\0';
        while (*line == ' ' || *line == '\t') {
                line++;
                --*n;
        }
        return line;
}

static int refuse_line(const char *path, size_t number, const char *text, const char *fault)
{
        char shown[256];

        cli_printable(shown, sizeof shown, text);
        return cli_usage_error("eddy fetch", "line %zu of %s: '%s' %s", number, path, shown, fault);
}

int url_list_read(const char *path, int (*add)(const char *url, void *arg), void *arg)
{
        FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
        char *line = NULL;
        size_t size = 0, number = 0;
        ssize_t got;
        int rc = 0;

        if (!file)
                return cli_usage_error("eddy fetch", "cannot read %s: %m", path);
        while (rc == 0 && (got = getline(&line, &size, file)) >= 0) {
                size_t n = (size_t)got;
                char *url = trim(line, &n, ++number == 1);
                const char *fault = n > 0 && *url != '#' ? url_fault(url, n) : NULL;

                if (fault)
                        rc = refuse_line(path, number, url, fault);
                else if (n > 0 && *url != '#')
                        rc = add(url, arg);
        }
        if (rc == 0 && ferror(file))
                rc = cli_usage_error("eddy fetch", "cannot read %s: %m", path);
        free(line);
        if (file != stdin)
                fclose(file);
        return rc;
}
