/* Datagrams to groups. */
#include "base/sys_socket.h"
#include "stream/datagram.h"

/** The number of an interface; 0, the system's choice, where there is no name. */
static int interface_index(const char *name)
{
        return name ? sys_interface_index(name) : 0;
}

static int level_of(const eddy_datagram *datagram)
{
        return datagram->family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
}

/** Set an option that has one name for IPv4 and another for IPv6. */
static int set_number(const eddy_datagram *datagram, int name, int name6, int value)
{
        return sys_setsockopt(datagram->fd, level_of(datagram), datagram->family == AF_INET6 ? name6 : name,
                              &value, sizeof value);
}

static int change_membership(const eddy_datagram *datagram, int change, const char *group,
                             const char *interface)
{
        struct group_req request = {.gr_interface = 0};
        int index = interface_index(interface);
        eddy_address address;
        int rc = eddy_address_from_ip(&address, group, 0);

        if (rc < 0 || index < 0)
                return rc < 0 ? rc : index;
        if (address.any.sa_family != datagram->family)
                return -EINVAL;
        request.gr_interface = (uint32_t)index;
        request.gr_group = address.storage;
        return sys_setsockopt(datagram->fd, level_of(datagram), change, &request, sizeof request);
}

int eddy_datagram_join(eddy_datagram *datagram, const char *group, const char *interface)
{
        return change_membership(datagram, MCAST_JOIN_GROUP, group, interface);
}

int eddy_datagram_leave(eddy_datagram *datagram, const char *group, const char *interface)
{
        return change_membership(datagram, MCAST_LEAVE_GROUP, group, interface);
}

int eddy_datagram_set_multicast_ttl(eddy_datagram *datagram, int ttl)
{
        /* To the kernel, -1 is what it was at first. */
        return ttl < 0 ? -EINVAL : set_number(datagram, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, ttl);
}

int eddy_datagram_set_multicast_loop(eddy_datagram *datagram, bool loop)
{
        return set_number(datagram, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, loop);
}

int eddy_datagram_set_multicast_interface(eddy_datagram *datagram, const char *interface)
{
        struct ip_mreqn request = {.imr_ifindex = interface_index(interface)};

        if (request.imr_ifindex < 0)
                return request.imr_ifindex;
        if (datagram->family == AF_INET6)
                return set_number(datagram, 0, IPV6_MULTICAST_IF, request.imr_ifindex);
        return sys_setsockopt(datagram->fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
}
