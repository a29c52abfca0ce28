/* The path of a request, as it was sent: split at its slashes first, and decoded then, so that "%2F" separates nothing. */
#ifndef HTTP_ROUTER_PATH_H
#define HTTP_ROUTER_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What stands between two slashes, as it was sent. */
struct router_segment {
        const char *at, *end;
        uint32_t hash; /* of what it decodes to */
        bool is_escaped;
};

/**
 * See that a path from its first slash on is one that can be routed.
 *
 * @return 0
 * @retval -EINVAL  it begins with no slash; an escape is none, or stands for NUL; or a segment is "." or "..", escaped
 *                  or not
 * @retval -ENOENT  a segment is empty, and not the last
 */
int router_path_check(const char *at, const char *end);

/** The segment that begins at `at`, behind a slash, of a path that was found good. */
struct router_segment router_path_segment(const char *at, const char *end);

/** The hash of a text that is not escaped. */
uint32_t router_path_hash(const char *text, size_t size);

/** Whether a segment decodes to a text. */
bool router_path_equals(const struct router_segment *segment, const char *text, size_t size);

/** Decode into `text`, which has room for as many bytes and a NUL; returns what is behind that. */
char *router_path_decode(const char *at, const char *end, char *text);

/** Whether it has a slash that was sent as "%2F". */
bool router_path_has_escaped_slash(const char *at, const char *end);

#endif
