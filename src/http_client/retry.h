/* When a download that failed is tried again. */
#ifndef HTTP_CLIENT_RETRY_H
#define HTTP_CLIENT_RETRY_H

#include <eddy/http_client.h>

/** Whether a failed transfer may succeed when it is tried again: the network's failures may, and those of a request, a
 * certificate or a disk may not. */
bool retry_may_help(int error);

/** Whether an answer is one that the server may give otherwise later. */
bool retry_status_may_pass(int status);

/** How long the server asks to be left alone (Retry-After: seconds or a date); 0: it does not, or asks for nonsense. A
 * wait of any length is told, up to EDDY_FOREVER. */
eddy_duration retry_wish(const eddy_http_response *response);

/** How long to wait before the nth attempt after the first: `backoff` (0: 250 ms), twice as long each time up to 10 s. */
eddy_duration retry_backoff(eddy_duration backoff, unsigned nth);

#endif
