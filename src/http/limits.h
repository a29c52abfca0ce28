/* What clients may bring, and how long they may take: as the options have it, and where they say nothing. */
#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include <eddy/http_server.h>

/** Whether there can be such bounds: 0, or -EINVAL with a detail. */
int limits_check(const eddy_http_service_options *options);

/** Put in what is not said. */
void limits_complete(eddy_http_service_options *options);

#endif
