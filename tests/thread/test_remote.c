/* Coroutines sent to a loop from other threads. */
#include "helpers.h"

static eddy_loop_thread *new_thread(void)
{
        eddy_loop_thread *thread;

        assert_int_equal(eddy_loop_thread_start(&thread, NULL), 0);
        return thread;
}

struct pair {
        int x, y;
};

static intptr_t add(void *arg)
{
        struct pair *in = arg;
        int rc = eddy_yield();

        return rc < 0 ? rc : in->x + in->y;
}

TEST(brings_back_a_result)
{
        eddy_loop_thread *thread = new_thread();
        eddy_loop *loop = eddy_loop_thread_loop(thread);
        struct pair pair = {1, 2};
        intptr_t result = 0;

        for (int i = 0; i < 200; i++) {
                eddy_remote *remote = i % 2 ? eddy_run_coroutine_threadsafe(loop, add, &pair)
                                            : eddy_spawn_threadsafe(loop, add, &(struct pair){i, 2});

                assert_int_equal(eddy_remote_wait(remote, EDDY_FOREVER, &result), 0);
                assert_int_equal(result, i % 2 ? 3 : i + 2);
                assert_true(eddy_remote_done(remote));
                assert_false(eddy_remote_cancel(remote));
                assert_int_equal(eddy_remote_wait(remote, 0, NULL), 0);
                eddy_remote_release(remote);
        }
        eddy_loop_thread_destroy(thread);
}

static intptr_t go_wrong(void *arg)
{
        (void)arg;
        eddy_yield();
        return eddy_fail(-ENOENT, "no such coroutine");
}

TEST(brings_back_a_failure_in_words)
{
        eddy_loop_thread *thread = new_thread();
        eddy_remote *remote = eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), go_wrong, NULL);
        intptr_t result = 0;

        assert_int_equal(eddy_remote_wait(remote, EDDY_FOREVER, &result), 0);
        assert_int_equal(result, -ENOENT);
        assert_string_equal(eddy_explain(result), "no such coroutine");
        eddy_remote_release(remote);
        eddy_loop_thread_destroy(thread);
}

static intptr_t sleep_for_ever(void *arg)
{
        struct gate *gate = arg;
        int rc;

        atomic_store(&gate->has_begun, true);
        rc = eddy_sleep(EDDY_FOREVER);
        EDDY_SHIELD_SCOPE
                eddy_sleep(eddy_ms(1));
        atomic_store(&gate->has_ended, true);
        return rc;
}

TEST(waits_no_longer_than_asked_and_cancels)
{
        eddy_loop_thread *thread = new_thread();
        struct gate gate = {.has_begun = false};
        eddy_remote *remote =
            eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), sleep_for_ever, &gate);
        intptr_t result = 1;

        await_flag(&gate.has_begun);
        assert_int_equal(eddy_remote_wait(remote, eddy_ms(1), &result), EDDY_TIMEOUT);
        assert_int_equal(eddy_remote_wait(remote, 0, &result), EDDY_TIMEOUT);
        assert_int_equal(result, 1);
        assert_true(eddy_remote_cancel(remote));
        eddy_remote_cancel(remote);
        assert_int_equal(eddy_remote_wait(remote, EDDY_FOREVER, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        /* What it was lent is free again. */
        assert_true(atomic_load(&gate.has_ended));
        eddy_remote_release(remote);
        eddy_loop_thread_destroy(thread);
}

TEST(cancels_what_has_not_begun)
{
        eddy_loop_thread *thread = new_thread();

        for (int i = 0; i < 200; i++) {
                struct gate gate = {.has_begun = false};
                eddy_remote *remote =
                    eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), sleep_for_ever, &gate);
                intptr_t result = 0;

                eddy_remote_cancel(remote);
                assert_int_equal(eddy_remote_wait(remote, EDDY_FOREVER, &result), 0);
                assert_int_equal(result, EDDY_CANCELLED);
                assert_int_equal(eddy_remote_wait(remote, EDDY_FOREVER, NULL), EDDY_CANCELLED);
                eddy_remote_release(remote);
        }
        eddy_loop_thread_destroy(thread);
}

static void count_call(eddy_remote *remote, void *arg)
{
        assert_true(eddy_remote_done(remote));
        assert_null(eddy_current_task());
        atomic_fetch_add((atomic_uint *)arg, 1);
}

TEST(calls_back)
{
        eddy_loop_thread *thread = new_thread();
        eddy_loop *loop = eddy_loop_thread_loop(thread);
        atomic_uint calls = 0;

        for (unsigned i = 0; i < 100; i++) {
                struct pair pair = {1, 2};
                eddy_remote *remote = eddy_run_coroutine_threadsafe(loop, add, &pair);

                assert_int_equal(eddy_remote_add_done_callback(remote, count_call, &calls), 0);
                assert_int_equal(eddy_remote_add_done_callback(remote, count_call, &calls), 0);
                eddy_remote_wait(remote, EDDY_FOREVER, NULL);
                while (atomic_load(&calls) < 3 * i + 2)
                        usleep(10);
                /* It is done: here and now. */
                assert_int_equal(eddy_remote_add_done_callback(remote, count_call, &calls), 0);
                assert_int_equal(atomic_load(&calls), 3 * i + 3);
                eddy_remote_release(remote);
        }
        eddy_loop_thread_destroy(thread);
}

TEST(given_back_at_once_it_goes_on)
{
        eddy_loop_thread *thread = new_thread();
        static struct gate gate;

        open_gate(&gate);
        eddy_remote_release(eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), pass, &gate));
        await_flag(&gate.has_ended);
        eddy_loop_thread_destroy(thread);
}

TEST(a_closed_loop_answers)
{
        eddy_loop *loop = new_loop();
        eddy_remote *early, *late;
        atomic_uint calls = 0;
        intptr_t result = 0;

        /* Sent, and never looked at. */
        early = eddy_run_coroutine_threadsafe(loop, go_wrong, NULL);
        assert_int_equal(eddy_remote_add_done_callback(early, count_call, &calls), 0);
        assert_true(eddy_remote_cancel(early));
        eddy_loop_close(loop);
        assert_int_equal(atomic_load(&calls), 1);
        assert_int_equal(eddy_remote_wait(early, EDDY_FOREVER, &result), 0);
        assert_int_equal(result, EDDY_ELOOPCLOSED);
        late = eddy_run_coroutine_threadsafe(loop, go_wrong, NULL);
        assert_int_equal(eddy_remote_wait(late, 0, &result), 0);
        assert_int_equal(result, EDDY_ELOOPCLOSED);
        eddy_loop_destroy(loop);
        eddy_remote_release(early);
        eddy_remote_release(late);
}

TEST(a_loop_closed_under_its_coroutine_answers)
{
        eddy_loop *loop = new_loop();
        struct gate gate = {.has_begun = false};
        eddy_remote *remote = eddy_run_coroutine_threadsafe(loop, sleep_for_ever, &gate);
        intptr_t result = 0;

        run_once(loop);
        run_once(loop);
        assert_true(atomic_load(&gate.has_begun));
        eddy_loop_destroy(loop);
        assert_int_equal(eddy_remote_wait(remote, 0, &result), 0);
        assert_int_equal(result, EDDY_ELOOPCLOSED);
        eddy_remote_release(remote);
}

static intptr_t wait_for_oneself(void *arg)
{
        eddy_remote *remote = eddy_run_coroutine_threadsafe(eddy_running_loop(), add, arg);
        int rc = eddy_remote_wait(remote, EDDY_FOREVER, NULL);

        eddy_remote_release(remote);
        return rc;
}

TEST(a_loop_does_not_wait_for_itself)
{
        struct pair pair = {0, 0};

        assert_int_equal(run_main(wait_for_oneself, &pair), EDDY_EWRONGLOOP);
}

/** Threads that send, cancel and wait while the loop is stopped under them. */
static void *send_until_closed(void *arg)
{
        intptr_t result = 0;

        for (unsigned i = 0; result != EDDY_ELOOPCLOSED; i++) {
                eddy_remote *remote = eddy_spawn_threadsafe(arg, add, &(struct pair){1, 2});

                if (i % 3 == 0)
                        eddy_remote_cancel(remote);
                if (eddy_remote_wait(remote, EDDY_FOREVER, &result) < 0)
                        abort();
                eddy_remote_release(remote);
                if (result != 3 && result != EDDY_CANCELLED && result != EDDY_ELOOPCLOSED)
                        abort();
        }
        return NULL;
}

TEST(nothing_is_lost_when_a_loop_is_stopped)
{
        for (int round = 0; round < 20; round++) {
                eddy_loop_thread *thread = new_thread();
                pthread_t senders[3];

                for (int i = 0; i < 3; i++)
                        assert_int_equal(
                            pthread_create(&senders[i], NULL, send_until_closed, eddy_loop_thread_loop(thread)),
                            0);
                usleep(500);
                eddy_loop_thread_stop(thread);
                for (int i = 0; i < 3; i++)
                        pthread_join(senders[i], NULL);
                eddy_loop_thread_destroy(thread);
        }
}

TEST(says_so_without_memory)
{
        eddy_loop *loop = new_loop();
        char args[1025];
        intptr_t result = 0;
        eddy_remote *remote;

        fault_arm(1, 1);
        assert_null(eddy_run_coroutine_threadsafe(loop, add, NULL));
        assert_int_equal(eddy_remote_wait(NULL, 0, NULL), -ENOMEM);
        assert_int_equal(eddy_remote_add_done_callback(NULL, count_call, NULL), -ENOMEM);
        assert_false(eddy_remote_done(NULL));
        assert_false(eddy_remote_cancel(NULL));
        eddy_remote_release(NULL);
        fault_arm(2, 1);
        remote = eddy_run_coroutine_threadsafe(loop, add, NULL);
        fault_arm(0, 0);
        assert_int_equal(eddy_remote_wait(remote, 0, &result), 0);
        assert_int_equal(result, -ENOMEM);
        eddy_remote_release(remote);
        /* No memory for its task. */
        run_once(loop); /* so that the backend's first use of the system is over */
        remote = eddy_run_coroutine_threadsafe(loop, add, NULL);
        fault_arm(2, 1);
        run_once(loop);
        fault_arm(0, 0);
        assert_int_equal(eddy_remote_wait(remote, 0, &result), 0);
        assert_int_equal(result, -ENOMEM);
        eddy_remote_release(remote);
        memset(args, 0, sizeof args);
        remote = eddy_spawn_threadsafe(loop, add, &args);
        assert_int_equal(eddy_remote_wait(remote, 0, &result), 0);
        assert_int_equal(result, -EINVAL);
        eddy_remote_release(remote);
        eddy_loop_destroy(loop);
}

/* Awaited by another loop. */

COROUTINE_TEST(is_awaited_by_another_loop)
{
        eddy_loop_thread *thread = new_thread();
        eddy_loop *loop = eddy_loop_thread_loop(thread);
        intptr_t result = 0;

        for (int i = 0; i < 200; i++) {
                eddy_remote *remote = eddy_spawn_threadsafe(loop, add, &(struct pair){i, 2});

                assert_int_equal(eddy_remote_await(remote, i % 3 ? &result : NULL), 0);
                assert_true(i % 3 == 0 || result == i + 2);
                assert_int_equal(eddy_remote_await(remote, &result), 0);
                assert_int_equal(result, i + 2);
                eddy_remote_release(remote);
        }
        eddy_loop_thread_destroy(thread);
}

COROUTINE_TEST(is_followed_by_a_future)
{
        enum { COUNT = 50 };
        eddy_loop_thread *thread = new_thread();
        eddy_loop *loop = eddy_loop_thread_loop(thread);
        eddy_future *sums[COUNT];
        intptr_t results[COUNT];

        for (int i = 0; i < COUNT; i++) {
                eddy_remote *remote = eddy_spawn_threadsafe(loop, add, &(struct pair){i, 2});

                if (i % 2)
                        until_others(eddy_remote_done(remote));
                sums[i] = eddy_wrap_remote(remote);
                eddy_remote_release(remote);
        }
        assert_int_equal(eddy_gather(sums, COUNT, results, 0), 0);
        for (int i = 0; i < COUNT; i++) {
                assert_int_equal(results[i], i + 2);
                eddy_unref(sums[i]);
        }
        eddy_loop_thread_destroy(thread);
}

COROUTINE_TEST(fails_in_words_in_another_loop)
{
        eddy_loop_thread *thread = new_thread();
        eddy_remote *remote = eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), go_wrong, NULL);
        eddy_future *future = eddy_wrap_remote(remote);
        intptr_t result = 0;

        assert_int_equal(eddy_remote_await(remote, &result), 0);
        assert_int_equal(result, -ENOENT);
        assert_string_equal(eddy_explain(result), "no such coroutine");
        eddy_fail(-EIO, "forget that");
        assert_int_equal(eddy_join(future, &result), 0);
        assert_int_equal(result, -ENOENT);
        assert_string_equal(eddy_explain(result), "no such coroutine");
        eddy_remote_release(remote);
        eddy_loop_thread_destroy(thread);
}

/** Sleeps until it is cancelled. */
COROUTINE_TEST(without_a_place_awaiting_returns_the_failure)
{
        eddy_loop_thread *thread = new_thread();
        eddy_loop *loops[] = {eddy_loop_thread_loop(thread), eddy_running_loop()};

        for (size_t i = 0; i < 2; i++) {
                eddy_remote *remote = eddy_run_coroutine_threadsafe(loops[i], go_wrong, NULL);

                for (int again = 0; again < 2; again++) {
                        assert_int_equal(eddy_remote_await(remote, NULL), -ENOENT);
                        assert_string_equal(eddy_explain(-ENOENT), "no such coroutine");
                        eddy_fail(-EDOM, "something else");
                }
                eddy_remote_release(remote);
        }
        eddy_loop_thread_destroy(thread);
}

static intptr_t is_negative(void *arg)
{
        return eddy_value((intptr_t)arg);
}

COROUTINE_TEST(a_value_that_looks_like_an_error_is_one)
{
        eddy_loop_thread *thread = new_thread();
        eddy_remote *remote =
            eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), is_negative, (void *)-1);
        eddy_future *futures[2];
        intptr_t result = 0;

        /* One that waits, and one that finds it done. */
        futures[0] = eddy_wrap_remote(remote);
        assert_int_equal(eddy_await(futures[0], NULL), 0);
        futures[1] = eddy_wrap_remote(remote);
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(eddy_future_exception(futures[i]), 0);
                assert_int_equal(eddy_join_value(futures[i]), -1);
        }
        assert_int_equal(eddy_remote_await(remote, NULL), 0);
        assert_int_equal(eddy_remote_await(remote, &result), 0);
        assert_int_equal(result, -1);
        assert_int_equal(eddy_remote_wait(remote, 0, NULL), 0);
        eddy_remote_release(remote);
        eddy_loop_thread_destroy(thread);
}

static intptr_t last(void *arg)
{
        struct gate *gate = arg;
        int rc;

        atomic_store(&gate->has_begun, true);
        rc = eddy_sleep(EDDY_FOREVER);
        atomic_store(&gate->was_cancelled, rc == EDDY_CANCELLED);
        atomic_store(&gate->has_ended, true);
        return atomic_load(&gate->is_open) ? 5 : rc;
}

static intptr_t await_remote(void *remote)
{
        intptr_t result = 0;
        int rc = eddy_remote_await(remote, &result);

        return rc < 0 ? rc : result;
}

/** An interruption passes on, and its end is waited for; a value that comes of it is no less a value. */
COROUTINE_TEST(interrupted_it_sees_the_coroutines_end)
{
        eddy_loop_thread *thread = new_thread();

        for (int way = 0; way < 4; way++) {
                bool is_late = way % 2, has_value = way / 2;
                struct gate gate = {.is_open = has_value};
                eddy_remote *remote = eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), last, &gate);
                intptr_t expected = has_value ? 5 : is_late ? EDDY_TIMEOUT : EDDY_CANCELLED, result = 0;

                if (is_late) {
                        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                                result = await_remote(remote);
                } else {
                        eddy_task *task = eddy_create_task(await_remote, remote);

                        until_others(atomic_load(&gate.has_begun));
                        eddy_cancel(task);
                        assert_int_equal(eddy_join(task, &result), 0);
                }
                assert_int_equal(result, expected);
                assert_true(atomic_load(&gate.has_ended));
                assert_true(eddy_remote_done(remote));
                eddy_remote_release(remote);
        }
        eddy_loop_thread_destroy(thread);
}

COROUTINE_TEST(a_cancelled_future_asks_the_coroutine_to_end)
{
        eddy_loop_thread *thread = new_thread();
        struct gate gate = {.is_open = false};
        eddy_remote *remote = eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), last, &gate);
        eddy_future *future = eddy_wrap_remote(remote);

        until_others(atomic_load(&gate.has_begun));
        assert_true(eddy_cancel(future));
        assert_int_equal(eddy_await(future, &(intptr_t){0}), 0);
        assert_true(eddy_cancelled(future));
        until_others(atomic_load(&gate.has_ended));
        assert_true(atomic_load(&gate.was_cancelled));
        eddy_unref(future);
        eddy_remote_release(remote);
        eddy_loop_thread_destroy(thread);
}

COROUTINE_TEST(a_loop_closed_under_what_is_awaited_answers)
{
        eddy_loop_thread *thread = new_thread();
        struct gate gate = {.is_open = false};
        eddy_remote *remote = eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), last, &gate), *late;
        eddy_future *future = eddy_wrap_remote(remote);
        intptr_t result = 0;

        until_others(atomic_load(&gate.has_begun));
        assert_int_equal(eddy_loop_thread_stop(thread), 0);
        assert_int_equal(eddy_join(future, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        late = eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), last, &gate);
        assert_int_equal(await_remote(late), EDDY_ELOOPCLOSED);
        eddy_remote_release(late);
        eddy_remote_release(remote);
        eddy_loop_thread_destroy(thread);
}

static eddy_remote *own;

static intptr_t await_own(void *arg)
{
        (void)arg;
        return eddy_remote_await(own, NULL);
}

COROUTINE_TEST(is_awaited_by_its_own_loop_but_not_by_itself)
{
        eddy_remote *remote = eddy_spawn_threadsafe(eddy_running_loop(), add, &(struct pair){1, 2});

        assert_int_equal(await_remote(remote), 3);
        eddy_remote_release(remote);
        own = eddy_run_coroutine_threadsafe(eddy_running_loop(), await_own, NULL);
        assert_int_equal(await_remote(own), EDDY_ESELFAWAIT);
        eddy_remote_release(own);
}

static eddy_future *following;

static void follow(void *remote)
{
        following = eddy_wrap_remote(remote);
}

/** The loop that waits is closed first, with a task and a future in it that never hear of the end. */
TEST(whoever_waits_may_be_closed_before)
{
        static struct gate gate;
        eddy_loop_thread *thread = new_thread();
        eddy_remote *remote = eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), last, &gate);
        eddy_loop *loop = new_loop();
        eddy_task *task;

        following = NULL;
        eddy_call_soon(loop, NULL, follow, remote);
        task = eddy_task_create(&(eddy_task_options){.loop = loop}, await_remote, remote);
        run_once(loop);
        assert_int_equal(eddy_loop_close(loop), 0);
        assert_true(eddy_cancelled(following));
        eddy_unref(following);
        eddy_unref(task);
        eddy_loop_destroy(loop);
        eddy_remote_cancel(remote);
        assert_int_equal(eddy_remote_wait(remote, EDDY_FOREVER, &(intptr_t){0}), 0);
        eddy_remote_release(remote);
        eddy_loop_thread_destroy(thread);
}

COROUTINE_TEST(awaiting_says_so_without_memory)
{
        eddy_remote *remote = eddy_spawn_threadsafe(eddy_running_loop(), add, &(struct pair){1, 2});

        assert_int_equal(eddy_remote_await(NULL, NULL), -ENOMEM);
        assert_null(eddy_wrap_remote(NULL));
        for (unsigned long nth = 1; nth <= 2; nth++) {
                fault_arm(nth, 1);
                assert_null(eddy_wrap_remote(remote));
        }
        fault_arm(0, 0);
        assert_int_equal(await_remote(remote), 3);
        eddy_remote_release(remote);
}

TEST(awaiting_needs_a_coroutine)
{
        eddy_loop_thread *thread = new_thread();
        eddy_remote *remote = eddy_spawn_threadsafe(eddy_loop_thread_loop(thread), add, &(struct pair){1, 2});

        assert_int_equal(eddy_remote_await(remote, NULL), EDDY_ENOTASK);
        assert_int_equal(eddy_remote_wait(remote, EDDY_FOREVER, NULL), 0);
        eddy_remote_release(remote);
        eddy_loop_thread_destroy(thread);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(brings_back_a_result),
            cmocka_unit_test(brings_back_a_failure_in_words),
            cmocka_unit_test(waits_no_longer_than_asked_and_cancels),
            cmocka_unit_test(cancels_what_has_not_begun),
            cmocka_unit_test(calls_back),
            cmocka_unit_test(given_back_at_once_it_goes_on),
            cmocka_unit_test(a_closed_loop_answers),
            cmocka_unit_test(a_loop_closed_under_its_coroutine_answers),
            cmocka_unit_test(a_loop_does_not_wait_for_itself),
            cmocka_unit_test(nothing_is_lost_when_a_loop_is_stopped),
            cmocka_unit_test(says_so_without_memory),
            cmocka_unit_test(is_awaited_by_another_loop),
            cmocka_unit_test(is_followed_by_a_future),
            cmocka_unit_test(fails_in_words_in_another_loop),
            cmocka_unit_test(without_a_place_awaiting_returns_the_failure),
            cmocka_unit_test(a_value_that_looks_like_an_error_is_one),
            cmocka_unit_test(interrupted_it_sees_the_coroutines_end),
            cmocka_unit_test(a_cancelled_future_asks_the_coroutine_to_end),
            cmocka_unit_test(a_loop_closed_under_what_is_awaited_answers),
            cmocka_unit_test(is_awaited_by_its_own_loop_but_not_by_itself),
            cmocka_unit_test(whoever_waits_may_be_closed_before),
            cmocka_unit_test(awaiting_says_so_without_memory),
            cmocka_unit_test(awaiting_needs_a_coroutine),
        };

        return cmocka_run_group_tests_name("remote", tests, NULL, NULL);
}
