/* Accepting connections from a socket that listens, one after the other. */
#ifndef NET_ACCEPT_H
#define NET_ACCEPT_H

#include "loop/loop.h"

struct acceptor;

/** What becomes of those who connect. */
struct acceptor_impl {
        /** Whether there is room for one more. Where there is not, acceptor_go_on() is called when there is. */
        bool (*has_room)(const struct acceptor *acceptor);

        /** Take a connection over: 0, or -ENOMEM, and then it is closed. */
        int (*take)(struct acceptor *acceptor, int fd);
};

/** A socket that listens. Embedded in whoever serves. */
struct acceptor {
        const struct acceptor_impl *impl;
        eddy_loop *loop;
        int fd; /* -1: closed */
        int family;
        int kept; /* a connection that came when there was no room any more; else -1 */
        eddy_op op;
        eddy_timer rest; /* set while accepting rests */
};

/** Prepare to accept; nothing happens before acceptor_go_on(). */
void acceptor_init(struct acceptor *acceptor, const struct acceptor_impl *impl, eddy_loop *loop, int fd,
                   int family);

/** Accept who is there, and who comes. At the start, and when there is room again. */
void acceptor_go_on(struct acceptor *acceptor);

void acceptor_close(struct acceptor *acceptor);

#endif
