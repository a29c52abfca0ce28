/* Switching, on stacks of their own; through tasks, which are what coroutines are for. */
#include "testing.h"
#include <execinfo.h>
#include <fenv.h>
#include <stdlib.h>

/** A coroutine that keeps much in registers and on its stack while others run. */
static intptr_t keep_everything(void *arg)
{
        unsigned rounds = scaled(100000);
        uint64_t seed = (uint64_t)(uintptr_t)arg, a = seed * 3, b = seed * 5, c = seed * 7, d = seed * 11,
                 e = seed * 13, f = seed * 17;
        double x = (double)seed, y = x * 0.5;
        volatile uint64_t kept[64];

        for (unsigned i = 0; i < 64; i++)
                kept[i] = seed * i;
        for (unsigned i = 1; i <= rounds; i++) {
                if (eddy_yield() < 0)
                        return -EINTR;
                a += seed, b += seed, c += seed, d += seed, e += seed, f += seed, x += 1, y += 0.5;
                if (kept[i % 64] != seed * (i % 64))
                        return -EFAULT;
        }
        return a == seed * (3 + rounds) && b == seed * (5 + rounds) && c == seed * (7 + rounds) &&
               d == seed * (11 + rounds) && e == seed * (13 + rounds) && f == seed * (17 + rounds) &&
               x == (double)seed + rounds && y == (double)seed * 0.5 + rounds * 0.5;
}

COROUTINE_TEST(keeps_registers_and_stacks_over_a_million_switches)
{
        enum { N = 10 };
        eddy_task *tasks[N];
        intptr_t results[N];

        for (uintptr_t i = 0; i < N; i++)
                tasks[i] = eddy_create_task(keep_everything, (void *)(i * 1234567 + 1));
        assert_int_equal(eddy_gather(tasks, N, results, 0), 0);
        for (int i = 0; i < N; i++) {
                assert_int_equal(results[i], 1);
                eddy_unref(tasks[i]);
        }
}

/* The registers that the calling convention makes the callee's, set and looked at around one suspension. */
#if defined(__x86_64__)
static bool callee_saved_registers_survive(uint64_t seed)
{
        uint64_t good = 0;

        __asm__ volatile("movq %1, %%rbx\n\t"
                         "leaq 1(%1), %%r12\n\t"
                         "leaq 2(%1), %%r13\n\t"
                         "leaq 3(%1), %%r14\n\t"
                         "leaq 4(%1), %%r15\n\t"
                         "leaq -144(%%rsp), %%rsp\n\t"
                         "pushq %1\n\t"
                         "movq %%rsp, %%rcx\n\t"
                         "andq $-16, %%rsp\n\t"
                         "pushq %%rcx\n\t"
                         "pushq %%rcx\n\t"
                         "call eddy_yield\n\t"
                         "popq %%rcx\n\t"
                         "popq %%rcx\n\t"
                         "movq %%rcx, %%rsp\n\t"
                         "popq %%rdx\n\t"
                         "leaq 144(%%rsp), %%rsp\n\t"
                         "xorl %%eax, %%eax\n\t"
                         "cmpq %%rdx, %%rbx\n\t"
                         "jne 1f\n\t"
                         "leaq 1(%%rdx), %%rcx\n\t"
                         "cmpq %%rcx, %%r12\n\t"
                         "jne 1f\n\t"
                         "leaq 2(%%rdx), %%rcx\n\t"
                         "cmpq %%rcx, %%r13\n\t"
                         "jne 1f\n\t"
                         "leaq 3(%%rdx), %%rcx\n\t"
                         "cmpq %%rcx, %%r14\n\t"
                         "jne 1f\n\t"
                         "leaq 4(%%rdx), %%rcx\n\t"
                         "cmpq %%rcx, %%r15\n\t"
                         "jne 1f\n\t"
                         "movl $1, %%eax\n"
                         "1:"
                         : "=&a"(good), "+D"(seed)
                         :
                         : "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
                           "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                           "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc", "memory");
        return good;
}
#else
static bool callee_saved_registers_survive(uint64_t seed)
{
        (void)seed;
        return eddy_yield() == 0;
}
#endif

static intptr_t check_registers(void *seed)
{
        for (int i = 0; i < 1000; i++)
                if (!callee_saved_registers_survive((uint64_t)(uintptr_t)seed * 100 + (uint64_t)i))
                        return -EFAULT;
        return 0;
}

COROUTINE_TEST(keeps_the_callees_registers)
{
        eddy_task *tasks[4];

        for (uintptr_t i = 0; i < 4; i++)
                tasks[i] = eddy_create_task(check_registers, (void *)(i + 1));
        assert_int_equal(eddy_gather(tasks, 4, NULL, 0), 0);
        for (int i = 0; i < 4; i++)
                eddy_unref(tasks[i]);
}

static intptr_t be_aligned(void *arg)
{
        _Alignas(16) volatile char here[16];
        /* Faults where the stack is not as the calling convention says. */
        volatile long double sum = 1.5L;

        (void)arg;
        here[0] = 1;
        sum += here[0];
        return (uintptr_t)__builtin_frame_address(0) % 16 == 0 && (uintptr_t)here % 16 == 0 && sum > 2
                   ? 1
                   : -EFAULT;
}

COROUTINE_TEST(aligns_every_stack)
{
        for (size_t size = 0; size < 100; size++) {
                char args[100] = "";
                eddy_task *task = eddy_task_create(
                    &(eddy_task_options){.args = size ? args : NULL, .args_size = size}, be_aligned, NULL);
                intptr_t result;

                eddy_join(task, &result);
                assert_int_equal(result, 1);
        }
}

static intptr_t sleep_for_ever(void *arg)
{
        volatile char used[256];

        memset((char *)used, 1, sizeof used);
        (void)arg;
        return eddy_sleep(EDDY_FOREVER);
}

COROUTINE_TEST(holds_a_hundred_thousand_at_once)
{
        unsigned count = scaled(100000);
        eddy_task **tasks = test_malloc(count * sizeof *tasks);
        bool is_bounded;

        for (unsigned i = 0; i < count; i++) {
                tasks[i] = eddy_create_task(sleep_for_ever, NULL);
                assert_non_null(tasks[i]);
        }
        assert_int_equal(eddy_yield(), 0);
        is_bounded = eddy_all_tasks(NULL, NULL, 0) < count + 1;
        for (unsigned i = 0; i < count; i++)
                eddy_cancel(tasks[i]);
        for (unsigned i = 0; i < count; i++) {
                intptr_t result = 0;

                assert_int_equal(eddy_join(tasks[i], &result), 0);
                if (is_bounded && result == -ENOMEM)
                        continue;
                assert_int_equal(result, EDDY_CANCELLED);
        }
        if (is_bounded)
                print_message("fewer than %u: before Linux 6.13 the number of guarded stacks is bounded\n",
                              count);
        test_free(tasks);
}

static intptr_t yield_once(void *arg)
{
        eddy_yield();
        return (intptr_t)arg;
}

/* On one stack, again and again: whoever watches the program must not lose count. */
COROUTINE_TEST(holds_a_hundred_thousand_one_after_the_other)
{
        for (intptr_t i = 0; i < 100000; i++) {
                intptr_t result;

                eddy_join(eddy_create_task(yield_once, (void *)i), &result);
                assert_int_equal(result, i);
        }
}

/** 1 / 3, which comes out differently in each rounding mode. */
static double third(void)
{
        volatile double one = 1, three = 3;

        return one / three;
}

static double nearest, upward;

static intptr_t round_upward(void *end_so)
{
        int before = fegetround();

        fesetround(FE_UPWARD);
        for (int i = 0; i < 10; i++) {
                if (third() != upward || fegetround() != FE_UPWARD)
                        return -EINVAL;
                eddy_yield();
        }
        if (!end_so)
                fesetround(before);
        return 0;
}

static intptr_t round_as_always(void *arg)
{
        (void)arg;
        for (int i = 0; i < 10; i++) {
                if (third() != nearest || fegetround() != FE_TONEAREST)
                        return -EINVAL;
                eddy_yield();
        }
        return 0;
}

static void check_rounding(bool end_so)
{
        const eddy_task_options own = {.own_fpu_mode = true};
        eddy_task *tasks[6];

        fesetround(FE_UPWARD);
        upward = third();
        fesetround(FE_TONEAREST);
        nearest = third();
        assert_true(upward > nearest);
        for (int i = 0; i < 6; i++)
                tasks[i] = i % 2 ? eddy_task_create(&own, round_upward, end_so ? "" : NULL)
                                 : eddy_create_task(round_as_always, NULL);
        assert_int_equal(eddy_gather(tasks, 6, NULL, 0), 0);
        assert_int_equal(fegetround(), FE_TONEAREST);
        for (int i = 0; i < 6; i++)
                eddy_unref(tasks[i]);
        /* Who comes after it on its stack. */
        assert_int_equal(eddy_await(tasks[0] = eddy_create_task(round_as_always, NULL), NULL), 0);
        eddy_unref(tasks[0]);
}

COROUTINE_TEST(keeps_a_rounding_mode_for_its_own)
{
        if (RUNNING_ON_VALGRIND || USES_UCONTEXT)
                return; /* valgrind rounds in its own way */
        check_rounding(false);
}

COROUTINE_TEST(leaves_no_rounding_mode_behind)
{
        if (RUNNING_ON_VALGRIND || USES_UCONTEXT)
                return;
        check_rounding(true);
        fesetround(FE_TONEAREST);
}

/* A trace from within goes through the coroutine's functions and ends in the loop's, at main(). */

static void *frames[64];
static int frame_count;

static __attribute__((noinline)) int trace_at_depth(volatile int depth)
{
        int rc;

        if (depth == 0) {
                eddy_yield(); /* so that it has been left and come back to */
                frame_count = backtrace(frames, 64);
                return 0;
        }
        rc = trace_at_depth(depth - 1);
        __asm__ volatile("" : : : "memory");
        return rc + 1;
}

static intptr_t trace(void *arg)
{
        (void)arg;
        return trace_at_depth(5);
}

TEST(unwinds_to_the_loop)
{
        void *outer[64];
        int n = backtrace(outer, 64), same = 0;

        if (USES_UCONTEXT)
                skip();
        assert_int_equal(run_main(trace, NULL), 5);
        assert_true(frame_count > 8);
        assert_true(frame_count < 64);
        /* What is below this function is the same as seen from here. */
        while (same < n && same < frame_count && outer[n - 1 - same] == frames[frame_count - 1 - same])
                same++;
        assert_true(same >= 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(keeps_registers_and_stacks_over_a_million_switches),
            cmocka_unit_test(keeps_the_callees_registers),
            cmocka_unit_test(aligns_every_stack),
            cmocka_unit_test(holds_a_hundred_thousand_at_once),
            cmocka_unit_test(holds_a_hundred_thousand_one_after_the_other),
            cmocka_unit_test(keeps_a_rounding_mode_for_its_own),
            cmocka_unit_test(leaves_no_rounding_mode_behind),
            cmocka_unit_test(unwinds_to_the_loop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
