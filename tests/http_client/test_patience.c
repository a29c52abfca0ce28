/* Whose silence ends a transfer: the server's, not that of who reads. */
#include "../testing.h"
#include "http_common/coding.h"

#include <eddy/http_client.h>
#include <eddy/server.h>
#include <stdio.h>
#include <unistd.h>

enum {
        PART = 550,              /* bytes of a body that a reader takes at leisure, */
        ZEROS = 32 * 1024 * 1024 /* and of one that takes its reader longer than a server may be silent */
};

/* Longest silence of a server. */
static eddy_duration patience(void)
{
        return eddy_ms(500);
}

/* What the server sends at once, and what when its client has read that; then it keeps the connection. */
static struct answer {
        char head[256];
        char *body;
        size_t size;
        const char *later;
        eddy_event is_wanted;
} answer;

static intptr_t send_answer(eddy_stream *stream, void *arg)
{
        const char *request;

        (void)arg;
        if (eddy_stream_read_some(stream, &request) > 0 &&
            eddy_stream_write_all(stream, answer.head, strlen(answer.head)) > 0 &&
            eddy_stream_write_all(stream, answer.body, answer.size) > 0 && answer.later &&
            eddy_event_wait(&answer.is_wanted) == 0)
                eddy_stream_write_all(stream, answer.later, strlen(answer.later));
        return eddy_stream_read_some(stream, &request);
}

struct world {
        eddy_server *server;
        eddy_http_client *client;
        char url[64];
};

/* Where `coding` is CODINGS the n zeros come as they are. */
static void open_world(struct world *world, enum coding coding, size_t n)
{
        char *zeros = calloc(1, n);
        const char *name = coding == CODINGS ? "identity" : "gzip";

        answer = (struct answer){.body = zeros, .size = n};
        if (coding != CODINGS) {
                answer.body = malloc(n);
                answer.size = (size_t)coding_encode(coding, 0, zeros, n, answer.body, n);
                free(zeros);
        }
        eddy_event_init(&answer.is_wanted);
        snprintf(answer.head, sizeof answer.head,
                 "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nContent-Encoding: %s\r\n\r\n", answer.size, name);
        assert_int_equal(eddy_start_server(&world->server, send_answer, NULL, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_http_client_create(&world->client, &(eddy_http_client_options){.proxy = ""}), 0);
        snprintf(world->url, sizeof world->url, "http://127.0.0.1:%u/", eddy_server_port(world->server));
}

static void close_world(struct world *world)
{
        eddy_http_client_destroy(world->client);
        eddy_server_close(world->server);
        eddy_server_destroy(world->server);
        eddy_event_finish(&answer.is_wanted);
        free(answer.body);
}

/* Read all by pieces of `room` bytes, with a pause longer than the server may be silent behind the first piece, and where all has come. */
static ssize_t read_slowly(eddy_http_response *response, size_t room)
{
        char buffer[PART];
        size_t size = 0;
        ssize_t n;

        while ((n = eddy_http_response_read(response, buffer, room)) > 0) {
                if (size == 0 || size + (size_t)n == PART)
                        eddy_sleep(2 * patience());
                size += (size_t)n;
        }
        return n < 0 ? n : (ssize_t)size;
}

COROUTINE_TEST(who_reads_may_take_his_time)
{
        static const enum coding codings[] = {CODINGS, CODING_GZIP};
        static const size_t rooms[] = {PART, 10};

        for (size_t i = 0; i < 4; i++) {
                struct world world;
                eddy_http_request request = {.stall_timeout = patience()};
                eddy_http_response response;

                if (codings[i / 2] != CODINGS && !coding_is_built_in(codings[i / 2]))
                        continue;
                open_world(&world, codings[i / 2], PART);
                request.url = world.url;
                assert_int_equal(eddy_http_send(world.client, &request, &response), 0);
                assert_int_equal(read_slowly(&response, rooms[i % 2]), PART);
                eddy_http_response_finish(&response);
                close_world(&world);
        }
}

/* Its callback is slow, in the task that decodes: all has come long before its end. */
static int take_slowly(const void *data, size_t n, void *arg)
{
        (void)data;
        *(size_t *)arg += n;
        usleep(2000);
        return 0;
}

COROUTINE_TEST(what_takes_long_to_decode_is_no_silence)
{
        struct world world;
        size_t got = 0;
        eddy_http_request request = {.stall_timeout = patience(), .on_body = take_slowly, .arg = &got};

        if (!coding_is_built_in(CODING_GZIP))
                return;
        open_world(&world, CODING_GZIP, ZEROS);
        request.url = world.url;
        assert_int_equal(eddy_http_fetch(world.client, &request, NULL), 0);
        assert_int_equal(got, ZEROS);
        close_world(&world);
}

/* Ask for an answer of which four bytes come when they are wanted. */
static void ask_for_parts(struct world *world, eddy_http_request *request, eddy_http_response *response)
{
        open_world(world, CODINGS, PART - 4);
        snprintf(answer.head, sizeof answer.head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", PART);
        answer.later = "rest";
        request->url = world->url;
        assert_int_equal(eddy_http_send(world->client, request, response), 0);
}

/* The server waits for who reads, with the rest: its silence begins when what has come has been read. */
COROUTINE_TEST(what_waits_for_its_reader_is_no_silence)
{
        struct world world;
        eddy_http_request request = {.stall_timeout = patience()};
        eddy_http_response response;
        char buffer[PART];

        ask_for_parts(&world, &request, &response);
        assert_int_equal(eddy_http_response_read(&response, buffer, 10), 10);
        assert_int_equal(eddy_sleep(2 * patience()), 0);
        assert_int_equal(eddy_http_response_read(&response, buffer, PART), PART - 14);
        eddy_event_set(&answer.is_wanted);
        assert_int_equal(eddy_http_response_read(&response, buffer, PART), 4);
        assert_int_equal(eddy_http_response_read(&response, buffer, PART), 0);
        eddy_http_response_finish(&response);
        close_world(&world);
}

COROUTINE_TEST(a_server_that_is_silent_is_given_up)
{
        struct world world;
        eddy_http_request request = {.stall_timeout = eddy_seconds(1)};
        eddy_http_response response;
        char buffer[PART];

        ask_for_parts(&world, &request, &response);
        assert_int_equal(eddy_http_response_read(&response, buffer, PART), PART - 4);
        assert_int_equal(eddy_http_response_read(&response, buffer, PART), EDDY_TIMEOUT);
        assert_string_equal(eddy_error_detail(), "nothing came for 1 s");
        eddy_http_response_finish(&response);
        close_world(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(who_reads_may_take_his_time),
            cmocka_unit_test(what_takes_long_to_decode_is_no_silence),
            cmocka_unit_test(what_waits_for_its_reader_is_no_silence),
            cmocka_unit_test(a_server_that_is_silent_is_given_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
