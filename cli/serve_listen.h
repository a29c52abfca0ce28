/* Sockets that several processes listen on, each on its own, on one port. */
#ifndef SERVE_LISTEN_H
#define SERVE_LISTEN_H

#include <stdint.h>

enum { LISTEN_ADDRESSES_MAX = 16 };

/** Of one process. */
struct listen_sockets {
        int fds[LISTEN_ADDRESSES_MAX];
        unsigned count;
};

/**
 * Listen.
 *
 * @param sockets    receives those of each process; close them with listen_close()
 * @param processes  how many
 * @param host       a name or address; NULL: every address of this machine
 * @param port       in host order; 0: any free one
 * @return the port; -EADDRINUSE also where another program shares it in the same way; or as from bind(), -ENOENT: the host has no address
 */
int listen_open(struct listen_sockets *sockets, unsigned processes, const char *host, uint16_t port);

void listen_close(struct listen_sockets *sockets);

#endif
