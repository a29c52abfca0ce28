/* Whether a text is UTF-8, told as it comes. */
#ifndef WEBSOCKET_UTF8_H
#define WEBSOCKET_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Where within a character a text has arrived. Zeroed: between two. */
struct utf8 {
        uint8_t left;        /* bytes of the character that are to come */
        uint8_t least, most; /* what the next of them may be */
};

/** Go on: false where what has come cannot become UTF-8. */
bool utf8_go_on(struct utf8 *utf8, const uint8_t *bytes, size_t n);

/** Whether the text may end here. */
static inline bool utf8_is_whole(const struct utf8 *utf8)
{
        return utf8->left == 0;
}

/** Whether a whole text is UTF-8. */
static inline bool utf8_is_valid(const void *text, size_t n)
{
        struct utf8 utf8 = {.left = 0};

        return utf8_go_on(&utf8, text, n) && utf8_is_whole(&utf8);
}

#endif
