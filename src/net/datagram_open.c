#include "net/datagram_open.h"

#include "base/memory.h"
#include "base/sys.h"
#include "net/address.h"

static int set_options(const struct datagram_opener *opener, int fd)
{
        int on = 1, rc = 0;

        if (opener->reuse_port)
                rc = sys_setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        if (rc == 0 && opener->broadcast)
                rc = sys_setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
        return rc;
}

/** Make it of a new socket what the opener wants, with one address: 0 or the error. */
static int set_up(const struct datagram_opener *opener, int fd, const struct addrinfo *one)
{
        int rc = set_options(opener, fd);

        if (rc < 0)
                return rc;
        if (!opener->is_connected)
                return sys_bind(fd, one->ai_addr, one->ai_addrlen);
        rc = route_bind(&opener->route, fd, one->ai_family);
        return rc < 0 ? rc : sys_connect(fd, one->ai_addr, one->ai_addrlen);
}

/** A descriptor or the error. */
static int open_socket(const struct datagram_opener *opener, const struct addrinfo *one)
{
        int fd = sys_socket(one->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc;

        if (fd < 0)
                return fd;
        rc = set_up(opener, fd, one);
        if (rc == 0)
                return fd;
        sys_close(fd);
        return rc;
}

static int fail_on(struct datagram_opener *opener, const struct addrinfo *one, int rc)
{
        char text[EDDY_ADDRESS_TEXT_SIZE];
        eddy_address address = address_from_info(one);

        return error_detail_fail(&opener->detail, rc, "cannot %s %s: %s",
                                 opener->is_connected ? "connect to" : "receive on",
                                 eddy_address_print(&address, text), eddy_strerror(rc));
}

/** Try the addresses in turn: a descriptor, or the last one's error. */
static int try_addresses(struct datagram_opener *opener)
{
        const struct route *route = &opener->route;
        const struct addrinfo *one = opener->is_connected ? route->remote.found : route->local.found;
        int fd = EDDY_ERESOLVE;

        for (; one && fd < 0; one = one->ai_next) {
                fd = open_socket(opener, one);
                if (fd < 0)
                        fail_on(opener, one, fd);
                else
                        opener->family = one->ai_family;
        }
        return fd;
}

/** Let go of everything but the detail. */
static void let_go(struct datagram_opener *opener)
{
        route_forget(&opener->route);
        if (list_is_linked(&opener->resource.link))
                list_remove(&opener->resource.link);
}

/** Go on as far as that is possible now: the outcome, and then nothing is left on its way, or EDDY_PENDING. */
static int go_on(struct datagram_opener *opener)
{
        int outcome = route_outcome(&opener->route, &opener->detail);

        if (outcome == EDDY_PENDING)
                return EDDY_PENDING;
        if (outcome == 0)
                outcome = try_addresses(opener);
        let_go(opener);
        return outcome;
}

static void answered(struct route *route)
{
        struct datagram_opener *opener = container_of(route, struct datagram_opener, route);
        int outcome = go_on(opener);

        if (outcome != EDDY_PENDING)
                opener->done(opener, outcome);
}

/** Its owner may be a task that ends with the loop, and gives nothing back. */
static void close_with_loop(struct loop_resource *resource)
{
        let_go(container_of(resource, struct datagram_opener, resource));
}

/** Look up where to go, and then where from, if that is asked for: in the one family that it may be of by now. */
static void find_both(struct datagram_opener *opener, eddy_loop *loop, const eddy_datagram_options *options)
{
        int family = options->family;

        route_find_remote(&opener->route, loop, options->remote_host, options->remote_port, family,
                          options->resolver);
        if (!options->local_host && !options->local_port)
                return;
        if (family == AF_UNSPEC)
                family = route_family(&opener->route);
        route_find_local(&opener->route, loop, options->local_host, options->local_port, family,
                         options->resolver);
}

/** Look up where to receive; without a host, on every address of a family. */
static void find_local(struct datagram_opener *opener, eddy_loop *loop, const eddy_datagram_options *options)
{
        int family = options->family;

        if (family == AF_UNSPEC && !options->local_host)
                family = AF_INET;
        route_find_local(&opener->route, loop, options->local_host, options->local_port, family,
                         options->resolver);
}

int datagram_opener_begin(struct datagram_opener *opener, eddy_loop *loop, const eddy_datagram_options *options)
{
        static const eddy_datagram_options defaults;
        int rc = loop_check_open(loop);

        if (rc < 0)
                return rc;
        if (!options)
                options = &defaults;
        opener->is_connected = options->remote_host || options->remote_port;
        opener->reuse_port = options->reuse_port;
        opener->broadcast = options->broadcast;
        opener->resource.close = close_with_loop;
        opener->route.answered = answered;
        loop_add_resource(loop, &opener->resource);
        (opener->is_connected ? find_both : find_local)(opener, loop, options);
        return go_on(opener);
}

void datagram_opener_finish(struct datagram_opener *opener)
{
        let_go(opener);
        memory_free(opener->detail);
        opener->detail = NULL;
}

static int bind_to_path(struct socket_file *file, int fd, const char *path)
{
        int rc = socket_file_bind(file, fd, path, 0);

        return rc < 0 ? eddy_fail(rc, "cannot receive on %s: %s", path, eddy_strerror(rc)) : 0;
}

static int connect_to_path(int fd, const char *path)
{
        eddy_address address;
        int rc = eddy_address_from_path(&address, path);

        if (rc == 0)
                rc = sys_connect(fd, &address.any, address.size);
        return rc < 0 ? eddy_fail(rc, "cannot connect to %s: %s", path, eddy_strerror(rc)) : 0;
}

int datagram_open_unix(struct socket_file *file, const char *local_path, const char *remote_path)
{
        int fd = sys_socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc = 0;

        if (fd < 0)
                return fd;
        if (local_path)
                rc = bind_to_path(file, fd, local_path);
        if (rc == 0 && remote_path)
                rc = connect_to_path(fd, remote_path);
        if (rc == 0)
                return fd;
        sys_close(fd);
        socket_file_remove(file);
        return rc;
}
