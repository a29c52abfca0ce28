/* Bodies of requests in a content coding, as a client on the wire sends them. */
#include "helpers.h"
#include "http_common/coding.h"

enum { SIZE = 100 * 1000, MOST = 6 * 1024 * 1024 };

static const eddy_http_service_options decoding = {.decodes = true};

static size_t piece; /* that the handler reads at once */
static int64_t length;
static int error;

/** How many bytes of the pattern came. */
static int count_bytes(eddy_http_exchange *exchange, void *arg)
{
        static char bytes[64 * 1024];
        char text[32];
        size_t size = 0;
        ssize_t n;

        (void)arg;
        length = eddy_http_exchange_length(exchange);
        while ((n = eddy_http_exchange_read(exchange, bytes, piece)) > 0) {
                for (ssize_t i = 0; i < n; i++)
                        if (bytes[i] != pattern_at(size + (size_t)i))
                                return -EBADMSG;
                size += (size_t)n;
        }
        error = (int)n;
        if (n < 0)
                return (int)n;
        snprintf(text, sizeof text, "%zu", size);
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = strlen(text)});
}

static int count_zeros(eddy_http_exchange *exchange, void *arg)
{
        char bytes[4096];

        (void)arg;
        do
                error = (int)eddy_http_exchange_read(exchange, bytes, sizeof bytes);
        while (error > 0);
        return error < 0 ? error : eddy_http_reply(exchange, &(eddy_http_answer){0});
}

static char coded[MOST];

static size_t encode(enum coding coding, size_t size)
{
        char *body = make_pattern(size);
        ssize_t n = coding_encode(coding, 0, body, size, coded, sizeof coded);

        assert_true(n > 0);
        free(body);
        return (size_t)n;
}

/** Send what was encoded, by its length or in chunks of some bytes. */
static void post(const char *coding, size_t n, size_t chunk)
{
        char text[256];

        snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: x\r\n%s%s\r\n",
                 coding[0] ? "Content-Encoding: " : "", coding[0] ? coding : "X: y");
        send_text(text);
        snprintf(text, sizeof text,
                 chunk ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: %zu\r\n\r\n", n);
        send_text(text);
        if (chunk == 0)
                assert_int_equal(eddy_stream_write_all(world.stream, coded, n), n);
        for (size_t at = 0; chunk && at < n; at += chunk) {
                size_t size = n - at < chunk ? n - at : chunk;

                snprintf(text, sizeof text, "%zx\r\n", size);
                send_text(text);
                assert_int_equal(eddy_stream_write_all(world.stream, coded + at, size), size);
                send_text("\r\n");
        }
        if (chunk)
                send_text("0\r\n\r\n");
}

static void assert_counted(size_t size)
{
        char text[32];

        snprintf(text, sizeof text, "%zu", size);
        assert_answer("HTTP/1.1 200 OK", text);
}

static void bodies_are_what_they_were(void)
{
        static const size_t pieces[] = {1, 7, 4096, 64 * 1024};

        open_world(count_bytes, &decoding);
        for (enum coding coding = CODING_GZIP; coding < CODINGS; coding++) {
                size_t n = coding_is_built_in(coding) ? encode(coding, SIZE) : 0;

                for (size_t i = 0; n > 0 && i < 4; i++)
                        for (size_t chunk = 0; chunk < 2000; chunk += 777) {
                                piece = pieces[i];
                                post(coding_name(coding), n, chunk);
                                assert_counted(SIZE);
                                assert_int_equal(length, -1);
                        }
                if (n > 0) {
                        post(coding_name(coding), 0, 0); /* nothing at all */
                        assert_counted(0);
                }
        }
        close_world();
}

static void bodies_as_they_are(void)
{
        char *body = make_pattern(1000);

        memcpy(coded, body, 1000);
        free(body);
        piece = 4096;
        open_world(count_bytes, &decoding);
        post("", 1000, 0);
        assert_counted(1000);
        assert_int_equal(length, 1000);
        post("identity", 1000, 0);
        assert_counted(1000);
        close_world();

        open_world(count_bytes, NULL); /* nobody has asked for more */
        post("gzip", 1000, 0);
        assert_counted(1000);
        assert_int_equal(length, 1000);
        close_world();
}

static void assert_refused(const char *status_line, int expected)
{
        const char *head = next_head();

        assert_memory_equal(head, status_line, strlen(status_line));
        assert_int_equal(error, expected);
        assert_null(world.exception);
        if (expected == EDDY_ENOTSUP)
                assert_non_null(strstr(head, "\r\nAccept-Encoding: identity"));
}

/** Some kilobytes that become megabytes end as soon as either bound is passed. */
static void bombs(void)
{
        if (!coding_is_built_in(CODING_GZIP))
                return;
        for (int i = 0; i < 2; i++) {
                const eddy_http_service_options options = {.decodes = true, .max_body = i == 0 ? SIZE : 0};
                static char zeros[3 * 1024 * 1024];
                ssize_t n = i == 0 ? (ssize_t)encode(CODING_GZIP, SIZE + 1)
                                   : coding_encode(CODING_GZIP, 0, zeros, sizeof zeros, coded, sizeof coded);

                assert_true(n > 0 && n < SIZE);
                piece = 4096;
                open_world(i == 0 ? count_bytes : count_zeros, &options);
                post("gzip", (size_t)n, 0);
                assert_refused("HTTP/1.1 413 ", EDDY_ELIMIT);
                close_world();
        }
}

static void what_is_no_such_body(void)
{
        static const char *const unknown[] = {"x-mine", "gzip, gzip", "gzip\r\nContent-Encoding: gzip",
                                              "gzip, identity"};
        size_t n;

        piece = 4096;
        for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
                open_world(count_bytes, &decoding);
                post(unknown[i], 100, 0);
                assert_refused("HTTP/1.1 415 ", EDDY_ENOTSUP);
                close_world();
        }
        if (!coding_is_built_in(CODING_GZIP))
                return;
        n = encode(CODING_GZIP, SIZE);
        open_world(count_bytes, &decoding);
        post("gzip", n - 1, 0);
        assert_refused("HTTP/1.1 400 ", EDDY_EINCOMPLETE);
        close_world();
        memcpy(coded + n, "behind", 6);
        open_world(count_bytes, &decoding);
        post("gzip", n + 6, 0);
        assert_refused("HTTP/1.1 400 ", EDDY_EPROTOCOL);
        close_world();
}

/** What nobody has read is passed over. */
static void bodies_that_are_not_read(void)
{
        open_world(hello, &decoding);
        for (int i = 0; i < 2; i++) {
                memset(coded, 'x', 1000);
                post("gzip", 1000, 0);
                assert_answer("HTTP/1.1 200 OK", "hello, world!");
        }
        close_world();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(bodies_are_what_they_were), scene_test(bodies_as_they_are),       scene_test(bombs),
            scene_test(what_is_no_such_body),      scene_test(bodies_that_are_not_read),
        };

        return cmocka_run_group_tests_name("decoding", tests, NULL, NULL);
}
