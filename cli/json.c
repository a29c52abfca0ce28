#include "json.h"
#include "cli.h"

#include <stdio.h>
#include <string.h>

void json_print_bytes(const void *data, size_t size)
{
        const unsigned char *at = data, *end = at + size;

        putchar('"');
        while (at < end) {
                size_t n = cli_utf8_length(at, (size_t)(end - at));

                if (n == 0)
                        fputs("\\ufffd", stdout);
                else if (cli_is_control(at))
                        printf("\\u%04x", n == 1 ? *at : at[1]);
                else if (*at == '"' || *at == '\\')
                        printf("\\%c", *at);
                else
                        fwrite(at, 1, n, stdout);
                at += n ? n : 1;
        }
        putchar('"');
}

void json_print_text(const char *text)
{
        json_print_bytes(text, strlen(text));
}
