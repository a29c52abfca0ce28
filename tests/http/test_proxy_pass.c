/* Bodies on their way through a proxy, and what becomes of them where one side fails, is slow, or says something else. */
#include "../clock.h"
#include "proxy_world.h"

#include <sys/ioctl.h>

static void bodies_of_requests(void)
{
        open_proxy(NULL);
        ask_behind("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
        assert_asked("Content-Length: 5");
        assert_behind("hello");
        tell("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        assert_answer("HTTP/1.1 200 OK", "ok");
        send_text("PUT /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        read_asked();
        assert_asked("Transfer-Encoding: chunked");
        assert_not_asked("Content-Length");
        assert_behind("3\r\nabc\r\n"); /* at once, and not when all has come */
        send_text(
            "1;ext=x\r\nd\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\nHost: evil\r\nAuthorization: x\r\n\r\n");
        assert_behind("1\r\nd\r\n0\r\nX-Sum: 1\r\n\r\n");
        tell("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        assert_answer("HTTP/1.1 200 OK", "ok");
        send_text("POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        read_asked();
        assert_asked("Content-Length: 0");
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "");
        assert_int_equal(counted().connections, 1);
        close_proxy();
}

static void bodies_of_answers(void)
{
        open_proxy(NULL);
        ask_behind(GET("/chunks"));
        tell("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n");
        assert_true(has_line(next_head(), "Transfer-Encoding: chunked"));
        assert_body("3\r\nabc\r\n");
        tell("1\r\nd\r\n0\r\nX-Sum: 1\r\nConnection: x\r\n\r\n");
        assert_body("1\r\nd\r\n0\r\nX-Sum: 1\r\n\r\n");

        send_text("HEAD /length HTTP/1.1\r\nHost: x\r\n\r\n");
        read_asked();
        tell("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        assert_true(has_line(next_head(), "Content-Length: 1000"));
        send_text("HEAD /chunks HTTP/1.1\r\nHost: x\r\n\r\n");
        read_asked();
        tell("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert_memory_equal(next_head(), "HTTP/1.1 200 OK", 15);
        send_text(GET("/none"));
        read_asked();
        tell("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n");
        assert_null(strstr(next_head(), "Content-Length"));
        send_text(GET("/same"));
        read_asked();
        tell("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: \"x\"\r\n\r\n");
        assert_true(has_line(next_head(), "ETag: \"x\""));
        assert_int_equal(counted().connections, 1);

        send_text(GET("/old")); /* whose end is the connection's */
        read_asked();
        tell("HTTP/1.0 200 OK\r\n\r\nabc");
        assert_true(has_line(next_head(), "Transfer-Encoding: chunked"));
        assert_body("3\r\nabc\r\n");
        eddy_stream_close(behind.stream);
        assert_body("0\r\n\r\n");
        assert_int_equal(counted().idle, 0);

        ask_behind(GET("/reset")); /* which has no body, whatever the server says */
        tell("HTTP/1.1 205 Reset Content\r\nContent-Length: 3\r\n\r\nabc");
        assert_true(has_line(next_head(), "Content-Length: 0"));
        assert_behind_ends();
        close_proxy();
}

static void clients_of_http_1_0(void)
{
        open_proxy(NULL);
        ask_behind("GET / HTTP/1.0\r\n\r\n");
        assert_memory_equal(behind.asked, "GET / HTTP/1.1\r\n", 16);
        tell("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
             "3\r\nabc\r\n0\r\n\r\n");
        assert_null(strstr(next_head(), "chunked"));
        assert_rest("abc");
        close_proxy();
}

/* What is sent before an answer passes without what is between neighbours, and only so often. */
static void hints(void)
{
        const char *head;

        open_proxy(NULL);
        ask_behind(GET("/"));
        tell("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: "
             "X-Hop\r\nX-Hop: 1\r\n"
             "Keep-Alive: timeout=100\r\nContent-Type: a/b\r\n\r\n");
        head = next_head();
        assert_memory_equal(head, "HTTP/1.1 103 Early Hints\r\n", 26);
        assert_true(has_line(head, "Link: </a>"));
        assert_null(strstr(head, "X-Hop"));
        assert_null(strstr(head, "Keep-Alive"));
        tell("HTTP/1.1 102 Processing\r\n\r\n");
        assert_memory_equal(next_head(), "HTTP/1.1 102 ", 13);
        tell("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
        assert_answer("HTTP/1.1 200 OK", "x");
        send_text(GET("/"));
        read_asked();
        for (int i = 0; i < 101; i++)
                tell("HTTP/1.1 100 Continue\r\n\r\n");
        assert_answer("HTTP/1.1 502 ", "502 Bad Gateway\n");
        close_proxy();
}

static const char *const expecting =
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";

/* Who waits for leave gets it from the server; and where that has its answer already, the body is never sent. */
static void leave_to_send_a_body(void)
{
        open_proxy(NULL);
        ask_behind(expecting);
        assert_asked("Expect: 100-continue");
        tell("HTTP/1.1 100 Continue\r\n\r\n");
        assert_memory_equal(next_head(), "HTTP/1.1 100 Continue\r\n", 23);
        send_text("hello");
        assert_behind("hello");
        tell("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        assert_answer("HTTP/1.1 200 OK", "ok");
        send_text(expecting);
        read_asked();
        tell("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
        assert_answer("HTTP/1.1 413 ", "no");
        assert_end();
        assert_behind_ends(); /* for it waits for a body that does not come */

        connect_again(); /* one that does not know of it */
        ask_behind(expecting);
        assert_memory_equal(next_head(), "HTTP/1.1 100 Continue\r\n", 23);
        send_text("hello");
        assert_behind("hello");
        close_proxy();
}

/* An answer is passed on while its request still comes. */
static void answers_that_are_early(void)
{
        static char piece[64 * 1024];

        open_proxy(NULL);
        ask_behind("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
        assert_behind("1\r\na\r\n");
        tell("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n");
        assert_non_null(next_head());
        assert_body("1\r\nA\r\n");
        send_text("1\r\nb\r\n");
        assert_behind("1\r\nb\r\n");
        tell("1\r\nB\r\n");
        assert_body("1\r\nB\r\n");
        send_text("0\r\n\r\n");
        assert_behind("0\r\n\r\n");
        tell("0\r\n\r\n");
        assert_body("0\r\n\r\n");
        assert_end(); /* it could not be known that the body would end */

        connect_again();
        send_text("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n");
        give_way();
        read_asked(); /* on the connection that was kept */
        assert_int_equal(eddy_stream_write_all(world.stream, piece, sizeof piece), sizeof piece);
        tell("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
        eddy_stream_close(behind.stream); /* with bytes unread, so that it is reset */
        for (int i = 0; i < 8; i++)
                eddy_stream_write_all(world.stream, piece, sizeof piece);
        assert_answer("HTTP/1.1 413 ", "no");
        close_proxy();
}

static void events_pass_at_once(void)
{
        open_proxy_of(NULL, "", NULL, &(eddy_http_service_options){.compresses = true});
        ask_behind("GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n");
        tell("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert_true(has_line(next_head(), "Content-Type: text/event-stream")); /* before there is any */
        tell("9\r\ndata: 1\n\n\r\n");
        assert_int_equal(eddy_stream_read(world.stream, &(char){0}, 1), 1);
        close_proxy();
}

/* A server that closes a connection that waits is seen to have done so; one that does as a request comes, by its not answering. */
static void connections_are_kept(void)
{
        open_proxy(NULL);
        ask_behind(GET("/"));
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_non_null(next_head());
        until(counted().idle == 1);
        eddy_stream_close(behind.stream);
        until(counted().idle == 0);
        ask_behind(GET("/"));
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        assert_non_null(next_head());
        assert_behind_ends();
        ask_behind(GET("/"));
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore"); /* that nobody has asked for */
        assert_answer("HTTP/1.1 200 OK", "");
        assert_behind_ends();
        ask_behind(GET("/"));
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=1, max=5\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "");
        ask_behind(GET("/")); /* it may be closing the other by now */
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "");
        tell("HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n"); /* as some say when they close */
        assert_behind_ends();
        assert_int_equal(counted().idle, 0);
        close_proxy();

        open_proxy(&(eddy_http_proxy_options){.idle_timeout = eddy_ms(1)});
        ask_behind(GET("/"));
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_behind_ends();
        close_proxy();

        open_proxy(&(eddy_http_proxy_options){.max_idle = UINT32_MAX});
        ask_behind(GET("/"));
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_behind_ends();
        close_proxy();
}

/* A connection on which one request was answered, and from which the next is read, and not answered. */
static void take_and_close(const char *request)
{
        ask_behind(GET("/"));
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "");
        send_text(request);
        read_asked();
        eddy_stream_close(behind.stream);
}

static void what_may_be_done_twice_is_tried_twice(void)
{
        static const char post[] = "POST /new HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";

        open_proxy(NULL);
        take_and_close(GET("/again"));
        accept_behind();
        read_asked();
        assert_memory_equal(behind.asked, "GET /again ", 11);
        eddy_stream_close(behind.stream); /* and no third time */
        assert_answer("HTTP/1.1 502 ", "502 Bad Gateway\n");
        assert_int_equal(counted().retries, 1);
        assert_int_equal(failure_error, EDDY_EINCOMPLETE);

        take_and_close("POST /once HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        assert_answer("HTTP/1.1 502 ", "502 Bad Gateway\n");
        take_and_close("PUT /once HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
        assert_answer("HTTP/1.1 502 ", "502 Bad Gateway\n");
        assert_false(is_asked_again());
        assert_int_equal(counted().retries, 1);

        ask_behind(GET("/first")); /* on a new connection nothing is tried again */
        eddy_stream_close(behind.stream);
        assert_answer("HTTP/1.1 502 ", "502 Bad Gateway\n");
        assert_false(is_asked_again());

        /* What must not be done twice goes by a connection that is seen to be there. */
        ask_behind(GET("/"));
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "");
        /* It asks before the loop has seen the end. */
        assert_int_equal(send(eddy_stream_fd(world.stream), post, strlen(post), 0), strlen(post));
        shutdown(eddy_stream_fd(behind.stream), SHUT_WR);
        accept_behind();
        read_asked();
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "");
        close_proxy();
}

/* What is no answer, or one whose end two readers could see in two places. */
static const char *const no_answers[] = {
    "what?\r\n\r\n",
    "HTTP/1.1 200 OK\n\n",
    "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 0, 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding:\vchunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nX: a\rContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: a\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n X: a\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX a\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: a\x7f\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/1.1 200 OK\r\nConnection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\r\nContent-Length: 0\r\n\r\n",
};

static void assert_no_answer(const char *text)
{
        ask_behind(GET("/"));
        tell(text);
        assert_answer("HTTP/1.1 502 ", "502 Bad Gateway\n");
        assert_behind_ends();
        assert_int_equal(failure_status, 502);
        assert_int_equal(failure_error, EDDY_EPROTOCOL);
        assert_true(strlen(failure_detail) > 10);
        assert_int_equal(counted().idle, 0);
}

static void what_is_no_answer(void)
{
        static char much[12 * 1024];
        size_t at = 0;

        open_proxy(NULL);
        for (size_t i = 0; i < sizeof no_answers / sizeof *no_answers; i++)
                assert_no_answer(no_answers[i]);
        for (int i = 0; i < 102; i++)
                at += (size_t)snprintf(much + at, sizeof much - at, i > 0 ? "X: %d\r\n" : "HTTP/1.1 200 OK\r\n",
                                       i);
        snprintf(much + at, sizeof much - at, "\r\n");
        assert_no_answer(much);
        snprintf(much, sizeof much, "HTTP/1.1 200 OK\r\nX: %9000d\r\n\r\n", 1);
        assert_no_answer(much);
        close_proxy();
}

/* What breaks in its midst breaks here too: nobody takes it for all there is. */
static void answers_that_break(void)
{
        static const char *const parts[][2] = {
            {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "ab"},
            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "2\r\nab\r\n"},
            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "2\r\nab\r\n"},
            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n", "2\r\nab\r\n"},
            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nz\r\n", "2\r\nab\r\n"},
            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX", "2\r\nab\r\n"},
        };

        open_proxy(NULL);
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
                ask_behind(GET("/"));
                tell(parts[i][0]);
                assert_non_null(next_head());
                assert_body(parts[i][1]);
                eddy_stream_close(behind.stream);
                assert_rest("");
                assert_int_equal(failure_status, 0);
                connect_again();
        }
        ask_behind(GET("/")); /* one whose end is the connection's is told from one that is reset */
        tell("HTTP/1.1 200 OK\r\n\r\nab");
        assert_non_null(next_head());
        assert_body("2\r\nab\r\n");
        eddy_stream_abort(behind.stream);
        assert_rest("");
        assert_null(world.exception);
        close_proxy();
}

static void servers_that_are_not_there(void)
{
        open_proxy(NULL);
        eddy_sock_close(behind.listener);
        send_text(GET("/"));
        assert_answer("HTTP/1.1 502 ", "502 Bad Gateway\n");
        assert_int_equal(failure_error, -ECONNREFUSED);
        assert_int_equal(counted().failures, 1);
        behind.listener = dup(0);
        close_proxy();
}

static void servers_that_are_slow(void)
{
        open_proxy(&(eddy_http_proxy_options){.read_timeout = eddy_seconds(20)});
        ask_behind(GET("/"));
        pass(eddy_seconds(20));
        assert_answer("HTTP/1.1 504 ", "504 Gateway Timeout\n");
        assert_int_equal(failure_error, -ETIMEDOUT);
        assert_behind_ends();
        ask_behind(GET("/"));
        tell("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
        assert_non_null(next_head());
        pass(eddy_seconds(20));
        assert_rest("ab");
        assert_behind_ends();
        close_proxy();
}

/* A great body for one that takes none of it. */
static intptr_t send_much(void *arg)
{
        static const char piece[64 * 1024];
        ssize_t rc = 1;

        (void)arg;
        while (rc > 0)
                rc = eddy_stream_write_all(world.stream, piece, sizeof piece);
        return 0;
}

static void servers_that_take_nothing(void)
{
        eddy_task *task;

        open_proxy(&(eddy_http_proxy_options){.write_timeout = eddy_ms(20)});
        ask_behind("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
        task = eddy_create_task(send_much, NULL);
        assert_memory_equal(next_head(), "HTTP/1.1 504 ", 13);
        eddy_cancel(task);
        eddy_await(task, NULL);
        eddy_unref(task);
        close_proxy();
}

/* What the client sends wrong is its own fault, and the server sees no end of it. */
static void bodies_that_break(void)
{
        open_proxy_of(NULL, "", NULL, &(eddy_http_service_options){.max_body = 5});
        ask_behind("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
        assert_behind("1\r\na\r\n");
        send_text("z\r\n");
        assert_answer("HTTP/1.1 400 ", "400 Bad Request\n");
        assert_behind_ends();
        connect_again();
        ask_behind("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        send_text("9\r\nhello, wo\r\n");
        assert_answer("HTTP/1.1 413 ", "413 Content Too Large\n");
        assert_behind_ends();
        assert_int_equal(counted().failures, 0);
        close_proxy();
}

/* What cannot be sent costs no connection that is there. */
static void requests_that_are_too_much(void)
{
        static char request[4096];
        size_t at = 0;

        open_proxy(NULL);
        ask_behind(GET("/"));
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "");
        at += (size_t)snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: x\r\nConnection: a0");
        for (int i = 1; i < 200; i++)
                at += (size_t)snprintf(request + at, sizeof request - at, ",a%d", i);
        snprintf(request + at, sizeof request - at, "\r\n\r\n");
        send_text(request);
        assert_answer("HTTP/1.1 431 ", "431 Request Header Fields Too Large\n");
        assert_int_equal(counted().idle, 1);
        send_text(GET("/after"));
        read_asked();
        assert_memory_equal(behind.asked, "GET /after ", 11);
        assert_int_equal(counted().connections, 1);
        close_proxy();
}

static int read_before(eddy_http_exchange *exchange, void *arg)
{
        char some[2];

        (void)arg;
        assert_int_equal(eddy_http_exchange_read(exchange, some, 2), 2);
        return eddy_http_proxy_answer(exchange, proxy);
}

/* A body that somebody has read cannot be passed on, and what is left of it is none: the server behind is not asked. */
static void refuse_what_was_read(const char *request)
{
        eddy_server *server;
        eddy_http_service *service;

        open_proxy(NULL);
        assert_int_equal(eddy_http_service_create(&service, read_before, NULL, NULL), 0);
        assert_int_equal(eddy_http_start_server(&server, service, "127.0.0.1", 0, NULL), 0);
        eddy_stream_destroy(world.stream);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(server), NULL), 0);
        send_text(request);
        assert_memory_equal(next_head(), "HTTP/1.1 500 ", 13);
        assert_int_equal(world.error, EDDY_EINVALIDSTATE);
        assert_non_null(strstr(world.detail, "before the proxy"));
        assert_false(is_asked_again());
        eddy_stream_destroy(world.stream);
        world.stream = NULL;
        eddy_server_close(server);
        assert_int_equal(eddy_http_service_drain(service, 0), 0);
        eddy_server_destroy(server);
        eddy_http_service_destroy(service);
        close_proxy();
}

static void bodies_that_were_read(void)
{
        refuse_what_was_read("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
        refuse_what_was_read("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhe");
        refuse_what_was_read(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
}

static void clients_that_leave(void)
{
        open_proxy(NULL);
        ask_behind(GET("/"));
        eddy_stream_abort(world.stream);
        assert_behind_ends();
        connect_again();
        ask_behind("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
        assert_behind("ab");
        eddy_stream_close(world.stream);
        assert_behind_ends();
        connect_again();
        ask_behind(GET("/"));
        tell("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
        assert_non_null(next_head());
        eddy_stream_abort(world.stream);
        assert_behind_ends();
        assert_int_equal(counted().failures, 0);
        connect_again();
        close_proxy();
}

/* How much a server gets rid of before nobody takes it. */
static size_t fill(eddy_stream *stream)
{
        static const char piece[64 * 1024];
        size_t total = 0;
        ssize_t n;

        for (int idle = 0; idle < 50; idle++)
                while ((n = send(eddy_stream_fd(stream), piece, sizeof piece, MSG_DONTWAIT)) > 0) {
                        total += (size_t)n;
                        give_way();
                        idle = 0;
                }
        return total;
}

/* Nothing is held but what lies in one buffer each way, and in the kernel's. */
static void slow_ones_hold_up_the_others(void)
{
        enum { MUCH = 64 * 1024 * 1024 };
        int small = 64 * 1024;

        open_proxy(NULL);
        setsockopt(eddy_stream_fd(world.stream), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        ask_behind(GET("/"));
        tell("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
        assert_true(fill(behind.stream) < MUCH);
        close_proxy();

        open_proxy(NULL);
        ask_behind("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n");
        assert_true(fill(world.stream) < MUCH);
        close_proxy();
}

static const char chunked[] =
    "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    "1\r\na\r\n0\r\n\r\n";

/* A server that answers once, as far as it can. */
static intptr_t answer_once(void *arg)
{
        static const char answer[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nLocation: /x\r\n\r\n"
                                     "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n";
        int fd = eddy_sock_accept(behind.listener, NULL);
        eddy_stream *stream;
        const char *data;

        (void)arg;
        if (fd < 0)
                return fd;
        if (eddy_stream_from_socket(&stream, fd, 0) < 0)
                return eddy_sock_close(fd);
        if (eddy_stream_read_until(stream, "0\r\n\r\n", 5, &data) > 0)
                eddy_stream_write_all(stream, answer, strlen(answer));
        eddy_stream_destroy(stream);
        return 0;
}

/* Whatever fails, the client has an answer or sees its end, and nothing is left. */
static void uses_that_fail(void)
{
        unsigned long uses = 1;

        for (unsigned long nth = 1; nth <= uses; nth++) {
                char *answer = NULL;
                eddy_task *task;

                open_proxy(&(eddy_http_proxy_options){.read_timeout = eddy_seconds(1)});
                task = eddy_create_task(answer_once, NULL);
                give_way();
                fault_arm(nth, 1);
                if (eddy_stream_write_all(world.stream, chunked, strlen(chunked)) > 0)
                        eddy_stream_read_all(world.stream, &answer, 10000);
                uses = fault_uses();
                fault_arm(0, 0);
                if (nth > uses) {
                        assert_non_null(answer);
                        assert_non_null(strstr(answer, "HTTP/1.1 200 OK"));
                }
                eddy_free(answer);
                eddy_cancel(task);
                eddy_await(task, NULL);
                eddy_unref(task);
                close_proxy();
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(bodies_of_requests),
            scene_test(bodies_of_answers),
            scene_test(clients_of_http_1_0),
            scene_test(hints),
            scene_test(leave_to_send_a_body),
            scene_test(answers_that_are_early),
            scene_test(events_pass_at_once),
            scene_test(connections_are_kept),
            scene_test(what_may_be_done_twice_is_tried_twice),
            scene_test(what_is_no_answer),
            scene_test(answers_that_break),
            scene_test(servers_that_are_not_there),
            scene_test(servers_that_are_slow),
            scene_test(servers_that_take_nothing),
            scene_test(bodies_that_break),
            scene_test(requests_that_are_too_much),
            scene_test(bodies_that_were_read),
            scene_test(clients_that_leave),
            scene_test(slow_ones_hold_up_the_others),
            scene_test(uses_that_fail),
        };

        return cmocka_run_group_tests_name("proxy-pass", tests, NULL, NULL);
}
