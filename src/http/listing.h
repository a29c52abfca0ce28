/* The page that lists a folder without index.html. */
#ifndef HTTP_LISTING_H
#define HTTP_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum listing_order { LISTING_BY_NAME, LISTING_BY_SIZE, LISTING_BY_TIME };

/** How a folder is to be listed. */
struct listing_options {
        enum listing_order order;
        bool is_descending;
        bool has_form; /* for files to be uploaded by */
};

enum listing_kind { LISTING_FOLDER, LISTING_FILE, LISTING_LINK };

/** Something in a folder. */
struct listing_entry {
        char *name;
        int64_t size; /* of a file, bytes */
        time_t modified;
        enum listing_kind kind;
};

struct listing_entries {
        struct listing_entry *entries;
        size_t count, capacity;
};

struct listing {
        char *text;
        size_t size, capacity;
        bool has_failed; /* there was no memory for all of it */
};

/** What a query such as "?sort=size&order=desc" asks for; what is not understood is not there. NULL: nothing. */
void listing_read_query(struct listing_options *options, const char *query);

/** Which of two comes first. */
int listing_compare(const struct listing_entry *a, const struct listing_entry *b,
                    const struct listing_options *options);

/** Make the page of a folder, whose descriptor it closes; `path` is for the title. 0, -ENOMEM, or as from
 * opendir(). End it with listing_finish() in any case. It takes its time, so call it beside the loop. */
int listing_make(struct listing *page, int fd, const char *path, const struct listing_options *options);

void listing_finish(struct listing *page);

#endif
