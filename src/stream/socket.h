/* What coroutines do with a descriptor that others may close meanwhile. All of it suspends. */
#ifndef STREAM_SOCKET_H
#define STREAM_SOCKET_H

#include "task/task.h"
#include <eddy/address.h>

/** As task_finish_op(), but -EBADF where somebody closed the descriptor. */
static inline ssize_t socket_finish_op(struct task *self, eddy_op *op, ssize_t begun)
{
        ssize_t rc = task_finish_op(self, op, begun);

        return rc == EDDY_CANCELLED && !self->interruption ? -EBADF : rc;
}

/** Let others have a turn now and then where calls succeed at once; returns their outcome. */
static inline ssize_t socket_take_turn(struct task *self, ssize_t outcome)
{
        return task_finish_op(self, NULL, outcome);
}

/** Connect a socket: 0 or the error. */
int socket_connect(struct task *self, int fd, const eddy_address *address);

/** Receive a datagram, or what there is of a stream: a count or the error.
 *
 * @param message  where its name is wanted, it has room for one
 */
ssize_t socket_receive(struct task *self, int fd, struct msghdr *message);

/** Send a datagram: a count or the error.
 *
 * @param fd  looked at again after each wait: its owner may close it, and its number come back as another file
 */
ssize_t socket_send(struct task *self, const int *fd, const struct msghdr *message);

/** Wait until a datagram may be sent: 0 or the error.
 *
 * @param to  NULL: to whom the socket is connected
 */
int socket_wait_for_room(struct task *self, int fd, const struct sockaddr *to);

#endif
