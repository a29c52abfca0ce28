/* The calls that led to a place, for those who debug. Where the C library cannot tell there are none. */
#ifndef BASE_CALLS_H
#define BASE_CALLS_H

#include <stdio.h>

/** Take note of the calls that led here, innermost first: how many. */
int calls_take(void *frames[], int most);

/** Print calls, one a line; `skip` leaves out that many innermost ones. */
void calls_print(FILE *out, void *const frames[], int count, int skip);

/** The name of a function, or what is known of it. */
void calls_name(char *name, size_t size, void *function);

#endif
