/* Processes as users see them: made with their pipes, signalled, waited for and given back. */
#include "process/process.h"

#include "base/memory.h"
#include "base/misuse.h"
#include "child/standard.h"
#include "stream/stream.h"
#include "task/task.h"
#include <signal.h>
#include <unistd.h>
static void destroy_streams(eddy_process *process)
{
        for (int i = 0; i < STANDARD_FDS; i++) {
                eddy_stream_destroy(process->streams[i]);
                process->streams[i] = NULL;
        }
}

/** Make streams of our ends of its pipes: 0 or -ENOMEM. */
static int make_streams(eddy_process *process, eddy_loop *loop, struct standard *standard, size_t limit)
{
        for (int i = 0; i < STANDARD_FDS; i++) {
                if (standard->pipes[i] < 0)
                        continue;
                process->streams[i] = stream_create_pipe(loop, standard->pipes[i], standard_mode(i), limit);
                if (!process->streams[i])
                        return -ENOMEM;
                process->streams[i]->flow.resource.what = NULL; /* the process gives it back */
                standard->pipes[i] = -1;
        }
        return 0;
}

/** Free it where nobody needs it any more. */
static void settle(eddy_process *process)
{
        if (process->is_orphan && process->watched.has_ended && process->users == 0)
                memory_free(process);
}

static void ended(struct watched_child *watched)
{
        eddy_process *process = container_of(watched, eddy_process, watched);

        exit_tell(process);
        settle(process);
}

/** Make the child with its streams: 0, or an error, and then nothing is left of it. */
static int start_child(eddy_process *process, eddy_loop *loop, char *const argv[],
                       const eddy_process_options *options)
{
        struct standard standard;
        int rc = standard_open(&standard, argv, options);

        if (rc == 0)
                rc = make_streams(process, loop, &standard, options->limit);
        if (rc == 0)
                rc = child_spawn(&process->watched.child, argv, standard.fds, options);
        standard_close(&standard);
        if (rc == 0)
                rc = child_watch(&process->watched, loop, "process", ended);
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
        process = memory_zalloc(sizeof *process);
        if (!process)
                return -ENOMEM;
        list_init(&process->waiters);
        rc = start_child(process, loop_running_here, argv, options ? options : &defaults);
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
        return process->watched.child.pid;
}

int eddy_process_returncode(const eddy_process *process, int *returncode)
{
        return child_returncode(&process->watched, returncode);
}

int eddy_process_wait(eddy_process *process, int *returncode)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        process_begin_use(process);
        if (!process->watched.has_ended)
                rc = exit_wait(process);
        if (rc == 0)
                rc = eddy_process_returncode(process, returncode);
        process_end_use(process);
        return rc;
}

int eddy_process_send_signal(eddy_process *process, int signum)
{
        return child_send_signal(&process->watched, signum);
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
        settle(process);
}

void eddy_process_destroy(eddy_process *process)
{
        if (!process)
                return;
        destroy_streams(process);
        process->is_orphan = true;
        process->watched.resource.what = NULL;
        exit_dismiss(process);
        eddy_process_kill(process);
        settle(process);
}
