#include "http/progress.h"

#include "base/sys_socket.h"
#include <linux/tcp.h>
#include <netinet/in.h>

uint64_t http_progress(int fd)
{
        struct tcp_info info = {0};
        socklen_t size = sizeof info;

        if (sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0)
                return info.tcpi_bytes_acked;
        return (uint64_t)sys_unsent(fd);
}
