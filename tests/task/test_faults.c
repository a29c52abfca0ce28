/* Every use of the system fails once, in each place where a program may make it: what is asked for then succeeds
 * or says why not; nothing crashes, hangs or is lost. Leaks are for the tools to find, but for descriptors. */
#include "testing.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
        DONE = 12345,
        WRONG = -4094, /* an error that nothing in eddy returns */
};

static void look_away(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop, (void)arg;
        assert_true(eddy_is_error(exception->error));
        assert_true(strlen(exception->message) > 0);
}

static void nothing(void *arg)
{
        (void)arg;
}

static intptr_t use_loop(void *arg)
{
        eddy_timer timer = {.when = 0};
        eddy_loop *loop;
        int ends[2], rc;

        (void)arg;
        rc = eddy_loop_create(&loop);
        if (rc < 0)
                return rc;
        if (pipe(ends) < 0)
                return -errno;
        if ((rc = eddy_call_soon(loop, NULL, nothing, NULL)) < 0 ||
            (rc = eddy_call_later(loop, NULL, 0, nothing, NULL)) < 0 ||
            (rc = eddy_call_later(loop, NULL, eddy_seconds(1000), nothing, NULL)) < 0 ||
            (rc = eddy_call_soon_threadsafe(loop, NULL, nothing, NULL)) < 0 ||
            (rc = eddy_add_reader(loop, ends[0], nothing, NULL)) < 0 ||
            (rc = eddy_add_writer(loop, ends[1], nothing, NULL)) < 0 ||
            (rc = eddy_add_signal_handler(loop, SIGUSR1, nothing, NULL)) < 0)
                goto out;
        eddy_call_later(loop, &timer, eddy_us(50), stop, loop);
        rc = eddy_loop_run_forever(loop);
out:
        eddy_remove_reader(loop, ends[0]);
        eddy_remove_writer(loop, ends[1]);
        close(ends[0]);
        close(ends[1]);
        eddy_loop_destroy(loop);
        return rc < 0 ? rc : DONE;
}

static intptr_t take_time(void *arg)
{
        int rc = eddy_sleep(eddy_us(10));

        return rc < 0 ? rc : (intptr_t)arg;
}

static intptr_t fail_now(void *arg)
{
        (void)arg;
        return eddy_fail(-EPERM, "as it shall");
}

static intptr_t sleep_for_ever(void *arg)
{
        (void)arg;
        return eddy_sleep(EDDY_FOREVER);
}

static intptr_t gather_many(void *arg)
{
        enum { N = 12 };
        eddy_task *tasks[N];
        intptr_t results[N], sum = 0;
        int rc;

        (void)arg;
        for (intptr_t i = 0; i < N; i++)
                tasks[i] =
                    i % 3 ? eddy_create_task(take_time, (void *)i)
                          : eddy_task_create(&(eddy_task_options){.stack_size = 32 * 1024, .eager = i == 3},
                                             take_time, (void *)i);
        rc = eddy_gather(tasks, N, results, 0);
        for (int i = 0; i < N; i++) {
                sum += results[i];
                if (rc < 0)
                        eddy_cancel(tasks[i]);
                if (tasks[i])
                        eddy_join(tasks[i], NULL);
        }
        return rc < 0 ? rc : sum == N * (N - 1) / 2 ? DONE : WRONG;
}

static intptr_t wait_in_every_way(void *arg)
{
        eddy_task *tasks[10];
        eddy_completion completion;
        eddy_future *next, *shield;
        intptr_t result = 0;
        int rc, handed_out = 0;

        (void)arg;
        for (intptr_t i = 0; i < 10; i++)
                tasks[i] = eddy_create_task(take_time, (void *)i);
        rc = eddy_as_completed(&completion, tasks, 10);
        while (rc >= 0 && (rc = eddy_completion_next(&completion, &next)) > 0)
                handed_out++;
        eddy_completion_close(&completion);
        if (rc == 0 && handed_out != 10)
                rc = WRONG;
        if (rc == 0)
                rc = (int)eddy_wait(tasks, 10, EDDY_ALL_COMPLETED, EDDY_FOREVER);
        if (rc >= 0)
                rc = eddy_wait_for(tasks[0], eddy_seconds(100), &result);
        shield = eddy_shield(tasks[1]);
        if (rc >= 0)
                rc = eddy_await(shield, &result);
        eddy_unref(shield);
        for (int i = 0; i < 10; i++)
                eddy_unref(tasks[i]);
        return rc < 0 ? rc : eddy_is_error(result) ? result : DONE;
}

static intptr_t open_groups(void *arg)
{
        eddy_group outer, inner;
        int rc, expected;

        (void)arg;
        eddy_group_open(&outer);
        for (int i = 0; i < 5; i++)
                eddy_group_spawn(&outer, take_time, &i);
        eddy_group_open(&inner);
        eddy_group_spawn(&inner, sleep_for_ever, &rc);
        eddy_group_start(&inner, &(eddy_task_options){.eager = true}, sleep_for_ever, NULL, NULL);
        expected = eddy_group_start(&inner, NULL, fail_now, NULL, NULL);
        if (expected < 0)
                eddy_group_cancel(&inner);
        rc = eddy_group_close(&inner);
        if (expected == 0 && rc == -EPERM)
                rc = 0;
        expected = eddy_group_close(&outer);
        rc = expected < 0 ? expected : rc;
        return rc < 0 ? rc : DONE;
}

static intptr_t be_late(void *arg)
{
        eddy_timeout timeout;
        eddy_task *task = eddy_create_task(sleep_for_ever, NULL);
        intptr_t result = 0;
        int rc;

        (void)arg;
        rc = eddy_wait_for(task, eddy_us(50), &result);
        eddy_unref(task);
        if (rc != EDDY_TIMEOUT)
                return rc < 0 ? rc : eddy_is_error(result) ? result : WRONG;
        eddy_timeout_open(&timeout, eddy_us(50));
        eddy_sleep(EDDY_FOREVER);
        return eddy_timeout_close(&timeout) == EDDY_TIMEOUT ? DONE : WRONG;
}

static void add_one(eddy_future *future, void *count)
{
        (void)future;
        ++*(int *)count;
}

static intptr_t call_back(void *arg)
{
        eddy_future *future = eddy_future_create(NULL), *other = eddy_future_create(NULL);
        int rc, called = 0;

        (void)arg;
        rc = eddy_future_add_done_callback(future, add_one, &called);
        if (rc == 0)
                rc = eddy_future_add_done_callback(future, add_one, &called);
        if (rc == 0)
                rc = eddy_future_add_done_callback(other, add_one, &called);
        if (rc == 0)
                rc = eddy_cancel_with(other, "for a reason") ? 0 : WRONG;
        if (rc == 0) {
                rc = eddy_future_set_result_threadsafe(eddy_ref(future), 1);
                if (rc < 0)
                        eddy_unref(future);
        }
        if (rc == 0)
                rc = eddy_await(future, NULL);
        if (rc == 0) {
                eddy_task_set_name(eddy_current_task(), "renamed");
                rc = eddy_yield();
        }
        eddy_future_remove_done_callback(future, add_one, &called);
        eddy_future_remove_done_callback(other, add_one, &called);
        eddy_unref(future);
        eddy_unref(other);
        return rc < 0 ? rc : called == 3 ? DONE : WRONG;
}

static intptr_t leave_tasks(void *arg)
{
        (void)arg;
        for (int i = 0; i < 3; i++)
                eddy_unref(eddy_create_task(sleep_for_ever, NULL));
        eddy_yield();
        return DONE;
}

/** Two ends of a connection made by operations, and what has become of them. */
struct talk {
        eddy_op receive, send, poll, close;
        eddy_loop *loop;
        int ends[2], left;
        ssize_t failure;
        char buffer[16];
};

static void one_less(struct talk *talk, ssize_t result)
{
        if (result < 0 && !talk->failure)
                talk->failure = result;
        if (--talk->left == 0)
                eddy_loop_stop(talk->loop);
}

static void received(void *arg)
{
        struct talk *talk = arg;

        one_less(talk, talk->receive.result);
}

static void polled(void *arg)
{
        struct talk *talk = arg;

        one_less(talk, talk->poll.result);
}

static void speak(void *arg)
{
        struct talk *talk = arg;
        ssize_t n = eddy_op_send(&talk->send, talk->ends[1], "hello", 5, 0);

        if (n != 5 && !talk->failure)
                talk->failure = n < 0 ? n : -EIO;
        if (n < 0) {
                eddy_op_cancel(&talk->receive);
                eddy_op_cancel(&talk->poll);
        }
}

static intptr_t operate(void *arg)
{
        struct talk talk = {.left = 2};
        ssize_t n;
        int rc = eddy_loop_create(&talk.loop);

        (void)arg;
        if (rc < 0)
                return rc;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, talk.ends) < 0)
                return -errno;
        eddy_op_init(&talk.receive, talk.loop, received, &talk);
        eddy_op_init(&talk.poll, talk.loop, polled, &talk);
        eddy_op_init(&talk.send, talk.loop, nothing, &talk);
        eddy_op_init(&talk.close, talk.loop, nothing, NULL);
        n = eddy_op_poll(&talk.poll, talk.ends[0], POLLIN);
        if (n != EDDY_PENDING)
                one_less(&talk, n);
        n = eddy_op_recv(&talk.receive, talk.ends[0], talk.buffer, sizeof talk.buffer, MSG_PEEK);
        if (n != EDDY_PENDING)
                one_less(&talk, n);
        rc = eddy_call_soon(talk.loop, NULL, speak, &talk);
        if (rc < 0)
                speak(&talk);
        if (talk.left > 0)
                rc = eddy_loop_run_forever(talk.loop);
        eddy_op_close(&talk.close, talk.ends[0]);
        eddy_op_close(&talk.close, talk.ends[1]);
        eddy_loop_destroy(talk.loop);
        return rc < 0 ? rc : talk.failure ? talk.failure : DONE;
}

static intptr_t within_quiet_main(void *arg)
{
        eddy_loop_set_exception_handler(eddy_running_loop(), look_away, NULL);
        return (*(eddy_fn *)arg)(NULL);
}

static int next_descriptor(void)
{
        int fd = dup(0);

        close(fd);
        return fd;
}

/** Let each use of the system fail, then each and all after it (or a good many). */
static void fail_everywhere(eddy_fn fn, bool is_coroutine)
{
        static const unsigned long lengths[] = {1, 2, 25};

        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
                for (unsigned long n = 1;; n++) {
                        int before = next_descriptor();
                        intptr_t result;
                        unsigned long uses;

                        loop_running_here = NULL;
                        fault_arm(n, lengths[i]);
                        result = is_coroutine ? eddy_run(within_quiet_main, &fn) : fn(NULL);
                        uses = fault_uses();
                        fault_arm(0, 0);
                        assert_int_equal(next_descriptor(), before);
                        assert_null(eddy_running_loop());
                        assert_true(result == DONE || eddy_is_error(result));
                        assert_true(result != WRONG);
                        if (uses >= n)
                                continue;
                        assert_int_equal(result, DONE);
                        break;
                }
        }
}

TEST(in_a_loop)
{
        fail_everywhere(use_loop, false);
}

TEST(in_operations)
{
        fail_everywhere(operate, false);
}

TEST(in_gather)
{
        fail_everywhere(gather_many, true);
}

TEST(in_every_way_of_waiting)
{
        fail_everywhere(wait_in_every_way, true);
}

TEST(in_groups)
{
        fail_everywhere(open_groups, true);
}

TEST(in_deadlines)
{
        fail_everywhere(be_late, true);
}

TEST(in_callbacks)
{
        fail_everywhere(call_back, true);
}

TEST(in_tasks_left_behind)
{
        fail_everywhere(leave_tasks, true);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(in_a_loop),    cmocka_unit_test(in_operations),
            cmocka_unit_test(in_gather),    cmocka_unit_test(in_every_way_of_waiting),
            cmocka_unit_test(in_groups),    cmocka_unit_test(in_deadlines),
            cmocka_unit_test(in_callbacks), cmocka_unit_test(in_tasks_left_behind),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
