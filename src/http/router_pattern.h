/* What a router's pattern is made of. */
#ifndef HTTP_ROUTER_PATTERN_H
#define HTTP_ROUTER_PATTERN_H

#include <stddef.h>

enum { ROUTER_NAMES_MAX = 16, ROUTER_PARTS_MAX = 64 };

/** What stands between two slashes. */
struct router_part {
        enum router_part_kind {
                ROUTER_PART_TEXT, /* empty behind a last slash */
                ROUTER_PART_NAME, /* "{name}" */
                ROUTER_PART_REST, /* "{name...}" */
        } kind;
        const char *text; /* within the pattern; of a name, the name */
        size_t size;
};

/** The part behind the slash at `at`; returns where the next slash is, or NULL at the end. */
const char *router_pattern_next(const char *at, struct router_part *part);

/**
 * See that a pattern is one.
 *
 * @param names  receives how many names it has, at most ROUTER_NAMES_MAX
 * @return 0, or -EINVAL and a sentence by eddy_fail()
 */
int router_pattern_check(const char *pattern, unsigned *names);

#endif
