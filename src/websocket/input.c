#include "websocket/input.h"

/* Bytes. */

/** From how much on payload is received where it belongs, without the stream's buffer between. */
enum { DIRECT_SIZE = 4096 };

static int note_end(eddy_websocket *ws, ssize_t got)
{
        if (ws->is_destroyed)
                return -EBADF;
        if (got == EDDY_CANCELLED || got == EDDY_TIMEOUT || got == -ENOMEM)
                return (int)got;
        if (ws->failure < 0) /* it was cut meanwhile */
                return websocket_tell_failure(ws);
        if (got < 0)
                return websocket_fail(ws, CODE_LOST, (int)got, NULL);
        return websocket_fail(ws, CODE_LOST, EDDY_EINCOMPLETE, "the connection ended without a close (1006)");
}

/** What reading brought: more than 0, or the error that it comes to. */
static ssize_t note_read(eddy_websocket *ws, ssize_t got)
{
        if (got <= 0)
                return note_end(ws, got);
        ws->has_heard = true;
        return ws->is_destroyed ? -EBADF : got;
}

/** Have some bytes lent: more than 0, or the error. */
static ssize_t borrow(eddy_websocket *ws)
{
        struct input *input = &ws->input;
        const char *data;
        ssize_t got;

        if (input->lent_size > 0)
                return (ssize_t)input->lent_size;
        got = note_read(ws, eddy_stream_read_some(ws->stream, &data));
        if (got < 0)
                return got;
        input->lent = (const uint8_t *)data;
        input->lent_size = (size_t)got;
        return got;
}

static void give_back(struct input *input, size_t n)
{
        input->lent += n;
        input->lent_size -= n;
}

ssize_t input_take_payload(eddy_websocket *ws, uint8_t *to, size_t n)
{
        struct input *input = &ws->input;
        const uint8_t *from = to;
        size_t wanted = input_least(input->left, n);
        ssize_t got;

        if (wanted == 0)
                return 0;
        if (input->lent_size == 0 && wanted >= DIRECT_SIZE) {
                got = note_read(ws, eddy_stream_read(ws->stream, to, wanted));
        } else {
                got = borrow(ws);
                if (got > 0) {
                        from = input->lent;
                        got = (ssize_t)input_least(wanted, (size_t)got);
                        give_back(input, (size_t)got);
                }
        }
        if (got < 0)
                return got;
        if (input->frame.is_masked)
                frame_mask(to, from, (size_t)got, input->frame.mask, input->frame.size - input->left);
        else if (from != to)
                memcpy(to, from, (size_t)got);
        input->left -= (uint64_t)got;
        return got;
}

/* Frames. */

static int break_off(eddy_websocket *ws, const char *why)
{
        return websocket_fail(ws, CODE_PROTOCOL, EDDY_EPROTOCOL, why);
}

static const char *find_fault_of_control(const struct frame *frame)
{
        if (frame->opcode > FRAME_PONG)
                return "a frame of an unknown kind came";
        if (!frame->is_final)
                return "a control frame came in fragments";
        if (frame->is_compressed)
                return "a control frame came compressed";
        return frame->size > FRAME_MAX_CONTROL ? "a control frame is longer than 125 bytes" : NULL;
}

static const char *find_fault_of_data(const eddy_websocket *ws, const struct frame *frame)
{
        bool continues = frame->opcode == FRAME_CONTINUATION;

        if (frame->opcode > FRAME_BINARY)
                return "a frame of an unknown kind came";
        if (continues && ws->input.type == 0)
                return "a message began with a continuation";
        if (!continues && ws->input.type != 0)
                return "a message began within another";
        if (frame->is_compressed && (continues || !ws->terms.is_on))
                return "a frame is marked as compressed, which was not agreed on";
        return NULL;
}

/** What is wrong with a frame; NULL: nothing. */
static const char *find_fault(const eddy_websocket *ws, const struct frame *frame)
{
        if (frame->has_reserved)
                return "a reserved bit of a frame is set";
        if (frame->is_masked == ws->is_client)
                return ws->is_client ? "the server masked a frame" : "the client did not mask a frame";
        return frame_is_control(frame) ? find_fault_of_control(frame) : find_fault_of_data(ws, frame);
}

/** A head was read. */
static void begin_frame(struct input *input)
{
        if (frame_is_control(&input->frame)) {
                input->stage = STAGE_CONTROL;
                input->control_size = 0;
                return;
        }
        input->stage = STAGE_DATA;
        if (input->frame.opcode == FRAME_CONTINUATION)
                return;
        input->type = (eddy_websocket_type)input->frame.opcode;
        input->is_compressed = input->frame.is_compressed;
        input->utf8 = (struct utf8){.left = 0};
}

/** Read a head: 0 or the error. */
static int take_head(eddy_websocket *ws)
{
        struct input *input = &ws->input;
        const char *fault;
        size_t size;

        while ((size = frame_head_size(input->head, input->head_size)) > input->head_size) {
                ssize_t got = borrow(ws);
                size_t n;

                if (got < 0)
                        return (int)got;
                n = input_least((size_t)got, size - input->head_size);
                memcpy(input->head + input->head_size, input->lent, n);
                input->head_size = (uint8_t)(input->head_size + n);
                give_back(input, n);
        }
        input->head_size = 0;
        if (!frame_read_head(&input->frame, input->head))
                return break_off(ws, "the length of a frame is not written as it has to be");
        fault = find_fault(ws, &input->frame);
        if (fault)
                return break_off(ws, fault);
        input->left = input->frame.size;
        begin_frame(input);
        return 0;
}

/** Go on with a control frame: 0 when it was seen to, or the error. */
static int take_control(eddy_websocket *ws)
{
        struct input *input = &ws->input;
        uint8_t opcode = input->frame.opcode;

        while (input->left > 0) {
                ssize_t got = input_take_payload(ws, input->control + input->control_size, input->left);

                if (got < 0)
                        return (int)got;
                input->control_size = (uint8_t)(input->control_size + got);
        }
        input->stage = STAGE_HEAD;
        if (opcode == FRAME_CLOSE)
                return websocket_closed_by_frame(ws, input->control, input->control_size);
        if (opcode == FRAME_PING)
                websocket_send_pong(ws, input->control, input->control_size);
        return 0;
}

int input_take_frame(eddy_websocket *ws)
{
        struct input *input = &ws->input;
        int rc;

        while (input->stage != STAGE_DATA) {
                rc = input->stage == STAGE_CONTROL ? take_control(ws) : take_head(ws);
                if (rc < 0)
                        return rc;
                if (ws->has_come_close)
                        return 0;
        }
        return 1;
}
