#include "testing.h"
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

TEST(runs_callbacks_first_in_first_out)
{
        eddy_handle a = {.arg = NULL}, b = {.arg = NULL};
        eddy_loop *loop = new_loop();

        trail_clear();
        eddy_call_soon(loop, &a, note, "a");
        eddy_call_soon(loop, NULL, note, "b");
        eddy_call_soon(loop, &b, note, "c");
        eddy_call_soon(loop, NULL, note, "d");
        run_once(loop);
        assert_trail("abcd");
        run_once(loop);
        assert_trail("");
        eddy_loop_destroy(loop);
}

static void schedule_more(void *loop)
{
        note("1");
        eddy_call_soon(loop, NULL, note, "n");
}

TEST(runs_what_an_iteration_schedules_in_the_next)
{
        eddy_loop *loop = new_loop();

        trail_clear();
        eddy_call_soon(loop, NULL, schedule_more, loop);
        eddy_call_soon(loop, NULL, schedule_more, loop);
        eddy_call_soon(loop, NULL, note, "b");
        run_once(loop);
        assert_trail("11b");
        run_once(loop);
        assert_trail("nn");
        eddy_loop_destroy(loop);
}

struct repeat {
        eddy_loop *loop;
        eddy_handle handle;
        int left;
};

static void repeat(void *arg)
{
        struct repeat *r = arg;

        if (--r->left == 0)
                eddy_loop_stop(r->loop);
        else
                eddy_call_soon(r->loop, &r->handle, repeat, r);
}

TEST(uses_a_handle_again_within_its_own_callback)
{
        struct repeat r = {.loop = new_loop(), .left = 1000};

        fault_arm(0, 0);
        eddy_call_soon(r.loop, &r.handle, repeat, &r);
        assert_int_equal(eddy_loop_run_forever(r.loop), 0);
        assert_int_equal(r.left, 0);
        assert_true(fault_uses() < 10); /* the backend may begin with some */
        eddy_loop_destroy(r.loop);
}

static void cancel(void *handle)
{
        trail_add(eddy_handle_cancel(handle) ? 'y' : 'n');
}

TEST(cancels_before_the_turn_and_within_the_iteration)
{
        eddy_handle a = {.arg = NULL}, b = {.arg = NULL}, unused = {.arg = NULL};
        eddy_loop *loop = new_loop();

        trail_clear();
        assert_false(eddy_handle_cancel(&unused));
        eddy_call_soon(loop, &a, note, "a");
        assert_true(eddy_handle_cancel(&a));
        assert_false(eddy_handle_cancel(&a));
        eddy_call_soon(loop, &a, note, "a");
        eddy_call_soon(loop, NULL, cancel, &b);
        eddy_call_soon(loop, &b, note, "b");
        eddy_call_soon(loop, NULL, cancel, &a); /* has run */
        run_once(loop);
        assert_trail("ayn");
        eddy_loop_destroy(loop);
}

TEST(moves_a_waiting_handle_to_the_end)
{
        eddy_handle a = {.arg = NULL}, b = {.arg = NULL};
        eddy_loop *loop = new_loop();

        trail_clear();
        eddy_call_soon(loop, &a, note, "a");
        eddy_call_soon(loop, &b, note, "b");
        eddy_call_soon(loop, &a, note, "A");
        run_once(loop);
        assert_trail("bA");
        eddy_loop_destroy(loop);
}

static void stop_and_note(void *loop)
{
        eddy_loop_stop(loop);
        note("s");
        eddy_call_soon(loop, NULL, note, "n");
}

TEST(finishes_the_iteration_in_which_it_is_stopped)
{
        eddy_loop *loop = new_loop();

        trail_clear();
        eddy_call_soon(loop, NULL, note, "a");
        eddy_call_soon(loop, NULL, stop_and_note, loop);
        eddy_call_soon(loop, NULL, note, "b");
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_trail("asb");
        run_once(loop);
        assert_trail("n");
        eddy_loop_destroy(loop);
}

TEST(runs_one_iteration_when_stopped_before)
{
        eddy_loop *loop = new_loop();

        trail_clear();
        eddy_loop_stop(loop);
        eddy_call_soon(loop, NULL, schedule_more, loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_trail("1");
        /* The stop is used up. */
        eddy_call_soon(loop, NULL, stop, loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_trail("n");
        eddy_loop_destroy(loop);
}

static void check_running(void *arg)
{
        eddy_loop *loop = arg, *other;
        eddy_time time = eddy_loop_time(loop);
        eddy_runner runner;

        assert_true(eddy_loop_is_running(loop));
        assert_ptr_equal(eddy_running_loop(), loop);
        assert_ptr_equal(eddy_get_loop(), loop);
        assert_int_equal(eddy_loop_run_forever(loop), EDDY_ELOOPRUNNING);
        assert_int_equal(eddy_loop_close(loop), EDDY_ELOOPRUNNING);
        assert_int_equal(eddy_loop_create(&other), 0);
        assert_int_equal(eddy_loop_run_forever(other), EDDY_ELOOPRUNNING);
        assert_int_equal(eddy_runner_init(&runner, NULL), EDDY_ELOOPRUNNING);
        assert_ptr_equal(eddy_running_loop(), loop);
        eddy_loop_destroy(other);
        while (eddy_now() == time)
                ;
        assert_int_equal(eddy_loop_time(loop), time);
        note("c");
        eddy_loop_stop(loop);
}

TEST(refuses_to_run_while_one_runs_here)
{
        eddy_loop *loop = new_loop();

        trail_clear();
        assert_null(eddy_running_loop());
        assert_false(eddy_loop_is_running(loop));
        eddy_call_soon(loop, NULL, check_running, loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_trail("c");
        assert_null(eddy_running_loop());
        assert_false(eddy_loop_is_running(loop));
        eddy_loop_destroy(loop);
}

TEST(is_the_one_that_was_set_while_none_runs)
{
        eddy_loop *loop = new_loop();

        eddy_set_loop(NULL);
        assert_null(eddy_get_loop());
        eddy_set_loop(loop);
        assert_ptr_equal(eddy_get_loop(), loop);
        assert_null(eddy_running_loop());
        eddy_loop_destroy(loop);
        assert_null(eddy_get_loop());
}

static intptr_t nothing(void *arg)
{
        (void)arg;
        return 0;
}

TEST(refuses_everything_once_closed)
{
        eddy_handle handle = {.arg = NULL};
        eddy_timer timer = {.when = 0};
        eddy_loop *loop = new_loop();
        eddy_future *future = eddy_future_create(loop);
        char buffer[8];
        eddy_op op;

        trail_clear();
        eddy_call_soon(loop, &handle, note, "a");
        eddy_call_soon(loop, NULL, note, "b");
        eddy_call_later(loop, &timer, 0, note, "c");
        eddy_call_later(loop, NULL, eddy_ms(1), note, "d");
        eddy_call_soon_threadsafe(loop, NULL, note, "e");
        assert_false(eddy_loop_is_closed(loop));
        assert_int_equal(eddy_loop_close(loop), 0);
        assert_int_equal(eddy_loop_close(loop), 0);
        assert_true(eddy_loop_is_closed(loop));
        assert_false(eddy_handle_cancel(&handle));
        assert_false(eddy_timer_cancel(&timer));

        assert_int_equal(eddy_loop_run_forever(loop), EDDY_ELOOPCLOSED);
        assert_int_equal(eddy_call_soon(loop, &handle, note, "x"), EDDY_ELOOPCLOSED);
        assert_int_equal(eddy_call_soon(loop, NULL, note, "x"), EDDY_ELOOPCLOSED);
        assert_int_equal(eddy_call_soon_threadsafe(loop, &handle, note, "x"), EDDY_ELOOPCLOSED);
        assert_int_equal(eddy_call_soon_threadsafe(loop, NULL, note, "x"), EDDY_ELOOPCLOSED);
        assert_int_equal(eddy_call_at(loop, &timer, 0, note, "x"), EDDY_ELOOPCLOSED);
        assert_int_equal(eddy_call_later(loop, NULL, 0, note, "x"), EDDY_ELOOPCLOSED);
        assert_int_equal(eddy_add_reader(loop, 0, note, "x"), EDDY_ELOOPCLOSED);
        assert_int_equal(eddy_add_writer(loop, 0, note, "x"), EDDY_ELOOPCLOSED);
        assert_false(eddy_remove_reader(loop, 0));
        assert_int_equal(eddy_add_signal_handler(loop, SIGUSR1, note, "x"), EDDY_ELOOPCLOSED);
        assert_false(eddy_remove_signal_handler(loop, SIGUSR1));
        eddy_op_init(&op, loop, note, "x");
        assert_int_equal(eddy_op_recv(&op, 0, buffer, sizeof buffer, 0), EDDY_ELOOPCLOSED);
        assert_int_equal(eddy_loop_run_until_complete(loop, future, NULL), EDDY_ELOOPCLOSED);
        assert_int_equal(eddy_future_set_result_threadsafe(future, 1), EDDY_ELOOPCLOSED);
        assert_null(eddy_task_create(&(eddy_task_options){.loop = loop}, nothing, NULL));
        assert_string_equal(eddy_loop_backend(loop), "closed");
        assert_trail("");
        eddy_loop_destroy(loop);
        /* A future outlives its loop. */
        assert_false(eddy_done(future));
        eddy_unref(future);
        eddy_loop_destroy(NULL);
}

static void keep_exception(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop;
        snprintf(arg, 100, "%s/%s/%s", exception->message, eddy_errname(exception->error), exception->detail);
}

TEST(tells_the_exception_handler)
{
        const eddy_exception exception = {"it went wrong", -EIO, "badly", NULL};
        eddy_loop *loop = new_loop();
        char told[100] = "";

        eddy_loop_set_exception_handler(loop, keep_exception, told);
        eddy_loop_call_exception_handler(loop, &exception);
        assert_string_equal(told, "it went wrong/EIO/badly");
        eddy_loop_destroy(loop);
}

/** What a function prints to stderr. */
static void capture_stderr(eddy_loop *loop, const eddy_exception *exception, char *text, size_t size)
{
        int pipe_fds[2], saved = dup(STDERR_FILENO);
        ssize_t n;

        assert_int_equal(pipe(pipe_fds), 0);
        dup2(pipe_fds[1], STDERR_FILENO);
        eddy_loop_call_exception_handler(loop, exception);
        dup2(saved, STDERR_FILENO);
        close(saved);
        close(pipe_fds[1]);
        n = read(pipe_fds[0], text, size - 1);
        text[n < 0 ? 0 : n] = '\0';
        close(pipe_fds[0]);
}

/** A handler that has what the loop does without it done, too. */
static void keep_and_pass_on(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        trail_add('k');
        eddy_default_exception_handler(loop, exception, arg);
}

static void keep_message(eddy_log_level level, const char *message, void *arg)
{
        assert_int_equal(level, EDDY_LOG_ERROR);
        snprintf(arg, 100, "%s", message);
}

TEST(lets_a_handler_do_what_the_loop_would)
{
        eddy_loop *loop = new_loop();
        char said[100] = "";
        void *arg = NULL;

        assert_true(eddy_loop_exception_handler(loop, NULL) == NULL);
        eddy_set_log_function(keep_message, said);
        eddy_loop_set_exception_handler(loop, keep_and_pass_on, &arg);
        assert_true(eddy_loop_exception_handler(loop, &arg) == keep_and_pass_on);
        assert_ptr_equal(arg, &arg);
        trail_clear();
        eddy_loop_call_exception_handler(
            loop, &(eddy_exception){.message = "it failed", .error = -EIO, .detail = "no disk"});
        assert_trail("k");
        assert_string_equal(said, "it failed: Input/output error (EIO): no disk");
        eddy_set_log_function(NULL, NULL);
        eddy_loop_destroy(loop);
}

TEST(says_what_still_waits)
{
        eddy_loop *loop = new_loop();
        eddy_handle handle = {.callback = NULL};
        eddy_timer timer = {.when = 0};

        assert_false(eddy_handle_pending(&handle));
        assert_int_equal(eddy_timer_when(&timer), EDDY_FOREVER);
        trail_clear();
        assert_int_equal(eddy_call_soon(loop, &handle, note, "s"), 0);
        assert_int_equal(eddy_call_at(loop, &timer, eddy_seconds(1e6), note, "t"), 0);
        assert_true(eddy_handle_pending(&handle));
        assert_true(eddy_timer_pending(&timer));
        assert_int_equal(eddy_timer_when(&timer), eddy_seconds(1e6));
        run_once(loop);
        assert_trail("s");
        assert_false(eddy_handle_pending(&handle));
        assert_true(eddy_timer_cancel(&timer));
        assert_false(eddy_timer_pending(&timer));
        assert_int_equal(eddy_timer_when(&timer), EDDY_FOREVER);
        eddy_loop_destroy(loop);
}

TEST(prints_exceptions_where_there_is_no_handler)
{
        const eddy_exception full = {"it went wrong", EDDY_ELIMIT, "badly", NULL},
                             bare = {"again", -ENOENT, NULL, NULL};
        eddy_loop *loop = new_loop();
        char text[300];

        capture_stderr(loop, &full, text, sizeof text);
        assert_string_equal(
            text, "eddy: it went wrong: the line or item is longer than the limit (EDDY_ELIMIT): badly\n");
        capture_stderr(loop, &bare, text, sizeof text);
        assert_string_equal(text, "eddy: again: No such file or directory (ENOENT)\n");
        eddy_loop_destroy(loop);
}

TEST(gives_its_descriptors_back)
{
        int before = dup(0), after;

        close(before);
        for (int i = 0; i < 100; i++) {
                eddy_loop *loop = new_loop();

                eddy_loop_destroy(loop);
        }
        after = dup(0);
        close(after);
        assert_int_equal(before, after);
}

TEST(says_so_when_it_cannot_be_made)
{
        eddy_loop *loop;
        int rc;

        for (unsigned long n = 1;; n++) {
                fault_arm(n, 1);
                loop = NULL;
                rc = eddy_loop_create(&loop);
                fault_arm(0, 0);
                if (rc == 0)
                        break;
                assert_true(eddy_is_error(rc));
        }
        eddy_loop_destroy(loop);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(runs_callbacks_first_in_first_out),
            cmocka_unit_test(runs_what_an_iteration_schedules_in_the_next),
            cmocka_unit_test(uses_a_handle_again_within_its_own_callback),
            cmocka_unit_test(cancels_before_the_turn_and_within_the_iteration),
            cmocka_unit_test(moves_a_waiting_handle_to_the_end),
            cmocka_unit_test(finishes_the_iteration_in_which_it_is_stopped),
            cmocka_unit_test(runs_one_iteration_when_stopped_before),
            cmocka_unit_test(refuses_to_run_while_one_runs_here),
            cmocka_unit_test(is_the_one_that_was_set_while_none_runs),
            cmocka_unit_test(refuses_everything_once_closed),
            cmocka_unit_test(tells_the_exception_handler),
            cmocka_unit_test(lets_a_handler_do_what_the_loop_would),
            cmocka_unit_test(says_what_still_waits),
            cmocka_unit_test(prints_exceptions_where_there_is_no_handler),
            cmocka_unit_test(gives_its_descriptors_back),
            cmocka_unit_test(says_so_when_it_cannot_be_made),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
