#include "testing.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { THREADS = 4 };

static pthread_t start_thread(void *(*fn)(void *), void *arg)
{
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, fn, arg), 0);
        return thread;
}

/** A thread that sends many callbacks. */
struct sender {
        eddy_loop *loop;
        unsigned *all_received, all;
        unsigned count, received;
        struct message {
                struct sender *sender;
                eddy_handle handle;
                unsigned number;
        } * messages;
};

static void receive(void *arg)
{
        struct message *message = arg;
        struct sender *sender = message->sender;

        assert_ptr_equal(eddy_running_loop(), sender->loop);
        assert_int_equal(message->number, sender->received++);
        if (++*sender->all_received == sender->all)
                eddy_loop_stop(sender->loop);
}

static void *send_all(void *arg)
{
        struct sender *sender = arg;

        for (unsigned i = 0; i < sender->count; i++) {
                struct message *message = &sender->messages[i];

                *message = (struct message){.sender = sender, .number = i};
                /* Every other in a handle of the loop's own. */
                if (eddy_call_soon_threadsafe(sender->loop, i % 2 ? &message->handle : NULL, receive, message) <
                    0)
                        abort();
        }
        return NULL;
}

TEST(receives_all_from_many_threads_in_each_ones_order)
{
        unsigned count = scaled(200000), received = 0;
        struct sender senders[THREADS];
        pthread_t threads[THREADS];
        eddy_loop *loop = new_loop();

        for (int i = 0; i < THREADS; i++) {
                senders[i] = (struct sender){loop, &received, count * THREADS, count, 0, NULL};
                senders[i].messages = test_malloc(count * sizeof *senders[i].messages);
                threads[i] = start_thread(send_all, &senders[i]);
        }
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        for (int i = 0; i < THREADS; i++) {
                pthread_join(threads[i], NULL);
                assert_int_equal(senders[i].received, count);
                test_free(senders[i].messages);
        }
        eddy_loop_destroy(loop);
}

/** A thread that answers the loop, which sleeps meanwhile. */
struct echo {
        eddy_loop *loop;
        eddy_handle handle;
        pthread_mutex_t mutex;
        pthread_cond_t condition;
        unsigned asked, answered, rounds;
};

static void ask(void *arg)
{
        struct echo *echo = arg;

        pthread_mutex_lock(&echo->mutex);
        echo->answered = echo->asked++;
        pthread_cond_signal(&echo->condition);
        if (echo->answered == echo->rounds)
                eddy_loop_stop(echo->loop);
        pthread_mutex_unlock(&echo->mutex);
}

static void *answer(void *arg)
{
        struct echo *echo = arg;

        for (unsigned i = 0; i < echo->rounds; i++) {
                pthread_mutex_lock(&echo->mutex);
                while (echo->asked == i)
                        pthread_cond_wait(&echo->condition, &echo->mutex);
                pthread_mutex_unlock(&echo->mutex);
                if (eddy_call_soon_threadsafe(echo->loop, &echo->handle, ask, echo) < 0)
                        abort();
        }
        return NULL;
}

TEST(wakes_a_loop_that_waits)
{
        struct echo echo = {.loop = new_loop(), .rounds = scaled(20000)};
        pthread_t thread;

        pthread_mutex_init(&echo.mutex, NULL);
        pthread_cond_init(&echo.condition, NULL);
        thread = start_thread(answer, &echo);
        eddy_call_soon(echo.loop, NULL, ask, &echo);
        assert_int_equal(eddy_loop_run_forever(echo.loop), 0);
        pthread_join(thread, NULL);
        assert_int_equal(echo.answered, echo.rounds);
        eddy_loop_destroy(echo.loop);
}

static void *send_until_refused(void *arg)
{
        eddy_loop *loop = arg;
        int rc;

        while ((rc = eddy_call_soon_threadsafe(loop, NULL, note, "x")) == 0)
                sched_yield();
        return (void *)(intptr_t)rc;
}

TEST(refuses_what_is_sent_to_a_closed_loop)
{
        eddy_loop *loop = new_loop();
        pthread_t threads[THREADS];
        void *rc;

        for (int i = 0; i < THREADS; i++)
                threads[i] = start_thread(send_until_refused, loop);
        assert_int_equal(eddy_loop_close(loop), 0);
        for (int i = 0; i < THREADS; i++) {
                pthread_join(threads[i], &rc);
                assert_int_equal((intptr_t)rc, EDDY_ELOOPCLOSED);
        }
        eddy_loop_destroy(loop);
}

TEST(sends_from_the_loops_own_thread)
{
        eddy_handle a = {.arg = NULL}, b = {.arg = NULL};
        eddy_loop *loop = new_loop();

        trail_clear();
        eddy_call_soon_threadsafe(loop, &a, note, "a");
        eddy_call_soon_threadsafe(loop, &b, note, "b");
        eddy_call_soon_threadsafe(loop, NULL, note, "c");
        run_once(loop);
        assert_trail("abc");
        /* The handles are free again. */
        eddy_call_soon_threadsafe(loop, &a, note, "a");
        run_once(loop);
        assert_trail("a");
        eddy_loop_destroy(loop);
}

TEST(cancels_what_was_sent)
{
        eddy_handle a = {.arg = NULL}, b = {.arg = NULL}, c = {.arg = NULL};
        eddy_loop *loop = new_loop();

        trail_clear();
        eddy_call_soon_threadsafe(loop, &a, note, "a");
        eddy_call_soon_threadsafe(loop, &b, note, "b");
        eddy_call_soon_threadsafe(loop, &c, note, "c");
        assert_true(eddy_handle_cancel(&b));
        assert_false(eddy_handle_cancel(&b));
        run_once(loop);
        assert_trail("ac");
        eddy_call_soon_threadsafe(loop, &a, note, "a");
        assert_true(eddy_handle_cancel(&a));
        run_once(loop);
        assert_trail("");
        eddy_loop_destroy(loop);
}

TEST(says_so_without_memory)
{
        eddy_loop *loop = new_loop();

        fault_arm(1, 2);
        assert_int_equal(eddy_call_soon(loop, NULL, note, "x"), -ENOMEM);
        assert_int_equal(eddy_call_soon_threadsafe(loop, NULL, note, "x"), -ENOMEM);
        fault_arm(0, 0);
        trail_clear();
        run_once(loop);
        assert_trail("");
        eddy_loop_destroy(loop);
}

static intptr_t count_to(void *arg)
{
        for (unsigned i = 0; i < *(unsigned *)arg; i++)
                eddy_yield();
        return 17;
}

static intptr_t be_busy(void *arg)
{
        intptr_t results[3];
        unsigned count = *(unsigned *)arg;
        eddy_task *tasks[] = {eddy_create_task(count_to, &count), eddy_create_task(count_to, &count),
                              eddy_create_task(count_to, &count)};
        int rc = eddy_gather(tasks, 3, results, 0);

        for (int i = 0; i < 3; i++)
                eddy_unref(tasks[i]);
        rc = rc < 0 ? rc : eddy_sleep(eddy_us(50));
        return rc < 0 ? rc : results[0] + results[1] + results[2];
}

static void *run_here(void *arg)
{
        return (void *)eddy_run(be_busy, arg);
}

TEST(runs_a_loop_in_each_of_several_threads)
{
        unsigned count = scaled(100000);
        pthread_t threads[THREADS];
        void *result;

        for (int i = 0; i < THREADS; i++)
                threads[i] = start_thread(run_here, &count);
        for (int i = 0; i < THREADS; i++) {
                pthread_join(threads[i], &result);
                assert_int_equal((intptr_t)result, 51);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(receives_all_from_many_threads_in_each_ones_order),
            cmocka_unit_test(wakes_a_loop_that_waits),
            cmocka_unit_test(refuses_what_is_sent_to_a_closed_loop),
            cmocka_unit_test(sends_from_the_loops_own_thread),
            cmocka_unit_test(cancels_what_was_sent),
            cmocka_unit_test(says_so_without_memory),
            cmocka_unit_test(runs_a_loop_in_each_of_several_threads),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
