/* Where a socket goes and where it comes from, by name: both hosts are looked up at once, without holding up the loop. */
#ifndef NET_ROUTE_H
#define NET_ROUTE_H

#include "net/names.h"

/** Embedded, zeroed but for `answered`, and its owner's to keep until it is forgotten. */
struct route {
        /** Called from the loop where more is known, and route_outcome() may say something else. */
        void (*answered)(struct route *route);

        struct name_query remote, local; /* what was not asked for is known: it has no address */
};

/** Begin to look up where to go.
 *
 * @param host      NULL: this machine
 * @param family    0: either
 * @param resolver  NULL: the loop's
 */
void route_find_remote(struct route *route, eddy_loop *loop, const char *host, uint16_t port, int family,
                       const eddy_resolver *resolver);

/** Begin to look up where from, likewise, unless it is known by now that there is nowhere to go.
 *
 * @param host  NULL: every address of this machine
 */
void route_find_local(struct route *route, eddy_loop *loop, const char *host, uint16_t port, int family,
                      const eddy_resolver *resolver);

/** What has become of it so far.
 *
 * @param detail  receives the error's, where it has one
 * @return 0: all that was asked for is known; EDDY_PENDING; or an error
 */
int route_outcome(struct route *route, struct error_detail **detail);

/** The family of where to go, where that is known and one; else 0. */
int route_family(const struct route *route);

/** Bind a socket to the first address that it may come from: 0, where none was asked for either, or the error, -EADDRNOTAVAIL
 * where there is none of its family. */
int route_bind(const struct route *route, int fd, int family);

/** Be done with it, at any time: what it has goes, and nothing of it is called any more. */
void route_forget(struct route *route);

#endif
