/* src/process, src/thread, and the watching of src/file */
#include "interruption.h"

#include <stdatomic.h>
#include <stdlib.h>

static eddy_process *start(const char *command)
{
        eddy_process *process;

        assert_int_equal(
            eddy_process_shell(&process, command, &(eddy_process_options){.in = EDDY_PIPE, .out = EDDY_PIPE}),
            0);
        return process;
}

static void try_eddy_process_wait(void)
{
        eddy_process *process = start("exit 3");
        int returncode = -1;

        assert_int_equal(eddy_process_wait(process, NULL), 0);
        assert_refused(eddy_process_wait(process, &returncode));
        assert_int_equal(returncode, -1);
        assert_int_equal(eddy_process_wait(process, &returncode), 0);
        assert_int_equal(returncode, 3);
        eddy_process_destroy(process);
}

static void try_eddy_process_communicate(void)
{
        eddy_process *process = start("cat");
        eddy_process_output output = {.out = NULL};

        assert_refused(eddy_process_communicate(process, "lost", 4, 100, &output));
        assert_null(output.out);
        assert_int_equal(eddy_process_communicate(process, "kept", 4, 100, &output), 0);
        assert_int_equal(output.out_size, 4);
        assert_memory_equal(output.out, "kept", 4);
        free(output.out);
        free(output.err);
        eddy_process_destroy(process);
}

static intptr_t count_up(void *count)
{
        return atomic_fetch_add((atomic_int *)count, 1);
}

static void try_eddy_to_thread_with(void)
{
        atomic_int count = 0;
        intptr_t result;

        assert_refused(eddy_to_thread_with(NULL, count_up, &count, &result));
        assert_int_equal(eddy_to_thread_with(NULL, count_up, &count, &result), 0);
        assert_int_equal(result, 0);
        assert_int_equal(atomic_load(&count), 1);
}

static intptr_t return_five(void *arg)
{
        (void)arg;
        return 5;
}

static intptr_t sleep_for_ever(void *arg)
{
        (void)arg;
        return eddy_sleep(EDDY_FOREVER);
}

static void try_eddy_remote_await(void)
{
        eddy_remote *done = eddy_run_coroutine_threadsafe(eddy_running_loop(), return_five, NULL);
        eddy_remote *pending = eddy_run_coroutine_threadsafe(eddy_running_loop(), sleep_for_ever, NULL);
        intptr_t result = 0;

        assert_int_equal(eddy_remote_await(done, NULL), 0);
        WHILE_CANCELLED
        {
                assert_int_equal(eddy_remote_await(done, &result), 0);
                assert_int_equal(result, 5);
                assert_int_equal(eddy_remote_await(pending, &result), EDDY_CANCELLED);
                assert_true(eddy_remote_done(pending));
        }
        eddy_remote_release(done);
        eddy_remote_release(pending);
}

static void try_eddy_shutdown_default_executor(void)
{
        atomic_int count = 0;
        int rc;

        WHILE_CANCELLED
        {
                rc = eddy_shutdown_default_executor(eddy_seconds(1));
                assert_true(rc == 0 || rc == EDDY_CANCELLED);
        }
        /* It is shut down, whatever it said. */
        assert_int_equal(eddy_to_thread_with(NULL, count_up, &count, NULL), EDDY_ESHUTDOWN);
}

static void try_eddy_watch_add_tree(void)
{
        eddy_watch *watch;

        assert_int_equal(eddy_watch_open(&watch), 0);
        assert_refused(eddy_watch_add_tree(watch, own_folder(), EDDY_WATCH_ALL));
        assert_true(eddy_watch_add_tree(watch, own_folder(), EDDY_WATCH_ALL) > 0);
        eddy_watch_close(watch);
}

static void try_eddy_watch_next(void)
{
        const char *path = own_file("watched", "");
        eddy_watch_event event;
        eddy_watch *watch;

        assert_int_equal(eddy_watch_open(&watch), 0);
        assert_true(eddy_watch_add(watch, path, EDDY_WATCH_WRITTEN | EDDY_WATCH_ATTRIBUTES) > 0);
        own_file("watched", "");
        assert_int_equal(chmod(path, 0640), 0);
        assert_refused(eddy_watch_next(watch, &event));
        assert_int_equal(eddy_watch_next(watch, &event), 1);
        assert_int_equal(event.what, EDDY_WATCH_WRITTEN);
        assert_refused(eddy_watch_next(watch, &event)); /* of what was read ahead */
        assert_int_equal(eddy_watch_next(watch, &event), 1);
        assert_int_equal(event.what, EDDY_WATCH_ATTRIBUTES);
        eddy_watch_close(watch);
}

const struct row other_rows[] = {
    ROW(eddy_process_wait),
    ROW(eddy_process_communicate),
    ROW(eddy_to_thread_with),
    EXEMPT(eddy_remote_await, "as eddy_await()"),
    EXEMPT(eddy_shutdown_default_executor, "shuts down, and waits no more than it may"),
    ROW(eddy_watch_add_tree),
    ROW(eddy_watch_next),
    {.name = NULL},
};
