/* Servers: listening, accepting, handlers and their ends, closing in every way. */
#include "helpers.h"

#include "base/fault.h"
#include "stream/stream.h"
#include <netinet/tcp.h>
#include <sys/resource.h>

/** What a handler is to do, and how many have. */
struct house {
        intptr_t answer; /* what the handlers return in the end */
        unsigned begun, ended;
};

/** Send back what comes. */
static intptr_t echo(eddy_stream *stream, void *arg)
{
        struct house *house = arg;
        char bytes[256];
        ssize_t n;

        house->begun++;
        while ((n = eddy_stream_read(stream, bytes, sizeof bytes)) > 0) {
                n = eddy_stream_write_all(stream, bytes, (size_t)n);
                if (n < 0)
                        break;
        }
        house->ended++;
        return n < 0 ? n : house->answer;
}

static eddy_server *start(struct house *house, const eddy_server_options *options)
{
        eddy_server *server;

        *house = (struct house){.begun = 0};
        assert_int_equal(eddy_start_server(&server, echo, house, "127.0.0.1", 0, options), 0);
        assert_true(eddy_server_is_serving(server));
        return server;
}

static void finish(eddy_server *server)
{
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        assert_int_equal(eddy_server_connections(server), 0);
        eddy_server_destroy(server);
}

/** Call, and be answered. */
static int call(const eddy_server *server)
{
        int fd = connect_to_port(eddy_server_port(server));

        say(fd, "hello");
        assert_hears(fd, "hello");
        return fd;
}

static void serves(void)
{
        enum { COUNT = 200 };
        struct house house;
        eddy_server *server = start(&house, NULL);
        int callers[COUNT];

        assert_true(eddy_server_port(server) > 0);
        for (int i = 0; i < COUNT; i++)
                callers[i] = call(server);
        assert_int_equal(eddy_server_connections(server), COUNT);
        for (int i = 0; i < COUNT; i++) {
                shutdown(callers[i], SHUT_WR);
                assert_hears_end(callers[i]); /* the handler has returned */
                close(callers[i]);
        }
        assert_int_equal(house.ended, COUNT);
        finish(server);
}

static intptr_t ask_whether_it_delays(eddy_stream *stream, void *arg)
{
        socklen_t size = sizeof(int);

        return getsockopt(eddy_stream_fd(stream), IPPROTO_TCP, TCP_NODELAY, arg, &size);
}

static void answers_are_not_delayed(void)
{
        eddy_server *server;
        int is_prompt = -1, caller;

        assert_int_equal(eddy_start_server(&server, ask_whether_it_delays, &is_prompt, "127.0.0.1", 0, NULL),
                         0);
        caller = connect_to_port(eddy_server_port(server));
        assert_hears_end(caller);
        assert_int_equal(is_prompt, 1);
        close(caller);
        eddy_server_destroy(server);
}

/** Every address of this machine, on one port. */
static void of_both_families(void)
{
        static const char *const hosts[] = {"127.0.0.1", "::1"};
        struct house house = {.begun = 0};
        eddy_server *server;
        eddy_stream *stream;

        assert_int_equal(eddy_start_server(&server, echo, &house, NULL, 0, NULL), 0);
        for (int i = 0; i < 2; i++) {
                int rc = eddy_open_connection(&stream, hosts[i], eddy_server_port(server), NULL);

                if (i == 1 && rc < 0) {
                        print_message("left out: no IPv6\n");
                        break;
                }
                assert_int_equal(rc, 0);
                assert_int_equal(eddy_stream_write(stream, "hello", 5), 0);
                assert_reads(stream, "hello");
                eddy_stream_destroy(stream);
        }
        finish(server);
}

static void of_one_family(void)
{
        struct house house = {.begun = 0};
        eddy_server_options options = {.family = AF_INET};
        eddy_server *server;

        assert_int_equal(eddy_start_server(&server, echo, &house, NULL, 0, &options), 0);
        close(call(server));
        finish(server);
        options.family = AF_INET6;
        assert_int_equal(eddy_start_server(&server, echo, &house, "127.0.0.1", 0, &options), EDDY_ERESOLVE);
        assert_null(server);
}

static void address_in_use(void)
{
        struct house house;
        eddy_server *first = start(&house, NULL), *second;
        char text[64];

        assert_int_equal(eddy_start_server(&second, echo, &house, "127.0.0.1", eddy_server_port(first), NULL),
                         -EADDRINUSE);
        assert_null(second);
        snprintf(text, sizeof text, "cannot listen on 127.0.0.1:%u: ", eddy_server_port(first));
        assert_memory_equal(eddy_error_detail(), text, strlen(text));
        finish(first);
        assert_int_equal(eddy_start_server(&second, echo, &house, "no-such-host..invalid", 0, NULL),
                         EDDY_ERESOLVE);
        assert_non_null(strstr(eddy_error_detail(), "no-such-host..invalid"));
        assert_int_equal(eddy_start_server(&second, echo, &house, "192.0.2.1", 0, NULL), -EADDRNOTAVAIL);
}

static void most_connections(void)
{
        struct house house;
        eddy_server *server = start(&house, &(eddy_server_options){.max_connections = 2});
        int callers[4];

        for (int i = 0; i < 4; i++) {
                callers[i] = connect_to_port(eddy_server_port(server));
                say(callers[i], "hello");
        }
        assert_hears(callers[0], "hello");
        assert_hears(callers[1], "hello");
        give_way();
        assert_int_equal(eddy_server_connections(server), 2);
        assert_int_equal(house.begun, 2);
        for (int i = 0; i < 4; i++) {
                if (i < 2)
                        say(callers[i], "hello");
                assert_hears(callers[i], "hello");
                assert_true(eddy_server_connections(server) <= 2);
                close(callers[i]); /* and the next one has its turn */
        }
        finish(server);
        assert_int_equal(house.begun, 4);
}

/** The bound holds for all addresses of a server together. */
static void most_connections_of_both_families(void)
{
        struct house house = {.begun = 0};
        eddy_server_options options = {.max_connections = 1};
        eddy_server *server;
        eddy_stream *streams[2];

        assert_int_equal(eddy_start_server(&server, echo, &house, NULL, 0, &options), 0);
        give_way();
        for (int i = 0; i < 2; i++) {
                int rc =
                    eddy_open_connection(&streams[i], i ? "::1" : "127.0.0.1", eddy_server_port(server), NULL);

                if (i == 1 && rc < 0) {
                        print_message("left out: no IPv6\n");
                        eddy_stream_destroy(streams[0]);
                        finish(server);
                        return;
                }
                assert_int_equal(eddy_stream_write(streams[i], "hello", 5), 0);
        }
        assert_reads(streams[0], "hello");
        give_way();
        assert_int_equal(eddy_server_connections(server), 1);
        assert_int_equal(house.begun, 1);
        eddy_stream_destroy(streams[0]);
        assert_reads(streams[1], "hello");
        /* One that is accepted and not served is closed with the server. */
        assert_int_equal(eddy_open_connection(&streams[0], "127.0.0.1", eddy_server_port(server), NULL), 0);
        give_way();
        eddy_stream_destroy(streams[0]);
        eddy_stream_destroy(streams[1]);
        finish(server);
}

static void two_servers_on_a_port(void)
{
        struct house house, another = {.begun = 0};
        eddy_server_options options = {.reuse_port = true};
        eddy_server *first = start(&house, &options), *second;

        assert_int_equal(
            eddy_start_server(&second, echo, &another, "127.0.0.1", eddy_server_port(first), &options), 0);
        /* The kernel shares callers out between them. */
        for (int i = 0; i < 1000 && (house.begun == 0 || another.begun == 0); i++)
                close(call(first));
        assert_true(house.begun > 0);
        assert_true(another.begun > 0);
        finish(first);
        finish(second);
}

static void failure_is_reported_once(void)
{
        static const struct {
                intptr_t answer;
                int reports;
        } cases[] = {
            {0, 0},           {42, 0},     {-EIO, 1},           {EDDY_EPROTOCOL, 1},
            {-ECONNRESET, 0}, {-EPIPE, 0}, {EDDY_CANCELLED, 0}, {EDDY_TIMEOUT, 0},
            {-ETIMEDOUT, 0},
        };
        struct reports reports;

        collect_reports(&reports);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct house house;
                eddy_server *server = start(&house, NULL);
                int caller = call(server);

                reports.count = 0;
                house.answer = cases[i].answer;
                shutdown(caller, SHUT_WR);
                assert_hears_end(caller);
                close(caller);
                finish(server);
                assert_int_equal(reports.count, cases[i].reports);
                if (cases[i].reports)
                        assert_int_equal(reports.error, cases[i].answer);
        }
}

static intptr_t fail_with_detail(eddy_stream *stream, void *arg)
{
        (void)stream;
        (void)arg;
        return eddy_fail(-EIO, "the cellar is flooded");
}

static void failure_has_its_detail(void)
{
        struct reports reports;
        eddy_server *server;
        int caller;

        collect_reports(&reports);
        assert_int_equal(eddy_start_server(&server, fail_with_detail, NULL, "127.0.0.1", 0, NULL), 0);
        caller = connect_to_port(eddy_server_port(server));
        assert_hears_end(caller);
        close(caller);
        finish(server);
        assert_int_equal(reports.count, 1);
        assert_int_equal(reports.error, -EIO);
        assert_string_equal(reports.detail, "the cellar is flooded");
}

static void disappearance_is_not_reported(void)
{
        struct house house;
        eddy_server *server = start(&house, NULL);
        struct reports reports;

        collect_reports(&reports);
        for (int i = 0; i < 10; i++) {
                int caller = call(server);

                say(caller, "unheard");
                reset(caller);
        }
        finish(server);
        assert_int_equal(house.ended, 10);
        assert_int_equal(reports.count, 0);
}

static void closed_server_goes_on_serving_whom_it_has(void)
{
        struct house house;
        eddy_server *server = start(&house, NULL);
        uint16_t port = eddy_server_port(server);
        int caller = call(server), holder;
        eddy_stream *stream;

        eddy_server_close(server);
        eddy_server_close(server);
        holder = hold_port(&port);
        assert_false(eddy_server_is_serving(server));
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", port, NULL), -ECONNREFUSED);
        close(holder);
        say(caller, "still there?");
        assert_hears(caller, "still there?");
        close(caller);
        finish(server);
}

static void destroyed_server_goes_on_serving_whom_it_has(void)
{
        struct house house;
        eddy_server *server = start(&house, NULL);
        int caller = call(server);

        eddy_server_destroy(server);
        eddy_server_destroy(NULL);
        say(caller, "still there?");
        assert_hears(caller, "still there?");
        shutdown(caller, SHUT_WR);
        assert_hears_end(caller);
        close(caller);
}

/** Those of the kernel's queue that the server has not served yet are turned away. */
static void closed_as_somebody_calls(void)
{
        struct house house;
        int callers[3];

        for (int turns = 0; turns < 300; turns++) {
                eddy_server *server = start(&house, &(eddy_server_options){.max_connections = 2});

                for (int i = 0; i < 3; i++)
                        callers[i] = connect_to_port(eddy_server_port(server));
                for (int i = 0; i < turns; i++)
                        eddy_yield();
                eddy_server_close(server);
                eddy_server_close_clients(server);
                finish(server);
                for (int i = 0; i < 3; i++)
                        close(callers[i]);
        }
}

static void clients_are_closed(void)
{
        struct house house;
        eddy_server *server = start(&house, NULL);
        struct reports reports;
        int callers[3];

        collect_reports(&reports);
        for (int i = 0; i < 3; i++)
                callers[i] = call(server);
        eddy_server_close_clients(server);
        for (int i = 0; i < 3; i++) {
                assert_hears_end(callers[i]);
                close(callers[i]);
        }
        close(call(server)); /* it is not closed itself */
        finish(server);
        assert_int_equal(reports.count, 0);
}

static void clients_are_aborted(void)
{
        struct house house;
        eddy_server *server = start(&house, NULL);
        struct reports reports;
        int callers[3];

        collect_reports(&reports);
        for (int i = 0; i < 3; i++)
                callers[i] = call(server);
        eddy_server_abort_clients(server);
        for (int i = 0; i < 3; i++) {
                assert_hears_reset(callers[i]);
                close(callers[i]);
        }
        finish(server);
        assert_int_equal(house.ended, 3);
        assert_int_equal(reports.count, 0);
}

static intptr_t serve_forever(void *server)
{
        return eddy_server_serve_forever(server);
}

static intptr_t wait_closed(void *server)
{
        return eddy_server_wait_closed(server);
}

static void serving_forever_is_cancelled(void)
{
        struct house house;
        eddy_server *server = start(&house, NULL);
        int caller = call(server);
        eddy_task *task = eddy_create_task(serve_forever, server);
        int rc = 0;

        give_way();
        assert_false(eddy_done(task));
        eddy_cancel(task);
        assert_int_equal(join(task), EDDY_CANCELLED);
        assert_false(eddy_server_is_serving(server));
        assert_int_equal(eddy_server_connections(server), 0);
        assert_hears_end(caller);
        close(caller);
        eddy_server_destroy(server);

        server = start(&house, NULL);
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = eddy_server_serve_forever(server);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_false(eddy_server_is_serving(server));
        eddy_server_destroy(server);
}

static void serving_forever_ends_with_the_server(void)
{
        struct house house;
        eddy_server *server = start(&house, NULL);
        eddy_task *tasks[3] = {
            eddy_create_task(serve_forever, server),
            eddy_create_task(wait_closed, server),
            eddy_create_task(wait_closed, server),
        };
        int caller = call(server);

        give_way();
        eddy_server_close(server);
        assert_int_equal(join(tasks[0]), 0);
        give_way();
        assert_false(eddy_done(tasks[1]));
        eddy_cancel(tasks[2]);
        assert_int_equal(join(tasks[2]), EDDY_CANCELLED);
        close(caller);
        assert_int_equal(join(tasks[1]), 0);
        eddy_server_destroy(server);
}

static int left_caller;

static intptr_t leave_server(void *arg)
{
        eddy_server **server = arg;
        static struct house house;

        *server = start(&house, NULL);
        left_caller = call(*server);
        return 0;
}

/** The loop ends under a server and its connection. */
static void left_open(void **state)
{
        eddy_server *server;
        unsigned before = count_descriptors();

        (void)state;
        assert_int_equal(eddy_run(leave_server, &server), 0);
        assert_false(eddy_server_is_serving(server));
        assert_int_equal(eddy_server_connections(server), 0);
        eddy_server_destroy(server);
        assert_int_equal(count_descriptors(), before + 1); /* the caller's */
        close(left_caller);
}

/** The same with a loop that nobody tidies up: its handlers are gone in the middle of what they did. */
static void left_running(void **state)
{
        unsigned before = count_descriptors();
        eddy_server *server;
        eddy_task *task;
        eddy_loop *loop;

        (void)state;
        assert_int_equal(eddy_loop_create(&loop), 0);
        task = eddy_task_create(&(eddy_task_options){.loop = loop}, leave_server, &server);
        assert_int_equal(eddy_loop_run_until_complete(loop, task, NULL), 0);
        assert_int_equal(eddy_server_connections(server), 1);
        eddy_unref(task);
        eddy_loop_destroy(loop);
        assert_int_equal(eddy_server_connections(server), 0);
        eddy_server_destroy(server);
        assert_int_equal(count_descriptors(), before + 1); /* the caller's */
        close(left_caller);
}

/** From now on no descriptor above `last` can be had. */
static struct rlimit allow_descriptors(int last)
{
        struct rlimit before, low;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        low = before;
        low.rlim_cur = (rlim_t)last + 1;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        return before;
}

/** As many descriptors as the process may have are taken. */
static void no_descriptor(void)
{
        struct house house;
        eddy_server *server = start(&house, NULL);
        struct reports reports;
        int caller = connect_to_port(eddy_server_port(server));
        struct rlimit before = allow_descriptors(caller);

        collect_reports(&reports);
        say(caller, "hello");
        until(reports.count > 0);
        assert_int_equal(reports.error, -EMFILE);
        give_way(); /* it rests: no report an iteration */
        assert_true(reports.count < 3);
        assert_int_equal(house.begun, 0);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        /* valgrind keeps the limit by closing what the kernel has accepted. */
        if (!RUNNING_ON_VALGRIND)
                assert_hears(caller, "hello");
        close(caller);
        finish(server);
}

/** While it rests, and nobody has descriptors: its end. */
static void closed_while_it_rests(void)
{
        struct house house;
        eddy_server *server = start(&house, NULL);
        struct reports reports;
        int caller = connect_to_port(eddy_server_port(server));
        struct rlimit before = allow_descriptors(caller);

        collect_reports(&reports);
        until(reports.count > 0);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        eddy_server_destroy(server);
        close(caller);
}

static void destroy_server(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        eddy_server **server = arg;

        (void)loop;
        (void)exception;
        eddy_server_destroy(*server);
        *server = NULL;
}

/** An exception handler may take what failed as a reason to end the server. */
static void destroyed_when_told_of_failure(void)
{
        struct house house;
        eddy_server *server = start(&house, NULL);
        int caller = connect_to_port(eddy_server_port(server));
        struct rlimit before = allow_descriptors(caller);

        eddy_loop_set_exception_handler(eddy_running_loop(), destroy_server, &server);
        until(!server);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        give_way();
        close(caller);
}

/** Each use of the system by a server fails once: callers are lost, the server is not. */
static void each_use_fails_once(void)
{
        struct reports reports;
        unsigned long nth = 0;
        bool was_reached;

        collect_reports(&reports);
        do {
                struct house house = {.begun = 0};
                eddy_server *server;
                uint16_t port;
                int rc, caller;
                char heard[5];

                fault_arm(++nth, 1);
                rc = eddy_start_server(&server, echo, &house, "127.0.0.1", 0, NULL);
                if (rc < 0) {
                        was_reached = true;
                        fault_arm(0, 0);
                        assert_null(server);
                        continue;
                }
                port = eddy_server_port(server);
                if (port == 0) /* that was the one */
                        port = eddy_server_port(server);
                caller = connect_to_port(port);
                say(caller, "hello");
                shutdown(caller, SHUT_WR);
                while (recv(caller, heard, sizeof heard, MSG_DONTWAIT) < 0 && errno == EAGAIN)
                        assert_int_equal(eddy_yield(), 0);
                was_reached = fault_uses() >= nth;
                fault_arm(0, 0);
                close(caller);
                finish(server);
        } while (was_reached && nth < 1000);
        assert_true(nth > 15);
}

static void start_from_callback(void *arg)
{
        int *rc = arg;
        eddy_server *server;

        *rc = eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, NULL);
        assert_null(server);
}

static void outside_a_coroutine(void)
{
        int rc = 1;

        assert_int_equal(eddy_call_soon(eddy_running_loop(), NULL, start_from_callback, &rc), 0);
        until(rc != 1);
        assert_int_equal(rc, EDDY_ENOTASK);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(serves),
            scene_test(answers_are_not_delayed),
            scene_test(of_both_families),
            scene_test(of_one_family),
            scene_test(address_in_use),
            scene_test(most_connections),
            scene_test(most_connections_of_both_families),
            scene_test(two_servers_on_a_port),
            scene_test(failure_is_reported_once),
            scene_test(failure_has_its_detail),
            scene_test(disappearance_is_not_reported),
            scene_test(closed_server_goes_on_serving_whom_it_has),
            scene_test(destroyed_server_goes_on_serving_whom_it_has),
            scene_test(closed_as_somebody_calls),
            scene_test(clients_are_closed),
            scene_test(clients_are_aborted),
            scene_test(serving_forever_is_cancelled),
            scene_test(serving_forever_ends_with_the_server),
            cmocka_unit_test(left_open),
            cmocka_unit_test(left_running),
            scene_test(no_descriptor),
            scene_test(closed_while_it_rests),
            scene_test(destroyed_when_told_of_failure),
            scene_test(each_use_fails_once),
            scene_test(outside_a_coroutine),
        };

        return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
