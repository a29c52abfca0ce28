#include "net/socket_file.h"

#include "base/fork.h"
#include "base/memory.h"
#include "base/sys_file.h"
#include "base/sys_socket.h"
#include <eddy/address.h>

/** What an earlier server left when it was killed would keep its successor from the name. */
static int remove_stale_socket(const char *path)
{
        struct stat status;

        if (sys_lstat(path, &status) < 0 || !S_ISSOCK(status.st_mode))
                return 0;
        return sys_unlink(path);
}

/** Note down which file a socket that was bound just now has, so that no other is removed in its place. */
static int identify(struct socket_file *file, const char *path)
{
        struct stat status;
        int rc = sys_lstat(path, &status);

        if (rc < 0)
                return rc;
        file->path = memory_strdup(path);
        file->device = status.st_dev;
        file->inode = status.st_ino;
        file->fork_generation = fork_generation;
        return file->path ? 0 : -ENOMEM;
}

void socket_file_forget(struct socket_file *file)
{
        memory_free(file->path);
        file->path = NULL;
}

int socket_file_bind(struct socket_file *file, int fd, const char *path, mode_t mode)
{
        eddy_address address;
        int rc = eddy_address_from_path(&address, path);
        bool is_abstract = address.un.sun_path[0] == '\0';

        if (rc == 0 && !is_abstract)
                rc = remove_stale_socket(path);
        if (rc == 0)
                rc = sys_bind(fd, &address.any, address.size);
        if (rc < 0 || is_abstract)
                return rc;
        rc = identify(file, path);
        /* Before anybody can connect. */
        if (rc == 0 && mode)
                rc = sys_chmod(path, mode);
        if (rc < 0) {
                sys_unlink(path);
                socket_file_forget(file);
        }
        return rc;
}

void socket_file_remove(struct socket_file *file)
{
        struct stat status;

        if (!file->path)
                return;
        if (file->fork_generation == fork_generation && sys_lstat(file->path, &status) == 0 &&
            status.st_dev == file->device && status.st_ino == file->inode)
                sys_unlink(file->path);
        socket_file_forget(file);
}
