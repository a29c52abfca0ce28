/* Where in the URL of a store's server a password may be. */
#ifndef JOBS_URL_H
#define JOBS_URL_H

#include <string.h>

/** What is behind "scheme://user:password@" of an URL, or behind "scheme://" where that names nobody. A "/" ends who is named, and neither "?" nor
 * "#" does: so libpq reads it, and libeddy-redis. */
static inline char *jobs_url_host(char *url)
{
        char *begin = strstr(url, "://");
        char *mark = strpbrk(begin ? begin + 3 : url, "@/");

        if (mark && *mark == '@')
                return mark + 1;
        return begin ? begin + 3 : url;
}

#endif
