#include "net/route.h"

#include "base/sys.h"

static void remote_answered(struct name_query *query)
{
        struct route *route = container_of(query, struct route, remote);

        route->answered(route);
}

static void local_answered(struct name_query *query)
{
        struct route *route = container_of(query, struct route, local);

        route->answered(route);
}

static bool has_failed(const struct name_query *query)
{
        return query->rc < 0 && query->rc != EDDY_PENDING;
}

void route_find_remote(struct route *route, eddy_loop *loop, const char *host, uint16_t port, int family,
                       const eddy_resolver *resolver)
{
        route->remote.answered = remote_answered;
        names_ask_for_port(&route->remote, loop, host, port, family, 0, resolver);
}

void route_find_local(struct route *route, eddy_loop *loop, const char *host, uint16_t port, int family,
                      const eddy_resolver *resolver)
{
        if (has_failed(&route->remote))
                return;
        route->local.answered = local_answered;
        names_ask_for_port(&route->local, loop, host, port, family, AI_PASSIVE, resolver);
}

/** What a query has come to, whose failure is then the route's. */
static int take_answer(struct name_query *query, struct error_detail **detail)
{
        if (query->detail) {
                *detail = query->detail;
                query->detail = NULL;
        }
        return query->rc;
}

int route_outcome(struct route *route, struct error_detail **detail)
{
        int remote = take_answer(&route->remote, detail), local;

        if (has_failed(&route->remote))
                return remote;
        local = take_answer(&route->local, detail);
        return local < 0 ? local : remote;
}

int route_family(const struct route *route)
{
        const struct addrinfo *found = route->remote.found;
        int family = found ? found->ai_family : AF_UNSPEC;

        for (const struct addrinfo *one = found; one; one = one->ai_next)
                if (one->ai_family != family)
                        return AF_UNSPEC;
        return family;
}

int route_bind(const struct route *route, int fd, int family)
{
        int rc = route->local.found ? -EADDRNOTAVAIL : 0;

        for (const struct addrinfo *one = route->local.found; one && rc < 0; one = one->ai_next)
                if (one->ai_family == family)
                        rc = sys_bind(fd, one->ai_addr, one->ai_addrlen);
        return rc;
}

void route_forget(struct route *route)
{
        names_forget(&route->remote);
        names_forget(&route->local);
}
