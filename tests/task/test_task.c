#include "testing.h"
#include <stdio.h>
#include <stdlib.h>

static intptr_t identity(void *arg)
{
        return (intptr_t)arg;
}

static intptr_t add(void *arg)
{
        const struct {
                int x, y;
        } *in = arg;

        eddy_yield();
        return in->x + in->y;
}

/** Note the letter, let others run, note it again. */
static intptr_t twice(void *letter)
{
        note(letter);
        eddy_yield();
        note(letter);
        return 0;
}

static intptr_t sleep_for_ever(void *arg)
{
        (void)arg;
        return eddy_sleep(EDDY_FOREVER);
}

COROUTINE_TEST(carries_its_result)
{
        intptr_t result = 0;

        assert_int_equal(eddy_join(eddy_create_task(identity, (void *)123), &result), 0);
        assert_int_equal(result, 123);
        assert_int_equal(eddy_join(eddy_create_task(identity, (void *)-EIO), &result), 0);
        assert_int_equal(result, -EIO);
        eddy_task *task = eddy_create_task(identity, NULL);
        assert_int_equal(eddy_future_set_result(task, 1), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_await(task, NULL), 0);
        eddy_unref(task);
}

COROUTINE_TEST(runs_in_order_of_creation_and_takes_turns)
{
        eddy_task *a = eddy_create_task(twice, "a"), *b = eddy_create_task(twice, "b");

        trail_clear();
        assert_trail("");
        eddy_join(a, NULL);
        eddy_join(b, NULL);
        assert_trail("abab");
}

COROUTINE_TEST(goes_on_without_references)
{
        trail_clear();
        eddy_unref(eddy_create_task(twice, "a"));
        for (int i = 0; i < 3; i++)
                eddy_yield();
        assert_trail("aa");
}

static intptr_t spawn_in_a_frame_that_is_gone(void *arg)
{
        eddy_task **task = arg;
        struct {
                int x, y;
        } args = {20, 3};

        *task = eddy_spawn(add, &args);
        args.x = args.y = -1;
        return 0;
}

COROUTINE_TEST(copies_arguments)
{
        eddy_task *task, *direct = eddy_spawn(add, &(struct { int x, y; }){1, 2});
        char big[1025] = "";
        intptr_t result;

        spawn_in_a_frame_that_is_gone(&task);
        eddy_join(direct, &result);
        assert_int_equal(result, 3);
        eddy_join(task, &result);
        assert_int_equal(result, 23);
        assert_null(
            eddy_task_create(&(eddy_task_options){.args = big, .args_size = sizeof big}, identity, NULL));
        assert_non_null(strstr(eddy_error_detail(), "1025"));
}

static intptr_t check_copy(void *arg)
{
        const unsigned char *bytes = arg;

        eddy_yield();
        for (int i = 0; i < 1024; i++)
                if (bytes[i] != (unsigned char)(i * 7))
                        return -EINVAL;
        return (uintptr_t)arg % 16 == 0 ? 1 : -EFAULT;
}

COROUTINE_TEST(copies_the_largest_arguments)
{
        unsigned char big[1024];
        intptr_t result;

        for (int i = 0; i < 1024; i++)
                big[i] = (unsigned char)(i * 7);
        eddy_task *task =
            eddy_task_create(&(eddy_task_options){.args = big, .args_size = sizeof big}, check_copy, NULL);
        memset(big, 0, sizeof big);
        eddy_join(task, &result);
        assert_int_equal(result, 1);
}

static intptr_t check_own_name(void *arg)
{
        eddy_task *self = eddy_current_task();

        assert_ptr_equal(self, *(eddy_task **)arg);
        assert_string_equal(eddy_task_name(self), "check_own_name");
        return eddy_task_set_name(self, "renamed");
}

COROUTINE_TEST(has_a_name)
{
        eddy_future *future = eddy_future_create(NULL);
        eddy_task *task, *nameless;
        char name[] = "a copy";

        task = eddy_create_task(check_own_name, &task);
        assert_string_equal(eddy_task_name(eddy_current_task()), "main");
        assert_int_equal(eddy_await(task, NULL), 0);
        assert_string_equal(eddy_task_name(task), "renamed");
        assert_int_equal(eddy_task_set_name(task, name), 0);
        name[0] = 'x';
        assert_string_equal(eddy_task_name(task), "a copy");
        eddy_unref(task);
        nameless = eddy_task_create(NULL, identity, NULL);
        assert_string_equal(eddy_task_name(nameless), "?");
        eddy_join(nameless, NULL);
        assert_string_equal(eddy_task_name(future), "?");
        assert_int_equal(eddy_task_set_name(future, "x"), -EINVAL);
        assert_int_equal(eddy_task_set_name(NULL, "x"), -EINVAL);
        eddy_unref(future);
}

COROUTINE_TEST(is_listed_until_it_is_done)
{
        eddy_task *a = eddy_create_task(identity, NULL), *b = eddy_create_task(sleep_for_ever, NULL);
        eddy_task *tasks[5] = {NULL};

        assert_int_equal(eddy_all_tasks(NULL, tasks, 5), 3);
        assert_ptr_equal(tasks[0], eddy_current_task());
        assert_ptr_equal(tasks[1], a);
        assert_ptr_equal(tasks[2], b);
        assert_null(tasks[3]);
        assert_int_equal(eddy_all_tasks(eddy_running_loop(), NULL, 0), 3);
        eddy_yield();
        tasks[1] = tasks[2] = NULL;
        assert_int_equal(eddy_all_tasks(NULL, tasks, 2), 2);
        assert_ptr_equal(tasks[1], b);
        assert_null(tasks[2]);
        eddy_unref(a);
        eddy_cancel(b);
        eddy_join(b, NULL);
}

COROUTINE_TEST(is_run_at_once_where_it_is_eager)
{
        const eddy_task_options eager = {.eager = true};
        eddy_task *task, *self = eddy_current_task();
        intptr_t result;

        trail_clear();
        eddy_unref(eddy_create_task(twice, "z"));
        task = eddy_task_create(&eager, twice, "a");
        assert_trail("a");
        assert_false(eddy_done(task));
        assert_ptr_equal(eddy_current_task(), self);
        eddy_join(task, NULL);
        assert_trail("zaz");
        task = eddy_task_create(&eager, identity, (void *)7);
        assert_true(eddy_done(task));
        assert_int_equal(eddy_future_result(task, &result), 0);
        assert_int_equal(result, 7);
        eddy_unref(task);
}

static intptr_t nest_eagerly(void *depth)
{
        intptr_t below = 0;

        if (depth) {
                eddy_task *task =
                    eddy_task_create(&(eddy_task_options){.eager = true}, nest_eagerly, (char *)depth - 1);

                if (!eddy_done(task))
                        return -EINVAL;
                eddy_join(task, &below);
        }
        return below + 1;
}

COROUTINE_TEST(nests_eager_tasks)
{
        intptr_t result;

        eddy_join(eddy_create_task(nest_eagerly, (void *)50), &result);
        assert_int_equal(result, 51);
}

static void create_eagerly(void *arg)
{
        eddy_task **tasks = arg;
        const eddy_task_options eager = {.eager = true};

        assert_null(eddy_current_task());
        tasks[0] = eddy_task_create(&eager, twice, "a");
        assert_trail("a");
        tasks[1] = eddy_task_create(&eager, identity, (void *)5);
        assert_true(eddy_done(tasks[1]));
        assert_null(eddy_current_task());
        tasks[2] = eddy_task_create(&eager, sleep_for_ever, NULL);
        note("c");
}

TEST(is_eager_from_a_callback_too)
{
        eddy_loop *loop = new_loop();
        eddy_task *tasks[3];
        intptr_t result;

        trail_clear();
        eddy_call_soon(loop, NULL, create_eagerly, tasks);
        /* Who is ready must not come before the callback goes on. */
        eddy_unref(eddy_task_create(&(eddy_task_options){.loop = loop}, twice, "z"));
        eddy_call_soon(loop, NULL, note, "d");
        run_once(loop);
        assert_trail("czd");
        assert_int_equal(eddy_loop_run_until_complete(loop, tasks[0], NULL), 0);
        assert_trail("az");
        eddy_cancel(tasks[2]);
        assert_int_equal(eddy_loop_run_until_complete(loop, tasks[2], &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        for (int i = 0; i < 3; i++)
                eddy_unref(tasks[i]);
        eddy_loop_destroy(loop);
}

TEST(is_created_for_a_loop_that_does_not_run_yet)
{
        eddy_loop *loop = new_loop();
        eddy_task *given, *set;
        intptr_t result;

        eddy_set_loop(NULL);
        assert_null(eddy_create_task(identity, NULL));
        assert_non_null(strstr(eddy_error_detail(), "no loop"));
        given = eddy_task_create(&(eddy_task_options){.loop = loop, .eager = true}, identity, (void *)1);
        assert_false(eddy_done(given));
        eddy_set_loop(loop);
        set = eddy_spawn(add, &(struct { int x, y; }){4, 5});
        assert_int_equal(eddy_loop_run_until_complete(loop, set, &result), 0);
        assert_int_equal(result, 9);
        assert_true(eddy_done(given));
        eddy_unref(given);
        eddy_unref(set);
        eddy_loop_destroy(loop);
}

static eddy_loop *other_loop;
static eddy_future *other_future;

static intptr_t await_other_loops_future(void *arg)
{
        eddy_future *mine = eddy_future_create(NULL), *both[] = {mine, other_future};
        eddy_completion completion;

        (void)arg;
        assert_int_equal(eddy_await(other_future, NULL), EDDY_EWRONGLOOP);
        assert_int_equal(eddy_gather(both, 2, NULL, 0), EDDY_EWRONGLOOP);
        assert_int_equal(eddy_wait(both, 2, EDDY_ALL_COMPLETED, EDDY_FOREVER), EDDY_EWRONGLOOP);
        assert_int_equal(eddy_as_completed(&completion, both, 2), EDDY_EWRONGLOOP);
        eddy_completion_close(&completion);
        eddy_unref(mine);
        return 0;
}

TEST(refuses_futures_of_another_loop)
{
        other_loop = new_loop();
        other_future = eddy_future_create(other_loop);
        assert_int_equal(run_main(await_other_loops_future, NULL), 0);
        eddy_unref(other_future);
        eddy_loop_destroy(other_loop);
}

TEST(is_needed_by_whatever_suspends)
{
        eddy_loop *loop = new_loop();
        eddy_future *future = eddy_future_create(loop);
        eddy_completion completion;
        eddy_timeout timeout;
        eddy_scope scope;
        eddy_group group;

        assert_null(eddy_current_task());
        assert_int_equal(eddy_await(future, NULL), EDDY_ENOTASK);
        assert_int_equal(eddy_yield(), EDDY_ENOTASK);
        assert_int_equal(eddy_sleep(1), EDDY_ENOTASK);
        assert_int_equal(eddy_sleep(0), EDDY_ENOTASK);
        assert_int_equal(eddy_gather(&future, 1, NULL, 0), EDDY_ENOTASK);
        assert_int_equal(eddy_wait(&future, 1, EDDY_ALL_COMPLETED, 0), EDDY_ENOTASK);
        assert_int_equal(eddy_wait_for(future, 1, NULL), EDDY_ENOTASK);
        assert_int_equal(eddy_as_completed(&completion, &future, 1), EDDY_ENOTASK);
        eddy_completion_close(&completion);
        assert_int_equal(eddy_timeout_open(&timeout, 1), EDDY_ENOTASK);
        assert_int_equal(eddy_timeout_reschedule(&timeout, 1), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_timeout_close(&timeout), 0);
        assert_int_equal(eddy_shield_open(&scope), EDDY_ENOTASK);
        assert_int_equal(eddy_shield_close(&scope), 0);
        assert_int_equal(eddy_group_open(&group), EDDY_ENOTASK);
        assert_int_equal(eddy_group_start(&group, NULL, identity, NULL, NULL), EDDY_ENOTASK);
        assert_int_equal(eddy_group_close(&group), EDDY_ENOTASK);
        assert_int_equal(eddy_interrupted(), 0);
        assert_int_equal(eddy_uncancel(), 0);
        assert_int_equal(eddy_join(future, NULL), EDDY_ENOTASK);
        eddy_loop_destroy(loop);
}

COROUTINE_TEST(refuses_stacks_larger_than_can_be)
{
        for (int shift = 32; shift < 64; shift++) {
                eddy_task_options options = {.stack_size = ((size_t)1 << shift) + 65536};
                eddy_task *task = eddy_task_create(&options, identity, NULL);
                intptr_t result = 0;

                assert_true(eddy_join(task, &result) == -ENOMEM || result == -ENOMEM);
        }
}

COROUTINE_TEST(does_not_await_itself)
{
        eddy_task *self = eddy_current_task();
        eddy_completion completion;

        assert_int_equal(eddy_await(self, NULL), EDDY_ESELFAWAIT);
        assert_int_equal(eddy_as_completed(&completion, &self, 1), EDDY_ESELFAWAIT);
        eddy_completion_close(&completion);
        assert_int_equal(eddy_gather(&self, 1, NULL, 0), EDDY_ESELFAWAIT);
        assert_int_equal(eddy_await(NULL, NULL), -ENOMEM);
        assert_int_equal(eddy_join(NULL, NULL), -ENOMEM);
        assert_int_equal(eddy_wait_for(NULL, 1, NULL), -ENOMEM);
}

TEST(ends_where_its_loop_is_closed_under_it)
{
        eddy_loop *loop = new_loop();
        const eddy_task_options options = {.loop = loop};
        eddy_task *begun = eddy_task_create(&options, sleep_for_ever, NULL);
        eddy_task *awaiting = eddy_task_create(&options, sleep_for_ever, NULL);
        eddy_task *fresh;

        run_once(loop);
        fresh = eddy_task_create(&options, identity, NULL);
        eddy_unref(eddy_task_create(&options, sleep_for_ever, NULL));
        eddy_loop_destroy(loop);
        assert_true(eddy_cancelled(begun));
        assert_true(eddy_cancelled(awaiting));
        assert_true(eddy_cancelled(fresh));
        eddy_unref(begun);
        eddy_unref(awaiting);
        eddy_unref(fresh);
}

COROUTINE_TEST(prints_where_it_is_suspended)
{
        eddy_task *asleep = eddy_create_task(sleep_for_ever, NULL), *fresh, *done;
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        int lines = 0, frames;

        eddy_yield();
        fresh = eddy_create_task(identity, NULL);
        frames = eddy_task_print_stack(asleep, out);
        fclose(out);
        for (char *c = text; *c; c++)
                lines += *c == '\n';
        assert_true(frames > 2);
        assert_int_equal(lines, frames + 1);
        assert_non_null(strstr(text, "task 'sleep_for_ever'"));
        free(text);
        out = open_memstream(&text, &size);
        assert_true(eddy_task_print_stack(eddy_current_task(), out) > 2);
        assert_int_equal(eddy_task_print_stack(fresh, out), 0);
        eddy_join(fresh, NULL);
        done = eddy_create_task(identity, NULL);
        eddy_await(done, NULL);
        assert_int_equal(eddy_task_print_stack(done, out), -EINVAL);
        assert_int_equal(eddy_task_print_stack(NULL, out), -EINVAL);
        fclose(out);
        free(text);
        eddy_unref(done);
        /* It goes on as if nothing had been asked. */
        eddy_cancel(asleep);
        eddy_join(asleep, NULL);
}

static void rename_and_count(eddy_loop *loop, eddy_task_options *options, eddy_fn fn, void *count)
{
        assert_ptr_equal(loop, eddy_running_loop());
        assert_non_null(fn);
        ++*(int *)count;
        options->name = "made";
}

static intptr_t get_int(void *arg)
{
        return *(int *)arg;
}

COROUTINE_TEST(is_made_as_the_loops_factory_decides)
{
        int asked = 0;
        void *arg = NULL;
        eddy_task *tasks[3];
        eddy_group group;

        assert_null(eddy_loop_task_factory(NULL, NULL));
        assert_int_equal(eddy_loop_set_task_factory(NULL, rename_and_count, &asked), 0);
        assert_true(eddy_loop_task_factory(NULL, &arg) == rename_and_count && arg == &asked);
        eddy_group_open(&group);
        tasks[0] = eddy_create_task(get_int, &(int){1});
        tasks[1] = eddy_spawn(get_int, &(int){2});
        eddy_group_spawn_task(&group, &tasks[2], get_int, &(int){3});
        for (int i = 0; i < 3; i++) {
                assert_string_equal(eddy_task_name(tasks[i]), "made");
                assert_false(eddy_done(tasks[i]));
        }
        /* Who says how a task is to be has the last word. */
        eddy_unref(eddy_task_create(NULL, get_int, &(int){4}));
        assert_int_equal(asked, 3);
        assert_int_equal(eddy_group_close(&group), 0);
        for (int i = 0; i < 3; i++)
                assert_int_equal(eddy_join_value(tasks[i]), i + 1);
        eddy_loop_set_task_factory(NULL, NULL, NULL);
        eddy_unref(eddy_create_task(get_int, &(int){5}));
        assert_int_equal(asked, 3);
        eddy_yield();
}

COROUTINE_TEST(is_eager_where_the_loops_factory_says_so)
{
        eddy_task *tasks[3];
        eddy_group group;

        eddy_loop_set_task_factory(NULL, eddy_eager_task_factory, NULL);
        eddy_group_open(&group);
        tasks[0] = eddy_create_task(get_int, &(int){1});
        tasks[1] = eddy_spawn(get_int, &(int){2});
        eddy_group_spawn_task(&group, &tasks[2], get_int, &(int){3});
        for (int i = 0; i < 3; i++) {
                assert_true(eddy_done(tasks[i]));
                assert_int_equal(eddy_join_value(tasks[i]), i + 1);
        }
        assert_int_equal(eddy_group_close(&group), 0);
        eddy_loop_set_task_factory(NULL, NULL, NULL);
}

COROUTINE_TEST(says_what_it_runs_and_where_it_stands)
{
        eddy_task *task = eddy_create_task(get_int, &(int){1});
        eddy_future *future = eddy_future_create(NULL);
        void *frames[64];

        assert_true(eddy_task_function(task) == get_int);
        assert_true(eddy_task_function(future) == NULL);
        assert_true(eddy_task_function(NULL) == NULL);
        assert_ptr_equal(eddy_future_loop(task), eddy_running_loop());
        assert_null(eddy_future_loop(NULL));
        assert_int_equal(eddy_task_stack(task, frames, 64), 0);
        assert_true(eddy_task_stack(eddy_current_task(), frames, 64) > 0);
        assert_int_equal(eddy_task_stack(eddy_current_task(), frames, 1), 1);
        assert_int_equal(eddy_task_stack(future, frames, 64), -EINVAL);
        assert_int_equal(eddy_join_value(task), 1);
        eddy_unref(future);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(carries_its_result),
            cmocka_unit_test(runs_in_order_of_creation_and_takes_turns),
            cmocka_unit_test(goes_on_without_references),
            cmocka_unit_test(copies_arguments),
            cmocka_unit_test(copies_the_largest_arguments),
            cmocka_unit_test(has_a_name),
            cmocka_unit_test(is_listed_until_it_is_done),
            cmocka_unit_test(is_run_at_once_where_it_is_eager),
            cmocka_unit_test(nests_eager_tasks),
            cmocka_unit_test(is_eager_from_a_callback_too),
            cmocka_unit_test(is_created_for_a_loop_that_does_not_run_yet),
            cmocka_unit_test(refuses_futures_of_another_loop),
            cmocka_unit_test(is_needed_by_whatever_suspends),
            cmocka_unit_test(refuses_stacks_larger_than_can_be),
            cmocka_unit_test(does_not_await_itself),
            cmocka_unit_test(ends_where_its_loop_is_closed_under_it),
            cmocka_unit_test(prints_where_it_is_suspended),
            cmocka_unit_test(is_made_as_the_loops_factory_decides),
            cmocka_unit_test(is_eager_where_the_loops_factory_says_so),
            cmocka_unit_test(says_what_it_runs_and_where_it_stands),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
