/* A server from its beginning to its end: answers under way have their time, and not more. */
#include "helpers.h"

#include <eddy/http_run.h>
#include <signal.h>

static eddy_event go_on;

/* Answers when it may. */
static int wait_first(eddy_http_exchange *exchange, void *arg)
{
        int rc;

        has_begun = true;
        rc = eddy_event_wait(&go_on);
        return rc < 0 ? rc : hello(exchange, arg);
}

static void begin_request(void)
{
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        while (!has_begun)
                assert_int_equal(eddy_yield(), 0);
}

static intptr_t drain(void *arg)
{
        const eddy_duration *bound = arg;

        return eddy_http_service_drain(world.service, *bound);
}

static void draining_waits_for_answers(void)
{
        eddy_duration bound = EDDY_FOREVER;
        eddy_task *draining;
        intptr_t rc;

        eddy_event_init(&go_on);
        open_world(wait_first, NULL);
        begin_request();
        draining = eddy_create_task(drain, &bound);
        for (int i = 0; i < 10; i++)
                assert_int_equal(eddy_yield(), 0);
        assert_false(eddy_done(draining));
        eddy_event_set(&go_on);
        assert_non_null(strstr(next_head(), "\r\nConnection: close\r\n"));
        assert_body("hello, world!");
        assert_end();
        assert_int_equal(eddy_join(draining, &rc), 0);
        assert_int_equal(rc, 0);
        close_world();
}

static void draining_has_a_bound(void)
{
        eddy_event_init(&go_on);
        open_world(wait_first, &(eddy_http_service_options){.ignores_gone = true});
        begin_request();
        assert_int_equal(eddy_http_service_drain(world.service, eddy_ms(1)), 1);
        assert_int_equal(eddy_stream_read(world.stream, &(char){0}, 1), -ECONNRESET);
        assert_int_equal(eddy_http_service_drain(world.service, 0), 0);
        close_world();
}

static int drained_by_handler;

static int drain_at_once(eddy_http_exchange *exchange, void *arg)
{
        (void)exchange;
        (void)arg;
        drained_by_handler = eddy_http_service_drain(world.service, 0);
        return drained_by_handler;
}

/* A handler that has not suspended yet is cancelled as any other. */
static void a_handler_that_drains(void)
{
        drained_by_handler = 0;
        open_world(drain_at_once, NULL);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_int_equal(eddy_stream_read(world.stream, &(char){0}, 1), -ECONNRESET);
        assert_int_equal(eddy_http_service_drain(world.service, EDDY_FOREVER), 0);
        assert_int_equal(drained_by_handler, EDDY_CANCELLED);
        close_world();
}

/* One that waits for a request ends at once, also where line ends have come, as some send behind a body. */
static void silent_connections_are_not_waited_for(void)
{
        open_world(hello, NULL);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        assert_int_equal(eddy_http_service_drain(world.service, EDDY_FOREVER), 0);
        assert_end();
        close_world();
}

static void who_drains_may_be_interrupted(void)
{
        int rc = 0;

        eddy_event_init(&go_on);
        open_world(wait_first, NULL);
        begin_request();
        EDDY_TIMEOUT_SCOPE(0)
                rc = eddy_http_service_drain(world.service, EDDY_FOREVER);
        assert_int_equal(rc, EDDY_TIMEOUT);
        eddy_event_set(&go_on); /* nothing was reset */
        assert_non_null(strstr(next_head(), "\r\nConnection: close\r\n"));
        assert_body("hello, world!");
        close_world();
}

static eddy_http_run_options options;
static uint16_t port;
static eddy_event started;

static void note_start(eddy_server *server, void *arg)
{
        assert_ptr_equal(arg, &options);
        port = eddy_server_port(server);
        eddy_event_set(&started);
}

static intptr_t run(void *service)
{
        return eddy_http_service_run(service, "127.0.0.1", 0, &options);
}

/* A server that runs, with a request whose answer is under way. */
static eddy_task *open_running(void)
{
        eddy_task *running;

        world = (struct world){0};
        has_begun = false;
        eddy_event_init(&go_on);
        eddy_event_init(&started);
        options = (eddy_http_run_options){.on_start = note_start, .arg = &options};
        assert_int_equal(eddy_http_service_create(&world.service, wait_first, NULL, NULL), 0);
        running = eddy_create_task(run, world.service);
        assert_int_equal(eddy_event_wait(&started), 0);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", port, NULL), 0);
        begin_request();
        return running;
}

static intptr_t close_running(eddy_task *running)
{
        intptr_t rc = 0;

        assert_int_equal(eddy_join(running, &rc), 0);
        eddy_stream_destroy(world.stream);
        eddy_http_service_destroy(world.service);
        return rc;
}

static void assert_accepts_no_more(void)
{
        eddy_stream *stream;

        while (eddy_open_connection(&stream, "127.0.0.1", port, NULL) == 0)
                eddy_stream_destroy(stream);
}

static void a_signal_ends_it_behind_its_answers(void)
{
        eddy_task *running = open_running();

        raise(SIGTERM);
        assert_accepts_no_more();
        assert_false(eddy_done(running));
        eddy_event_set(&go_on);
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        assert_int_equal(close_running(running), 0);
}

/* A service that has run may run again. */
static void once_more(void)
{
        eddy_task *running = open_running();

        raise(SIGTERM);
        eddy_event_set(&go_on);
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        eddy_stream_destroy(world.stream);
        assert_int_equal(eddy_join(running, NULL), 0);
        eddy_event_clear(&started);
        running = eddy_create_task(run, world.service);
        assert_int_equal(eddy_event_wait(&started), 0);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", port, NULL), 0);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        raise(SIGTERM);
        assert_int_equal(close_running(running), 0);
}

static void end_answers(void *arg)
{
        assert_ptr_equal(arg, &options);
        eddy_event_set(&go_on);
}

/* What goes on for as long as the program lets it is told of the end, and by that of a task alike. */
static void a_program_is_told_of_the_end(void)
{
        eddy_task *running = open_running();

        options.on_stop = end_answers;
        raise(SIGTERM);
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        assert_int_equal(close_running(running), 0);

        running = open_running();
        options.on_stop = end_answers;
        eddy_cancel(running);
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        assert_int_equal(close_running(running), EDDY_CANCELLED);
}

static void a_second_signal_does_not_wait(void)
{
        eddy_task *running = open_running();

        raise(SIGINT);
        assert_accepts_no_more();
        raise(SIGINT);
        assert_int_equal(close_running(running), 1);
}

static void who_is_cancelled_drains(void)
{
        eddy_task *running = open_running();

        eddy_cancel(running);
        assert_accepts_no_more();
        eddy_event_set(&go_on);
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        assert_int_equal(eddy_join(running, NULL), EDDY_CANCELLED);
        eddy_stream_destroy(world.stream);
        eddy_http_service_destroy(world.service);
}

static int end_program(eddy_http_exchange *exchange, void *arg)
{
        raise(SIGTERM);
        return hello(exchange, arg);
}

static intptr_t ask(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", port, NULL), 0);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        eddy_stream_destroy(world.stream);
        return 0;
}

static void begin_to_ask(eddy_server *server, void *arg)
{
        port = eddy_server_port(server);
        *(eddy_task **)arg = eddy_create_task(ask, NULL);
}

static void a_whole_program(void **state)
{
        eddy_task *asking = NULL;

        (void)state;
        assert_int_equal(eddy_http_run(end_program, NULL, "127.0.0.1", 0,
                                       &(eddy_http_run_options){.on_start = begin_to_ask, .arg = &asking}),
                         0);
        assert_non_null(asking);
        eddy_unref(asking);
        assert_int_equal(eddy_http_run(hello, NULL, "no such host.invalid", 0, NULL), EDDY_ERESOLVE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(draining_waits_for_answers),
            scene_test(draining_has_a_bound),
            scene_test(a_handler_that_drains),
            scene_test(silent_connections_are_not_waited_for),
            scene_test(who_drains_may_be_interrupted),
            scene_test(a_signal_ends_it_behind_its_answers),
            scene_test(once_more),
            scene_test(a_program_is_told_of_the_end),
            scene_test(a_second_signal_does_not_wait),
            scene_test(who_is_cancelled_drains),
            cmocka_unit_test(a_whole_program),
        };

        return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
