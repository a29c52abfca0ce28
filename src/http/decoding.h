/* Bodies of requests that come in a content coding, and are read as what they were before it. */
#ifndef HTTP_DECODING_H
#define HTTP_DECODING_H

#include "http_common/coding.h"

#include <eddy/http_exchange.h>

/** Of a request's body. Zeroed: nobody has looked. */
struct decoding {
        enum { NOBODY_LOOKED, NOT_DECODED, DECODED } state;
        enum coding coding; /* CODINGS: one that is not known, or more than one */
        struct decoder decoder;
        bool has_begun;
        bool is_full; /* there is more of what was taken */
        char *in;     /* bytes that have come, */
        size_t start, end;
};

/** Whether a request's body is decoded: it is coded, and the service does that. */
bool decoding_is_needed(eddy_http_exchange *exchange);

/** As the `read` of struct exchange_impl, decoded; EDDY_ENOTSUP where the coding is not known. */
ssize_t decoding_read(eddy_http_exchange *exchange, void *buffer, size_t n);

/** Give back what it has. */
void decoding_finish(struct decoding *decoding);

#endif
