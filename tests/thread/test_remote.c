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
        };

        return cmocka_run_group_tests_name("remote", tests, NULL, NULL);
}
