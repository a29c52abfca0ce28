/* What a child is given, and what it is not. */
#include "../process/helpers.h"

#include <sys/resource.h>

#include <sys/stat.h>

static void has_only_the_descriptors_it_is_given(void)
{
        int leaked = open("/dev/null", O_RDONLY), moved = fcntl(leaked, F_DUPFD, 200);

        assert_true(leaked >= 0 && moved >= 200);
        /* The one behind the standard ones is the listing's own. */
        assert_says("echo /proc/self/fd/*", NULL,
                    "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n");
        assert_int_equal(fcntl(leaked, F_GETFD), 0);
        close(leaked);
        close(moved);
}

/** A pipe, and what has come through it since its other end was closed. */
static void assert_pipe_said(int ends[2], const char *expected)
{
        char bytes[64];
        ssize_t n;

        close(ends[1]);
        n = read(ends[0], bytes, sizeof bytes);
        assert_int_equal(n, strlen(expected));
        assert_memory_equal(bytes, expected, (size_t)n);
        close(ends[0]);
}

static void is_given_descriptors_under_other_numbers(void)
{
        int one[2], two[2];
        eddy_fd_map crossed[2];
        char command[64];

        assert_int_equal(pipe2(one, O_CLOEXEC), 0);
        assert_int_equal(pipe2(two, O_CLOEXEC), 0);
        /* Each under the number that the other has here. */
        crossed[0] = (eddy_fd_map){.fd = one[1], .child_fd = two[1]};
        crossed[1] = (eddy_fd_map){.fd = two[1], .child_fd = one[1]};
        snprintf(command, sizeof command, "echo to two >&%d; echo to one >&%d", one[1], two[1]);
        assert_says(command, &(eddy_process_options){.fds = crossed, .fd_count = 2}, "");
        assert_pipe_said(one, "to one\n");
        assert_pipe_said(two, "to two\n");
}

/** Any number may be asked for, up to the last that the limit allows, and also where no number is free here. */
static void is_given_descriptors_up_to_the_limit(void)
{
        enum { LIMIT = 64 };
        struct rlimit before, limit;
        int one[2], two[2], free_fd;

        assert_int_equal(pipe2(one, O_CLOEXEC), 0);
        assert_int_equal(pipe2(two, O_CLOEXEC), 0);
        eddy_free(say_of("true", NULL, NULL)); /* what the first child of a program needs is there */
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        limit = (struct rlimit){LIMIT, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        for (int is_full = 0; is_full < 2; is_full++) {
                const eddy_fd_map maps[] = {
                    {.fd = one[1], .child_fd = LIMIT - 1},
                    {.fd = two[1], .child_fd = one[1]},
                    {.fd = one[1], .child_fd = two[1]},
                };
                eddy_process *process;
                char command[128];
                int fds[LIMIT], count = 0;

                /* All but those that making a child takes here. */
                while (is_full && (free_fd = fcntl(one[1], F_DUPFD_CLOEXEC, 0)) >= 0)
                        fds[count++] = free_fd;
                for (int i = 0; is_full && i < 3; i++)
                        close(fds[--count]);
                snprintf(command, sizeof command, "echo to two >&%d; (echo last; echo to one) >/dev/fd/%d",
                         one[1], LIMIT - 1);
                assert_int_equal(
                    eddy_process_shell(&process, command, &(eddy_process_options){.fds = maps, .fd_count = 3}),
                    0);
                assert_int_equal(end_of(process), 0);
                eddy_process_destroy(process);
                while (count > 0)
                        close(fds[--count]);
        }
        {
                const eddy_fd_map beyond = {.fd = one[1], .child_fd = LIMIT};
                eddy_process *process;

                assert_int_equal(eddy_process_shell(&process, "true",
                                                    &(eddy_process_options){.fds = &beyond, .fd_count = 1}),
                                 -EBADF);
        }
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_pipe_said(one, "last\nto one\nlast\nto one\n");
        assert_pipe_said(two, "to two\nto two\n");
}

static void is_redirected(void)
{
        eddy_process_options null_input = {.in = EDDY_DEVNULL};
        eddy_process_options merged = {.err = EDDY_STDOUT};
        int ends[2], code;
        eddy_process_options to_fd = {.err = 0};

        assert_says("cat; echo end", &null_input, "end\n");
        assert_says("echo error >&2; echo output", &merged, "error\noutput\n");
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        to_fd.err = ends[1];
        eddy_free(say_of("echo error >&2; exit 4", &to_fd, &code));
        assert_int_equal(code, 4);
        assert_pipe_said(ends, "error\n");
}

static void both_outputs_may_be_one_inherited(void)
{
        eddy_process *process;
        int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        dup2(ends[1], STDOUT_FILENO);
        assert_int_equal(eddy_process_shell(&process, "echo error >&2; echo output",
                                            &(eddy_process_options){.err = EDDY_STDOUT}),
                         0);
        assert_int_equal(end_of(process), 0);
        dup2(saved, STDOUT_FILENO);
        close(saved);
        eddy_process_destroy(process);
        assert_pipe_said(ends, "error\noutput\n");
}

static void runs_in_a_folder(void)
{
        assert_says("pwd", &(eddy_process_options){.cwd = "/usr/share"}, "/usr/share\n");
}

static void has_its_environment(void)
{
        char *const whole[] = {"ONE=1", "TWO=2", NULL}, *const added[] = {"TWO=zwei", "THREE=3", NULL};
        eddy_process *process;

        assert_says("echo $ONE $TWO $THREE ${HOME-none}", &(eddy_process_options){.env = whole}, "1 2 none\n");
        assert_says("echo $ONE $TWO $THREE", &(eddy_process_options){.env = whole, .add_env = added},
                    "1 zwei 3\n");
        setenv("TWO", "ours", 1);
        assert_says("echo $TWO", NULL, "ours\n");
        assert_says("echo $TWO; test -n \"$PATH\" && echo PATH", &(eddy_process_options){.add_env = added},
                    "zwei\nPATH\n");
        unsetenv("TWO");
        /* Programs are looked for where the child's environment says. */
        assert_int_equal(
            eddy_process_exec(&process, EDDY_ARGV("true"),
                              &(eddy_process_options){.add_env = (char *[]){"PATH=/nowhere", NULL}}),
            -ENOENT);
        assert_null(process);
        assert_int_equal(eddy_process_exec(&process, EDDY_ARGV("true"),
                                           &(eddy_process_options){.env = (char *[]){"A=b", NULL}}),
                         0);
        assert_int_equal(end_of(process), 0);
        eddy_process_destroy(process);
}

/** A program's number, group and session, as it sees them. */
static void look_at_groups(const eddy_process_options *options, int *pid, int *group, int *session)
{
        char *said = say_of("exec cut -d ' ' -f 1,5,6 /proc/self/stat", options, NULL);

        assert_int_equal(sscanf(said, "%d %d %d", pid, group, session), 3);
        eddy_free(said);
}

static void is_in_a_group_or_session(void)
{
        int pid, group, session;

        look_at_groups(NULL, &pid, &group, &session);
        assert_int_equal(group, getpgrp());
        assert_int_equal(session, getsid(0));
        look_at_groups(&(eddy_process_options){.new_group = true}, &pid, &group, &session);
        assert_int_equal(group, pid);
        assert_int_equal(session, getsid(0));
        look_at_groups(&(eddy_process_options){.join_group = getpgrp()}, &pid, &group, &session);
        assert_int_equal(group, getpgrp());
        look_at_groups(&(eddy_process_options){.new_session = true, .new_group = true}, &pid, &group, &session);
        assert_int_equal(group, pid);
        assert_int_equal(session, pid);
}

static void has_its_umask_and_user(void)
{
        const mode_t mask = 027;
        const uid_t user = 65534;
        const gid_t group = 65533;

        assert_says("umask", &(eddy_process_options){.umask = &mask}, "0027\n");
        if (geteuid() != 0)
                return;
        assert_says("id -u; id -g; id -G", &(eddy_process_options){.uid = &user, .gid = &group, .cwd = "/"},
                    "65534\n65533\n65533\n");
}

/** A set of signals in /proc/self/status. */
static unsigned long signals_of(const char *status, const char *name)
{
        const char *line = strstr(status, name);

        assert_non_null(line);
        return strtoul(line + strlen(name), NULL, 16);
}

static void ignore(int signum)
{
        (void)signum;
}

static void has_signals_as_at_login(void)
{
        sigset_t blocked, before;
        char *status;

        sigemptyset(&blocked);
        sigaddset(&blocked, SIGUSR1);
        pthread_sigmask(SIG_BLOCK, &blocked, &before);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        signal(SIGUSR2, ignore);
        status = say_of("exec cat /proc/self/status", NULL, NULL);
        signal(SIGPIPE, SIG_DFL);
        signal(SIGHUP, SIG_DFL);
        signal(SIGUSR2, SIG_DFL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        assert_int_equal(signals_of(status, "SigBlk:"), 0);
        assert_int_equal(signals_of(status, "SigCgt:"), 0);
        assert_int_equal(signals_of(status, "SigIgn:") & (1ul << (SIGHUP - 1)), 1ul << (SIGHUP - 1));
        assert_int_equal(signals_of(status, "SigIgn:") & (1ul << (SIGPIPE - 1)), 0);
        eddy_free(status);
}

static void assert_cannot_run(int error, const char *detail, char *const argv[],
                              const eddy_process_options *options)
{
        eddy_process *process;

        assert_int_equal(eddy_process_exec(&process, argv, options), error);
        assert_null(process);
        assert_string_equal(eddy_error_detail(), detail);
}

static void says_why_it_cannot_run(void)
{
        eddy_process_options in_nowhere = {.cwd = "/no/such/folder"};
        eddy_process_options in_no_group = {.join_group = 0x3fffffff};
        eddy_process_options with_no_fd = {.out = 987};
        char script[] = "/tmp/eddy-test-XXXXXX", detail[128];
        int fd = mkostemp(script, O_CLOEXEC);

        assert_cannot_run(-ENOENT, "cannot run '/no/such/program': No such file or directory",
                          EDDY_ARGV("/no/such/program"), NULL);
        assert_cannot_run(-ENOENT, "cannot run 'no-such-program': No such file or directory",
                          EDDY_ARGV("no-such-program"), NULL);
        assert_cannot_run(-ENOENT, "cannot run 'true' in the folder /no/such/folder: No such file or directory",
                          EDDY_ARGV("true"), &in_nowhere);
        assert_cannot_run(-EACCES, "cannot run '/usr': Permission denied", EDDY_ARGV("/usr"), NULL);
        assert_cannot_run(-EPERM, "cannot run 'true' in its session or process group: Operation not permitted",
                          EDDY_ARGV("true"), &in_no_group);
        assert_cannot_run(-EBADF, "cannot run 'true' with its descriptors: Bad file descriptor",
                          EDDY_ARGV("true"), &with_no_fd);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, "no program", 10), 10);
        assert_int_equal(fchmod(fd, 0600), 0);
        snprintf(detail, sizeof detail, "cannot run '%s': Permission denied", script);
        assert_cannot_run(-EACCES, detail, EDDY_ARGV(script), NULL);
        assert_int_equal(fchmod(fd, 0700), 0);
        close(fd);
        snprintf(detail, sizeof detail, "cannot run '%s': Exec format error", script);
        assert_cannot_run(-ENOEXEC, detail, EDDY_ARGV(script), NULL);
        unlink(script);
}

static void refuses_options_that_contradict(void)
{
        eddy_process *process;
        eddy_fd_map twice[] = {{1, 7}, {2, 7}}, standard[] = {{5, 1}}, closed[] = {{-1, 7}};

        assert_int_equal(eddy_process_exec(&process, (char *[]){NULL}, NULL), -EINVAL);
        assert_int_equal(eddy_process_exec(&process, NULL, NULL), -EINVAL);
        assert_int_equal(eddy_process_exec(&process, EDDY_ARGV(""), NULL), -ENOENT);
        assert_int_equal(
            eddy_process_shell(&process, "true", &(eddy_process_options){.new_group = true, .join_group = 1}),
            -EINVAL);
        assert_int_equal(eddy_process_shell(&process, "true", &(eddy_process_options){.in = EDDY_STDOUT}),
                         -EINVAL);
        assert_int_equal(eddy_process_shell(&process, "true", &(eddy_process_options){.in = -9}), -EINVAL);
        assert_int_equal(
            eddy_process_shell(&process, "true", &(eddy_process_options){.fds = twice, .fd_count = 2}),
            -EINVAL);
        assert_int_equal(
            eddy_process_shell(&process, "true", &(eddy_process_options){.fds = standard, .fd_count = 1}),
            -EINVAL);
        assert_int_equal(
            eddy_process_shell(&process, "true", &(eddy_process_options){.fds = closed, .fd_count = 1}),
            -EBADF);
}

/** Where this program itself has no standard input. */
static void inherits_what_is_closed_as_closed(void)
{
        int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

        close(STDIN_FILENO);
        assert_says("if test -e /proc/self/fd/0; then echo open; else echo closed; fi", NULL, "closed\n");
        dup2(saved, STDIN_FILENO);
        close(saved);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            process_test(has_only_the_descriptors_it_is_given),
            process_test(is_given_descriptors_under_other_numbers),
            process_test(is_given_descriptors_up_to_the_limit),
            process_test(is_redirected),
            process_test(both_outputs_may_be_one_inherited),
            process_test(runs_in_a_folder),
            process_test(has_its_environment),
            process_test(is_in_a_group_or_session),
            process_test(has_its_umask_and_user),
            process_test(has_signals_as_at_login),
            process_test(says_why_it_cannot_run),
            process_test(refuses_options_that_contradict),
            process_test(inherits_what_is_closed_as_closed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
