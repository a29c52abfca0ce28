/* Answers that leave smaller than they are given, where their service does that and their client takes it. */
#ifndef HTTP_COMPRESSION_H
#define HTTP_COMPRESSION_H

#include "http/negotiate.h"

#include <eddy/http_exchange.h>

/** Of an answer that is written piece by piece. Zeroed: it leaves as it is written. */
struct compression {
        struct encoder encoder;
        enum coding coding;
        bool has_begun;
        bool is_live; /* a piece leaves when it was written */
        int failure;  /* it has failed so, and the answer cannot be whole any more; 0: it has not */
};

/** Begin to code as is planned: 0, or why it cannot be done. `size` of the whole body, negative where it is not known. */
int compression_begin(struct compression *compression, const struct coding_plan *plan, int64_t size);

/** Send a piece, as far as the encoder yields it: 0, -ENOMEM, the exchange's failure, or how the caller was interrupted. Suspends. */
int compression_write(eddy_http_exchange *exchange, const void *data, size_t n);

/** Send what the encoder still has: 0, -ENOMEM, or the exchange's failure. Does not suspend. */
int compression_end(eddy_http_exchange *exchange);

/** Give the encoder back, if there is one. */
void compression_finish(struct compression *compression);

/**
 * Code a body in one piece.
 *
 * @param coded  receives it, to be freed by memory_free(); NULL where this fails
 * @return its size; EDDY_ELIMIT where that would not be less; or why it cannot be done
 *
 * Suspends where it is large: a thread does it.
 */
ssize_t compression_of_whole(const struct coding_plan *plan, const void *body, size_t size, char **coded);

#endif
