#include "transport/flow.h"

#include "base/memory.h"
#include "base/sys_socket.h"
#include "transport/file_part.h"
#include <string.h>

/** Of which kind a chunk for n bytes is; NULL: they are too many for any. */
static struct chunks *choose_chunks(struct flow_memory *memory, size_t n)
{
        if (n <= CHUNK_SIZE)
                return &memory->chunks;
        return n <= LARGE_CHUNK_SIZE ? &memory->large_chunks : NULL;
}

int flow_grow(const struct flow *flow, struct buffer *buffer, size_t n)
{
        size_t size = buffer_size(buffer);
        struct chunks *chunks = choose_chunks(flow_memory(flow->loop), size + n);
        struct buffer larger = {.memory = NULL};

        /* From one kind of chunk to the next, and by doubling only then. */
        if (n <= buffer->capacity - size || !chunks)
                return buffer_reserve(buffer, n);
        larger.memory = chunk_take(chunks);
        if (!larger.memory)
                return -ENOMEM;
        larger.capacity = chunks->size;
        larger.end = size;
        if (size > 0)
                memcpy(larger.memory, buffer_data(buffer), size);
        flow_give_back(flow, buffer);
        *buffer = larger;
        return 0;
}

int flow_keep(const struct flow *flow, struct buffer *buffer, const void *data, size_t n)
{
        int rc = n > 0 ? flow_reserve(flow, buffer, n) : 0;

        return rc < 0 ? rc : buffer_append(buffer, data, n);
}

static ssize_t begin_send_parts(struct flow *flow, eddy_op *op, const struct msghdr *message)
{
        return eddy_op_sendmsg(op, flow->fd, message, 0);
}

static void end_sending(struct flow *flow)
{
        sys_shutdown(flow->fd, SHUT_WR);
}

static void set_reset(struct flow *flow)
{
        const struct linger reset = {.l_onoff = 1};

        sys_setsockopt(flow->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

static ssize_t send_last(struct flow *flow, const void *data, size_t size)
{
        return sys_send(flow->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool close_socket(struct flow *flow, bool is_last)
{
        (void)is_last;
        loop_close_descriptor(flow->loop, flow->fd);
        return true;
}

const struct flow_impl flow_socket = {
    .receive = OP_RECV,
    .send = OP_SEND,
    .begin_send_parts = begin_send_parts,
    .end_sending = end_sending,
    .set_reset = set_reset,
    .send_last = send_last,
    .close = close_socket,
};

/** End an operation. Its callback does not run, unless the kernel has it in hand (io_uring): then it runs when the kernel
 * has let go, and the flow is not closed before. */
/** No callback will come any more, and nothing more will leave. */
void flow_close_with_loop(struct flow *flow)
{
        struct flow_output *output = flow->output;

        if (flow->reader)
                op_end(flow->reader);
        if (flow->writer)
                op_end(flow->writer);
        if (output) {
                if (flow->is_closing && !loop_is_inherited(flow->loop))
                        flow_send_last(flow);
                flow_close_files(flow);
                op_end(&output->op);
                eddy_handle_cancel(&output->flush);
        }
        if (!flow->is_closed)
                flow->impl->close(flow, true);
        flow->fd = -1;
        flow->is_closing = flow->is_closed = true;
        flow->reader = flow->writer = NULL;
        flow->client->loop_closed(flow);
}

static void close_with_loop(struct loop_resource *resource)
{
        flow_close_with_loop(container_of(resource, struct flow, resource));
}

static void free_memory(eddy_loop *loop)
{
        struct flow_memory *memory = flow_memory(loop);

        pool_finish(&memory->outputs);
        chunks_finish(&memory->chunks);
        chunks_finish(&memory->small_chunks);
        chunks_finish(&memory->large_chunks);
        memory_free(memory->received);
        memory_free(memory);
}

static const struct loop_tenant_impl memory_impl = {.free = free_memory};

/** See to it that a loop has memory for flows: 0 or -ENOMEM. */
static int have_memory(eddy_loop *loop)
{
        struct flow_memory *memory = flow_memory(loop);

        if (memory)
                return 0;
        memory = memory_zalloc(sizeof *memory);
        if (!memory)
                return -ENOMEM;
        pool_init(&memory->outputs, sizeof(struct flow_output));
        chunks_init(&memory->chunks, CHUNK_SIZE, CHUNKS_KEPT);
        chunks_init(&memory->small_chunks, SMALL_CHUNK_SIZE, SMALL_CHUNKS_KEPT);
        chunks_init(&memory->large_chunks, LARGE_CHUNK_SIZE, LARGE_CHUNKS_KEPT);
        list_init(&memory->lingering);
        loop_move_in(loop, ROOM_FLOWS, &memory_impl, memory);
        return 0;
}

int flow_init(struct flow *flow, const struct flow_client *client, eddy_loop *loop, int fd, int family)
{
        int rc = have_memory(loop);

        if (rc < 0)
                return rc;
        loop_ref(loop);
        flow->resource.close = close_with_loop;
        flow->resource.what = client->what;
        flow->impl = &flow_socket;
        flow->client = client;
        flow->loop = loop;
        flow->fd = fd;
        flow->family = (unsigned char)family;
        flow->high_water = FLOW_DEFAULT_HIGH_WATER;
        flow->low_water = FLOW_DEFAULT_HIGH_WATER / 4;
        flow->send_traits = OP_SHORT_IS_ALL | OP_EXCLUSIVE;
        /* Receiving from a UNIX socket stops short behind bytes that came with a descriptor. */
        flow->receive_traits = family == AF_UNIX ? 0 : OP_SHORT_IS_ALL;
        if (family == AF_INET || family == AF_INET6)
                flow->receive_traits |= OP_EXCLUSIVE;
        loop_add_resource(loop, &flow->resource);
        return 0;
}

void flow_finish(struct flow *flow)
{
        if (list_is_linked(&flow->resource.link))
                list_remove(&flow->resource.link);
        flow_drop_output(flow);
        loop_unref(flow->loop);
}

static void close_descriptor(struct flow *flow)
{
        flow_drop_output(flow);
        if (!flow->impl->close(flow, false))
                return;
        flow->fd = -1;
        flow->is_closed = true;
}

void flow_turn_reader(struct flow *flow)
{
        if (flow->reader)
                eddy_op_cancel(flow->reader);
}

void flow_settle(struct flow *flow)
{
        bool is_busy = flow_is_sending(flow) || flow_unsent(flow) > 0;

        if (flow->wants_eof && !flow->has_sent_eof && !is_busy) {
                flow->has_sent_eof = true;
                flow->impl->end_sending(flow);
                if (flow->is_closing) /* which of some is the only end */
                        flow_turn_reader(flow);
        }
        if (flow->is_closing && !flow->is_closed && !is_busy && !(flow->reader && flow->reader->pending))
                close_descriptor(flow);
        flow->client->settled(flow);
}

void flow_close(struct flow *flow)
{
        if (flow->is_closing || loop_is_inherited(flow->loop))
                return;
        flow->is_closing = true;
        flow_turn_reader(flow);
        /* Now and not in the next iteration: there may be none. */
        flow_flush(flow);
        flow_settle(flow);
}

void flow_abort(struct flow *flow)
{
        if (flow->is_closed || loop_is_inherited(flow->loop))
                return;
        flow->is_closing = true;
        flow->impl->set_reset(flow);
        flow_turn_reader(flow);
        /* Who sends has to hear that it is over; else nobody has to hear how much of it left. */
        if (flow->writer)
                eddy_op_cancel(flow->writer);
        else if (flow->output)
                op_end(&flow->output->op);
        flow_fail(flow, -ECONNABORTED);
        flow_settle(flow);
}

void flow_move(struct flow *to, struct flow *from)
{
        struct flow_output *output = from->output;

        to->fd = from->fd;
        to->impl = from->impl;
        to->family = from->family;
        to->has_ended = from->has_ended;
        to->read_error = from->read_error;
        to->write_error = from->write_error;
        to->wants_eof = from->wants_eof;
        to->has_sent_eof = from->has_sent_eof;
        to->must_unset_mode = from->must_unset_mode;
        to->awaits_writer = from->awaits_writer;
        to->receive_traits = from->receive_traits;
        to->send_traits = from->send_traits;
        if (to->impl->moved)
                to->impl->moved(to);
        to->output = output;
        from->output = NULL;
        if (output)
                output->op.handle.arg = output->flush.arg = to;
        for (struct file_part *part = output ? output->files : NULL; part; part = part->next)
                part->flow = to;
}

static bool close_nothing(struct flow *flow, bool is_last)
{
        (void)flow, (void)is_last;
        return true;
}

static void reset_nothing(struct flow *flow)
{
        (void)flow;
}

static const struct flow_impl flow_nothing = {.set_reset = reset_nothing, .close = close_nothing};

void flow_leave(struct flow *flow)
{
        flow->impl = &flow_nothing;
        flow->wants_eof = false;
        flow->is_closing = true;
        flow_turn_reader(flow);
        flow_settle(flow);
}
