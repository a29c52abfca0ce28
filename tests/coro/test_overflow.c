/* What a stack overflow does to the process: seen from a parent. */
#include "testing.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((noinline)) int descend_for_ever(volatile int depth)
{
        volatile char frame[512];

        frame[depth % 512] = 1;
        return depth < 0 ? 0 : descend_for_ever(depth + 1) + frame[depth % 512];
}

static intptr_t overflow(void *arg)
{
        (void)arg;
        return descend_for_ever(0);
}

static intptr_t start_overflow(void *arg)
{
        return eddy_join(arg ? eddy_task_create(arg, overflow, NULL) : eddy_create_task(overflow, NULL), NULL);
}

static intptr_t touch_nothing(void *arg)
{
        return *(volatile char *)arg;
}

/** Run a coroutine in a child process: its wait status, and what it printed to stderr. */
static int run_in_child(eddy_fn fn, const void *arg, char *text, size_t size)
{
        int ends[2], status;
        ssize_t n, length = 0;
        pid_t child;

        assert_int_equal(pipe(ends), 0);
        child = fork();
        if (child == 0) {
                const struct rlimit no_core = {0, 0};

                setrlimit(RLIMIT_CORE, &no_core);
                /* cmocka has handlers of its own. */
                signal(SIGSEGV, SIG_DFL);
                signal(SIGBUS, SIG_DFL);
                dup2(ends[1], STDERR_FILENO);
                run_main(fn, (void *)(uintptr_t)arg);
                _exit(0);
        }
        close(ends[1]);
        while ((n = read(ends[0], text + length, size - 1 - (size_t)length)) > 0)
                length += n;
        text[length] = '\0';
        close(ends[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        return status;
}

static void check_run(eddy_fn fn, const void *arg, const char *name_and_size)
{
        char text[4096];
        int status;

        if (SANITIZER_WATCHES_MEMORY || RUNNING_ON_VALGRIND)
                skip(); /* they tell of it themselves */
        status = run_in_child(fn, arg, text, sizeof text);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSEGV);
        assert_non_null(strstr(text, name_and_size));
        assert_non_null(strstr(text, "has overflowed"));
}

static void check(const eddy_task_options *options, const char *name_and_size)
{
        check_run(start_overflow, options, name_and_size);
}

TEST(names_the_coroutine_and_its_size)
{
        check(NULL, "coroutine 'overflow' (262144 bytes)");
}

TEST(names_a_size_of_its_own)
{
        check(&(eddy_task_options){.name = "deep", .stack_size = 40000}, "coroutine 'deep' (40960 bytes)");
}

TEST(names_the_nameless)
{
        check(&(eddy_task_options){.stack_size = 1 << 20}, "coroutine '?' (1048576 bytes)");
}

static intptr_t overflow_generator(eddy_generator *self, void *arg)
{
        (void)self;
        return overflow(arg);
}

static intptr_t overflow_in_generator(void *arg)
{
        eddy_generator *generator = eddy_create_generator(overflow_generator, NULL);

        (void)arg;
        return eddy_generator_next(generator, NULL);
}

static void overflow_in_callback(void *arg)
{
        overflow_in_generator(arg);
}

static intptr_t call_overflow(void *arg)
{
        int rc = eddy_call_soon(eddy_running_loop(), NULL, overflow_in_callback, arg);

        return rc < 0 ? rc : eddy_yield();
}

TEST(names_the_generator)
{
        check_run(overflow_in_generator, NULL, "generator 'overflow_generator' (262144 bytes)");
        check_run(call_overflow, NULL, "generator 'overflow_generator' (262144 bytes)");
}

TEST(takes_no_other_fault_for_an_overflow)
{
        char text[4096];
        int status;

        if (SANITIZER_WATCHES_MEMORY || RUNNING_ON_VALGRIND)
                skip();
        status = run_in_child(touch_nothing, (void *)16, text, sizeof text);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSEGV);
        assert_null(strstr(text, "overflow")); /* an emulator has words of its own */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(names_the_coroutine_and_its_size),
            cmocka_unit_test(names_a_size_of_its_own),
            cmocka_unit_test(names_the_nameless),
            cmocka_unit_test(names_the_generator),
            cmocka_unit_test(takes_no_other_fault_for_an_overflow),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
