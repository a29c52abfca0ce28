#include "coro/stack.h"
#include "testing.h"
#include <unistd.h>

/** Use so many bytes of stack, in frames of about 1 KiB, and suspend at the deepest. */
static __attribute__((noinline)) size_t descend(size_t bytes)
{
        volatile char frame[1024];
        size_t below;

        frame[0] = (char)bytes;
        frame[1023] = (char)(bytes >> 8);
        below = bytes > 1200 ? descend(bytes - 1200) : (size_t)eddy_yield();
        if (frame[0] != (char)bytes || frame[1023] != (char)(bytes >> 8))
                return SIZE_MAX / 2;
        return below + 1;
}

static intptr_t descend_so_far(void *bytes)
{
        return (intptr_t)descend((size_t)bytes);
}

static void check_depth(size_t stack_size, size_t depth)
{
        eddy_task *tasks[5];
        intptr_t result;

        for (int i = 0; i < 5; i++)
                tasks[i] = eddy_task_create(&(eddy_task_options){.stack_size = stack_size}, descend_so_far,
                                            (void *)depth);
        for (int i = 0; i < 5; i++) {
                assert_int_equal(eddy_join(tasks[i], &result), 0);
                assert_true(result >= (intptr_t)(depth / 1200));
                assert_true(result < (intptr_t)(depth / 1200 + 3));
        }
}

COROUTINE_TEST(gives_every_task_the_depth_it_asked_for)
{
        if (SANITIZER_WATCHES_MEMORY)
                return; /* their frames are larger */
        check_depth(0, 180 * 1024);
        check_depth(32 * 1024, 18 * 1024);
        check_depth(1024 * 1024, 850 * 1024);
        check_depth(8 * 1024 * 1024, 6 * 1024 * 1024);
        check_depth(100000, 70000); /* no whole number of pages */
        check_depth(1, 2400);       /* below the least there is */
}

static intptr_t where(void *arg)
{
        (void)arg;
        eddy_yield();
        return (intptr_t)__builtin_frame_address(0);
}

COROUTINE_TEST(uses_stacks_again)
{
        intptr_t first = 0, again = 0;

        eddy_join(eddy_create_task(where, NULL), &first);
        /* In batches, so that many are in use at once and go back together. */
        for (int batch = 0; batch < 20; batch++) {
                enum { N = 200 };
                eddy_task *tasks[N];

                for (int i = 0; i < N; i++)
                        tasks[i] = eddy_create_task(where, NULL);
                fault_arm(0, 0);
                for (int i = 0; i < N; i++)
                        eddy_join(tasks[i], &again);
                if (batch > 0)
                        assert_int_equal(fault_uses(), 0);
        }
        for (int i = 0; i < 1000; i++) {
                eddy_join(eddy_create_task(where, NULL), &again);
                if (again == first)
                        return;
        }
        assert_int_equal(again, first);
}

static void check_default(size_t bytes, size_t depth)
{
        assert_int_equal(eddy_set_stack_size(bytes), 0);
        assert_int_equal(run_main(descend_so_far, (void *)depth), (intptr_t)(depth / 1200));
}

TEST(changes_the_default_size)
{
        assert_int_equal(eddy_set_stack_size(16 * 1024 - 1), -EINVAL);
        assert_int_equal(eddy_set_stack_size(0), -EINVAL);
        if (!SANITIZER_WATCHES_MEMORY) {
                check_default(2 * 1024 * 1024, 1200 * 1000);
                check_default(16 * 1024, 1200 * 5);
                check_default(100001, 1200 * 50); /* no whole number of pages */
        }
        assert_int_equal(eddy_set_stack_size(256 * 1024), 0);
}

COROUTINE_TEST(refuses_what_the_system_has_not)
{
        eddy_task *task = eddy_task_create(&(eddy_task_options){.stack_size = (size_t)3 << 30}, where, NULL);
        eddy_task *small = eddy_create_task(where, NULL);
        intptr_t result = 0;

        fault_arm(1, 1);
        eddy_yield();
        fault_arm(0, 0);
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, -ENOMEM);
        assert_true(strlen(eddy_error_detail()) > 0);
        eddy_join(small, NULL);
}

static void look_away(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop, (void)exception, (void)arg;
}

static intptr_t end_at_once(void *arg)
{
        return (intptr_t)arg;
}

/* Who comes to its end, and is gone, hands on to who comes next; where that has no stack, the one after it goes
 * on. */
COROUTINE_TEST(goes_on_where_the_next_has_no_stack)
{
        eddy_loop_set_exception_handler(eddy_running_loop(), look_away, NULL);
        for (unsigned long n = 1; n < 12; n++) {
                enum { N = 40 };
                eddy_task *tasks[N];
                intptr_t results[N];
                int refused = 0;

                /* Of a size of their own each round, so that there is none left over. */
                for (int i = 0; i < N; i++) {
                        eddy_task_options options = {.stack_size = n * 16384};

                        eddy_unref(eddy_task_create(&options, end_at_once, NULL));
                        options.stack_size += 1024 * 1024 + (size_t)i * 4096;
                        tasks[i] = eddy_task_create(&options, where, NULL);
                }
                fault_arm(n, 1 + n % 3);
                eddy_yield();
                fault_arm(0, 0);
                assert_int_equal(eddy_gather(tasks, N, results, EDDY_RETURN_ERRORS), 0);
                for (int i = 0; i < N; i++) {
                        refused += results[i] == -ENOMEM;
                        assert_true(results[i] == -ENOMEM || !eddy_is_error(results[i]));
                        eddy_unref(tasks[i]);
                }
                assert_true(refused <= N);
        }
}

COROUTINE_TEST(gives_idle_stacks_back_to_the_system)
{
        struct stack_pool pool;
        struct stack *stacks[40];

        /* The pool's own timer, fired by hand: it lets go of what was idle twice. */
        stack_pool_init(&pool, eddy_running_loop(), 64 * 1024);
        for (int round = 0; round < 3; round++) {
                for (int i = 0; i < 40; i++) {
                        stacks[i] = stack_take(&pool, i % 4 ? 0 : 32 * 1024);
                        assert_non_null(stacks[i]);
                        memset((char *)stacks[i] - 1000, 7, 1000);
                }
                for (int i = 0; i < 40; i++)
                        stack_give(&pool, stacks[i]);
                assert_true(list_is_linked(&pool.trim.handle.link));
                for (int i = 0; i < 3 && list_is_linked(&pool.trim.handle.link); i++) {
                        assert_true(eddy_timer_cancel(&pool.trim));
                        pool.trim.handle.callback(pool.trim.handle.arg);
                }
                /* One slab still holds the stack that is kept at hand. */
                assert_int_equal(pool.common.slab_count, 1);
        }
        stack_pool_finish(&pool);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(gives_every_task_the_depth_it_asked_for),
            cmocka_unit_test(uses_stacks_again),
            cmocka_unit_test(changes_the_default_size),
            cmocka_unit_test(refuses_what_the_system_has_not),
            cmocka_unit_test(goes_on_where_the_next_has_no_stack),
            cmocka_unit_test(gives_idle_stacks_back_to_the_system),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
