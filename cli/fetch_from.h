/* What --from names. */
#ifndef CLI_FETCH_FROM_H
#define CLI_FETCH_FROM_H

#include "batch.h"

/** Add what a sitemap or list of URLs names; "-": on standard input. One that is to be had by HTTP is for from_fetch(). 0, or an
 * exit code, which has been explained. */
int from_read(struct batch *batch, const char *name);

/** Fetch what sitemaps there are, and add what they name; what fails is said, counted, and left out. 0, or what interrupted
 * it. Suspends. */
int from_fetch(struct batch *batch);

void from_finish(struct batch *batch);

#endif
