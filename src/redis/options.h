/* How to connect: defaults, and what an URL says. */
#ifndef REDIS_OPTIONS_H
#define REDIS_OPTIONS_H

#include "redis/connection.h"

/** Copy options, and have an URL's parts be fields of the copy: 0 or an error. Either way redis_options_free() is due. */
int redis_options_copy(eddy_redis_options *copy, const eddy_redis_options *options);

void redis_options_free(const eddy_redis_options *options);

/** Have the fields of options, whose texts are their own, be what an URL says: 0 or an error. */
int redis_options_read_url(eddy_redis_options *options, const char *url);

#endif
