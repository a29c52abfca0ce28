/* The page that lists a folder without index.html. */
#ifndef HTTP_LISTING_H
#define HTTP_LISTING_H

#include <stdbool.h>
#include <stddef.h>

struct listing {
        char *text;
        size_t size, capacity;
};

/** Make the page of a folder, whose descriptor it closes; `path` is for the title. 0, -ENOMEM, or as from
 * opendir(). End it with listing_finish() in any case. It takes its time, so call it beside the loop. */
int listing_make(struct listing *page, int fd, const char *path);

void listing_finish(struct listing *page);

#endif
