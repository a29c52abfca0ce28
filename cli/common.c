#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

int cli_usage_error(const char *command, const char *format, ...)
{
        va_list args;

        fprintf(stderr, "%s: ", command);
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fprintf(stderr, "\nTry '%s --help'.\n", command);
        return CLI_USAGE;
}

bool cli_parse_number(const char *text, long min, long max, long *value)
{
        char *end;
        long parsed;

        errno = 0;
        parsed = strtol(text, &end, 10);
        if (errno || end == text || *end || parsed < min || parsed > max)
                return false;
        *value = parsed;
        return true;
}

bool cli_parse_seconds(const char *text, double *seconds)
{
        char *end;
        double parsed = strtod(text, &end);

        if (end == text || *end || !(parsed > 0 && parsed <= 366 * 86400.0))
                return false;
        *seconds = parsed;
        return true;
}

size_t cli_raise_descriptor_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return 1024;
        if (limit.rlim_cur < limit.rlim_max) {
                rlim_t before = limit.rlim_cur;

                limit.rlim_cur = limit.rlim_max;
                if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
                        limit.rlim_cur = before;
        }
        return (size_t)limit.rlim_cur;
}

size_t cli_printable(char *out, size_t size, const char *text)
{
        size_t n = 0;

        for (; *text && n + 1 < size; text++) {
                unsigned char byte = (unsigned char)*text;

                out[n++] = byte < 0x20 || byte == 0x7f ? '?' : *text;
        }
        out[n] = '\0';
        return n;
}
