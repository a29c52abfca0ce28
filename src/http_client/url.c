#include "http_client/url.h"

#include "base/memory.h"
#include <stdbool.h>
#include <string.h>

static bool is_allowed(unsigned char byte)
{
        return byte > 0x20 && byte < 0x7f && !strchr("\"<>", byte);
}

char *url_encode(const char *url)
{
        static const char digits[] = "0123456789ABCDEF";
        const char *scheme_end = url + strcspn(url, ":/?#");
        const char *start = strncmp(scheme_end, "://", 3) == 0 ? scheme_end + 3 : url;
        char *encoded = memory_alloc(3 * strlen(url) + 1), *to = encoded;

        if (!encoded)
                return NULL;
        /* The host has rules of its own, which curl knows. */
        start += strcspn(start, "/?#");
        memcpy(encoded, url, (size_t)(start - url));
        to += start - url;
        for (const char *at = start; *at; at++) {
                unsigned char byte = (unsigned char)*at;

                if (is_allowed(byte)) {
                        *to++ = *at;
                } else {
                        *to++ = '%';
                        *to++ = digits[byte >> 4];
                        *to++ = digits[byte & 15];
                }
        }
        *to = '\0';
        return encoded;
}
