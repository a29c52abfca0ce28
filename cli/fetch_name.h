/* Names for downloaded files: taken from URLs and servers' answers, and never anybody else's. */
#ifndef CLI_FETCH_NAME_H
#define CLI_FETCH_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum { FETCH_NAME_MAX = 255 }; /* bytes: what file systems take */

/** Make a name of bytes, n > 0: without whatever could lead out of a folder, hide the file or pass for an option, and
 * short enough. */
void fetch_name_make(const char *bytes, size_t n, char name[FETCH_NAME_MAX + 1]);

/** The byte that "%XX" at `at` stands for; -1 where it is none. */
int fetch_name_unhex(const char *at, const char *end);

/** A name for what a URL leads to: its last part, decoded; "index.html" where there is none. */
void fetch_name_of(const char *url, char name[FETCH_NAME_MAX + 1]);

/** The names that this run has given, and how many files asked for each. Zeroed before first use. */
struct fetch_names {
        struct fetch_name_entry *entries;
        size_t count, capacity; /* a power of two */
};

void fetch_names_finish(struct fetch_names *names);

/** Enter the names of all that is in a folder. False where it cannot be read, or there are more than `most`. */
bool fetch_names_list(struct fetch_names *names, const char *folder, size_t most);

/** Whether a name has been entered. */
bool fetch_names_has(const struct fetch_names *names, const char *name);

/** What to do about a file that is there already. */
enum fetch_existing { FETCH_NUMBER, FETCH_SKIP, FETCH_OVERWRITE };

/**
 * Choose where a file goes: DIR/NAME, or DIR/NAME-1.EXT and so on where that is taken.
 *
 * @param folder  DIR; NULL: where the process is, and then the path is but a name
 * @param exists  receives whether a file of that name is there already, which only FETCH_SKIP and
 *                FETCH_OVERWRITE allow. NULL: whoever makes it finds out
 * @return the path, to be given to free(); NULL without memory
 */
char *fetch_names_choose(struct fetch_names *names, const char *folder, const char *name,
                         enum fetch_existing existing, bool *exists);

#endif
