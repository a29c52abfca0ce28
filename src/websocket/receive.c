#include "websocket/input.h"

/** How much a message grows by at first, how much of what nobody wants is taken at a time, and how much may come compressed
 * of which nothing comes. */
enum { GROWTH = 16 * 1024, DROPPED_AT_ONCE = 4096, MOST_IN_VAIN = 64 * 1024 };

/** Have more of the frame to decompress: how much, or the error. Blocks may be empty without end, and max_message does not see them. */
static ssize_t feed_inflater(eddy_websocket *ws)
{
        struct inflater *inflater = ws->input.inflater;
        ssize_t got;

        if (inflater->in_vain > MOST_IN_VAIN)
                return websocket_fail(ws, CODE_TOO_BIG, EDDY_ELIMIT,
                                      "much came compressed, and nothing is in it");
        got = input_take_payload(ws, inflater->input, sizeof inflater->input);
        if (got > 0)
                inflater_feed(inflater, (size_t)got);
        return got;
}

/** Take what is decompressed of the frame, as input_take_payload(). */
static ssize_t take_inflated(eddy_websocket *ws, uint8_t *to, size_t n)
{
        struct input *input = &ws->input;
        struct inflater *inflater = input->inflater;

        for (;;) {
                ssize_t got = inflater_take(inflater, to, n);

                if (got == -ENOMEM)
                        return websocket_fail(ws, CODE_INTERNAL, -ENOMEM, NULL);
                if (got < 0)
                        return websocket_fail(ws, CODE_NO_UTF8, EDDY_EPROTOCOL,
                                              "what came compressed cannot be decompressed");
                if (got > 0)
                        return got;
                if (input->left > 0) {
                        got = feed_inflater(ws);
                        if (got < 0)
                                return got;
                } else if (input->frame.is_final && !inflater->has_tail) {
                        inflater_feed_tail(inflater);
                } else {
                        return 0;
                }
        }
}

static ssize_t take_data(eddy_websocket *ws, uint8_t *to, size_t n)
{
        if (!ws->input.is_compressed)
                return input_take_payload(ws, to, n);
        if (!ws->input.inflater && !(ws->input.inflater = inflater_create(&ws->terms)))
                return -ENOMEM;
        return take_inflated(ws, to, n);
}

static int refuse_text(eddy_websocket *ws)
{
        return websocket_fail(ws, CODE_NO_UTF8, -EILSEQ, "a text is not UTF-8");
}

/** Take what comes of the message that has begun: up to n bytes, 0 at its end, or an error; 0 too where the other side has closed
 * instead. */
static ssize_t take_more(eddy_websocket *ws, uint8_t *to, size_t n)
{
        struct input *input = &ws->input;
        ssize_t got;

        for (;;) {
                got = input_take_frame(ws);
                if (got <= 0)
                        return got;
                got = take_data(ws, to, n);
                if (got > 0 && input->type == EDDY_WEBSOCKET_TEXT && !utf8_go_on(&input->utf8, to, (size_t)got))
                        return refuse_text(ws);
                if (got != 0)
                        return got;
                if (!input->frame.is_final) {
                        input->stage = STAGE_HEAD;
                        continue;
                }
                return utf8_is_whole(&input->utf8) ? 0 : refuse_text(ws);
        }
}

/** The message is done with. */
static void end_message(eddy_websocket *ws)
{
        struct input *input = &ws->input;

        if (input->is_compressed)
                inflater_end(input->inflater);
        input->stage = STAGE_HEAD;
        input->type = 0;
}

/** Wait until a message has begun: 1; 0 where the other side has closed; or the error. */
static int await_message(eddy_websocket *ws)
{
        struct input *input = &ws->input;

        websocket_pay_pong(ws);
        if (ws->failure < 0)
                return websocket_tell_failure(ws);
        if (input->is_shown) {
                input->is_shown = false;
                input->taken = 0;
                room_clear(&input->message);
        }
        if (ws->has_come_close)
                return 0;
        return input->type != 0 ? 1 : input_take_frame(ws);
}

/** Wait for the input, which a coroutine that closes may have: 0, EDDY_EBUSY, or why there is no use in it. */
static int claim_input(eddy_websocket *ws)
{
        int rc = 0;

        while (rc == 0 && ws->input.is_busy) {
                if (!ws->has_sent_close)
                        return EDDY_EBUSY;
                eddy_event_clear(&ws->passed_on);
                rc = eddy_event_wait(&ws->passed_on);
                if (ws->is_destroyed)
                        rc = -EBADF;
        }
        if (rc == 0)
                ws->input.is_busy = true;
        return rc;
}

static void release_input(eddy_websocket *ws)
{
        ws->input.is_busy = false;
        if (ws->has_sent_close || ws->failure < 0)
                eddy_event_set(&ws->passed_on);
}

/** How much more to have room for: the rest of the frame, though not all that it promises at once; and where that has ended, a
 * byte of the next. One byte beyond the bound, to see that it is exceeded. */
static size_t next_part(const struct input *input, size_t max)
{
        size_t part = input->message.size < GROWTH ? GROWTH : input->message.size;
        size_t left = max - input->message.size;

        if (!input->is_compressed)
                part = input->left > 0 ? input_least(input->left, part) : 1;
        return left < part ? left + 1 : part;
}

/** Whether a message is too long, or says that it will be. */
static bool is_too_long(const struct input *input, size_t max)
{
        size_t size = input->message.size;

        return size > max || (!input->is_compressed && input->stage == STAGE_DATA && input->left > max - size);
}

/** Collect the message that has begun: 1; 0 where the other side closed instead; or the error. */
static int collect(eddy_websocket *ws)
{
        struct input *input = &ws->input;
        struct room *message = &input->message;
        size_t max = ws->options.max_message;

        while (!is_too_long(input, max)) {
                size_t part = next_part(input, max);
                ssize_t got;

                if (room_reserve(message, part + 1) < 0)
                        return -ENOMEM;
                got = take_more(ws, message->bytes + message->size, part);
                if (got < 0)
                        return (int)got;
                if (got == 0)
                        return !ws->has_come_close;
                message->size += (size_t)got;
        }
        return websocket_fail(ws, CODE_TOO_BIG, EDDY_ELIMIT, "a message is longer than options.max_message");
}

static int show_close(const eddy_websocket *ws, eddy_websocket_message *message)
{
        *message = (eddy_websocket_message){
            .type = EDDY_WEBSOCKET_CLOSE, .data = ws->reason, .size = strlen(ws->reason)};
        return 0;
}

static int receive(eddy_websocket *ws, eddy_websocket_message *message)
{
        struct input *input = &ws->input;
        int rc = await_message(ws);

        if (rc > 0)
                rc = collect(ws);
        if (rc == 0)
                return show_close(ws, message);
        if (rc < 0)
                return rc;
        input->message.bytes[input->message.size] = '\0';
        *message = (eddy_websocket_message){
            .type = input->type,
            .data = (const char *)input->message.bytes + input->taken,
            .size = input->message.size - input->taken,
        };
        input->is_shown = true;
        end_message(ws);
        return 1;
}

int eddy_websocket_receive(eddy_websocket *ws, eddy_websocket_message *message)
{
        int rc = websocket_enter(ws);

        *message = (eddy_websocket_message){.data = ""};
        if (rc < 0)
                return rc;
        rc = claim_input(ws);
        if (rc == 0) {
                rc = receive(ws, message);
                release_input(ws);
        }
        return (int)websocket_leave(ws, rc);
}

/** Of what an interrupted eddy_websocket_receive() has collected. */
static size_t take_collected(struct input *input, void *to, size_t n)
{
        size_t size = input_least(n, input->message.size - input->taken);

        if (size > 0)
                memcpy(to, input->message.bytes + input->taken, size);
        input->taken += size;
        return size;
}

static ssize_t read_piece(eddy_websocket *ws, void *buffer, size_t n, eddy_websocket_type *type)
{
        ssize_t got = await_message(ws);

        *type = EDDY_WEBSOCKET_CLOSE;
        if (got <= 0)
                return got;
        *type = ws->input.type;
        got = (ssize_t)take_collected(&ws->input, buffer, n);
        if (got > 0)
                return got;
        got = take_more(ws, buffer, n);
        if (got != 0)
                return got;
        if (ws->has_come_close) {
                *type = EDDY_WEBSOCKET_CLOSE;
        } else {
                ws->input.is_shown = true;
                end_message(ws);
        }
        return 0;
}

ssize_t eddy_websocket_read(eddy_websocket *ws, void *buffer, size_t n, eddy_websocket_type *type)
{
        ssize_t rc = websocket_enter(ws);

        if (rc == 0 && n == 0)
                rc = websocket_leave(ws, -EINVAL);
        if (rc < 0)
                return rc;
        rc = claim_input(ws);
        if (rc == 0) {
                rc = read_piece(ws, buffer, n, type);
                release_input(ws);
        }
        return websocket_leave(ws, rc);
}

int websocket_drop_next(eddy_websocket *ws)
{
        uint8_t dropped[DROPPED_AT_ONCE];
        ssize_t rc = claim_input(ws);

        if (rc < 0)
                return (int)rc;
        while (rc >= 0 && !websocket_is_over(ws)) {
                rc = await_message(ws);
                while (rc > 0)
                        rc = take_more(ws, dropped, sizeof dropped);
                if (rc == 0 && !websocket_is_over(ws))
                        end_message(ws);
        }
        release_input(ws);
        return rc < 0 ? (int)rc : 0;
}
