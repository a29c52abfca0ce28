/* Bodies of requests: bytes, forms, files, and what a callback gives. */
#include "world.h"

#include <fcntl.h>

/* "METHOD TYPE LENGTH: BODY" */
static int echo(eddy_http_exchange *exchange)
{
        const char *type = eddy_http_exchange_header(exchange, "content-type");
        char *body;
        ssize_t n = eddy_http_exchange_read_all(exchange, &body, 1 << 24);
        int rc;

        if (n < 0)
                return (int)n;
        rc = eddy_http_reply_text(exchange, 0, "%s %s %lld: %.*s", eddy_http_exchange_method(exchange),
                                  type ? type : "none", (long long)eddy_http_exchange_length(exchange),
                                  (int)(n < 1000 ? n : 1000), body);
        eddy_free(body);
        return rc;
}

/* "NAME FILENAME TYPE SIZE" of each part. */
static int tell_form(eddy_http_exchange *exchange)
{
        eddy_http_multipart *form;
        eddy_http_part part;
        char text[1024], *content;
        size_t size = 0;
        int rc = eddy_http_multipart_open(&form, exchange, NULL);

        if (rc < 0)
                return rc;
        while ((rc = eddy_http_multipart_next(form, &part)) > 0) {
                char head[256];
                ssize_t n;

                snprintf(head, sizeof head, "%s %s %s", part.name, part.filename ? part.filename : "-",
                         part.content_type ? part.content_type : "-");
                n = eddy_http_multipart_read_all(form, &content);
                size += (size_t)snprintf(text + size, sizeof text - size, "%s %zd %.3s\n", head, n,
                                         n > 0 ? content : "");
                eddy_free(content);
        }
        eddy_http_multipart_close(form);
        return rc < 0 ? rc : eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = size});
}

static int count(eddy_http_exchange *exchange)
{
        char buffer[16384];
        uint64_t size = 0;
        ssize_t n;

        while ((n = eddy_http_exchange_read(exchange, buffer, sizeof buffer)) > 0)
                size += (uint64_t)n;
        return n < 0 ? (int)n
                     : eddy_http_reply_text(exchange, 0, "%llu %lld", (unsigned long long)size,
                                            (long long)eddy_http_exchange_length(exchange));
}

static eddy_event arrived;

/* Answers while the body is still coming. */
static int refuse_at_once(eddy_http_exchange *exchange)
{
        eddy_event_set(&arrived);
        return eddy_http_reply_text(exchange, 413, "too large");
}

static int answer(eddy_http_exchange *exchange, void *arg)
{
        const char *target = eddy_http_exchange_target(exchange);

        (void)arg;
        if (strcmp(target, "/form") == 0)
                return tell_form(exchange);
        if (strcmp(target, "/count") == 0)
                return count(exchange);
        if (strcmp(target, "/refuse") == 0)
                return refuse_at_once(exchange);
        if (strcmp(target, "/moved") == 0)
                return eddy_http_reply(
                    exchange,
                    &(eddy_http_answer){.status = 307, .headers = (const char *[]){"Location: /echo", NULL}});
        return echo(exchange);
}

COROUTINE_TEST(sends_bytes)
{
        struct world world;

        world_open(&world, answer, NULL);
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/"), .body = "abc", .body_size = 3}, 200,
                      "POST application/octet-stream 3: abc");
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/"), .body = "", .method = "PUT"}, 200,
                      "PUT application/octet-stream 0: ");
        assert_answer(&world,
                      &(eddy_http_request){.url = at(&world, "/"),
                                           .method = "PATCH",
                                           .headers = (const char *[]){"content-type: application/json", NULL},
                                           .body = "{}",
                                           .body_size = 2},
                      200, "PATCH application/json 2: {}");
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/"), .method = "DELETE"}, 200,
                      "DELETE none 0: ");
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/")}, 200, "GET none 0: ");
        world_close(&world);
}

COROUTINE_TEST(sends_a_form)
{
        const char *const fields[] = {"name", "J\xc3\xb6rg & Co", "empty", "", "x", "1+1=2", NULL};
        struct world world;

        world_open(&world, answer, NULL);
        assert_answer(
            &world, &(eddy_http_request){.url = at(&world, "/"), .form = fields}, 200,
            "POST application/x-www-form-urlencoded 44: name=J%C3%B6rg%20%26%20Co&empty=&x=1%2B1%3D2");
        world_close(&world);
}

static void make_file(char path[], size_t size)
{
        int fd = mkstemp(path);
        char *bytes = calloc(1, size + 1);

        memset(bytes, 'f', size);
        assert_int_equal(write(fd, bytes, size), size);
        free(bytes);
        close(fd);
}

COROUTINE_TEST(sends_a_form_with_files)
{
        char path[] = "/tmp/eddy-upload-XXXXXX", expected[256];
        const eddy_http_upload uploads[] = {
            {.name = "a", .data = "value", .size = 5},
            {.name = "b\"c", .filename = "d\"e.txt", .type = "text/plain", .data = "", .size = 0},
            {.name = "file", .path = path},
            {.name = "called", .filename = "x.bin", .path = path},
            {.name = "empty"},
        };
        struct world world;
        char *body;

        make_file(path, 300000);
        world_open(&world, answer, NULL);
        assert_int_equal(
            ask_whole(&world,
                      &(eddy_http_request){.url = at(&world, "/form"), .uploads = uploads, .upload_count = 5},
                      &body),
            200);
        snprintf(expected, sizeof expected,
                 "a - - 5 val\nb%%22c d%%22e.txt text/plain 0 \nfile %s application/octet-stream 300000 fff\n"
                 "called x.bin application/octet-stream 300000 fff\nempty - - 0 \n",
                 strrchr(path, '/') + 1);
        assert_string_equal(body, expected);
        eddy_free(body);
        unlink(path);
        assert_int_equal(
            ask_whole(&world,
                      &(eddy_http_request){.url = at(&world, "/form"), .uploads = uploads, .upload_count = 5},
                      &body),
            -ENOENT);
        assert_non_null(strstr(eddy_error_detail(), path));
        world_close(&world);
}

COROUTINE_TEST(sends_a_file)
{
        char path[] = "/tmp/eddy-upload-XXXXXX";
        struct world world;
        char *body;

        make_file(path, 3000000);
        world_open(&world, answer, NULL);
        assert_answer(&world,
                      &(eddy_http_request){.url = at(&world, "/count"), .method = "PUT", .body_path = path},
                      200, "3000000 3000000");
        truncate(path, 0);
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/count"), .body_path = path}, 200, "0 0");
        unlink(path);
        assert_int_equal(
            ask_whole(&world, &(eddy_http_request){.url = at(&world, "/count"), .body_path = path}, &body),
            -ENOENT);
        assert_int_equal(
            ask_whole(&world, &(eddy_http_request){.url = at(&world, "/count"), .body_path = "/tmp"}, &body),
            -EISDIR);
        world_close(&world);
}

/** A body that is made, as many bytes as there are left, a pause before each. */
struct source {
        int64_t left, whole;
        int failure;
        unsigned begun;
};

static ssize_t give(void *buffer, size_t n, void *arg)
{
        struct source *source = arg;
        int rc = eddy_sleep(0);

        if (rc < 0)
                return rc;
        if ((int64_t)n > source->left)
                n = (size_t)source->left;
        if (n == 0 && source->failure)
                return eddy_fail(source->failure, "it broke");
        if (n > 10000)
                n = 10000;
        memset(buffer, 's', n);
        source->left -= (int64_t)n;
        return (ssize_t)n;
}

static int begin_anew(void *arg)
{
        struct source *source = arg;

        source->left = source->whole;
        source->begun++;
        return 0;
}

COROUTINE_TEST(sends_what_a_callback_gives)
{
        struct source source = {.left = 100000};
        struct world world;

        world_open(&world, answer, NULL);
        assert_answer(&world,
                      &(eddy_http_request){.url = at(&world, "/count"), .read_body = give, .arg = &source}, 200,
                      "100000 -1");
        source.left = 100000;
        assert_answer(
            &world,
            &(eddy_http_request){
                .url = at(&world, "/count"), .read_body = give, .body_length = 100000, .arg = &source},
            200, "100000 100000");
        source.left = 0;
        assert_answer(&world,
                      &(eddy_http_request){.url = at(&world, "/count"), .read_body = give, .arg = &source}, 200,
                      "0 -1");
        world_close(&world);
}

COROUTINE_TEST(tells_of_a_callback_that_fails_or_counted_wrong)
{
        struct {
                struct source source;
                int64_t length;
                int rc;
        } cases[] = {
            {{.left = 50000, .failure = -EIO}, 0, -EIO},
            {{.left = 0, .failure = -EIO}, 0, -EIO},
            {{.left = 50000}, 60000, EDDY_EINCOMPLETE},
        };
        struct world world;

        world_open(&world, answer, NULL);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                char *body;

                assert_int_equal(ask_whole(&world,
                                           &(eddy_http_request){.url = at(&world, "/count"),
                                                                .read_body = give,
                                                                .body_length = cases[i].length,
                                                                .arg = &cases[i].source},
                                           &body),
                                 cases[i].rc);
                assert_string_not_equal(eddy_error_detail(), "");
        }
        assert_int_equal(eddy_interrupted(), 0);
        world_close(&world);
}

/* The server waits for more, of which nothing ever comes: its answer is there all the same. */
static ssize_t wait_for_ever(void *buffer, size_t n, void *arg)
{
        unsigned *calls = arg;

        if ((*calls)++ > 0)
                return eddy_sleep(EDDY_FOREVER);
        memset(buffer, 'x', n);
        return (ssize_t)n;
}

COROUTINE_TEST(has_the_answer_though_the_body_is_not_sent)
{
        unsigned calls = 0;
        struct world world;

        eddy_event_init(&arrived);
        world_open(&world, answer, NULL);
        assert_answer(
            &world,
            &(eddy_http_request){.url = at(&world, "/refuse"), .read_body = wait_for_ever, .arg = &calls}, 413,
            "too large");
        assert_int_equal(eddy_interrupted(), 0);
        world_close(&world);
}

COROUTINE_TEST(sends_a_body_again_where_it_is_redirected)
{
        struct source source = {.left = 5, .whole = 5};
        char path[] = "/tmp/eddy-upload-XXXXXX";
        struct world world;
        char *body;

        make_file(path, 3);
        world_open(&world, answer, NULL);
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/moved"), .body = "abc", .body_size = 3},
                      200, "POST application/octet-stream 3: abc");
        assert_answer(&world,
                      &(eddy_http_request){.url = at(&world, "/moved"), .body_path = path, .method = "PUT"},
                      200, "PUT application/octet-stream 3: fff");
        assert_answer(&world,
                      &(eddy_http_request){.url = at(&world, "/moved"),
                                           .read_body = give,
                                           .rewind_body = begin_anew,
                                           .body_length = 5,
                                           .arg = &source},
                      200, "POST application/octet-stream 5: sssss");
        assert_int_equal(source.begun, 1);
        source.left = 5;
        assert_int_equal(
            ask_whole(&world,
                      &(eddy_http_request){
                          .url = at(&world, "/moved"), .read_body = give, .body_length = 5, .arg = &source},
                      &body),
            EDDY_EHTTP);
        unlink(path);
        world_close(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(sends_bytes),
            cmocka_unit_test(sends_a_form),
            cmocka_unit_test(sends_a_form_with_files),
            cmocka_unit_test(sends_a_file),
            cmocka_unit_test(sends_what_a_callback_gives),
            cmocka_unit_test(tells_of_a_callback_that_fails_or_counted_wrong),
            cmocka_unit_test(has_the_answer_though_the_body_is_not_sent),
            cmocka_unit_test(sends_a_body_again_where_it_is_redirected),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
