/* A server from the inside: it listens and accepts; server_open.c has where. What becomes of connections is in coroutine_server.c and
 * protocol.c. */
#ifndef STREAM_SERVER_H
#define STREAM_SERVER_H

#include "loop/loop.h"
#include "net/accept.h"
#include "net/socket_file.h"
#include <eddy/transport.h>

/** What becomes of connections. */
struct server_impl {
        /** Serve one, with server_add(): 0, or -ENOMEM, and then it is closed. */
        int (*start)(eddy_server *server, int fd, int family);

        /** One that is closed stays until its peer has taken what was written. */
        bool waits_for_peers;

        /** Ask one to end; and have it end now. Neither removes it within the call. */
        void (*close)(eddy_link *connection);
        void (*abort)(eddy_link *connection);

        /** The loop is closed: forget one, which is nobody's now. */
        void (*forget)(eddy_link *connection);
};

/** What a server is to be. */
struct server_plan {
        const struct server_impl *impl;
        eddy_connection_handler handler; /* of a server of coroutines */
        const eddy_protocol *protocol;   /* of one of protocols, */
        eddy_protocol_factory factory;   /* and what makes the state of each */
        void *arg;
        eddy_server_options options;
};

/** One address that a server listens on. */
struct listener {
        struct acceptor acceptor;
        eddy_server *server;
};

struct eddy_server {
        struct loop_resource resource;
        eddy_loop *loop;
        struct server_plan plan;
        struct socket_file file; /* a UNIX server's */
        eddy_link connections;
        size_t connection_count;
        eddy_link waiters; /* struct server_wait */
        unsigned uses;     /* calls that are not over with it */
        bool is_idle;      /* it does not listen yet */
        bool is_closed, is_orphan;
        unsigned listener_count;
        struct listener listeners[];
};

/** A server that has no sockets yet, in the caller's hands until server_open(): 0 or -ENOMEM, and then it is NULL. */
int server_create(eddy_server **created, eddy_loop *loop, const struct server_plan *plan,
                  size_t most_listeners);

/** Free one that was not opened, or NULL. */
void server_free(eddy_server *server);

/** Give it a socket that listens, or will. */
void server_add_listener(eddy_server *server, int fd, int family);

/** Let it accept, unless it is idle; it has its sockets. */
void server_open(eddy_server *server);

void server_close_listeners(eddy_server *server);

/** Serve on a host's addresses, or on what the options have in place of one: as eddy_start_server(). */
int server_start(eddy_server **created, const struct server_plan *plan, const char *host, uint16_t port);

/** Listen on a path, and accept: as eddy_start_unix_server(). */
int server_start_unix(eddy_server **created, const struct server_plan *plan, const char *path);

/** Count a connection that has begun. */
void server_add(eddy_server *server, eddy_link *connection);

/** Take out one that has ended: who waited for room may come. The server may be gone when this returns. */
void server_remove(eddy_server *server, eddy_link *connection);

#endif
