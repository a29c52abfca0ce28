/* Connecting, for whatever is made of the socket then. All of it suspends. */
#ifndef STREAM_CONNECT_H
#define STREAM_CONNECT_H

#include "task/task.h"
#include <eddy/stream.h>

/** A socket that is connected to a host: a descriptor, or as eddy_open_connection().
 *
 * @param options  NULL: defaults
 * @param family   receives what it is of
 */
int connect_to_host(struct task *self, const char *host, uint16_t port, const eddy_connect_options *options,
                    int *family);

/** A socket that is connected to a path: a descriptor, or as eddy_open_unix_connection(). */
int connect_to_path(struct task *self, const char *path, const eddy_connect_options *options);

#endif
