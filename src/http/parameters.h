/* Values with parameters: form-data; name="a \"b\""; filename=c.txt */
#ifndef HTTP_PARAMETERS_H
#define HTTP_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>

/** One parameter, as it was written. */
struct parameter {
        const char *name, *value; /* a quoted value is without its quotes, and may have escapes */
        size_t name_size, value_size;
        bool is_quoted;
};

/** Where the parameters begin of a value that is of a type, in any case: at ";" or at the end. NULL where it is not. */
const char *parameters_begin(const char *text, const char *type);

/**
 * Take the next parameter.
 *
 * @param at  where parameters_begin() or the one before ended; moved on
 * @return 1; 0 where there are no more; -EINVAL where what follows is none
 *
 * Blanks around ";" and a ";" too many are allowed. A value without quotes may have any byte but blanks, quotes, ";" and ",".
 */
int parameters_next(const char **at, struct parameter *parameter);

/** Whether a parameter has this name, in any case. */
bool parameter_is(const struct parameter *parameter, const char *name);

/** A parameter's value, terminated, in memory for it and its NUL; how long it is. Of escapes only those of a quote and of a
 * backslash are some: paths of Windows are sent as they are. */
size_t parameter_copy(const struct parameter *parameter, char *out);

#endif
