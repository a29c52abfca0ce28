/* Connections to a service: how requests come, one after the other, and their answers leave. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "http/service.h"

/** Serve one until it ends: 0, or the failure that ended it. */
int connection_serve(struct service *service, eddy_stream *stream);

/** Let a service's connections end, those that wait for a request at once. */
void connections_stop(struct service *service);

#endif
