/* Processes that are destroyed under coroutines: whoever is in a call on one is told, has run or not, was cancelled or
 * not; and calls are refused while an interruption is in force. */
#include "helpers.h"

static char much[1 << 20];

static intptr_t wait_for(void *process)
{
        int returncode = 77;
        int rc = eddy_process_wait(process, &returncode);

        return rc < 0 ? rc : returncode;
}

static intptr_t communicate(void *process)
{
        eddy_process_output output;
        int rc = eddy_process_communicate(process, NULL, 0, SIZE_MAX, &output);

        assert_true(rc == 0 || (!output.out && !output.err));
        eddy_free(output.out);
        eddy_free(output.err);
        return rc;
}

static intptr_t communicate_much(void *process)
{
        eddy_process_output output;

        return eddy_process_communicate(process, much, sizeof much, SIZE_MAX, &output);
}

static const struct {
        const char *name;
        eddy_fn use;
} uses[] = {
    {"wait", wait_for},
    {"communicate", communicate},
    {"communicate with input", communicate_much},
};

enum { USES = sizeof uses / sizeof *uses };

static eddy_process *start(const char *command)
{
        eddy_process *process;
        eddy_process_options options = {.in = EDDY_PIPE, .out = EDDY_PIPE, .err = EDDY_PIPE};

        assert_int_equal(eddy_process_shell(&process, command, &options), 0);
        return process;
}

/** The user is this many turns into its call when the process is destroyed. */
static void destroy_under(int use, int turns, bool is_cancelled)
{
        eddy_process *process = start("exec sleep 60");
        eddy_task *first = eddy_create_task(uses[use].use, process),
                  *second = eddy_create_task(wait_for, process);
        intptr_t result;

        for (int i = 0; i < turns; i++)
                eddy_yield();
        if (is_cancelled)
                eddy_cancel(first);
        eddy_process_destroy(process);
        assert_int_equal(eddy_join(first, &result), 0);
        if (result != (is_cancelled ? EDDY_CANCELLED : -EBADF))
                fail_msg("%s after %d turns: %s", uses[use].name, turns, eddy_errname((int)result));
        assert_int_equal(eddy_join(second, &result), 0);
        assert_int_equal(result, -EBADF);
        until(!have_children());
}

static void tells_who_is_in_a_call(void)
{
        for (int use = 0; use < USES; use++)
                for (int turns = 1; turns <= 4; turns++)
                        for (int is_cancelled = 0; is_cancelled < 2; is_cancelled++)
                                destroy_under(use, turns, is_cancelled);
}

static intptr_t destroy_when_ended(void *process)
{
        int rc = eddy_process_wait(process, NULL);

        eddy_process_destroy(process);
        return rc;
}

/** The end has woken both, and the first to run destroys it: the other is told what it returned. */
static void tells_the_end_to_who_was_woken_by_it(void)
{
        eddy_process *process = start("read line; exit 5");
        eddy_task *first = eddy_create_task(destroy_when_ended, process);
        eddy_task *second = eddy_create_task(wait_for, process);
        intptr_t result;

        assert_int_equal(eddy_yield(), 0); /* both wait: it may end */
        eddy_stream_close(eddy_process_stdin(process));
        assert_int_equal(eddy_join(second, &result), 0);
        assert_int_equal(result, 5);
        assert_int_equal(eddy_join(first, &result), 0);
        assert_int_equal(result, 0);
}

static intptr_t call_cancelled(void *process)
{
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_CANCELLED);
        for (int use = 0; use < USES; use++)
                assert_int_equal(uses[use].use(process), EDDY_CANCELLED);
        return 0;
}

static void refuses_calls_of_the_interrupted(void)
{
        eddy_process *process = start("echo said");
        eddy_task *task = eddy_create_task(call_cancelled, process);
        eddy_process_output output;
        intptr_t result;

        assert_int_equal(end_of(process), 0);
        eddy_cancel(task);
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, 0);
        /* They have taken nothing. */
        assert_int_equal(eddy_process_communicate(process, NULL, 0, SIZE_MAX, &output), 0);
        assert_string_equal(output.out, "said\n");
        eddy_free(output.out);
        eddy_free(output.err);
        eddy_process_destroy(process);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            process_test(tells_who_is_in_a_call),
            process_test(tells_the_end_to_who_was_woken_by_it),
            process_test(refuses_calls_of_the_interrupted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
