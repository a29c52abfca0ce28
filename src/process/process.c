/* Processes as users see them: made with their pipes, signalled, waited for and given back. */
#include "process/process.h"

#include "base/memory.h"
#include "base/misuse.h"
#include "base/sys_pipe.h"
#include "stream/stream.h"
#include "task/task.h"
#include <stdlib.h>

enum { STANDARD_FDS = 3 };

/** What a child's standard descriptors are made of. */
struct standard {
        int fds[STANDARD_FDS];   /* what is the child's; -1: as here */
        bool ours[STANDARD_FDS]; /* to be closed here once the child has it */
};

static void close_ours(const struct standard *standard)
{
        for (int i = 0; i < STANDARD_FDS; i++)
                if (standard->ours[i])
                        sys_close(standard->fds[i]);
}

/** A pipe between a stream of ours and a descriptor of the child's: 0 or an error. */
static int open_pipe(eddy_process *process, int which, struct standard *standard, size_t limit)
{
        int ends[2], rc = sys_pipe(ends), mode = which == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        int own = which == STDIN_FILENO ? 1 : 0;

        if (rc < 0)
                return rc;
        rc = sys_set_mode(ends[own], O_NONBLOCK);
        if (rc < 0)
                goto error_ends;
        rc = -ENOMEM;
        process->streams[which] = stream_create_pipe(process->loop, ends[own], mode, limit);
        if (!process->streams[which])
                goto error_ends;
        process->streams[which]->flow.resource.what = NULL; /* the process gives it back */
        standard->fds[which] = ends[1 - own];
        standard->ours[which] = true;
        return 0;

error_ends:
        sys_close(ends[0]);
        sys_close(ends[1]);
        return rc;
}

/** Make what one of the child's standard descriptors is to be: 0 or an error. */
static int redirect(eddy_process *process, int which, int what, struct standard *standard, size_t limit)
{
        int rc;

        switch (what) {
        case EDDY_INHERIT:
                return 0;
        case EDDY_PIPE:
                return open_pipe(process, which, standard, limit);
        case EDDY_DEVNULL:
                rc = sys_reopen("/dev/null", O_RDWR);
                if (rc < 0)
                        return rc;
                standard->fds[which] = rc;
                standard->ours[which] = true;
                return 0;
        case EDDY_STDOUT:
                if (which != STDERR_FILENO)
                        return -EINVAL;
                rc = standard->fds[STDOUT_FILENO];
                standard->fds[which] = rc < 0 ? STDOUT_FILENO : rc;
                return 0;
        default:
                standard->fds[which] = what;
                return what < 0 ? -EINVAL : 0;
        }
}

/** Whether options can be had together: 0, -EBADF or -EINVAL. */
static int check_options(const eddy_process_options *options)
{
        if (options->join_group < 0 || (options->join_group && (options->new_group || options->new_session)))
                return -EINVAL;
        for (size_t i = 0; i < options->fd_count; i++) {
                if (options->fds[i].fd < 0)
                        return -EBADF;
                if (options->fds[i].child_fd < STANDARD_FDS)
                        return -EINVAL;
                for (size_t j = 0; j < i; j++)
                        if (options->fds[i].child_fd == options->fds[j].child_fd)
                                return -EINVAL;
        }
        return 0;
}

static void destroy_streams(eddy_process *process)
{
        for (int i = 0; i < STANDARD_FDS; i++) {
                eddy_stream_destroy(process->streams[i]);
                process->streams[i] = NULL;
        }
}

/** Make the child with its streams: 0, or an error, and then nothing is left of it. */
static int start_child(eddy_process *process, char *const argv[], const eddy_process_options *options)
{
        struct standard standard = {.fds = {-1, -1, -1}};
        const int redirects[] = {options->in, options->out, options->err};
        int rc = check_options(options);

        for (int i = 0; i < STANDARD_FDS && rc == 0; i++)
                rc = redirect(process, i, redirects[i], &standard, options->limit);
        if (rc == 0)
                rc = child_spawn(&process->child, argv, standard.fds, options);
        close_ours(&standard);
        if (rc == 0)
                rc = exit_watch(process);
        if (rc < 0)
                destroy_streams(process);
        return rc;
}

int eddy_process_exec(eddy_process **created, char *const argv[], const eddy_process_options *options)
{
        static const eddy_process_options defaults;
        eddy_process *process;
        int rc;

        *created = NULL;
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        if (!argv || !argv[0])
                return -EINVAL;
        process = memory_zalloc(sizeof *process);
        if (!process)
                return -ENOMEM;
        process->loop = loop_running_here;
        list_init(&process->waiters);
        rc = start_child(process, argv, options ? options : &defaults);
        if (rc < 0)
                memory_free(process);
        else
                *created = process;
        return rc;
}

int eddy_process_shell(eddy_process **process, const char *command, const eddy_process_options *options)
{
        return eddy_process_exec(process, EDDY_ARGV("/bin/sh", "-c", (char *)(uintptr_t)command), options);
}

eddy_stream *eddy_process_stdin(const eddy_process *process)
{
        return process->streams[STDIN_FILENO];
}

eddy_stream *eddy_process_stdout(const eddy_process *process)
{
        return process->streams[STDOUT_FILENO];
}

eddy_stream *eddy_process_stderr(const eddy_process *process)
{
        return process->streams[STDERR_FILENO];
}

pid_t eddy_process_pid(const eddy_process *process)
{
        return process->child.pid;
}

int eddy_process_returncode(const eddy_process *process, int *returncode)
{
        if (!process->has_ended)
                return EDDY_EINVALIDSTATE;
        if (returncode)
                *returncode = process->returncode;
        return 0;
}

int eddy_process_wait(eddy_process *process, int *returncode)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        process_begin_use(process);
        if (!process->has_ended)
                rc = exit_wait(process);
        if (rc == 0)
                rc = eddy_process_returncode(process, returncode);
        process_end_use(process);
        return rc;
}

int eddy_process_send_signal(eddy_process *process, int signum)
{
        if (process->has_ended)
                return -ESRCH;
        /* In a forked child it is the parent's child. */
        return loop_is_inherited(process->loop) ? EDDY_EWRONGLOOP : child_signal(&process->child, signum);
}

int eddy_process_terminate(eddy_process *process)
{
        return eddy_process_send_signal(process, SIGTERM);
}

int eddy_process_kill(eddy_process *process)
{
        return eddy_process_send_signal(process, SIGKILL);
}

void process_begin_use(eddy_process *process)
{
        process->users++;
}

void process_end_use(eddy_process *process)
{
        process->users--;
        process_settle(process);
}

void process_settle(eddy_process *process)
{
        if (process->is_orphan && process->has_ended && process->users == 0)
                memory_free(process);
}

void eddy_process_destroy(eddy_process *process)
{
        if (!process)
                return;
        destroy_streams(process);
        process->is_orphan = true;
        process->resource.what = NULL;
        exit_dismiss(process);
        eddy_process_kill(process);
        process_settle(process);
}
