/* Other protocols through a proxy. */
#include "proxy_world.h"

#define ASKS_FOR_CHAT                                                                                          \
        "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: chat\r\nX-Key: "         \
        "1\r\n\r\n"
#define TURNS_TO_CHAT                                                                                          \
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: Upgrade\r\nX-Accept: 2\r\n\r\n"

static void open_tunnel(const eddy_http_proxy_options *options)
{
        const char *head;

        open_proxy(options);
        ask_behind(ASKS_FOR_CHAT);
        assert_asked("Upgrade: chat");
        assert_asked("Connection: Upgrade");
        assert_asked("X-Key: 1");
        tell(TURNS_TO_CHAT "first");
        head = next_head();
        assert_memory_equal(head, "HTTP/1.1 101 ", 13);
        assert_true(has_line(head, "Upgrade: chat"));
        assert_true(has_line(head, "Connection: Upgrade"));
        assert_true(has_line(head, "X-Accept: 2"));
        assert_body("first");
}

static void bytes_pass_both_ways(void)
{
        open_tunnel(NULL);
        send_text("question");
        assert_behind("question");
        tell("answer");
        assert_body("answer");
        assert_int_equal(eddy_stream_write_eof(world.stream), 0); /* who asks no more still hears */
        assert_int_equal(eddy_stream_read(behind.stream, &(char){0}, 1), 0);
        tell("late");
        assert_body("late");
        eddy_stream_close(behind.stream);
        assert_end();
        close_proxy();

        open_tunnel(NULL); /* and the other way round */
        assert_int_equal(eddy_stream_write_eof(behind.stream), 0);
        assert_end();
        send_text("late");
        assert_behind("late");
        eddy_stream_close(world.stream);
        assert_behind_ends();
        assert_int_equal(counted().idle, 0);
        close_proxy();
}

static void one_side_takes_the_other_along(void)
{
        open_tunnel(NULL);
        eddy_stream_abort(world.stream);
        assert_behind_ends();
        close_proxy();

        open_tunnel(NULL);
        eddy_stream_abort(behind.stream);
        assert_true(eddy_stream_read(world.stream, &(char){0}, 1) <= 0);
        assert_null(world.exception);
        close_proxy();

        open_tunnel(&(eddy_http_proxy_options){.tunnel_timeout = eddy_ms(20)});
        assert_true(eddy_stream_read(world.stream, &(char){0}, 1) <= 0);
        assert_behind_ends();
        close_proxy();

        open_tunnel(NULL); /* and an end of the service both */
        assert_int_equal(eddy_http_service_drain(world.service, 0), 1);
        assert_behind_ends();
        close_proxy();
}

static void slow_sides_hold_up_the_other(void)
{
        static char piece[64 * 1024];
        size_t total = 0;
        ssize_t n;

        open_tunnel(NULL);
        for (int idle = 0; idle < 50; idle++)
                while ((n = send(eddy_stream_fd(world.stream), piece, sizeof piece, MSG_DONTWAIT)) > 0) {
                        total += (size_t)n;
                        give_way();
                        idle = 0;
                }
        assert_true(total < 64 * 1024 * 1024);
        while (total > 0) {
                n = eddy_stream_read(behind.stream, piece, sizeof piece);
                assert_true(n > 0);
                total -= (size_t)n;
        }
        close_proxy();
}

static void servers_that_refuse(void)
{
        open_proxy(NULL);
        ask_behind(ASKS_FOR_CHAT);
        tell("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        assert_answer("HTTP/1.1 403 ", "no");
        send_text(GET("/next")); /* both connections go on */
        read_asked();
        close_proxy();
}

/* Another version of HTTP, in which requests would pass that nobody here sees, is none of those. */
static void nothing_is_smuggled(void)
{
        static const char *const requests[] = {
            ("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
             "HTTP2-Settings: A\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket, H2C\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: HTTP/2.0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: chat\r\n\r\n",
            "GET / HTTP/1.0\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n",
        };

        for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
                open_proxy(NULL);
                ask_behind(requests[i]);
                assert_not_asked("upgrade");
                assert_not_asked("settings");
                tell(TURNS_TO_CHAT);
                assert_memory_equal(next_head(), "HTTP/1.1 502 ", 13);
                assert_behind_ends();
                close_proxy();
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(bytes_pass_both_ways),         scene_test(one_side_takes_the_other_along),
            scene_test(slow_sides_hold_up_the_other), scene_test(servers_that_refuse),
            scene_test(nothing_is_smuggled),
        };

        return cmocka_run_group_tests_name("proxy-tunnel", tests, NULL, NULL);
}
