/* Sockets that listen, before anybody is accepted. */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include "net/address.h"
#include "net/socket_file.h"
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
