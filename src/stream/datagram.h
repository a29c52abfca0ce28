/* A datagram socket from the inside. Opening is in datagram_open.c, those that call a
 * protocol in datagram_endpoint.c, receiving and sending in datagram.c. */
#ifndef STREAM_DATAGRAM_H
#define STREAM_DATAGRAM_H

#include "loop/loop.h"
#include "net/socket_file.h"
#include "task/task.h"
#include <eddy/datagram.h>

struct eddy_datagram {
        struct loop_resource resource;
        eddy_loop *loop;
        unsigned users; /* tasks that are in a call on it */
        bool is_orphan; /* its owner is done with it: freed when no task uses it */
        int fd;         /* -1 once closed */
        int family;
        struct socket_file file;           /* a UNIX socket's */
        char text[EDDY_ADDRESS_TEXT_SIZE]; /* the last name that was asked for */
};

/** A datagram of a socket in non-blocking mode; NULL without memory. */
eddy_datagram *datagram_create(eddy_loop *loop, int fd, int family);

/** Open a UDP socket as the options say: a descriptor or an error.
 *
 * @param options  NULL: the defaults
 *
 * Suspends.
 */
int datagram_open(struct task *self, const eddy_datagram_options *options, int *family);

#endif
