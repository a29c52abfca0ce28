/* What handlers read of requests, as a client on the wire sends it. */
#include "../clock.h"
#include "helpers.h"

#include <eddy/http_form.h>
#include <eddy/http_multipart.h>
#include <errno.h>

/** What a handler has read, and how much it would: the whole, or why not. */
static struct {
        char *body;
        ssize_t rc;
        size_t limit;
} got;

static int echo(eddy_http_exchange *exchange, void *arg)
{
        int rc;

        (void)arg;
        got.rc = eddy_http_exchange_read_all(exchange, &got.body, got.limit);
        if (got.rc < 0)
                return (int)got.rc;
        rc = eddy_http_reply(exchange, &(eddy_http_answer){.body = got.body, .body_size = (size_t)got.rc});
        eddy_free(got.body);
        return rc;
}

static int read_nothing(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = "no", .body_size = 2});
}

/** Answers as if all was well, whatever reading comes to. */
static int answer_in_spite(eddy_http_exchange *exchange, void *arg)
{
        char byte;

        while (eddy_http_exchange_read(exchange, &byte, 1) > 0)
                ;
        return read_nothing(exchange, arg);
}

#define POST    "POST / HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static void whole(void)
{
        open_world(echo, NULL);
        send_text(POST "Content-Length: 5\r\n\r\nhello");
        assert_answer("HTTP/1.1 200 OK", "hello");
        send_text(POST "Content-Length: 0\r\n\r\n" CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                       "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "");
        assert_answer("HTTP/1.1 200 OK", "abcde");
        assert_answer("HTTP/1.1 200 OK", "");
        for (int i = 0; i < 3; i++) /* trailers with another request behind them */
                send_text(CHUNKED "1\r\na\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
        for (int i = 0; i < 3; i++) {
                assert_answer("HTTP/1.1 200 OK", "a");
                assert_answer("HTTP/1.1 200 OK", "");
        }
        send_text("PUT / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab");
        assert_answer("HTTP/1.1 200 OK", "ab");
        assert_end();
        close_world();
}

/** A body that comes byte by byte, head and all. */
static void in_pieces(void)
{
        static const char text[] = CHUNKED "4;x=y\r\nabcd\r\n3\r\nefg\r\n0\r\nA: b\r\n\r\n";

        open_world(echo, NULL);
        for (size_t i = 0; i + 1 < sizeof text; i++) {
                assert_int_equal(eddy_stream_write_all(world.stream, text + i, 1), 1);
                eddy_yield();
        }
        assert_answer("HTTP/1.1 200 OK", "abcdefg");
        close_world();
}

enum { MUCH = 3 * 1024 * 1024 };

static int sum_up(eddy_http_exchange *exchange, void *arg)
{
        char buffer[5000], text[64];
        size_t total = 0;
        unsigned sum = 0;
        ssize_t n;

        (void)arg;
        while ((n = eddy_http_exchange_read(exchange, buffer, sizeof buffer)) > 0) {
                total += (size_t)n;
                for (ssize_t i = 0; i < n; i++)
                        sum = 31 * sum + (unsigned char)buffer[i];
        }
        assert_int_equal(n, 0);
        assert_int_equal(eddy_http_exchange_read(exchange, buffer, sizeof buffer), 0);
        n = snprintf(text, sizeof text, "%zu %u", total, sum);
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = (size_t)n});
}

/** More than any buffer has room for, in several chunks or none, and the next request behind it. */
static void much(void)
{
        char *data = make_pattern(MUCH), expected[64];
        unsigned sum = 0;

        for (size_t i = 0; i < MUCH; i++)
                sum = 31 * sum + (unsigned char)data[i];
        snprintf(expected, sizeof expected, "%d %u", MUCH, sum);
        open_world(sum_up, NULL);
        for (int is_chunked = 0; is_chunked < 2; is_chunked++) {
                send_text(is_chunked ? CHUNKED "280000\r\n" : POST "Content-Length: 3145728\r\n\r\n");
                assert_int_equal(eddy_stream_write_all(world.stream, data, 0x280000), 0x280000);
                if (is_chunked)
                        send_text("\r\n80000\r\n");
                assert_int_equal(eddy_stream_write_all(world.stream, data + 0x280000, 0x80000), 0x80000);
                if (is_chunked)
                        send_text("\r\n0\r\n\r\n");
                send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                assert_answer("HTTP/1.1 200 OK", expected);
                assert_answer("HTTP/1.1 200 OK", "0 0");
        }
        close_world();
        free(data);
}

/** Bounds of the service's and of the handler's, and what a client is told; the connection ends. */
static void too_much(void)
{
        static const char *const requests[] = {
            POST "Content-Length: 5\r\n\r\nhello",
            CHUNKED "5\r\nhello\r\n0\r\n\r\n",
            CHUNKED "4\r\nhell\r\n1\r\no\r\n0\r\n\r\n",
        };

        for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
                for (int is_services = 0; is_services < 2; is_services++) {
                        open_world(echo, &(eddy_http_service_options){.max_body = is_services ? 4 : 0});
                        got.limit = is_services ? SIZE_MAX : 4;
                        send_text(requests[i]);
                        assert_answer("HTTP/1.1 413 ", "413 Content Too Large\n");
                        assert_end();
                        assert_null(world.exception);
                        close_world();
                }
        got.limit = SIZE_MAX;
}

static void broken_bodies(void)
{
        static const char *const requests[] = {CHUNKED "x\r\n", CHUNKED "1\r\nab\r\n",
                                               CHUNKED "0\r\nno\r\n\r\n"};

        for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
                open_world(echo, NULL);
                send_text(requests[i]);
                assert_answer("HTTP/1.1 400 ", "400 Bad Request\n");
                assert_end();
                assert_int_equal(got.rc, EDDY_EPROTOCOL);
                assert_null(world.exception);
                close_world();
        }
}

/** What is no body has no end either: nothing behind it is a request, however it is split and whoever has read it. */
static void nothing_follows_a_broken_body(void)
{
        static const eddy_http_handler handlers[] = {read_nothing, answer_in_spite};
        static const char *const pieces[][2] = {
            {CHUNKED "0\r\n\r", "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"},
            {CHUNKED "1\r\na", "\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n"},
        };

        for (size_t i = 0; i < 4; i++) {
                char *rest;

                open_world(handlers[i % 2], NULL);
                send_text(pieces[i / 2][0]);
                give_way();
                send_text(pieces[i / 2][1]);
                assert_non_null(strstr(next_head(), " 200 OK"));
                assert_true(eddy_stream_read_all(world.stream, &rest, 1000) >= 0);
                assert_string_equal(rest, "no");
                eddy_free(rest);
                close_world();
        }
}

/** A head is as long as it may be or it is not, in however many pieces it comes, and its body has room behind it. */
static void long_heads(void)
{
        enum { LIMIT = 16 * 1024 };
        static const size_t sizes[] = {LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT - 1, 2 * LIMIT};
        static char head[2 * LIMIT + 64];

        for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
                size_t size = sizes[i / 2], first = i % 2 ? size / 2 : 0;
                size_t n = (size_t)sprintf(head, POST "Content-Length: 5\r\nX: ");

                memset(head + n, 'x', size - n - 4);
                memcpy(head + size - 4, "\r\n\r\nhello", 10);
                open_world(echo, NULL);
                assert_int_equal(eddy_stream_write(world.stream, head, first), 0);
                give_way();
                assert_int_equal(eddy_stream_write(world.stream, head + first, size + 5 - first), 0);
                if (size < LIMIT)
                        assert_answer("HTTP/1.1 200 OK", "hello");
                else if (size > LIMIT)
                        assert_answer("HTTP/1.1 431 ", "431 Request Header Fields Too Large\n");
                close_world();
        }
}

/** One that was late is so no more for the next request. */
static void late_once(void)
{
        open_world(answer_in_spite, &(eddy_http_service_options){.timeout = eddy_seconds(200)});
        send_text(POST "Content-Length: 5\r\n\r\nhell");
        pass(eddy_seconds(200));
        assert_non_null(strstr(next_head(), "\r\nConnection: close\r\n"));
        assert_body("no");
        assert_end();
        close_world();
}

/** The client ends, or is silent, in the midst of what it promised. */
static void bodies_that_end_early(void)
{
        open_world(echo, NULL);
        send_text(POST "Content-Length: 5\r\n\r\nhell");
        assert_int_equal(eddy_stream_write_eof(world.stream), 0);
        assert_answer("HTTP/1.1 400 ", "400 Bad Request\n");
        assert_int_equal(got.rc, EDDY_EINCOMPLETE);
        close_world();

        open_world(echo, &(eddy_http_service_options){.timeout = eddy_seconds(200)});
        send_text(POST "Content-Length: 5\r\n\r\nhell");
        pass(eddy_seconds(200));
        assert_answer("HTTP/1.1 408 ", "408 Request Timeout\n");
        assert_int_equal(got.rc, -ETIMEDOUT);
        assert_end();
        close_world();

        got.rc = 0;
        open_world(echo, NULL);
        send_text(POST "Content-Length: 5\r\n\r\nhell");
        give_way();
        eddy_stream_abort(world.stream);
        until(got.rc != 0);
        assert_true(got.rc < 0);
        assert_null(world.exception);
        close_world();
}

/** Who waits for leave gets it when the body is read, and not otherwise. */
static void leave_to_send(void)
{
        open_world(echo, NULL);
        send_text(POST "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\n");
        assert_string_equal(next_head(), "HTTP/1.1 100 Continue\r\n\r\n");
        send_text("hello");
        assert_answer("HTTP/1.1 200 OK", "hello");
        send_text(POST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello"); /* it does not wait */
        assert_answer("HTTP/1.1 200 OK", "hello");
        send_text(
            "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx");
        assert_answer("HTTP/1.1 200 OK", "x"); /* nobody waits in HTTP/1.0, nor knows of 100 */
        send_text(POST "Content-Length: 5\r\nExpect: miracles\r\n\r\n");
        assert_answer("HTTP/1.1 417 ", "417 Expectation Failed\n");
        assert_end();
        close_world();

        /* Nobody knows whether it comes now, so nothing else can. */
        open_world(read_nothing, NULL);
        send_text(POST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
        assert_non_null(strstr(next_head(), "\r\nConnection: close\r\n"));
        assert_body("no");
        assert_end();
        close_world();
}

/** A body that nobody reads is passed over where it is small, and the next request is found. */
static void unread_bodies(void)
{
        char *data = make_pattern(MUCH);

        open_world(read_nothing, NULL);
        send_text(POST "Content-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: x\r\n\r\n" CHUNKED
                       "3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n" POST
                       "Content-Length: 10\r\n\r\nhello");
        for (int i = 0; i < 5; i++)
                assert_answer("HTTP/1.1 200 OK", "no");
        send_text("worldGET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "no");
        /* The rest is too much to wait for. The answer arrives all the same, before the connection ends. */
        send_text(POST "Content-Length: 3145728\r\n\r\n");
        assert_int_equal(eddy_stream_write(world.stream, data, MUCH), 0);
        assert_non_null(strstr(next_head(), "\r\nConnection: close\r\n"));
        assert_body("no");
        close_world();
        free(data);
}

enum { TO_FILE_MOST = 400 * 1000 };

static eddy_file *kept;

static int keep_body(eddy_http_exchange *exchange, void *arg)
{
        int64_t n = eddy_http_exchange_read_to_file(exchange, kept, TO_FILE_MOST);

        (void)arg;
        return n < 0 ? (int)n : eddy_http_reply_text(exchange, 200, "%lld", (long long)n);
}

static void bodies_to_a_file(void)
{
        static char text[TO_FILE_MOST], *data;

        data = make_pattern(TO_FILE_MOST);
        open_world(keep_body, NULL);
        assert_int_equal(eddy_file_open_temporary(&kept, NULL), 0);
        send_text(POST "Content-Length: 400000\r\n\r\n");
        assert_int_equal(eddy_stream_write_all(world.stream, data, TO_FILE_MOST), TO_FILE_MOST);
        assert_answer("HTTP/1.1 200 OK", "400000");
        send_text(CHUNKED "3\r\nabc\r\n0\r\n\r\n"); /* behind it */
        assert_answer("HTTP/1.1 200 OK", "3");
        assert_int_equal(eddy_file_read_at(kept, text, 3, TO_FILE_MOST), 3);
        assert_memory_equal(text, "abc", 3);
        assert_int_equal(eddy_file_read_at(kept, text, sizeof text, 0), TO_FILE_MOST);
        assert_memory_equal(text, data, TO_FILE_MOST);
        send_text(
            POST
            "Expect: 100-continue\r\nContent-Length: 400001\r\n\r\n"); /* who may not send it has no leave to */
        assert_non_null(strstr(next_head(), "HTTP/1.1 413 "));
        assert_body("413 Content Too Large\n");
        assert_end();
        eddy_stream_destroy(world.stream);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL),
                         0);
        send_text(CHUNKED "61A81\r\n");
        assert_int_equal(eddy_stream_write_all(world.stream, data, TO_FILE_MOST), TO_FILE_MOST);
        send_text("x\r\n0\r\n\r\n");
        assert_non_null(strstr(next_head(), "HTTP/1.1 413 "));
        eddy_file_close(kept);
        close_world();
        free(data);
}

/** A disk that is full is the handler's failure, and the connection's next request is answered. */
static void disks_that_are_full(void)
{
        open_world(keep_body, NULL);
        assert_int_equal(eddy_file_open(&kept, "/dev/full", O_WRONLY, 0), 0);
        for (int i = 0; i < 2; i++) {
                send_text(POST "Content-Length: 3\r\n\r\nabc");
                assert_answer("HTTP/1.1 500 Internal Server Error", "500 Internal Server Error\n");
                assert_int_equal(world.error, -ENOSPC);
        }
        eddy_file_close(kept);
        close_world();
}

/** Its sender has `timeout` for the whole of what nobody reads, so that it holds no connection by a byte now and then. */
static void unread_bodies_that_trickle(void)
{
        static const char *const heads[] = {POST "Content-Length: 60000\r\n\r\n", CHUNKED "ea60\r\n"};

        for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
                open_world(read_nothing, &(eddy_http_service_options){.timeout = eddy_seconds(200)});
                send_text(heads[i]);
                assert_answer("HTTP/1.1 200 OK", "no");
                for (int k = 0; k < 4; k++) {
                        eddy_stream_write(world.stream, "x", 1);
                        pass(eddy_seconds(50));
                }
                assert_int_equal(eddy_server_connections(world.server), 0);
                close_world();
        }
}

/** Nobody knows how long a body in chunks is: where its end has not come, the answer says that it is the last, so that nobody sends a
 * request behind the body that finds the connection ended. */
static void unread_chunks(void)
{
        open_world(read_nothing, NULL);
        send_text(CHUNKED "3\r\nabc\r\n");
        assert_non_null(strstr(next_head(), "\r\nConnection: close\r\n"));
        assert_body("no");
        assert_end();
        close_world();
}

/** Who sends more than anybody listens to has to wait, and is not reset: it may not have seen the answer yet. */
static void answers_to_who_goes_on_sending(void)
{
        char *data = make_pattern(MUCH);
        int in_vain = 0;

        open_world(read_nothing, NULL);
        send_text(POST "Content-Length: 1000000000\r\n\r\n");
        while (in_vain < 100) {
                ssize_t n = send(eddy_stream_fd(world.stream), data, MUCH, MSG_DONTWAIT | MSG_NOSIGNAL);

                assert_true(n > 0 || errno == EAGAIN);
                in_vain = n > 0 ? 0 : in_vain + 1;
                assert_int_equal(eddy_yield(), 0);
        }
        assert_non_null(strstr(next_head(), "\r\nConnection: close\r\n"));
        assert_body("no");
        assert_end();
        close_world();
        free(data);
}

static int describe(eddy_http_exchange *exchange, void *arg)
{
        char text[512] = "", *at = text;
        const char *name, *value;
        eddy_address peer;
        char *body;

        (void)arg;
        for (unsigned i = 0; (value = eddy_http_exchange_header_at(exchange, i, &name)); i++)
                at += sprintf(at, "%s=%s;", name, value);
        at += sprintf(at, " %lld", (long long)eddy_http_exchange_length(exchange));
        assert_null(eddy_http_exchange_trailer(exchange, "sum"));
        assert_true(eddy_http_exchange_read_all(exchange, &body, 100) >= 0);
        eddy_free(body);
        if (eddy_http_exchange_trailer(exchange, "SUM"))
                at += sprintf(at, " sum=%s", eddy_http_exchange_trailer(exchange, "SUM"));
        assert_int_equal(eddy_http_exchange_peer(exchange, &peer), 0);
        assert_int_equal(peer.any.sa_family, AF_INET);
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = (size_t)(at - text)});
}

static void what_is_told_of_a_request(void)
{
        open_world(describe, NULL);
        send_text("GET / HTTP/1.1\r\nC:\r\nD: \t\r\nHost: x\r\nA: 1\r\na:2\r\nB: \r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "C=;D=;Host=x;A=1;a=2;B=; 0");
        send_text(POST "Content-Length: 2\r\n\r\nab");
        assert_answer("HTTP/1.1 200 OK", "Host=x;Content-Length=2; 2");
        send_text(CHUNKED "2\r\nab\r\n0\r\nX: y\r\nSum:  7\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "Host=x;Transfer-Encoding=chunked; -1 sum=7");
        close_world();
}

static int greet(eddy_http_exchange *exchange, void *arg)
{
        eddy_http_fields *fields;
        char text[64];
        int rc = eddy_http_exchange_form(exchange, &fields, NULL), n;

        (void)arg;
        if (rc < 0)
                return eddy_http_reply(exchange, &(eddy_http_answer){.status = rc == -EINVAL ? 415 : 400});
        n = snprintf(text, sizeof text, "%s, %s", eddy_http_fields_get(fields, "greeting"),
                     eddy_http_fields_get(fields, "name"));
        eddy_http_fields_destroy(fields);
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = (size_t)n});
}

static int collect_parts(eddy_http_exchange *exchange, void *arg)
{
        eddy_http_multipart *form;
        eddy_http_part part;
        char text[256] = "", data[3];
        int rc = eddy_http_multipart_open(&form, exchange, NULL);
        ssize_t n;

        (void)arg;
        if (rc < 0)
                return rc;
        while ((rc = eddy_http_multipart_next(form, &part)) > 0) {
                sprintf(text + strlen(text), "%s=", part.name);
                while ((n = eddy_http_multipart_read(form, data, sizeof data)) > 0)
                        strncat(text, data, (size_t)n);
                assert_int_equal(n, 0);
                strcat(text, ";");
        }
        eddy_http_multipart_close(form);
        return rc < 0 ? rc
                      : eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = strlen(text)});
}

static void forms(void)
{
        open_world(greet, NULL);
        send_text(POST "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 26\r\n\r\n"
                       "greeting=hello&name=%77%20");
        assert_answer("HTTP/1.1 200 OK", "hello, w ");
        send_text(POST "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx");
        assert_answer("HTTP/1.1 415 ", "");
        close_world();

        open_world(collect_parts, NULL);
        send_text(POST "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "30\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
                       "36\r\n\r\n--b\r\nContent-Disposition: form-data; name=file\r\n\r\n23\r\n"
                       "c\r\n456\r\n--b--\r\n\r\n"
                       "0\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "a=1;file=23456;");
        close_world();
}

/* Looks for a form, which may be none, and then makes a mistake of its own. */
static int fall_back(eddy_http_exchange *exchange, void *arg)
{
        eddy_http_fields *fields;
        int rc = eddy_http_exchange_form(exchange, &fields, NULL);

        (void)arg;
        assert_int_equal(rc, -EINVAL);
        rc = eddy_http_exchange_query(exchange, &fields);
        if (rc < 0)
                return rc;
        eddy_http_fields_destroy(fields);
        return -EINVAL;
}

/** What a client has sent is not the handler's failure, and the handler's not the client's. */
static void whose_fault_it_is(void)
{
        static char many[3000] = "POST /?";

        open_world(fall_back, NULL);
        for (size_t at = strlen(many), end = at + 2004; at < end; at += 2)
                memcpy(many + at, "a&", 3);
        strcat(many, " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        send_text(many);
        assert_answer("HTTP/1.1 413 ", "413 Content Too Large\n");
        assert_null(world.exception);
        send_text(POST "Content-Length: 0\r\n\r\n");
        assert_answer("HTTP/1.1 500 ", "500 Internal Server Error\n");
        assert_int_equal(world.error, -EINVAL);
        close_world();
}

int main(void)
{
        got.limit = SIZE_MAX;

        const struct CMUnitTest tests[] = {
            scene_test(whole),
            scene_test(in_pieces),
            scene_test(much),
            scene_test(too_much),
            scene_test(broken_bodies),
            scene_test(bodies_that_end_early),
            scene_test(nothing_follows_a_broken_body),
            scene_test(long_heads),
            scene_test(late_once),
            scene_test(leave_to_send),
            scene_test(bodies_to_a_file),
            scene_test(disks_that_are_full),
            scene_test(unread_bodies),
            scene_test(unread_bodies_that_trickle),
            scene_test(unread_chunks),
            scene_test(answers_to_who_goes_on_sending),
            scene_test(what_is_told_of_a_request),
            scene_test(forms),
            scene_test(whose_fault_it_is),
        };

        return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
