/* Sockets that listen, before anybody is accepted. */
#ifndef STREAM_LISTEN_H
#define STREAM_LISTEN_H

#include "stream/address.h"
#include "stream/socket_file.h"
#include <eddy/server.h>

/** A socket that listens on an address: a descriptor or an error.
 *
 * @param port  in place of the address's own
 */
int listen_on_address(const struct addrinfo *info, uint16_t port, const eddy_server_options *options);

/** A socket that listens on a path: a descriptor or an error.
 *
 * @param file  zeroed; receives what is to be removed when the socket is closed
 */
int listen_on_path(const char *path, const eddy_server_options *options, struct socket_file *file);

#endif
