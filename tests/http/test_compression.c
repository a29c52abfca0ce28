/* Compressed answers, as a client on the wire sees them. */
#include "helpers.h"
#include "http_common/coding.h"

enum { SHORT = 100, MEDIUM = 5000, LARGE = 300 * 1000, PIECES = 10, MOST = 512 * 1024 };

#define LINES(...)                                                                                             \
        (const char *const[])                                                                                  \
        {                                                                                                      \
                __VA_ARGS__, NULL                                                                              \
        }

static const eddy_http_service_options compressing = {.compresses = true};

/** Sentences, which become smaller, and differ from one another. */
static const char *text(void)
{
        static char text[LARGE + 64];
        size_t size = 0;

        for (unsigned i = 0; text[0] == '\0' || size < LARGE; i++)
                size += (size_t)sprintf(text + size, "sentence %u is not %u. ", i, i * i % 1013);
        return text;
}

/** Bytes that become no smaller. */
static const char *noise(void)
{
        static char bytes[LARGE];
        uint64_t state = 88172645463325252u;

        for (size_t i = 0; i < sizeof bytes; i++) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                bytes[i] = (char)(state >> 32);
        }
        return bytes;
}

/** What there is to be asked for. */
static const struct thing {
        const char *target;
        eddy_http_answer answer;
} things[] = {
    {"/medium", {.headers = LINES("ETag: \"m\"", "Vary: Origin"), .body_size = MEDIUM}},
    {"/large",
     {.content_type = "application/json", .headers = LINES("Accept-Ranges: bytes"), .body_size = LARGE}},
    {"/error", {.status = 404, .body_size = MEDIUM}},
    {"/typed", {.headers = LINES("Content-Type: text/css"), .body_size = MEDIUM}},
    /* from here on never coded */
    {"/short", {.body_size = SHORT}},
    {"/image", {.content_type = "image/png", .body_size = MEDIUM}},
    {"/part", {.status = 206, .headers = LINES("Content-Range: bytes 0-4999/9000"), .body_size = MEDIUM}},
    {"/nothing", {.status = 204}},
    {"/coded", {.headers = LINES("Content-Encoding: x-mine"), .body_size = MEDIUM}},
    {"/as-it-is", {.headers = LINES("Content-Encoding: identity"), .body_size = MEDIUM}},
    {"/kept", {.headers = LINES("Cache-Control: public, no-transform"), .body_size = MEDIUM}},
};

enum { CODED = 4, THINGS = sizeof things / sizeof things[0] };

static int pieces_sent;

static int send_pieces(eddy_http_exchange *exchange, const eddy_http_answer *begin, size_t size, size_t piece)
{
        int rc = eddy_http_reply_begin(exchange, begin);

        for (size_t at = 0; rc == 0 && at < size; at += piece)
                rc = eddy_http_reply_write(exchange, text() + at, size - at < piece ? size - at : piece);
        return rc < 0 ? rc : eddy_http_reply_end_with(exchange, LINES("Sum: 7"));
}

static int answer_by_target(eddy_http_exchange *exchange, void *arg)
{
        const char *target = eddy_http_exchange_target(exchange);

        (void)arg;
        if (strcmp(target, "/noise") == 0)
                return eddy_http_reply(exchange, &(eddy_http_answer){.body = noise(), .body_size = LARGE});
        if (strcmp(target, "/pieces") == 0)
                return send_pieces(exchange, &(eddy_http_answer){.headers = LINES("ETag: \"m\"")}, MEDIUM, 7);
        if (strcmp(target, "/promise") == 0)
                return send_pieces(exchange, &(eddy_http_answer){.headers = LINES("Content-Length: 5000")},
                                   MEDIUM, 1000);
        if (strcmp(target, "/large-pieces") == 0)
                return send_pieces(exchange, &(eddy_http_answer){0}, LARGE, 150 * 1000);
        if (strcmp(target, "/unchanged") == 0)
                return eddy_http_reply(exchange,
                                       &(eddy_http_answer){.status = 304, .headers = LINES("ETag: \"m\"")});
        for (size_t i = 0; i < THINGS; i++)
                if (strcmp(target, things[i].target) == 0) {
                        eddy_http_answer answer = things[i].answer;

                        answer.body = text();
                        return eddy_http_reply(exchange, &answer);
                }
        return -ENOENT;
}

/** An answer, its body put together from what it came in. */
static struct {
        const char *head;
        char body[MOST];
        size_t size;
} got;

static bool has(const char *line)
{
        char whole[256];

        snprintf(whole, sizeof whole, "\r\n%s\r\n", line);
        return strstr(got.head, whole) != NULL;
}

static bool names(const char *header)
{
        char start[64];

        snprintf(start, sizeof start, "\r\n%s:", header);
        return strstr(got.head, start) != NULL;
}

static void read_bytes(size_t n)
{
        assert_true(got.size + n <= sizeof got.body);
        assert_int_equal(eddy_stream_read_exactly(world.stream, got.body + got.size, n), n);
        got.size += n;
}

static size_t next_chunk(void)
{
        const char *line;
        size_t n;

        assert_true(eddy_stream_read_until(world.stream, "\r\n", 2, &line) > 0);
        n = strtoul(line, NULL, 16);
        if (n > 0) {
                read_bytes(n);
                assert_int_equal(eddy_stream_read_exactly(world.stream, (char[2]){0}, 2), 2);
        }
        return n;
}

static void read_body(void)
{
        const char *length = strstr(got.head, "\r\nContent-Length: ");

        got.size = 0;
        if (length) {
                read_bytes(strtoul(length + 18, NULL, 10));
        } else if (has("Transfer-Encoding: chunked")) {
                const char *trailers;

                while (next_chunk() > 0)
                        ;
                assert_true(eddy_stream_read_until(world.stream, "\r\n\r\n", 4, &trailers) > 0);
                assert_memory_equal(trailers, "Sum: 7\r\n", 8);
        }
}

/** Ask, with further lines or "", and read the answer. */
static void ask(const char *method, const char *target, const char *lines)
{
        char request[512];

        snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, target, lines);
        send_text(request);
        got.head = next_head();
        got.size = 0;
        if (strcmp(method, "HEAD") != 0)
                read_body();
}

static void ask_in(enum coding coding, const char *method, const char *target)
{
        char line[64];

        snprintf(line, sizeof line, "Accept-Encoding: %s\r\n", coding_name(coding));
        ask(method, target, line);
}

static bool is_coded(enum coding coding)
{
        char line[64];

        snprintf(line, sizeof line, "Content-Encoding: %s", coding_name(coding));
        return has(line);
}

/** What came is this, coded. */
static void assert_decodes(enum coding coding, const char *expected, size_t size)
{
        static char body[MOST];
        struct coding_io io = {got.body, got.size, body, sizeof body};
        struct decoder decoder;

        assert_int_equal(decoder_begin(&decoder, coding, NULL), 0);
        assert_int_equal(decoder_feed(&decoder, &io), 0);
        assert_int_equal(decoder_end(&decoder), 0);
        decoder_finish(&decoder);
        assert_int_equal(sizeof body - io.out_size, size);
        assert_memory_equal(body, expected, size);
}

static const enum coding sent_codings[] = {CODING_GZIP, CODING_BR, CODING_ZSTD};

#define EACH_CODING(coding)                                                                                    \
        for (size_t index_ = 0; index_ < 3; index_++)                                                          \
                for (enum coding coding = sent_codings[index_]; coding_is_built_in(coding) && coding;          \
                     coding = CODING_IDENTITY)

static void whole_answers(void)
{
        open_world(answer_by_target, &compressing);
        EACH_CODING(coding)
        {
                for (size_t i = 0; i < CODED; i++) {
                        ask_in(coding, "GET", things[i].target);
                        assert_true(is_coded(coding));
                        assert_true(got.size < things[i].answer.body_size / 2);
                        assert_decodes(coding, text(), things[i].answer.body_size);
                        assert_true(has(i == 0 ? "Vary: Origin, Accept-Encoding" : "Vary: Accept-Encoding"));
                        assert_false(names("Accept-Ranges"));

                        ask_in(coding, "HEAD", things[i].target);
                        assert_true(is_coded(coding) && names("Vary"));
                        assert_false(names("Content-Length") || names("Transfer-Encoding"));
                }
        }
        close_world();
}

/** The service says which codings, in which order, how hard to try and from which size on. */
static void what_the_service_prefers(void)
{
        size_t sizes[2] = {0, 0};
        eddy_http_service_options options = compressing;

        if (!coding_is_built_in(CODING_GZIP))
                return;
        for (int i = 0; i < 2; i++) {
                options.codings = (const eddy_http_coding[]){{"gzip", i == 0 ? 1 : 9}, {"br", 1}, {NULL, 0}};
                options.compress_min_size = MEDIUM + 1;
                open_world(answer_by_target, &options);
                ask("GET", "/large", "Accept-Encoding: zstd, br, gzip\r\n");
                assert_true(is_coded(CODING_GZIP));
                sizes[i] = got.size;
                ask("GET", "/large", "Accept-Encoding: zstd\r\n"); /* it is left out */
                assert_false(names("Content-Encoding"));
                ask("GET", "/medium", "Accept-Encoding: gzip\r\n");
                assert_false(names("Content-Encoding"));
                close_world();
        }
        assert_true(sizes[1] < sizes[0]);
}

static void preferences_that_are_none(void **state)
{
        static const eddy_http_coding wrong[][3] = {
            {{"lzma", 0}}, {{"deflate", 0}}, {{"gzip", 10}}, {{"identity", 0}},
            {{"br", 12}},  {{"zstd", -1}},   {{"zstd", 20}}, {{"gzip", 1}, {"x-gzip", 2}}};
        eddy_http_service *service;

        (void)state;
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                assert_int_equal(eddy_http_service_create(&service, answer_by_target, NULL,
                                                          &(eddy_http_service_options){.codings = wrong[i]}),
                                 -EINVAL);
                assert_null(service);
        }
}

static void pieces(void)
{
        static const struct {
                const char *target;
                size_t size;
        } asked[] = {{"/pieces", MEDIUM}, {"/promise", MEDIUM}, {"/large-pieces", LARGE}};

        open_world(answer_by_target, &compressing);
        EACH_CODING(coding)
        {
                for (size_t i = 0; i < 3; i++) {
                        ask_in(coding, "GET", asked[i].target);
                        assert_true(is_coded(coding) && has("Vary: Accept-Encoding"));
                        assert_true(has("Transfer-Encoding: chunked") && !names("Content-Length"));
                        assert_decodes(coding, text(), asked[i].size);

                        ask_in(coding, "HEAD", asked[i].target);
                        assert_true(is_coded(coding) && has("Vary: Accept-Encoding"));
                        assert_false(names("Content-Length") || names("Transfer-Encoding"));
                }
        }
        close_world();
}

/** To HTTP/1.0 it is the connection's end that ends it. */
static void pieces_without_chunks(void)
{
        char *rest;
        ssize_t n;

        if (!coding_is_built_in(CODING_GZIP))
                return;
        open_world(answer_by_target, &compressing);
        send_text("GET /pieces HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n");
        assert_non_null(strstr(next_head(), "\r\nContent-Encoding: gzip\r\n"));
        n = eddy_stream_read_all(world.stream, &rest, sizeof got.body);
        assert_true(n > 0);
        memcpy(got.body, rest, (size_t)n);
        got.size = (size_t)n;
        eddy_free(rest);
        assert_decodes(CODING_GZIP, text(), MEDIUM);
        close_world();
}

static void assert_as_it_is(size_t size)
{
        assert_false(is_coded(CODING_GZIP) || is_coded(CODING_IDENTITY));
        assert_int_equal(got.size, size);
        assert_memory_equal(got.body, text(), size);
}

static void what_is_left_as_it_is(void)
{
        open_world(answer_by_target, &compressing);
        for (size_t i = CODED; i < THINGS; i++) {
                ask_in(CODING_GZIP, "GET", things[i].target);
                assert_as_it_is(things[i].answer.body_size);
                assert_false(names("Vary"));
        }
        for (size_t i = 0; i < CODED; i++) { /* but whoever keeps it must know that others get another one */
                ask("GET", things[i].target, "");
                assert_as_it_is(things[i].answer.body_size);
                assert_true(has(i == 0 ? "Vary: Origin, Accept-Encoding" : "Vary: Accept-Encoding"));
        }
        ask_in(CODING_GZIP, "GET", "/noise");
        assert_false(names("Content-Encoding"));
        assert_true(!coding_is_built_in(CODING_GZIP) || has("Vary: Accept-Encoding"));
        assert_int_equal(got.size, LARGE);
        assert_memory_equal(got.body, noise(), LARGE);
        close_world();

        open_world(answer_by_target, NULL); /* nobody has asked for it */
        ask_in(CODING_GZIP, "GET", "/large");
        assert_as_it_is(LARGE);
        assert_false(names("Vary"));
        close_world();
}

/** An ETag that the server has made of the handler's comes back. */
static void what_the_client_has(void)
{
        static const char *const targets[] = {"/medium", "/pieces"};

        if (!coding_is_built_in(CODING_GZIP))
                return;
        open_world(answer_by_target, &compressing);
        for (int i = 0; i < 2; i++) {
                ask_in(CODING_GZIP, "GET", targets[i]);
                assert_true(has("ETag: \"m-gzip\""));
                ask("GET", targets[i],
                    "Accept-Encoding: gzip\r\nIf-None-Match: \"y\"\r\nIf-None-Match: \"x\", \"m-gzip\"\r\n");
                assert_memory_equal(got.head, "HTTP/1.1 304 ", 13);
                assert_true(has("ETag: \"m-gzip\"") && names("Vary"));
                assert_false(names("Content-Length") || names("Transfer-Encoding") ||
                             names("Content-Encoding"));
                ask("GET", targets[i], "If-None-Match: \"m-gzip\"\r\n"); /* who cannot read that one any more */
                assert_memory_equal(got.head, "HTTP/1.1 200 ", 13);
                assert_as_it_is(MEDIUM);
                assert_true(has("ETag: \"m\""));
                ask("POST", targets[i], "Accept-Encoding: gzip\r\nIf-None-Match: \"m-gzip\"\r\n");
                assert_memory_equal(got.head, "HTTP/1.1 200 ", 13);
        }
        ask("GET", "/unchanged", "Accept-Encoding: gzip\r\nIf-None-Match: \"m-gzip\"\r\n");
        assert_true(has("ETag: \"m-gzip\"") && has("Vary: Accept-Encoding"));
        close_world();
}

static eddy_event next;

static int send_events(eddy_http_exchange *exchange, void *arg)
{
        int rc = 0;

        (void)arg;
        for (pieces_sent = 0; rc == 0 && pieces_sent < PIECES;) {
                rc = eddy_http_reply_event(exchange, &(eddy_http_event){.data = "news"});
                pieces_sent++;
                eddy_event_clear(&next);
                if (rc == 0)
                        rc = eddy_event_wait(&next);
        }
        return rc < 0 ? rc : eddy_http_reply_end(exchange);
}

/** Each event can be read when it was sent, and before there is another. */
static void events_leave_when_they_are_sent(void)
{
        static const char event[] = "data: news\n\n";

        EACH_CODING(coding)
        {
                char request[128], text[64];
                struct coding_io io;
                struct decoder decoder;

                eddy_event_init(&next);
                open_world(send_events, &compressing);
                snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: %s\r\n\r\n",
                         coding_name(coding));
                send_text(request);
                got.head = next_head();
                assert_true(is_coded(coding));
                assert_int_equal(decoder_begin(&decoder, coding, NULL), 0);
                for (int i = 1; i <= PIECES; i++) {
                        io = (struct coding_io){.out = text, .out_size = sizeof text};
                        while (io.out_size > sizeof text - strlen(event)) {
                                got.size = 0;
                                assert_true(next_chunk() > 0);
                                io.in = got.body;
                                io.in_size = got.size;
                                assert_int_equal(decoder_feed(&decoder, &io), 0);
                        }
                        assert_int_equal(sizeof text - io.out_size, strlen(event));
                        assert_memory_equal(text, event, strlen(event));
                        assert_int_equal(pieces_sent, i);
                        eddy_event_set(&next);
                }
                got.size = 0;
                while (next_chunk() > 0)
                        ;
                io = (struct coding_io){
                    .in = got.body, .in_size = got.size, .out = text, .out_size = sizeof text};
                assert_int_equal(decoder_feed(&decoder, &io), 0);
                assert_int_equal(decoder_end(&decoder), 0);
                decoder_finish(&decoder);
                close_world();
                eddy_event_finish(&next);
        }
}

static const int running = 1;
static int outcome;

/** For ever, or in one piece that a thread is at. */
static int answer_much(eddy_http_exchange *exchange, void *arg)
{
        bool is_whole = strcmp(eddy_http_exchange_target(exchange), "/large") == 0;
        int rc;

        (void)arg;
        has_begun = true;
        if (is_whole)
                rc = eddy_http_reply(exchange, &(eddy_http_answer){.body = text(), .body_size = LARGE});
        else
                rc = eddy_http_reply_begin(exchange, &(eddy_http_answer){0});
        while (rc == 0 && !is_whole) {
                rc = eddy_http_reply_write(exchange, noise(), LARGE);
                if (rc == 0)
                        rc = eddy_yield();
        }
        outcome = rc;
        return rc;
}

static void clients_that_leave(void)
{
        static const char *const targets[] = {"/large", "/ever"};

        for (int i = 0; i < 4; i++) {
                const eddy_http_service_options options = {.compresses = true, .ignores_gone = i >= 2};
                char request[128];

                outcome = running;
                open_world(answer_much, &options);
                snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n",
                         targets[i % 2]);
                send_text(request);
                until(has_begun);
                eddy_stream_abort(world.stream);
                until(eddy_server_connections(world.server) == 0);
                until(outcome != running);
                assert_true(i % 2 == 0 || outcome < 0);
                assert_null(world.exception);
                close_world();
        }
}

static int stop_early(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        assert_int_equal(
            eddy_http_reply_begin(
                exchange,
                &(eddy_http_answer){.headers = LINES("Content-Length: 9"), .body = "abc", .body_size = 3}),
            0);
        assert_int_equal(eddy_http_reply_end(exchange), EDDY_EINCOMPLETE);
        assert_int_equal(eddy_http_reply_write(exchange, "defghij", 7), -EINVAL);
        return 0;
}

/** A promise of a length is held to, in the bytes that are written, and what stops early breaks the connection. */
static void promises(void)
{
        char *rest = NULL;

        open_world(stop_early, &(eddy_http_service_options){.compresses = true});
        send_text("GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, *;q=0\r\n\r\n");
        next_head();
        if (eddy_stream_read_all(world.stream, &rest, sizeof got.body) > 0)
                assert_null(strstr(rest, "\r\n0\r\n"));
        eddy_free(rest);
        close_world();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(what_the_service_prefers),
            cmocka_unit_test(preferences_that_are_none),
            scene_test(whole_answers),
            scene_test(pieces),
            scene_test(pieces_without_chunks),
            scene_test(what_is_left_as_it_is),
            scene_test(what_the_client_has),
            scene_test(events_leave_when_they_are_sent),
            scene_test(clients_that_leave),
            scene_test(promises),
        };

        return cmocka_run_group_tests_name("compression", tests, NULL, NULL);
}
