/* Connections and servers whose peers are a protocol's. */
#include "base/error.h"
#include "base/memory.h"
#include "base/sys.h"
#include "net/socket.h"
#include "stream/connect.h"
#include "stream/server.h"
#include "transport/transport.h"
#include <eddy/compose.h>

/** It was lost before whoever connected could use it. */
static void forget_transport(eddy_transport *transport)
{
        *(eddy_transport **)transport->owner = NULL;
}

/** A task that waits until both sides have agreed on TLS. */
struct securing_wait {
        struct wait wait;
        struct task *task;
        eddy_transport *transport;
        bool is_over;
        int outcome;
        struct error_detail *detail; /* of that */
};

static void secured(void *arg, int outcome)
{
        struct securing_wait *waiting = arg;

        waiting->is_over = true;
        waiting->outcome = outcome;
        if (outcome == EDDY_ELOOPCLOSED) /* the task never runs again, and frees nothing */
                return;
        if (outcome < 0)
                error_detail_set(&waiting->detail, outcome, eddy_explain(outcome));
        task_wake(waiting->task);
}

static bool give_up(struct wait *wait, struct task *task)
{
        struct securing_wait *waiting = container_of(wait, struct securing_wait, wait);

        (void)task;
        if (!waiting->is_over)
                eddy_transport_abort(waiting->transport);
        return true;
}

/** Speak TLS by a transport that was just made: 0; or the error, and then it is gone soon. */
static int secure(struct task *self, eddy_transport *transport, eddy_tls *tls, const char *name)
{
        struct securing_wait waiting = {.wait.interrupt = give_up, .task = self, .transport = transport};
        int rc = transport_secure(transport, tls, name, secured, &waiting);

        if (rc < 0) {
                transport_give_up(transport);
                return rc;
        }
        while (!waiting.is_over)
                task_wait(self, &waiting.wait);
        error_detail_adopt(waiting.detail);
        memory_free(waiting.detail);
        return waiting.outcome < 0 && self->interruption ? self->interruption : waiting.outcome;
}

/** Make a transport of a socket that is connected, or close it, and wait until its protocol knows of it: 0 or the error. */
static int make_transport(struct task *self, eddy_transport **made, int fd, int family,
                          const eddy_protocol *protocol, void *state, const char *host,
                          const eddy_connect_options *options)
{
        eddy_loop *loop = self->future.loop;
        eddy_transport *transport;
        int rc = 0;

        if (transport_create(&transport, loop, fd, family, protocol, state) < 0) {
                loop_close_descriptor(loop, fd);
                return -ENOMEM;
        }
        socket_set_nodelay(fd, family);
        if (options && options->tls)
                rc = secure(self, transport, options->tls, options->tls_name ? options->tls_name : host);
        if (rc < 0)
                return rc;
        transport->gone = forget_transport;
        transport->owner = &transport;
        EDDY_SHIELD_SCOPE /* it takes a turn, and nothing of anybody's */
                eddy_yield();
        if (transport)
                transport->gone = NULL;
        if (made)
                *made = transport;
        return 0;
}

int eddy_create_connection(eddy_transport **transport, const eddy_protocol *protocol, void *state,
                           const char *host, uint16_t port, const eddy_connect_options *options)
{
        struct task *self;
        int family = AF_UNSPEC, rc = task_enter(&self);

        if (transport)
                *transport = NULL;
        if (rc == 0)
                rc = connect_to_host(self, host, port, options, &family);
        return rc < 0 ? rc : make_transport(self, transport, rc, family, protocol, state, host, options);
}

int eddy_create_unix_connection(eddy_transport **transport, const eddy_protocol *protocol, void *state,
                                const char *path, const eddy_connect_options *options)
{
        struct task *self;
        int rc = task_enter(&self);

        if (transport)
                *transport = NULL;
        if (rc == 0)
                rc = connect_to_path(self, path, options);
        return rc < 0 ? rc : make_transport(self, transport, rc, AF_UNIX, protocol, state, NULL, options);
}

static eddy_transport *transport_of(eddy_link *link)
{
        return container_of(link, eddy_transport, link);
}

static void gone(eddy_transport *transport)
{
        server_remove(transport->owner, &transport->link);
}

/** It has come so far as to have a state. */
static void make_state(eddy_transport *transport)
{
        const eddy_server *server = transport->owner;

        transport->self = server->plan.factory ? server->plan.factory(server->plan.arg) : server->plan.arg;
}

static void has_agreed(void *arg, int outcome)
{
        if (outcome == 0)
                make_state(arg);
}

static int start_connection(eddy_server *server, int fd, int family)
{
        const struct server_plan *plan = &server->plan;
        eddy_transport *transport;

        if (transport_create(&transport, server->loop, fd, family, plan->protocol, NULL) < 0) {
                sys_close(fd);
                return -ENOMEM;
        }
        transport->flow.resource.what = NULL; /* nobody has to give it back */
        transport->gone = gone;
        transport->owner = server;
        server_add(server, &transport->link);
        if (!plan->options.tls)
                make_state(
                    transport); /* last, for it may destroy the server, which stays as long as its connections */
        else if (transport_secure(transport, plan->options.tls, NULL, has_agreed, transport) < 0)
                transport_give_up(transport);
        return 0;
}

static void close_connection(eddy_link *link)
{
        eddy_transport_close(transport_of(link));
}

static void abort_connection(eddy_link *link)
{
        eddy_transport_abort(transport_of(link));
}

/** The loop closes it by itself. */
static void forget_connection(eddy_link *link)
{
        transport_of(link)->gone = NULL;
}

static const struct server_impl protocols = {
    .waits_for_peers = true,
    .start = start_connection,
    .close = close_connection,
    .abort = abort_connection,
    .forget = forget_connection,
};

static struct server_plan plan_for(const eddy_protocol *protocol, eddy_protocol_factory factory, void *arg,
                                   const eddy_server_options *options)
{
        struct server_plan plan = {.impl = &protocols, .protocol = protocol, .factory = factory, .arg = arg};

        if (options)
                plan.options = *options;
        return plan;
}

int eddy_create_server(eddy_server **server, const eddy_protocol *protocol, eddy_protocol_factory factory,
                       void *arg, const char *host, uint16_t port, const eddy_server_options *options)
{
        const struct server_plan plan = plan_for(protocol, factory, arg, options);

        return server_start(server, &plan, host, port);
}

int eddy_create_unix_server(eddy_server **server, const eddy_protocol *protocol, eddy_protocol_factory factory,
                            void *arg, const char *path, const eddy_server_options *options)
{
        const struct server_plan plan = plan_for(protocol, factory, arg, options);

        return server_start_unix(server, &plan, path);
}
