/* Debug mode tells of what is wrong although nothing fails, through one function. */
#include "../testing.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/** What was logged since the last log_clear(). */
static char logged[16384];
static eddy_log_level logged_level;

static void keep(eddy_log_level level, const char *message, void *arg)
{
        size_t used = strlen(logged);

        (void)arg;
        logged_level = level;
        snprintf(logged + used, sizeof logged - used, "%s\n", message);
}

static int keep_log(void **state)
{
        (void)state;
        logged[0] = '\0';
        eddy_set_log_function(keep, NULL);
        return 0;
}

static int print_log(void **state)
{
        (void)state;
        eddy_set_log_function(NULL, NULL);
        return 0;
}

static intptr_t run_in_debug_mode(eddy_fn fn, void *arg)
{
        eddy_runner runner;
        intptr_t result;

        loop_running_here = NULL;
        assert_int_equal(eddy_runner_init(&runner, &(eddy_runner_options){.debug = true}), 0);
        assert_true(eddy_loop_debug(eddy_runner_loop(&runner)));
        result = eddy_runner_run(&runner, fn, arg);
        eddy_runner_finish(&runner);
        return result;
}

static bool was_logged(const char *text)
{
        return strstr(logged, text) != NULL;
}

TEST(is_off_unless_asked_for)
{
        eddy_loop *loop;

        unsetenv("EDDY_DEBUG");
        loop = new_loop();
        assert_false(eddy_loop_debug(loop));
        assert_int_equal(eddy_loop_set_debug(loop, true), 0);
        assert_true(eddy_loop_debug(loop));
        assert_int_equal(eddy_loop_set_debug(loop, false), 0);
        assert_false(eddy_loop_debug(loop));
        eddy_loop_destroy(loop);
}

TEST(environment_asks_for_it)
{
        eddy_loop *loop;

        setenv("EDDY_DEBUG", "1", 1);
        loop = new_loop();
        unsetenv("EDDY_DEBUG");
        assert_true(eddy_loop_debug(loop));
        eddy_loop_destroy(loop);
}

TEST(without_memory_it_is_refused)
{
        eddy_loop *loop = new_loop();

        fault_arm(1, 1);
        assert_int_equal(eddy_loop_set_debug(loop, true), -ENOMEM);
        fault_arm(0, 0);
        assert_false(eddy_loop_debug(loop));
        eddy_loop_destroy(loop);
}

/** Whatever runs longer than nothing is slow. */
static intptr_t hog(void *arg)
{
        (void)arg;
        eddy_loop_set_slow_callback_duration(eddy_running_loop(), 1);
        return eddy_yield();
}

TEST(slow_coroutine_is_named_with_where_it_stands)
{
        assert_int_equal(run_in_debug_mode(hog, NULL), 0);
        assert_true(was_logged("task 'main' ran for "));
        assert_true(was_logged("it now stands at, innermost frame first:\n"));
        assert_true(was_logged("test_debug("));
        assert_true(was_logged("it has ended"));
        assert_int_equal(logged_level, EDDY_LOG_WARNING);
}

TEST(slow_callback_is_named)
{
        eddy_loop *loop = new_loop();

        assert_int_equal(eddy_loop_set_debug(loop, true), 0);
        eddy_loop_set_slow_callback_duration(loop, 1);
        assert_int_equal(eddy_call_soon(loop, NULL, stop, loop), 0);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_true(was_logged("a callback took 0.0"));
        assert_true(was_logged("test_debug"));
        eddy_loop_destroy(loop);
}

static intptr_t fast(void *arg)
{
        (void)arg;
        eddy_loop_set_slow_callback_duration(eddy_running_loop(), eddy_seconds(1000));
        return eddy_yield();
}

TEST(what_is_fast_is_not_told)
{
        assert_int_equal(run_in_debug_mode(fast, NULL), 0);
        assert_string_equal(logged, "");
}

static intptr_t fail_at_once(void *arg)
{
        (void)arg;
        return -EDOM;
}

static intptr_t ignore_a_failure(void *arg)
{
        (void)arg;
        eddy_unref(eddy_create_task(fail_at_once, NULL));
        return eddy_yield();
}

TEST(unseen_failure_is_told_with_who_created_it)
{
        assert_int_equal(run_in_debug_mode(ignore_a_failure, NULL), 0);
        assert_true(was_logged("task 'fail_at_once' failed and nobody looked"));
        assert_true(was_logged("it was created by:\n"));
        assert_true(was_logged("test_debug"));
        assert_int_equal(logged_level, EDDY_LOG_ERROR);
}

static intptr_t serve_nobody(eddy_stream *stream, void *arg)
{
        (void)stream;
        (void)arg;
        return 0;
}

static intptr_t leave_open(void *arg)
{
        static eddy_server *server;
        static eddy_stream *stream;
        int rc = eddy_start_server(&server, serve_nobody, NULL, "127.0.0.1", 0, NULL);

        (void)arg;
        return rc < 0 ? rc : eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL);
}

TEST(objects_left_open_are_told_with_who_created_them)
{
        assert_int_equal(run_in_debug_mode(leave_open, NULL), 0);
        assert_true(was_logged("a server was left when its loop was closed\nit was created by:\n"));
        assert_true(was_logged("a stream was left when its loop was closed\nit was created by:\n"));
        assert_true(was_logged("test_debug("));
}

static intptr_t give_back(void *arg)
{
        eddy_server *server;
        eddy_stream *stream;
        int rc = eddy_start_server(&server, serve_nobody, NULL, "127.0.0.1", 0, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL);
        if (rc == 0)
                eddy_stream_destroy(stream);
        eddy_server_destroy(server);
        return rc;
}

TEST(objects_given_back_are_not_told)
{
        assert_int_equal(run_in_debug_mode(give_back, NULL), 0);
        assert_false(was_logged("was left"));
}

TEST(pending_tasks_are_told_with_who_created_them)
{
        eddy_loop *loop = new_loop();
        eddy_task *task;

        assert_int_equal(eddy_loop_set_debug(loop, true), 0);
        task = eddy_task_create(&(eddy_task_options){.name = "left", .loop = loop}, hog, NULL);
        eddy_loop_destroy(loop);
        assert_true(
            was_logged("a pending task 'left' was left when its loop was closed\nit was created by:\n"));
        eddy_unref(task);
}

static void *use_from_another_thread(void *future)
{
        assert_false(eddy_cancel(future));
        assert_int_equal(eddy_future_set_result(future, 1), EDDY_EWRONGLOOP);
        return NULL;
}

static intptr_t let_another_thread_in(void *arg)
{
        eddy_future *future = eddy_future_create(NULL);
        pthread_t thread;

        (void)arg;
        assert_int_equal(pthread_create(&thread, NULL, use_from_another_thread, future), 0);
        pthread_join(thread, NULL);
        assert_false(eddy_done(future));
        eddy_unref(future);
        return 0;
}

TEST(calls_from_a_wrong_thread_are_refused_and_told)
{
        assert_int_equal(run_in_debug_mode(let_another_thread_in, NULL), 0);
        assert_true(was_logged("misuse: the object belongs to another event loop (EDDY_EWRONGLOOP)"));
}

static intptr_t create_many(void *arg)
{
        eddy_future *futures[1000];

        (void)arg;
        for (size_t i = 0; i < 1000; i++)
                futures[i] = eddy_future_create(NULL);
        for (size_t i = 0; i < 1000; i++) {
                assert_int_equal(eddy_future_set_result(futures[i], -EDOM), 0);
                eddy_unref(futures[i]);
        }
        return 0;
}

static unsigned reports, reports_with_origin;

static void count_reports(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop;
        (void)arg;
        reports++;
        reports_with_origin += exception->origin && strstr(exception->origin, "it was created by:") != NULL;
}

static intptr_t hear_of_many(void *arg)
{
        eddy_loop_set_exception_handler(eddy_running_loop(), count_reports, NULL);
        return create_many(arg);
}

TEST(many_objects_are_remembered)
{
        assert_int_equal(run_in_debug_mode(hear_of_many, NULL), 0);
        assert_int_equal(reports, 1000);
        assert_int_equal(reports_with_origin, 1000);
}

static intptr_t wait_for_ever(void *arg)
{
        (void)arg;
        return eddy_sleep(EDDY_FOREVER);
}

static intptr_t await_other(void *other)
{
        return eddy_await(other, NULL);
}

COROUTINE_TEST(tasks_are_printed_with_what_they_wait_for)
{
        eddy_task *sleeper = eddy_create_task(wait_for_ever, NULL);
        eddy_task *awaiter = eddy_create_task(await_other, sleeper);
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(eddy_print_tasks(NULL, out), 3);
        fclose(out);
        assert_non_null(strstr(text, "task 'main' runs, innermost frame first:\n"));
        assert_non_null(strstr(text, "task 'wait_for_ever' waits, innermost frame first:\n"));
        assert_non_null(strstr(text, "task 'await_other' waits for task 'wait_for_ever', innermost frame"));
        assert_non_null(strstr(text, "test_debug("));
        free(text);
        eddy_cancel(awaiter);
        eddy_join(awaiter, NULL);
        eddy_join(sleeper, NULL);
}

TEST(tasks_of_no_loop_are_not_printed)
{
        eddy_loop *loop = new_loop();

        assert_int_equal(eddy_print_tasks(NULL, stdout), EDDY_ENOLOOP);
        eddy_loop_destroy(loop);
}

static intptr_t take_turns(void *arg)
{
        for (int i = 0; i < 3; i++) {
                trail_add(*(const char *)arg);
                if (eddy_yield() < 0)
                        return -1;
        }
        return 0;
}

static intptr_t let_take_turns(void *arg)
{
        eddy_task *tasks[2];
        int rc;

        (void)arg;
        trail_clear();
        tasks[0] = eddy_create_task(take_turns, "a");
        tasks[1] = eddy_task_create(&(eddy_task_options){.eager = true}, take_turns, "b");
        rc = eddy_gather(tasks, 2, NULL, 0);
        eddy_unref(tasks[0]);
        eddy_unref(tasks[1]);
        return rc;
}

TEST(order_is_as_without_it)
{
        char without[sizeof trail];

        assert_int_equal(run_main(let_take_turns, NULL), 0);
        snprintf(without, sizeof without, "%s", trail);
        assert_int_equal(run_in_debug_mode(let_take_turns, NULL), 0);
        assert_trail(without);
}

TEST(long_messages_are_cut)
{
        char text[4000];

        memset(text, 'x', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        eddy_log(EDDY_LOG_WARNING, "%s", text);
        assert_in_range(strlen(logged), 1000, 1025);
}

#define TOLD(test) cmocka_unit_test_setup_teardown(test, keep_log, print_log)

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(is_off_unless_asked_for),
            cmocka_unit_test(environment_asks_for_it),
            cmocka_unit_test(without_memory_it_is_refused),
            TOLD(slow_coroutine_is_named_with_where_it_stands),
            TOLD(slow_callback_is_named),
            TOLD(what_is_fast_is_not_told),
            TOLD(unseen_failure_is_told_with_who_created_it),
            TOLD(objects_left_open_are_told_with_who_created_them),
            TOLD(objects_given_back_are_not_told),
            TOLD(pending_tasks_are_told_with_who_created_them),
            TOLD(calls_from_a_wrong_thread_are_refused_and_told),
            TOLD(many_objects_are_remembered),
            cmocka_unit_test(tasks_are_printed_with_what_they_wait_for),
            cmocka_unit_test(tasks_of_no_loop_are_not_printed),
            TOLD(order_is_as_without_it),
            TOLD(long_messages_are_cut),
        };

        return cmocka_run_group_tests_name("debug", tests, NULL, NULL);
}
