/* Bodies of answers in content codings, as servers send them: whole, wrong, and far larger than they look. */
#include "../testing.h"
#include "http_common/coding.h"

#include <eddy/http_client.h>
#include <eddy/server.h>
#include <stdio.h>

enum {
        TEXT = 100000,
        ROOM = 2 * TEXT,
        BLOCK = 128 * 1024, /* bytes of zeros that four bytes of zstd become */
};

static char text[TEXT + 1];

static void make_text(void)
{
        for (size_t i = 0; i < TEXT; i++)
                text[i] = (char)('a' + i * i / 7 % 23);
}

/* What the server sends. */
static struct answer {
        char head[1024];
        char *body; /* ROOM bytes, or a bomb */
        size_t size;
} answer;

static intptr_t send_answer(eddy_stream *stream, void *arg)
{
        const char *request;

        (void)arg;
        if (eddy_stream_read_some(stream, &request) > 0 &&
            eddy_stream_write_all(stream, answer.head, strlen(answer.head)) > 0)
                eddy_stream_write_all(stream, answer.body, answer.size);
        return 0;
}

struct world {
        eddy_server *server;
        eddy_http_client *client;
        char url[64];
};

static void open_world(struct world *world)
{
        make_text();
        answer = (struct answer){.body = malloc(ROOM)};
        assert_int_equal(eddy_start_server(&world->server, send_answer, NULL, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_http_client_create(&world->client, &(eddy_http_client_options){.proxy = ""}), 0);
        snprintf(world->url, sizeof world->url, "http://127.0.0.1:%u/", eddy_server_port(world->server));
}

static void close_world(struct world *world)
{
        eddy_http_client_destroy(world->client);
        eddy_server_close(world->server);
        eddy_server_destroy(world->server);
        free(answer.body);
}

static void set_head(const char *lines)
{
        snprintf(answer.head, sizeof answer.head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n%s\r\n\r\n",
                 answer.size, lines);
}

/* Have the answer be n bytes of `from` in a coding. */
static void encode(enum coding coding, const void *from, size_t n)
{
        ssize_t size = coding_encode(coding, 0, from, n, answer.body, ROOM);

        assert_true(size > 0);
        answer.size = (size_t)size;
}

/* What a reader gets: 0, or what fails. */
static ssize_t read_whole(struct world *world, char **body)
{
        eddy_http_response response;
        ssize_t n = eddy_http_send(world->client, &(eddy_http_request){.url = world->url}, &response);

        *body = NULL;
        if (n == 0)
                n = eddy_http_response_read_all(&response, body, ROOM);
        if (n >= 0)
                assert_int_equal(response.received, n);
        eddy_http_response_finish(&response);
        return n;
}

struct fetched {
        char *bytes;
        size_t size;
};

static int collect(const void *data, size_t n, void *arg)
{
        struct fetched *fetched = arg;

        assert_true(fetched->size + n <= ROOM);
        memcpy(fetched->bytes + fetched->size, data, n);
        fetched->size += n;
        return 0;
}

/* That reading and fetching give the text, n bytes of it. */
static void assert_text(struct world *world, size_t n)
{
        struct fetched fetched = {.bytes = malloc(ROOM)};
        eddy_http_response response;
        char *body;

        assert_int_equal(read_whole(world, &body), n);
        assert_memory_equal(body, text, n);
        eddy_free(body);
        assert_int_equal(
            eddy_http_fetch(world->client,
                            &(eddy_http_request){.url = world->url, .on_body = collect, .arg = &fetched},
                            &response),
            0);
        assert_int_equal(fetched.size, n);
        assert_int_equal(response.received, n);
        assert_memory_equal(fetched.bytes, text, n);
        eddy_http_response_finish(&response);
        free(fetched.bytes);
}

/* That reading and fetching fail so, and say why. */
static void assert_failure(struct world *world, int rc, const char *why)
{
        char *body;

        assert_int_equal(read_whole(world, &body), rc);
        assert_non_null(strstr(eddy_error_detail(), why));
        eddy_free(body);
        assert_int_equal(eddy_http_fetch(world->client, &(eddy_http_request){.url = world->url}, NULL), rc);
        assert_non_null(strstr(eddy_error_detail(), why));
}

COROUTINE_TEST(undoes_each_coding)
{
        static const enum coding all[] = {CODING_GZIP, CODING_DEFLATE, CODING_BR, CODING_ZSTD};
        struct world world;
        char line[64];

        open_world(&world);
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
                if (!coding_is_built_in(all[i]))
                        continue;
                encode(all[i], text, TEXT);
                snprintf(line, sizeof line, "content-encoding: %s", coding_name(all[i]));
                set_head(line);
                assert_text(&world, TEXT);
        }
        close_world(&world);
}

/** What servers have been seen to do, and clients to fall over. */
COROUTINE_TEST(undoes_codings_as_servers_have_them)
{
        struct world world;

        if (!coding_is_built_in(CODING_GZIP))
                return;
        open_world(&world);
        encode(CODING_GZIP, text, TEXT);
        set_head("Content-Encoding: X-GZip");
        assert_text(&world, TEXT);
        set_head("Content-Encoding: gzip, identity,\r\nContent-Encoding: none");
        assert_text(&world, TEXT);

        /* cut short behind, or gone on with */
        memcpy(answer.body + answer.size, "\0\r\n and rubbish", 15);
        answer.size += 15;
        set_head("Content-Encoding: gzip");
        assert_text(&world, TEXT);

        /* in two members */
        encode(CODING_GZIP, text, 1000);
        answer.size +=
            (size_t)coding_encode(CODING_GZIP, 0, text + 1000, 1000, answer.body + answer.size, ROOM / 2);
        set_head("Content-Encoding: gzip");
        assert_text(&world, 2000);

        /* deflate without its frame, and its frame called gzip */
        encode(CODING_DEFLATE, text, TEXT);
        set_head("Content-Encoding: gzip");
        assert_text(&world, TEXT);
        memmove(answer.body, answer.body + 2, answer.size -= 6);
        set_head("Content-Encoding: deflate");
        assert_text(&world, TEXT);

        /* nothing */
        answer.size = 0;
        set_head("Content-Encoding: gzip");
        assert_text(&world, 0);
        set_head("Content-Encoding: whatever");
        assert_text(&world, 0);

        /* as it is */
        memcpy(answer.body, text, answer.size = 1000);
        set_head("Content-Encoding: identity");
        assert_text(&world, 1000);
        set_head("Content-Encoding:");
        assert_text(&world, 1000);
        close_world(&world);
}

static void note_total(int64_t received, int64_t total, void *arg)
{
        (void)received;
        *(int64_t *)arg = total;
}

/** Where nothing is undone it is what was announced, however the head says so; else nobody knows. */
COROUTINE_TEST(tells_a_length_where_nothing_is_undone)
{
        static const struct {
                const char *lines;
                bool keeps, is_known;
        } rows[] = {
            {"Content-Encoding: gzip", false, false},
            {"Content-Encoding: identity\r\nContent-Encoding: gzip", false, false},
            {"Content-Encoding:\r\nA: b\r\ncontent-encoding: gzip", false, false},
            {"Content-Encoding: gzip", true, true},
            {"Content-Encoding: identity", false, true},
            {"Content-Encoding: none, identity", false, true},
            {"Content-Encoding:", false, true},
            {"A: b", false, true},
        };
        struct world world;

        if (!coding_is_built_in(CODING_GZIP))
                return;
        open_world(&world);
        encode(CODING_GZIP, text, 550);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                int64_t length = rows[i].is_known ? (int64_t)answer.size : -1, total = -2;
                eddy_http_response response;

                set_head(rows[i].lines);
                assert_int_equal(eddy_http_fetch(world.client,
                                                 &(eddy_http_request){.url = world.url,
                                                                      .keeps_encoding = rows[i].keeps,
                                                                      .on_progress = note_total,
                                                                      .arg = &total},
                                                 &response),
                                 0);
                assert_int_equal(response.length, length);
                assert_int_equal(total, length);
                assert_int_equal(response.received, length < 0 ? 550 : length);
                eddy_http_response_finish(&response);
        }
        close_world(&world);
}

COROUTINE_TEST(undoes_one_coding_within_another)
{
        static char once[ROOM];
        struct world world;
        size_t size;

        if (!coding_is_built_in(CODING_GZIP) || !coding_is_built_in(CODING_BR))
                return;
        open_world(&world);
        encode(CODING_BR, text, TEXT);
        memcpy(once, answer.body, size = answer.size);
        encode(CODING_GZIP, once, size);
        set_head("Content-Encoding: br\r\nA: b\r\nContent-Encoding: gzip");
        assert_text(&world, TEXT);
        set_head("Content-Encoding: gzip, br");
        assert_failure(&world, EDDY_EPROTOCOL, "the body is no br");
        answer.size -= 10;
        set_head("Content-Encoding: br, gzip");
        assert_failure(&world, EDDY_EINCOMPLETE, "the body ends before its gzip does");
        close_world(&world);
}

COROUTINE_TEST(refuses_what_it_cannot_undo)
{
        struct world world;
        eddy_http_response response;

        if (!coding_is_built_in(CODING_GZIP))
                return;
        open_world(&world);
        encode(CODING_GZIP, text, 1000);
        set_head("Content-Encoding: gzip, compress");
        assert_failure(&world, EDDY_EPROTOCOL, "content encoding compress");
        set_head("Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip");
        assert_failure(&world, EDDY_EPROTOCOL, "more than 5");
        answer.body[15] ^= 0x55;
        answer.body[answer.size - 6] ^= 0x55;
        set_head("Content-Encoding: gzip");
        assert_failure(&world, EDDY_EPROTOCOL, "the body is no gzip");

        /* What has no body is in no coding. */
        set_head("Content-Encoding: compress");
        answer.size = 0;
        assert_int_equal(
            eddy_http_fetch(world.client, &(eddy_http_request){.url = world.url, .method = "HEAD"}, &response),
            0);
        assert_string_equal(eddy_http_response_header(&response, "content-encoding"), "compress");
        eddy_http_response_finish(&response);
        close_world(&world);
}

/* curl would undo it, whole. */
COROUTINE_TEST(refuses_transfer_codings)
{
        struct world world;

        if (!coding_is_built_in(CODING_GZIP))
                return;
        open_world(&world);
        encode(CODING_GZIP, text, TEXT);
        strcpy(answer.head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n");
        assert_failure(&world, EDDY_EPROTOCOL, "transfer coding");
        close_world(&world);
}

COROUTINE_TEST(knows_a_body_that_is_cut)
{
        struct world world;

        if (!coding_is_built_in(CODING_GZIP))
                return;
        open_world(&world);
        encode(CODING_GZIP, text, TEXT);
        for (size_t i = 1; i < answer.size; i += 1 + answer.size / 7) {
                size_t size = answer.size;

                answer.size = i;
                set_head("Content-Encoding: gzip");
                assert_failure(&world, EDDY_EINCOMPLETE, "the body ends before its gzip does");
                answer.size = size;
        }
        close_world(&world);
}

/* So many times 128 KiB of zeros, 4 bytes each. */
static void make_bomb(size_t blocks)
{
        char *at;

        answer.size = 6 + 4 * blocks;
        free(answer.body);
        answer.body = malloc(answer.size);
        memcpy(answer.body, "\x28\xb5\x2f\xfd\0\x38", 6);
        at = answer.body + 6;
        for (size_t i = 1; i <= blocks; i++, at += 4)
                memcpy(at, i < blocks ? "\2\0\x10\0" : "\3\0\x10\0", 4);
        set_head("Content-Encoding: zstd");
}

/** aiohttp, urllib3, httpx and curl before it: a few bytes became all they could be at once. */
COROUTINE_TEST(reads_what_grows_in_pieces)
{
        enum { BLOCKS = 1000 };
        struct world world;
        eddy_http_response response;
        char *buffer = malloc(1 << 20), *body;
        size_t got = 0;
        ssize_t n;

        if (!coding_is_built_in(CODING_ZSTD))
                return;
        open_world(&world);
        make_bomb(BLOCKS);
        assert_int_equal(eddy_http_send(world.client, &(eddy_http_request){.url = world.url}, &response), 0);
        while ((n = eddy_http_response_read(&response, buffer, 1 << 20)) > 0) {
                assert_true(n <= 64 * 1024);
                got += (size_t)n;
        }
        assert_int_equal(n, 0);
        assert_int_equal(got, BLOCKS * BLOCK);
        assert_int_equal(response.received, BLOCKS * BLOCK);
        eddy_http_response_finish(&response);
        assert_int_equal(read_whole(&world, &body), EDDY_ELIMIT);
        free(buffer);
        close_world(&world);
}

static bool has_ended;
static unsigned turns; /* that another had since the first piece */

static intptr_t count_turns(void *arg)
{
        (void)arg;
        while (!has_ended) {
                turns++;
                eddy_yield();
        }
        return 0;
}

static int begin_count(const void *data, size_t n, void *arg)
{
        size_t *got = arg;

        (void)data;
        turns = *got == 0 ? 0 : turns;
        *got += n;
        return 0;
}

static int count_bytes(const void *data, size_t n, void *arg)
{
        (void)data;
        *(size_t *)arg += n;
        return 0;
}

COROUTINE_TEST(others_run_while_it_grows)
{
        enum { BLOCKS = 400 };
        struct world world;
        eddy_task *other;
        size_t got = 0;

        if (!coding_is_built_in(CODING_ZSTD))
                return;
        open_world(&world);
        make_bomb(BLOCKS);
        has_ended = false;
        other = eddy_create_task(count_turns, NULL);
        assert_int_equal(
            eddy_http_fetch(world.client,
                            &(eddy_http_request){.url = world.url, .on_body = begin_count, .arg = &got}, NULL),
            0);
        has_ended = true;
        assert_int_equal(eddy_join(other, NULL), 0);
        assert_int_equal(got, BLOCKS * BLOCK);
        assert_true(turns > BLOCKS / 3);
        close_world(&world);
}

/* Its 16 GiB would take longer. */
COROUTINE_TEST(time_runs_out_while_it_grows)
{
        struct world world;
        eddy_http_response response;
        eddy_http_request request = {.timeout = eddy_ms(300)};
        char *buffer = malloc(1 << 16);
        size_t got = 0;
        ssize_t n;

        if (!coding_is_built_in(CODING_ZSTD))
                return;
        open_world(&world);
        make_bomb(16 * 8192);
        request.url = world.url;
        assert_int_equal(eddy_http_send(world.client, &request, &response), 0);
        while ((n = eddy_http_response_read(&response, buffer, 1 << 16)) > 0)
                ;
        assert_int_equal(n, EDDY_TIMEOUT);
        eddy_http_response_finish(&response);
        request.on_body = count_bytes;
        request.arg = &got;
        assert_int_equal(eddy_http_fetch(world.client, &request, NULL), EDDY_TIMEOUT);
        assert_true(got > 0);
        free(buffer);
        close_world(&world);
}

static int refuse_piece(const void *data, size_t n, void *arg)
{
        (void)data, (void)n;
        ++*(unsigned *)arg;
        return eddy_fail(-EDOM, "enough of it");
}

COROUTINE_TEST(who_fetches_may_refuse_it)
{
        struct world world;
        unsigned pieces = 0;

        if (!coding_is_built_in(CODING_ZSTD))
                return;
        open_world(&world);
        make_bomb(1000);
        assert_int_equal(
            eddy_http_fetch(world.client,
                            &(eddy_http_request){.url = world.url, .on_body = refuse_piece, .arg = &pieces},
                            NULL),
            -EDOM);
        assert_string_equal(eddy_error_detail(), "enough of it");
        assert_int_equal(pieces, 1);
        close_world(&world);
}

static intptr_t read_too(void *response)
{
        char byte;

        return eddy_http_response_read(response, &byte, 1);
}

/* While one reads, and others have their turn. */
COROUTINE_TEST(has_one_reader_at_a_time)
{
        struct world world;
        eddy_http_response response;
        eddy_task *other;
        char *buffer = malloc(1 << 16);
        intptr_t rc;

        if (!coding_is_built_in(CODING_ZSTD))
                return;
        open_world(&world);
        make_bomb(100);
        assert_int_equal(eddy_http_send(world.client, &(eddy_http_request){.url = world.url}, &response), 0);
        assert_int_equal(eddy_http_response_read(&response, buffer, 1), 1);
        other = eddy_create_task(read_too, &response);
        for (int i = 0; i < 10; i++) /* in one of these the other has its turn */
                assert_true(eddy_http_response_read(&response, buffer, 1 << 16) > 0);
        assert_int_equal(eddy_join(other, &rc), 0);
        assert_int_equal(rc, EDDY_EBUSY);
        eddy_http_response_finish(&response);
        free(buffer);
        close_world(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(undoes_each_coding),
            cmocka_unit_test(undoes_codings_as_servers_have_them),
            cmocka_unit_test(tells_a_length_where_nothing_is_undone),
            cmocka_unit_test(undoes_one_coding_within_another),
            cmocka_unit_test(refuses_what_it_cannot_undo),
            cmocka_unit_test(refuses_transfer_codings),
            cmocka_unit_test(knows_a_body_that_is_cut),
            cmocka_unit_test(reads_what_grows_in_pieces),
            cmocka_unit_test(others_run_while_it_grows),
            cmocka_unit_test(time_runs_out_while_it_grows),
            cmocka_unit_test(who_fetches_may_refuse_it),
            cmocka_unit_test(has_one_reader_at_a_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
