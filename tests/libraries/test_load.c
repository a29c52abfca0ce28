/* The libraries of eddy, loaded by dlopen() into a program that links none of them: test_load LIBRARY...
 *
 * Such a library gets its thread-local storage from a reserve that is small and that others want, too, so all of ours
 * together may take 128 bytes of it. And helper threads may outlive a dlclose(), so it takes nothing away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <eddy.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_THREAD_LOCAL_BYTES = 128 };

static char **paths;
static int path_count;
static void *libraries[16];

/** What the program calls of libeddy. */
static struct {
        intptr_t (*run)(eddy_fn fn, void *arg);
        eddy_task *(*task_create)(const eddy_task_options *options, eddy_fn fn, void *arg);
        int (*join)(eddy_future *future, intptr_t *result);
        int (*yield)(void);
        int (*to_thread_with)(const eddy_work_options *options, eddy_fn fn, void *arg, intptr_t *result);
        int (*fail_with)(int rc, const char *format, ...);
        const char *(*explain)(intptr_t rc);
} eddy;

static void find(const char *name, void *function)
{
        void *found = dlsym(libraries[0], name);

        if (!found)
                fail_msg("%s", dlerror());
        memcpy(function, &found, sizeof found);
}

static int load_all(void **state)
{
        (void)state;
        for (int i = 0; i < path_count; i++) {
                libraries[i] = dlopen(paths[i], RTLD_NOW | RTLD_LOCAL);
                if (!libraries[i])
                        fail_msg("%s", dlerror());
        }
        find("eddy_run", &eddy.run);
        find("eddy_task_create", &eddy.task_create);
        find("eddy_join", &eddy.join);
        find("eddy_yield", &eddy.yield);
        find("eddy_to_thread_with", &eddy.to_thread_with);
        find("eddy_fail", &eddy.fail_with);
        find("eddy_explain", &eddy.explain);
        return 0;
}

/** On a helper thread, which keeps the detail of a failure. */
static intptr_t fail_there(void *arg)
{
        return eddy.fail_with(-EDOM, "%s", (const char *)arg);
}

static intptr_t do_all(void *arg)
{
        intptr_t result = 0;
        stack_t signal_stack;
        int rc = eddy.yield();

        if (rc == 0)
                rc = eddy.to_thread_with(NULL, fail_there, arg, &result);
        assert_int_equal(rc, 0);
        assert_int_equal(result, -EDOM);
        assert_string_equal(eddy.explain(result), arg);
        /* What tells of a stack that overflows runs on one of its own. */
        assert_int_equal(sigaltstack(NULL, &signal_stack), 0);
        assert_false(signal_stack.ss_flags & SS_DISABLE);
        return 7;
}

static intptr_t in_task(void *arg)
{
        intptr_t result = 0;
        int rc = eddy.join(eddy.task_create(NULL, do_all, arg), &result);

        return rc < 0 ? rc : result;
}

static void *run_loop(void *arg)
{
        return (void *)eddy.run(in_task, arg);
}

static void a_loop_runs(void **state)
{
        (void)state;
        assert_ptr_equal(run_loop("out of range"), (void *)7);
}

static void a_loop_runs_in_threads_that_end(void **state)
{
        (void)state;
        for (int i = 0; i < 3; i++) {
                pthread_t thread;
                void *result;

                assert_int_equal(pthread_create(&thread, NULL, run_loop, "out of range"), 0);
                assert_int_equal(pthread_join(thread, &result), 0);
                assert_ptr_equal(result, (void *)7);
        }
}

static int add_thread_local(struct dl_phdr_info *info, size_t size, void *sum)
{
        const char *slash = strrchr(info->dlpi_name, '/');

        (void)size;
        if (strncmp(slash ? slash + 1 : info->dlpi_name, "libeddy", 7) != 0)
                return 0;
        for (int i = 0; i < info->dlpi_phnum; i++)
                if (info->dlpi_phdr[i].p_type == PT_TLS)
                        *(size_t *)sum += info->dlpi_phdr[i].p_memsz;
        return 0;
}

static void thread_local_storage_is_small(void **state)
{
        size_t sum = 0;

        (void)state;
        dl_iterate_phdr(add_thread_local, &sum);
        assert_in_range(sum, 1, MOST_THREAD_LOCAL_BYTES);
}

static void closed_they_stay(void **state)
{
        (void)state;
        for (int i = path_count - 1; i >= 0; i--)
                assert_int_equal(dlclose(libraries[i]), 0);
        for (int i = 0; i < path_count; i++)
                assert_non_null(dlopen(paths[i], RTLD_NOW | RTLD_NOLOAD));
        a_loop_runs(state);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_loop_runs),
            cmocka_unit_test(a_loop_runs_in_threads_that_end),
            cmocka_unit_test(thread_local_storage_is_small),
            cmocka_unit_test(closed_they_stay),
        };

        paths = argv + 1;
        path_count = argc - 1;
        return cmocka_run_group_tests_name("load", tests, load_all, NULL);
}
