#include "json.h"

#include <stdio.h>
#include <string.h>

/* How many bytes of well-formed UTF-8 begin here; 0 where they are none. */
static size_t utf8_length(const unsigned char *text, size_t left)
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

void json_print_bytes(const void *data, size_t size)
{
        const unsigned char *at = data, *end = at + size;

        putchar('"');
        while (at < end) {
                size_t n = utf8_length(at, (size_t)(end - at));

                if (n == 0)
                        fputs("\\ufffd", stdout);
                else if (*at < 0x20 || *at == 0x7f)
                        printf("\\u%04x", *at);
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
