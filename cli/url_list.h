/* Lists of URLs: one a line. */
#ifndef CLI_URL_LIST_H
#define CLI_URL_LIST_H

#include <stddef.h>

/** What keeps a text from being a URL to fetch, to be read behind it, such as "is no URL ..."; NULL: nothing. Blanks do
 * not, they are sent encoded. */
const char *url_fault(const char *text, size_t n);

/**
 * Read the URLs of a file, and call `add` with each. Blanks around a line, a carriage return behind it and a byte order
 * mark before the first are no part of it; empty lines, and those that begin with '#', are left out. A line that is no
 * URL is refused by its number, and never half of it taken.
 *
 * @param path  "-": standard input
 * @return 0; CLI_USAGE, which has been said; or what `add` returned
 */
int url_list_read(const char *path, int (*add)(const char *url, void *arg), void *arg);

#endif
