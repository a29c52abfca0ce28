#include "pair.h"

#include "websocket/deflate.h"

COROUTINE_TEST(messages_come_whole)
{
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        put_text(&pair, FRAME_TEXT, true, "hello");
        put_text(&pair, FRAME_BINARY, true, "");
        put_text(&pair, FRAME_TEXT, false, "in ");
        put_text(&pair, FRAME_CONTINUATION, false, "three ");
        put_text(&pair, FRAME_CONTINUATION, true, "frames");
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "hello");
        assert_receives(&pair, EDDY_WEBSOCKET_BINARY, "");
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "in three frames");
        close_pair(&pair);
}

COROUTINE_TEST(a_server_s_frames_are_not_masked)
{
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_CLIENT, NULL, NULL);
        put_text(&pair, FRAME_TEXT, true, "hello");
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "hello");
        close_pair(&pair);
}

COROUTINE_TEST(pings_are_answered_between_fragments)
{
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        put_text(&pair, FRAME_TEXT, false, "a");
        put_text(&pair, FRAME_PING, true, "are you there");
        put_text(&pair, FRAME_PONG, true, "nobody asked");
        put_text(&pair, FRAME_CONTINUATION, true, "b");
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "ab");
        assert_gets(&pair, FRAME_PONG, "are you there");
        close_pair(&pair);
}

/* The stream as it comes in, cut at any place. */

struct cut {
        struct pair pair;
        const uint8_t *bytes;
        size_t size, at;
};

/** The second part comes when the receiver waits for it. */
static intptr_t send_rest(void *arg)
{
        struct cut *cut = arg;

        assert_int_equal(eddy_stream_write(cut->pair.peer, cut->bytes + cut->at, cut->size - cut->at), 0);
        return 0;
}

COROUTINE_TEST(frames_may_be_cut_at_every_byte)
{
        uint8_t bytes[1024];
        char large[200];
        struct cut cut = {.bytes = bytes, .pair = {.peer_masks = true}};

        memset(large, 'x', sizeof large - 1);
        large[sizeof large - 1] = '\0';
        cut.size += write_frame(bytes + cut.size, some_frame(&cut.pair, FRAME_TEXT, false, 2), "\xc3\xa4");
        cut.size += write_frame(bytes + cut.size, some_frame(&cut.pair, FRAME_PING, true, 4), "ping");
        cut.size += write_frame(bytes + cut.size, some_frame(&cut.pair, FRAME_CONTINUATION, true, 1), "b");
        cut.size +=
            write_frame(bytes + cut.size, some_frame(&cut.pair, FRAME_BINARY, true, strlen(large)), large);
        cut.size += write_frame(bytes + cut.size, some_frame(&cut.pair, FRAME_CLOSE, true, 5),
                                "\x03\xe8"
                                "bye");
        for (cut.at = 0; cut.at <= cut.size; cut.at++) {
                eddy_websocket_message message;
                eddy_task *task;

                open_pair(&cut.pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
                assert_int_equal(eddy_stream_write(cut.pair.peer, bytes, cut.at), 0);
                assert_int_equal(eddy_sleep(0), 0);
                task = eddy_create_task(send_rest, &cut);
                assert_non_null(task);
                assert_receives(&cut.pair, EDDY_WEBSOCKET_TEXT,
                                "\xc3\xa4"
                                "b");
                assert_receives(&cut.pair, EDDY_WEBSOCKET_BINARY, large);
                assert_int_equal(eddy_websocket_receive(cut.pair.ws, &message), 0);
                assert_int_equal(message.type, EDDY_WEBSOCKET_CLOSE);
                assert_string_equal(message.data, "bye");
                assert_int_equal(eddy_join(task, NULL), 0);
                close_pair(&cut.pair);
        }
}

/* What is not allowed. */

static const struct violation {
        const char *what;
        const char *bytes;
        size_t size;
        int code, error;
        bool is_compressed; /* that was agreed on */
} violations[] = {
    {"RSV1", "\xc1\x80\0\0\0\0", 6, 1002, EDDY_EPROTOCOL, false},
    {"RSV2", "\xa1\x80\0\0\0\0", 6, 1002, EDDY_EPROTOCOL, true},
    {"RSV3", "\x91\x80\0\0\0\0", 6, 1002, EDDY_EPROTOCOL, true},
    {"not masked", "\x81\x00", 2, 1002, EDDY_EPROTOCOL, false},
    {"opcode 3", "\x83\x80\0\0\0\0", 6, 1002, EDDY_EPROTOCOL, false},
    {"opcode 7", "\x87\x80\0\0\0\0", 6, 1002, EDDY_EPROTOCOL, false},
    {"opcode 11", "\x8b\x80\0\0\0\0", 6, 1002, EDDY_EPROTOCOL, false},
    {"opcode 15", "\x8f\x80\0\0\0\0", 6, 1002, EDDY_EPROTOCOL, false},
    {"a continuation of nothing", "\x80\x80\0\0\0\0", 6, 1002, EDDY_EPROTOCOL, false},
    {"a message within another", "\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 12, 1002, EDDY_EPROTOCOL, false},
    {"a ping in fragments", "\x09\x80\0\0\0\0", 6, 1002, EDDY_EPROTOCOL, false},
    {"a ping of 126 bytes", "\x89\xfe\0\x7e\0\0\0\0", 8, 1002, EDDY_EPROTOCOL, false},
    {"a ping that is compressed", "\xc9\x80\0\0\0\0", 6, 1002, EDDY_EPROTOCOL, true},
    {"a continuation that is compressed", "\x01\x80\0\0\0\0\xc0\x80\0\0\0\0", 12, 1002, EDDY_EPROTOCOL, true},
    {"a length too long", "\x82\xfe\0\x01\0\0\0\0", 8, 1002, EDDY_EPROTOCOL, false},
    {"a close of one byte", "\x88\x81\0\0\0\0\x03", 7, 1002, EDDY_EPROTOCOL, false},
    {"close 999", "\x88\x82\0\0\0\0\x03\xe7", 8, 1002, EDDY_EPROTOCOL, false},
    {"close 1004", "\x88\x82\0\0\0\0\x03\xec", 8, 1002, EDDY_EPROTOCOL, false},
    {"close 1005", "\x88\x82\0\0\0\0\x03\xed", 8, 1002, EDDY_EPROTOCOL, false},
    {"close 1006", "\x88\x82\0\0\0\0\x03\xee", 8, 1002, EDDY_EPROTOCOL, false},
    {"close 1015", "\x88\x82\0\0\0\0\x03\xf7", 8, 1002, EDDY_EPROTOCOL, false},
    {"close 2999", "\x88\x82\0\0\0\0\x0b\xb7", 8, 1002, EDDY_EPROTOCOL, false},
    {"close 5000", "\x88\x82\0\0\0\0\x13\x88", 8, 1002, EDDY_EPROTOCOL, false},
    {"a reason that is no UTF-8", "\x88\x83\0\0\0\0\x03\xe8\xff", 9, 1007, -EILSEQ, false},
    {"a text that is no UTF-8", "\x81\x81\0\0\0\0\xff", 7, 1007, -EILSEQ, false},
    {"half a character at the end", "\x81\x81\0\0\0\0\xc3", 7, 1007, -EILSEQ, false},
    {"no UTF-8, before the frame is whole", "\x81\xfe\x01\0\0\0\0\0a\xff", 10, 1007, -EILSEQ, false},
    {"too long, before its payload", "\x82\xff\0\0\0\0\0\x20\0\0\0\0\0\0", 14, 1009, EDDY_ELIMIT, false},
    {"not deflated", "\xc2\x84\0\0\0\0\xff\xff\xff\xff", 10, 1007, EDDY_EPROTOCOL, true},
};

static void violate(const struct violation *violation)
{
        eddy_websocket_handshake handshake = compressing();
        eddy_websocket_message message;
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, violation->is_compressed ? &handshake : NULL, NULL);
        assert_int_equal(eddy_stream_write(pair.peer, violation->bytes, violation->size), 0);
        if (eddy_websocket_receive(pair.ws, &message) != violation->error)
                fail_msg("%s: no %s", violation->what, eddy_errname(violation->error));
        assert_true(eddy_error_detail()[0]);
        assert_int_equal(eddy_websocket_close_code(pair.ws), violation->code);
        assert_gets_close(&pair, violation->code);
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), violation->error);
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "a", 1), violation->error);
        close_pair(&pair);
}

COROUTINE_TEST(violations_end_the_connection_with_their_code)
{
        for (size_t i = 0; i < sizeof violations / sizeof violations[0]; i++)
                violate(&violations[i]);
}

COROUTINE_TEST(a_client_refuses_what_is_masked)
{
        eddy_websocket_message message;
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_CLIENT, NULL, NULL);
        assert_int_equal(eddy_stream_write(pair.peer, "\x81\x80\0\0\0\0", 6), 0);
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), EDDY_EPROTOCOL);
        assert_gets_close(&pair, 1002);
        close_pair(&pair);
}

/* How long a message may be. */

COROUTINE_TEST(a_message_may_be_as_long_as_it_may_be)
{
        eddy_websocket_options options = {.max_message = 5, .ping_interval = EDDY_FOREVER};
        eddy_websocket_message message;
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, &options);
        put_text(&pair, FRAME_TEXT, false, "ab");
        put_text(&pair, FRAME_CONTINUATION, true, "cde");
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "abcde");
        put_text(&pair, FRAME_TEXT, false, "abc");
        put_text(&pair, FRAME_CONTINUATION, true, "def");
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), EDDY_ELIMIT);
        assert_gets_close(&pair, 1009);
        close_pair(&pair);
}

/** As a peer that compresses. */
static void put_compressed(struct pair *pair, struct deflater *deflater, const void *data, size_t n)
{
        struct room room = {.bytes = NULL};
        struct frame frame;

        assert_int_equal(deflater_add(deflater, &room, data, n), 0);
        frame = some_frame(pair, FRAME_BINARY, true, room.size - DEFLATE_TAIL_SIZE);
        frame.is_compressed = true;
        put(pair, frame, room.bytes);
        free(room.bytes);
}

static struct deflater *peer_deflater(void)
{
        return deflater_create(&(struct eddy_websocket_terms){.is_on = true, .own_bits = 15}, 0);
}

COROUTINE_TEST(a_bomb_does_not_go_off)
{
        eddy_websocket_options options = {.max_message = 10000, .ping_interval = EDDY_FOREVER};
        eddy_websocket_handshake handshake = compressing();
        struct deflater *deflater = peer_deflater();
        eddy_websocket_message message;
        char *zeroes = calloc(1, 10 << 20);
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, &handshake, &options);
        put_compressed(&pair, deflater, zeroes, 10000);
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), 1);
        assert_int_equal(message.size, 10000);
        put_compressed(&pair, deflater, zeroes, 10 << 20);
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), EDDY_ELIMIT);
        assert_gets_close(&pair, 1009);
        deflater_destroy(deflater);
        free(zeroes);
        close_pair(&pair);
}

/* In pieces. */

COROUTINE_TEST(a_message_is_read_in_pieces)
{
        eddy_websocket_options options = {.max_message = 2, .ping_interval = EDDY_FOREVER};
        eddy_websocket_type type;
        struct pair pair;
        char piece[4];

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, &options);
        put_text(&pair, FRAME_TEXT, false, "abcde");
        put_text(&pair, FRAME_CONTINUATION, true, "fg");
        put_text(&pair, FRAME_BINARY, true, "");
        put_text(&pair, FRAME_BINARY, true, "x");
        assert_int_equal(eddy_websocket_read(pair.ws, piece, 4, &type), 4);
        assert_int_equal(type, EDDY_WEBSOCKET_TEXT);
        assert_memory_equal(piece, "abcd", 4);
        assert_int_equal(eddy_websocket_read(pair.ws, piece, 4, &type), 1);
        assert_int_equal(eddy_websocket_read(pair.ws, piece, 4, &type), 2);
        assert_memory_equal(piece, "fg", 2);
        assert_int_equal(eddy_websocket_read(pair.ws, piece, 4, &type), 0);
        assert_int_equal(type, EDDY_WEBSOCKET_TEXT);
        assert_int_equal(eddy_websocket_read(pair.ws, piece, 4, &type), 0);
        assert_int_equal(type, EDDY_WEBSOCKET_BINARY);
        assert_receives(&pair, EDDY_WEBSOCKET_BINARY, "x");
        assert_int_equal(eddy_websocket_read(pair.ws, piece, 0, &type), -EINVAL);
        close_pair(&pair);
}

COROUTINE_TEST(the_rest_of_what_was_read_is_received)
{
        eddy_websocket_type type;
        struct pair pair;
        char piece[4];

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        put_text(&pair, FRAME_TEXT, true, "abcde");
        assert_int_equal(eddy_websocket_read(pair.ws, piece, 2, &type), 2);
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "cde");
        close_pair(&pair);
}

/* Interruptions. */

COROUTINE_TEST(who_is_interrupted_loses_nothing)
{
        eddy_websocket_message message;
        eddy_websocket_type type;
        struct pair pair;
        int rc = 0;
        char bytes[8];

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        put_text(&pair, FRAME_TEXT, false, "half");
        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_websocket_receive(pair.ws, &message);
        assert_int_equal(rc, EDDY_TIMEOUT);
        put_text(&pair, FRAME_CONTINUATION, true, " and half");
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "half and half");

        put_text(&pair, FRAME_TEXT, false, "half");
        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_websocket_receive(pair.ws, &message);
        assert_int_equal(rc, EDDY_TIMEOUT);
        put_text(&pair, FRAME_CONTINUATION, true, "!");
        assert_int_equal(eddy_websocket_read(pair.ws, bytes, 3, &type), 3);
        assert_memory_equal(bytes, "hal", 3);
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "f!");
        close_pair(&pair);
}

static intptr_t receive_one(void *arg)
{
        eddy_websocket_message message;

        return eddy_websocket_receive(arg, &message);
}

COROUTINE_TEST(one_receives_at_a_time)
{
        eddy_websocket_message message;
        struct pair pair;
        intptr_t rc;
        eddy_task *task;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        task = eddy_create_task(receive_one, pair.ws);
        assert_int_equal(eddy_sleep(0), 0);
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), EDDY_EBUSY);
        put_text(&pair, FRAME_TEXT, true, "a");
        assert_int_equal(eddy_join(task, &rc), 0);
        assert_int_equal(rc, 1);
        close_pair(&pair);
}

COROUTINE_TEST(who_receives_is_told_of_the_destruction)
{
        struct pair pair;
        eddy_task *task;
        intptr_t rc;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        task = eddy_create_task(receive_one, pair.ws);
        assert_int_equal(eddy_sleep(0), 0);
        eddy_websocket_destroy(pair.ws);
        assert_int_equal(eddy_join(task, &rc), 0);
        assert_int_equal(rc, -EBADF);
        eddy_stream_destroy(pair.peer);
}

COROUTINE_TEST(an_end_without_a_close_is_an_error)
{
        eddy_websocket_message message;
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        put_text(&pair, FRAME_TEXT, false, "half");
        assert_int_equal(eddy_stream_write_eof(pair.peer), 0);
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), EDDY_EINCOMPLETE);
        assert_int_equal(eddy_websocket_close_code(pair.ws), 1006);
        close_pair(&pair);
}

/* Compressed. */

/** RFC 7692, 7.2.3: "Hello", each in another way. */
static const struct {
        const char *bytes;
        size_t size;
} hellos[] = {
    {"\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00", 13},                         /* one block */
    {"\xc1\x85\0\0\0\0\xf2\x00\x11\x00\x00", 11},                                 /* the window of before */
    {"\x41\x83\0\0\0\0\xf2\x48\xcd\x80\x84\0\0\0\0\xc9\xc9\x07\x00", 19},         /* two frames */
    {"\xc1\x8b\0\0\0\0\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 17},         /* no compression */
    {"\xc1\x88\0\0\0\0\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 14},                     /* the last block */
    {"\xc1\x8d\0\0\0\0\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 19}, /* two blocks */
    {"\x81\x85\0\0\0\0Hello", 11},                                                /* not compressed */
    {"\xc1\x85\0\0\0\0\xf2\x00\x11\x00\x00", 11}, /* the window is still there */
};

COROUTINE_TEST(the_examples_of_the_standard_are_decompressed)
{
        eddy_websocket_handshake handshake = compressing();
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, &handshake, NULL);
        for (size_t i = 0; i < sizeof hellos / sizeof hellos[0]; i++) {
                assert_int_equal(eddy_stream_write(pair.peer, hellos[i].bytes, hellos[i].size), 0);
                assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "Hello");
        }
        close_pair(&pair);
}

COROUTINE_TEST(much_is_decompressed_in_pieces)
{
        enum { SIZE = 200000 };
        eddy_websocket_handshake handshake = compressing();
        struct deflater *deflater = peer_deflater();
        char *data = malloc(SIZE), *came = malloc(SIZE);
        eddy_websocket_type type;
        struct pair pair;
        size_t size = 0;
        ssize_t n;

        for (size_t i = 0; i < SIZE; i++)
                data[i] = (char)(i * i >> 7);
        open_pair(&pair, EDDY_WEBSOCKET_CLIENT, &handshake, NULL);
        put_compressed(&pair, deflater, data, SIZE);
        while ((n = eddy_websocket_read(pair.ws, came + size, SIZE - size < 777 ? SIZE - size + 1 : 777,
                                        &type)) > 0) {
                size += (size_t)n;
                assert_true(size <= SIZE);
        }
        assert_int_equal(n, 0);
        assert_int_equal(size, SIZE);
        assert_memory_equal(came, data, SIZE);
        deflater_destroy(deflater);
        free(data);
        free(came);
        close_pair(&pair);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(messages_come_whole),
            cmocka_unit_test(a_server_s_frames_are_not_masked),
            cmocka_unit_test(pings_are_answered_between_fragments),
            cmocka_unit_test(frames_may_be_cut_at_every_byte),
            cmocka_unit_test(violations_end_the_connection_with_their_code),
            cmocka_unit_test(a_client_refuses_what_is_masked),
            cmocka_unit_test(a_message_may_be_as_long_as_it_may_be),
            cmocka_unit_test(a_bomb_does_not_go_off),
            cmocka_unit_test(a_message_is_read_in_pieces),
            cmocka_unit_test(the_rest_of_what_was_read_is_received),
            cmocka_unit_test(who_is_interrupted_loses_nothing),
            cmocka_unit_test(one_receives_at_a_time),
            cmocka_unit_test(who_receives_is_told_of_the_destruction),
            cmocka_unit_test(an_end_without_a_close_is_an_error),
            cmocka_unit_test(the_examples_of_the_standard_are_decompressed),
            cmocka_unit_test(much_is_decompressed_in_pieces),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
