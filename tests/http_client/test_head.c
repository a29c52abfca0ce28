/* Heads of answers as no server should write them. */
#include "../testing.h"

#include <eddy/http_client.h>
#include <eddy/server.h>
#include <stdio.h>

static const char *answer;

static intptr_t send_answer(eddy_stream *stream, void *arg)
{
        const char *request;

        (void)arg;
        if (eddy_stream_read_some(stream, &request) > 0)
                eddy_stream_write_all(stream, answer, strlen(answer));
        return 0;
}

/* What the answer is taken for: its status, or what failed. */
static int judge_answer(const char *text, eddy_http_response *response)
{
        eddy_http_client *client;
        eddy_server *server;
        char url[64];
        int rc;

        answer = text;
        assert_int_equal(eddy_start_server(&server, send_answer, NULL, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_http_client_create(&client, &(eddy_http_client_options){.proxy = ""}), 0);
        snprintf(url, sizeof url, "http://127.0.0.1:%u/", eddy_server_port(server));
        rc = eddy_http_fetch(client, &(eddy_http_request){.url = url, .timeout = eddy_seconds(20)}, response);
        eddy_http_client_destroy(client);
        eddy_server_close(server);
        eddy_server_destroy(server);
        return rc < 0 ? rc : response->status;
}

COROUTINE_TEST(takes_no_head_that_is_none)
{
        static const struct {
                const char *answer;
                int taken_for;
        } cases[] = {
            {"HTTP/1.1 200 OK\r\n\r\n", 200},
            {"HTTP/1.0 200\r\n\r\n", 200},
            {"HTTP/1.1 999 ?\r\n\r\n", 999},
            {"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 404 No\r\n\r\n", 404},
            {"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nabc", 101},
            {"HTTP/1.1 -5\r\n\r\n", EDDY_EPROTOCOL},
            {"HTTP/1.1 4294967496 Wide\r\n\r\n", EDDY_EPROTOCOL},
            {"HTTP/1.1 20\r\n\r\n", EDDY_EPROTOCOL},
            {"http/1.1 200 OK\r\n\r\n", EDDY_EPROTOCOL},
            {"HTTP/1.1 200 OK\r\nA\rB: 1\r\n\r\n", EDDY_EPROTOCOL},
            {"HTTP/\x01.1 200 OK\r\n\r\n", EDDY_EPROTOCOL},
        };
        eddy_http_response response;

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                assert_int_equal(judge_answer(cases[i].answer, &response), cases[i].taken_for);
                eddy_http_response_finish(&response);
        }
}

/* A length that is none tells nobody where the answer ends. */
COROUTINE_TEST(takes_no_length_that_is_none)
{
        static const struct {
                const char *lines;
                int taken_for;
                int64_t length;
        } cases[] = {
            {"Content-Length: 5\r\n", 200, 5},
            {"Content-Length: \t 5 \r\n", 200, 5},
            {"Content-Length: 005\r\n", 200, 5},
            {"Content-Length: 5\r\ncontent-length: 5\r\n", 200, 5},
            {"Content-Length: 5, 5 ,5\r\n", 200, 5},
            {"Content-Length: 5\r\nContent-Encoding: identity\r\n", 200, 5},
            {"Content-Length: 5x\r\n", EDDY_EPROTOCOL, 0},
            {"Content-Length: 5 x\r\n", EDDY_EPROTOCOL, 0},
            {"Content-Length: 0x5\r\n", EDDY_EPROTOCOL, 0},
            {"Content-Length: 5.0\r\n", EDDY_EPROTOCOL, 0},
            {"Content-Length: +5\r\n", EDDY_EPROTOCOL, 0},
            {"Content-Length: -5\r\n", EDDY_EPROTOCOL, 0},
            {"Content-Length: five\r\n", EDDY_EPROTOCOL, 0},
            {"Content-Length:\r\n", EDDY_EPROTOCOL, 0},
            {"Content-Length: 5,\r\n", EDDY_EPROTOCOL, 0},
            {"Content-Length: 5,6\r\n", EDDY_EPROTOCOL, 0},
            {"Content-Length: 5\r\nContent-Length: 6\r\n", EDDY_EPROTOCOL, 0},
            {"Content-Length: 6\r\nX: 1\r\nContent-Length: 5\r\n", EDDY_EPROTOCOL, 0},
            {"Content-Length: 99999999999999999999\r\n", EDDY_EPROTOCOL, 0},
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                eddy_http_response response;
                char text[256];

                snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\n01234", cases[i].lines);
                assert_int_equal(judge_answer(text, &response), cases[i].taken_for);
                if (cases[i].taken_for == 200)
                        assert_int_equal(response.length, cases[i].length);
                eddy_http_response_finish(&response);
        }
}

static unsigned connections;

/* To whatever is asked, again and again. */
static intptr_t send_answers(eddy_stream *stream, void *arg)
{
        const char *request;

        (void)arg;
        connections++;
        while (eddy_stream_read_some(stream, &request) > 0)
                eddy_stream_write_all(stream, answer, strlen(answer));
        return 0;
}

/* What follows such an answer would be taken for the next one. */
COROUTINE_TEST(keeps_no_connection_of_a_refused_answer)
{
        eddy_http_client *client;
        eddy_server *server;
        char url[64];

        answer = "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n01234";
        connections = 0;
        assert_int_equal(eddy_start_server(&server, send_answers, NULL, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_http_client_create(&client, &(eddy_http_client_options){.proxy = ""}), 0);
        snprintf(url, sizeof url, "http://127.0.0.1:%u/", eddy_server_port(server));
        for (int i = 1; i <= 3; i++) {
                assert_int_equal(eddy_http_fetch(client, &(eddy_http_request){.url = url}, NULL),
                                 EDDY_EPROTOCOL);
                assert_non_null(strstr(eddy_error_detail(), "Content-Length is no number"));
                assert_int_equal(connections, i);
        }
        eddy_http_client_destroy(client);
        eddy_server_close(server);
        eddy_server_destroy(server);
}

COROUTINE_TEST(line_is_one_header)
{
        static const char text[] = "HTTP/1.1 200 OK\r\nA: 1\r\nD : 3\r\n\r\n";
        eddy_http_response response;
        const char *value;

        assert_int_equal(judge_answer(text, &response), 200);
        assert_string_equal(eddy_http_response_header_at(&response, 0, &value), "A");
        assert_string_equal(value, "1");
        assert_null(eddy_http_response_header_at(&response, 1, &value));
        eddy_http_response_finish(&response);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(takes_no_head_that_is_none),
            cmocka_unit_test(takes_no_length_that_is_none),
            cmocka_unit_test(keeps_no_connection_of_a_refused_answer),
            cmocka_unit_test(line_is_one_header),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
