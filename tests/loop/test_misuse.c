/* What C cannot keep a user from is answered with an error and, in debug mode, said aloud where it happened. */
#include "../testing.h"
#include <eddy.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void nothing(void *arg)
{
        (void)arg;
}

/** What misuse prints to stderr. */
static void sleep_outside(char *said, size_t size)
{
        int ends[2], kept = dup(STDERR_FILENO);
        ssize_t n;

        assert_int_equal(pipe(ends), 0);
        dup2(ends[1], STDERR_FILENO);
        close(ends[1]);
        assert_int_equal(eddy_sleep(eddy_ms(1)), EDDY_ENOTASK);
        dup2(kept, STDERR_FILENO);
        close(kept);
        n = read(ends[0], said, size - 1);
        close(ends[0]);
        said[n > 0 ? n : 0] = '\0';
}

static void is_said_in_debug_mode(void **state)
{
        char said[4096];

        (void)state;
        setenv("EDDY_DEBUG", "1", 1);
        sleep_outside(said, sizeof said);
        unsetenv("EDDY_DEBUG");
        assert_non_null(strstr(said, "EDDY_ENOTASK"));
        assert_non_null(strstr(said, "test_misuse"));
}

static void is_not_said_otherwise(void **state)
{
        char said[4096];

        (void)state;
        sleep_outside(said, sizeof said);
        assert_string_equal(said, "");
}

static void *use_from_another_thread(void *arg)
{
        eddy_loop *loop = arg;
        eddy_timer timer = {.when = 0};

        assert_int_equal(eddy_call_soon(loop, NULL, nothing, NULL), EDDY_EWRONGLOOP);
        assert_int_equal(eddy_call_later(loop, &timer, 0, nothing, NULL), EDDY_EWRONGLOOP);
        assert_int_equal(eddy_add_reader(loop, 0, nothing, NULL), EDDY_EWRONGLOOP);
        return NULL;
}

static void start_thread(void *arg)
{
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, use_from_another_thread, arg), 0);
        pthread_join(thread, NULL);
        eddy_loop_stop(arg);
}

static void refuses_other_threads(void **state)
{
        eddy_loop *loop;

        (void)state;
        assert_int_equal(eddy_loop_create(&loop), 0);
        assert_int_equal(eddy_call_soon(loop, NULL, start_thread, loop), 0);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        eddy_loop_destroy(loop);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(is_said_in_debug_mode),
            cmocka_unit_test(is_not_said_otherwise),
            cmocka_unit_test(refuses_other_threads),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
