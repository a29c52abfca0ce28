/* Addresses of sockets: as the kernel takes them, and as text.
 *
 *         eddy_address address;
 *         if (eddy_address_parse(&address, "127.0.0.1:9999") == 0)
 *                 eddy_datagram_send_to(datagram, "hello", 5, &address);
 */
#ifndef EDDY_ADDRESS_H
#define EDDY_ADDRESS_H

#include <eddy/base.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

EDDY_BEGIN_DECLS

/** Room for the text of any address, its NUL included. */
#define EDDY_ADDRESS_TEXT_SIZE 128

/** An address of any family. The caller's memory; copied by assignment. */
typedef struct eddy_address {
        union {
                struct sockaddr any; /**< any.sa_family tells which of the others holds */
                struct sockaddr_in in;
                struct sockaddr_in6 in6;
                struct sockaddr_un un;
                struct sockaddr_storage storage;
        };
        socklen_t size; /**< bytes of it that count */
} eddy_address;

/**
 * Make an address of its text, without asking a name server.
 *
 * @param text  "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", "/run/a.sock" or any path with a slash, or
 *              "@name" for a name in Linux's abstract namespace
 * @return 0
 * @retval -EINVAL        it is none of these
 * @retval -ENAMETOOLONG  a path or name does not fit
 */
EDDY_API int eddy_address_parse(eddy_address *address, const char *text);

/**
 * Make an address of a number and a port.
 *
 * @param host  "127.0.0.1" or "::1", without brackets; NULL: any address of this machine (IPv4)
 * @param port  in host order
 * @return 0, or -EINVAL where host is no numeric address
 */
EDDY_API int eddy_address_from_ip(eddy_address *address, const char *host, uint16_t port);

/**
 * Make a UNIX socket's address.
 *
 * @param path  of a file; or "@name", in Linux's abstract namespace, which has no file. A file whose name
 *              really begins with "@" is "./@name"
 * @return 0, -EINVAL where it is empty, or -ENAMETOOLONG
 */
EDDY_API int eddy_address_from_path(eddy_address *address, const char *path);

/**
 * Write an address as text that eddy_address_parse() takes.
 *
 * @param text  receives it, EDDY_ADDRESS_TEXT_SIZE bytes; "" for a socket without a name, or a family unknown
 * @return text
 */
EDDY_API const char *eddy_address_print(const eddy_address *address, char text[]);

/** The port, in host order; 0 where the family has none. */
EDDY_API uint16_t eddy_address_port(const eddy_address *address);

/** Whether two addresses are the same: family, host, port and scope, or name. */
EDDY_API bool eddy_address_equal(const eddy_address *one, const eddy_address *other);

/** The address that a socket is bound to. 0, or -errno as from getsockname(). */
EDDY_API int eddy_address_of_socket(eddy_address *address, int fd);

/** The address that a socket is connected to. 0, or -errno as from getpeername(): -ENOTCONN. */
EDDY_API int eddy_address_of_peer(eddy_address *address, int fd);

EDDY_END_DECLS

#endif
