/* The life of processes: waited for, signalled, given back. */
#include "helpers.h"

#include "process/process.h"
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

static eddy_process *start(const char *command)
{
        eddy_process *process;

        assert_int_equal(eddy_process_shell(&process, command, NULL), 0);
        return process;
}

/** A process that says "ready" when it is, and then does what else it is told. */
static eddy_process *start_when_ready(const char *command)
{
        eddy_process *process;

        assert_int_equal(
            eddy_process_shell(&process, command, &(eddy_process_options){.in = EDDY_PIPE, .out = EDDY_PIPE}),
            0);
        assert_reads(eddy_process_stdout(process), "ready\n");
        return process;
}

static void tells_what_it_returned(void)
{
        eddy_process *process = start("exit 42");

        assert_int_equal(eddy_process_returncode(process, NULL), EDDY_EINVALIDSTATE);
        assert_int_equal(end_of(process), 42);
        assert_int_equal(end_of(process), 42);
        assert_int_equal(eddy_process_returncode(process, NULL), 0);
        assert_null(eddy_process_stdin(process));
        eddy_process_destroy(process);
        process = start("kill -USR1 $$");
        assert_int_equal(end_of(process), -SIGUSR1);
        eddy_process_destroy(process);
        eddy_process_destroy(NULL);
}

static intptr_t wait_for_end(void *process)
{
        int returncode;
        int rc = eddy_process_wait(process, &returncode);

        return rc < 0 ? rc : returncode;
}

static void several_may_wait(void)
{
        eddy_process *process = start_when_ready("echo ready; read line; exit 3");
        eddy_task *waiters[3];

        for (int i = 0; i < 3; i++)
                waiters[i] = eddy_create_task(wait_for_end, process);
        eddy_yield();
        eddy_cancel(waiters[1]);
        assert_int_equal(eddy_stream_write(eddy_process_stdin(process), "\n", 1), 0);
        assert_int_equal(join(waiters[0]), 3);
        assert_int_equal(join(waiters[1]), EDDY_CANCELLED);
        assert_int_equal(join(waiters[2]), 3);
        eddy_process_destroy(process);
}

static void terminates(void)
{
        eddy_process *process = start_when_ready("echo ready; exec sleep 100");
        char number[32];
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_process_wait(process, NULL);
        assert_int_equal(rc, EDDY_TIMEOUT);
        snprintf(number, sizeof number, "/proc/%d", eddy_process_pid(process));
        assert_int_equal(access(number, F_OK), 0);
        assert_int_equal(eddy_process_send_signal(process, 1000), -EINVAL);
        assert_int_equal(eddy_process_terminate(process), 0);
        assert_int_equal(end_of(process), -SIGTERM);
        assert_int_equal(eddy_process_terminate(process), -ESRCH);
        assert_int_equal(eddy_process_kill(process), -ESRCH);
        eddy_process_destroy(process);
}

static void kills_what_does_not_listen(void)
{
        eddy_process *process = start_when_ready("trap '' TERM; echo ready; exec sleep 100");
        int rc = 0;

        assert_int_equal(eddy_process_terminate(process), 0);
        EDDY_TIMEOUT_SCOPE(eddy_ms(20))
                rc = eddy_process_wait(process, NULL);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_int_equal(eddy_process_kill(process), 0);
        assert_int_equal(end_of(process), -SIGKILL);
        eddy_process_destroy(process);
}

static void gives_up_on_one_that_never_reads(void)
{
        static const char much[1 << 20];
        eddy_process *process = start_when_ready("echo ready; exec sleep 100");
        ssize_t n = 0;

        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                n = eddy_stream_write_all(eddy_process_stdin(process), much, sizeof much);
        assert_int_equal(n, EDDY_TIMEOUT);
        assert_int_equal(eddy_process_kill(process), 0);
        assert_int_equal(end_of(process), -SIGKILL);
        assert_int_equal(eddy_stream_write_all(eddy_process_stdin(process), much, sizeof much), -EPIPE);
        eddy_process_destroy(process);
}

static void reads_a_gigabyte(void)
{
        const size_t size = reduced(1000000000);
        char command[64], *bytes = malloc(1 << 20);
        eddy_process *process;
        size_t got = 0;
        ssize_t n;

        snprintf(command, sizeof command, "head -c %zu /dev/zero", size);
        assert_int_equal(eddy_process_shell(&process, command, &(eddy_process_options){.out = EDDY_PIPE}), 0);
        while ((n = eddy_stream_read(eddy_process_stdout(process), bytes, 1 << 20)) > 0)
                got += (size_t)n;
        assert_int_equal(n, 0);
        assert_int_equal(got, size);
        assert_int_equal(end_of(process), 0);
        eddy_process_destroy(process);
        free(bytes);
}

static void talks_by_lines(void)
{
        eddy_process *process;
        const char *line;

        assert_int_equal(eddy_process_exec(&process,
                                           EDDY_ARGV("sh", "-c", "while read x; do echo \"<$x>\"; done"),
                                           &(eddy_process_options){.in = EDDY_PIPE, .out = EDDY_PIPE}),
                         0);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(eddy_stream_write_all(eddy_process_stdin(process), "hello\n", 6), 6);
                assert_int_equal(eddy_stream_read_line(eddy_process_stdout(process), &line), 8);
                assert_memory_equal(line, "<hello>\n", 8);
        }
        assert_int_equal(eddy_stream_write_eof(eddy_process_stdin(process)), 0);
        assert_int_equal(eddy_stream_read_line(eddy_process_stdout(process), &line), 0);
        assert_int_equal(end_of(process), 0);
        eddy_process_destroy(process);
}

static void lets_thousands_run_at_once(void)
{
        const size_t count = reduced(1000) + 20;
        eddy_process **processes = calloc(count, sizeof *processes);
        struct rlimit limit;

        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        for (size_t i = 0; i < count; i++)
                assert_int_equal(eddy_process_exec(&processes[i], EDDY_ARGV("cat"),
                                                   &(eddy_process_options){.in = EDDY_PIPE}),
                                 0);
        for (size_t i = 0; i < count; i++)
                eddy_stream_close(eddy_process_stdin(processes[i]));
        for (size_t i = 0; i < count; i++) {
                assert_int_equal(end_of(processes[i]), 0);
                eddy_process_destroy(processes[i]);
        }
        free(processes);
}

static void is_killed_when_given_back(void)
{
        eddy_process_destroy(start("exec sleep 100"));
        eddy_process_destroy(start_when_ready("echo ready; exec sleep 100"));
        until(!have_children());
}

/** No iteration of the loop comes after it. */
static void is_reaped_with_its_loop(void)
{
        eddy_process_destroy(start("exec sleep 100"));
}

static eddy_process *survivor;

static void may_be_given_back_after_its_loop(void)
{
        survivor = start_when_ready("echo ready; exec sleep 100");
}

static void gives_the_survivor_back(void)
{
        int returncode;

        assert_int_equal(eddy_process_returncode(survivor, &returncode), 0);
        assert_int_equal(returncode, -SIGKILL);
        assert_int_equal(eddy_process_kill(survivor), -ESRCH);
        eddy_process_destroy(survivor);
}

static volatile sig_atomic_t chld_count;

static void count_chld(int signum)
{
        (void)signum;
        chld_count++;
}

static void leaves_sigchld_to_the_user(void)
{
        struct sigaction count = {.sa_handler = count_chld, .sa_flags = SA_RESTART},
                         ignore_it = {.sa_handler = SIG_IGN};
        struct sigaction before;
        eddy_process *process;
        pid_t other;
        int status;

        sigaction(SIGCHLD, &count, &before);
        chld_count = 0;
        process = start("exit 5");
        assert_int_equal(end_of(process), 5);
        eddy_process_destroy(process);
        assert_true(chld_count > 0);
        /* A child of the user's own is the user's to wait for. */
        other = fork();
        if (other == 0)
                _exit(6);
        process = start("exit 5");
        assert_int_equal(end_of(process), 5);
        eddy_process_destroy(process);
        assert_int_equal(waitpid(other, &status, 0), other);
        assert_int_equal(WEXITSTATUS(status), 6);
        /* Where nobody is to know what children return, nobody does, but their end is noticed. */
        sigaction(SIGCHLD, &ignore_it, NULL);
        process = start("exit 5");
        assert_int_equal(end_of(process), EDDY_EXIT_UNKNOWN);
        eddy_process_destroy(process);
        sigaction(SIGCHLD, &before, NULL);
}

/** A process as on a system that has no pidfds. */
static eddy_process *start_without_pidfd(const char *command)
{
        for (unsigned long nth = 1; nth < 30; nth++) {
                eddy_process *process;

                fault_arm(nth, 2); /* the flag is not known, nor the call */
                if (eddy_process_shell(&process, command, NULL) < 0)
                        continue;
                fault_arm(0, 0);
                if (process->watched.has_thread)
                        return process;
                eddy_process_destroy(process);
        }
        fault_arm(0, 0);
        fail_msg("no process without a pidfd");
        return NULL;
}

static void is_waited_for_by_a_thread_where_there_is_no_pidfd(void)
{
        eddy_process *process = start_without_pidfd("exit 7");
        int rc = 0;

        assert_int_equal(end_of(process), 7);
        eddy_process_destroy(process);
        process = start_without_pidfd("exec sleep 100");
        EDDY_TIMEOUT_SCOPE(eddy_us(100))
                rc = eddy_process_wait(process, NULL);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_int_equal(eddy_process_terminate(process), 0);
        assert_int_equal(end_of(process), -SIGTERM);
        eddy_process_destroy(process);
        eddy_process_destroy(start_without_pidfd("exec sleep 100"));
        until(!have_children());
        eddy_process_destroy(start_without_pidfd("exec sleep 100")); /* ends with the loop */
}

/** A debugger that holds a process until it is killed: its number, when it holds it. */
static pid_t hold(pid_t held)
{
        int ready[2], status;
        char byte = 0;
        pid_t pid;

        assert_int_equal(pipe(ready), 0);
        pid = fork();
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                byte = ptrace(PTRACE_SEIZE, held, NULL, NULL) == 0;
                if (write(ready[1], &byte, 1) == 1)
                        pause();
                _exit(0);
        }
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        if (byte)
                return pid;
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        return 0;
}

static void let_go(pid_t debugger)
{
        kill(debugger, SIGKILL);
        waitpid(debugger, NULL, 0);
}

/* It is dead, as its pidfd tells all the time, and nobody may reap it. */
static void does_not_spin_while_a_debugger_holds_what_is_dead(void)
{
        eddy_process *process = start("exec sleep 100");
        pid_t debugger = hold(eddy_process_pid(process));
        int rc = 0;

        if (debugger == 0) {
                print_message("skipped: needs ptrace()\n");
                eddy_process_destroy(process);
                return;
        }
        assert_int_equal(eddy_process_kill(process), 0);
        fault_arm(0, 0);
        EDDY_TIMEOUT_SCOPE(eddy_ms(50))
                rc = eddy_process_wait(process, NULL);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_true(fault_uses() < 50);
        let_go(debugger);
        assert_int_equal(end_of(process), -SIGKILL);
        eddy_process_destroy(process);
}

static pid_t lasting_debugger;

static intptr_t leave_held(void *arg)
{
        eddy_process *process = start("exec sleep 100");

        (void)arg;
        lasting_debugger = hold(eddy_process_pid(process));
        eddy_process_destroy(process);
        return 0;
}

static void ends_a_loop_while_a_debugger_holds_what_is_dead(void **state)
{
        (void)state;
        assert_int_equal(eddy_run(leave_held, NULL), 0);
        if (lasting_debugger)
                let_go(lasting_debugger);
        waitpid(-1, NULL, 0); /* it was left */
        assert_false(have_children());
}

static eddy_process *reader;

static intptr_t start_reader(void *arg)
{
        (void)arg;
        reader = start_when_ready("echo ready; read line; exit 3");
        return 0;
}

static intptr_t end_reader(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_stream_write(eddy_process_stdin(reader), "\n", 1), 0);
        assert_int_equal(end_of(reader), 3);
        eddy_process_destroy(reader);
        return 0;
}

static void survives_a_forked_child_that_closes_the_loop(void **state)
{
        eddy_runner runner;
        int status;
        pid_t pid;

        (void)state;
        assert_int_equal(eddy_runner_init(&runner, NULL), 0);
        assert_int_equal(eddy_runner_run(&runner, start_reader, NULL), 0);
        pid = fork();
        if (pid == 0) {
                int rc = eddy_process_kill(reader);

                eddy_process_destroy(reader);
                eddy_runner_finish(&runner);
                _exit(rc != EDDY_EWRONGLOOP);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(eddy_runner_run(&runner, end_reader, NULL), 0);
        eddy_runner_finish(&runner);
        assert_false(have_children());
}

static void needs_a_loop(void **state)
{
        eddy_process *process;

        (void)state;
        assert_int_equal(eddy_process_shell(&process, "true", NULL), EDDY_ENOLOOP);
        assert_null(process);
        assert_int_equal(eddy_process_wait(NULL, NULL), EDDY_ENOTASK);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            process_test(tells_what_it_returned),
            process_test(several_may_wait),
            process_test(terminates),
            process_test(kills_what_does_not_listen),
            process_test(gives_up_on_one_that_never_reads),
            process_test(reads_a_gigabyte),
            process_test(talks_by_lines),
            process_test(lets_thousands_run_at_once),
            process_test(is_killed_when_given_back),
            process_test(is_reaped_with_its_loop),
            process_test(may_be_given_back_after_its_loop),
            process_test(gives_the_survivor_back),
            process_test(leaves_sigchld_to_the_user),
            process_test(is_waited_for_by_a_thread_where_there_is_no_pidfd),
            process_test(does_not_spin_while_a_debugger_holds_what_is_dead),
            cmocka_unit_test(ends_a_loop_while_a_debugger_holds_what_is_dead),
            cmocka_unit_test(survives_a_forked_child_that_closes_the_loop),
            cmocka_unit_test(needs_a_loop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
