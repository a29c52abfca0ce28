/* Answers of HTTP/2: what they are made of, and which of them leaves first. */
#include "http2_client.h"

#include <eddy/http_files.h>
#include <fcntl.h>

enum { MIDDLING = 200 * 1000, LITTLE = 20 * 1000 };

/** "/little" or something larger. */
static int answer_by_size(eddy_http_exchange *exchange, void *arg)
{
        static char body[MIDDLING];
        bool is_little = strcmp(eddy_http_exchange_target(exchange), "/little") == 0;

        (void)arg;
        return eddy_http_reply(
            exchange, &(eddy_http_answer){.body = body, .body_size = is_little ? LITTLE : sizeof body});
}

/** A client whose windows hold nobody up, and which has said so. */
static void open_wide_client(void)
{
        const nghttp2_settings_entry wide = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20};

        open_client(answer_by_size, NULL);
        assert_int_equal(nghttp2_submit_settings(client.session, 0, &wide, 1), 0);
        assert_int_equal(nghttp2_session_set_local_window_size(client.session, 0, 0, 1 << 24), 0);
        send_frames();
        give_way();
}

static int32_t ask_with(const char *path, const char *priority)
{
        return ask("GET", path, priority ? (const char *const[]){"priority", priority, NULL} : NULL, NULL);
}

static void assert_order(unsigned count, const int32_t *ids)
{
        go_on_until(client.ended_count == count);
        for (unsigned i = 0; i < count; i++)
                assert_int_equal(client.ended[i], ids[i]);
}

/** What is more urgent leaves first, whenever it was asked for. */
static void urgent_answers_first(void)
{
        int32_t low, middle, high;

        open_wide_client();
        low = ask_with("/", "u=5");
        middle = ask_with("/", "i, u=3");
        high = ask_with("/", "u=0");
        assert_order(3, (const int32_t[]){high, middle, low});
        close_client();
}

/** And what becomes so meanwhile. */
static void priorities_that_change(void)
{
        static const uint8_t now[] = "u=0";
        int32_t first, second, third;

        open_wide_client();
        first = ask_with("/", "u=3");
        second = ask_with("/", "u=4");
        third = ask_with("/", "u=5");
        gather_frames();
        assert_int_equal(nghttp2_submit_priority_update(client.session, 0, third, now, 3), 0);
        assert_order(3, (const int32_t[]){third, first, second});
        close_client();
}

/** Of equal ones the first is answered whole before the next, unless the client has them shared, or has no say. */
static void equal_answers(void)
{
        static const char *const shared[] = {NULL, "i", "u=3, i"}, *const in_turn[] = {"u=3", "u=2"};
        int32_t large, little;

        for (size_t i = 0; i < 3; i++) {
                open_wide_client();
                large = ask_with("/", shared[i]);
                little = ask_with("/little", shared[i]);
                assert_order(2, (const int32_t[]){little, large});
                close_client();
        }
        for (size_t i = 0; i < 2; i++) {
                open_wide_client();
                large = ask_with("/", in_turn[i]);
                little = ask_with("/little", in_turn[i]);
                assert_order(2, (const int32_t[]){large, little});
                close_client();
        }
}

static int hint(eddy_http_exchange *exchange, void *arg)
{
        const char *const links[] = {"Link: </style.css>; rel=preload", NULL};
        int rc = eddy_http_reply_hints(exchange, links);

        return rc < 0 ? rc : describe(exchange, arg);
}

static void early_hints(void)
{
        const struct reply *reply;

        open_client(hint, NULL);
        reply = answer_to(ask("GET", "/", NULL, NULL));
        assert_int_equal(reply->heads, 2);
        assert_memory_equal(reply->headers, ":status: 103\n", 13);
        assert_non_null(strstr(reply->headers, "link: </style.css>; rel=preload\n"));
        assert_string_equal(reply->status, "200");
        assert_true(reply->has_ended);
        close_client();
}

/** An answer without a body has its end with its head, or with what comes behind it. */
static int end_with_trailers(eddy_http_exchange *exchange, void *arg)
{
        static const char *const trailers[] = {"Grpc-Status: 0", "Grpc-Message: fine", NULL};
        int rc = eddy_http_reply_begin(exchange, &(eddy_http_answer){.content_type = "application/grpc"});

        (void)arg;
        return rc < 0 ? rc : eddy_http_reply_end_with(exchange, trailers);
}

static void trailers_without_a_body(void)
{
        const struct reply *reply;

        open_client(end_with_trailers, NULL);
        reply = answer_to(ask("GET", "/", NULL, NULL));
        assert_int_equal(reply->heads, 2);
        assert_int_equal(reply->size, 0);
        assert_non_null(strstr(reply->headers, "grpc-status: 0\ngrpc-message: fine\n"));
        assert_true(reply->has_ended);
        assert_int_equal(reply->error, NGHTTP2_NO_ERROR);
        close_client();
}

static int how_it_ended;

/** Ends when the client has had all that was promised. */
static int end_late(eddy_http_exchange *exchange, void *arg)
{
        const char *const headers[] = {"Content-Length: 5", NULL};
        int rc = eddy_http_reply_begin(exchange, &(eddy_http_answer){.headers = headers});

        (void)arg;
        if (rc == 0)
                rc = eddy_http_reply_write(exchange, "hello", 5);
        while (rc == 0 && !reply_to(1)->is_closed)
                rc = eddy_yield();
        how_it_ended = rc < 0 ? rc : eddy_http_reply_end(exchange);
        return how_it_ended;
}

/** A client that has its answer whole may be done with the stream before the handler is. */
static void answers_that_are_whole_before_their_end(void)
{
        open_client(end_late, NULL);
        how_it_ended = 1;
        assert_string_equal(answer_to(ask("GET", "/", NULL, NULL))->start, "hello");
        until(how_it_ended < 1);
        assert_int_equal(how_it_ended, 0);
        close_client();
}

static ssize_t taken;

/** Says how reading the body has ended. */
static int note_end(eddy_http_exchange *exchange, void *arg)
{
        char buffer[1000];

        (void)arg;
        has_begun = true;
        while ((taken = eddy_http_exchange_read(exchange, buffer, sizeof buffer)) > 0)
                ;
        return taken < 0 ? (int)taken : eddy_http_reply(exchange, &(eddy_http_answer){0});
}

/** A body that is cut off is none: not by a reset of its stream, nor by the end of the connection. */
static void uploads_that_are_cut_off(void)
{
        static const eddy_http_service_options stays = {.ignores_gone = true};

        for (int i = 0; i < 2; i++) {
                struct upload upload = {.left = 500, .pauses = true};
                int32_t id;

                open_client(note_end, &stays);
                taken = 0;
                id = ask("POST", "/", NULL, &upload);
                send_frames();
                until(has_begun);
                give_way();
                if (i == 0) {
                        assert_int_equal(nghttp2_submit_rst_stream(client.session, 0, id, NGHTTP2_CANCEL), 0);
                        send_frames();
                } else {
                        assert_int_equal(eddy_stream_write_eof(world.stream), 0);
                }
                until(taken < 0);
                assert_int_equal(taken, -ECONNRESET);
                close_client();
        }
}

/** Says what is known of the body's length before it is read. */
static int tell_length(eddy_http_exchange *exchange, void *arg)
{
        char text[64];
        int n = snprintf(text, sizeof text, "%lld", (long long)eddy_http_exchange_length(exchange));

        (void)arg;
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = (size_t)n});
}

/** A body that came whole with its head is one as any other. */
static void bodies_that_come_with_the_head(void)
{
        const char *const length[] = {"content-length", "3", NULL};
        struct upload uploads[] = {{.left = 5}, {.left = 3}, {.left = 5000}};

        open_client(tell_length, NULL);
        assert_string_equal(answer_to(ask("POST", "/", NULL, &uploads[0]))->start, "-1");
        assert_string_equal(answer_to(ask("POST", "/", length, &uploads[1]))->start, "3");
        assert_string_equal(answer_to(ask("POST", "/", NULL, NULL))->start, "0");
        close_client();

        open_client(take, &(eddy_http_service_options){.max_body = 1000});
        assert_string_equal(answer_to(ask("POST", "/", NULL, &uploads[2]))->status, "413");
        close_client();
}

/** What a head has promised of a body is held to it. */
static void bodies_of_another_length(void)
{
        const char *const length[] = {"content-length", "10", NULL};
        struct upload less = {.left = 9}, more = {.left = 11};

        open_client(take, NULL);
        assert_int_equal(answer_to(ask("POST", "/", length, &less))->error, NGHTTP2_PROTOCOL_ERROR);
        assert_int_equal(answer_to(ask("POST", "/", length, &more))->error, NGHTTP2_PROTOCOL_ERROR);
        close_client();
}

static eddy_http_files *files;

static int serve_file(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_files_answer(exchange, files);
}

static void write_file(const char *folder, const char *name, size_t size)
{
        char path[64];
        int fd;

        snprintf(path, sizeof path, "%s/%s", folder, name);
        fd = open(path, O_WRONLY | O_CREAT, 0600);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, (off_t)size), 0);
        close(fd);
}

static void whole_files(void)
{
        const char *const range[] = {"range", "bytes=100-1099", NULL};
        char folder[] = "/tmp/eddy-http2-XXXXXX", command[64];
        const struct reply *reply;

        assert_non_null(mkdtemp(folder));
        write_file(folder, "large", BIG);
        write_file(folder, "small", 1000);
        assert_int_equal(eddy_http_files_create(&files, folder, NULL), 0);
        open_client(serve_file, NULL);
        assert_int_equal(answer_to(ask("GET", "/small", NULL, NULL))->size, 1000);
        assert_int_equal(answer_to(ask("GET", "/large", NULL, NULL))->size, BIG);
        reply = answer_to(ask("GET", "/large", range, NULL));
        assert_string_equal(reply->status, "206");
        assert_int_equal(reply->size, 1000);
        reply = answer_to(ask("HEAD", "/large", NULL, NULL));
        assert_int_equal(reply->size, 0);
        assert_non_null(strstr(reply->headers, "content-length: 300000\n"));
        assert_string_equal(answer_to(ask("GET", "/none", NULL, NULL))->status, "404");
        close_client();
        eddy_http_files_destroy(files);
        snprintf(command, sizeof command, "rm -r %s", folder);
        assert_int_equal(system(command), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(urgent_answers_first),
            scene_test(priorities_that_change),
            scene_test(equal_answers),
            scene_test(early_hints),
            scene_test(trailers_without_a_body),
            scene_test(answers_that_are_whole_before_their_end),
            scene_test(uploads_that_are_cut_off),
            scene_test(bodies_that_come_with_the_head),
            scene_test(bodies_of_another_length),
            scene_test(whole_files),
        };

        return cmocka_run_group_tests_name("http2 exchange", tests, NULL, NULL);
}
