#include "stream/datagram.h"

#include "base/memory.h"
#include "base/misuse.h"
#include "base/sys_socket.h"
#include "loop/debug.h"
#include "net/address.h"
#include "stream/socket.h"
#include <netinet/udp.h>

static void close_socket(eddy_datagram *datagram)
{
        loop_close_descriptor(datagram->loop, datagram->fd);
        datagram->fd = -1;
        socket_file_remove(&datagram->file);
}

static void release_datagram(eddy_datagram *datagram)
{
        if (list_is_linked(&datagram->resource.link))
                list_remove(&datagram->resource.link);
        memory_free(datagram);
}

/** The loop is closed: tasks that are in calls never run again. */
static void close_with_loop(struct loop_resource *resource)
{
        eddy_datagram *datagram = container_of(resource, eddy_datagram, resource);

        if (datagram->fd >= 0)
                close_socket(datagram);
        datagram->users = 0;
        if (datagram->is_orphan)
                release_datagram(datagram);
}

eddy_datagram *datagram_create(eddy_loop *loop, int fd, int family)
{
        eddy_datagram *datagram = memory_zalloc(sizeof *datagram);

        if (!datagram)
                return NULL;
        datagram->resource.close = close_with_loop;
        datagram->resource.what = "datagram";
        datagram->loop = loop;
        datagram->fd = fd;
        datagram->family = family;
        loop_add_resource(loop, &datagram->resource);
        return datagram;
}

/** Every call that suspends begins here: 0, and ends with leave_datagram(); or why it may not. */
static int enter_datagram(eddy_datagram *datagram, struct task **self)
{
        int rc = task_enter(self);

        if (rc == 0 && (*self)->future.loop != datagram->loop)
                rc = misuse(EDDY_EWRONGLOOP);
        if (rc == 0)
                datagram->users++;
        return rc;
}

/** End a call with what it comes to. One that was destroyed meanwhile goes with the last who leaves, and nobody is told of
 * a success, after which he would use it again. */
static ssize_t leave_datagram(eddy_datagram *datagram, ssize_t outcome)
{
        datagram->users--;
        if (!datagram->is_orphan)
                return outcome;
        if (datagram->users == 0)
                release_datagram(datagram);
        return outcome < 0 ? outcome : -EBADF;
}

/** The kernel has written a sender's address, or nothing where it has none. */
static void note_sender(eddy_address *from, socklen_t size)
{
        from->size = size;
        if (size == 0)
                from->any.sa_family = AF_UNSPEC;
}

ssize_t eddy_datagram_receive(eddy_datagram *datagram, void *buffer, size_t n, eddy_address *from,
                              bool *is_truncated)
{
        struct task *self;
        struct iovec part = {.iov_base = buffer, .iov_len = n};
        struct msghdr message = {
            .msg_name = from ? &from->storage : NULL,
            .msg_namelen = from ? sizeof from->storage : 0,
            .msg_iov = &part,
            .msg_iovlen = 1,
        };
        ssize_t got = enter_datagram(datagram, &self);

        if (got == 0)
                got = leave_datagram(datagram, socket_receive(self, datagram->fd, &message));
        if (got < 0)
                return got;
        if (from)
                note_sender(from, message.msg_namelen);
        if (is_truncated)
                *is_truncated = message.msg_flags & MSG_TRUNC;
        return got;
}

/** Messages as the kernel takes many of them. */
enum { BATCH = 64 };

struct batch {
        struct mmsghdr heads[BATCH];
        struct iovec parts[BATCH];
};

static void add_to_batch(struct batch *batch, size_t i, void *data, size_t size, struct sockaddr *name,
                         socklen_t name_size)
{
        batch->parts[i] = (struct iovec){.iov_base = data, .iov_len = size};
        batch->heads[i].msg_hdr = (struct msghdr){
            .msg_name = name_size ? name : NULL,
            .msg_namelen = name_size,
            .msg_iov = &batch->parts[i],
            .msg_iovlen = 1,
        };
}

ssize_t eddy_datagram_receive_many(eddy_datagram *datagram, eddy_message messages[], size_t n)
{
        struct task *self;
        struct batch batch;
        eddy_op op;
        int got = enter_datagram(datagram, &self);

        if (got < 0)
                return got;
        if (n == 0)
                return leave_datagram(datagram, 0);
        n = n < BATCH ? n : BATCH;
        for (size_t i = 0; i < n; i++)
                add_to_batch(&batch, i, messages[i].data, messages[i].room, &messages[i].peer.any,
                             sizeof messages[i].peer.storage);
        task_op_init(&op, self);
        op.traits = OP_SHORT_IS_ALL;
        got = (int)socket_finish_op(self, &op, eddy_op_recvmmsg(&op, datagram->fd, batch.heads, (unsigned)n));
        got = (int)leave_datagram(datagram, got);
        for (int i = 0; i < got; i++) {
                messages[i].size = batch.heads[i].msg_len;
                note_sender(&messages[i].peer, batch.heads[i].msg_hdr.msg_namelen);
                messages[i].is_truncated = batch.heads[i].msg_hdr.msg_flags & MSG_TRUNC;
        }
        return got;
}

ssize_t eddy_datagram_send_to(eddy_datagram *datagram, const void *data, size_t n, const eddy_address *to)
{
        struct task *self;
        struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = n};
        struct msghdr message = {
            .msg_name = (void *)(uintptr_t)to,
            .msg_namelen = to ? to->size : 0,
            .msg_iov = &part,
            .msg_iovlen = 1,
        };
        int rc = enter_datagram(datagram, &self);

        return rc < 0 ? rc : leave_datagram(datagram, socket_send(self, &datagram->fd, &message));
}

ssize_t eddy_datagram_send(eddy_datagram *datagram, const void *data, size_t n)
{
        return eddy_datagram_send_to(datagram, data, n, NULL);
}

/** Send up to a batch of messages: how many, or why the first was not. */
static ssize_t send_batch(struct task *self, eddy_datagram *datagram, const eddy_message messages[], size_t n)
{
        struct batch batch;
        int sent;

        n = n < BATCH ? n : BATCH;
        for (size_t i = 0; i < n; i++)
                add_to_batch(&batch, i, messages[i].data, messages[i].size,
                             (struct sockaddr *)(uintptr_t)&messages[i].peer.any, messages[i].peer.size);
        while ((sent = sys_sendmmsg(datagram->fd, batch.heads, (unsigned)n)) == -EAGAIN) {
                int rc = socket_wait_for_room(self, datagram->fd, batch.heads[0].msg_hdr.msg_name);

                if (rc < 0)
                        return rc;
        }
        return socket_take_turn(self, sent);
}

ssize_t eddy_datagram_send_many(eddy_datagram *datagram, const eddy_message messages[], size_t n)
{
        struct task *self;
        ssize_t rc = enter_datagram(datagram, &self);
        size_t done = 0;

        if (rc < 0)
                return rc;
        while (rc >= 0 && done < n) {
                rc = send_batch(self, datagram, messages + done, n - done);
                if (rc > 0)
                        done += (size_t)rc;
                if (rc >= 0)
                        rc = self->interruption;
        }
        return leave_datagram(datagram, rc < 0 && done == 0 ? rc : (ssize_t)done);
}

ssize_t eddy_datagram_send_segments(eddy_datagram *datagram, const void *data, size_t n, uint16_t segment,
                                    const eddy_address *to)
{
        struct task *self;
        union {
                struct cmsghdr head;
                char bytes[CMSG_SPACE(sizeof segment)];
        } control = {
            .head = {.cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof segment)}};
        struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = n};
        struct msghdr message = {
            .msg_name = (void *)(uintptr_t)to,
            .msg_namelen = to ? to->size : 0,
            .msg_iov = &part,
            .msg_iovlen = 1,
            .msg_control = &control,
            .msg_controllen = sizeof control,
        };
        int rc = enter_datagram(datagram, &self);

        if (rc < 0)
                return rc;
        /* Asked for this, the kernel sends one datagram of all. */
        if (segment == 0)
                return leave_datagram(datagram, -EINVAL);
        memcpy(CMSG_DATA(&control.head), &segment, sizeof segment);
        return leave_datagram(datagram, socket_send(self, &datagram->fd, &message));
}

int eddy_datagram_fd(const eddy_datagram *datagram)
{
        return datagram->fd;
}

const char *eddy_datagram_own_name(eddy_datagram *datagram)
{
        return address_name(eddy_address_of_socket, datagram->fd, datagram->text);
}

const char *eddy_datagram_peer_name(eddy_datagram *datagram)
{
        return address_name(eddy_address_of_peer, datagram->fd, datagram->text);
}

void eddy_datagram_close(eddy_datagram *datagram)
{
        if (datagram->fd < 0)
                return;
        if (datagram->users == 0)
                list_remove(&datagram->resource.link);
        close_socket(datagram);
}

void eddy_datagram_destroy(eddy_datagram *datagram)
{
        if (!datagram)
                return;
        if (datagram->users > 0)
                debug_warn_used(datagram->loop, "datagram", NULL);
        eddy_datagram_close(datagram);
        datagram->is_orphan = true;
        datagram->resource.what = NULL;
        if (datagram->users == 0)
                release_datagram(datagram);
}
