/* Requests on connections that were kept, and that the server closes when it is asked again. */
#include "../testing.h"

#include <eddy/http.h>
#include <eddy/server.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

/** A server that answers once on its first connection, and closes that when it has a little of the next request. */
struct world {
        eddy_server *server;
        eddy_http_client *client;
        char url[64];
        unsigned connections;
        size_t taken;          /* bytes of the body that it reads before it closes, */
        bool ends_in_order;    /* and it does not break it off */
        eddy_event is_closing; /* the first connection */
        eddy_event is_asked;   /* on the second one */
};

static uint32_t add_up(uint32_t sum, const char *data, size_t n)
{
        for (size_t i = 0; i < n; i++)
                sum = sum * 31 + (unsigned char)data[i];
        return sum;
}

/* "Content-Length: 5", or 0 where it is sent in chunks. */
static long long read_head(eddy_stream *stream, bool *is_chunked)
{
        long long size = 0;
        const char *line;
        ssize_t n;

        *is_chunked = false;
        while ((n = eddy_stream_read_line(stream, &line)) > 2) {
                if (n > 16 && strncasecmp(line, "Content-Length: ", 16) == 0)
                        size = atoll(line + 16);
                *is_chunked |= strncasecmp(line, "Transfer-Encoding: chunked", 26) == 0;
        }
        return n == 2 ? size : -1;
}

static uint32_t read_piece(eddy_stream *stream, uint32_t sum, long long size)
{
        const char *data;
        ssize_t n;

        for (; size > 0; size -= n) {
                char buffer[4096];

                n = eddy_stream_read(stream, buffer, size < 4096 ? (size_t)size : sizeof buffer);
                if (n <= 0)
                        return 0;
                data = buffer;
                sum = add_up(sum, data, (size_t)n);
        }
        return sum;
}

static uint32_t read_chunks(eddy_stream *stream, long long *whole)
{
        uint32_t sum = 0;
        const char *line;

        *whole = 0;
        while (eddy_stream_read_line(stream, &line) > 2) {
                long long size = strtoll(line, NULL, 16);

                sum = read_piece(stream, sum, size);
                eddy_stream_read_line(stream, &line);
                if (size == 0)
                        break;
                *whole += size;
        }
        return sum;
}

/* "SIZE SUM" of the body. */
static void answer(eddy_stream *stream, long long size, bool is_chunked)
{
        uint32_t sum = is_chunked ? read_chunks(stream, &size) : read_piece(stream, 0, size);
        char body[64], text[128];

        snprintf(body, sizeof body, "%lld %u", size, sum);
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
        eddy_stream_write_all(stream, text, strlen(text));
}

static intptr_t serve(eddy_stream *stream, void *arg)
{
        struct world *world = arg;
        bool is_first = world->connections++ == 0, is_chunked;
        long long size;

        for (unsigned nth = 0; (size = read_head(stream, &is_chunked)) >= 0; nth++) {
                if (is_first && nth == 1) {
                        if (world->taken > 0)
                                read_piece(stream, 0, (long long)world->taken);
                        eddy_event_set(&world->is_closing);
                        if (!world->ends_in_order)
                                eddy_stream_abort(stream);
                        return 0;
                }
                if (!is_first)
                        eddy_event_set(&world->is_asked);
                answer(stream, size, is_chunked);
        }
        return 0;
}

static void world_open(struct world *world, size_t taken)
{
        *world = (struct world){.taken = taken};
        eddy_event_init(&world->is_asked);
        eddy_event_init(&world->is_closing);
        assert_int_equal(eddy_start_server(&world->server, serve, world, "127.0.0.1", 0, NULL), 0);
        snprintf(world->url, sizeof world->url, "http://127.0.0.1:%u/", eddy_server_port(world->server));
        assert_int_equal(eddy_http_client_create(&world->client, &(eddy_http_client_options){.proxy = ""}), 0);
        assert_int_equal(eddy_http_fetch(world->client, &(eddy_http_request){.url = world->url}, NULL), 0);
}

static void world_close(struct world *world)
{
        eddy_http_client_destroy(world->client);
        eddy_server_close(world->server);
        eddy_server_destroy(world->server);
        eddy_event_finish(&world->is_asked);
        eddy_event_finish(&world->is_closing);
}

/* The status, or what failed. */
static int ask(struct world *world, eddy_http_request request, char **body)
{
        eddy_http_response response;
        ssize_t n = 0;
        int rc;

        *body = NULL;
        request.url = world->url;
        rc = eddy_http_send(world->client, &request, &response);
        if (rc == 0)
                n = eddy_http_response_read_all(&response, body, 1 << 20);
        rc = rc < 0 ? rc : n < 0 ? (int)n : response.status;
        eddy_http_response_finish(&response);
        return rc;
}

static char *make_bytes(size_t size)
{
        char *bytes = malloc(size + 1);

        for (size_t i = 0; i < size; i++)
                bytes[i] = (char)(i * 7 + i / 251);
        return bytes;
}

static void make_file(char path[], const char *bytes, size_t size)
{
        int fd = mkstemp(path);

        assert_int_equal(write(fd, bytes, size), size);
        close(fd);
}

/* The server has it whole, on its second connection. */
static void assert_sent(size_t taken, const eddy_http_request *request, const char *expected)
{
        struct world world;
        char *body;

        world_open(&world, taken);
        assert_int_equal(ask(&world, *request, &body), 200);
        if (expected)
                assert_string_equal(body, expected);
        assert_int_equal(world.connections, 2);
        eddy_free(body);
        world_close(&world);
}

COROUTINE_TEST(sends_a_file_once_more)
{
        const size_t sizes[] = {3, 100000, 8000000};

        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                char path[] = "/tmp/eddy-kept-XXXXXX", expected[64];
                char *bytes = make_bytes(sizes[i]);

                make_file(path, bytes, sizes[i]);
                snprintf(expected, sizeof expected, "%zu %u", sizes[i], add_up(0, bytes, sizes[i]));
                for (size_t taken = 0; taken <= sizes[i]; taken += (sizes[i] + 2) / 3) {
                        assert_sent(taken, &(eddy_http_request){.body_path = path, .method = "PUT"}, expected);
                        assert_sent(taken, &(eddy_http_request){.body_path = path}, expected);
                        assert_sent(taken, &(eddy_http_request){.body = bytes, .body_size = sizes[i]},
                                    expected);
                }
                unlink(path);
                free(bytes);
        }
}

COROUTINE_TEST(sends_a_form_with_files_once_more)
{
        char path[] = "/tmp/eddy-kept-XXXXXX";
        char *bytes = make_bytes(500000);
        const eddy_http_upload uploads[] = {
            {.name = "a", .data = "b", .size = 1}, {.name = "c", .path = path}, {.name = "d", .path = path}};

        make_file(path, bytes, 500000);
        for (size_t taken = 0; taken < 1000000; taken += 300000) {
                struct world world;
                char *body;

                world_open(&world, taken);
                assert_int_equal(ask(&world, (eddy_http_request){.uploads = uploads, .upload_count = 3}, &body),
                                 200);
                assert_true(atoll(body) > 1000000);
                assert_int_equal(world.connections, 2);
                eddy_free(body);
                world_close(&world);
        }
        unlink(path);
        free(bytes);
}

enum {
        CHUNK = 1000,   /* bytes of a body that are made at a time, */
        CHUNK_EDGES = 7 /* and what is sent around them */
};

/** A body of `whole` bytes that is made, and waits for an event before its first. */
struct source {
        size_t given, whole;
        eddy_event *waits_for;
        unsigned begun;
        bool is_held;          /* when half is given: until it is interrupted, */
        eddy_event *is_let_go; /* or by this; NULL: nothing lets it go */
};

static ssize_t give(void *buffer, size_t n, void *arg)
{
        struct source *source = arg;
        char *to = buffer;
        int rc = eddy_sleep(0);

        if (rc == 0 && source->waits_for && source->given == 0)
                rc = eddy_event_wait(source->waits_for);
        if (rc == 0 && source->is_held && source->begun == 0 && source->given >= source->whole / 2)
                rc = source->is_let_go ? eddy_event_wait(source->is_let_go) : eddy_sleep(EDDY_FOREVER);
        if (rc < 0)
                return rc;
        if (n > CHUNK)
                n = CHUNK;
        for (size_t i = 0; i < n && source->given < source->whole; i++, source->given++)
                *to++ = (char)(source->given * 7 + source->given / 251);
        return to - (char *)buffer;
}

static int begin_anew(void *arg)
{
        struct source *source = arg;

        source->begun++;
        source->given = 0;
        return eddy_sleep(0);
}

COROUTINE_TEST(sends_once_more_what_can_be_made_anew)
{
        char *bytes = make_bytes(300000), expected[64];

        snprintf(expected, sizeof expected, "300000 %u", add_up(0, bytes, 300000));
        for (int way = 0; way < 4; way++) {
                struct source source = {.whole = 300000, .is_held = way & 2};

                assert_sent(50000,
                            &(eddy_http_request){.read_body = give,
                                                 .rewind_body = begin_anew,
                                                 .body_length = way & 1 ? 300000 : 0,
                                                 .arg = &source},
                            expected);
                assert_int_equal(source.begun, 1);
        }
        free(bytes);
}

/* The server has read all there is, and closes as it should. */
COROUTINE_TEST(sends_once_more_what_was_taken_to_the_last)
{
        struct world world;
        struct source source = {.whole = 2 * CHUNK, .is_held = true, .is_let_go = &world.is_closing};
        char *body;

        world_open(&world, CHUNK + CHUNK_EDGES);
        world.ends_in_order = true;
        assert_int_equal(ask(&world,
                             (eddy_http_request){.read_body = give, .rewind_body = begin_anew, .arg = &source},
                             &body),
                         200);
        assert_int_equal(atoi(body), 2 * CHUNK);
        assert_int_equal(source.begun, 1);
        eddy_free(body);
        world_close(&world);
}

/* Where the server closes before the body is there, nothing is amiss. */
COROUTINE_TEST(fails_where_what_was_taken_can_be_read_once)
{
        struct source source;
        struct world world;
        char *body;

        for (int way = 0; way < 2; way++) {
                source = (struct source){
                    .whole = way ? 2 * CHUNK : 100000, .is_held = way, .is_let_go = &world.is_closing};
                world_open(&world, way ? CHUNK + CHUNK_EDGES : 50000);
                world.ends_in_order = way;
                assert_int_equal(
                    ask(&world,
                        (eddy_http_request){.read_body = give, .retries = 3, .method = "PUT", .arg = &source},
                        &body),
                    EDDY_EHTTP);
                assert_non_null(strstr(eddy_error_detail(), "can be read once"));
                /* Without retries; but curl may have connected anew before it asks for what it has read already. */
                assert_in_range(world.connections, 1, 2);
                assert_int_equal(ask(&world, (eddy_http_request){.body = "abc", .body_size = 3}, &body), 200);
                eddy_free(body);
                world_close(&world);
        }

        source = (struct source){.whole = 5, .waits_for = &world.is_asked};
        world_open(&world, 0);
        assert_int_equal(ask(&world, (eddy_http_request){.read_body = give, .arg = &source}, &body), 200);
        assert_int_equal(atoi(body), 5);
        assert_int_equal(world.connections, 2);
        eddy_free(body);
        world_close(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(sends_a_file_once_more),
            cmocka_unit_test(sends_a_form_with_files_once_more),
            cmocka_unit_test(sends_once_more_what_can_be_made_anew),
            cmocka_unit_test(sends_once_more_what_was_taken_to_the_last),
            cmocka_unit_test(fails_where_what_was_taken_can_be_read_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
