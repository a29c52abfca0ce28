/* The body of an answer, as its reader likes. */
#ifndef HTTP_CLIENT_READ_H
#define HTTP_CLIENT_READ_H

#include "http_client/transfer.h"

/** Give all of a fetched body that comes in a coding to request->on_body, in the caller's task: what a few bytes become would
 * hold up the loop. 0 or an error. Suspends. */
int read_coded_whole(struct transfer *t);

#endif
