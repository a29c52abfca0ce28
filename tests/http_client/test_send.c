/* Requests that are sent, and answers that are read as fast as their reader likes. */
#include "world.h"

static eddy_event may_go_on;
static size_t written;
static bool was_held;
static unsigned asked;

/* Until the client takes no more. */
static int write_much(eddy_http_exchange *exchange)
{
        static const char block[64 * 1024];
        int rc =
            eddy_http_reply_begin(exchange, &(eddy_http_answer){.content_type = "application/octet-stream"});

        written = 0;
        was_held = false;
        while (rc == 0 && !was_held && written < ((size_t)1 << 30)) {
                eddy_timeout timeout;

                eddy_timeout_open(&timeout, eddy_ms(300));
                rc = eddy_http_reply_write(exchange, block, sizeof block);
                was_held = eddy_timeout_close(&timeout) == EDDY_TIMEOUT;
                if (rc == 0)
                        written += sizeof block;
        }
        eddy_event_set(&may_go_on);
        return was_held ? eddy_http_reply_end(exchange) : rc;
}

static int two_pieces(eddy_http_exchange *exchange)
{
        int rc =
            eddy_http_reply_begin(exchange, &(eddy_http_answer){.content_type = "application/octet-stream"});

        if (rc == 0)
                rc = eddy_http_reply_write(exchange, "first", 5);
        if (rc == 0)
                rc = eddy_event_wait(&may_go_on);
        if (rc == 0)
                rc = eddy_http_reply_write(exchange, "second", 6);
        return rc == 0 ? eddy_http_reply_end(exchange) : rc;
}

static int compressible(eddy_http_exchange *exchange)
{
        static char text[100000];

        memset(text, 'a', sizeof text);
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = sizeof text});
}

static int headers(eddy_http_exchange *exchange)
{
        const char *names[] = {"Accept",     "X-One",           "X-Two", "Authorization",
                               "User-Agent", "Accept-Encoding", "Expect"};
        char text[1024];
        size_t size = 0;

        text[0] = '\0';
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                const char *value = eddy_http_exchange_header(exchange, names[i]);

                if (value)
                        size += (size_t)snprintf(text + size, sizeof text - size, "%s=%s\n", names[i], value);
        }
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = size});
}

/* 503 the first time. */
static int busy_once(eddy_http_exchange *exchange)
{
        if (asked++ == 0)
                return eddy_http_reply(
                    exchange,
                    &(eddy_http_answer){.status = 503, .headers = (const char *[]){"Retry-After: 0", NULL}});
        return eddy_http_reply_text(exchange, 200, "%u", asked);
}

/* The connection breaks, the first time. */
static int broken_once(eddy_http_exchange *exchange)
{
        if (asked++ == 0)
                return eddy_http_reply_begin(
                           exchange, &(eddy_http_answer){.content_type = "application/octet-stream"}) < 0
                           ? -EIO
                           : -ECONNRESET;
        return eddy_http_reply_text(exchange, 200, "%u", asked);
}

static unsigned posted;

/* Takes what is posted, and sends its client to an answer that is not there. */
static int take_order(eddy_http_exchange *exchange)
{
        posted += strcmp(eddy_http_exchange_method(exchange), "POST") == 0;
        return eddy_http_reply(
            exchange,
            &(eddy_http_answer){.status = 303, .headers = (const char *[]){"Location: /unavailable", NULL}});
}

static int unavailable(eddy_http_exchange *exchange)
{
        asked++;
        return eddy_http_reply(exchange, &(eddy_http_answer){.status = 503});
}

/* Comes in two pieces, between which a clock runs out; or leads elsewhere so. */
static int drip(eddy_http_exchange *exchange)
{
        int rc = eddy_http_reply_begin(
            exchange, &(eddy_http_answer){.status = 302,
                                          .content_type = "application/octet-stream",
                                          .headers = (const char *[]){"Location: /headers", NULL}});

        if (rc == 0)
                rc = eddy_http_reply_write(exchange, "a", 1);
        return rc < 0 ? rc : eddy_sleep(EDDY_FOREVER);
}

static int answer(eddy_http_exchange *exchange, void *arg)
{
        static const struct {
                const char *path;
                int (*answer)(eddy_http_exchange *exchange);
        } answers[] = {
            {"/much", write_much},         {"/pieces", two_pieces}, {"/aaa", compressible},
            {"/headers", headers},         {"/busy", busy_once},    {"/order", take_order},
            {"/unavailable", unavailable}, {"/drip", drip},         {"/broken", broken_once},
        };
        const char *target = eddy_http_exchange_target(exchange);

        (void)arg;
        for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
                if (strncmp(target, answers[i].path, strlen(answers[i].path)) == 0)
                        return answers[i].answer(exchange);
        return eddy_http_reply_text(exchange, 0, "%s %s", eddy_http_exchange_method(exchange), target);
}

COROUTINE_TEST(gives_the_head_and_then_the_body)
{
        struct world world;
        eddy_http_response response;
        const char *value;
        char text[4];

        world_open(&world, answer, NULL);
        assert_int_equal(
            eddy_http_send(world.client, &(eddy_http_request){.url = at(&world, "/x?y")}, &response), 0);
        assert_int_equal(response.status, 200);
        assert_int_equal(response.version, 11);
        assert_int_equal(response.length, 8);
        assert_string_equal(response.url, at(&world, "/x?y"));
        assert_string_equal(eddy_http_response_header(&response, "CONTENT-LENGTH"), "8");
        assert_non_null(eddy_http_response_header_at(&response, 0, &value));
        assert_null(eddy_http_response_header_at(&response, 100, &value));
        assert_int_equal(eddy_http_response_read(&response, text, 0), 0);
        assert_int_equal(eddy_http_response_read(&response, text, 4), 4);
        assert_memory_equal(text, "GET ", 4);
        assert_int_equal(eddy_http_response_read(&response, text, 4), 4);
        assert_memory_equal(text, "/x?y", 4);
        assert_int_equal(eddy_http_response_read(&response, text, 4), 0);
        assert_int_equal(eddy_http_response_read(&response, text, 4), 0);
        assert_int_equal(response.received, 8);
        eddy_http_response_finish(&response);
        eddy_http_response_finish(&response);
        assert_int_equal(eddy_http_response_read(&response, text, 4), -EINVAL);
        world_close(&world);
}

COROUTINE_TEST(gives_what_has_come_while_more_is_to_come)
{
        struct world world;
        eddy_http_response response;
        char text[64];

        eddy_event_init(&may_go_on);
        world_open(&world, answer, NULL);
        assert_int_equal(
            eddy_http_send(world.client, &(eddy_http_request){.url = at(&world, "/pieces")}, &response), 0);
        assert_int_equal(response.length, -1);
        assert_int_equal(eddy_http_response_read(&response, text, sizeof text), 5);
        eddy_event_set(&may_go_on);
        assert_int_equal(eddy_http_response_read(&response, text, sizeof text), 6);
        assert_int_equal(eddy_http_response_read(&response, text, sizeof text), 0);
        eddy_http_response_finish(&response);
        world_close(&world);
}

/* A reader that takes its time has the server wait, and misses nothing of what it was sent. */
COROUTINE_TEST(holds_the_server_back)
{
        struct world world;
        eddy_http_response response;
        char *buffer = malloc(100000);
        size_t got = 0;
        ssize_t n;

        eddy_event_init(&may_go_on);
        world_open(&world, answer, NULL);
        assert_int_equal(
            eddy_http_send(world.client,
                           &(eddy_http_request){.url = at(&world, "/much"),
                                                .keeps_encoding = true,
                                                .headers = (const char *[]){"Accept-Encoding:", NULL}},
                           &response),
            0);
        assert_int_equal(eddy_event_wait(&may_go_on), 0);
        assert_true(was_held);
        assert_in_range(written, 1, 32 << 20); /* what sockets take */
        while ((n = eddy_http_response_read(&response, buffer, 100000)) > 0)
                got += (size_t)n;
        assert_int_equal(n, 0);
        assert_in_range(got, written, written + 64 * 1024); /* and the piece that had to wait */
        eddy_http_response_finish(&response);
        free(buffer);
        world_close(&world);
}

COROUTINE_TEST(gives_up_what_is_not_read)
{
        struct world world;
        eddy_http_response response;

        eddy_event_init(&may_go_on);
        world_open(&world, answer, NULL);
        assert_int_equal(
            eddy_http_send(world.client, &(eddy_http_request){.url = at(&world, "/pieces")}, &response), 0);
        eddy_http_response_finish(&response);
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/next")}, 200, "GET /next");
        world_close(&world);
}

COROUTINE_TEST(decompresses_unless_told_not_to)
{
        struct world world;
        eddy_http_response response;
        char *body;

        world_open(&world, answer, NULL);
        assert_int_equal(
            eddy_http_send(world.client, &(eddy_http_request){.url = at(&world, "/aaa")}, &response), 0);
        assert_non_null(eddy_http_response_header(&response, "content-encoding"));
        assert_int_equal(response.length, -1);
        assert_int_equal(eddy_http_response_read_all(&response, &body, 100000), 100000);
        assert_int_equal(strspn(body, "a"), 100000);
        eddy_free(body);
        eddy_http_response_finish(&response);

        assert_int_equal(
            eddy_http_send(world.client, &(eddy_http_request){.url = at(&world, "/aaa")}, &response), 0);
        assert_int_equal(eddy_http_response_read_all(&response, &body, 99999), EDDY_ELIMIT);
        eddy_http_response_finish(&response);

        assert_int_equal(
            eddy_http_send(world.client,
                           &(eddy_http_request){.url = at(&world, "/aaa"),
                                                .headers = (const char *[]){"Accept-Encoding: gzip", NULL}},
                           &response),
            0);
        assert_string_equal(eddy_http_response_header(&response, "content-encoding"), "gzip");
        assert_in_range(eddy_http_response_read_all(&response, &body, 100000), 1, 1000);
        eddy_free(body);
        eddy_http_response_finish(&response);
        world_close(&world);
}

COROUTINE_TEST(sends_headers_of_the_client_and_of_the_request)
{
        const char *const defaults[] = {"X-One: client", "X-Two: client", "Authorization: Bearer abc", NULL};
        const char *const own[] = {"x-two: request", "Accept:", NULL};
        const eddy_http_client_options options = {.headers = defaults, .user_agent = "tester"};
        struct world world;

        world_open(&world, answer, &options);
        assert_answer(
            &world, &(eddy_http_request){.url = at(&world, "/headers"), .headers = own, .keeps_encoding = true},
            200, "X-One=client\nX-Two=request\nAuthorization=Bearer abc\nUser-Agent=tester\n");
        world_close(&world);
}

COROUTINE_TEST(says_who_asks)
{
        const char *const none[] = {"Accept:", "User-Agent:", NULL};
        struct world world;

        world_open(&world, answer, NULL);
        assert_answer(
            &world,
            &(eddy_http_request){
                .url = at(&world, "/headers"), .headers = none, .user = "me:secret", .keeps_encoding = true},
            200, "Authorization=Basic bWU6c2VjcmV0\n");
        world_close(&world);
}

COROUTINE_TEST(asks_relative_to_a_base)
{
        struct world world;
        char base[128];

        world_open(&world, answer, NULL);
        snprintf(base, sizeof base, "%s/api/v1/", world.base);
        use_client(&world, &(eddy_http_client_options){.base_url = base});
        assert_answer(&world, &(eddy_http_request){.url = "users?x=1"}, 200, "GET /api/v1/users?x=1");
        assert_answer(&world, &(eddy_http_request){.url = "/users"}, 200, "GET /users");
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/whole")}, 200, "GET /whole");
        assert_answer(&world,
                      &(eddy_http_request){.url = "q", .query = (const char *[]){"a b", "c&d", "e", NULL}}, 200,
                      "GET /api/v1/q?a%20b=c%26d&e=");
        world_close(&world);
}

/* The credentials that are a client's own are for its base: not for whatever its requests name. */
COROUTINE_TEST(keeps_its_credentials_for_its_base)
{
        const char *const defaults[] = {"Authorization: Bearer abc", "Accept:", "X-One: 1", NULL};
        struct world world;
        char url[128];

        world_open(&world, answer, NULL);
        use_client(&world,
                   &(eddy_http_client_options){.base_url = world.base, .headers = defaults, .user_agent = "x"});
        assert_answer(&world, &(eddy_http_request){.url = "/headers", .keeps_encoding = true}, 200,
                      "X-One=1\nAuthorization=Bearer abc\nUser-Agent=x\n");
        snprintf(url, sizeof url, "%s/headers", world.other_base);
        assert_answer(&world, &(eddy_http_request){.url = url, .keeps_encoding = true}, 200,
                      "X-One=1\nUser-Agent=x\n");
        world_close(&world);
}

COROUTINE_TEST(asks_by_a_unix_socket)
{
        struct world world;
        eddy_server *server;
        char path[] = "/tmp/eddy-client-XXXXXX", url[128];

        close(mkstemp(path));
        unlink(path);
        world_open(&world, answer, NULL);
        assert_int_equal(eddy_http_start_unix_server(&server, world.service, path, NULL), 0);
        snprintf(url, sizeof url, "http://unix:%s:/in/there?x", path);
        assert_answer(&world, &(eddy_http_request){.url = url}, 200, "GET /in/there?x");
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/by/tcp")}, 200, "GET /by/tcp");
        eddy_server_close(server);
        eddy_http_service_drain(world.service, 0);
        eddy_server_destroy(server);
        unlink(path);
        world_close(&world);
}

COROUTINE_TEST(refuses_what_it_cannot_ask_for)
{
        static const struct {
                const char *url, *header;
                int rc;
        } bad[] = {
            {NULL, NULL, -EINVAL},
            {"ftp://127.0.0.1/", NULL, EDDY_ENOTSUP},
            {"file:///etc/passwd", NULL, EDDY_ENOTSUP},
            {"http://unix:/tmp/nothing", NULL, -EINVAL},
            {"http://unix:/tmp/nothing:.example.org/", NULL, -EINVAL},
            {"http://127.0.0.1:99999/", NULL, -EINVAL},
            {"http://127.0.0.1/", "no header", -EINVAL},
            {"http://127.0.0.1/", "X: y\r\nInjected: 1", -EINVAL},
            {"http://127.0.0.1/", ": empty", -EINVAL},
        };
        struct world world;

        world_open(&world, answer, NULL);
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                const char *const lines[] = {bad[i].header, NULL};
                eddy_http_response response;

                assert_int_equal(eddy_http_send(world.client,
                                                &(eddy_http_request){.url = bad[i].url, .headers = lines},
                                                &response),
                                 bad[i].rc);
                assert_string_not_equal(eddy_error_detail(), "");
                eddy_http_response_finish(&response);
        }
        world_close(&world);
}

TEST(refuses_options_that_are_none)
{
        static const char *const headers_without_colon[] = {"nothing", NULL};
        static const eddy_http_client_options bad[] = {
            {.base_url = "example.org/api"},
            {.base_url = "file:///tmp"},
            {.proxy = "gopher://127.0.0.1"},
            {.headers = headers_without_colon},
        };
        eddy_loop *loop = new_loop();

        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                eddy_http_client_options options = bad[i];
                eddy_http_client *client;

                options.loop = loop;
                assert_int_equal(eddy_http_client_create(&client, &options), -EINVAL);
        }
        eddy_loop_destroy(loop);
}

COROUTINE_TEST(retries_what_may_be_asked_for_twice)
{
        static const struct {
                const char *path, *method, *header;
                unsigned retries;
                int rc;
                unsigned asked;
        } cases[] = {
            {"/busy", NULL, NULL, 0, 503, 1},
            {"/busy", NULL, NULL, 1, 200, 2},
            {"/busy", "PUT", NULL, 1, 200, 2},
            {"/busy", "POST", NULL, 5, 503, 1},
            {"/busy", "POST", "Idempotency-Key: 1", 5, 200, 2},
        };
        struct world world;

        world_open(&world, answer, NULL);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                const char *const lines[] = {cases[i].header, NULL};
                char *body;

                asked = 0;
                assert_int_equal(ask_whole(&world,
                                           &(eddy_http_request){.url = at(&world, cases[i].path),
                                                                .method = cases[i].method,
                                                                .headers = lines,
                                                                .retries = cases[i].retries,
                                                                .backoff = 1},
                                           &body),
                                 cases[i].rc);
                assert_int_equal(asked, cases[i].asked);
                eddy_free(body);
        }
        world_close(&world);
}

/* Once its head was there, an answer is the reader's: whoever has read a part of it must not be given it again. */
COROUTINE_TEST(does_not_retry_what_was_begun_to_be_read)
{
        struct world world;
        char *body;

        world_open(&world, answer, NULL);
        asked = 0;
        assert_int_equal(
            ask_whole(&world, &(eddy_http_request){.url = at(&world, "/broken"), .retries = 5, .backoff = 1},
                      &body),
            EDDY_EINCOMPLETE);
        assert_int_equal(asked, 1);
        world_close(&world);
}

/* A connection that was never made brought nobody anything. */
COROUTINE_TEST(retries_connections_whatever_is_sent)
{
        struct world world;
        eddy_http_response response;
        uint16_t port = 0;
        int holder = hold_port(&port);
        char url[128];

        world_open(&world, answer, NULL);
        snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
        assert_int_equal(
            eddy_http_send(
                world.client,
                &(eddy_http_request){.url = url, .body = "x", .body_size = 1, .retries = 2, .backoff = 1},
                &response),
            -ECONNREFUSED);
        assert_string_not_equal(eddy_error_detail(), "");
        eddy_http_response_finish(&response);
        world_close(&world);
        close(holder);
}

COROUTINE_TEST(ends_at_its_timeout)
{
        struct world world;
        eddy_http_response response;
        char text[64];

        eddy_event_init(&may_go_on);
        world_open(&world, answer, NULL);
        assert_int_equal(
            eddy_http_send(world.client,
                           &(eddy_http_request){.url = at(&world, "/pieces"), .timeout = eddy_seconds(2)},
                           &response),
            0);
        assert_int_equal(eddy_http_response_read(&response, text, sizeof text), 5);
        assert_int_equal(eddy_http_response_read(&response, text, sizeof text), EDDY_TIMEOUT);
        assert_int_equal(eddy_http_response_read(&response, text, sizeof text), EDDY_TIMEOUT);
        assert_string_not_equal(eddy_error_detail(), "");
        assert_int_equal(eddy_interrupted(), 0);
        eddy_http_response_finish(&response);
        world_close(&world);
}

/* What a redirect has made a GET is a POST where it begins. */
COROUTINE_TEST(posts_once_whatever_becomes_of_the_answer)
{
        struct world world;
        char *body;

        world_open(&world, answer, NULL);
        posted = asked = 0;
        assert_int_equal(
            ask_whole(&world,
                      &(eddy_http_request){
                          .url = at(&world, "/order"), .body = "x", .body_size = 1, .retries = 3, .backoff = 1},
                      &body),
            503);
        eddy_free(body);
        assert_int_equal(posted, 1);
        assert_int_equal(asked, 1);
        world_close(&world);
}

static ssize_t give_once(void *buffer, size_t n, void *arg)
{
        unsigned *left = arg;

        (void)n;
        memset(buffer, 'x', 1);
        return *left > 0 ? (ssize_t)(*left)-- : 0;
}

/* The answer there is is worth more than an error that says why there is no other. */
COROUTINE_TEST(gives_the_answer_where_the_body_cannot_be_sent_again)
{
        unsigned left = 1;
        struct world world;
        char *body;

        world_open(&world, answer, NULL);
        assert_int_equal(ask_whole(&world,
                                   &(eddy_http_request){.url = at(&world, "/unavailable"),
                                                        .method = "PUT",
                                                        .read_body = give_once,
                                                        .arg = &left,
                                                        .retries = 3,
                                                        .backoff = 1},
                                   &body),
                         503);
        eddy_free(body);
        world_close(&world);
}

COROUTINE_TEST(ends_at_its_timeout_whatever_is_under_way)
{
        const eddy_http_request requests[] = {
            {.url = "/drip", .timeout = eddy_ms(100)},
            {.url = "/unavailable", .timeout = eddy_ms(100), .retries = 1, .backoff = eddy_seconds(5)},
        };
        struct world world;

        world_open(&world, answer, NULL);
        for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
                eddy_http_request request = requests[i];
                eddy_timeout bound;
                char *body;

                request.url = at(&world, request.url);
                eddy_timeout_open(&bound, eddy_seconds(4));
                assert_int_equal(ask_whole(&world, &request, &body), EDDY_TIMEOUT);
                assert_int_equal(eddy_timeout_close(&bound), 0); /* it was its own */
        }
        world_close(&world);
}

static int refuse_piece(const void *data, size_t n, void *arg)
{
        size_t *got = arg;

        (void)data;
        *got += n;
        return *got > 100000 ? -EIO : 0;
}

/* What is refused when the rate lets it through ends the transfer, as it does otherwise. */
COROUTINE_TEST(a_refusal_under_a_rate_ends_it)
{
        struct world world;
        size_t got = 0;

        eddy_event_init(&may_go_on);
        world_open(&world, answer, NULL);
        use_client(&world, &(eddy_http_client_options){.receive_rate = 1000000});
        assert_int_equal(
            eddy_http_fetch(
                world.client,
                &(eddy_http_request){.url = at(&world, "/much"), .on_body = refuse_piece, .arg = &got}, NULL),
            -EIO);
        world_close(&world);
}

COROUTINE_TEST(a_deadline_of_the_reader_loses_nothing)
{
        struct world world;
        eddy_http_response response;
        eddy_timeout timeout;
        char text[64];

        eddy_event_init(&may_go_on);
        world_open(&world, answer, NULL);
        assert_int_equal(
            eddy_http_send(world.client, &(eddy_http_request){.url = at(&world, "/pieces")}, &response), 0);
        assert_int_equal(eddy_http_response_read(&response, text, sizeof text), 5);
        eddy_timeout_open(&timeout, eddy_ms(1));
        assert_int_equal(eddy_http_response_read(&response, text, sizeof text), EDDY_TIMEOUT);
        eddy_timeout_close(&timeout);
        eddy_event_set(&may_go_on);
        assert_int_equal(eddy_http_response_read(&response, text, sizeof text), 6);
        assert_memory_equal(text, "second", 6);
        assert_int_equal(eddy_http_response_read(&response, text, sizeof text), 0);
        eddy_http_response_finish(&response);
        world_close(&world);
}

static intptr_t read_too(void *response)
{
        char text[64];

        return eddy_http_response_read(response, text, sizeof text);
}

COROUTINE_TEST(has_one_reader_at_a_time)
{
        struct world world;
        eddy_http_response response;
        eddy_task *reader;
        intptr_t n;
        char text[64];

        eddy_event_init(&may_go_on);
        world_open(&world, answer, NULL);
        assert_int_equal(
            eddy_http_send(world.client, &(eddy_http_request){.url = at(&world, "/pieces")}, &response), 0);
        assert_int_equal(eddy_http_response_read(&response, text, sizeof text), 5);
        reader = eddy_create_task(read_too, &response);
        eddy_yield();
        assert_int_equal(eddy_http_response_read(&response, text, sizeof text), EDDY_EBUSY);
        eddy_event_set(&may_go_on);
        assert_int_equal(eddy_join(reader, &n), 0);
        assert_int_equal(n, 6);
        eddy_http_response_finish(&response);
        world_close(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(gives_the_head_and_then_the_body),
            cmocka_unit_test(gives_what_has_come_while_more_is_to_come),
            cmocka_unit_test(holds_the_server_back),
            cmocka_unit_test(gives_up_what_is_not_read),
            cmocka_unit_test(decompresses_unless_told_not_to),
            cmocka_unit_test(sends_headers_of_the_client_and_of_the_request),
            cmocka_unit_test(says_who_asks),
            cmocka_unit_test(asks_relative_to_a_base),
            cmocka_unit_test(keeps_its_credentials_for_its_base),
            cmocka_unit_test(asks_by_a_unix_socket),
            cmocka_unit_test(refuses_what_it_cannot_ask_for),
            cmocka_unit_test(refuses_options_that_are_none),
            cmocka_unit_test(retries_what_may_be_asked_for_twice),
            cmocka_unit_test(does_not_retry_what_was_begun_to_be_read),
            cmocka_unit_test(retries_connections_whatever_is_sent),
            cmocka_unit_test(ends_at_its_timeout),
            cmocka_unit_test(posts_once_whatever_becomes_of_the_answer),
            cmocka_unit_test(gives_the_answer_where_the_body_cannot_be_sent_again),
            cmocka_unit_test(ends_at_its_timeout_whatever_is_under_way),
            cmocka_unit_test(a_refusal_under_a_rate_ends_it),
            cmocka_unit_test(a_deadline_of_the_reader_loses_nothing),
            cmocka_unit_test(has_one_reader_at_a_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
