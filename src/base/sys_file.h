/* The system calls on files, for the adapters; as in sys.h. */
#ifndef BASE_SYS_FILE_H
#define BASE_SYS_FILE_H

#include "base/sys.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static inline int sys_open(const char *path, int flags, mode_t mode)
{
        return fault_fires("open") ? -EMFILE : (int)sys_result(open(path, flags, mode));
}

static inline int sys_openat(int folder, const char *path, int flags)
{
        return fault_fires("openat") ? -EMFILE : (int)sys_result(openat(folder, path, flags));
}

static inline int sys_openat2(int folder, const char *path, const struct open_how *how)
{
        return fault_fires("openat2") ? -EMFILE
                                      : (int)sys_result(syscall(SYS_openat2, folder, path, how, sizeof *how));
}

static inline int sys_pipe(int ends[2])
{
        return fault_fires("pipe2") ? -EMFILE : (int)sys_result(pipe2(ends, O_CLOEXEC));
}

/** Not for children. */
static inline int sys_set_cloexec(int fd)
{
        return fault_fires("fcntl") ? -EBADF : (int)sys_result(fcntl(fd, F_SETFD, FD_CLOEXEC));
}

static inline int sys_fstat(int fd, struct stat *status)
{
        return fault_fires("fstat") ? -EIO : (int)sys_result(fstat(fd, status));
}

static inline int sys_lstat(const char *path, struct stat *status)
{
        return fault_fires("lstat") ? -EIO : (int)sys_result(lstat(path, status));
}

static inline ssize_t sys_readlink(const char *path, char *target, size_t size)
{
        return fault_fires("readlink") ? -EIO : sys_result(readlink(path, target, size));
}

static inline ssize_t sys_pread(int fd, void *buffer, size_t size, off_t offset)
{
        return fault_fires("pread") ? -EIO : sys_result(pread(fd, buffer, size, offset));
}

static inline ssize_t sys_pwrite(int fd, const void *data, size_t size, off_t offset)
{
        return fault_fires("pwrite") ? -ENOSPC : sys_result(pwrite(fd, data, size, offset));
}

static inline int sys_ftruncate(int fd, off_t size)
{
        return fault_fires("ftruncate") ? -EIO : (int)sys_result(ftruncate(fd, size));
}

static inline int sys_flock(int fd, int operation)
{
        return fault_fires("flock") ? -ENOLCK : (int)sys_result(flock(fd, operation));
}

static inline int sys_rename(const char *from, const char *to, unsigned flags)
{
        return fault_fires("renameat2") ? -EIO
                                        : (int)sys_result(renameat2(AT_FDCWD, from, AT_FDCWD, to, flags));
}

static inline int sys_link(const char *from, const char *to)
{
        return fault_fires("link") ? -EMLINK : (int)sys_result(link(from, to));
}

static inline int sys_unlink(const char *path)
{
        return fault_fires("unlink") ? -EIO : (int)sys_result(unlink(path));
}

static inline ssize_t sys_fgetxattr(int fd, const char *name, void *value, size_t size)
{
        return fault_fires("fgetxattr") ? -ENOTSUP : sys_result(fgetxattr(fd, name, value, size));
}

static inline int sys_fsetxattr(int fd, const char *name, const void *value, size_t size)
{
        return fault_fires("fsetxattr") ? -ENOTSUP : (int)sys_result(fsetxattr(fd, name, value, size, 0));
}

static inline int sys_fremovexattr(int fd, const char *name)
{
        return fault_fires("fremovexattr") ? -ENOTSUP : (int)sys_result(fremovexattr(fd, name));
}

#endif
