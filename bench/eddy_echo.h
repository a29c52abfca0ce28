/* What eddy's echo servers do, with TLS and without. */
#ifndef EDDY_BENCH_ECHO_H
#define EDDY_BENCH_ECHO_H

#include "eddy_bench.h"

static inline intptr_t bench_echo_lend(eddy_stream *stream, void *arg)
{
        const char *data;
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read_some(stream, &data)) > 0) {
                n = eddy_stream_write_all(stream, data, (size_t)n);
                if (n < 0)
                        break;
        }
        return n;
}

static inline void bench_echo_back(eddy_transport *transport, void *self, const void *data, size_t n)
{
        (void)self;
        eddy_transport_write(transport, data, n);
}

#endif
