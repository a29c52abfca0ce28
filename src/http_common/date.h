/* Dates as HTTP writes them: "Sun, 06 Nov 1994 08:49:37 GMT". */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { HTTP_DATE_SIZE = 29 };

/** Write a date; no NUL behind it. */
void http_date_write(char text[HTTP_DATE_SIZE], time_t when);

/** Read a date in any of the three forms that HTTP has had. False where it is none. */
bool http_date_parse(const char *text, size_t n, time_t *when);

#endif
