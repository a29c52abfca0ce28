/* A WebSocket, and at its other end a peer that does what the test says, byte by byte. */
#ifndef TESTS_WEBSOCKET_PAIR_H
#define TESTS_WEBSOCKET_PAIR_H

#include "../testing.h"

#include "websocket/frame.h"
#include <eddy/websocket.h>

struct pair {
        eddy_websocket *ws;
        eddy_stream *peer;
        bool peer_masks; /* it is the client */
};

static const eddy_websocket_options without_pings __attribute__((unused)) = {.ping_interval = EDDY_FOREVER};

/** What was agreed on, where it is compression. */
static inline eddy_websocket_handshake compressing(void)
{
        return (eddy_websocket_handshake){.terms_ = {.is_on = true, .own_bits = 12, .other_bits = 15}};
}

static inline void open_pair(struct pair *pair, eddy_websocket_role role,
                             const eddy_websocket_handshake *handshake, const eddy_websocket_options *options)
{
        eddy_stream *ends[2];

        assert_int_equal(eddy_stream_pair(ends), 0);
        pair->peer = ends[1];
        assert_int_equal(
            eddy_websocket_from_stream(&pair->ws, ends[0], role, handshake, options ? options : &without_pings),
            0);
        pair->peer_masks = role == EDDY_WEBSOCKET_SERVER;
}

static inline void close_pair(struct pair *pair)
{
        eddy_websocket_destroy(pair->ws);
        eddy_stream_destroy(pair->peer);
}

/** The bytes of a frame, into `to`: how many. */
static inline size_t write_frame(uint8_t *to, struct frame frame, const void *payload)
{
        size_t head = frame_write_head(to, &frame);

        if (frame.size > 0 && frame.is_masked)
                frame_mask(to + head, payload, frame.size, frame.mask, 0);
        else if (frame.size > 0)
                memcpy(to + head, payload, frame.size);
        return head + frame.size;
}

static inline struct frame some_frame(const struct pair *pair, uint8_t opcode, bool is_final, size_t size)
{
        return (struct frame){.opcode = opcode,
                              .is_final = is_final,
                              .is_masked = pair->peer_masks,
                              .mask = "\x12\x34\x56\x78",
                              .size = size};
}

/** Have the peer send a frame. */
static inline void put(struct pair *pair, struct frame frame, const void *payload)
{
        uint8_t *bytes = malloc(FRAME_MAX_HEAD + frame.size);

        assert_non_null(bytes);
        assert_int_equal(eddy_stream_write(pair->peer, bytes, write_frame(bytes, frame, payload)), 0);
        free(bytes);
}

static inline void put_text(struct pair *pair, uint8_t opcode, bool is_final, const char *text)
{
        put(pair, some_frame(pair, opcode, is_final, strlen(text)), text);
}

/** Have the peer read a frame, whose payload goes into `payload`, with a NUL behind it. */
static inline struct frame get(struct pair *pair, void *payload, size_t room)
{
        uint8_t head[FRAME_MAX_HEAD];
        struct frame frame;
        size_t size;

        assert_int_equal(eddy_stream_read_exactly(pair->peer, head, 2), 2);
        size = frame_head_size(head, 2);
        if (size > 2)
                assert_int_equal(eddy_stream_read_exactly(pair->peer, head + 2, size - 2), size - 2);
        assert_true(frame_read_head(&frame, head));
        assert_int_equal(frame.is_masked, !pair->peer_masks);
        assert_true(frame.size < room);
        if (frame.size > 0)
                assert_int_equal(eddy_stream_read_exactly(pair->peer, payload, frame.size), frame.size);
        if (frame.is_masked)
                frame_mask(payload, payload, frame.size, frame.mask, 0);
        ((char *)payload)[frame.size] = '\0';
        return frame;
}

/** The peer gets a frame: its kind, and its payload as a text. */
static inline void assert_gets(struct pair *pair, uint8_t opcode, const char *expected)
{
        char payload[512];
        struct frame frame = get(pair, payload, sizeof payload);

        assert_int_equal(frame.opcode, opcode);
        assert_true(frame.is_final);
        assert_string_equal(payload, expected);
}

/** The peer gets a close with a code. */
static inline void assert_gets_close(struct pair *pair, int code)
{
        uint8_t payload[FRAME_MAX_CONTROL + 1];
        struct frame frame = get(pair, payload, sizeof payload);

        assert_int_equal(frame.opcode, FRAME_CLOSE);
        assert_true(frame.size >= 2);
        assert_int_equal(payload[0] << 8 | payload[1], code);
}

/** The WebSocket receives a message. */
static inline void assert_receives(struct pair *pair, eddy_websocket_type type, const char *expected)
{
        eddy_websocket_message message;

        assert_int_equal(eddy_websocket_receive(pair->ws, &message), 1);
        assert_int_equal(message.type, type);
        assert_int_equal(message.size, strlen(expected));
        assert_string_equal(message.data, expected);
}

#endif
