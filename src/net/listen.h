/* Sockets that listen, or will, before anybody is accepted. */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include "net/address.h"
#include "net/socket_file.h"
#include <eddy/server.h>

/** A socket that is bound to an address, and listens unless the options say otherwise: a descriptor or an error.
 *
 * @param port  in place of the address's own
 */
int listen_on_address(const struct addrinfo *info, uint16_t port, const eddy_server_options *options);

/** A socket that is bound to a path, likewise: a descriptor or an error.
 *
 * @param file  zeroed; receives what is to be removed when the socket is closed
 */
int listen_on_path(const char *path, const eddy_server_options *options, struct socket_file *file);

/** Have a socket that comes from elsewhere listen, likewise: 0 or the error.
 *
 * @param family  receives what it is of
 */
int listen_on_socket(int fd, const eddy_server_options *options, int *family);

/** Have a socket listen that is bound, or does: 0 or the error. */
int listen_start(int fd, const eddy_server_options *options);

#endif
