/* Datagrams to groups. */
#include "net/multicast.h"
#include "stream/datagram.h"

int eddy_datagram_join(eddy_datagram *datagram, const char *group, const char *interface)
{
        return multicast_join(datagram->fd, datagram->family, group, interface);
}

int eddy_datagram_leave(eddy_datagram *datagram, const char *group, const char *interface)
{
        return multicast_leave(datagram->fd, datagram->family, group, interface);
}

int eddy_datagram_set_multicast_ttl(eddy_datagram *datagram, int ttl)
{
        return multicast_set_ttl(datagram->fd, datagram->family, ttl);
}

int eddy_datagram_set_multicast_loop(eddy_datagram *datagram, bool loop)
{
        return multicast_set_loop(datagram->fd, datagram->family, loop);
}

int eddy_datagram_set_multicast_interface(eddy_datagram *datagram, const char *interface)
{
        return multicast_set_interface(datagram->fd, datagram->family, interface);
}
