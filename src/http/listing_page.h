/* How the page that lists a folder looks. */
#ifndef HTTP_LISTING_PAGE_H
#define HTTP_LISTING_PAGE_H

#include "http/listing.h"

/** Write it: 0 or -ENOMEM. The entries are in their order. */
int listing_page_put(struct listing *page, const char *path, const struct listing_entries *list,
                     const struct listing_options *options);

#endif
