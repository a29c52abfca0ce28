/* Children that call a protocol: what a child is, and a transport for each of its pipes, whose protocol passes on what it is
 * told. */
#include <eddy/subprocess_transport.h>

#include "base/memory.h"
#include "child/standard.h"
#include "child/watched.h"
#include "transport/pipe.h"
#include "transport/transport.h"
#include <signal.h>

struct eddy_subprocess_transport {
        struct watched_child watched;
        struct loop_resource resource; /* closed with the loop behind those of the pipes and of the child */
        const eddy_subprocess_protocol *protocol;
        void *self;                          /* the protocol's state */
        eddy_transport *pipes[STANDARD_FDS]; /* NULL: there is none, or none any more */
        eddy_handle turn;                    /* for what must not come within a call: being made and lost */
        int reason;                          /* of connection_lost() */
        bool is_made;                        /* connection_made() has been called */
        bool is_closing;
};

static void schedule_turn(eddy_subprocess_transport *transport)
{
        if (!list_is_linked(&transport->turn.link))
                loop_schedule(transport->watched.loop, &transport->turn);
}

/** The first of it, unless that was before. */
static void make(eddy_subprocess_transport *transport)
{
        if (transport->is_made)
                return;
        transport->is_made = true;
        if (transport->protocol->connection_made)
                transport->protocol->connection_made(transport, transport->self);
}

/** The last of it. */
static void lose(eddy_subprocess_transport *transport)
{
        if (transport->protocol->connection_lost)
                transport->protocol->connection_lost(transport, transport->self, transport->reason);
        eddy_handle_cancel(&transport->turn);
        if (list_is_linked(&transport->resource.link))
                list_remove(&transport->resource.link);
        memory_free(transport);
}

/** Whether the child has ended, and all of its pipes have. */
static bool is_over(const eddy_subprocess_transport *transport)
{
        for (int i = 0; i < STANDARD_FDS; i++)
                if (transport->pipes[i])
                        return false;
        return transport->watched.has_ended;
}

/** A pipe or the child has ended: see whether that was the last. */
static void settle(eddy_subprocess_transport *transport)
{
        if (!is_over(transport))
                return;
        if (transport->watched.loop->is_closing)
                transport->reason = EDDY_ELOOPCLOSED;
        schedule_turn(transport);
}

static void take_turn(void *arg)
{
        eddy_subprocess_transport *transport = arg;

        make(transport);
        if (is_over(transport))
                lose(transport);
}

static void close_with_loop(struct loop_resource *resource)
{
        lose(container_of(resource, eddy_subprocess_transport, resource));
}

/* ------------------------------------------------------------------------------------------------
 * Its child and its pipes. */

static void child_ended(struct watched_child *watched)
{
        eddy_subprocess_transport *transport = container_of(watched, eddy_subprocess_transport, watched);

        make(transport);
        if (transport->protocol->process_exited)
                transport->protocol->process_exited(transport, transport->self, watched->returncode);
        settle(transport);
}

/** Which descriptor of the child's a pipe is. */
static int number_of(const eddy_subprocess_transport *transport, const eddy_transport *pipe)
{
        int fd = 0;

        while (transport->pipes[fd] != pipe)
                fd++;
        return fd;
}

static void pipe_data_received(eddy_transport *pipe, void *self, const void *data, size_t n)
{
        eddy_subprocess_transport *transport = self;

        if (transport->protocol->pipe_data_received)
                transport->protocol->pipe_data_received(transport, transport->self, number_of(transport, pipe),
                                                        data, n);
}

static void pipe_pause_writing(eddy_transport *pipe, void *self)
{
        eddy_subprocess_transport *transport = self;

        (void)pipe;
        if (transport->protocol->pause_writing)
                transport->protocol->pause_writing(transport, transport->self);
}

static void pipe_resume_writing(eddy_transport *pipe, void *self)
{
        eddy_subprocess_transport *transport = self;

        (void)pipe;
        if (transport->protocol->resume_writing)
                transport->protocol->resume_writing(transport, transport->self);
}

static const eddy_protocol passing_on = {
    .data_received = pipe_data_received,
    .pause_writing = pipe_pause_writing,
    .resume_writing = pipe_resume_writing,
};

/** Said by the pipe itself and not by its protocol, in whose place there may be another. */
static void pipe_gone(eddy_transport *pipe)
{
        eddy_subprocess_transport *transport = pipe->owner;
        int fd = number_of(transport, pipe);

        make(transport);
        if (transport->protocol->pipe_connection_lost)
                transport->protocol->pipe_connection_lost(transport, transport->self, fd, pipe->reason);
        transport->pipes[fd] = NULL;
        settle(transport);
}

/** Make transports of our ends of the pipes: 0 or -ENOMEM. */
static int make_pipes(eddy_subprocess_transport *transport, eddy_loop *loop, struct standard *standard)
{
        for (int i = 0; i < STANDARD_FDS; i++) {
                eddy_transport *pipe;

                if (standard->pipes[i] < 0)
                        continue;
                if (transport_create(&pipe, loop, standard->pipes[i], AF_UNSPEC, &passing_on, transport) < 0)
                        return -ENOMEM;
                flow_become_pipe(&pipe->flow, standard_mode(i));
                pipe->flow.resource.what = NULL; /* nobody has to give it back */
                pipe->gone = pipe_gone;
                pipe->owner = transport;
                transport->pipes[i] = pipe;
                standard->pipes[i] = -1;
        }
        return 0;
}

/** There is no child: nobody hears of the pipes. */
static void abandon_pipes(eddy_subprocess_transport *transport)
{
        static const eddy_protocol silent;

        for (int i = 0; i < STANDARD_FDS; i++) {
                eddy_transport *pipe = transport->pipes[i];

                if (!pipe)
                        continue;
                pipe->gone = NULL;
                eddy_transport_set_protocol(pipe, &silent, NULL);
                eddy_transport_abort(pipe);
        }
}

/** Make the child with its pipes: 0, or an error, and then nothing is left of it. */
static int start_child(eddy_subprocess_transport *transport, eddy_loop *loop, char *const argv[],
                       const eddy_process_options *options)
{
        struct standard standard;
        int rc = standard_open(&standard, argv, options);

        if (rc == 0)
                rc = make_pipes(transport, loop, &standard);
        if (rc == 0)
                rc = child_spawn(&transport->watched.child, argv, standard.fds, options);
        standard_close(&standard);
        if (rc == 0)
                rc = child_watch(&transport->watched, loop, NULL, child_ended);
        if (rc < 0)
                abandon_pipes(transport);
        return rc;
}

/* ------------------------------------------------------------------------------------------------ */

static int start(eddy_subprocess_transport **started, eddy_loop *loop, const eddy_subprocess_protocol *protocol,
                 void *self, char *const argv[], const eddy_process_options *options)
{
        static const eddy_process_options defaults;
        eddy_subprocess_transport *transport = memory_zalloc(sizeof *transport);
        int rc;

        if (!transport)
                return -ENOMEM;
        eddy_subprocess_transport_set_protocol(transport, protocol, self);
        transport->resource.close = close_with_loop;
        transport->resource.what = "subprocess transport";
        /* Before anything of the child or its pipes can have a turn. */
        eddy_call_soon(loop, &transport->turn, take_turn, transport);
        rc = start_child(transport, loop, argv, options ? options : &defaults);
        if (rc < 0) {
                eddy_handle_cancel(&transport->turn);
                memory_free(transport);
                return rc;
        }
        loop_add_resource(loop, &transport->resource);
        *started = transport;
        return 0;
}

int eddy_subprocess_exec(eddy_subprocess_transport **transport, eddy_loop *loop,
                         const eddy_subprocess_protocol *protocol, void *self, char *const argv[],
                         const eddy_process_options *options)
{
        eddy_subprocess_transport *started = NULL;
        int rc = loop_check_open(loop = loop_meant(loop));

        if (rc == 0)
                rc = start(&started, loop, protocol, self, argv, options);
        if (transport)
                *transport = started;
        return rc;
}

int eddy_subprocess_shell(eddy_subprocess_transport **transport, eddy_loop *loop,
                          const eddy_subprocess_protocol *protocol, void *self, const char *command,
                          const eddy_process_options *options)
{
        return eddy_subprocess_exec(transport, loop, protocol, self,
                                    EDDY_ARGV("/bin/sh", "-c", (char *)(uintptr_t)command), options);
}

pid_t eddy_subprocess_transport_pid(const eddy_subprocess_transport *transport)
{
        return transport->watched.child.pid;
}

int eddy_subprocess_transport_returncode(const eddy_subprocess_transport *transport, int *returncode)
{
        return child_returncode(&transport->watched, returncode);
}

eddy_transport *eddy_subprocess_transport_pipe(const eddy_subprocess_transport *transport, int fd)
{
        return fd >= 0 && fd < STANDARD_FDS ? transport->pipes[fd] : NULL;
}

int eddy_subprocess_transport_send_signal(eddy_subprocess_transport *transport, int signum)
{
        return child_send_signal(&transport->watched, signum);
}

int eddy_subprocess_transport_terminate(eddy_subprocess_transport *transport)
{
        return eddy_subprocess_transport_send_signal(transport, SIGTERM);
}

int eddy_subprocess_transport_kill(eddy_subprocess_transport *transport)
{
        return eddy_subprocess_transport_send_signal(transport, SIGKILL);
}

void eddy_subprocess_transport_close(eddy_subprocess_transport *transport)
{
        if (transport->is_closing || loop_is_inherited(transport->watched.loop))
                return;
        transport->is_closing = true;
        for (int i = 0; i < STANDARD_FDS; i++)
                if (transport->pipes[i])
                        eddy_transport_abort(transport->pipes[i]);
        eddy_subprocess_transport_kill(transport);
}

bool eddy_subprocess_transport_is_closing(const eddy_subprocess_transport *transport)
{
        return transport->is_closing;
}

void eddy_subprocess_transport_set_protocol(eddy_subprocess_transport *transport,
                                            const eddy_subprocess_protocol *protocol, void *self)
{
        transport->protocol = protocol;
        transport->self = self;
}

const eddy_subprocess_protocol *eddy_subprocess_transport_protocol(const eddy_subprocess_transport *transport,
                                                                   void **self)
{
        if (self)
                *self = transport->self;
        return transport->protocol;
}
