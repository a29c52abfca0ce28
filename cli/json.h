/* JSON, written piece by piece. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdio.h>

/** A string with its quotes. Bytes that are no UTF-8 become U+FFFD. */
void json_write_bytes(FILE *out, const void *data, size_t size);
void json_write_text(FILE *out, const char *text);

/** The same, to standard output. */
void json_print_bytes(const void *data, size_t size);
void json_print_text(const char *text);

#endif
