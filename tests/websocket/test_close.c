#include "pair.h"

static void put_close(struct pair *pair, int code, const char *reason)
{
        char payload[FRAME_MAX_CONTROL];
        size_t size = strlen(reason);

        payload[0] = (char)(code >> 8);
        payload[1] = (char)code;
        memcpy(payload + 2, reason, size);
        put(pair, some_frame(pair, FRAME_CLOSE, true, 2 + size), payload);
}

COROUTINE_TEST(the_other_side_closes)
{
        eddy_websocket_message message;
        struct pair pair;
        char byte;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        assert_int_equal(eddy_websocket_close_code(pair.ws), 0);
        put_close(&pair, 4321, "that is all");
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), 0);
        assert_int_equal(message.type, EDDY_WEBSOCKET_CLOSE);
        assert_string_equal(message.data, "that is all");
        assert_int_equal(eddy_websocket_close_code(pair.ws), 4321);
        assert_string_equal(eddy_websocket_close_reason(pair.ws), "that is all");
        assert_gets_close(&pair, 4321);
        assert_int_equal(eddy_stream_read(pair.peer, &byte, 1), 0);
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), 0);
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "a", 1), -EPIPE);
        assert_int_equal(eddy_websocket_begin(pair.ws, EDDY_WEBSOCKET_TEXT), -EPIPE);
        assert_int_equal(eddy_websocket_close(pair.ws, 0, NULL), 0);
        close_pair(&pair);
}

COROUTINE_TEST(a_close_without_a_code_is_1005)
{
        eddy_websocket_message message;
        char payload[8];
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        put_text(&pair, FRAME_CLOSE, true, "");
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), 0);
        assert_int_equal(eddy_websocket_close_code(pair.ws), 1005);
        assert_int_equal(get(&pair, payload, sizeof payload).size, 0);
        close_pair(&pair);
}

COROUTINE_TEST(codes_that_may_be_sent_and_received)
{
        static const int good[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010,
                                   1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999};
        static const int bad[] = {-1, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65536 + 1000};
        eddy_websocket_message message;
        struct pair pair;
        char reason[125];

        memset(reason, 'x', sizeof reason);
        reason[sizeof reason - 1] = '\0';
        for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
                open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
                put_close(&pair, good[i], "");
                assert_int_equal(eddy_websocket_receive(pair.ws, &message), 0);
                assert_int_equal(eddy_websocket_close_code(pair.ws), good[i]);
                close_pair(&pair);
        }
        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                assert_int_equal(eddy_websocket_close(pair.ws, bad[i], NULL), -EINVAL);
        assert_int_equal(eddy_websocket_close(pair.ws, 1000, reason), -EINVAL);
        assert_int_equal(eddy_websocket_close(pair.ws, 1000, "\xff"), -EINVAL);
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "a", 1), 0);
        close_pair(&pair);
}

/* One's own close, which the peer answers. */

static intptr_t answer_close(void *arg)
{
        struct pair *pair = arg;
        char payload[FRAME_MAX_CONTROL + 1];

        put_text(pair, FRAME_TEXT, true, "still on its way");
        assert_int_equal(get(pair, payload, sizeof payload).opcode, FRAME_CLOSE);
        assert_string_equal(payload, "\x03\xe9"
                                     "bye");
        put_close(pair, 1001, "");
        if (!pair->peer_masks) { /* a server closes first */
                assert_int_equal(eddy_stream_write_eof(pair->peer), 0);
        }
        assert_int_equal(eddy_stream_read(pair->peer, payload, 1), 0);
        assert_int_equal(eddy_stream_write_eof(pair->peer), 0);
        return 0;
}

COROUTINE_TEST(closing_waits_for_the_answer)
{
        for (int role = EDDY_WEBSOCKET_SERVER; role <= EDDY_WEBSOCKET_CLIENT; role++) {
                struct pair pair;
                eddy_task *task;

                open_pair(&pair, (eddy_websocket_role)role, NULL, NULL);
                task = eddy_create_task(answer_close, &pair);
                assert_int_equal(eddy_websocket_close(pair.ws, 1001, "bye"), 0);
                assert_int_equal(eddy_websocket_close_code(pair.ws), 1001);
                assert_int_equal(eddy_join(task, NULL), 0);
                assert_int_equal(eddy_websocket_close(pair.ws, 1001, "again"), 0);
                close_pair(&pair);
        }
}

static intptr_t receive_all(void *arg)
{
        eddy_websocket_message message;
        int rc;

        while ((rc = eddy_websocket_receive(arg, &message)) > 0)
                trail_add(message.data[0]);
        return rc;
}

COROUTINE_TEST(who_receives_gets_what_comes_before_the_answer)
{
        eddy_task *peer, *receiver;
        struct pair pair;
        intptr_t rc;

        trail_clear();
        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        receiver = eddy_create_task(receive_all, pair.ws);
        assert_int_equal(eddy_sleep(0), 0);
        peer = eddy_create_task(answer_close, &pair);
        assert_int_equal(eddy_websocket_close(pair.ws, 1001, "bye"), 0);
        assert_trail("s");
        assert_int_equal(eddy_join(receiver, &rc), 0);
        assert_int_equal(rc, 0);
        assert_int_equal(eddy_join(peer, NULL), 0);
        close_pair(&pair);
}

static intptr_t close_it(void *arg)
{
        return eddy_websocket_close(arg, 1001, "bye");
}

COROUTINE_TEST(two_may_close_and_one_receive)
{
        eddy_task *closers[2], *receiver, *peer;
        struct pair pair;
        intptr_t rc;

        trail_clear();
        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        for (int i = 0; i < 2; i++)
                closers[i] = eddy_create_task(close_it, pair.ws);
        assert_int_equal(eddy_sleep(0), 0);
        receiver = eddy_create_task(receive_all, pair.ws);
        peer = eddy_create_task(answer_close, &pair);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(eddy_join(closers[i], &rc), 0);
                assert_int_equal(rc, 0);
        }
        assert_int_equal(eddy_join(receiver, &rc), 0);
        assert_int_equal(rc, 0);
        assert_int_equal(eddy_join(peer, NULL), 0);
        close_pair(&pair);
}

COROUTINE_TEST(closing_is_bounded)
{
        eddy_websocket_options options = {.close_timeout = eddy_ms(1), .ping_interval = EDDY_FOREVER};
        eddy_websocket_message message;
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, &options);
        assert_int_equal(eddy_websocket_close(pair.ws, 1000, NULL), EDDY_EINCOMPLETE);
        assert_string_equal(eddy_error_detail(), "the other side did not answer the close in time (1006)");
        assert_int_equal(eddy_websocket_close_code(pair.ws), 1006);
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), EDDY_EINCOMPLETE);
        close_pair(&pair);
}

COROUTINE_TEST(an_end_in_place_of_the_answer_is_1006)
{
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        assert_int_equal(eddy_stream_write_eof(pair.peer), 0);
        assert_int_equal(eddy_websocket_close(pair.ws, 1000, NULL), EDDY_EINCOMPLETE);
        assert_int_equal(eddy_websocket_close_code(pair.ws), 1006);
        close_pair(&pair);
}

COROUTINE_TEST(a_caller_s_deadline_leaves_closing_to_be_gone_on_with)
{
        eddy_task *task;
        struct pair pair;
        int rc = 0;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_websocket_close(pair.ws, 1001, "bye");
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "a", 1), -EPIPE);
        task = eddy_create_task(answer_close, &pair);
        assert_int_equal(eddy_websocket_close(pair.ws, 1001, "bye"), 0);
        assert_int_equal(eddy_join(task, NULL), 0);
        close_pair(&pair);
}

COROUTINE_TEST(a_close_comes_into_a_message_of_pieces)
{
        eddy_task *task;
        struct pair pair;
        intptr_t rc;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        put_close(&pair, 1001, "");
        assert_int_equal(eddy_stream_write_eof(pair.peer), 0);
        assert_int_equal(eddy_websocket_begin(pair.ws, EDDY_WEBSOCKET_TEXT), 0);
        assert_int_equal(eddy_websocket_close(pair.ws, 1001, "bye"), 0);
        task = eddy_create_task(close_it, pair.ws);
        assert_int_equal(eddy_join(task, &rc), 0);
        assert_int_equal(rc, 0);
        assert_int_equal(eddy_websocket_write(pair.ws, "a", 1), -EPIPE);
        assert_int_equal(eddy_websocket_end(pair.ws), -EPIPE);
        close_pair(&pair);
}

static intptr_t send_b(void *arg)
{
        return eddy_websocket_send(arg, EDDY_WEBSOCKET_TEXT, "b", 1);
}

static intptr_t begin_b(void *arg)
{
        return eddy_websocket_begin(arg, EDDY_WEBSOCKET_TEXT);
}

/** Have others wait for the end of a message of pieces. */
static void begin_before_others(struct pair *pair, eddy_task *waiting[2])
{
        assert_int_equal(eddy_websocket_begin(pair->ws, EDDY_WEBSOCKET_TEXT), 0);
        assert_int_equal(eddy_websocket_write(pair->ws, "a", 1), 0);
        waiting[0] = eddy_create_task(send_b, pair->ws);
        waiting[1] = eddy_create_task(begin_b, pair->ws);
        assert_int_equal(eddy_sleep(0), 0);
        assert_false(eddy_done(waiting[0]) || eddy_done(waiting[1]));
}

/** They wait no more, and neither does who began get on. */
static void assert_others_are_told(struct pair *pair, eddy_task *waiting[2], int expected)
{
        for (int i = 0; i < 2; i++) {
                intptr_t rc = 0;
                int joined = 0;

                EDDY_TIMEOUT_SCOPE(eddy_seconds(20))
                        joined = eddy_join(waiting[i], &rc);
                assert_int_equal(joined, 0);
                assert_int_equal(rc, expected);
        }
        assert_int_equal(eddy_websocket_write(pair->ws, "a", 1), expected);
        assert_int_equal(eddy_websocket_end(pair->ws), expected);
        assert_int_equal(eddy_websocket_send(pair->ws, EDDY_WEBSOCKET_TEXT, "a", 1), expected);
        close_pair(pair);
}

COROUTINE_TEST(who_waits_for_a_message_of_pieces_is_told_of_its_sender_s_close)
{
        eddy_task *waiting[2];
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        begin_before_others(&pair, waiting);
        put_close(&pair, 1001, "");
        assert_int_equal(eddy_stream_write_eof(pair.peer), 0);
        assert_int_equal(eddy_websocket_close(pair.ws, 1001, "bye"), 0);
        assert_others_are_told(&pair, waiting, -EPIPE);
}

COROUTINE_TEST(who_waits_for_a_message_of_pieces_is_told_of_the_other_side_s_close)
{
        eddy_websocket_message message;
        eddy_task *waiting[2];
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        begin_before_others(&pair, waiting);
        put_close(&pair, 1001, "");
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), 0);
        assert_others_are_told(&pair, waiting, -EPIPE);
}

COROUTINE_TEST(who_waits_for_a_message_of_pieces_is_told_of_a_failure)
{
        eddy_websocket_message message;
        eddy_task *waiting[2];
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        begin_before_others(&pair, waiting);
        put_text(&pair, FRAME_CONTINUATION, true, "of nothing");
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), EDDY_EPROTOCOL);
        assert_others_are_told(&pair, waiting, EDDY_EPROTOCOL);

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        begin_before_others(&pair, waiting);
        assert_int_equal(eddy_stream_write_eof(pair.peer), 0);
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), EDDY_EINCOMPLETE);
        assert_others_are_told(&pair, waiting, EDDY_EINCOMPLETE);
}

/** A peer that goes on sending gets to see the close with its code, and no reset before it. */
static intptr_t send_much(void *arg)
{
        static char much[1 << 20];
        struct pair *pair = arg;
        struct frame frame = some_frame(pair, FRAME_BINARY, true, sizeof much);
        uint8_t head[FRAME_MAX_HEAD];
        size_t n = frame_write_head(head, &frame);

        assert_int_equal(eddy_stream_write_all(pair->peer, head, n), n);
        assert_int_equal(eddy_stream_write_all(pair->peer, much, sizeof much), sizeof much);
        assert_gets_close(pair, 1009);
        assert_int_equal(eddy_stream_write_eof(pair->peer), 0);
        return 0;
}

COROUTINE_TEST(who_is_refused_hears_why)
{
        eddy_websocket_options options = {.max_message = 10, .ping_interval = EDDY_FOREVER};
        eddy_websocket_message message;
        struct pair pair;
        eddy_task *task;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, &options);
        task = eddy_create_task(send_much, &pair);
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), EDDY_ELIMIT);
        assert_int_equal(eddy_websocket_close(pair.ws, 1000, NULL), 0);
        assert_int_equal(eddy_websocket_close_code(pair.ws), 1009);
        assert_int_equal(eddy_join(task, NULL), 0);
        close_pair(&pair);
}

COROUTINE_TEST(who_closes_is_told_of_the_destruction)
{
        struct pair pair;
        eddy_task *task;
        intptr_t rc;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        task = eddy_create_task(close_it, pair.ws);
        assert_int_equal(eddy_sleep(0), 0);
        eddy_websocket_destroy(pair.ws);
        assert_int_equal(eddy_join(task, &rc), 0);
        assert_int_equal(rc, -EBADF);
        eddy_stream_destroy(pair.peer);
        eddy_websocket_destroy(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_other_side_closes),
            cmocka_unit_test(a_close_without_a_code_is_1005),
            cmocka_unit_test(codes_that_may_be_sent_and_received),
            cmocka_unit_test(closing_waits_for_the_answer),
            cmocka_unit_test(who_receives_gets_what_comes_before_the_answer),
            cmocka_unit_test(two_may_close_and_one_receive),
            cmocka_unit_test(closing_is_bounded),
            cmocka_unit_test(an_end_in_place_of_the_answer_is_1006),
            cmocka_unit_test(a_caller_s_deadline_leaves_closing_to_be_gone_on_with),
            cmocka_unit_test(a_close_comes_into_a_message_of_pieces),
            cmocka_unit_test(who_waits_for_a_message_of_pieces_is_told_of_its_sender_s_close),
            cmocka_unit_test(who_waits_for_a_message_of_pieces_is_told_of_the_other_side_s_close),
            cmocka_unit_test(who_waits_for_a_message_of_pieces_is_told_of_a_failure),
            cmocka_unit_test(who_is_refused_hears_why),
            cmocka_unit_test(who_closes_is_told_of_the_destruction),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
