/* Pipes, signals and subprocesses. */
#include "scenarios.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { MUCH = 1024 * 1024 }; /* more than a pipe holds */

/** Streams of both ends of a pipe, the one that reads first. */
static int open_pipe(eddy_stream *ends[2])
{
        int fds[2], rc;

        ends[0] = ends[1] = NULL;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        rc = eddy_stream_from_pipe(&ends[0], fds[0], 0);
        if (rc < 0)
                close(fds[0]);
        else
                rc = eddy_stream_from_pipe(&ends[1], fds[1], 0);
        if (!ends[1])
                close(fds[1]);
        return rc;
}

static intptr_t write_much(void *stream)
{
        static const char bytes[MUCH];
        ssize_t rc = eddy_stream_write_all(stream, bytes, sizeof bytes);

        eddy_stream_close(stream);
        return rc < 0 ? rc : 0;
}

static intptr_t piping(void *arg)
{
        eddy_stream *ends[2];
        eddy_group group;
        char *all = NULL;
        ssize_t rc = open_pipe(ends);
        int outcome;

        (void)arg;
        if (rc == 0) {
                eddy_group_open(&group);
                rc = eddy_group_create_task(&group, write_much, ends[1], NULL);
                if (rc == 0)
                        rc = eddy_stream_read_all(ends[0], &all, MUCH);
                eddy_free(all);
                eddy_group_cancel(&group);
                outcome = eddy_group_close(&group);
                rc = outcome < 0 ? outcome : rc;
        }
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
        return rc < 0 ? rc : 0;
}

static intptr_t opening_what_is_shared(void *arg)
{
        eddy_stream *stream = NULL;
        int ends[2], rc;
        ssize_t n;
        char byte;

        (void)arg;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        rc = eddy_open_stdio(&stream, ends[0], 0);
        if (write(ends[1], "x", 1) != 1)
                rc = -EIO;
        n = rc < 0 ? rc : eddy_stream_read(stream, &byte, 1);
        eddy_stream_destroy(stream);
        if (fcntl(ends[0], F_GETFL) & O_NONBLOCK)
                n = n < 0 ? n : -EBADMSG;
        close(ends[0]);
        close(ends[1]);
        return n < 0 ? n : eddy_yield();
}

static void raise_usr1(void *arg)
{
        (void)arg;
        raise(SIGUSR1);
}

static intptr_t watching_signals(void *arg)
{
        eddy_signal_watch watch;
        eddy_timer timer = {.when = 0};
        int rc = eddy_signal_watch_open(&watch, (int[]){SIGUSR1, SIGUSR2}, 2);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = eddy_call_later(eddy_running_loop(), &timer, eddy_us(100), raise_usr1, NULL);
        if (rc == 0)
                rc = eddy_signal_watch_next(&watch);
        eddy_timer_cancel(&timer);
        eddy_signal_watch_close(&watch);
        return rc < 0 ? rc : 0;
}

static intptr_t waiting_for_a_signal(void *arg)
{
        int rc = 0;

        (void)arg;
        EDDY_TIMEOUT_SCOPE(eddy_us(100))
                rc = eddy_signal_wait((int[]){SIGUSR1}, 1);
        return rc == EDDY_TIMEOUT ? 0 : rc;
}

static intptr_t running(void *arg)
{
        eddy_process *process;
        int code, rc = eddy_process_exec(&process, EDDY_ARGV("true"), NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = eddy_process_wait(process, &code);
        eddy_process_destroy(process);
        return rc;
}

static intptr_t failing_to_run(void *arg)
{
        eddy_process *process;
        int rc = eddy_process_exec(&process, EDDY_ARGV("no-such-program"),
                                   &(eddy_process_options){.in = EDDY_PIPE, .out = EDDY_DEVNULL});

        (void)arg;
        eddy_process_destroy(process);
        return rc == -ENOENT ? eddy_yield() : rc;
}

static intptr_t communicating(void *arg)
{
        static const char input[MUCH];
        const eddy_process_options options = {
            .in = EDDY_PIPE,
            .out = EDDY_PIPE,
            .err = EDDY_PIPE,
            .add_env = (char *[]){"NAME=value", NULL},
        };
        eddy_process_output output;
        eddy_process *process;
        int rc = eddy_process_shell(&process, "echo $NAME >&2; cat", &options);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = eddy_process_communicate(process, input, sizeof input, SIZE_MAX, &output);
        eddy_free(output.out);
        eddy_free(output.err);
        eddy_process_destroy(process);
        return rc;
}

static intptr_t killing(void *arg)
{
        eddy_process *process;
        int rc = eddy_process_exec(&process, EDDY_ARGV("sleep", "100"), NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = eddy_process_terminate(process);
        if (rc == 0)
                rc = eddy_process_wait(process, NULL);
        eddy_process_destroy(process);
        return rc;
}

/** Left to eddy_run(), which ends them. */
static intptr_t leaving_processes(void *arg)
{
        eddy_process *process;
        int rc = eddy_process_exec(&process, EDDY_ARGV("sleep", "100"),
                                   &(eddy_process_options){.in = EDDY_PIPE, .err = EDDY_STDOUT});

        (void)arg;
        if (rc == 0)
                rc = eddy_yield();
        eddy_process_destroy(process);
        return rc;
}

const struct scenario scenarios[] = {
    {"piping", piping},
    {"opening what is shared", opening_what_is_shared},
    {"watching signals", watching_signals},
    {"waiting for a signal", waiting_for_a_signal},
    {"running", running},
    {"failing to run", failing_to_run},
    {"communicating", communicating},
    {"killing", killing},
    {"leaving processes", leaving_processes},
    {NULL, NULL},
};
