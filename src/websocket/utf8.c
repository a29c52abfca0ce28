#include "websocket/utf8.h"

#include <string.h>

/** Begin a character: false where none begins so. Overlong forms, surrogates and what is beyond U+10FFFF show in the second
 * byte at the latest. */
static bool begin(struct utf8 *utf8, uint8_t first)
{
        *utf8 = (struct utf8){.least = 0x80, .most = 0xbf};
        if (first < 0x80)
                return true;
        if (first < 0xc2 || first > 0xf4)
                return false;
        utf8->left = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        if (first == 0xe0)
                utf8->least = 0xa0;
        else if (first == 0xed)
                utf8->most = 0x9f;
        else if (first == 0xf0)
                utf8->least = 0x90;
        else if (first == 0xf4)
                utf8->most = 0x8f;
        return true;
}

static size_t skip_ascii(const uint8_t *bytes, size_t n)
{
        static const uint64_t topmost = 0x8080808080808080u;
        size_t i = 0;
        uint64_t word;

        for (; i + sizeof word <= n; i += sizeof word) {
                memcpy(&word, bytes + i, sizeof word);
                if (word & topmost)
                        break;
        }
        return i;
}

bool utf8_go_on(struct utf8 *utf8, const uint8_t *bytes, size_t n)
{
        size_t i = 0;

        while (i < n) {
                if (utf8->left == 0) {
                        i += skip_ascii(bytes + i, n - i);
                        if (i == n)
                                return true;
                        if (!begin(utf8, bytes[i++]))
                                return false;
                        continue;
                }
                if (bytes[i] < utf8->least || bytes[i] > utf8->most)
                        return false;
                i++;
                *utf8 = (struct utf8){.left = utf8->left - 1, .least = 0x80, .most = 0xbf};
        }
        return true;
}
