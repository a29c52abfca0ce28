#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

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

int cli_no_memory(const char *command)
{
        fprintf(stderr, "%s: %s\n", command, strerror(ENOMEM));
        return CLI_FAILED;
}

/* An output error that has been seen, or 0: the stream itself forgets which it was. */
static int output_error;

void cli_open_standard_files(void)
{
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0)
                        /* The lowest number is free, so it is this one; and it is of the wrong direction. */
                        open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void cli_flush(void)
{
        if (fflush(stdout) == EOF && output_error == 0)
                output_error = errno;
}

int cli_finish(int exit_code)
{
        cli_flush();
        if (output_error == 0 && !ferror(stdout))
                return exit_code;
        fprintf(stderr, "eddy: cannot write to standard output: %s\n",
                output_error ? strerror(output_error) : "an earlier write failed");
        return exit_code == CLI_OK ? CLI_FAILED : exit_code;
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

        if (end == text || *end || !(parsed > 0))
                return false;
        *seconds = parsed > 1e-9 ? parsed : 1e-9; /* not so little that it is none */
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
        size_t n = 0, left = strlen(text);

        while (left > 0) {
                size_t step = cli_utf8_length((const unsigned char *)text, left);
                bool is_shown = step > 0 && !cli_is_control((const unsigned char *)text);

                if (n + (is_shown ? step : 1) >= size)
                        break;
                if (is_shown)
                        memcpy(out + n, text, step);
                else
                        out[n] = '?';
                step = step ? step : 1;
                n += is_shown ? step : 1;
                text += step;
                left -= step;
        }
        out[n] = '\0';
        return n;
}

void cli_print_bytes(const void *data, size_t size, const char *indent)
{
        const unsigned char *at = data, *end = at + size;

        while (at < end) {
                size_t n = cli_utf8_length(at, (size_t)(end - at));

                if (*at == '\n')
                        printf("\n%s", at + 1 < end ? indent : "");
                else if (*at != '\t' && (n == 0 || cli_is_control(at)))
                        putchar('?');
                else
                        fwrite(at, 1, n, stdout);
                at += n ? n : 1;
        }
}

bool cli_is_control(const unsigned char *text)
{
        return text[0] < 0x20 || text[0] == 0x7f || (text[0] == 0xc2 && text[1] < 0xa0);
}

size_t cli_utf8_length(const unsigned char *text, size_t left)
{
        size_t n = text[0] < 0x80                      ? 1
                   : text[0] >= 0xc2 && text[0] < 0xe0 ? 2
                   : (text[0] & 0xf0) == 0xe0          ? 3
                   : text[0] >= 0xf0 && text[0] < 0xf5 ? 4
                                                       : 0;

        if (n > left)
                return 0;
        for (size_t i = 1; i < n; i++)
                if ((text[i] & 0xc0) != 0x80)
                        return 0;
        if (n == 3 && ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] >= 0xa0)))
                return 0;
        if (n == 4 && ((text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] >= 0x90)))
                return 0;
        return n;
}
