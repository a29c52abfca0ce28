/* A proxy whose client speaks HTTP/2, and whose server does not. */
#include "http2_client.h"
#include "proxy_world.h"

#include <sys/resource.h>

static void open_http2_proxy(void)
{
        open_proxy(NULL);
        prepare_client();
}

static void close_http2_proxy(void)
{
        nghttp2_session_del(client.session);
        close_proxy();
}

static int32_t ask_behind_by(const char *method, const char *path, const char *const *headers,
                             struct upload *upload)
{
        int32_t id = ask(method, path, headers, upload);

        send_frames();
        accept_behind();
        read_asked();
        return id;
}

static void heads(void)
{
        static const char *const headers[] = {"cookie", "a=1", "cookie", "b=2", "te", "trailers", NULL};
        const struct reply *reply;
        int32_t id;

        open_http2_proxy();
        id = ask_behind_by("GET", "/x?y", headers, NULL);
        assert_memory_equal(behind.asked, "GET /x?y HTTP/1.1\r\n", 19);
        assert_asked("Cookie: a=1; b=2");
        assert_asked("X-Forwarded-Host: example.org");
        assert_asked("Connection: TE");
        tell("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        tell("HTTP/1.1 200 OK\r\nConnection: close\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
             "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n");
        reply = answer_to(id);
        assert_string_equal(reply->status, "200");
        assert_string_equal(reply->start, "abc");
        assert_true(reply->has_ended);
        assert_int_equal(reply->heads, 3); /* of hints, of the answer, and trailers */
        assert_non_null(strstr(reply->headers, "x-sum: 1"));
        assert_null(strstr(reply->headers, "connection"));
        assert_null(strstr(reply->headers, "content-type"));
        assert_false(client.is_told_to_go); /* the server's connection ends, and not the client's */
        close_http2_proxy();
}

static void bodies(void)
{
        struct upload upload = {.bytes = "hello", .left = 5, .has_trailer = true};
        int32_t id;

        open_http2_proxy();
        id = ask_behind_by("POST", "/", NULL, &upload);
        assert_asked("Transfer-Encoding: chunked");
        assert_behind("5\r\nhello\r\n0\r\nsum: 42\r\n\r\n");
        tell("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
        assert_string_equal(answer_to(id)->status, "201");
        id = ask("HEAD", "/", NULL, NULL);
        send_frames();
        read_asked();
        tell("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        assert_true(answer_to(id)->has_ended);
        assert_int_equal(counted().connections, 1);
        close_http2_proxy();
}

/* By default a client with many streams leaves descriptors to others. */
static void streams_do_not_use_up_descriptors(void)
{
        enum { MANY = 60, LIMIT = 64 };
        struct rlimit before, few;
        int32_t last = 0;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        few = (struct rlimit){.rlim_cur = LIMIT, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        open_http2_proxy();
        for (int i = 0; i < MANY; i++)
                last = ask("GET", "/", NULL, NULL);
        send_frames();
        until(counted().waiting == MANY - LIMIT / 2);
        assert_int_equal(counted().failures, 0);
        /* A stream that is reset leaves the line. */
        assert_int_equal(nghttp2_submit_rst_stream(client.session, 0, last, NGHTTP2_CANCEL), 0);
        send_frames();
        until(counted().waiting == MANY - LIMIT / 2 - 1);
        close_http2_proxy();
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* A stream breaks, and the others go on. */
static void answers_that_break(void)
{
        const struct reply *reply;
        int32_t id;

        open_http2_proxy();
        id = ask_behind_by("GET", "/", NULL, NULL);
        tell("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
        go_on_until(reply_to(id)->size == 2);
        eddy_stream_close(behind.stream);
        reply = answer_to(id);
        assert_false(reply->has_ended);
        assert_int_not_equal(reply->error, NGHTTP2_NO_ERROR);
        id = ask_behind_by("GET", "/", NULL, NULL);
        eddy_stream_close(behind.stream);
        assert_string_equal(answer_to(id)->status, "502");
        id = ask_behind_by("GET", "/", NULL, NULL);
        assert_int_equal(nghttp2_submit_rst_stream(client.session, 0, id, NGHTTP2_CANCEL), 0);
        send_frames();
        assert_behind_ends();
        close_http2_proxy();
}

/* As by HTTP/1, for who is behind. */
static void websockets(void)
{
        static const char *const handshake[] = {":protocol", "websocket", "sec-websocket-version", "13", NULL};
        struct upload upload = {.bytes = "question", .left = 8, .pauses = true};
        const struct reply *reply;
        int32_t id;

        open_http2_proxy();
        id = ask_behind_by("CONNECT", "/chat", handshake, &upload);
        assert_memory_equal(behind.asked, "GET /chat HTTP/1.1\r\n", 20);
        assert_asked("Upgrade: websocket");
        assert_asked("Connection: Upgrade");
        assert_asked("sec-websocket-version: 13");
        assert_non_null(strstr(behind.asked, "sec-websocket-key: "));
        tell("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: x\r\n\r\nfirst");
        go_on_until(reply_to(id)->size == 5);
        reply = reply_to(id);
        assert_string_equal(reply->status, "200");
        assert_behind("question");
        tell("answer");
        eddy_stream_close(behind.stream);
        go_on_until(reply_to(id)->has_ended);
        assert_memory_equal(reply->start, "firstanswer", 11);
        close_http2_proxy();
}

/* What a tunnel's request promises would be taken from the next request on the connection to the server. */
static void tunnels_promise_no_body(void)
{
        static const char *const promising[] = {":protocol", "websocket", "content-length", "120", NULL};
        struct upload upload = {.pauses = true};
        int32_t id;

        open_http2_proxy();
        id = ask("CONNECT", "/chat", promising, &upload);
        go_on_until(reply_to(id)->has_ended);
        assert_string_equal(reply_to(id)->status, "400");
        ask_behind_by("GET", "/next", NULL, NULL);
        assert_memory_equal(behind.asked, "GET /next HTTP/1.1\r\n", 20);
        close_http2_proxy();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(heads),
            scene_test(bodies),
            scene_test(streams_do_not_use_up_descriptors),
            scene_test(answers_that_break),
            scene_test(websockets),
            scene_test(tunnels_promise_no_body),
        };

        return cmocka_run_group_tests_name("proxy-http2", tests, NULL, NULL);
}
