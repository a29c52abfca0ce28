/* Subprocesses: run a program, talk to it by streams, wait for its end.
 *
 *         eddy_process *process;
 *         int code, rc = eddy_process_exec(&process, EDDY_ARGV("make", "-j4"), NULL);
 *         if (rc == 0)
 *                 rc = eddy_process_wait(process, &code);
 *         eddy_process_destroy(process);
 *
 * A child gets the descriptors that it is given, and no others. What has ended is reaped at once, whether or not anybody
 * waits for it, and only the program's own children are ever waited for: SIGCHLD stays the user's.
 */
#ifndef EDDY_PROCESS_H
#define EDDY_PROCESS_H

#include <eddy/stream.h>

EDDY_BEGIN_DECLS

typedef struct eddy_process eddy_process;

/* What a child's standard input, output or error is, where it is no descriptor of ours. */
#define EDDY_INHERIT 0    /**< this process's own */
#define EDDY_PIPE    (-1) /**< a pipe, whose other end is eddy_process_stdin(), _stdout() or _stderr() */
#define EDDY_STDOUT  (-2) /**< of standard error: where standard output goes */
#define EDDY_DEVNULL (-3) /**< nothing to read, and what is written is gone */

/** A descriptor that a child is given beside the standard ones. */
typedef struct eddy_fd_map {
        int fd;       /**< here; stays the caller's */
        int child_fd; /**< its number in the child; each occurs once; any below RLIMIT_NOFILE */
} eddy_fd_map;

/** How a child is to run. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_process_options {
        /** Standard input, output and error: one of the above, or a descriptor above 0, which stays the caller's. */
        int in, out, err;
        const char *cwd;        /**< the folder to run in; NULL: this process's */
        char *const *env;       /**< its whole environment, "NAME=value", NULL behind; NULL: this process's */
        char *const *add_env;   /**< added to it, or in place of what has the name; NULL: nothing */
        const eddy_fd_map *fds; /**< fd_count descriptors */
        size_t fd_count;
        bool new_session; /**< setsid(): a session and group of its own, without terminal */
        bool new_group;   /**< setpgid(): a process group of its own, out of reach of the terminal's Ctrl-C */
        pid_t join_group; /**< a process group to be in; 0: this process's */
        const uid_t *uid; /**< the user to be; NULL: as this process */
        const gid_t *gid; /**< the group to be; supplementary groups go with either */
        const mode_t *umask; /**< bits that files it creates do not get */
        size_t limit;        /**< longest line of its streams, bytes, its end not counted; 0: 64 KiB */
        void *reserved[4];   /**< zero */
} eddy_process_options;

/** An argument list for eddy_process_exec(), with its end: EDDY_ARGV("ls", "-l"). Lives as long as the block. */
#define EDDY_ARGV(...) ((char *[]){__VA_ARGS__, NULL})

/**
 * Run a program.
 *
 * @param process  receives it; give it back with eddy_process_destroy()
 * @param argv     the program and its arguments, NULL behind; without a slash the program is looked for in the PATH of
 *                 the child's environment
 * @param options  may be NULL
 * @return 0; the program runs
 * @retval -ENOENT, -EACCES, -ENOEXEC ...  it cannot be executed, or its folder not entered; eddy_error_detail() says
 *                                        which
 * @retval -EPERM                         options->uid, gid or join_group is not allowed
 * @retval -EINVAL                        argv is empty, or options contradict each other
 * @retval -EBADF                         a descriptor to be given is not open, or its number beyond RLIMIT_NOFILE
 * @retval EDDY_ENOLOOP                   no loop runs in this thread
 * @retval -ENOMEM, -EMFILE, -EAGAIN      the system has nothing left
 *
 * It costs the same however much memory this process has: nothing of it is copied. The child's signals are as at
 * login: none blocked, none handled; those that this process ignores stay ignored (as under nohup), but for SIGPIPE.
 * Does not suspend. asyncio.create_subprocess_exec().
 */
EDDY_API int eddy_process_exec(eddy_process **process, char *const argv[], const eddy_process_options *options);

/** As eddy_process_exec(), of a command line for /bin/sh. Never put together of what strangers say without quoting it.
 * asyncio.create_subprocess_shell(). */
EDDY_API int eddy_process_shell(eddy_process **process, const char *command,
                                const eddy_process_options *options);

/** The streams of what is EDDY_PIPE, else NULL. They belong to the process, and are closed with it. Process.stdin. */
EDDY_API eddy_stream *eddy_process_stdin(const eddy_process *process);
EDDY_API eddy_stream *eddy_process_stdout(const eddy_process *process);
EDDY_API eddy_stream *eddy_process_stderr(const eddy_process *process);

/** Its number. May be another process's once this one has ended. Process.pid. */
EDDY_API pid_t eddy_process_pid(const eddy_process *process);

/** What a process is told to have returned where nobody knows: this process ignores SIGCHLD, or somebody else has
 * waited for its child. */
#define EDDY_EXIT_UNKNOWN 255

/**
 * What a process that has ended returned.
 *
 * @param returncode  receives its exit status, or -N where signal N ended it; may be NULL
 * @return 0, or EDDY_EINVALIDSTATE while it runs
 *
 * Process.returncode.
 */
EDDY_API int eddy_process_returncode(const eddy_process *process, int *returncode);

/**
 * Wait for a process to end.
 *
 * @param returncode  as of eddy_process_returncode(); untouched where the wait is interrupted
 * @return how the wait went: 0, whatever it returned
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; the process runs on, or what it returned is kept
 * @retval -EBADF                        the process was destroyed meanwhile
 * @retval EDDY_ENOTASK                  called outside a coroutine
 *
 * Any number of coroutines may wait. A child with a pipe that nobody reads may wait for that for ever: see
 * eddy_process_communicate(). One that was killed while a debugger holds it has ended when that lets go. Suspends unless
 * it has ended. Process.wait().
 */
EDDY_API EDDY_ASYNC int eddy_process_wait(eddy_process *process, int *returncode);

/**
 * Send a signal. It never reaches a stranger who has the number of a child that is no more.
 *
 * @return 0
 * @retval -ESRCH   it has ended
 * @retval -EPERM   it has become another user's
 * @retval -EINVAL  no such signal
 * @retval EDDY_EWRONGLOOP  this process was forked, and it is its parent's child
 *
 * Process.send_signal().
 */
EDDY_API int eddy_process_send_signal(eddy_process *process, int signum);

/** Send SIGTERM: it may clean up, or not listen. As eddy_process_send_signal(). Process.terminate(). */
EDDY_API int eddy_process_terminate(eddy_process *process);

/** Send SIGKILL: it ends. As eddy_process_send_signal(). Process.kill(). */
EDDY_API int eddy_process_kill(eddy_process *process);

/** All that a process had to say; the bytes are the caller's, given back with eddy_free(), each with a NUL behind. */
typedef struct eddy_process_output {
        char *out; /**< what it wrote to standard output; NULL where that is no EDDY_PIPE */
        size_t out_size;
        char *err; /**< and to standard error */
        size_t err_size;
        int returncode; /**< as of eddy_process_returncode() */
} eddy_process_output;

/**
 * Write input to a process and close its standard input, read what it says, both at the same time, and wait for its
 * end.
 *
 * @param input   `size` bytes for standard input where that is EDDY_PIPE; may be NULL where size is 0
 * @param max     the most bytes to take of each output; SIZE_MAX: as many as there is memory for
 * @param output  receives what it said, if the call succeeds; else nothing
 * @return 0, whatever the process returned
 * @retval EDDY_ELIMIT                   it says more than max
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted
 * @retval EDDY_EBUSY                    another coroutine reads or writes its streams
 * @retval -EBADF                        the process was destroyed meanwhile
 * @retval -ENOMEM                       no memory for what it says
 *
 * After an error the process runs on: kill it, or take what was read so far, and the rest, from its streams; of the
 * input some part may have been written. One that does not read its input to the end is no error. Output ends when all
 * who hold the pipe have closed it, which children of the child may do late. Suspends. Process.communicate().
 */
EDDY_API EDDY_ASYNC int eddy_process_communicate(eddy_process *process, const void *input, size_t size,
                                                 size_t max, eddy_process_output *output);

/**
 * Give a process back. One that still runs is killed (SIGKILL), and reaped by the loop soon after; so it is when the
 * loop is closed before. Its streams are closed. Coroutines that are in calls for it are told -EBADF, and debug mode says who destroyed it
 * under them. NULL is allowed.
 *
 * Let it end by itself with eddy_process_wait(), or politely with eddy_process_terminate() before. Does not suspend.
 */
EDDY_API void eddy_process_destroy(eddy_process *process);

EDDY_END_DECLS

#endif
