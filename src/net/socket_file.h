/* The file that a UNIX socket is bound to. */
#ifndef NET_SOCKET_FILE_H
#define NET_SOCKET_FILE_H

#include <sys/types.h>

/** Zeroed: there is none to be removed. */
struct socket_file {
        char *path; /* ours */
        dev_t device;
        ino_t inode;
        unsigned fork_generation; /* of the process that bound it */
};

/** Bind a socket to a path, or "@name"; a socket that is there is removed before.
 *
 * @param mode  of the file; 0: as the umask has it
 * @return 0 or the error, and then there is no file
 */
int socket_file_bind(struct socket_file *file, int fd, const char *path, mode_t mode);

/** Leave the file there for good. */
void socket_file_forget(struct socket_file *file);

/** Remove the file, where it is still the socket's own and was not bound by a parent of this process, and forget it. */
void socket_file_remove(struct socket_file *file);

#endif
