/* The checksum that a file is to have: by libcrypto, or not at all. */
#ifndef HTTP_CLIENT_CHECKSUM_H
#define HTTP_CLIENT_CHECKSUM_H

#include "http_client/part.h"

enum { CHECKSUM_MAX = 64 }; /* bytes */

/** Whether a wish such as "sha256:0123..." can be met: 0, -EINVAL or EDDY_ENOTSUP, described. */
int checksum_check(const char *wish);

/** Compare all bytes of a part with a wish that can be met; another thread reads a file. Suspends. 0, EDDY_ECHECKSUM, or as
 * from read(); EDDY_CANCELLED or EDDY_TIMEOUT where it was interrupted. */
int checksum_verify(const char *wish, const struct part *part);

#endif
