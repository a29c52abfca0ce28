/* Every call that is marked EDDY_ASYNC, by a task that is interrupted: it is refused, and has taken and sent nothing. And who is
 * late is told so in the middle of each. */
#include "pair.h"

#include "../interruption/interruption.h"

COROUTINE_TEST(who_is_interrupted_receives_nothing_and_loses_nothing)
{
        eddy_websocket_message message;
        eddy_websocket_type type;
        struct pair pair;
        char byte;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        put_text(&pair, FRAME_TEXT, true, "a");
        assert_refused(eddy_websocket_receive(pair.ws, &message));
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "a");
        put_text(&pair, FRAME_TEXT, true, "b");
        assert_refused(eddy_websocket_read(pair.ws, &byte, 1, &type));
        assert_int_equal(eddy_websocket_read(pair.ws, &byte, 1, &type), 1);
        assert_int_equal(byte, 'b');
        close_pair(&pair);
}

COROUTINE_TEST(who_is_interrupted_sends_nothing)
{
        struct pair pair;
        char payload[8];

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        assert_refused(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "lost", 4));
        assert_refused(eddy_websocket_begin(pair.ws, EDDY_WEBSOCKET_TEXT));
        assert_int_equal(eddy_websocket_begin(pair.ws, EDDY_WEBSOCKET_TEXT), 0);
        assert_refused(eddy_websocket_write(pair.ws, "lost", 4));
        assert_int_equal(eddy_websocket_write(pair.ws, "a", 1), 0);
        WHILE_CANCELLED
        assert_int_equal(eddy_websocket_end(pair.ws), 0);
        get(&pair, payload, sizeof payload);
        assert_string_equal(payload, "a");
        assert_gets(&pair, FRAME_CONTINUATION, "");
        close_pair(&pair);
}

COROUTINE_TEST(who_is_interrupted_closes_nothing)
{
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, NULL, NULL);
        assert_refused(eddy_websocket_close(pair.ws, 1000, NULL));
        assert_int_equal(eddy_websocket_send(pair.ws, EDDY_WEBSOCKET_TEXT, "open", 4), 0);
        assert_gets(&pair, FRAME_TEXT, "open");
        close_pair(&pair);
}

COROUTINE_TEST(who_is_interrupted_opens_nothing)
{
        eddy_stream *ends[2];
        eddy_websocket *ws;

        assert_int_equal(eddy_stream_pair(ends), 0);
        assert_refused(eddy_websocket_connect(&ws, "ws://127.0.0.1:1/", NULL));
        assert_refused(eddy_websocket_connect_stream(&ws, ends[0], "ws://a/", NULL));
        assert_null(ws);
        assert_int_equal(eddy_stream_write_buffer_size(ends[0]), 0);
        for (int i = 0; i < 2; i++)
                eddy_stream_destroy(ends[i]);
}

TEST(outside_a_coroutine_nothing_can_be_waited_for)
{
        eddy_websocket *ws;

        assert_int_equal(eddy_websocket_connect(&ws, "ws://127.0.0.1:1/", NULL), EDDY_ENOTASK);
        assert_int_equal(eddy_websocket_from_stream(&ws, NULL, EDDY_WEBSOCKET_SERVER, NULL, NULL),
                         EDDY_ENOLOOP);
        assert_null(ws);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(who_is_interrupted_receives_nothing_and_loses_nothing),
            cmocka_unit_test(who_is_interrupted_sends_nothing),
            cmocka_unit_test(who_is_interrupted_closes_nothing),
            cmocka_unit_test(who_is_interrupted_opens_nothing),
            cmocka_unit_test(outside_a_coroutine_nothing_can_be_waited_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
