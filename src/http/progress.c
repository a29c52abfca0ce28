#include "http/progress.h"

#include "base/sys_socket.h"
#include <linux/tcp.h>
#include <netinet/in.h>

/* Bytes of a step for which a client may keep silent once more, and how often at most. */
enum { STEP = 16 * 1024, MOST_PATIENCE = 4 };

uint64_t http_progress(int fd)
{
        struct tcp_info info = {0};
        socklen_t size = sizeof info;

        if (sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0)
                return info.tcpi_bytes_acked;
        return (uint64_t)sys_unsent(fd);
}

bool progress_excuses(struct progress *progress, int fd)
{
        uint64_t taken = http_progress(fd), before = progress->taken;
        uint64_t step = taken > before ? taken - before : before - taken;

        progress->taken = taken;
        if (step > 0) {
                progress->patience = step / STEP < MOST_PATIENCE ? (unsigned)(step / STEP) : MOST_PATIENCE;
                return true;
        }
        return progress->patience > 0 && progress->patience--;
}
