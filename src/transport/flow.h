/* A flow moves bytes to and from a descriptor, for whoever is above: a stream that tasks wait for, or a protocol that is
 * called. It knows no task. Its life is in flow.c, what leaves in output.c, files among
 * that in file_output.c, what comes without being asked for in input.c. */
#ifndef TRANSPORT_FLOW_H
#define TRANSPORT_FLOW_H

#include "base/buffer.h"
#include "base/chunks.h"
#include "base/pool.h"
#include "loop/loop.h"
#include "loop/operation.h"

enum { FLOW_DEFAULT_HIGH_WATER = 64 * 1024, FLOW_RECEIVED_SIZE = 64 * 1024 };

struct flow;
struct file_part;

/** What is beneath a flow: a kind of file, and how the kernel is asked there; or a filter, and another flow beneath that. */
struct flow_impl {
        enum op_kind receive, send;

        /** As op_begin(), of operations that are OP_HOSTED. */
        ssize_t (*begin)(struct flow *flow, eddy_op *op);

        /** Send from several places at once; `message` and its parts stay until the operation is done. */
        ssize_t (*begin_send_parts)(struct flow *flow, eddy_op *op, const struct msghdr *message);

        /** Let the reader see the end, all that was written having left. */
        void (*end_sending)(struct flow *flow);

        /** Make closing drop what the kernel has not sent yet. */
        void (*set_reset)(struct flow *flow);

        /** The loop is closed: send what can leave now, how much of it or an error. NULL: nothing can. */
        ssize_t (*send_last)(struct flow *flow, const void *data, size_t size);

        /** Give the descriptor back, and say whether that is done: else flow_settle() will be called. `is_last`: the loop is
         * closed, and nothing comes later. */
        bool (*close)(struct flow *flow, bool is_last);

        /** It is beneath another flow from now on. NULL: that changes nothing. */
        void (*moved)(struct flow *to);

        struct flow *below; /* a filter's, which has a flow_impl of its own; NULL: the kernel */
};

extern const struct flow_impl flow_socket, flow_pipe;

/** Who is above a flow, and what it is told. */
struct flow_client {
        /** Something has left, or failed, or was ended or closed: see who has waited for it. Whoever is done with a flow that
         * is closed may free it here. */
        void (*settled)(struct flow *flow);

        /** Where what has come is to be put, `*size` bytes at most; NULL: in memory of the loop's. Of who has a steady input. */
        void *(*lend)(struct flow *flow, size_t *size);

        /** n bytes came, which are there until this returns; or the end (0) or the failure, which is the last of it. Likewise. */
        void (*came)(struct flow *flow, void *data, ssize_t n);

        /** The peer has gone while the input was paused: poll()'s events. Of who has one that notices that. */
        void (*gone)(struct flow *flow, unsigned events);

        /** The loop is closed, and the flow with it: nobody who waited will ever run. */
        void (*loop_closed)(struct flow *flow);

        /** What debug mode calls it, where it was left open. */
        const char *what;
};

/** What was written and has not left. A flow has one, from its loop's pool, only while there is some. */
struct flow_output {
        eddy_op op;                    /* sends `sending`, where nobody else does */
        struct buffer queued, sending; /* `queued` becomes `sending` as a whole, whose bytes may not move */
        eddy_handle flush;             /* scheduled when something is queued and nothing is on its way */
        struct file_part *files;       /* come behind these, each with what was written after it; NULL: none */
        struct file_part *last_file;
        size_t after_files;   /* bytes that were written after one of them */
        bool leaves_by_calls; /* it is much: see OP_BY_CALL */
};

/** A steady input: what comes is received and shown to the client, until it is paused. Embedded by who wants that. */
struct flow_input {
        eddy_op op; /* waits for something to come, and then receives it */
        struct flow *flow;
        struct buffer
            rest; /* came, and is shown before what comes: what a filter has left, or a stream had not read */
        bool is_paused;
        bool notices_gone; /* the client is told that the peer goes, also while it is paused */
        bool is_showing;   /* the client is in a call, and may say anything in it */
        bool
            is_lent_to; /* the client has memory of its own for it, which is to be asked for only when something has come */
};

/** Embedded by its owner. Small, since there is one for every idle connection: what is needed only while something happens
 * lies elsewhere. And what every call looks at comes first, so that it shares a cache line. */
struct flow {
        int fd;                      /* -1 once closed */
        int read_error, write_error; /* that half has failed for good */
        unsigned char family;        /* AF_UNSPEC: of no socket */
        bool has_ended;              /* no more will be received */
        bool wants_eof, has_sent_eof;
        bool is_closing, is_closed;
        bool is_orphan; /* its owner is done with it: freed when it is closed and no call is in it */
        bool
            must_unset_mode : 1; /* O_NONBLOCK was set on a file that others share: it goes when this is closed */
        bool awaits_writer : 1; /* of a FIFO: to read nothing is the end only where a writer has been */
        unsigned char receive_traits, send_traits; /* of its operations */
        eddy_loop *loop;
        const struct flow_impl *impl;
        const struct flow_client *client;
        eddy_op *reader; /* the operation of who receives; NULL: nobody does */
        eddy_op *writer; /* likewise of who has the sending half for himself */
        struct flow_output *output;
        size_t high_water, low_water;
        struct loop_resource resource;
};

/** What the flows of a loop have in common: memory that goes from one to the next. */
struct flow_memory {
        struct pool outputs;
        struct chunks small_chunks, chunks, large_chunks;
        char *received; /* FLOW_RECEIVED_SIZE bytes, for what a steady input shows; NULL before the first */
        eddy_link lingering; /* what linger() keeps, the oldest first */
        unsigned lingering_count;
};

static inline struct flow_memory *flow_memory(const eddy_loop *loop)
{
        return loop->tenants[ROOM_FLOWS].kept;
}

/** Prepare a flow, otherwise zeroed, on a descriptor in non-blocking mode: a connected socket, unless its `impl` is
 * changed. It is the loop's to close until flow_finish(). 0 or -ENOMEM.
 *
 * @param family  AF_UNSPEC: of no socket
 */
int flow_init(struct flow *flow, const struct flow_client *client, eddy_loop *loop, int fd, int family);

/** Give back what a closed flow has, and take it out of the loop's care. */
void flow_finish(struct flow *flow);

/** The loop is closed, and a flow with it; of one that is no resource. */
void flow_close_with_loop(struct flow *flow);

/** Have all that comes shown to the client from now on. Of a pipe that is only written to, the end is that of its reader. */
void flow_start_input(struct flow *flow, struct flow_input *input);

/** Show nothing, and receive nothing, until flow_resume_input(). Either may be called at any time, also twice. */
void flow_pause_input(struct flow_input *input);
void flow_resume_input(struct flow_input *input);

/** Something else comes between a flow and what is beneath it: have who receives turn to that. */
void flow_turn_reader(struct flow *flow);

/** A filter was taken out: have an input go on that ended by its mark. */
void flow_return_input(struct flow *flow, struct flow_input *input);

/** Free what an input has. */
void flow_finish_input(const struct flow *flow, struct flow_input *input);

/** Whether it can be read, and not only written to. */
static inline bool flow_reads(const struct flow *flow)
{
        return flow->read_error != -EBADF;
}

/** Begin an operation on a flow's descriptor, which has the flow's traits: as op_begin(), on which reading and sending stand. */
static inline ssize_t flow_begin(struct flow *flow, eddy_op *op)
{
        return __builtin_expect(op->traits & OP_HOSTED, 0) ? flow->impl->begin(flow, op) : op_begin(op);
}

/** Bytes that are written and have not left this flow; those of files, which take no memory, are not among them. */
static inline size_t flow_unsent(const struct flow *flow)
{
        const struct flow_output *output = flow->output;

        if (!output)
                return 0;
        return buffer_size(&output->queued) + buffer_size(&output->sending) + output->after_files;
}

/** Bytes that are written and not yet the kernel's, those in the flows beneath among them. */
static inline size_t flow_unsent_in_all(const struct flow *flow)
{
        size_t unsent = flow_unsent(flow);

        for (flow = flow->impl->below; __builtin_expect(flow != NULL, 0); flow = flow->impl->below)
                unsent += flow_unsent(flow);
        return unsent;
}

/** What the kernel has of it, beneath all filters. */
static inline const struct flow_impl *flow_file(const struct flow *flow)
{
        while (flow->impl->below)
                flow = flow->impl->below;
        return flow->impl;
}

/** Whether bytes of `sending` are the kernel's to look at, or how many it took has not been heard of yet. */
static inline bool flow_holds_sending(const struct flow *flow)
{
        const struct flow_output *output = flow->output;

        return flow->writer || (output && (output->op.pending || list_is_linked(&output->op.handle.link)));
}

/** Whether something is on its way, which what comes next has to wait for. Where a file is to leave, that is so. */
static inline bool flow_is_sending(const struct flow *flow)
{
        return flow_holds_sending(flow) || (flow->output && flow->output->files);
}

/** As flow_reserve(), where the buffer has memory, or needs more than a chunk. */
int flow_grow(const struct flow *flow, struct buffer *buffer, size_t n);

/** Make room for n bytes in a buffer of the flow's or its owner's: 0 or -ENOMEM. */
static inline int flow_reserve(const struct flow *flow, struct buffer *buffer, size_t n)
{
        struct flow_memory *memory = flow_memory(flow->loop);
        struct chunks *chunks = n <= SMALL_CHUNK_SIZE ? &memory->small_chunks : &memory->chunks;
        char *chunk;

        if (buffer->memory || n > CHUNK_SIZE)
                return flow_grow(flow, buffer, n);
        chunk = chunk_take(chunks);
        if (!chunk)
                return -ENOMEM;
        *buffer = (struct buffer){.memory = chunk, .capacity = chunks->size};
        return 0;
}

/** Append to such a buffer: 0 or -ENOMEM. */
int flow_keep(const struct flow *flow, struct buffer *buffer, const void *data, size_t n);

/** Give back the memory of such a buffer, with what may be in it. */
static inline void flow_give_back(const struct flow *flow, struct buffer *buffer)
{
        if (buffer->capacity == CHUNK_SIZE)
                chunk_give(&flow_memory(flow->loop)->chunks, buffer->memory);
        else if (buffer->capacity == SMALL_CHUNK_SIZE)
                chunk_give(&flow_memory(flow->loop)->small_chunks, buffer->memory);
        else if (buffer->capacity == LARGE_CHUNK_SIZE)
                chunk_give(&flow_memory(flow->loop)->large_chunks, buffer->memory);
        else
                memory_free(buffer->memory);
        *buffer = (struct buffer){.memory = NULL};
}

/** Whether a flow takes more: 0 or why not. */
static inline int flow_check_writing(const struct flow *flow)
{
        if (flow->write_error)
                return flow->write_error;
        return flow->is_closing || flow->wants_eof ? -EPIPE : 0;
}

/** Whether who runs now may add to what is written: 0 or why not. */
static inline int flow_check_adding(const struct flow *flow)
{
        int rc = flow_check_writing(flow);

        return rc < 0 ? rc : loop_is_inherited(flow->loop) ? -EBADF : loop_check(flow->loop);
}

/** Have a flow keep what is written: 0 or -ENOMEM. */
int flow_have_output(struct flow *flow);

/** Write all of it or nothing, to leave at the end of the iteration, or at once where it is large: 0, -ENOMEM, the flow's
 * failure, or -EPIPE after its end. */
int flow_writev(struct flow *flow, const struct iovec *parts, int count);

/** Send what the kernel takes this moment, of who has nothing written that has not left: how many bytes, or the flow's failure. */
ssize_t flow_send_now(struct flow *flow, const struct iovec *parts, int count);

/** Room for n bytes behind what is written; NULL without memory. Who puts some there says so by flow_note_added(), and has them leave
 * by flow_flush(). */
struct buffer *flow_make_room(struct flow *flow, size_t n);

/** So many bytes are there now. */
void flow_note_added(struct flow *flow, struct buffer *room, size_t n);

/** Have a part of a file leave behind what is written, and what is written from now on behind that: 0; or as flow_writev(), and then
 * nothing of it is to be sent. Its outcome may be known at once.
 *
 * @param part  on the flow's descriptor. It is the flow's, unless the flow fails before it is begun, until flow_finish_file()
 */
int flow_add_file(struct flow *flow, struct file_part *part);

/** Give such a part up: it ends with EDDY_CANCELLED, soon, and without having been sent if it was not begun. */
void flow_cancel_file(struct file_part *part);

/** Its outcome is known, and its owner done with it: what was written after it leaves. The flow, which may be freed by this, has
 * failed if where it went has. */
void flow_finish_file(struct file_part *part);

/** The flow has failed: no file is sent any more. */
void flow_drop_files(struct flow *flow);

/** Its loop is closed: likewise, and the flow has failed, for what left is not whole. Who is told may do anything with it. */
void flow_close_files(struct flow *flow);

/** Begin to send the first file, unless it has begun. All that was written before has left. */
void flow_begin_file(struct flow_output *output);

/** Write no more, and let the other side see that when all has left: 0 or the flow's failure. */
int flow_write_eof(struct flow *flow);

/** Try to send what is queued, unless something is on its way. */
void flow_flush(struct flow *flow);

/** Have `sending` hold what is to be sent next; false where nothing is. */
bool flow_turn_over(struct flow_output *output);

/** The loop is closed, and with it a flow that was to close when all has left: send what the kernel takes now. */
void flow_send_last(struct flow *flow);

/** Forget all that was written and has not left, and what was kept for it. Nothing of it is on its way. */
void flow_drop_output(struct flow *flow);

/** Sending failed: forget what cannot be sent, once nobody is at it. */
void flow_fail(struct flow *flow, int error);

/** After any step of sending or reading: end what has only waited for it, and tell the client, who may free the flow. */
void flow_settle(struct flow *flow);

/** Send what is written, and then close. Who receives is told EDDY_CANCELLED. */
void flow_close(struct flow *flow);

/** Close, and drop what is written. */
void flow_abort(struct flow *flow);

/** Let a flow have what is beneath another one, of which nobody is in the middle of a write: the descriptor, all that goes with it, and
 * what is on its way there. */
void flow_move(struct flow *to, struct flow *from);

/** Close a flow that has nothing any more beneath it, when the kernel has let go of who reads. */
void flow_leave(struct flow *flow);

/** What closing came to: that an aborted flow lost bytes is no failure of it. */
static inline int flow_closing_error(const struct flow *flow)
{
        return flow->write_error == -ECONNABORTED ? 0 : flow->write_error;
}

#endif
