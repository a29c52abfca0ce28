#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct text *text, size_t n)
{
        if (text->rc < 0)
                return false;
        if (text->room - text->size > n)
                return true;
        size_t room = (text->size + n + 1) * 2;
        char *data = realloc(text->data, room);
        if (!data) {
                text->rc = -ENOMEM;
                return false;
        }
        text->data = data;
        text->room = room;
        return true;
}

void text_add(struct text *text, const char *data, size_t n)
{
        if (!make_room(text, n))
                return;
        memcpy(text->data + text->size, data, n);
        text->size += n;
        text->data[text->size] = '\0';
}

void text_add_escaped(struct text *text, const char *string)
{
        for (; *string; string++) {
                const char *entity = *string == '&'    ? "&amp;"
                                     : *string == '<'  ? "&lt;"
                                     : *string == '>'  ? "&gt;"
                                     : *string == '"'  ? "&quot;"
                                     : *string == '\'' ? "&#39;"
                                                       : NULL;
                if (entity)
                        text_add(text, entity, strlen(entity));
                else
                        text_add(text, string, 1);
        }
}

void text_print(struct text *text, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int n = vsnprintf(NULL, 0, format, args);
        va_end(args);
        if (n < 0 || !make_room(text, (size_t)n))
                return;
        va_start(args, format);
        vsnprintf(text->data + text->size, (size_t)n + 1, format, args);
        va_end(args);
        text->size += (size_t)n;
}

void text_free(struct text *text)
{
        free(text->data);
        *text = (struct text){.data = NULL};
}

/* How many bytes its first character has; 0 where it is not UTF-8. */
static size_t character_size(const unsigned char *s, size_t n)
{
        size_t size = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : 4;
        if (size > n || s[0] >= 0xf5 || (s[0] >= 0x80 && s[0] < 0xc2))
                return 0;
        for (size_t i = 1; i < size; i++)
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
        /* Longer than it need be, half a surrogate pair, or beyond the last character there is. */
        if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) ||
            (s[0] == 0xf4 && s[1] >= 0x90))
                return 0;
        return size;
}

const char *text_fault(const char *typed, size_t size, size_t most)
{
        const unsigned char *s = (const unsigned char *)typed;
        if (size == 0)
                return "There is nothing in it.";
        if (size > most)
                return "It is too long.";
        while (size > 0) {
                size_t n = character_size(s, size);
                if (n == 0)
                        return "It is not UTF-8.";
                if ((s[0] < ' ' && s[0] != '\n' && s[0] != '\r' && s[0] != '\t') || s[0] == 0x7f)
                        return "It has control characters in it.";
                s += n;
                size -= n;
        }
        return NULL;
}

size_t text_letters(const char *text, size_t size)
{
        size_t letters = 0;
        for (size_t i = 0; i < size; i++)
                letters += ((unsigned char)text[i] & 0xc0) != 0x80;
        return letters;
}

const char *text_trim(const char *string, size_t *size)
{
        if (!string)
                string = "";
        while (isspace((unsigned char)*string))
                string++;
        for (*size = strlen(string); *size > 0 && isspace((unsigned char)string[*size - 1]);)
                --*size;
        return string;
}

void text_to_hex(char *hex, const unsigned char *bytes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
        hex[2 * n] = '\0';
}

int text_from_hex(unsigned char *bytes, size_t room, const char *hex, size_t n)
{
        if (n % 2 != 0 || n / 2 > room)
                return -1;
        for (size_t i = 0; i < n; i += 2) {
                char pair[3] = {hex[i], hex[i + 1], '\0'};
                if (!isxdigit((unsigned char)pair[0]) || !isxdigit((unsigned char)pair[1]))
                        return -1;
                bytes[i / 2] = (unsigned char)strtoul(pair, NULL, 16);
        }
        return (int)(n / 2);
}
