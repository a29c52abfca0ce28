#include "transport/file_part.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include "base/sys_socket.h"
#include "net/socket.h"
#include "transport/flow.h"
#include <limits.h>

/** What is sent in one call, and brought into memory by one trip of a thread. */
enum { PIECE = 256 * 1024, COPIED_PIECE = 64 * 1024 };

/** What is longer may take several calls, between which packets would leave that are not full. What is not is had sooner with the
 * bytes before it in a packet of their own: its reader wakes, and works while the rest is sent. */
enum { WORTH_A_CORK = 160 * 1024 };

/** How far apart a file is asked whether it lies in memory: by so much the kernel reads ahead. What is nearer to a place that
 * was asked about is taken to be where that is. */
enum { STEP = 128 * 1024, NEAR = 16 * 1024 };

static const off_t NOT_ASKED = -1, ALL_ASKED = INT64_MAX;

static void go_on(struct file_part *part);

int file_part_init(struct file_part *part, eddy_loop *loop, int fd, int file, off_t offset, size_t n)
{
        if (offset < 0 || (n > SSIZE_MAX && n != SIZE_MAX))
                return -EINVAL;
        part->outcome = EDDY_PENDING;
        part->fd = fd;
        part->file = file;
        part->offset = offset;
        part->left = n;
        part->asked = NOT_ASKED;
        part->op.loop = loop;
        return 0;
}

static size_t next_size(const struct file_part *part, size_t most)
{
        return part->left < most ? part->left : most;
}

void file_part_cork(struct file_part *part)
{
        int family = part->flow ? part->flow->family : AF_UNSPEC;

        if (part->is_corked || part->left <= WORTH_A_CORK || (family != AF_INET && family != AF_INET6))
                return;
        part->is_corked = true;
        socket_set_cork(part->fd, true);
}

static void uncork(struct file_part *part)
{
        if (part->is_corked)
                socket_set_cork(part->fd, false);
        part->is_corked = false;
}

/** Room for what goes through memory, for as long as some of it has not left: a flow's is the loop's, and warm. 0 or -ENOMEM. */
static int reserve_copy(struct file_part *part, size_t n)
{
        return part->flow ? flow_reserve(part->flow, &part->copy, n) : buffer_reserve(&part->copy, n);
}

static void drop_copy(struct file_part *part)
{
        if (part->flow)
                flow_give_back(part->flow, &part->copy);
        else
                buffer_finish(&part->copy);
}

/** It is over: with 0 or an error. */
static void end(struct file_part *part, ssize_t error)
{
        uncork(part);
        drop_copy(part);
        if (error == EDDY_CANCELLED) /* where nobody asked for that, somebody has closed the socket */
                error = part->cancelled ? part->cancelled : -EBADF;
        part->outcome = error < 0 ? error : (ssize_t)part->sent;
        if (part->ended)
                part->ended(part);
}

/* What lies in memory. */

/** Whether a byte of a file is on the disk and not in memory, as far as the kernel can tell. */
static bool is_cold(struct file_part *part, off_t place)
{
        char byte;
        ssize_t n = sys_preadv_nowait(part->file, &(struct iovec){&byte, 1}, 1, place);

        part->cannot_tell = n < 0 && n != -EAGAIN;
        if (n == 0) /* the file has ended before */
                part->asked = ALL_ASKED;
        return n == -EAGAIN;
}

/** Look at places of a part up to one that were not asked about: whether one of them is cold. */
static bool finds_cold(struct file_part *part, off_t until)
{
        if (part->asked == NOT_ASKED) {
                part->asked = part->offset;
                if (is_cold(part, part->offset))
                        return true;
        }
        while (!part->cannot_tell && until - part->asked > NEAR) {
                part->asked = until - part->asked > STEP ? part->asked + STEP : until;
                if (is_cold(part, part->asked - 1))
                        return true;
        }
        return false;
}

/** Whether what is sent next has to be brought first. */
static bool needs_bringing(struct file_part *part)
{
        if (part->cannot_tell || part->offset > INT64_MAX - PIECE)
                return false;
        return finds_cold(part, part->offset + (off_t)next_size(part, PIECE));
}

static void bring(struct errand *errand)
{
        const struct file_part *part = container_of(errand, struct file_part, errand);
        size_t size = next_size(part, PIECE), done = 0;
        char scratch[16 * 1024];
        ssize_t n = 1;

        sys_readahead(part->file, part->offset, size); /* all at once, where the disk can */
        while (done < size && (n > 0 || n == -EINTR)) {
                n = sys_pread(part->file, scratch, size - done < sizeof scratch ? size - done : sizeof scratch,
                              part->offset + (off_t)done);
                if (n > 0)
                        done += (size_t)n;
        }
}

/** Remember which socket it is that is no flow's, and may be closed by its owner while no operation is on it: 0 or the error. */
static int note_socket(struct file_part *part)
{
        struct stat status;
        int rc = sys_fstat(part->fd, &status);

        part->device = status.st_dev;
        part->number = status.st_ino;
        return rc;
}

/** Whether the number of such a socket has become another file's, or none's. */
static bool is_another_now(const struct file_part *part)
{
        struct stat now;

        return !part->flow &&
               (sys_fstat(part->fd, &now) < 0 || now.st_ino != part->number || now.st_dev != part->device);
}

static void errand_done(struct errand *errand)
{
        struct file_part *part = container_of(errand, struct file_part, errand);

        part->is_out = false;
        if (part->cancelled || is_another_now(part)) {
                end(part, EDDY_CANCELLED);
                return;
        }
        if (is_cold(part, part->offset)) /* and ever will be: some file systems say nothing else */
                part->cannot_tell = true;
        go_on(part);
}

static void errand_dropped(struct errand *errand)
{
        struct file_part *part = container_of(errand, struct file_part, errand);

        part->is_out = false;
        end(part, EDDY_ELOOPCLOSED);
}

/** See to it that what is sent next lies in memory, as far as a thread can be had and the disk does not fail, which sending meets
 * again: whether that takes a while. */
static bool warm(struct file_part *part)
{
        if (!needs_bringing(part))
                return false;
        part->asked = part->offset + (off_t)next_size(part, PIECE);
        part->errand = (struct errand){.run = bring, .done = errand_done, .drop = errand_dropped};
        part->is_out = thread_pool_submit(part->op.loop, POOL_FILES, &part->errand) == 0;
        if (part->is_out)
                uncork(part); /* what was before it shall not wait for the disk */
        return part->is_out;
}

/* Sending. */

static bool is_error_of_socket(ssize_t error)
{
        switch (error) {
        case EDDY_CANCELLED:
        case -ECONNRESET:
        case -EHOSTUNREACH:
        case -ENETDOWN:
        case -ENETUNREACH:
        case -EPIPE:
        case -ETIMEDOUT:
                return true;
        default:
                return false;
        }
}

/** Take note of what came of a piece, the count or the error: whether there is more to do. */
static bool take_note(struct file_part *part, ssize_t n)
{
        if (n > 0) {
                if (part->is_copied)
                        buffer_consume(&part->copy, (size_t)n);
                if (buffer_size(&part->copy) == 0)
                        drop_copy(part);
                part->offset += n;
                part->left -= (size_t)n;
                part->sent += (size_t)n;
                return part->left > 0;
        }
        if (n == 0 || part->is_copied || is_error_of_socket(n))
                return false;
        /* The kernel cannot send this file, or the file cannot be read: which of them it is, copying finds out. */
        part->is_copied = true;
        return true;
}

static void piece_sent(void *arg)
{
        struct file_part *part = arg;
        ssize_t n = part->op.result;

        if (!take_note(part, n))
                end(part, n < 0 ? n : 0);
        else if (is_another_now(part))
                end(part, -EBADF);
        else
                go_on(part);
}

/** Have some bytes in memory: how many, 0 at the file's end, or an error. */
static ssize_t copy_some(struct file_part *part)
{
        size_t size = next_size(part, COPIED_PIECE);
        ssize_t n = -ENOMEM;

        if (buffer_size(&part->copy) > 0)
                return (ssize_t)buffer_size(&part->copy);
        if (reserve_copy(part, size) == 0)
                n = sys_pread(part->file, buffer_room(&part->copy), size, part->offset);
        if (n > 0)
                part->copy.end += (size_t)n;
        part->file_failed = n < 0;
        return n;
}

/** Send some bytes through memory. */
static ssize_t send_copied(struct file_part *part)
{
        const struct flow *flow = part->flow;
        ssize_t n = copy_some(part);

        if (n <= 0)
                return n;
        op_describe(&part->op, flow ? flow->impl->send : OP_SEND, part->fd, buffer_data(&part->copy), (size_t)n,
                    0);
        part->op.traits = flow ? flow->send_traits & (OP_MAY_BLOCK | OP_NO_FILE | OP_HOSTED) : 0;
        return flow ? flow_begin(part->flow, &part->op) : op_begin(&part->op);
}

/** Have the kernel send some, once there is room. */
static ssize_t send_directly(struct file_part *part)
{
        part->op.traits = part->flow ? part->flow->send_traits : 0;
        return eddy_op_sendfile(&part->op, part->fd, part->file, part->offset, next_size(part, PIECE));
}

/** Whether others share where it goes, and may put that into blocking mode: sendfile() cannot be asked not to wait. */
static bool may_block(const struct file_part *part)
{
        return !part->flow || part->flow->send_traits & OP_MAY_BLOCK;
}

/** Send the next piece: how many bytes, 0 at the file's end, EDDY_PENDING, or an error. */
static ssize_t send_piece(struct file_part *part)
{
        ssize_t n;

        /* A pipe that others share may block, and a filter wants to see it. */
        if (part->flow && part->flow->impl != &flow_socket)
                part->is_copied = true;
        if (!part->is_copied && may_block(part))
                part->is_copied = sys_is_blocking(part->fd);
        file_part_cork(part);
        op_init(&part->op, part->op.loop, piece_sent, part);
        n = part->is_copied ? send_copied(part) : send_directly(part);
        if (n > 0 && op_should_give_way(part->op.loop)) {
                op_defer(&part->op, n);
                n = EDDY_PENDING;
        }
        return n;
}

static ssize_t next_piece(struct file_part *part)
{
        if (part->cancelled)
                return EDDY_CANCELLED;
        return warm(part) ? EDDY_PENDING : send_piece(part);
}

static void go_on(struct file_part *part)
{
        ssize_t n = 0;

        while (part->left > 0) {
                n = next_piece(part);
                if (n == EDDY_PENDING)
                        return;
                if (!take_note(part, n))
                        break;
        }
        end(part, n < 0 ? n : 0);
}

void file_part_begin(struct file_part *part)
{
        int rc = part->flow ? 0 : note_socket(part);

        part->has_begun = true;
        if (rc < 0)
                end(part, rc);
        else
                go_on(part);
}

void file_part_cancel(struct file_part *part, int error)
{
        if (part->outcome != EDDY_PENDING || part->cancelled)
                return;
        part->cancelled = error;
        if (part->is_out && thread_pool_take_back(&part->errand))
                part->is_out = false;
        else if (part->has_begun) {
                eddy_op_cancel(&part->op);
                return;
        }
        end(part, EDDY_CANCELLED);
}

void file_part_close(struct file_part *part)
{
        part->is_corked = false; /* the socket is closed, too */
        if (part->is_out) {
                thread_pool_close_errand(&part->errand);
        } else if (part->outcome == EDDY_PENDING) {
                eddy_op_cancel(&part->op);
                eddy_handle_cancel(&part->op.handle);
                end(part, EDDY_ELOOPCLOSED);
        } else if (part->ended) {
                part->ended(part);
        }
}
