/* Making a child: what it is to be is laid out here, and done there, between clone() and exec().
 *
 * The child shares this process's memory until it calls exec(), and this thread stands still so long
 * (CLONE_VM | CLONE_VFORK): nothing is copied, whatever size we are. It runs on a stack of its own. It must not touch
 * what other threads may hold, such as the allocator's lock, so all that it needs is laid out before; and it makes
 * system calls bare, since the C library's setuid() would have our other threads change too, and sanitizers' wrappers
 * would take what happens in the child for our doing.
 *
 * Emulators and valgrind make a copy of the process instead. There, what goes wrong in the child cannot be seen in
 * shared memory, and comes by a pipe. Nobody says which of the two it is, so the first child is asked. */
#include "child/child.h"

#include "base/memory.h"
#include "base/sys_pipe.h"
#include "base/sys_process.h"
#include <stdlib.h>
#include <sys/resource.h>

enum {
        STACK_SIZE = 32 * 1024,
        FIRST_FREE_FD = 3,
        SIGNAL_SET_SIZE = 8, /* bytes, for the kernel */
        CANNOT_EXECUTE = 127,
};

/** What the child was doing when it failed. */
enum stage { GROUPING, GIVING_DESCRIPTORS, ENTERING_FOLDER, CHANGING_USER, EXECUTING };

struct failure {
        int error; /* an errno; 0: none */
        enum stage stage;
};

/** A descriptor of the child's. */
struct given {
        int fd;      /* here; once it is put aside, there */
        int to;      /* its number in the end */
        bool is_own; /* it is what it is here, unless that is not to be inherited */
};

/** All that the child needs, and what it tells. */
struct plan {
        const eddy_process_options *options;
        char *const *argv;
        char *const *env;
        const char *search_path; /* folders to look in; NULL: the program is a path */
        char *path;              /* room for the longest of them, with the program's name behind */
        struct given *given;
        size_t given_count;
        bool has_made_room; /* what the child does not get is closed, so that there are numbers */
        int report;         /* a pipe's end to tell a failure by, or -1 */
        sigset_t no_signals;
        volatile bool has_shared_memory; /* set by the child */
        volatile struct failure failure;
};

/** Whether children share our memory; found out by the first one. */
static atomic_bool is_memory_shared;

/* ------------------------------------------------------------------------------------------------
 * In the child. */

#define IN_CHILD __attribute__((no_sanitize("address", "thread", "undefined"), noinline))

/** As the kernel has it: the handler first, and room for all that follows. */
struct kernel_sigaction {
        void (*handler)(int);
        unsigned long rest[7];
};

/** Nothing is handled any more, since handlers are the parent's and would run in its memory. What is ignored stays so,
 * but SIGPIPE: that it is ignored is an affair of servers, and programs in pipelines rely on it. */
IN_CHILD static void reset_signals(void)
{
        for (int signum = 1; signum < NSIG; signum++) {
                struct kernel_sigaction action = {.handler = SIG_DFL};

                if (syscall(SYS_rt_sigaction, signum, NULL, &action, SIGNAL_SET_SIZE) < 0 ||
                    action.handler == SIG_DFL || (action.handler == SIG_IGN && signum != SIGPIPE))
                        continue;
                action = (struct kernel_sigaction){.handler = SIG_DFL};
                syscall(SYS_rt_sigaction, signum, &action, NULL, SIGNAL_SET_SIZE);
        }
}

IN_CHILD static bool set_group(const eddy_process_options *options)
{
        /* A session of its own has a group of its own. */
        if (options->new_session)
                return syscall(SYS_setsid) >= 0;
        if (options->new_group || options->join_group)
                return syscall(SYS_setpgid, 0, options->join_group) == 0;
        return true;
}

IN_CHILD static void close_range_slowly(unsigned first, unsigned last)
{
        struct rlimit limit = {.rlim_cur = 0};

        syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
        for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++)
                syscall(SYS_close, fd);
}

/** Whether a number is a descriptor's in the end. */
IN_CHILD static bool is_wanted(const struct plan *plan, int fd)
{
        for (size_t i = 0; i < plan->given_count; i++)
                if (plan->given[i].to == fd)
                        return true;
        return false;
}

/** Close all but what was given: what somebody opened without O_CLOEXEC is no child's either. */
IN_CHILD static void close_others(const struct plan *plan, bool keep_sources)
{
        unsigned next = 0;

        for (;;) {
                unsigned kept = ~0u;

                for (size_t i = 0; i < plan->given_count; i++) {
                        unsigned to = (unsigned)plan->given[i].to, from = (unsigned)plan->given[i].fd;

                        if (to >= next && to < kept)
                                kept = to;
                        if (keep_sources && from >= next && from < kept)
                                kept = from;
                }
                if (plan->report >= 0 && (unsigned)plan->report >= next && (unsigned)plan->report < kept)
                        kept = (unsigned)plan->report;
                if (kept > next && syscall(SYS_close_range, next, kept == ~0u ? kept : kept - 1, 0) < 0)
                        close_range_slowly(next, kept == ~0u ? kept : kept - 1);
                if (kept == ~0u)
                        return;
                next = kept + 1;
        }
}

/** Give a descriptor a number that is nobody's in the end: that, or -1. */
IN_CHILD static int put_aside(struct plan *plan, int fd)
{
        int least = FIRST_FREE_FD;

        for (;;) {
                long aside = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, least);

                if (aside >= 0 && !is_wanted(plan, (int)aside))
                        return (int)aside;
                if (aside >= 0) {
                        syscall(SYS_close, (int)aside);
                        least = (int)aside + 1;
                } else if (!plan->has_made_room && (errno == EMFILE || errno == EINVAL)) {
                        plan->has_made_room = true;
                        least = FIRST_FREE_FD;
                        close_others(plan, true);
                } else {
                        return -1;
                }
        }
}

/** Put each descriptor in its place. First those are put aside whose numbers are to be others'; no more, since any number
 * may be wanted, up to the last. */
IN_CHILD static bool give_descriptors(struct plan *plan)
{
        if (plan->report >= 0 && is_wanted(plan, plan->report)) {
                plan->report = put_aside(plan, plan->report);
                if (plan->report < 0)
                        return false;
        }
        for (size_t i = 0; i < plan->given_count; i++) {
                struct given *given = &plan->given[i];

                if (given->is_own || given->fd == given->to || !is_wanted(plan, given->fd))
                        continue;
                given->fd = put_aside(plan, given->fd);
                if (given->fd < 0)
                        return false;
        }
        for (size_t i = 0; i < plan->given_count; i++) {
                const struct given *given = &plan->given[i];

                /* One of our own that is not to be inherited goes when the program is executed. */
                if (given->is_own)
                        continue;
                if (given->fd == given->to ? syscall(SYS_fcntl, given->fd, F_SETFD, 0) < 0
                                           : syscall(SYS_dup3, given->fd, given->to, 0) < 0)
                        return false;
        }
        return true;
}

IN_CHILD static bool change_user(const eddy_process_options *options)
{
        if (!options->uid && !options->gid)
                return true;
        /* Whoever is root drops the groups that make it so; others may not, and keep what is theirs. */
        if (syscall(SYS_setgroups, 0, NULL) < 0 && errno != EPERM)
                return false;
        if (options->gid && syscall(SYS_setgid, *options->gid) < 0)
                return false;
        return !options->uid || syscall(SYS_setuid, *options->uid) == 0;
}

/** Execute the program from the first folder that has it; returns why it could not. */
IN_CHILD static int execute(const struct plan *plan)
{
        const char *folder = plan->search_path, *name = plan->argv[0];
        bool was_denied = false;

        if (!folder) {
                syscall(SYS_execve, name, plan->argv, plan->env);
                return errno;
        }
        for (;;) {
                char *end = plan->path;

                while (*folder && *folder != ':')
                        *end++ = *folder++;
                if (end > plan->path)
                        *end++ = '/';
                for (const char *letter = name; *letter; letter++)
                        *end++ = *letter;
                *end = '\0';
                syscall(SYS_execve, plan->path, plan->argv, plan->env);
                was_denied |= errno == EACCES;
                if (errno != EACCES && errno != ENOENT && errno != ENOTDIR && errno != ESTALE &&
                    errno != ENODEV)
                        return errno;
                if (!*folder++)
                        return was_denied ? EACCES : ENOENT;
        }
}

/** All that comes before exec(): the stage that failed, with errno, or EXECUTING. */
IN_CHILD static enum stage prepare_child(struct plan *plan)
{
        const eddy_process_options *options = plan->options;

        reset_signals();
        if (!give_descriptors(plan))
                return GIVING_DESCRIPTORS;
        if (!set_group(options))
                return GROUPING;
        if (options->cwd && syscall(SYS_chdir, options->cwd) < 0)
                return ENTERING_FOLDER;
        if (options->umask)
                syscall(SYS_umask, *options->umask);
        if (!change_user(options))
                return CHANGING_USER;
        close_others(plan, false);
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &plan->no_signals, NULL, SIGNAL_SET_SIZE);
        return EXECUTING;
}

IN_CHILD static int run_child(void *arg)
{
        struct plan *plan = arg;
        struct failure failure;

        plan->has_shared_memory = true;
        failure.stage = prepare_child(plan);
        failure.error = failure.stage == EXECUTING ? execute(plan) : errno;
        plan->failure.stage = failure.stage;
        plan->failure.error = failure.error;
        if (plan->report >= 0)
                syscall(SYS_write, plan->report, &failure, sizeof failure);
        return CANNOT_EXECUTE; /* to clone(), which ends the child without any of our clean-up */
}

/* ------------------------------------------------------------------------------------------------
 * Laying it out. */

static size_t count_of(char *const list[])
{
        size_t count = 0;

        while (list && list[count])
                count++;
        return count;
}

/** How long the name in "NAME=value" is. */
static size_t name_size(const char *variable)
{
        return strcspn(variable, "=");
}

/** Whether a list has a variable of the same name. */
static bool has_variable(char *const list[], const char *variable)
{
        size_t size = name_size(variable);

        for (; list && *list; list++)
                if (name_size(*list) == size && memcmp(*list, variable, size) == 0)
                        return true;
        return false;
}

/** The first variables, but for those that are replaced, and behind them the others. */
static void merge_environment(char **merged, char *const first[], char *const second[])
{
        for (; *first; first++)
                if (!has_variable(second, *first))
                        *merged++ = *first;
        for (; second && *second; second++)
                *merged++ = *second;
        *merged = NULL;
}

static const char *find_path(char *const env[])
{
        for (; *env; env++)
                if (strncmp(*env, "PATH=", 5) == 0)
                        return *env + 5;
        return "/bin:/usr/bin";
}

static void give(struct plan *plan, int fd, int to)
{
        plan->given[plan->given_count++] = (struct given){.fd = fd < 0 ? to : fd, .to = to, .is_own = fd < 0};
}

/** Lay out all that the child needs: memory to be freed, with the child's stack at its beginning, or NULL. */
static char *lay_out(struct plan *plan, const int standard[3])
{
        const eddy_process_options *options = plan->options;
        char *const *env = options->env ? options->env : environ;
        size_t env_size = (count_of(env) + count_of(options->add_env) + 1) * sizeof *env;
        size_t given_size = (FIRST_FREE_FD + options->fd_count) * sizeof(struct given);
        size_t program_size = strlen(plan->argv[0]) + 1;
        size_t path_size;
        char *memory;

        plan->env = env;
        if (options->add_env)
                plan->search_path = find_path(has_variable(options->add_env, "PATH") ? options->add_env : env);
        else
                plan->search_path = find_path(env);
        path_size = strlen(plan->search_path) + 1 + program_size;
        memory = memory_alloc(STACK_SIZE + env_size + given_size + path_size);
        if (!memory)
                return NULL;
        if (options->add_env) {
                plan->env = (char **)(void *)(memory + STACK_SIZE);
                merge_environment((char **)(void *)(memory + STACK_SIZE), env, options->add_env);
        }
        plan->given = (struct given *)(void *)(memory + STACK_SIZE + env_size);
        plan->path = memory + STACK_SIZE + env_size + given_size;
        for (int fd = 0; fd < FIRST_FREE_FD; fd++)
                give(plan, standard[fd], fd);
        for (size_t i = 0; i < options->fd_count; i++)
                give(plan, options->fds[i].fd, options->fds[i].child_fd);
        if (strchr(plan->argv[0], '/') || !*plan->argv[0])
                plan->search_path = NULL;
        sigemptyset(&plan->no_signals);
        return memory;
}

/* ------------------------------------------------------------------------------------------------
 * In the parent. */

bool child_reap(const struct child *child, int options, int *returncode)
{
        siginfo_t info = {.si_pid = 0};
        int rc = -EINVAL;

        if (child->pidfd >= 0)
                rc = sys_waitid(SYS_P_PIDFD, (id_t)child->pidfd, &info, WEXITED | options);
        /* Before Linux 5.4; the number is the child's until it is reaped. */
        if (rc == -EINVAL)
                rc = sys_waitid(P_PID, (id_t)child->pid, &info, WEXITED | options);
        if (rc == 0 && info.si_pid == 0)
                return false;
        if (rc < 0)
                *returncode = EDDY_EXIT_UNKNOWN;
        else
                *returncode = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
        return true;
}

int child_signal(const struct child *child, int signum)
{
        int rc = -ENOSYS;

        if (child->pidfd >= 0)
                rc = sys_pidfd_send_signal(child->pidfd, signum);
        /* Old systems and sandboxes do not know the call. */
        if (rc == -ENOSYS || rc == -EPERM)
                rc = sys_kill(child->pid, signum);
        return rc;
}

/** Start the child, with all signals held back until it has let go of our handlers. */
static int clone_child(struct plan *plan, struct child *child, char *stack)
{
        const int flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
        sigset_t all, before;

        sigfillset(&all);
        child->pidfd = -1;
        pthread_sigmask(SIG_SETMASK, &all, &before);
        child->pid = sys_clone(run_child, stack + STACK_SIZE, flags | CLONE_PIDFD, plan, &child->pidfd);
        if (child->pid == -EINVAL)
                child->pid = sys_clone(run_child, stack + STACK_SIZE, flags, plan, NULL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (child->pid < 0)
                return child->pid;
        if (child->pidfd < 0)
                child->pidfd = sys_pidfd_open(child->pid);
        if (child->pidfd < 0)
                child->pidfd = -1;
        return 0;
}

/** How the child failed, if it did. */
static struct failure learn_outcome(const struct plan *plan, int report)
{
        struct failure failure = {.error = plan->failure.error, .stage = plan->failure.stage};

        if (plan->has_shared_memory)
                atomic_store(&is_memory_shared, true);
        else
                while (read(report, &failure, sizeof failure) < 0 && errno == EINTR)
                        ;
        return failure;
}

static int explain(const struct plan *plan, struct failure failure)
{
        static const char *const circumstances[] = {
            [GROUPING] = " in its session or process group",
            [GIVING_DESCRIPTORS] = " with its descriptors",
            [ENTERING_FOLDER] = " in the folder ",
            [CHANGING_USER] = " as another user",
            [EXECUTING] = "",
        };

        return eddy_fail(-failure.error, "cannot run '%s'%s%s: %s", plan->argv[0], circumstances[failure.stage],
                         failure.stage == ENTERING_FOLDER ? plan->options->cwd : "",
                         eddy_strerror(-failure.error));
}

int child_spawn(struct child *child, char *const argv[], const int standard[3],
                const eddy_process_options *options)
{
        struct plan plan = {.options = options, .argv = argv, .report = -1};
        struct failure failure = {.error = 0};
        int report[2] = {-1, -1}, unused, rc;
        char *memory = lay_out(&plan, standard);

        if (!memory)
                return -ENOMEM;
        rc = atomic_load(&is_memory_shared) ? 0 : sys_pipe(report);
        if (rc < 0)
                goto out_memory;
        plan.report = report[1];
        rc = clone_child(&plan, child, memory);
        /* The child has the end that is written to, and holds it until it executes its program. */
        if (report[1] >= 0)
                sys_close(report[1]);
        if (rc == 0)
                failure = learn_outcome(&plan, report[0]);
        if (report[0] >= 0)
                sys_close(report[0]);
        if (failure.error) {
                child_reap(child, 0, &unused);
                if (child->pidfd >= 0)
                        sys_close(child->pidfd);
                rc = explain(&plan, failure);
        }
out_memory:
        memory_free(memory);
        return rc;
}
