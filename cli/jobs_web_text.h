/* Text that grows, and what other people's words look like in HTML. */
#ifndef CLI_JOBS_WEB_TEXT_H
#define CLI_JOBS_WEB_TEXT_H

#include <eddy/jobs.h>

/* Zeroed it is empty. Where memory ends it stays as it was and remembers that, so that only its last user has to look. */
struct text {
        char *data; /* with a NUL behind it; NULL while it is empty */
        size_t size, room;
        int rc; /* 0, or -ENOMEM */
};

/* Bytes as they are: our own HTML. */
void text_add(struct text *text, const char *data, size_t n);

/* The same, as of printf(): our own HTML and numbers, never a job's words. */
__attribute__((format(printf, 2, 3))) void text_print(struct text *text, const char *format, ...);

/* Our own HTML in which each "$" stands for the next of the strings that follow, escaped: as many as there are. */
#define text_put(text, html, ...) text_put_values((text), (html), (const char *const[]){__VA_ARGS__, NULL})
void text_put_values(struct text *text, const char *html, const char *const *values);

/* Bytes that anybody may have made. What means something in HTML only looks like it, and what is no UTF-8, or a control character,
 * is U+FFFD. */
void text_escape(struct text *text, const char *bytes, size_t n);

/* Whether all of it is UTF-8 without control characters but blanks and line ends. */
bool text_is_readable(const char *bytes, size_t n);

/* A value of a query, such as "a%2Fb". `room` is 3 times what it has, and 1. */
void text_escape_url(char *out, const char *string);
void text_add_url(struct text *text, const char *string);

void text_free(struct text *text);

/* A page's frame, where {{name}} stands for a value, escaped, and {{{name}}} for one that is HTML. A list of holes ends with a NULL name. */
struct hole {
        const char *name, *value;
};
void text_fill(struct text *text, const char *frame, const struct hole *holes);

/* "1 s", "3 min", "2 h", "4 d": at least 0. */
void text_add_span(struct text *text, double seconds);

/* <time>, in this machine's zone. */
void text_add_moment(struct text *text, eddy_job_time moment);

#endif
