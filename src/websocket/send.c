#include "websocket/websocket.h"

#include "base/sys.h"

enum { HIGH_WATER = 64 * 1024, MOST_PONGS = 16 };

/* Frames. */

/** What nobody can foresee, so that no script makes us write what a proxy takes for a request (RFC 6455, 10.3): 0 or -errno. */
static int choose_mask(struct output *output, uint8_t mask[FRAME_MASK_SIZE])
{
        if (output->masks_left == 0) {
                int rc = sys_getrandom(output->masks, sizeof output->masks);

                if (rc < 0)
                        return rc;
                output->masks_left = MASKS;
        }
        memcpy(mask, output->masks[--output->masks_left], FRAME_MASK_SIZE);
        return 0;
}

/** Have a payload masked in the scratch memory, where it may lie already: 0 or -ENOMEM. */
static int mask_payload(struct output *output, const struct frame *frame, const uint8_t **payload)
{
        struct room *scratch = &output->scratch;
        bool is_there = *payload == scratch->bytes && *payload;

        if (!is_there) {
                scratch->size = 0;
                if (room_reserve(scratch, frame->size) < 0)
                        return -ENOMEM;
        }
        frame_mask(scratch->bytes, *payload, frame->size, frame->mask, 0);
        *payload = scratch->bytes;
        return 0;
}

/** Queue a frame, whole or not at all: 0 or the error. */
static int send_frame(eddy_websocket *ws, struct frame *frame, const void *payload)
{
        uint8_t head[FRAME_MAX_HEAD];
        const uint8_t *bytes = payload;
        struct iovec parts[2] = {{.iov_base = head}};
        int rc;

        if (ws->is_client) {
                frame->is_masked = true;
                rc = choose_mask(&ws->output, frame->mask);
                if (rc == 0 && frame->size > 0)
                        rc = mask_payload(&ws->output, frame, &bytes);
                if (rc < 0)
                        return rc;
        }
        parts[0].iov_len = frame_write_head(head, frame);
        parts[1] = (struct iovec){(void *)(uintptr_t)bytes, frame->size};
        return eddy_stream_writev(ws->stream, parts, frame->size > 0 ? 2 : 1);
}

int websocket_send_control(eddy_websocket *ws, uint8_t opcode, const void *payload, size_t size)
{
        return send_frame(ws, &(struct frame){.opcode = opcode, .is_final = true, .size = size}, payload);
}

static bool is_full(const eddy_websocket *ws)
{
        return eddy_stream_write_buffer_size(ws->stream) > HIGH_WATER;
}

void websocket_send_pong(eddy_websocket *ws, const void *payload, size_t size)
{
        struct output *output = &ws->output;

        if (ws->has_sent_close)
                return;
        if (!is_full(ws))
                output->pongs = 0;
        output->owes_pong =
            output->pongs == MOST_PONGS || websocket_send_control(ws, FRAME_PONG, payload, size) < 0;
        if (!output->owes_pong) {
                output->pongs++;
                return;
        }
        output->pong_size = (uint8_t)size;
        memcpy(output->pong, payload, size);
}

void websocket_pay_pong(eddy_websocket *ws)
{
        struct output *output = &ws->output;
        uint8_t pong[FRAME_MAX_CONTROL];

        if (!output->owes_pong || is_full(ws))
                return;
        memcpy(pong, output->pong, output->pong_size);
        websocket_send_pong(ws, pong, output->pong_size);
}

/* Messages. */

/** Whether something may be sent: 0 or why not. */
static int check_open(eddy_websocket *ws)
{
        if (ws->is_destroyed)
                return -EBADF;
        if (ws->failure < 0)
                return websocket_tell_failure(ws);
        return ws->has_sent_close || ws->has_come_close ? -EPIPE : 0;
}

/** Wait until less lies before what is to be sent: 0 or why nothing may be. */
static int await_room(eddy_websocket *ws)
{
        int rc = eddy_stream_drain(ws->stream), why = check_open(ws);

        if (rc < 0 || why < 0)
                return why < 0 ? why : rc;
        websocket_pay_pong(ws);
        return 0;
}

/** Be the only one that sends: 0 or why not. */
static int take_turn(eddy_websocket *ws)
{
        int rc;

        if (ws->output.owner && ws->output.owner == eddy_current_task())
                return EDDY_EINVALIDSTATE;
        rc = eddy_lock_acquire(&ws->output.turn);
        if (rc < 0 && rc != EDDY_EFINISHED)
                return ws->is_destroyed ? -EBADF : rc;
        return check_open(ws); /* there are no turns any more where it is not */
}

static void give_turn(eddy_websocket *ws)
{
        if (!ws->is_destroyed && !ws->has_sent_close)
                eddy_lock_release(&ws->output.turn);
}

static bool is_to_be_compressed(const eddy_websocket *ws, size_t n)
{
        return ws->terms.is_on && ws->terms.own_bits >= LEAST_OWN_WINDOW_BITS && n >= ws->options.compress_from;
}

/** Compress into the scratch memory: 0 or -ENOMEM. */
static int compress_into_scratch(eddy_websocket *ws, const void *data, size_t n)
{
        struct output *output = &ws->output;

        if (!output->deflater) {
                output->deflater = deflater_create(&ws->terms, ws->options.compression_level);
                if (!output->deflater)
                        return -ENOMEM;
        }
        return deflater_add(output->deflater, &output->scratch, data, n);
}

static int send_compressed(eddy_websocket *ws, struct frame *frame, const void *data, size_t n)
{
        struct output *output = &ws->output;
        int rc;

        output->scratch.size = 0;
        rc = compress_into_scratch(ws, data, n);
        if (rc < 0)
                return rc;
        frame->is_compressed = true;
        frame->size = output->scratch.size - DEFLATE_TAIL_SIZE;
        rc = send_frame(ws, frame, output->scratch.bytes);
        deflater_end(output->deflater, rc == 0);
        return rc;
}

static int send_message(eddy_websocket *ws, eddy_websocket_type type, const void *data, size_t n)
{
        struct frame frame = {.opcode = (uint8_t)type, .is_final = true, .size = n};
        int rc =
            is_to_be_compressed(ws, n) ? send_compressed(ws, &frame, data, n) : send_frame(ws, &frame, data);

        room_clear(&ws->output.scratch);
        return rc;
}

static bool is_sendable(eddy_websocket_type type)
{
        return type == EDDY_WEBSOCKET_TEXT || type == EDDY_WEBSOCKET_BINARY;
}

/** Behind those that were there before. */
static int send_in_turn(eddy_websocket *ws, eddy_websocket_type type, const void *data, size_t n)
{
        int rc = take_turn(ws);

        if (rc < 0)
                return rc;
        rc = await_room(ws);
        if (rc == 0)
                rc = send_message(ws, type, data, n);
        give_turn(ws);
        return rc;
}

int eddy_websocket_send(eddy_websocket *ws, eddy_websocket_type type, const void *data, size_t n)
{
        int rc = websocket_enter(ws);

        if (rc < 0)
                return rc;
        websocket_pay_pong(ws);
        rc = is_sendable(type) ? check_open(ws) : -EINVAL;
        if (rc == 0)
                rc = eddy_lock_locked(&ws->output.turn) || is_full(ws) ? send_in_turn(ws, type, data, n)
                                                                       : send_message(ws, type, data, n);
        return (int)websocket_leave(ws, rc);
}

/* Messages of pieces. */

static int begin(eddy_websocket *ws, eddy_websocket_type type)
{
        struct output *output = &ws->output;
        int rc = is_sendable(type) ? check_open(ws) : -EINVAL;

        if (rc == 0)
                rc = take_turn(ws);
        if (rc < 0)
                return rc;
        output->owner = eddy_current_task();
        output->type = type;
        output->is_compressed = is_to_be_compressed(ws, SIZE_MAX - 1);
        output->has_held_back = false;
        return 0;
}

int eddy_websocket_begin(eddy_websocket *ws, eddy_websocket_type type)
{
        int rc = websocket_enter(ws);

        return rc < 0 ? rc : (int)websocket_leave(ws, begin(ws, type));
}

static int check_owner(const eddy_websocket *ws)
{
        return ws->output.owner && ws->output.owner == eddy_current_task() ? 0 : EDDY_EINVALIDSTATE;
}

/** Send a frame of the message that was begun: its first has the type, the others have none. */
static int send_piece(eddy_websocket *ws, const void *data, size_t n, bool is_final)
{
        struct output *output = &ws->output;
        struct frame frame = {
            .opcode = (uint8_t)output->type,
            .is_final = is_final,
            .is_compressed = output->type != 0 && output->is_compressed && n > 0,
            .size = n,
        };
        int rc = send_frame(ws, &frame, data);

        if (rc == 0)
                output->type = 0;
        return rc;
}

/** The four bytes that the message's end lacks are sent when more comes behind them. */
static int send_compressed_piece(eddy_websocket *ws, const void *data, size_t n)
{
        static const uint8_t tail[DEFLATE_TAIL_SIZE] = {0, 0, 0xff, 0xff};
        struct output *output = &ws->output;
        struct room *scratch = &output->scratch;
        int rc;

        scratch->size = 0;
        if (room_reserve(scratch, sizeof tail) < 0)
                return -ENOMEM;
        if (output->has_held_back) {
                memcpy(scratch->bytes, tail, sizeof tail);
                scratch->size = sizeof tail;
        }
        rc = compress_into_scratch(ws, data, n);
        if (rc == 0)
                rc = send_piece(ws, scratch->bytes, scratch->size - sizeof tail, false);
        if (rc == 0)
                output->has_held_back = true;
        else if (output->deflater)
                deflater_end(output->deflater, false);
        return rc;
}

static int write_piece(eddy_websocket *ws, const void *data, size_t n)
{
        int rc = check_owner(ws);

        if (rc == 0)
                rc = check_open(ws);
        if (rc == 0)
                rc = await_room(ws);
        if (rc < 0 || n == 0)
                return rc;
        rc = ws->output.is_compressed ? send_compressed_piece(ws, data, n) : send_piece(ws, data, n, false);
        room_clear(&ws->output.scratch);
        return rc;
}

int eddy_websocket_write(eddy_websocket *ws, const void *data, size_t n)
{
        int rc = websocket_enter(ws);

        return rc < 0 ? rc : (int)websocket_leave(ws, write_piece(ws, data, n));
}

int eddy_websocket_end(eddy_websocket *ws)
{
        struct output *output = &ws->output;
        int rc = check_owner(ws);

        if (rc < 0)
                return rc;
        rc = check_open(ws);
        if (rc == 0)
                rc = send_piece(ws, NULL, 0, true);
        if (rc == -ENOMEM)
                return rc;
        if (output->deflater)
                deflater_end(output->deflater, rc == 0);
        output->owner = NULL;
        give_turn(ws);
        return rc;
}
