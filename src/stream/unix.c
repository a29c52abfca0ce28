/* What only UNIX streams have: pairs, credentials, and descriptors that travel. */
#include "base/misuse.h"
#include "base/sys_socket.h"
#include "stream/stream.h"
#include <eddy/unix.h>
#include <string.h>

int eddy_stream_pair(eddy_stream *ends[2])
{
        int sockets[2], rc;

        ends[0] = ends[1] = NULL;
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        rc = sys_socketpair(SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, sockets);
        if (rc < 0)
                return rc;
        for (int i = 0; i < 2; i++)
                ends[i] = stream_create(loop_running_here, sockets[i], AF_UNIX, 0);
        if (ends[0] && ends[1])
                return 0;
        for (int i = 0; i < 2; i++) {
                if (ends[i])
                        eddy_stream_destroy(ends[i]);
                else
                        sys_close(sockets[i]);
                ends[i] = NULL;
        }
        return -ENOMEM;
}

int eddy_stream_peer_credentials(const eddy_stream *stream, eddy_credentials *credentials)
{
        struct ucred peer = {.pid = 0};
        socklen_t size = sizeof peer;
        int rc = stream->flow.family == AF_UNIX
                     ? sys_getsockopt(stream->flow.fd, SOL_SOCKET, SO_PEERCRED, &peer, &size)
                     : EDDY_ENOTSUP;

        *credentials = (eddy_credentials){.pid = peer.pid, .uid = peer.uid, .gid = peer.gid};
        return rc;
}

/** They go beside bytes, which a filter would change. */
static bool carries_descriptors(const eddy_stream *stream)
{
        return stream->flow.family == AF_UNIX && stream->flow.impl == &flow_socket;
}

/** A control message with descriptors, and room for as many as there can be. */
union rights {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(EDDY_MOST_DESCRIPTORS * sizeof(int))];
};

/** Send the first of the bytes, and the descriptors with them: how many, or an error. */
static ssize_t send_rights(struct task *self, eddy_stream *stream, const void *data, size_t n, const int fds[],
                           size_t count)
{
        union rights rights = {.head = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
        struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = n};
        struct msghdr message = {
            .msg_iov = &part,
            .msg_iovlen = 1,
            .msg_control = &rights,
            .msg_controllen = (socklen_t)CMSG_SPACE(count * sizeof *fds),
        };
        eddy_op *op = stream->flow.writer;
        ssize_t sent;

        rights.head.cmsg_len = (socklen_t)CMSG_LEN(count * sizeof *fds);
        memcpy(CMSG_DATA(&rights.head), fds, count * sizeof *fds);
        sent = task_finish_op(self, op, eddy_op_sendmsg(op, stream->flow.fd, &message, 0));
        return sent < 0 || stream->flow.write_error ? stream_sending_error(self, stream, sent) : sent;
}

ssize_t eddy_stream_send_fds(eddy_stream *stream, const void *data, size_t n, const int fds[], size_t count)
{
        struct task *self;
        ssize_t sent;
        eddy_op op;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        if (n == 0 || count == 0 || count > EDDY_MOST_DESCRIPTORS)
                return -EINVAL;
        if (!carries_descriptors(stream))
                return EDDY_ENOTSUP;
        rc = stream_claim(self, stream, &op);
        if (rc < 0)
                return rc;
        rc = stream_send_claimed(self, stream, NULL, 0);
        if (rc == 0) {
                sent = send_rights(self, stream, data, n, fds, count);
                /* Descriptors that are refused are no failure of the stream: none of this was sent. */
                if (sent < 0) {
                        rc = stream_unclaim(self, stream, 0);
                        return rc < 0 ? rc : sent;
                }
                rc = stream_send_claimed(self, stream, (const char *)data + sent, n - (size_t)sent);
        }
        rc = stream_unclaim(self, stream, rc);
        return rc < 0 ? rc : (ssize_t)n;
}

/** Take the descriptors out of a message: how many there are. Those beyond `room` are closed. */
static size_t take_rights(struct msghdr *message, int fds[], size_t room)
{
        size_t count = 0;

        for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
                size_t n = (head->cmsg_len - CMSG_LEN(0)) / sizeof *fds;

                if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t i = 0; i < n; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
                        fd = sys_leave_stdio_free(fd);
                        if (fd < 0) {
                                message->msg_flags |= MSG_CTRUNC; /* as where the kernel has no number left */
                                continue;
                        }
                        if (count < room)
                                fds[count] = fd;
                        else
                                sys_close(fd);
                        count++;
                }
        }
        return count;
}

/** Take the descriptors that came with bytes, all or none. */
static int keep_rights(struct msghdr *message, int fds[], size_t *count)
{
        size_t room = *count;

        *count = take_rights(message, fds, room);
        if (*count <= room && !(message->msg_flags & MSG_CTRUNC))
                return 0;
        for (size_t i = 0; i < *count && i < room; i++)
                sys_close(fds[i]);
        *count = 0;
        return eddy_fail(EDDY_ELIMIT, "more descriptors came than there is room for");
}

ssize_t eddy_stream_receive_fds(eddy_stream *stream, void *buffer, size_t n, int fds[], size_t *count)
{
        struct task *self;
        union rights rights;
        struct iovec part = {.iov_base = buffer, .iov_len = n};
        struct msghdr message = {
            .msg_iov = &part,
            .msg_iovlen = 1,
            .msg_control = &rights,
            .msg_controllen = sizeof rights,
        };
        size_t room = *count;
        ssize_t came, got;
        eddy_op op;
        int rc;

        *count = 0;
        if (n == 0)
                return -EINVAL;
        if (!carries_descriptors(stream))
                return EDDY_ENOTSUP;
        rc = stream_begin_reading(stream, &self);
        if (rc < 0)
                return rc;
        if (buffer_size(&stream->in) > 0)
                return eddy_stream_read(stream, buffer, n);
        rc = stream_begin_receiving(self, stream, &op);
        if (rc <= 0)
                return rc;
        task_op_init(&op, self);
        came = task_finish_op(self, &op, eddy_op_recvmsg(&op, stream->flow.fd, &message, 0));
        got = stream_end_receiving(self, stream, came);
        /* What came of a stream that was destroyed is dropped. */
        if (got <= 0 && came > 0)
                take_rights(&message, NULL, 0);
        if (got <= 0)
                return got;
        *count = room;
        rc = keep_rights(&message, fds, count);
        return rc < 0 ? rc : got;
}
