/* Header lines as callers give them, "Name: value". */
#ifndef HTTP_CLIENT_HEADER_H
#define HTTP_CLIENT_HEADER_H

#include <stdbool.h>
#include <stdint.h>

/** Whether a line may be sent: 0, or -EINVAL with a sentence. */
int header_check(const char *line);

/** Whether a word may stand in a head without quotes, as methods do. */
bool header_is_token(const char *text);

/** Whether it is the one of that name, in any case. */
bool header_has_name(const char *line, const char *name);

/** Whether it is meant for one server alone, and goes to no other: a credential, or the name that it is called by. */
bool header_is_of_one_host(const char *line);

/** Take a number, digits alone: neither signs nor blanks, and nothing beyond 63 bits. What follows it, or NULL. */
const char *header_parse_number(const char *text, int64_t *number);

/** Whether one of some lines, or of none where they are NULL, says that the header of that name is not to be sent ("Name:"). */
bool header_is_left_out(const char *const *lines, const char *name);

/** Whether some lines, or none where they are NULL, have one of the same name as `line`, which may be a name alone. */
bool header_is_among(const char *const *lines, const char *line);

#endif
