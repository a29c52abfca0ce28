#include "pair.h"

#include "websocket/deflate.h"
#include <limits.h>

COROUTINE_TEST(a_server_sends_messages)
{
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "hello", 5), 0);
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_BINARY, NULL, 0), 0);
        assert_gets(&pair, FRAME_TEXT, "hello");
        assert_gets(&pair, FRAME_BINARY, "");
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_CLOSE, "", 0), -EINVAL);
        close_pair(&pair);
}

/** Each by a mask of its own, which nobody can foresee. */
COROUTINE_TEST(a_client_masks_what_it_sends)
{
        enum { FRAMES = 200 };
        static uint8_t masks[FRAMES][FRAME_MASK_SIZE];
        char payload[8];
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_CLIENT, NULL, NULL);
        for (int i = 0; i < FRAMES; i++) {
                struct frame frame;

                assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "hello", 5), 0);
                frame = get(&pair, payload, sizeof payload);
                assert_string_equal(payload, "hello");
                memcpy(masks[i], frame.mask, FRAME_MASK_SIZE);
                for (int k = 0; k < i; k++)
                        assert_memory_not_equal(masks[i], masks[k], FRAME_MASK_SIZE);
        }
        close_pair(&pair);
}

COROUTINE_TEST(a_message_of_pieces_is_one_message)
{
        char payload[8];
        struct pair pair;
        struct frame frame;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        assert_int_equal(eddy_websocket_write(pair.ws, "a", 1), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_websocket_end(pair.ws), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_websocket_begin(pair.ws, EDDY_WEBSOCKET_TEXT), 0);
        assert_int_equal(eddy_websocket_begin(pair.ws, EDDY_WEBSOCKET_TEXT), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "b", 1), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_websocket_write(pair.ws, "ab", 2), 0);
        assert_int_equal(eddy_websocket_write(pair.ws, "", 0), 0);
        assert_int_equal(eddy_websocket_write(pair.ws, "c", 1), 0);
        assert_int_equal(eddy_websocket_end(pair.ws), 0);
        frame = get(&pair, payload, sizeof payload);
        assert_int_equal(frame.opcode, FRAME_TEXT);
        assert_false(frame.is_final);
        assert_string_equal(payload, "ab");
        frame = get(&pair, payload, sizeof payload);
        assert_int_equal(frame.opcode, FRAME_CONTINUATION);
        assert_false(frame.is_final);
        assert_string_equal(payload, "c");
        assert_gets(&pair, FRAME_CONTINUATION, "");
        assert_int_equal(eddy_websocket_begin(pair.ws, EDDY_WEBSOCKET_BINARY), 0);
        assert_int_equal(eddy_websocket_end(pair.ws), 0);
        assert_gets(&pair, FRAME_BINARY, "");
        close_pair(&pair);
}

static intptr_t send_b(void *arg)
{
        return eddy_websocket_send(arg, EDDY_WEBSOCKET_TEXT, "b", 1);
}

COROUTINE_TEST(messages_never_come_into_others)
{
        struct pair pair;
        eddy_task *first, *second;
        char payload[8];
        intptr_t rc;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        assert_int_equal(eddy_websocket_begin(pair.ws, EDDY_WEBSOCKET_TEXT), 0);
        first = eddy_create_task(send_b, pair.ws);
        second = eddy_create_task(send_b, pair.ws);
        assert_int_equal(eddy_sleep(0), 0);
        put_text(&pair, FRAME_PING, true, "p");
        assert_int_equal(eddy_websocket_write(pair.ws, "a", 1), 0);
        eddy_cancel(second);
        assert_int_equal(eddy_join(second, &rc), 0);
        assert_int_equal(rc, EDDY_CANCELLED);
        assert_int_equal(eddy_websocket_end(pair.ws), 0);
        assert_int_equal(eddy_join(first, &rc), 0);
        assert_int_equal(rc, 0);
        get(&pair, payload, sizeof payload);
        assert_string_equal(payload, "a");
        assert_gets(&pair, FRAME_CONTINUATION, "");
        assert_gets(&pair, FRAME_TEXT, "b");
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "c", 1), 0);
        assert_gets(&pair, FRAME_TEXT, "c");
        close_pair(&pair);
}

/* Back-pressure. */

enum { LARGE = 200000 };

/** Send until the peer's not reading is felt: how many messages. */
static int fill(struct pair *pair, const void *data)
{
        int count = 0;

        for (;; count++) {
                int rc = 0;

                EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                        rc = eddy_websocket_send(pair->ws, EDDY_WEBSOCKET_BINARY, data, LARGE);
                if (rc == EDDY_TIMEOUT)
                        return count;
                assert_int_equal(rc, 0);
        }
}

COROUTINE_TEST(an_interrupted_message_is_not_sent_at_all)
{
        char *data = calloc(1, LARGE), *came = malloc(LARGE + 1);
        struct pair pair;
        int count;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        count = fill(&pair, data);
        assert_true(count > 0 && count < 20);
        for (int i = 0; i < count; i++) {
                struct frame frame = get(&pair, came, LARGE + 1);

                assert_int_equal(frame.opcode, FRAME_BINARY);
                assert_int_equal(frame.size, LARGE);
        }
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "next", 4), 0);
        assert_gets(&pair, FRAME_TEXT, "next");
        free(data);
        free(came);
        close_pair(&pair);
}

static intptr_t send_letters(void *arg)
{
        for (char letter = 'a'; letter <= 'e'; letter++) {
                int rc = eddy_websocket_send(arg, EDDY_WEBSOCKET_TEXT, &letter, 1);

                if (rc < 0)
                        return rc;
        }
        return 0;
}

COROUTINE_TEST(those_who_wait_for_room_all_have_their_turn)
{
        char *data = calloc(1, LARGE), *came = malloc(LARGE + 1), last[2] = {'a', 'a'};
        eddy_task *tasks[2];
        struct pair pair;
        int count;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        count = fill(&pair, data);
        for (int i = 0; i < 2; i++)
                tasks[i] = eddy_create_task(send_letters, pair.ws);
        for (int i = 0; i < count; i++)
                get(&pair, came, LARGE + 1);
        for (int i = 0; i < 10; i++) {
                get(&pair, came, LARGE + 1);
                assert_true(came[0] == last[0] || came[0] == last[1]);
                last[came[0] != last[0]]++;
        }
        for (int i = 0; i < 2; i++)
                assert_int_equal(eddy_join(tasks[i], NULL), 0);
        free(data);
        free(came);
        close_pair(&pair);
}

/** Some are answered though it is full, for who reads them late may have asked for a reason; many are not. */
COROUTINE_TEST(of_many_pings_to_who_does_not_read_the_last_is_answered)
{
        enum { PINGS = 600 };
        char *data = calloc(1, LARGE), *came = malloc(LARGE + 1), text[8] = "";
        struct pair pair;
        int count, pongs = 0;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        count = fill(&pair, data);
        for (int i = 0; i < PINGS; i++) {
                snprintf(text, sizeof text, "%d", i);
                put_text(&pair, FRAME_PING, true, text);
        }
        put_text(&pair, FRAME_TEXT, true, "a");
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "a");
        for (int i = 0; i < count; i++)
                get(&pair, came, LARGE + 1);
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "b", 1), 0);
        while (get(&pair, came, LARGE + 1).opcode == FRAME_PONG) {
                memcpy(text, came, sizeof text);
                pongs++;
        }
        assert_in_range(pongs, 2, 30);
        assert_string_equal(text, "599");
        assert_string_equal(came, "b");
        free(data);
        free(came);
        close_pair(&pair);
}

static intptr_t send_large(void *arg)
{
        static char data[LARGE];
        int rc;

        while ((rc = eddy_websocket_send(arg, EDDY_WEBSOCKET_BINARY, data, LARGE)) == 0)
                ;
        return rc;
}

COROUTINE_TEST(who_sends_is_told_of_the_destruction)
{
        eddy_task *tasks[3];
        struct pair pair;
        intptr_t rc;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        for (int i = 0; i < 3; i++)
                tasks[i] = eddy_create_task(send_large, pair.ws);
        for (int i = 0; i < 20; i++)
                assert_int_equal(eddy_sleep(0), 0);
        eddy_websocket_destroy(pair.ws);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(eddy_join(tasks[i], &rc), 0);
                assert_int_equal(rc, -EBADF);
        }
        eddy_stream_destroy(pair.peer);
}

/* Compression. */

/** What the peer reads, decompressed. */
static void assert_gets_compressed(struct pair *pair, struct inflater *inflater, uint8_t opcode,
                                   const char *expected)
{
        char payload[INFLATER_INPUT_SIZE], plain[INFLATER_INPUT_SIZE] = "";
        struct frame frame = get(pair, payload, sizeof payload);
        ssize_t size = 0, n;

        assert_int_equal(frame.opcode, opcode);
        assert_true(frame.is_compressed);
        memcpy(inflater->input, payload, frame.size);
        inflater_feed(inflater, frame.size);
        while ((n = inflater_take(inflater, plain + size, sizeof plain - (size_t)size)) > 0)
                size += n;
        assert_int_equal(n, 0);
        inflater_feed_tail(inflater);
        assert_int_equal(inflater_take(inflater, plain + size, 1), 0);
        inflater_end(inflater);
        plain[size] = '\0';
        assert_string_equal(plain, expected);
}

static const char long_text[] =
    "a text that is so long that it is worth the while: a text that is so long that it is worth "
    "the while: a text that is so long that it is worth the while";

COROUTINE_TEST(long_messages_are_compressed_and_short_ones_are_not)
{
        eddy_websocket_options options = {.compress_from = 100, .ping_interval = EDDY_FOREVER};
        eddy_websocket_handshake handshake = compressing();
        struct inflater *inflater =
            inflater_create(&(struct eddy_websocket_terms){.is_on = true, .other_bits = 12});
        struct pair pair;

        for (int role = EDDY_WEBSOCKET_SERVER; role <= EDDY_WEBSOCKET_CLIENT; role++) {
                inflater->alone = true;
                inflater_end(inflater);
                inflater->alone = false;
                open_pair(&pair, (eddy_websocket_role)role, &handshake, &options);
                for (int i = 0; i < 3; i++) {
                        assert_int_equal(
                            eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, long_text, strlen(long_text)), 0);
                        assert_gets_compressed(&pair, inflater, FRAME_TEXT, long_text);
                        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "short", 5), 0);
                        assert_gets(&pair, FRAME_TEXT, "short");
                }
                close_pair(&pair);
        }
        inflater_destroy(inflater);
}

/** Each is to be understood by who has seen none of those before. */
COROUTINE_TEST(without_takeover_each_message_is_compressed_alone)
{
        eddy_websocket_options options = {.compress_from = 1, .ping_interval = EDDY_FOREVER};
        eddy_websocket_handshake handshake = compressing();
        struct inflater *inflater = inflater_create(
            &(struct eddy_websocket_terms){.is_on = true, .other_alone = true, .other_bits = 12});
        struct pair pair;

        handshake.terms_.own_alone = true;
        open_pair(&pair, EDDY_WEBSOCKET_SERVER, &handshake, &options);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(
                    eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, long_text, strlen(long_text)), 0);
                assert_gets_compressed(&pair, inflater, FRAME_TEXT, long_text);
        }
        inflater_destroy(inflater);
        close_pair(&pair);
}

COROUTINE_TEST(pieces_are_compressed_and_leave_at_once)
{
        eddy_websocket_handshake handshake = compressing();
        eddy_stream *stream;
        eddy_websocket *other;
        eddy_websocket_type type;
        struct pair pair;
        char piece[512];

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, &handshake, NULL);
        stream = pair.peer;
        assert_int_equal(
            eddy_websocket_from_stream(&other, stream, EDDY_WEBSOCKET_CLIENT, &handshake, &without_pings), 0);
        for (int message = 0; message < 2; message++) {
                assert_int_equal(eddy_websocket_begin(pair.ws, EDDY_WEBSOCKET_TEXT), 0);
                for (int i = 0; i < 3; i++) {
                        assert_int_equal(eddy_websocket_write(pair.ws, long_text, strlen(long_text)), 0);
                        assert_int_equal(eddy_websocket_read(other, piece, sizeof piece, &type),
                                         strlen(long_text));
                        assert_memory_equal(piece, long_text, strlen(long_text));
                }
                assert_int_equal(eddy_websocket_end(pair.ws), 0);
                assert_int_equal(eddy_websocket_read(other, piece, sizeof piece, &type), 0);
                assert_int_equal(type, EDDY_WEBSOCKET_TEXT);
        }
        eddy_websocket_destroy(other);
        eddy_websocket_destroy(pair.ws);
}

COROUTINE_TEST(a_window_that_zlib_has_not_compresses_nothing)
{
        eddy_websocket_options options = {.compress_from = 1, .ping_interval = EDDY_FOREVER};
        eddy_websocket_handshake handshake = compressing();
        struct pair pair;

        handshake.terms_.own_bits = 8;
        open_pair(&pair, EDDY_WEBSOCKET_SERVER, &handshake, &options);
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, long_text, strlen(long_text)), 0);
        assert_gets(&pair, FRAME_TEXT, long_text);
        close_pair(&pair);
}

/** Whatever could not be sent for lack of memory leaves the rest to be understood. */
COROUTINE_TEST(without_memory_nothing_is_sent_and_what_follows_is_right)
{
        eddy_websocket_options options = {.compress_from = 1, .ping_interval = EDDY_FOREVER};
        eddy_websocket_handshake handshake = compressing();
        struct inflater *inflater =
            inflater_create(&(struct eddy_websocket_terms){.is_on = true, .other_bits = 12});
        struct pair pair;
        int failures = 0;

        open_pair(&pair, EDDY_WEBSOCKET_CLIENT, &handshake, &options);
        for (unsigned nth = 1;; nth++) {
                int rc;

                fault_arm(nth, 1);
                rc = eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, long_text, strlen(long_text));
                fault_arm(0, 0);
                if (rc == 0)
                        break;
                failures++;
        }
        assert_true(failures > 2);
        assert_gets_compressed(&pair, inflater, FRAME_TEXT, long_text);
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, long_text, strlen(long_text)), 0);
        assert_gets_compressed(&pair, inflater, FRAME_TEXT, long_text);
        inflater_destroy(inflater);
        close_pair(&pair);
}

/* Memory. */

static unsigned allocations;

static bool count_allocations(const char *what)
{
        allocations += strstr(what, "alloc") != NULL;
        return false;
}

static void echo_through(eddy_websocket *ends[2], const void *data, size_t n)
{
        eddy_websocket_message message;

        for (int i = 0; i < 2; i++) {
                assert_int_equal(eddy_websocket_send(ends[i], EDDY_WEBSOCKET_BINARY, data, n), 0);
                assert_int_equal(eddy_websocket_receive(ends[!i], &message), 1);
                assert_int_equal(message.size, n);
        }
}

/** Of sizes of which there were some, whether compressed or not. Where memory is watched, streams keep none for the next use. */
COROUTINE_TEST(a_further_message_takes_no_memory)
{
        enum { SIZE = 20000 };
        eddy_websocket_handshake handshake = compressing();
        char *data = calloc(1, SIZE);
        unsigned expected = SANITIZER_WATCHES_MEMORY ? UINT_MAX : 0;

        handshake.terms_.own_bits = handshake.terms_.other_bits = 12;
        for (int is_compressed = 0; is_compressed < 2; is_compressed++) {
                eddy_websocket *ends[2];
                struct pair pair;

                open_pair(&pair, EDDY_WEBSOCKET_SERVER, is_compressed ? &handshake : NULL, NULL);
                ends[0] = pair.ws;
                assert_int_equal(eddy_websocket_from_stream(&ends[1], pair.peer, EDDY_WEBSOCKET_CLIENT,
                                                            is_compressed ? &handshake : NULL, &without_pings),
                                 0);
                for (int i = 0; i < 4; i++)
                        echo_through(ends, data, i % 2 ? SIZE : 64);
                allocations = 0;
                fault_script(count_allocations);
                for (int i = 0; i < 20; i++)
                        echo_through(ends, data, i % 2 ? SIZE : 64);
                fault_script(NULL);
                assert_true(allocations <= expected);
                for (int i = 0; i < 2; i++)
                        eddy_websocket_destroy(ends[i]);
        }
        free(data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_server_sends_messages),
            cmocka_unit_test(a_client_masks_what_it_sends),
            cmocka_unit_test(a_message_of_pieces_is_one_message),
            cmocka_unit_test(messages_never_come_into_others),
            cmocka_unit_test(an_interrupted_message_is_not_sent_at_all),
            cmocka_unit_test(those_who_wait_for_room_all_have_their_turn),
            cmocka_unit_test(of_many_pings_to_who_does_not_read_the_last_is_answered),
            cmocka_unit_test(who_sends_is_told_of_the_destruction),
            cmocka_unit_test(long_messages_are_compressed_and_short_ones_are_not),
            cmocka_unit_test(without_takeover_each_message_is_compressed_alone),
            cmocka_unit_test(pieces_are_compressed_and_leave_at_once),
            cmocka_unit_test(a_window_that_zlib_has_not_compresses_nothing),
            cmocka_unit_test(without_memory_nothing_is_sent_and_what_follows_is_right),
            cmocka_unit_test(a_further_message_takes_no_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
