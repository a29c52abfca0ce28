#include "http/proxy_fields.h"

#include "http/strict.h"
#include <stdint.h>
#include <string.h>
#include <strings.h>

static const struct {
        const char *name; /* in small letters */
        enum proxy_field field;
} fields[] = {
    {"te", PROXY_FIELD_TE},
    {"via", PROXY_FIELD_VIA},
    {"host", PROXY_FIELD_HOST},
    {"date", PROXY_FIELD_DATE},
    {"proxy", PROXY_FIELD_STAYS}, /* a gateway's program would take it for the variable HTTP_PROXY */
    {"cookie", PROXY_FIELD_COOKIE},
    {"expect", PROXY_FIELD_EXPECT},
    {"server", PROXY_FIELD_SERVER},
    {"upgrade", PROXY_FIELD_UPGRADE},
    {"location", PROXY_FIELD_LOCATION},
    {"x-real-ip", PROXY_FIELD_FORWARDED_ELSE},
    {"forwarded", PROXY_FIELD_FORWARDED},
    {"connection", PROXY_FIELD_CONNECTION},
    {"keep-alive", PROXY_FIELD_KEEP_ALIVE},
    {"set-cookie", PROXY_FIELD_SET_COOKIE},
    {"content-type", PROXY_FIELD_TYPE},
    {"content-length", PROXY_FIELD_LENGTH},
    {"http2-settings", PROXY_FIELD_STAYS},
    {"x-forwarded-for", PROXY_FIELD_FORWARDED_FOR},
    {"x-forwarded-host", PROXY_FIELD_FORWARDED_HOST},
    {"content-location", PROXY_FIELD_LOCATION},
    {"proxy-connection", PROXY_FIELD_STAYS},
    {"transfer-encoding", PROXY_FIELD_CODING},
    {"x-forwarded-proto", PROXY_FIELD_FORWARDED_PROTO},
    {"proxy-authenticate", PROXY_FIELD_STAYS},
    {"proxy-authorization", PROXY_FIELD_STAYS},
    {"authorization", PROXY_FIELD_AUTHORIZATION},
};

/* Those of each length, a bit each, so that most headers are compared with nothing. */
static const uint32_t of_length[] = {
    [2] = 1u << 0,
    [3] = 1u << 1,
    [4] = 1u << 2 | 1u << 3,
    [5] = 1u << 4,
    [6] = 1u << 5 | 1u << 6 | 1u << 7,
    [7] = 1u << 8,
    [8] = 1u << 9,
    [9] = 1u << 10 | 1u << 11,
    [10] = 1u << 12 | 1u << 13 | 1u << 14,
    [12] = 1u << 15,
    [13] = 1u << 26,
    [14] = 1u << 16 | 1u << 17,
    [15] = 1u << 18,
    [16] = 1u << 19 | 1u << 20 | 1u << 21,
    [17] = 1u << 22 | 1u << 23,
    [18] = 1u << 24,
    [19] = 1u << 25,
};

static bool is_alike(const char *name, const char *known, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                char byte = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] | 0x20) : name[i];

                if ((byte == '_' ? '-' : byte) != known[i])
                        return false;
        }
        return true;
}

enum proxy_field proxy_field_of(const char *name, size_t n)
{
        static const char prefix[] = "x-forwarded-";
        uint32_t left = n < sizeof of_length / sizeof *of_length ? of_length[n] : 0;

        for (; left; left &= left - 1) {
                int i = __builtin_ctz(left);

                if (is_alike(name, fields[i].name, n))
                        return fields[i].field;
        }
        return n > sizeof prefix - 1 && is_alike(name, prefix, sizeof prefix - 1) ? PROXY_FIELD_FORWARDED_ELSE
                                                                                  : PROXY_FIELD_PASSES;
}

bool proxy_list_next(const char **at, const char *end, const char **member, size_t *n)
{
        const char *stop;

        while (*at < end && (**at == ' ' || **at == '\t' || **at == ','))
                (*at)++;
        if (*at == end)
                return false;
        *member = *at;
        stop = memchr(*at, ',', (size_t)(end - *at));
        *at = stop = stop ? stop : end;
        while (stop > *member && (stop[-1] == ' ' || stop[-1] == '\t'))
                stop--;
        *n = (size_t)(stop - *member);
        return true;
}

void proxy_hops_add(struct proxy_hops *hops, const char *value, size_t n)
{
        const char *at = value, *end = value + n, *name;
        size_t size;

        while (proxy_list_next(&at, end, &name, &size)) {
                if (http_is_text(name, size, "keep-alive") || http_is_text(name, size, "close") ||
                    http_is_text(name, size, "upgrade"))
                        continue;
                if (hops->count == PROXY_HOPS_MAX) {
                        hops->are_too_many = true;
                        return;
                }
                hops->all[hops->count++] = (struct proxy_hop){name, size};
        }
}

bool proxy_hops_have(const struct proxy_hops *hops, const char *name, size_t n)
{
        for (unsigned i = 0; i < hops->count; i++)
                if (hops->all[i].size == n && strncasecmp(hops->all[i].name, name, n) == 0)
                        return true;
        return false;
}
