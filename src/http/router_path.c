#include "http/router_path.h"

#include "http/target.h"
#include "http_common/escape.h"
#include <errno.h>
#include <string.h>

/* FNV-1a. Who may choose its texts is whoever writes patterns; who asks cannot make their chains longer. */
static const uint32_t hash_begin = 2166136261u;

static uint32_t hash_add(uint32_t hash, int byte)
{
        return (hash ^ (uint32_t)byte) * 16777619u;
}

static bool is_dots(const char *text, size_t size)
{
        return (size == 1 || size == 2) && text[0] == '.' && text[size - 1] == '.';
}

/* Where a segment ends that begins at `at`; NULL where it is none. */
static const char *check_segment(const char *at, const char *end)
{
        char start[3] = ""; /* as much of it as tells whether it is dots */
        size_t size = 0;

        while (at < end && *at != '/') {
                int byte = http_target_next_byte(&at, end);

                if (byte <= 0)
                        return NULL;
                if (size < sizeof start)
                        start[size++] = (char)byte;
        }
        return is_dots(start, size) ? NULL : at;
}

int router_path_check(const char *at, const char *end)
{
        int rc = 0;

        if (at == end || *at != '/')
                return -EINVAL;
        while (at < end) {
                const char *start = ++at;

                at = check_segment(start, end);
                if (!at)
                        return -EINVAL;
                if (at == start && at < end)
                        rc = -ENOENT;
        }
        return rc;
}

struct router_segment router_path_segment(const char *at, const char *end)
{
        struct router_segment segment = {.at = at, .hash = hash_begin};

        while (at < end && *at != '/') {
                segment.is_escaped |= *at == '%';
                segment.hash = hash_add(segment.hash, http_target_next_byte(&at, end));
        }
        segment.end = at;
        return segment;
}

uint32_t router_path_hash(const char *text, size_t size)
{
        uint32_t hash = hash_begin;

        for (size_t i = 0; i < size; i++)
                hash = hash_add(hash, (unsigned char)text[i]);
        return hash;
}

bool router_path_equals(const struct router_segment *segment, const char *text, size_t size)
{
        const char *at = segment->at, *text_end = text + size;

        if (!segment->is_escaped)
                return (size_t)(segment->end - at) == size && memcmp(at, text, size) == 0;
        while (at < segment->end && text < text_end)
                if (http_target_next_byte(&at, segment->end) != (unsigned char)*text++)
                        return false;
        return at == segment->end && text == text_end;
}

char *router_path_decode(const char *at, const char *end, char *text)
{
        while (at < end)
                *text++ = (char)http_target_next_byte(&at, end);
        *text++ = '\0';
        return text;
}

bool router_path_has_escaped_slash(const char *at, const char *end)
{
        for (; at < end; at++)
                if (*at == '%' && escape_byte(at, end) == '/')
                        return true;
        return false;
}
