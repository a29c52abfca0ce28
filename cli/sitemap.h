/* Sitemaps (sitemaps.org): the URLs of a site, or of further sitemaps. */
#ifndef CLI_SITEMAP_H
#define CLI_SITEMAP_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Read what a sitemap lists. It need not be well-formed: what is in <loc> within <url> or <sitemap> counts, entities and
 * CDATA are resolved, and what extensions put beside it, such as <image:loc>, does not.
 *
 * @param add  called with each, without blanks around it; is_sitemap: it leads to another sitemap. Not 0 ends the reading
 * @return 0, what `add` returned, or -1 where that is no sitemap
 */
int sitemap_read(const char *text, size_t n, int (*add)(const char *url, bool is_sitemap, void *arg),
                 void *arg);

#endif
