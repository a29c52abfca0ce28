#include "pair.h"

static const eddy_websocket_options impatient = {.ping_interval = 1000000, .ping_timeout = 1000000}; /* 1 ms */

COROUTINE_TEST(pings_are_sent)
{
        struct pair pair;
        char payload[FRAME_MAX_CONTROL + 1];

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL,
                  &(eddy_websocket_options){.ping_interval = eddy_ms(1), .ping_timeout = EDDY_FOREVER});
        for (int i = 0; i < 3; i++)
                assert_int_equal(get(&pair, payload, sizeof payload).opcode, FRAME_PING);
        close_pair(&pair);
}

COROUTINE_TEST(who_does_not_answer_is_gone)
{
        eddy_websocket_message message;
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, &impatient);
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), -ETIMEDOUT);
        assert_string_equal(eddy_error_detail(), "nothing came in answer to a ping (1006)");
        assert_int_equal(eddy_websocket_close_code(pair.ws), 1006);
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "a", 1), -ETIMEDOUT);
        assert_int_equal(eddy_websocket_close(pair.ws, 0, NULL), 0);
        close_pair(&pair);
}

/** Answer ten pings; by a pong, or by anything else, as who is in the middle of a long message. */
static intptr_t answer_pings(void *arg)
{
        struct pair *pair = arg;
        char payload[FRAME_MAX_CONTROL + 1];

        for (int i = 0; i < 10; i++) {
                assert_int_equal(get(pair, payload, sizeof payload).opcode, FRAME_PING);
                if (i % 2 == 0)
                        put_text(pair, FRAME_PONG, true, payload);
                else
                        put_text(pair, i == 1 ? FRAME_TEXT : FRAME_CONTINUATION, i == 9, "a");
        }
        return 0;
}

COROUTINE_TEST(whatever_comes_is_an_answer)
{
        eddy_websocket_options patient = {.ping_interval = eddy_ms(1), .ping_timeout = eddy_seconds(10)};
        struct pair pair;
        eddy_task *task;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, &patient);
        task = eddy_create_task(answer_pings, &pair);
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "aaaaa");
        assert_int_equal(eddy_join(task, NULL), 0);
        close_pair(&pair);
}

/** Who does not receive has not seen what came, and concludes nothing. */
COROUTINE_TEST(nobody_is_given_up_while_nobody_receives)
{
        struct pair pair;
        char payload[FRAME_MAX_CONTROL + 1];

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, &impatient);
        assert_int_equal(get(&pair, payload, sizeof payload).opcode, FRAME_PING);
        for (int i = 0; i < 5; i++)
                assert_int_equal(eddy_sleep(eddy_ms(2)), 0); /* many times the timeout */
        put_text(&pair, FRAME_TEXT, true, "here I am");
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "here I am");
        close_pair(&pair);
}

COROUTINE_TEST(a_connection_that_has_ended_is_pinged_no_more)
{
        eddy_websocket_message message;
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, &impatient);
        put_text(&pair, FRAME_CLOSE, true, "");
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), 0);
        assert_int_equal(eddy_sleep(eddy_ms(5)), 0);
        assert_int_equal(eddy_websocket_receive(pair.ws, &message), 0);
        assert_int_equal(eddy_websocket_close_code(pair.ws), 1005);
        close_pair(&pair);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(pings_are_sent),
            cmocka_unit_test(who_does_not_answer_is_gone),
            cmocka_unit_test(whatever_comes_is_an_answer),
            cmocka_unit_test(nobody_is_given_up_while_nobody_receives),
            cmocka_unit_test(a_connection_that_has_ended_is_pinged_no_more),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
