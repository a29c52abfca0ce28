/* What a client has taken. */
#ifndef HTTP_PROGRESS_H
#define HTTP_PROGRESS_H

#include <stdint.h>

/** A number that changes when the peer of a socket takes some of what was sent to it; of TCP, how many bytes it has
 * acknowledged. */
uint64_t http_progress(int fd);

#endif
