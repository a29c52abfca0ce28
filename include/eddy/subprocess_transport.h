/* Subprocess transports and their protocols: a program that calls, where an eddy_process is waited for.
 *
 *         static void pipe_data_received(eddy_subprocess_transport *transport, void *self, int fd, const void *data, size_t n)
 *         {
 *                 printf("%d says %.*s", (int)eddy_subprocess_transport_pid(transport), (int)n, (const char *)data);
 *         }
 *         static const eddy_subprocess_protocol listening = {.pipe_data_received = pipe_data_received};
 *
 *         eddy_subprocess_exec(NULL, NULL, &listening, NULL, EDDY_ARGV("make"),
 *                              &(eddy_process_options){.out = EDDY_PIPE});
 *
 * All of it runs in the loop, and nothing here suspends. Coroutines use eddy/process.h instead. asyncio's SubprocessTransport
 * and SubprocessProtocol.
 */
#ifndef EDDY_SUBPROCESS_TRANSPORT_H
#define EDDY_SUBPROCESS_TRANSPORT_H

#include <eddy/process.h>
#include <eddy/transport.h>

EDDY_BEGIN_DECLS

/** A child with its pipes. It is the loop's: valid from when it is made until connection_lost() returns. */
typedef struct eddy_subprocess_transport eddy_subprocess_transport;

/**
 * What a subprocess transport calls: a table, which any number of them share, while `self` is each one's own. Where a function
 * is NULL nothing is done.
 *
 * connection_made() comes first, and connection_lost() last, once each, whatever happens; in between process_exited() comes
 * once, and pipe_connection_lost() once for each pipe, behind the last of its data, and these in any order: a child may close
 * its output and run on, or end and leave its output to children of its own. All come from the loop, never from within a
 * function of a transport's, and never one within another, but for pause_writing(). Any of them may call any function of the
 * transport's, and stop the loop.
 */
typedef struct eddy_subprocess_protocol {
        /** The child runs. BaseProtocol.connection_made(). */
        void (*connection_made)(eddy_subprocess_transport *transport, void *self);

        /**
         * The child has written something to a pipe. SubprocessProtocol.pipe_data_received().
         *
         * @param fd    of the child's: 1, its standard output, or 2, standard error
         * @param data  n bytes, n > 0, which are the transport's again when this returns
         */
        void (*pipe_data_received)(eddy_subprocess_transport *transport, void *self, int fd, const void *data,
                                   size_t n);

        /**
         * A pipe is over, and its transport gone when this returns. SubprocessProtocol.pipe_connection_lost().
         *
         * @param fd      of the child's: 0, 1 or 2
         * @param reason  0: the child has closed it, or we have; -EPIPE: it reads no more, and some had not left;
         *                EDDY_ELOOPCLOSED; else why it failed
         */
        void (*pipe_connection_lost)(eddy_subprocess_transport *transport, void *self, int fd, int reason);

        /**
         * The child has ended, and is reaped; there may be more to come from its pipes. SubprocessProtocol.process_exited().
         *
         * @param returncode  its exit status, or -N where signal N ended it; see eddy_process_returncode()
         */
        void (*process_exited)(eddy_subprocess_transport *transport, void *self, int returncode);

        /** It has ended, and all of its pipes are lost; the transport is gone when this returns. BaseProtocol.connection_lost().
         *
         * @param reason  0, or EDDY_ELOOPCLOSED: with its loop
         */
        void (*connection_lost)(eddy_subprocess_transport *transport, void *self, int reason);

        /** More is unsent to the child's standard input than the upper mark of that pipe: better write no more. As of an
         * eddy_protocol. BaseProtocol.pause_writing(). */
        void (*pause_writing)(eddy_subprocess_transport *transport, void *self);

        /** After that: no more is unsent than the lower mark. BaseProtocol.resume_writing(). */
        void (*resume_writing)(eddy_subprocess_transport *transport, void *self);

        void *reserved[4]; /**< NULL */
} eddy_subprocess_protocol;

/**
 * Run a program, and have a protocol told of it. loop.subprocess_exec().
 *
 * @param transport  receives it; NULL: the protocol's functions are told
 * @param loop       whose it is; NULL: this thread's
 * @param protocol   must stay as long as the transport
 * @param self       passed to all of its functions
 * @param argv       as of eddy_process_exec()
 * @param options    likewise; may be NULL. Where asyncio has pipes by default, these are asked for: EDDY_PIPE. `limit` means
 *                   nothing here
 * @return 0; the program runs, and connection_made() comes. Or as eddy_process_exec()
 * @retval EDDY_ENOLOOP, EDDY_EWRONGLOOP, EDDY_ELOOPCLOSED  as for any call on a loop
 */
EDDY_API int eddy_subprocess_exec(eddy_subprocess_transport **transport, eddy_loop *loop,
                                  const eddy_subprocess_protocol *protocol, void *self, char *const argv[],
                                  const eddy_process_options *options);

/** As eddy_subprocess_exec(), of a command line for /bin/sh. Never put together of what strangers say without quoting it.
 * loop.subprocess_shell(). */
EDDY_API int eddy_subprocess_shell(eddy_subprocess_transport **transport, eddy_loop *loop,
                                   const eddy_subprocess_protocol *protocol, void *self, const char *command,
                                   const eddy_process_options *options);

/** Its number. May be another process's once this one has ended. SubprocessTransport.get_pid(). */
EDDY_API pid_t eddy_subprocess_transport_pid(const eddy_subprocess_transport *transport);

/** What it returned, as eddy_process_returncode(): 0, or EDDY_EINVALIDSTATE while it runs. SubprocessTransport.get_returncode(). */
EDDY_API int eddy_subprocess_transport_returncode(const eddy_subprocess_transport *transport, int *returncode);

/**
 * The transport of a pipe: to write to the child's standard input, and end it; to pause what it says, or have it put where
 * another eddy_protocol says. SubprocessTransport.get_pipe_transport().
 *
 * @param fd  of the child's: 0, 1 or 2
 * @return it, until pipe_connection_lost() returns; NULL where there is no pipe, or none any more
 */
EDDY_API eddy_transport *eddy_subprocess_transport_pipe(const eddy_subprocess_transport *transport, int fd);

/** Send a signal; what it returns is as of eddy_process_send_signal(). SubprocessTransport.send_signal(). */
EDDY_API int eddy_subprocess_transport_send_signal(eddy_subprocess_transport *transport, int signum);

/** Send SIGTERM: it may clean up, or not listen. SubprocessTransport.terminate(). */
EDDY_API int eddy_subprocess_transport_terminate(eddy_subprocess_transport *transport);

/** Send SIGKILL: it ends. SubprocessTransport.kill(). */
EDDY_API int eddy_subprocess_transport_kill(eddy_subprocess_transport *transport);

/** Kill it if it still runs, and close its pipes: nothing more is received, and what is unsent is dropped. The rest of the calls
 * come later, connection_lost() when it is reaped. SubprocessTransport.close(). */
EDDY_API void eddy_subprocess_transport_close(eddy_subprocess_transport *transport);

/** Whether it was closed. BaseTransport.is_closing(). */
EDDY_API bool eddy_subprocess_transport_is_closing(const eddy_subprocess_transport *transport);

/** Have another protocol called from now on. BaseTransport.set_protocol(). */
EDDY_API void eddy_subprocess_transport_set_protocol(eddy_subprocess_transport *transport,
                                                     const eddy_subprocess_protocol *protocol, void *self);

/** The protocol that is called. BaseTransport.get_protocol().
 *
 * @param self  receives what it is given; may be NULL
 */
EDDY_API const eddy_subprocess_protocol *
eddy_subprocess_transport_protocol(const eddy_subprocess_transport *transport, void **self);

EDDY_END_DECLS

#endif
