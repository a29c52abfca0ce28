#include "net/multicast.h"

#include "base/sys_socket.h"
#include <eddy/address.h>

/** The number of an interface; 0, the system's choice, where there is no name. */
static int interface_index(const char *name)
{
        return name ? sys_interface_index(name) : 0;
}

static int level_of(int family)
{
        return family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
}

/** Set an option that has one name for IPv4 and another for IPv6. */
static int set_number(int fd, int family, int name, int name6, int value)
{
        return sys_setsockopt(fd, level_of(family), family == AF_INET6 ? name6 : name, &value, sizeof value);
}

static int change_membership(int fd, int family, int change, const char *group, const char *interface)
{
        struct group_req request = {.gr_interface = 0};
        int index = interface_index(interface);
        eddy_address address;
        int rc = eddy_address_from_ip(&address, group, 0);

        if (rc < 0 || index < 0)
                return rc < 0 ? rc : index;
        if (address.any.sa_family != family)
                return -EINVAL;
        request.gr_interface = (uint32_t)index;
        request.gr_group = address.storage;
        return sys_setsockopt(fd, level_of(family), change, &request, sizeof request);
}

int multicast_join(int fd, int family, const char *group, const char *interface)
{
        return change_membership(fd, family, MCAST_JOIN_GROUP, group, interface);
}

int multicast_leave(int fd, int family, const char *group, const char *interface)
{
        return change_membership(fd, family, MCAST_LEAVE_GROUP, group, interface);
}

int multicast_set_ttl(int fd, int family, int ttl)
{
        /* To the kernel, -1 is what it was at first. */
        return ttl < 0 ? -EINVAL : set_number(fd, family, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, ttl);
}

int multicast_set_loop(int fd, int family, bool loop)
{
        return set_number(fd, family, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, loop);
}

int multicast_set_interface(int fd, int family, const char *interface)
{
        struct ip_mreqn request = {.imr_ifindex = interface_index(interface)};

        if (request.imr_ifindex < 0)
                return request.imr_ifindex;
        if (family == AF_INET6)
                return set_number(fd, family, 0, IPV6_MULTICAST_IF, request.imr_ifindex);
        return sys_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
}
