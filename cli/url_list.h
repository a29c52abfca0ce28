/* Lists of URLs: one a line. */
#ifndef CLI_URL_LIST_H
#define CLI_URL_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { URL_MIRRORS_MAX = 31 };

/** A line: where a file is, where else it is, and what its checksum is. */
struct url_line {
        const char *url;
        const char *mirrors[URL_MIRRORS_MAX + 1]; /* NULL behind the last */
        const char *checksum;                     /* such as "sha256:0123..."; NULL: none was given */
};

/** Whether what is behind "://" in a URL, such as "user@host:80/", names a host. */
bool url_has_host(const char *authority);

/** What keeps a text from being a URL to fetch, to be read behind it, such as "is no URL ..."; NULL: nothing. Blanks do
 * not, they are sent encoded. */
const char *url_fault(const char *text, size_t n);

/** Whether it looks like a checksum, such as "sha256:0123...". */
bool url_is_checksum(const char *text);

/** What keeps one that looks like it from being one, likewise; NULL: nothing. */
const char *url_checksum_fault(const char *text);

/**
 * Read the URLs of a file, and call `add` with each line: a URL, and behind tabs its mirrors; behind a tab or a blank, its
 * checksum. Blanks around these, a carriage return behind a line and a byte order mark before the first are no part of
 * it; empty lines, and those that begin with '#', are left out. A line that is no URL is refused by its number, and never
 * half of it taken.
 *
 * @param path  what the file is called
 * @return 0; CLI_USAGE, or CLI_FAILED without memory, which has been said; or what `add` returned
 */
int url_list_read(FILE *file, const char *path, int (*add)(const struct url_line *line, void *arg), void *arg);

#endif
