/* What people are told, as a store may have it: one line of UTF-8. */
#ifndef JOBS_TEXT_H
#define JOBS_TEXT_H

#include <stddef.h>

/** Make one line of a text in its place: what is no UTF-8 or a control character becomes a blank or '?', and of more than `most` bytes
 * what fits is kept, whole characters alone. How long it is then. */
size_t jobs_text_clean(char *text, size_t most);

#endif
