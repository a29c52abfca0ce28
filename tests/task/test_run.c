#include "reports.h"
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static intptr_t identity(void *arg)
{
        eddy_yield();
        return (intptr_t)arg;
}

TEST(returns_what_the_main_coroutine_does)
{
        assert_int_equal(run_main(identity, (void *)42), 42);
        assert_int_equal(run_main(identity, (void *)-EIO), -EIO);
        assert_int_equal(run_main(identity, (void *)-50000), -50000);
        assert_null(eddy_running_loop());
}

static intptr_t run_within(void *arg)
{
        return eddy_run(identity, arg);
}

TEST(does_not_nest)
{
        assert_int_equal(run_main(run_within, (void *)1), EDDY_ELOOPRUNNING);
}

static intptr_t clean_up_slowly(void *letter)
{
        int rc = eddy_sleep(EDDY_FOREVER);

        EDDY_SHIELD_SCOPE
                eddy_sleep(eddy_us(200));
        note(letter);
        return rc;
}

/** Starts another task only when it is cancelled. */
static intptr_t leave_another(void *arg)
{
        (void)arg;
        eddy_sleep(EDDY_FOREVER);
        eddy_unref(eddy_create_task(clean_up_slowly, "z"));
        return 0;
}

static intptr_t leave_tasks(void *arg)
{
        (void)arg;
        eddy_unref(eddy_create_task(clean_up_slowly, "a"));
        eddy_unref(eddy_create_task(leave_another, NULL));
        eddy_unref(eddy_create_task(clean_up_slowly, "b"));
        eddy_yield();
        eddy_unref(eddy_create_task(clean_up_slowly, "c")); /* has not begun at the end */
        note("m");
        return 5;
}

TEST(cancels_and_awaits_what_is_left)
{
        trail_clear();
        assert_int_equal(run_main(leave_tasks, NULL), 5);
        assert_int_equal(trail[0], 'm');
        assert_int_equal(strlen(trail), 5);
        for (const char *letter = "abcz"; *letter; letter++)
                assert_non_null(strchr(trail, *letter));
}

/** As a program's own clean-up may do. */
static intptr_t cancel_everybody(void *arg)
{
        eddy_task *tasks[10];
        size_t n;

        (void)arg;
        eddy_sleep(EDDY_FOREVER);
        n = eddy_all_tasks(NULL, tasks, 10);
        for (size_t i = 0; i < n; i++)
                if (tasks[i] != eddy_current_task())
                        eddy_cancel(tasks[i]);
        EDDY_SHIELD_SCOPE
                eddy_sleep(eddy_us(200));
        note("e");
        return 0;
}

static intptr_t leave_one_that_cancels_everybody(void *arg)
{
        (void)arg;
        eddy_unref(eddy_create_task(cancel_everybody, NULL));
        return eddy_yield();
}

TEST(sees_to_the_end_even_where_what_is_left_cancels_everybody)
{
        trail_clear();
        assert_int_equal(run_main(leave_one_that_cancels_everybody, NULL), 0);
        assert_trail("e");
}

static intptr_t fail_when_cancelled(void *arg)
{
        (void)arg;
        eddy_sleep(EDDY_FOREVER);
        return -EIO;
}

static intptr_t leave_a_failure(void *arg)
{
        (void)arg;
        eddy_unref(eddy_create_task(fail_when_cancelled, NULL));
        return eddy_yield();
}

TEST(reports_what_fails_at_the_end)
{
        eddy_runner runner;

        loop_running_here = NULL;
        assert_int_equal(eddy_runner_init(&runner, NULL), 0);
        keep_reports(eddy_runner_loop(&runner));
        assert_int_equal(eddy_runner_run(&runner, leave_a_failure, NULL), 0);
        eddy_runner_finish(&runner);
        assert_string_equal(reported, "task 'fail_when_cancelled' failed and nobody looked: EIO: ");
}

static intptr_t tick(void *arg)
{
        (void)arg;
        for (;;) {
                note("t");
                if (eddy_yield() < 0)
                        break;
        }
        note("e");
        return 0;
}

static intptr_t start_ticking(void *arg)
{
        (void)arg;
        eddy_unref(eddy_create_task(tick, NULL));
        return 1;
}

static intptr_t yield_twice(void *arg)
{
        (void)arg;
        eddy_yield();
        eddy_yield();
        return 2;
}

TEST(runs_several_in_one_loop)
{
        eddy_runner runner;
        eddy_loop *loop;

        trail_clear();
        loop_running_here = NULL;
        assert_int_equal(eddy_runner_init(&runner, NULL), 0);
        loop = eddy_runner_loop(&runner);
        assert_int_equal(eddy_runner_run(&runner, start_ticking, NULL), 1);
        assert_trail("");
        assert_int_equal(eddy_runner_run(&runner, yield_twice, NULL), 2);
        assert_true(strlen(trail) >= 2);
        trail_clear();
        assert_int_equal(eddy_runner_run(&runner, identity, (void *)3), 3);
        assert_ptr_equal(eddy_runner_loop(&runner), loop);
        assert_true(strlen(trail) >= 1);
        trail_clear();
        eddy_runner_finish(&runner);
        assert_trail("e");
        assert_int_equal(eddy_runner_run(&runner, identity, NULL), EDDY_ELOOPCLOSED);
        eddy_runner_finish(&runner);
}

static intptr_t be_interrupted(void *arg)
{
        int rc;

        (void)arg;
        raise(SIGINT);
        if (eddy_keyboard_interrupt())
                return -EINVAL;
        rc = eddy_sleep(EDDY_FOREVER);
        if (!eddy_keyboard_interrupt() || strcmp(eddy_error_detail(), "interrupted from the keyboard") != 0)
                return -EINVAL;
        EDDY_SHIELD_SCOPE
                eddy_sleep(eddy_us(100));
        note("c");
        return rc;
}

TEST(is_cancelled_by_sigint)
{
        struct sigaction now;

        trail_clear();
        assert_int_equal(run_main(be_interrupted, NULL), EDDY_CANCELLED);
        assert_true(eddy_keyboard_interrupt());
        assert_trail("c");
        sigaction(SIGINT, NULL, &now);
        assert_ptr_equal(now.sa_handler, SIG_DFL);
}

static intptr_t cancel_oneself(void *arg)
{
        (void)arg;
        eddy_cancel(eddy_current_task());
        return eddy_yield();
}

TEST(tells_another_cancellation_from_sigint)
{
        assert_int_equal(run_main(be_interrupted, NULL), EDDY_CANCELLED);
        assert_int_equal(run_main(cancel_oneself, NULL), EDDY_CANCELLED);
        assert_false(eddy_keyboard_interrupt());
}

static eddy_context_var number = EDDY_CONTEXT_VAR("number", 1);

static intptr_t double_number(void *arg)
{
        intptr_t before = eddy_context_get(&number);

        (void)arg;

        return eddy_context_set(&number, before * 2, NULL) < 0 ? -ENOMEM : before;
}

TEST(runs_in_a_context_that_it_is_given)
{
        eddy_context *context = eddy_copy_context();
        intptr_t now = 0;

        loop_running_here = NULL;
        for (int i = 0; i < 3; i++)
                assert_int_equal(eddy_run_with(&(eddy_runner_options){.context = context}, double_number, NULL),
                                 1 << i);
        assert_true(eddy_context_lookup(context, &number, &now));
        assert_int_equal(now, 8);
        assert_int_equal(eddy_context_get(&number), 1);
        eddy_context_unref(context);
}

static intptr_t be_interrupted_twice(void *arg)
{
        (void)arg;
        raise(SIGINT);
        eddy_sleep(EDDY_FOREVER);
        raise(SIGINT);
        return 0;
}

TEST(ends_at_the_second_sigint)
{
        pid_t child;
        int status;

        if (SANITIZER_THREAD)
                skip(); /* it holds signals back in a child */
        child = fork();
        if (child == 0) {
                run_main(be_interrupted_twice, NULL);
                _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGINT);
}

static intptr_t sigint_handler_is(void *handler)
{
        struct sigaction now;

        sigaction(SIGINT, NULL, &now);
        return (void *)(uintptr_t)now.sa_handler == handler;
}

static void my_handler(int signum)
{
        (void)signum;
}

TEST(leaves_sigint_alone_where_it_is_handled_or_told_to)
{
        const eddy_runner_options options = {.ignores_sigint = true};
        eddy_runner runner;

        signal(SIGINT, my_handler);
        assert_int_equal(run_main(sigint_handler_is, (void *)(uintptr_t)my_handler), 1);
        signal(SIGINT, SIG_DFL);
        assert_int_equal(run_main(sigint_handler_is, (void *)(uintptr_t)SIG_DFL), 0);
        eddy_runner_init(&runner, &options);
        assert_int_equal(eddy_runner_run(&runner, sigint_handler_is, (void *)(uintptr_t)SIG_DFL), 1);
        eddy_runner_finish(&runner);
}

static intptr_t stop_the_loop(void *arg)
{
        (void)arg;
        eddy_loop_stop(eddy_running_loop());
        eddy_sleep(EDDY_FOREVER);
        note("e");
        return 0;
}

TEST(tells_when_the_loop_was_stopped_under_it)
{
        trail_clear();
        assert_int_equal(run_main(stop_the_loop, NULL), EDDY_ESTOPPED);
        assert_trail("e");
}

static intptr_t return_seven(void *arg)
{
        (void)arg;
        return eddy_yield() == 0 ? 7 : 0;
}

static intptr_t fork_a_worker(void *arg)
{
        pid_t pid = fork();
        int status = 0;

        (void)arg;
        if (pid == 0)
                _exit((int)eddy_run(return_seven, NULL));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WEXITSTATUS(status);
}

TEST(a_forked_child_may_run_a_loop_of_its_own)
{
        assert_int_equal(run_main(fork_a_worker, NULL), 7);
}

static intptr_t start_successor(void *count)
{
        eddy_sleep(EDDY_FOREVER);
        ++*(unsigned *)count;
        eddy_unref(eddy_create_task(start_successor, count));
        return 0;
}

/** The generators that make each other, which are their maker's to give back. */
static eddy_generator *made[1000];
static bool is_over;

static intptr_t make_successor(eddy_generator *self, void *arg)
{
        unsigned *count = arg;
        int rc = eddy_generator_yield(self, 0, NULL);

        if (is_over)
                return rc;
        made[++*count] = eddy_create_generator(make_successor, count);
        EDDY_SHIELD_SCOPE
                eddy_generator_next(made[*count], NULL);
        return rc;
}

static intptr_t leave_who_starts_successors(void *count)
{
        keep_reports(NULL);
        for (int i = 0; i < 3; i++)
                eddy_unref(eddy_create_task(start_successor, count));
        return eddy_yield();
}

static intptr_t leave_what_makes_successors(void *count)
{
        keep_reports(NULL);
        made[0] = eddy_create_generator(make_successor, count);
        return eddy_generator_next(made[0], NULL);
}

TEST(ends_although_whatever_it_ends_starts_a_successor)
{
        static const eddy_fn mains[] = {leave_who_starts_successors, leave_what_makes_successors};

        for (size_t i = 0; i < sizeof mains / sizeof mains[0]; i++) {
                unsigned count = 0;

                assert_int_equal(run_main(mains[i], &count), 0);
                assert_reports(1);
                assert_non_null(strstr(reported, "go on starting others"));
                assert_true(count > 100 && count < 1000);
        }
        /* The last was made when the loop had closed, and belongs to none. */
        is_over = true;
        for (size_t i = 0; made[i]; i++)
                eddy_generator_destroy(made[i]);
}

/** One of many, each of which starts one more in its clean-up: that is nothing unusual. */
static intptr_t say_goodbye(void *count)
{
        eddy_sleep(EDDY_FOREVER);
        eddy_unref(eddy_create_task(clean_up_slowly, count));
        return 0;
}

static intptr_t leave_many(void *letter)
{
        keep_reports(NULL);
        for (int i = 0; i < 100; i++)
                eddy_unref(eddy_create_task(say_goodbye, letter));
        return eddy_yield();
}

TEST(sees_the_successors_of_many_to_their_end)
{
        trail_clear();
        assert_int_equal(run_main(leave_many, "z"), 0);
        assert_reports(0);
        assert_int_equal(strlen(trail), 100);
        trail_clear();
}

/** A callback that has itself called again, so many times. */
struct recurring {
        eddy_handle handle;
        unsigned wanted, count;
};

static void recur(void *arg)
{
        struct recurring *recurring = arg;

        if (++recurring->count < recurring->wanted)
                eddy_call_soon(NULL, &recurring->handle, recur, recurring);
}

static intptr_t leave_callback(void *recurring)
{
        eddy_call_soon(NULL, &((struct recurring *)recurring)->handle, recur, recurring);
        return 0;
}

TEST(runs_the_callbacks_that_are_left_unless_they_never_end)
{
        struct recurring recurring = {.wanted = 5};

        assert_int_equal(run_main(leave_callback, &recurring), 0);
        assert_int_equal(recurring.count, 5);

        recurring = (struct recurring){.wanted = UINT_MAX};
        assert_int_equal(run_main(leave_callback, &recurring), 0);
        assert_in_range(recurring.count, 5, 1000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(returns_what_the_main_coroutine_does),
            cmocka_unit_test(does_not_nest),
            cmocka_unit_test(cancels_and_awaits_what_is_left),
            cmocka_unit_test(sees_to_the_end_even_where_what_is_left_cancels_everybody),
            cmocka_unit_test(reports_what_fails_at_the_end),
            cmocka_unit_test(runs_several_in_one_loop),
            cmocka_unit_test(is_cancelled_by_sigint),
            cmocka_unit_test(tells_another_cancellation_from_sigint),
            cmocka_unit_test(runs_in_a_context_that_it_is_given),
            cmocka_unit_test(ends_at_the_second_sigint),
            cmocka_unit_test(leaves_sigint_alone_where_it_is_handled_or_told_to),
            cmocka_unit_test(tells_when_the_loop_was_stopped_under_it),
            cmocka_unit_test(a_forked_child_may_run_a_loop_of_its_own),
            cmocka_unit_test(ends_although_whatever_it_ends_starts_a_successor),
            cmocka_unit_test(sees_the_successors_of_many_to_their_end),
            cmocka_unit_test(runs_the_callbacks_that_are_left_unless_they_never_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
