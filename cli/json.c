#include "json.h"
#include "cli.h"

#include <stdio.h>
#include <string.h>

void json_write_bytes(FILE *out, const void *data, size_t size)
{
        const unsigned char *at = data, *end = at + size;

        putc('"', out);
        while (at < end) {
                size_t n = cli_utf8_length(at, (size_t)(end - at));

                if (n == 0)
                        fputs("\\ufffd", out);
                else if (cli_is_control(at))
                        fprintf(out, "\\u%04x", n == 1 ? *at : at[1]);
                else if (*at == '"' || *at == '\\')
                        fprintf(out, "\\%c", *at);
                else
                        fwrite(at, 1, n, out);
                at += n ? n : 1;
        }
        putc('"', out);
}

void json_write_text(FILE *out, const char *text)
{
        json_write_bytes(out, text, strlen(text));
}

void json_print_bytes(const void *data, size_t size)
{
        json_write_bytes(stdout, data, size);
}

void json_print_text(const char *text)
{
        json_write_text(stdout, text);
}
