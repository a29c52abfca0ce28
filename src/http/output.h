/* What leaves a connection: answers are gathered in memory and sent together, or in front of what is too large to be
 * copied. Knows nothing of requests. */
#ifndef HTTP_OUTPUT_H
#define HTTP_OUTPUT_H

#include "http/deadline.h"

#include <eddy/stream.h>
#include <string.h>

enum { HTTP_OUTPUT_SIZE = 16 * 1024 };

/** A connection's. Owned by the coroutine that serves it. */
struct http_output {
        eddy_stream *stream;
        struct deadlines *deadlines;
        struct deadline *deadline; /* for the client to take what is sent */
        eddy_duration limit;       /* for each answer as a whole, however steadily it is taken; 0: none */
        char *data;                /* made and not sent; of HTTP_OUTPUT_SIZE */
        size_t size;
        int failure; /* of sending, which so cannot go on; 0: none */
};

/** Write into the memory that output_reserve() has seen to. */
static inline void output_put(struct http_output *output, const void *data, size_t n)
{
        memcpy(output->data + output->size, data, n);
        output->size += n;
}

/** See that there is memory for n more bytes, at most its size; 0 or an error. May suspend. */
int output_reserve(struct http_output *output, size_t n);

/** Add n bytes behind those that are gathered: copied where there is room, else both are sent; 0 or an error. May suspend.
 */
int output_add(struct http_output *output, const void *data, size_t n);

/** Add bytes start .. end - 1 of a file behind those that are gathered, which leave with the first of them; `sent` counts
 * the file's. 0, -EIO where the file has become shorter, or another error. May suspend. */
int output_add_file(struct http_output *output, int fd, int64_t start, int64_t end, int64_t *sent);

/** Send what is gathered; 0 or an error. Suspends, unless the caller is interrupted already: then it is kept. */
int output_flush(struct http_output *output);

/** The connection ends, for whatever reason: what is gathered still leaves, unless sending has failed. Does not
 * suspend. */
void output_finish(struct http_output *output);

#endif
