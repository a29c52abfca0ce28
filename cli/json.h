/* JSON, written piece by piece to standard output. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stddef.h>

/** A string with its quotes. Bytes that are no UTF-8 become U+FFFD. */
void json_print_bytes(const void *data, size_t size);
void json_print_text(const char *text);

#endif
