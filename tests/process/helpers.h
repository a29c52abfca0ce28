/* What the tests of processes share. */
#ifndef TESTS_PROCESS_HELPERS_H
#define TESTS_PROCESS_HELPERS_H

#include "../stream/helpers.h"

#include "base/fault.h"
#include "base/sanitizer.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

/** No child is left, not even a zombie. */
static inline bool have_children(void)
{
        siginfo_t info;

        return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static inline void play_without_children(void **state)
{
        fault_arm(0, 0);
        play(state);
        assert_false(have_children());
}

/** A test that is a coroutine, and leaves no child. */
#define process_test(body) ((struct CMUnitTest){#body, play_without_children, NULL, NULL, (void *)(body)})

/** Run a command line to its end: what it says to standard output, to be freed, and what it returns. */
static inline char *say_of(const char *command, const eddy_process_options *options, int *returncode)
{
        eddy_process_options with_pipe = options ? *options : (eddy_process_options){.cwd = NULL};
        eddy_process *process;
        eddy_process_output output;

        with_pipe.out = EDDY_PIPE;
        assert_int_equal(eddy_process_shell(&process, command, &with_pipe), 0);
        assert_int_equal(eddy_process_communicate(process, NULL, 0, SIZE_MAX, &output), 0);
        eddy_process_destroy(process);
        if (returncode)
                *returncode = output.returncode;
        return output.out;
}

static inline void assert_says(const char *command, const eddy_process_options *options, const char *expected)
{
        char *said = say_of(command, options, NULL);

        assert_string_equal(said, expected);
        eddy_free(said);
}

/** Wait for a process without fail: what it returned. */
static inline int end_of(eddy_process *process)
{
        int returncode;

        assert_int_equal(eddy_process_wait(process, &returncode), 0);
        return returncode;
}

/** Fewer where each costs more. */
static inline size_t reduced(size_t n)
{
        return SANITIZER_WATCHES_MEMORY || RUNNING_ON_VALGRIND ? n / 100 : n;
}

#endif
