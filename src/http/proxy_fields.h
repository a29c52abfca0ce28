/* Which headers a proxy passes on, and which are between two neighbours alone. */
#ifndef HTTP_PROXY_FIELDS_H
#define HTTP_PROXY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

enum { PROXY_HOPS_MAX = 16 };

/** What a proxy has to do with a header. */
enum proxy_field {
        PROXY_FIELD_PASSES,
        PROXY_FIELD_STAYS, /* between two neighbours, or is none of the next one's business */
        PROXY_FIELD_CONNECTION,
        PROXY_FIELD_KEEP_ALIVE,
        PROXY_FIELD_UPGRADE,
        PROXY_FIELD_TE,
        PROXY_FIELD_LENGTH,
        PROXY_FIELD_CODING, /* of the transfer */
        PROXY_FIELD_HOST,
        PROXY_FIELD_EXPECT,
        PROXY_FIELD_VIA,
        PROXY_FIELD_COOKIE,
        PROXY_FIELD_AUTHORIZATION,
        PROXY_FIELD_TYPE,
        PROXY_FIELD_SERVER,
        PROXY_FIELD_DATE,
        PROXY_FIELD_LOCATION,
        PROXY_FIELD_SET_COOKIE,
        PROXY_FIELD_FORWARDED,     /* the following say who asks: by RFC 7239, */
        PROXY_FIELD_FORWARDED_FOR, /* by X-Forwarded-..., */
        PROXY_FIELD_FORWARDED_PROTO,
        PROXY_FIELD_FORWARDED_HOST,
        PROXY_FIELD_FORWARDED_ELSE, /* or by others that programs believe */
};

/** An underscore is as good as a hyphen: programs behind gateways see no difference. */
enum proxy_field proxy_field_of(const char *name, size_t n);

/** What a message's Connection headers name, besides what is known to stay. Zeroed at first; their texts stay where they are. */
struct proxy_hops {
        unsigned count;
        bool are_too_many;
        struct proxy_hop {
                const char *name;
                size_t size;
        } all[PROXY_HOPS_MAX];
};

/** One Connection header's value. */
void proxy_hops_add(struct proxy_hops *hops, const char *value, size_t n);

/** Whether they name it. */
bool proxy_hops_have(const struct proxy_hops *hops, const char *name, size_t n);

/** Take the next member of a list separated by commas, without the blanks around it: false at its end. Empty ones are passed by. */
bool proxy_list_next(const char **at, const char *end, const char **member, size_t *n);

#endif
