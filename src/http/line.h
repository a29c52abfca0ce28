/* A header of an answer, put together in the caller's memory. */
#ifndef HTTP_LINE_H
#define HTTP_LINE_H

#include <eddy/time.h>
#include <stddef.h>
#include <sys/types.h>

/** A line that grows. What does not fit is left out, and line_end() tells. */
struct line {
        char *text;
        size_t size, capacity;
};

void line_begin(struct line *line, char *text, size_t capacity);
void line_add(struct line *line, const char *text);

/** Add a duration in whole seconds, of which a part counts as one: 0 where it is negative, and no more than `most`. */
void line_add_seconds(struct line *line, eddy_duration duration, int64_t most);

/** Add a text in quotes, with backslashes where it has either. */
void line_add_quoted(struct line *line, const char *text);

/** Terminate it: its size, or EDDY_ELIMIT where it did not fit. */
ssize_t line_end(struct line *line);

#endif
