#include "http/etag.h"

#include <string.h>

enum { LONGEST = 512 };

static bool is_weak(const char *etag, size_t size)
{
        return size > 2 && etag[0] == 'W' && etag[1] == '/';
}

/* Nothing counts behind what is no ETag. */
bool etag_is_listed(const char *list, size_t n, const char *etag, size_t size, bool is_weak_enough)
{
        const char *at = list, *end = list + n;

        if (is_weak(etag, size)) {
                if (!is_weak_enough)
                        return false;
                etag += 2;
                size -= 2;
        }
        while (at < end) {
                const char *tag, *quote;
                bool is_weak_one;

                if (*at == ' ' || *at == '\t' || *at == ',') {
                        at++;
                        continue;
                }
                is_weak_one = is_weak(at, (size_t)(end - at));
                tag = is_weak_one ? at + 2 : at;
                quote = *tag == '"' && tag + 1 < end ? memchr(tag + 1, '"', (size_t)(end - tag - 1)) : NULL;
                if (!quote)
                        return false;
                at = quote + 1;
                if ((is_weak_enough || !is_weak_one) && (size_t)(at - tag) == size &&
                    memcmp(tag, etag, size) == 0)
                        return true;
                if (at < end && *at != ' ' && *at != '\t' && *at != ',')
                        return false;
        }
        return false;
}

enum coding etag_listed_coding(const char *list, size_t n, const char *etag, size_t size, bool is_weak_enough)
{
        enum coding coding = CODING_IDENTITY;

        for (; coding < CODINGS; coding++) {
                char text[LONGEST];
                size_t text_size = etag_with_coding(text, sizeof text, etag, size, coding);

                if (text_size > 0 && etag_is_listed(list, n, text, text_size, is_weak_enough))
                        break;
        }
        return coding;
}

size_t etag_with_coding(char *text, size_t room, const char *etag, size_t size, enum coding coding)
{
        const char *name = coding_name(coding);
        size_t suffix = coding == CODING_IDENTITY ? 0 : strlen(name) + 1;

        if (size < 2 || etag[0] != '"' || etag[size - 1] != '"')
                suffix = 0;
        if (size + suffix > room)
                return 0;
        memcpy(text, etag, size);
        if (suffix) {
                text[size - 1] = '-';
                memcpy(text + size, name, suffix - 1);
                text[size + suffix - 1] = '"';
        }
        return size + suffix;
}
