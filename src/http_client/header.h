/* Header lines as callers give them, "Name: value". */
#ifndef HTTP_CLIENT_HEADER_H
#define HTTP_CLIENT_HEADER_H

#include <stdbool.h>

/** Whether a line may be sent: 0, or -EINVAL with a sentence. */
int header_check(const char *line);

/** Whether it is the one of that name, in any case. */
bool header_has_name(const char *line, const char *name);

/** Whether it is meant for one server alone, and goes to no other: a credential, or the name that it is called by. */
bool header_is_of_one_host(const char *line);

/** Whether some lines, or none where they are NULL, have one of the same name as `line`, which may be a name alone. */
bool header_is_among(const char *const *lines, const char *line);

#endif
