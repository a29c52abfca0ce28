/* The line before a proxy's connections, where as many as may be are in use. */
#include "proxy_world.h"

enum { CLIENTS = 4 };

static eddy_stream *clients[CLIENTS];

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

/* What helpers ask by and read from. */
static void be_client(int i)
{
        world.stream = clients[i];
}

static void open_line(const eddy_http_proxy_options *options)
{
        eddy_http_proxy_options all = *options;

        if (all.connect_timeout == 0) /* longer than a test may take: who is not woken is not served */
                all.connect_timeout = eddy_seconds(600);
        open_proxy(&all);
        clients[0] = world.stream;
        for (int i = 1; i < CLIENTS; i++)
                assert_int_equal(
                    eddy_open_connection(&clients[i], "127.0.0.1", eddy_server_port(world.server), NULL), 0);
}

static void close_line(void)
{
        for (int i = 1; i < CLIENTS; i++)
                eddy_stream_destroy(clients[i]);
        world.stream = clients[0];
        close_proxy();
}

/* Each asks for a path of its own, and stands in the line when the next one does. */
static void stand_in_line(int first, int last)
{
        char request[64];

        for (int i = first; i <= last; i++) {
                unsigned waiting = counted().waiting;

                be_client(i);
                snprintf(request, sizeof request, GET("/%d"), i);
                send_text(request);
                until(counted().waiting == waiting + 1);
        }
}

static void assert_asked_by(int i)
{
        char line[32];

        read_asked();
        snprintf(line, sizeof line, "GET /%d HTTP/1.1\r\n", i);
        assert_memory_equal(behind.asked, line, strlen(line));
}

static void assert_answered(int i)
{
        be_client(i);
        assert_answer("HTTP/1.1 200 OK", "");
}

static void first_come_first_served(void)
{
        open_line(&(eddy_http_proxy_options){.max_connections = 1});
        be_client(0);
        ask_behind(GET("/0"));
        stand_in_line(1, 3);
        assert_false(is_asked_again());
        for (int i = 0; i < CLIENTS; i++) {
                tell(OK_ANSWER);
                if (i + 1 < CLIENTS)
                        assert_asked_by(i + 1);
                assert_answered(i);
        }
        until(counted().idle == 1);
        assert_int_equal(counted().waiting, 0);
        assert_int_equal(counted().connections, 1);
        close_line();
}

/* One that ends makes room for another. */
static void connections_that_end(void)
{
        open_line(&(eddy_http_proxy_options){.max_connections = 1, .max_idle = UINT32_MAX});
        be_client(0);
        ask_behind(GET("/0"));
        stand_in_line(1, 2);
        tell(OK_ANSWER);
        accept_behind();
        assert_asked_by(1);
        assert_answered(0);
        tell("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        accept_behind();
        assert_asked_by(2);
        assert_answered(1);
        eddy_stream_close(behind.stream);
        be_client(2);
        assert_answer("HTTP/1.1 502 ", "502 Bad Gateway\n");
        assert_int_equal(counted().connections, 3);
        close_line();
}

/* Who asks again on its connection, at the moment in which one becomes free, comes behind those that wait. */
static void nobody_passes_the_line(void)
{
        open_line(&(eddy_http_proxy_options){.max_connections = 1});
        be_client(0);
        ask_behind(GET("/0") GET("/3"));
        stand_in_line(1, 2);
        for (int i = 0; i <= 3; i++) {
                tell(OK_ANSWER);
                if (i < 3)
                        assert_asked_by(i + 1);
                assert_answered(i % 3);
        }
        close_line();
}

static eddy_task *leaving;

/* A request has failed, and its connection is about to make room for somebody. */
static void cancel_one(const eddy_http_proxy_failure *failure, void *arg)
{
        (void)failure;
        (void)arg;
        if (leaving)
                eddy_cancel(leaving);
        leaving = NULL;
}

/* Who is woken for what is free, and leaves in that moment, leaves it to the next. */
static void who_leaves_at_its_turn(void)
{
        open_line(&(eddy_http_proxy_options){.max_connections = 1, .on_failure = cancel_one});
        be_client(0);
        ask_behind(GET("/0"));
        stand_in_line(1, 1);
        leaving = asking;
        stand_in_line(2, 2);
        eddy_stream_close(behind.stream);
        accept_behind();
        assert_asked_by(2);
        assert_null(leaving);
        tell(OK_ANSWER);
        assert_answered(2);
        close_line();
}

/* Who leaves is passed over. */
static void who_leaves_leaves_the_line(void)
{
        open_line(&(eddy_http_proxy_options){.max_connections = 1});
        be_client(0);
        ask_behind(GET("/0"));
        stand_in_line(1, 3);
        eddy_stream_abort(clients[1]);
        until(counted().waiting == 2);
        tell(OK_ANSWER);
        assert_asked_by(2);
        assert_answered(0);
        assert_int_equal(counted().failures, 0);
        eddy_stream_abort(clients[2]); /* with its request on the connection, which ends with that */
        accept_behind();
        assert_asked_by(3);
        tell(OK_ANSWER);
        assert_answered(3);
        close_line();
}

static void the_line_is_too_slow(void)
{
        open_line(&(eddy_http_proxy_options){.max_connections = 1, .connect_timeout = eddy_ms(20)});
        be_client(0);
        ask_behind(GET("/0"));
        stand_in_line(1, 1);
        assert_answer("HTTP/1.1 503 ", "503 Service Unavailable\n");
        assert_int_equal(failure_status, 503);
        assert_int_equal(failure_error, -EBUSY);
        assert_non_null(strstr(failure_detail, "all 1 are in use"));
        assert_int_equal(counted().waiting, 0);
        assert_int_equal(counted().failures, 1);
        tell(OK_ANSWER);
        assert_answered(0);
        send_text(GET("/after")); /* nothing was asked for in its place */
        read_asked();
        assert_memory_equal(behind.asked, "GET /after ", 11);
        close_line();
}

/* Each is told, and none waits for what does not come. */
static void servers_that_are_gone(void)
{
        open_line(&(eddy_http_proxy_options){.max_connections = 1});
        be_client(0);
        ask_behind(GET("/0"));
        stand_in_line(1, 3);
        eddy_sock_close(behind.listener);
        behind.listener = dup(0);
        eddy_stream_close(behind.stream);
        for (int i = 0; i < CLIENTS; i++) {
                be_client(i);
                assert_answer("HTTP/1.1 502 ", "502 Bad Gateway\n");
        }
        assert_int_equal(counted().waiting, 0);
        close_line();
}

/* A tunnel has its connection for as long as it is there. */
static void tunnels_keep_their_place(void)
{
        open_line(&(eddy_http_proxy_options){.max_connections = 1});
        be_client(0);
        ask_behind("GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        tell("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        assert_memory_equal(next_head(), "HTTP/1.1 101 ", 13);
        stand_in_line(1, 1);
        assert_false(is_asked_again());
        eddy_stream_close(clients[0]);
        assert_behind_ends();
        eddy_stream_close(behind.stream);
        accept_behind();
        assert_asked_by(1);
        tell(OK_ANSWER);
        assert_answered(1);
        close_line();
}

/* A server that answers whatever comes, for as long as it is there. */
static intptr_t answer_all(void *arg)
{
        int fd;

        (void)arg;
        while ((fd = eddy_sock_accept(behind.listener, NULL)) >= 0) {
                eddy_stream *stream;
                const char *data;

                if (eddy_stream_from_socket(&stream, fd, 0) < 0) {
                        eddy_sock_close(fd);
                        continue;
                }
                while (eddy_stream_read_until(stream, "\r\n\r\n", 4, &data) > 0)
                        if (eddy_stream_write_all(stream, OK_ANSWER, strlen(OK_ANSWER)) < 0)
                                break;
                eddy_stream_destroy(stream);
        }
        return 0;
}

/* Whatever fails, everybody has an answer or sees its end, and nothing is left. */
static void uses_that_fail(void)
{
        static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        unsigned long uses = 1;

        for (unsigned long nth = 1; nth <= uses; nth++) {
                eddy_task *task;

                open_line(&(eddy_http_proxy_options){.max_connections = 1, .read_timeout = eddy_seconds(1)});
                task = eddy_create_task(answer_all, NULL);
                give_way();
                fault_arm(nth, 1);
                for (int i = 0; i < CLIENTS; i++)
                        assert_int_equal(send(eddy_stream_fd(clients[i]), request, strlen(request), 0),
                                         strlen(request));
                for (int i = 0; i < CLIENTS; i++) {
                        char *answer = NULL;

                        eddy_stream_read_all(clients[i], &answer, 10000);
                        if (nth > fault_uses()) {
                                assert_non_null(answer);
                                assert_non_null(strstr(answer, "HTTP/1.1 200 OK"));
                        }
                        eddy_free(answer);
                }
                uses = fault_uses();
                fault_arm(0, 0);
                assert_int_equal(counted().waiting, 0);
                eddy_cancel(task);
                eddy_await(task, NULL);
                eddy_unref(task);
                close_line();
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(first_come_first_served), scene_test(connections_that_end),
            scene_test(nobody_passes_the_line),  scene_test(who_leaves_leaves_the_line),
            scene_test(who_leaves_at_its_turn),  scene_test(the_line_is_too_slow),
            scene_test(servers_that_are_gone),   scene_test(tunnels_keep_their_place),
            scene_test(uses_that_fail),
        };

        return cmocka_run_group_tests_name("proxy-line", tests, NULL, NULL);
}
