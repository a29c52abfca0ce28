/* How a server comes by its sockets: hosts, a path, or what it is given. */
#include "base/memory.h"
#include "base/misuse.h"
#include "net/listen.h"
#include "stream/resolve.h"
#include "stream/server.h"
#include "transport/tls.h"

/** How often a port that is free for one address may be taken for another. */
enum { MOST_TRIES = 16 };

/** Whether an address was listed before: two names of one host. */
static bool is_double(const struct addrinfo *found, const struct addrinfo *one)
{
        eddy_address address = address_from_info(one);

        for (; found != one; found = found->ai_next) {
                eddy_address other = address_from_info(found);

                if (eddy_address_equal(&address, &other))
                        return true;
        }
        return false;
}

/** Listen on every address: 0, or the first failure. */
static int open_addresses(eddy_server *server, const struct addrinfo *found, uint16_t port)
{
        char text[EDDY_ADDRESS_TEXT_SIZE];

        for (const struct addrinfo *one = found; one; one = one->ai_next) {
                eddy_address address = address_from_info(one);
                int fd;

                if (is_double(found, one))
                        continue;
                fd = listen_on_address(one, port, &server->plan.options);
                /* A machine without IPv6 still lists its address. */
                if ((fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) && (one->ai_next || server->listener_count))
                        continue;
                if (fd < 0)
                        return eddy_fail(fd, "cannot listen on %s: %s", eddy_address_print(&address, text),
                                         eddy_strerror(fd));
                server_add_listener(server, fd, one->ai_family);
                if (port == 0)
                        port = eddy_server_port(server);
        }
        return server->listener_count ? 0 : -EADDRNOTAVAIL;
}

static void start_over(eddy_server *server)
{
        server_close_listeners(server);
        server->listener_count = 0;
        server->is_closed = false;
}

static int start_on_addresses(eddy_server **created, struct task *self, const struct server_plan *plan,
                              const struct addrinfo *found, uint16_t port)
{
        eddy_server *server;
        size_t count = 0;
        int rc;

        for (const struct addrinfo *one = found; one; one = one->ai_next)
                count++;
        rc = server_create(&server, self->future.loop, plan, count);
        if (rc < 0)
                return rc;
        rc = open_addresses(server, found, port);
        /* The port that was free for one family need not be for the other. */
        for (int tries = 1; rc == -EADDRINUSE && port == 0 && tries < MOST_TRIES; tries++) {
                start_over(server);
                rc = open_addresses(server, found, port);
        }
        if (rc < 0) {
                server_close_listeners(server);
                server_free(server);
                return rc;
        }
        server_open(server);
        *created = server;
        return 0;
}

/** The addresses of several hosts, as one list. */
static int resolve_all(struct task *self, const struct server_plan *plan, const char *const *hosts,
                       uint16_t port, struct addrinfo **found)
{
        struct addrinfo **end = found;
        int rc = 0;

        *found = NULL;
        for (; *hosts && rc == 0; hosts++) {
                rc = address_resolve(self, *hosts, port, plan->options.family, AI_PASSIVE,
                                     plan->options.resolver, end);
                while (*end)
                        end = &(*end)->ai_next;
        }
        return rc;
}

static int start_on_hosts(eddy_server **created, struct task *self, const struct server_plan *plan,
                          const char *host, uint16_t port)
{
        const char *const *hosts = plan->options.hosts;
        struct addrinfo *found;
        int rc;

        if (hosts)
                rc = resolve_all(self, plan, hosts, port, &found);
        else
                rc = address_resolve(self, host, port, plan->options.family, AI_PASSIVE, plan->options.resolver,
                                     &found);
        if (rc == 0)
                rc = found ? start_on_addresses(created, self, plan, found, port) : -EINVAL;
        eddy_freeaddrinfo(found);
        return rc;
}

/** Serve on what it is given, which is the server's only when nothing can fail any more. */
static int start_on_sockets(eddy_server **created, struct task *self, const struct server_plan *plan)
{
        const eddy_server_options *options = &plan->options;
        eddy_server *server;
        int rc = server_create(&server, self->future.loop, plan, options->fd_count);

        for (unsigned i = 0; rc == 0 && i < options->fd_count; i++) {
                int family;

                rc = listen_on_socket(options->fds[i], options, &family);
                if (rc == 0)
                        server_add_listener(server, options->fds[i], family);
        }
        if (rc < 0) {
                server_free(server); /* nothing of a listener is anywhere else before server_open() */
                return rc;
        }
        server_open(server);
        *created = server;
        return 0;
}

int server_start(eddy_server **created, const struct server_plan *plan, const char *host, uint16_t port)
{
        const eddy_server_options *options = &plan->options;
        struct task *self;
        int rc = task_enter(&self);

        *created = NULL;
        if (rc == 0)
                rc = tls_check_side(options->tls, true);
        if (rc < 0)
                return rc;
        if (!options->fd_count && !options->fds)
                return options->hosts && host ? -EINVAL : start_on_hosts(created, self, plan, host, port);
        if (!options->fd_count || !options->fds || options->hosts || host)
                return -EINVAL;
        return start_on_sockets(created, self, plan);
}

int server_start_unix(eddy_server **created, const struct server_plan *plan, const char *path)
{
        eddy_server *server;
        int rc, fd;

        *created = NULL;
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        rc = tls_check_side(plan->options.tls, true);
        if (rc == 0)
                rc = server_create(&server, loop_running_here, plan, 1);
        if (rc < 0)
                return rc;
        fd = listen_on_path(path, &server->plan.options, &server->file);
        if (fd < 0) {
                server_free(server);
                return eddy_fail(fd, "cannot listen on %s: %s", path, eddy_strerror(fd));
        }
        server_add_listener(server, fd, AF_UNIX);
        server_open(server);
        *created = server;
        return 0;
}
