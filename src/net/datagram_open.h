/* Opening a datagram socket, by name or by path, for whatever is made of it then. */
#ifndef NET_DATAGRAM_OPEN_H
#define NET_DATAGRAM_OPEN_H

#include "net/route.h"
#include "net/socket_file.h"
#include <eddy/datagram.h>

/** Who opens a UDP socket. Embedded, and its owner's to keep until datagram_opener_finish(), which is due in any case. */
struct datagram_opener {
        /** Called once, from the loop, with a descriptor or the error, where beginning returned EDDY_PENDING. Not where the
         * loop is closed before. The descriptor is its owner's from then on. */
        void (*done)(struct datagram_opener *opener, int outcome);

        int family;                  /* of the descriptor */
        struct error_detail *detail; /* of the error; NULL: it has none */

        /* Private. No socket is there before all names are known, and then nothing is waited for any more. */
        struct loop_resource resource;
        struct route route;
        bool is_connected, reuse_port, broadcast;
};

/** Open a UDP socket that is bound, connected or both, on the first address that it may have.
 *
 * @param opener   zeroed, with `done` set
 * @param options  NULL: the defaults. Nothing of it is looked at afterwards
 * @return EDDY_PENDING; or the outcome: a descriptor, or the error, with a detail in opener->detail
 */
int datagram_opener_begin(struct datagram_opener *opener, eddy_loop *loop,
                          const eddy_datagram_options *options);

/** Give up, at any time, or give back what is left where the outcome is known: `done` is not called any more. */
void datagram_opener_finish(struct datagram_opener *opener);

/** Open a UNIX datagram socket, which takes no waiting.
 *
 * @param file         zeroed; receives what is to be removed when the socket is closed
 * @param local_path   NULL: none
 * @param remote_path  whom to be connected to; NULL: nobody
 * @return a descriptor, or an error and no file
 */
int datagram_open_unix(struct socket_file *file, const char *local_path, const char *remote_path);

#endif
