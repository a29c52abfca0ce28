/* Text that grows, and what people type into forms. */
#ifndef SITE_TEXT_H
#define SITE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed it is empty. Where memory ends it stays as it was and remembers that, so that only its last user has to look. */
struct text {
        char *data; /* with a NUL behind it; NULL while it is empty */
        size_t size, room;
        int rc; /* 0, or -ENOMEM */
};

void text_add(struct text *text, const char *data, size_t n);

/* The same of a string, with what means something in HTML turned into what only looks like it. */
void text_add_escaped(struct text *text, const char *string);

__attribute__((format(printf, 2, 3))) void text_print(struct text *text, const char *format, ...);

void text_free(struct text *text);

/* What is wrong with something that a person typed: a sentence to show; NULL where it is text of 1 to `most` bytes. */
const char *text_fault(const char *typed, size_t size, size_t most);

/* How many letters UTF-8 has, of as many bytes. */
size_t text_letters(const char *text, size_t size);

/* What of a string is left without blanks at its ends: where, and how many bytes. NULL is "". */
const char *text_trim(const char *string, size_t *size);

/* Bytes as hexadecimal digits, and a NUL: 2 * n + 1 of room. */
void text_to_hex(char *hex, const unsigned char *bytes, size_t n);

/* The other way round: how many bytes; -1 where they are no such digits, or more than `room` bytes. */
int text_from_hex(unsigned char *bytes, size_t room, const char *hex, size_t n);

#endif
