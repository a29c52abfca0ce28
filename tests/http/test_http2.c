/* HTTP/2 on the wire, as nghttp2's client sees it. */
#include "../clock.h"
#include "http2_client.h"

#include "base/fault.h"

static void answers(void)
{
        const char *const cookies[] = {"cookie", "a=1", "x", "y", "cookie", "b=2", NULL};
        eddy_http_counts counts;
        const struct reply *reply;
        int32_t id;

        open_client(describe, NULL);
        reply = answer_to(ask("GET", "/a?b", NULL, NULL));
        assert_string_equal(reply->status, "200");
        assert_string_equal(reply->start, "GET /a?b example.org -");
        assert_non_null(strstr(reply->headers, "x-color: blue\n"));
        assert_non_null(strstr(reply->headers, "content-length: 22\n"));
        assert_null(strstr(reply->headers, "connection"));
        assert_true(reply->has_ended);
        id = ask("GET", "/1", cookies, NULL);
        assert_string_equal(answer_to(id)->start, "GET /1 example.org a=1; b=2");
        reply = answer_to(ask("HEAD", "/", NULL, NULL));
        assert_int_equal(reply->size, 0);
        assert_non_null(strstr(reply->headers, "content-length: "));
        eddy_http_service_count(world.service, &counts);
        assert_int_equal(counts.connections, 1);
        assert_int_equal(counts.requests, 3);
        close_client();
}

/** The preface may come in any pieces; and what begins like it and goes on otherwise is HTTP/1's to judge. */
static void a_preface_in_pieces(void)
{
        const uint8_t *data;
        ssize_t n;

        open_client(describe, NULL);
        ask("GET", "/", NULL, NULL);
        n = nghttp2_session_mem_send(client.session, &data);
        for (ssize_t i = 0; i < n; i++) {
                assert_int_equal(eddy_stream_write_all(world.stream, data + i, 1), 1);
                assert_int_equal(eddy_yield(), 0);
        }
        assert_string_equal(answer_to(1)->status, "200");
        close_client();

        open_world(hello, NULL);
        send_text("P");
        give_way();
        send_text("OST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        close_world();

        open_world(hello, NULL);
        send_text("PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n");
        assert_non_null(strstr(next_head(), "HTTP/1.1 505 "));
        close_world();
}

/** Sends back what it gets, piece by piece, and the trailer. */
static int echo(eddy_http_exchange *exchange, void *arg)
{
        char buffer[5000], trailer[64];
        const char *const trailers[] = {trailer, NULL};
        const char *sum;
        ssize_t n;

        (void)arg;
        assert_int_equal(eddy_http_reply_begin(exchange, &(eddy_http_answer){.status = 201}), 0);
        while ((n = eddy_http_exchange_read(exchange, buffer, sizeof buffer)) > 0) {
                int rc = eddy_http_reply_write(exchange, buffer, (size_t)n);

                if (rc < 0)
                        return rc;
        }
        if (n < 0)
                return (int)n;
        sum = eddy_http_exchange_trailer(exchange, "Sum");
        snprintf(trailer, sizeof trailer, "Sum-Was: %s", sum ? sum : "missing");
        return eddy_http_reply_end_with(exchange, trailers);
}

static void bodies_and_trailers(void)
{
        struct upload upload = {.left = BIG, .has_trailer = true};
        const struct reply *reply;

        open_client(echo, NULL);
        reply = answer_to(ask("POST", "/", NULL, &upload));
        assert_string_equal(reply->status, "201");
        assert_int_equal(reply->size, BIG);
        assert_int_equal(reply->heads, 2);
        assert_non_null(strstr(reply->headers, "sum-was: 42\n"));
        assert_true(reply->has_ended);
        assert_null(strstr(reply->headers, "transfer-encoding"));
        close_client();
}

static unsigned begun;

/** Answers when a hundred have begun. */
static int wait_for_a_hundred(eddy_http_exchange *exchange, void *arg)
{
        begun++;
        while (begun < 100)
                assert_int_equal(eddy_yield(), 0);
        return describe(exchange, arg);
}

static void a_hundred_at_once(void)
{
        open_client(wait_for_a_hundred, NULL);
        begun = 0;
        for (int i = 0; i < 100; i++)
                ask("GET", "/", NULL, NULL);
        for (int i = 0; i < 100; i++)
                assert_string_equal(answer_to(2 * i + 1)->start, "GET / example.org -");
        close_client();
}

/** A client that takes nothing of one answer gets the others. */
static void slow_readers_hold_up_their_stream_alone(void)
{
        int32_t held, other;

        open_client(big, NULL);
        holds_back = true;
        held = ask("GET", "/", NULL, NULL);
        other = ask("GET", "/", NULL, NULL);
        assert_int_equal(answer_to(other)->size, BIG);
        assert_false(reply_to(held)->is_closed);
        assert_int_equal(reply_to(held)->size, NGHTTP2_INITIAL_WINDOW_SIZE);
        assert_int_equal(nghttp2_session_consume_stream(client.session, held, reply_to(held)->size), 0);
        holds_back = false;
        assert_int_equal(answer_to(held)->size, BIG);
        close_client();
}

static bool may_read;

static int read_late(eddy_http_exchange *exchange, void *arg)
{
        if (strcmp(eddy_http_exchange_target(exchange), "/late") == 0)
                while (!may_read)
                        assert_int_equal(eddy_yield(), 0);
        return echo(exchange, arg);
}

/** A handler that does not read holds its client up, and none of the other streams. */
static void slow_handlers_hold_up_their_stream_alone(void)
{
        struct upload uploads[] = {{.left = BIG}, {.left = BIG}};
        int32_t held, other;

        open_client(read_late, NULL);
        may_read = false;
        held = ask("POST", "/late", NULL, &uploads[0]);
        other = ask("POST", "/", NULL, &uploads[1]);
        assert_int_equal(answer_to(other)->size, BIG);
        assert_int_equal(uploads[0].left, BIG - NGHTTP2_INITIAL_WINDOW_SIZE);
        may_read = true;
        assert_int_equal(answer_to(held)->size, BIG);
        close_client();
}

static int read_some(eddy_http_exchange *exchange, void *arg)
{
        char buffer[1024];

        if (strcmp(eddy_http_exchange_target(exchange), "/some") == 0) {
                for (size_t taken = 0; taken < 64 * sizeof buffer;)
                        taken += (size_t)eddy_http_exchange_read(exchange, buffer, sizeof buffer);
                has_begun = true;
                while (!may_read)
                        assert_int_equal(eddy_yield(), 0);
        }
        return echo(exchange, arg);
}

/** One that has read some lets more come than one that has not, and no more than it could have kept. */
static void who_reads_on_has_more_on_its_way(void)
{
        struct upload uploads[] = {{.left = 2 * BIG}, {.left = 1}};
        int32_t held;

        open_client(read_some, NULL);
        may_read = has_begun = false;
        held = ask("POST", "/some", NULL, &uploads[0]);
        go_on_until(has_begun);
        answer_to(ask("POST", "/", NULL, &uploads[1])); /* and what was said before has come */
        send_frames();
        assert_in_range(2 * BIG - uploads[0].left, 192 * 1024, (64 + 256) * 1024);
        may_read = true;
        assert_int_equal(answer_to(held)->is_closed, true);
        assert_int_equal(uploads[0].left, 0);
        close_client();
}

static void a_reset_cancels_the_handler(void)
{
        int32_t id;

        open_client(wait_until_cancelled, NULL);
        was_cancelled = false;
        id = ask("GET", "/ever", NULL, NULL);
        send_frames();
        until(has_begun);
        assert_int_equal(nghttp2_submit_rst_stream(client.session, 0, id, NGHTTP2_CANCEL), 0);
        send_frames();
        until(was_cancelled);
        assert_string_equal(answer_to(ask("GET", "/", NULL, NULL))->status,
                            "200"); /* and the connection goes on */
        close_client();
}

static int stop_in_the_midst(eddy_http_exchange *exchange, void *arg)
{
        const char *target = eddy_http_exchange_target(exchange);

        if (strcmp(target, "/fail") == 0)
                return -EIO;
        if (strcmp(target, "/midst") != 0)
                return describe(exchange, arg);
        assert_int_equal(eddy_http_reply_begin(exchange, &(eddy_http_answer){.body = "part", .body_size = 4}),
                         0);
        return 0;
}

/** No client takes a part of an answer for all of it. */
static void handlers_that_end_early(void)
{
        const struct reply *reply;

        open_client(stop_in_the_midst, NULL);
        for (int i = 0; i < 300; i++) { /* none of which is the client's fault */
                reply = answer_to(ask("GET", "/midst", NULL, NULL));
                assert_false(reply->has_ended);
                assert_int_equal(reply->error, NGHTTP2_INTERNAL_ERROR);
        }
        assert_string_equal(answer_to(ask("GET", "/fail", NULL, NULL))->status, "500");
        assert_string_equal(answer_to(ask("GET", "/", NULL, NULL))->status, "200");
        close_client();
}

static void what_is_refused(void)
{
        static char longest[9000];
        const char *const other_host[] = {"host", "example.com", NULL};
        const char *const same_host[] = {"host", "Example.org", NULL};
        const char *const odd[] = {"expect", "a miracle", NULL};
        const char *const much[] = {"a", longest, "b", longest, NULL};

        memset(longest, 'x', sizeof longest - 1);
        open_client(describe, NULL);
        assert_string_equal(answer_to(ask("GET", "/", other_host, NULL))->status, "400");
        assert_string_equal(answer_to(ask("GET", "/", same_host, NULL))->status, "200");
        assert_string_equal(answer_to(ask("BREW", "/", NULL, NULL))->status, "501");
        assert_string_equal(answer_to(ask("GET", "/%zz", NULL, NULL))->status, "400");
        assert_string_equal(answer_to(ask("GET", "/", odd, NULL))->status, "417");
        assert_string_equal(answer_to(ask("GET", "/", much, NULL))->status, "431");
        assert_int_equal(answer_to(ask("GET", "no-path", NULL, NULL))->error, NGHTTP2_PROTOCOL_ERROR);
        assert_string_equal(answer_to(ask("GET", "/", NULL, NULL))->status, "200");
        close_client();
}

static void leave_to_send(void)
{
        const char *const expectation[] = {"expect", "100-continue", NULL};
        struct upload upload = {.pauses = true};
        int32_t id;

        open_client(take, NULL);
        id = ask("POST", "/", expectation, &upload);
        go_on_until(strstr(reply_to(id)->headers, ":status: 100\n"));
        upload = (struct upload){.left = 5};
        assert_int_equal(nghttp2_session_resume_data(client.session, id), 0);
        assert_string_equal(answer_to(id)->start, "uuuuu");
        assert_string_equal(reply_to(id)->status, "200");
        close_client();
}

/** An answer that comes before the body is one, for a client that goes on sending, too. */
static void bodies_that_nobody_reads(void)
{
        struct upload little = {.left = 30000}, much = {.left = BIG}, slow = {.left = 1, .pauses = true};
        const struct reply *reply;
        int32_t id;

        open_client(describe, NULL);
        reply = answer_to(ask("POST", "/", NULL, &little));
        assert_true(reply->has_ended);
        assert_int_equal(reply->error, NGHTTP2_NO_ERROR);
        assert_int_equal(little.left, 0);
        reply = answer_to(ask("POST", "/", NULL, &much));
        assert_true(reply->has_ended);
        assert_int_equal(reply->error, NGHTTP2_NO_ERROR);
        assert_true(much.left > 0);
        id = ask("POST", "/", NULL, &slow);
        go_on_until(reply_to(id)->has_ended);
        answer_to(ask("GET", "/", NULL, NULL));
        assert_false(reply_to(id)->is_closed); /* it may still send the rest */
        slow = (struct upload){.left = 1};
        assert_int_equal(nghttp2_session_resume_data(client.session, id), 0);
        assert_int_equal(answer_to(id)->error, NGHTTP2_NO_ERROR);
        close_client();
}

static int answer_when_told(eddy_http_exchange *exchange, void *arg)
{
        has_begun = true;
        while (!may_read)
                assert_int_equal(eddy_yield(), 0);
        return describe(exchange, arg);
}

/** Streams that are under way when the client is told to go are answered, and none that comes later. */
static void stop(void)
{
        int32_t first, second;

        open_client(answer_when_told, NULL);
        may_read = false;
        first = ask("GET", "/", NULL, NULL);
        send_frames();
        until(has_begun);
        eddy_server_close(world.server);
        eddy_http_service_stop(world.service);
        give_way();
        second = ask("GET", "/", NULL, NULL); /* before the client knows */
        go_on_until(client.is_told_to_go);
        assert_int_equal(client.why, NGHTTP2_NO_ERROR);
        assert_int_equal(client.last, INT32_MAX);
        go_on_until(client.last != INT32_MAX);
        assert_int_equal(client.why, NGHTTP2_NO_ERROR);
        assert_int_equal(client.last, second);
        may_read = true;
        assert_string_equal(answer_to(first)->status, "200");
        assert_string_equal(answer_to(second)->status, "200");
        while (go_on())
                ;
        close_client();

        open_client(describe, NULL); /* one that waits for a request */
        assert_string_equal(answer_to(ask("GET", "/", NULL, NULL))->status, "200");
        eddy_http_service_stop(world.service);
        while (go_on())
                ;
        assert_true(client.is_told_to_go);
        close_client();
}

/** Who does not answer the ping that goes with it is not waited for. */
static void stop_without_an_answer(void)
{
        open_client(answer_when_told, NULL);
        may_read = false;
        ask("GET", "/", NULL, NULL);
        send_frames();
        until(has_begun);
        eddy_http_service_stop(world.service);
        pass(eddy_seconds(2));
        while (client.last != 1)
                assert_true(listen_on());
        may_read = true;
        assert_string_equal(answer_to(1)->status, "200");
        close_client();
}

static int answer_so_much(eddy_http_exchange *exchange, void *arg)
{
        static char body[1000 * 1000];
        size_t size = (size_t)atoi(eddy_http_exchange_target(exchange) + 1);

        (void)arg;
        assert_in_range(size, 1, sizeof body);
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = body, .body_size = size});
}

static intptr_t serve_end(void *end)
{
        return eddy_http_serve(end, world.service);
}

/** Who has asked, and says that it goes, and takes nothing more is not waited for: whether the kernel holds all of its answer, a bit less
 * or much less. */
static void clients_that_go_and_take_nothing(void)
{
        enum { CLIENTS = 16, STEP = 40 * 1000 };
        static const uint8_t greeting[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                          "\0\0\6\4\0\0\0\0\0\0\4\x7f\xff\xff\xff\0\0\4\10\0\0\0\0\0\x40\0\0\0",
                             go_away[] = "\0\0\10\7\0\0\0\0\0\0\0\0\0\0\0\0\0";
        uint8_t get[] = "\0\0\16\1\5\0\0\0\1\x82\x86\x41\1x\x04\7/123456";
        eddy_stream *ends[CLIENTS][2];
        eddy_task *tasks[CLIENTS], *hurrying;

        open_world(answer_so_much, &(eddy_http_service_options){.timeout = eddy_seconds(200)});
        for (int i = 0; i < CLIENTS; i++) {
                char path[8];

                snprintf(path, sizeof path, "/%06d", (i + 1) * STEP);
                memcpy(get + 16, path, 7);
                assert_int_equal(eddy_stream_pair(ends[i]), 0);
                tasks[i] = eddy_create_task(serve_end, ends[i][0]);
                assert_true(eddy_stream_write_all(ends[i][1], greeting, sizeof greeting - 1) > 0);
                assert_true(eddy_stream_write_all(ends[i][1], get, sizeof get - 1) > 0);
                assert_true(eddy_stream_write_all(ends[i][1], go_away, sizeof go_away - 1) > 0);
        }
        hurrying = hurry_up();
        for (int i = 0; i < CLIENTS; i++) {
                assert_int_equal(eddy_join(tasks[i], NULL), 0);
                eddy_stream_destroy(ends[i][0]);
                eddy_stream_destroy(ends[i][1]);
        }
        slow_down(hurrying);
        close_world();
}

static void silent_clients(void)
{
        const eddy_http_service_options quick = {.timeout = eddy_seconds(200)};
        struct upload upload = {.pauses = true};
        eddy_task *hurrying = hurry_up();
        int32_t id;

        open_client(describe, &quick); /* nothing is asked */
        while (go_on())
                ;
        assert_true(client.is_told_to_go);
        assert_int_equal(client.why, NGHTTP2_NO_ERROR);
        close_client();

        open_client(describe, &quick); /* a head is begun */
        send_frames();
        assert_int_equal(eddy_stream_write_all(world.stream, "\0\0\1\1\1\0\0\0\1\x82", 10), 10);
        while (go_on())
                ;
        assert_true(client.is_told_to_go);
        close_client();

        open_client(big, &quick); /* nothing is taken of an answer */
        holds_back = true;
        id = ask("GET", "/", NULL, NULL);
        assert_int_equal(answer_to(id)->error, NGHTTP2_CANCEL);
        close_client();

        open_client(big, &(eddy_http_service_options){.answer_timeout = eddy_seconds(200)}); /* too little is */
        holds_back = true;
        id = ask("GET", "/", NULL, NULL);
        assert_int_equal(answer_to(id)->error, NGHTTP2_CANCEL);
        close_client();

        open_client(take, &quick); /* nothing comes of a body */
        id = ask("POST", "/", NULL, &upload);
        assert_string_equal(answer_to(id)->status, "408");
        close_client();
        slow_down(hurrying);
}

/** A client that leaves has its handlers cancelled. */
static void clients_that_leave(void)
{
        open_client(wait_until_cancelled, NULL);
        was_cancelled = false;
        ask("GET", "/ever", NULL, NULL);
        send_frames();
        until(has_begun);
        eddy_stream_destroy(world.stream);
        world.stream = NULL;
        until(was_cancelled);
        close_client();
}

/** One that only sends no more has its answers, as far as its windows are open, and is not waited for beyond. */
static void clients_that_send_no_more(void)
{
        int32_t first, second, third;

        open_client(answer_when_told, NULL);
        may_read = false;
        first = ask("GET", "/", NULL, NULL);
        send_frames();
        until(has_begun);
        assert_int_equal(eddy_stream_write_eof(world.stream), 0);
        give_way();
        may_read = true;
        while (listen_on())
                ;
        assert_string_equal(reply_to(first)->start, "GET / example.org -");
        assert_true(reply_to(first)->has_ended);
        close_client();

        open_client(answer_so_much, &(eddy_http_service_options){.timeout = eddy_seconds(1000)});
        first = ask("GET", "/30000", NULL, NULL);
        second = ask("GET", "/200000", NULL, NULL);
        third = ask("GET", "/30", NULL, NULL);
        send_frames();
        assert_int_equal(eddy_stream_write_eof(world.stream), 0);
        while (listen_on())
                ;
        assert_true(reply_to(first)->has_ended || reply_to(third)->has_ended);
        assert_int_equal(reply_to(second)->error, NGHTTP2_CANCEL);
        close_client();

        open_client(wait_until_cancelled, &(eddy_http_service_options){.cancels_at_end = true});
        was_cancelled = false;
        ask("GET", "/ever", NULL, NULL);
        send_frames();
        until(has_begun);
        assert_int_equal(eddy_stream_write_eof(world.stream), 0);
        until(was_cancelled);
        close_client();
}

/** Whoever serves one connection and is interrupted has its handlers cancelled first. */
static void serve_one_until_interrupted(void)
{
        eddy_http_service *service;
        eddy_stream *ends[2];
        intptr_t rc = 0;

        open_client(wait_until_cancelled, NULL);
        eddy_stream_destroy(world.stream);
        assert_int_equal(eddy_http_service_create(&service, wait_until_cancelled, NULL, NULL), 0);
        assert_int_equal(eddy_stream_pair(ends), 0);
        world.stream = ends[1];
        was_cancelled = false;
        ask("GET", "/ever", NULL, NULL);
        send_frames();
        EDDY_TIMEOUT_SCOPE(eddy_ms(20))
                rc = eddy_http_serve(ends[0], service);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_true(was_cancelled);
        while (go_on())
                ;
        eddy_stream_destroy(ends[0]);
        close_client();
        eddy_http_service_destroy(service);
}

/** But the answers that were made leave, as far as the client takes them. */
static void serve_one_until_interrupted_with_an_answer(void)
{
        eddy_http_service *service;
        eddy_stream *ends[2];
        intptr_t rc = 0;
        int32_t id;

        open_client(answer_so_much, NULL);
        eddy_stream_destroy(world.stream);
        assert_int_equal(eddy_http_service_create(&service, answer_so_much, NULL, NULL), 0);
        assert_int_equal(eddy_stream_pair(ends), 0);
        world.stream = ends[1];
        holds_back = true;
        id = ask("GET", "/200000", NULL, NULL);
        send_frames();
        EDDY_TIMEOUT_SCOPE(eddy_ms(20))
                rc = eddy_http_serve(ends[0], service);
        assert_int_equal(rc, EDDY_TIMEOUT);
        eddy_stream_destroy(ends[0]);
        while (reply_to(id)->size < NGHTTP2_INITIAL_WINDOW_SIZE)
                assert_true(go_on());
        holds_back = false;
        assert_int_equal(nghttp2_session_consume_stream(client.session, id, reply_to(id)->size), 0);
        assert_int_equal(answer_to(id)->size, 200000);
        assert_true(reply_to(id)->has_ended);
        ask("GET", "/", NULL, NULL); /* and nothing that comes then is answered */
        while (go_on())
                ;
        assert_true(client.is_told_to_go);
        assert_int_equal(client.last, id);
        close_client();
        eddy_http_service_destroy(service);
}

static int say_close(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_reply(exchange, &(eddy_http_answer){
                                             .headers = (const char *const[]){"Connection: close", NULL},
                                         });
}

/** A connection that is to be made anew says so, and answers what it has taken. */
static void the_last_request(void)
{
        open_client(describe, &(eddy_http_service_options){.max_requests = 2});
        assert_string_equal(answer_to(ask("GET", "/", NULL, NULL))->status, "200");
        assert_false(client.is_told_to_go);
        assert_string_equal(answer_to(ask("GET", "/", NULL, NULL))->status, "200");
        while (go_on())
                ;
        assert_true(client.is_told_to_go);
        close_client();

        open_client(say_close, NULL);
        assert_string_equal(answer_to(ask("GET", "/", NULL, NULL))->status, "200");
        while (go_on())
                ;
        assert_true(client.is_told_to_go);
        assert_int_equal(client.why, NGHTTP2_NO_ERROR);
        while (eddy_server_connections(world.server) >
               0) /* which does not wait for ever for the client to go */
                assert_int_equal(eddy_sleep(eddy_ms(10)), 0);
        close_client();
}

/** One beyond those that may be there has its first requests answered by 503, and ends, whether it brings one or not. */
static void too_many_connections(void)
{
        eddy_stream *first;

        open_world(hello, &(eddy_http_service_options){.max_connections = 1});
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        first = world.stream;
        for (int brings = 0; brings < 2; brings++) {
                assert_int_equal(
                    eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL), 0);
                prepare_client();
                if (brings) {
                        ask("GET", "/", NULL, NULL);
                        ask("GET", "/", NULL, NULL);
                }
                while (go_on())
                        ;
                if (brings) {
                        assert_string_equal(reply_to(1)->status, "503");
                        assert_string_equal(reply_to(3)->status, "503");
                        assert_true(client.is_told_to_go);
                        assert_int_equal(client.last, 3);
                }
                nghttp2_session_del(client.session);
                eddy_stream_destroy(world.stream);
        }
        world.stream = first;
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        close_world();
}

static char logged[64];

static void note_log(const eddy_http_access *access, void *arg)
{
        (void)arg;
        snprintf(logged, sizeof logged, "%s %.*s %d %d", access->method, (int)access->target_size,
                 access->target, access->status, (int)access->sent);
}

/** An answer to HEAD has no body, whatever it says; and a log knows what was asked, where that was understood. */
static void heads_that_are_refused(void)
{
        static char longest[9000], long_path[20000] = "/";
        const char *const odd[] = {"expect", "a miracle", NULL},
                          *const other_host[] = {"host", "example.com", NULL},
                          *const much[] = {"a", longest, "b", longest, NULL};
        const struct {
                const char *path, *const *headers, *status, *log;
        } rows[] = {
            {"/", odd, "417", "HEAD / 417 0"},
            {"/", other_host, "400", "- / 400 0"},
            {"/", much, "431", "- / 431 0"},
            {long_path, NULL, "431", "-  431 0"},
        };

        memset(longest, 'x', sizeof longest - 1);
        memset(long_path + 1, 'x', sizeof long_path - 2);
        open_client(describe, &(eddy_http_service_options){.on_request = note_log});
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                const struct reply *reply = answer_to(ask("HEAD", rows[i].path, rows[i].headers, NULL));

                assert_string_equal(reply->status, rows[i].status);
                assert_int_equal(reply->error, NGHTTP2_NO_ERROR);
                assert_int_equal(reply->size, 0);
                assert_string_equal(logged, rows[i].log);
        }
        close_client();
}

/** Which use of memory fails, counted from the beginning of a scene; 0: none. */
static unsigned long to_fail, uses;

static bool fails_now(const char *what)
{
        return (strcmp(what, "malloc") == 0 || strcmp(what, "realloc") == 0) && ++uses == to_fail;
}

static void ask_without_memory(void)
{
        struct upload upload = {.left = 100000};
        int32_t post, get;

        open_client(take, NULL);
        give_way();
        uses = 0;
        fault_script(fails_now);
        post = ask("POST", "/", NULL, &upload);
        get = ask("GET", "/", NULL, NULL);
        do
                send_frames();
        while (!(reply_to(post)->is_closed && reply_to(get)->is_closed) && go_on());
        fault_script(NULL);
        if (uses < to_fail) {
                assert_string_equal(reply_to(post)->status, "200");
                assert_string_equal(reply_to(get)->status, "200");
        }
        close_client();
}

/** Whichever use of memory fails, the stream or the connection ends, and nothing waits or is lost. */
static void without_memory(void)
{
        to_fail = 0;
        do {
                to_fail++;
                ask_without_memory();
        } while (uses >= to_fail);
        assert_true(to_fail > 10);
}

static void serve_one(void)
{
        eddy_http_service *service;
        eddy_stream *ends[2];

        open_client(describe, NULL);
        eddy_stream_destroy(world.stream);
        assert_int_equal(eddy_http_service_create(&service, describe, NULL, NULL), 0);
        assert_int_equal(eddy_stream_pair(ends), 0);
        world.stream = ends[1];
        ask("GET", "/", NULL, NULL);
        send_frames();
        assert_int_equal(eddy_stream_write_eof(ends[1]), 0);
        assert_int_equal(eddy_http_serve(ends[0], service), 0);
        assert_string_equal(answer_to(1)->start, "GET / example.org -");
        eddy_stream_destroy(ends[0]);
        close_client();
        eddy_http_service_destroy(service);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(answers),
            scene_test(a_preface_in_pieces),
            scene_test(bodies_and_trailers),
            scene_test(a_hundred_at_once),
            scene_test(slow_readers_hold_up_their_stream_alone),
            scene_test(slow_handlers_hold_up_their_stream_alone),
            scene_test(who_reads_on_has_more_on_its_way),
            scene_test(a_reset_cancels_the_handler),
            scene_test(handlers_that_end_early),
            scene_test(what_is_refused),
            scene_test(leave_to_send),
            scene_test(bodies_that_nobody_reads),
            scene_test(stop),
            scene_test(stop_without_an_answer),
            scene_test(clients_that_go_and_take_nothing),
            scene_test(silent_clients),
            scene_test(clients_that_leave),
            scene_test(clients_that_send_no_more),
            scene_test(serve_one),
            scene_test(serve_one_until_interrupted),
            scene_test(serve_one_until_interrupted_with_an_answer),
            scene_test(the_last_request),
            scene_test(heads_that_are_refused),
            scene_test(too_many_connections),
            scene_test(without_memory),
        };

        return cmocka_run_group_tests_name("http2", tests, NULL, NULL);
}
