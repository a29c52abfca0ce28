/* What can be a flow besides sockets: pipes, FIFOs, terminals, devices, files. */
#ifndef TRANSPORT_PIPE_H
#define TRANSPORT_PIPE_H

#include "transport/flow.h"
#include <sys/stat.h>

/** What is known of a file that a flow is to be made of, and that others may have open. */
struct shared_file {
        struct stat status;
        int mode;             /* as it was */
        bool may_block;       /* it is a pipe that others share, and may put into blocking mode */
        bool has_lost_writer; /* it is a FIFO to which somebody wrote, and nobody does any more */
};

/** Have a look at a file: 0 or -errno. */
int shared_file_look_at(struct shared_file *file, int fd);

/** Whether it is read and written without waiting, and its mode is nobody's concern. */
static inline bool shared_file_never_waits(const struct shared_file *file)
{
        mode_t mode = file->status.st_mode;

        return S_ISREG(mode) || S_ISBLK(mode) || S_ISDIR(mode);
}

/** Put it into non-blocking mode, where that means anything: 0 or -errno. */
int shared_file_set_nonblocking(const struct shared_file *file, int fd);

/** Make a flow that of a file which was looked at and is no socket. */
void flow_become_file(struct flow *flow, const struct shared_file *file);

/** Make a flow that of a pipe which nobody else has; its descriptor stays as it is.
 *
 * @param mode  O_RDONLY, O_WRONLY or O_RDWR
 */
void flow_become_pipe(struct flow *flow, int mode);

#endif
