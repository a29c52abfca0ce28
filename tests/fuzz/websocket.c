/* A WebSocket of a server beneath what clients may send: frames of any kind, in fragments, compressed or not, damaged or not.
 *
 *         fuzz_websocket COUNT SEED
 *
 * Whatever comes, it ends with a close or one of the documented errors, no message is longer than it may be, a text is UTF-8, what is sent
 * back are a server's frames, and memory comes back. And it does not depend on how the bytes arrive, nor on whether messages are received
 * whole or in pieces. Where nothing was damaged the messages are those that were sent. A failure names the seed.
 * With -DHAS_FUZZER_MAIN and clang's -fsanitize=fuzzer the input is libFuzzer's. */
#include "input.h"

#include <eddy/websocket.h>
#include <zlib.h>

enum { MOST_BYTES = 16 * 1024, MOST_MESSAGE = 2000, MOST_LOG = 64 * 1024, MOST_SENT = 1 << 20 };

/* What a client sends, and the messages that were meant. */

static unsigned char bytes[MOST_BYTES + 256];
static size_t size;
static bool is_compressed; /* it was agreed on */
static bool is_good;       /* nothing has been done that may not be */

struct log {
        char text[MOST_LOG];
        size_t size;
        intptr_t end; /* what the last call returned */
};

static struct log meant;

static void note(struct log *log, char kind, const void *data, size_t n)
{
        if (log->size + n + 2 > MOST_LOG)
                fail("more is noted than could be", (long)log->size);
        log->text[log->size++] = kind;
        memcpy(log->text + log->size, data, n);
        log->size += n;
        log->text[log->size++] = '\n';
}

static void put_frame(unsigned first, const unsigned char *payload, size_t n)
{
        unsigned char mask[4];
        bool is_masked = draw(64) > 0, is_long = draw(64) == 0;
        unsigned char *at = bytes + size;

        if (size + n + 14 > MOST_BYTES) {
                is_good = false;
                return;
        }
        is_good = is_good && is_masked && (!is_long || n > 125);
        *at++ = (unsigned char)first;
        if (n > 125 || is_long) {
                *at++ = (unsigned char)(126 | (is_masked ? 0x80 : 0));
                *at++ = (unsigned char)(n >> 8);
                *at++ = (unsigned char)n;
        } else {
                *at++ = (unsigned char)(n | (is_masked ? 0x80 : 0));
        }
        for (int i = 0; is_masked && i < 4; i++)
                *at++ = mask[i] = (unsigned char)draw(256);
        for (size_t i = 0; i < n; i++)
                *at++ = is_masked ? payload[i] ^ mask[i % 4] : payload[i];
        size = (size_t)(at - bytes);
}

/* As RFC 7692 has it, each message alone: how long it becomes. */
static size_t deflate_message(unsigned char *out, size_t room, const unsigned char *data, size_t n)
{
        z_stream stream = {.next_in = (unsigned char *)(uintptr_t)data,
                           .avail_in = (unsigned)n,
                           .next_out = out,
                           .avail_out = (unsigned)room};

        if (deflateInit2(&stream, 1 + (int)draw(9), Z_DEFLATED, -(9 + (int)draw(7)), 8, Z_DEFAULT_STRATEGY) !=
            Z_OK)
                fail("no deflate", 0);
        if (deflate(&stream, Z_SYNC_FLUSH) != Z_OK || stream.avail_out == 0)
                fail("it does not fit", (long)n);
        deflateEnd(&stream);
        return room - stream.avail_out - 4;
}

static size_t make_payload(unsigned char *payload)
{
        static const char *const words[] = {"hello ", "\xc3\xa4", "\xf0\x9f\x8c\x80", "eddy", "\xe2\x82\xac"};
        size_t n = 0;

        for (unsigned i = draw(4) ? draw(20) : draw(256); i > 0 && n + 8 < MOST_MESSAGE; i--)
                n += (size_t)sprintf((char *)payload + n, "%s", words[draw(5)]);
        if (draw(16) == 0 && n > 0) {
                payload[draw(256) % n] = (unsigned char)draw(256);
                is_good = false;
        }
        return n;
}

/* A control frame, which may stand between fragments. */
static void put_control(void)
{
        unsigned char payload[126] = {0x03, (unsigned char)(0xe8 + draw(12))};
        unsigned opcode = 8 + draw(4);

        is_good = is_good && opcode > 8 && opcode < 11;
        put_frame(0x80 | opcode, payload, draw(32) ? draw(8) : draw(127));
}

static void put_message(void)
{
        unsigned char payload[MOST_MESSAGE], coded[2 * MOST_MESSAGE + 64];
        size_t n = make_payload(payload), left = n;
        bool deflates = is_compressed && draw(2);
        unsigned opcode = draw(64) ? 1 + draw(2) : draw(16), first = opcode;
        unsigned char *at = payload;

        if (opcode != 1 && opcode != 2)
                is_good = false;
        if (deflates) {
                left = deflate_message(coded, sizeof coded, payload, n);
                at = coded;
                first |= 0x40;
        }
        for (unsigned fragments = draw(4); fragments > 0; fragments--) {
                size_t piece = draw(256) % (left + 1);

                put_frame(first, at, piece);
                at += piece;
                left -= piece;
                first = 0;
                if (draw(4) == 0)
                        put_control();
        }
        put_frame(first | 0x80, at, left);
        note(&meant, opcode == 1 ? 't' : 'b', payload, n);
}

static void damage(void)
{
        size_t at = size > 0 ? (draw(256) * 256 + draw(256)) % size : 0;

        is_good = false;
        if (size == 0 || size >= MOST_BYTES)
                return;
        switch (draw(4)) {
        case 0:
                bytes[at] ^= (unsigned char)(1u << draw(8));
                break;
        case 1:
                memmove(bytes + at, bytes + at + 1, --size - at);
                break;
        case 2:
                size = at;
                break;
        default:
                memmove(bytes + at + 1, bytes + at, size++ - at);
                bytes[at] = (unsigned char)draw(256);
        }
}

/* What comes of it. */

struct game {
        struct log *log;
        eddy_stream *client;
        size_t piece;
        bool reads; /* messages in pieces, not whole */
};

static bool is_utf8(const unsigned char *at, size_t n)
{
        for (const unsigned char *end = at + n; at < end;) {
                unsigned more = *at < 0x80       ? 0
                                : *at >> 5 == 6  ? 1
                                : *at >> 4 == 14 ? 2
                                : *at >> 3 == 30 ? 3
                                                 : 4;

                if (more == 4 || end - at <= more)
                        return false;
                for (at++; more > 0; more--)
                        if (*at++ >> 6 != 2)
                                return false;
        }
        return true;
}

static void note_message(struct log *log, eddy_websocket_type type, const char *data, size_t n)
{
        if (type == EDDY_WEBSOCKET_TEXT && !is_utf8((const unsigned char *)data, n))
                fail("a text that is not UTF-8", (long)n);
        note(log, type == EDDY_WEBSOCKET_TEXT ? 't' : 'b', data, n);
}

static int receive_whole(eddy_websocket *ws, struct log *log)
{
        eddy_websocket_message message;
        int rc;

        while ((rc = eddy_websocket_receive(ws, &message)) > 0) {
                if (message.size > MOST_MESSAGE)
                        fail("more than the limit", (long)message.size);
                if (message.data[message.size])
                        fail("no end behind it", (long)message.size);
                note_message(log, message.type, message.data, message.size);
        }
        return rc;
}

static int read_pieces(eddy_websocket *ws, struct log *log)
{
        static char message[MOST_LOG];
        eddy_websocket_type type = EDDY_WEBSOCKET_TEXT;
        ssize_t n;

        do {
                size_t at = 0;

                while ((n = eddy_websocket_read(ws, message + at, 100, &type)) > 0) {
                        at += (size_t)n;
                        if (at + 100 > sizeof message)
                                return EDDY_ELIMIT;
                }
                if (n == 0 && type != EDDY_WEBSOCKET_CLOSE)
                        note_message(log, type, message, at);
        } while (n == 0 && type != EDDY_WEBSOCKET_CLOSE);
        return (int)n;
}

static void check_end(const eddy_websocket *ws, intptr_t rc)
{
        int code = eddy_websocket_close_code(ws);

        if (rc != 0 && rc != EDDY_EINCOMPLETE && rc != EDDY_ELIMIT && rc != EDDY_EPROTOCOL && rc != -EILSEQ &&
            rc != -EPIPE && rc != -ECONNRESET)
                fail("an error that is not documented", rc);
        if (code < 1000 || code > 4999)
                fail("a code that is none", code);
}

/* What a server sends are frames without masks, of what we know. */
static intptr_t take(void *stream)
{
        char *sent;
        ssize_t n = eddy_stream_read_all(stream, &sent, MOST_SENT);
        const unsigned char *at = (const unsigned char *)sent, *end = at + (n > 0 ? n : 0);

        while (end - at >= 2) {
                unsigned length = at[1];

                if (at[1] > 125 || at[0] < 0x88 || at[0] > 0x8a)
                        fail("it sends what is no control frame", at[0]);
                at += 2 + length;
        }
        if (n >= 0 && at != end)
                fail("it sends half a frame", n);
        eddy_free(sent);
        return 0;
}

static intptr_t talk(void *arg)
{
        const struct game *game = arg;
        eddy_task *taking = eddy_create_task(take, game->client);

        for (size_t at = 0; at < size; at += game->piece) {
                size_t n = size - at < game->piece ? size - at : game->piece;

                if (eddy_stream_write_all(game->client, bytes + at, n) < 0)
                        break;
                eddy_yield();
        }
        eddy_stream_write_eof(game->client);
        return eddy_join(taking, NULL);
}

static intptr_t serve(void *arg)
{
        struct game *game = arg;
        eddy_websocket_handshake agreed = {
            .terms_ = {.is_on = is_compressed, .other_alone = true, .own_bits = 12, .other_bits = 15}};
        const eddy_websocket_options options = {
            .max_message = MOST_MESSAGE, .ping_interval = EDDY_FOREVER, .close_timeout = eddy_seconds(5)};
        eddy_stream *ends[2];
        eddy_websocket *ws;
        eddy_task *talking;
        intptr_t rc = eddy_stream_pair(ends);

        if (rc == 0)
                rc = eddy_websocket_from_stream(&ws, ends[0], EDDY_WEBSOCKET_SERVER, &agreed, &options);
        if (rc < 0)
                fail("no WebSocket", rc);
        game->client = ends[1];
        talking = eddy_create_task(talk, game);
        EDDY_TIMEOUT_SCOPE(eddy_seconds(20))
                rc = game->reads ? read_pieces(ws, game->log) : receive_whole(ws, game->log);
        game->log->end = rc;
        check_end(ws, rc);
        eddy_websocket_destroy(ws);
        eddy_join(talking, NULL);
        eddy_stream_destroy(ends[1]);
        return 0;
}

static void play(struct log *log, size_t piece, bool reads)
{
        log->size = 0;
        eddy_run(serve, &(struct game){.log = log, .piece = piece, .reads = reads});
}

static void compare(const struct log *one, const struct log *other, const char *what)
{
        if (one->size != other->size || memcmp(one->text, other->text, one->size) != 0)
                fail(what, (long)one->size);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
        static struct log whole, pieces, read;

        begin_input(data, n);
        size = meant.size = 0;
        is_good = true;
        is_compressed = draw(4);
        for (unsigned i = draw(5); i > 0; i--)
                put_message();
        for (unsigned i = draw(3); i > 0; i--)
                damage();
        play(&whole, size + 1, false);
        play(&pieces, 1 + draw(100), false);
        compare(&whole, &pieces, "it depends on how it arrives");
        if ((whole.end == 0) != (pieces.end == 0)) /* of two faults in one frame, either is told */
                fail("its end depends on how it arrives", pieces.end);
        if (is_good)
                compare(&whole, &meant, "it is not what was sent");
        play(&read, 1 + draw(100), true);
        if (read.size < whole.size)
                fail("in pieces there is less", (long)read.size);
        return 0;
}
