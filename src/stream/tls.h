/* TLS under streams, from the inside. */
#ifndef STREAM_TLS_H
#define STREAM_TLS_H

#include "stream/stream.h"

/** As eddy_stream_start_tls(), of the current task. */
int stream_start_tls(struct task *self, eddy_stream *stream, eddy_tls *tls, const char *name);

#endif
