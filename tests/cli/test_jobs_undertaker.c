/* What ends with a worker that is killed, and what does not. */
#include "jobs_undertaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process in a group of its own. */
static pid_t begin(void)
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing behind */
                pause();
                _exit(0);
        }
        assert_int_equal(setpgid(pid, pid), 0);
        return pid;
}

/* By which signal it has ended. */
static int end_of(pid_t pid)
{
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

static void kill_and_wait(pid_t pid)
{
        kill(pid, SIGKILL);
        assert_int_equal(end_of(pid), SIGKILL);
}

static void wait_for_its_end(const struct jobs_undertaker *undertaker)
{
        int status;

        assert_int_equal(waitpid(undertaker->pid, &status, 0), undertaker->pid);
        assert_int_equal(status, 0);
}

static void what_runs_is_ended(void **state)
{
        struct jobs_undertaker undertaker;
        pid_t first = begin(), second = begin(), ended = begin();

        (void)state;
        assert_int_equal(jobs_undertaker_start(&undertaker, 3), 0);
        jobs_undertaker_add(&undertaker, first);
        jobs_undertaker_add(&undertaker, ended);
        jobs_undertaker_add(&undertaker, second);
        jobs_undertaker_remove(&undertaker, ended);
        close(undertaker.line); /* as the kernel does for a worker that is killed */
        assert_int_equal(end_of(first), SIGTERM);
        assert_int_equal(end_of(second), SIGTERM);
        wait_for_its_end(&undertaker);
        kill_and_wait(ended);
}

/* There is room for one: what nobody said has ended does not keep another one out. */
static void what_has_ended_untold_is_forgotten(void **state)
{
        struct jobs_undertaker undertaker;
        pid_t untold = begin(), pid = begin();

        (void)state;
        assert_int_equal(jobs_undertaker_start(&undertaker, 1), 0);
        jobs_undertaker_add(&undertaker, untold);
        kill_and_wait(untold);
        jobs_undertaker_add(&undertaker, pid);
        close(undertaker.line); /* as the kernel does for a worker that is killed */
        assert_int_equal(end_of(pid), SIGTERM);
        wait_for_its_end(&undertaker);
}

/* Its number may be another one's by now. */
static void at_a_normal_end_nothing_is_ended(void **state)
{
        struct jobs_undertaker undertaker;
        pid_t pid = begin();

        (void)state;
        assert_int_equal(jobs_undertaker_start(&undertaker, 1), 0);
        jobs_undertaker_add(&undertaker, pid);
        kill(undertaker.pid, SIGSTOP);
        jobs_undertaker_stop(&undertaker);
        assert_int_equal(waitpid(undertaker.pid, NULL, WNOHANG), -1);
        kill_and_wait(pid);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_runs_is_ended),
            cmocka_unit_test(what_has_ended_untold_is_forgotten),
            cmocka_unit_test(at_a_normal_end_nothing_is_ended),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
