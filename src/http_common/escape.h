/* Escapes of URLs and forms: "%2F". */
#ifndef HTTP_ESCAPE_H
#define HTTP_ESCAPE_H

#include <stdbool.h>
#include <string.h>

/** What a hexadecimal digit is worth; -1 where it is none. */
static inline int escape_digit(char digit)
{
        if (digit >= '0' && digit <= '9')
                return digit - '0';
        digit |= 0x20;
        return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/** The byte that "%" and two digits at `at` stand for; -1 where they are none. */
static inline int escape_byte(const char *at, const char *end)
{
        int high, low;

        if (end - at < 3 || *at != '%')
                return -1;
        high = escape_digit(at[1]);
        low = escape_digit(at[2]);
        return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/** Undo the escapes of a text where it stands; false where one is none, or would end the text. */
static inline bool escape_undo(char *text)
{
        const char *at = text, *end = text + strlen(text);

        while (at < end) {
                int byte = *at == '%' ? escape_byte(at, end) : *at;

                if (*at == '%' && byte <= 0)
                        return false;
                at += *at == '%' ? 3 : 1;
                *text++ = (char)byte;
        }
        *text = '\0';
        return true;
}

#endif
