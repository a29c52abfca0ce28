/* Datagram sockets that a coroutine opens: src/net does, and the task waits. */
#include "net/datagram_open.h"
#include "base/misuse.h"
#include "base/sys.h"
#include "net/socket.h"
#include "stream/datagram.h"

/** A task that opens one. */
struct opening {
        struct datagram_opener opener;
        struct wait wait;
        struct task *task;
        int outcome;
};

static void end_opening(struct datagram_opener *opener, int outcome)
{
        struct opening *opening = container_of(opener, struct opening, opener);

        opening->outcome = outcome;
        task_wake(opening->task);
}

/** Give up, so that no descriptor comes any more; one that has come already is the task's. */
static bool interrupt_opening(struct wait *wait, struct task *task)
{
        bool is_ended = task_end_wait(wait, task);

        if (is_ended)
                datagram_opener_finish(&container_of(wait, struct opening, wait)->opener);
        return is_ended;
}

int datagram_open(struct task *self, const eddy_datagram_options *options, int *family)
{
        struct opening opening = {
            .opener.done = end_opening,
            .wait.interrupt = interrupt_opening,
            .task = self,
        };
        int interruption = 0;

        opening.outcome = datagram_opener_begin(&opening.opener, self->future.loop, options);
        if (opening.outcome == EDDY_PENDING)
                interruption = task_wait(self, &opening.wait);
        if (interruption == 0 && opening.outcome < 0)
                error_detail_adopt(opening.opener.detail);
        *family = opening.opener.family;
        datagram_opener_finish(&opening.opener);
        return interruption < 0 ? interruption : opening.outcome;
}

/** Make a datagram of a socket, or close it: 0 or -ENOMEM. */
static int make_datagram(eddy_datagram **datagram, eddy_loop *loop, int fd, int family)
{
        *datagram = datagram_create(loop, fd, family);
        if (*datagram)
                return 0;
        sys_close(fd);
        return -ENOMEM;
}

int eddy_open_datagram(eddy_datagram **datagram, const eddy_datagram_options *options)
{
        struct task *self;
        int family = AF_UNSPEC, fd = task_enter(&self);

        *datagram = NULL;
        if (fd == 0)
                fd = datagram_open(self, options, &family);
        return fd < 0 ? fd : make_datagram(datagram, self->future.loop, fd, family);
}

int eddy_open_unix_datagram(eddy_datagram **datagram, const char *local_path, const char *remote_path)
{
        struct socket_file file = {.path = NULL};
        int fd, rc;

        *datagram = NULL;
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        fd = datagram_open_unix(&file, local_path, remote_path);
        if (fd < 0)
                return fd;
        rc = make_datagram(datagram, loop_running_here, fd, AF_UNIX);
        if (rc == 0)
                (*datagram)->file = file;
        else
                socket_file_remove(&file);
        return rc;
}

int eddy_datagram_from_socket(eddy_datagram **datagram, int fd)
{
        int family, rc;

        *datagram = NULL;
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        rc = socket_adopt(fd, SOCK_DGRAM, &family);
        if (rc < 0)
                return rc;
        *datagram = datagram_create(loop_running_here, fd, family);
        return *datagram ? 0 : -ENOMEM;
}
