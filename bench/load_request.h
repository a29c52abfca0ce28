/* What a load of TCP asks, and what it must be answered. */
#ifndef EDDY_BENCH_LOAD_REQUEST_H
#define EDDY_BENCH_LOAD_REQUEST_H

#include <stddef.h>

enum { LOAD_MAX_BYTES = 128 * 1024 };

/** One request, or several that are sent together; and of their answers, which are all of one size, the bytes that are known before
 * they come. */
struct load_request {
        size_t size, answer_size; /* of all of them */
        size_t head, tail;        /* of each answer, how many bytes are known at its beginning and at its end */
        long together;            /* requests */
        char bytes[LOAD_MAX_BYTES], expected[LOAD_MAX_BYTES];
};

/** Make what is asked: a message of "BYTES" to be echoed; "http" or "http:COUNT", so many at once; "websocket:BYTES", a message likewise.
 *
 * @param fds    connections that are open: an answer of the first tells what all will be, and all that are WebSockets turn to that
 * @param count  of them
 */
void load_request_make(struct load_request *request, const char *what, const int *fds, size_t count);

#endif
