/* The system calls on files; as in sys.h. */
#ifndef BASE_SYS_FILE_H
#define BASE_SYS_FILE_H

#include "base/quiet.h"
#include "base/sys.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#ifndef RESOLVE_CACHED /* headers older than Linux 5.12 */
#define RESOLVE_CACHED 0x20
#endif

static inline int sys_open(const char *path, int flags, mode_t mode)
{
        return fault_fires("open") ? -EMFILE : sys_descriptor(open(path, flags, mode));
}

static inline int sys_openat(int folder, const char *path, int flags, mode_t mode)
{
        return fault_fires("openat") ? -EMFILE : sys_descriptor(openat(folder, path, flags, mode));
}

/** With RESOLVE_CACHED, -EAGAIN: it takes a look at the disk. */
static inline int sys_openat2(int folder, const char *path, const struct open_how *how)
{
        bool may_wait = !(how->resolve & RESOLVE_CACHED);

        if (fault_fires(may_wait ? "openat2" : "openat2, cached"))
                return may_wait ? -EMFILE : -EAGAIN;
        return sys_descriptor((int)syscall(SYS_openat2, folder, path, how, sizeof *how));
}

/** A file that is in memory alone, and gone with its last descriptor. */
static inline int sys_memfd_create(const char *name)
{
        return fault_fires("memfd_create") ? -EMFILE : sys_descriptor(memfd_create(name, MFD_CLOEXEC));
}

static inline int sys_fstat(int fd, struct stat *status)
{
        return fault_fires("fstat") ? -EIO : (int)sys_result(fstat(fd, status));
}

static inline int sys_stat(const char *path, struct stat *status)
{
        return fault_fires("stat") ? -EIO : (int)sys_result(stat(path, status));
}

static inline int sys_lstat(const char *path, struct stat *status)
{
        return fault_fires("lstat") ? -EIO : (int)sys_result(lstat(path, status));
}

static inline ssize_t sys_readlink(const char *path, char *target, size_t size)
{
        return fault_fires("readlink") ? -EIO : sys_result(readlink(path, target, size));
}

static inline ssize_t sys_readlinkat(int folder, const char *path, char *target, size_t size)
{
        return fault_fires("readlinkat") ? -EIO : sys_result(readlinkat(folder, path, target, size));
}

/** What a name in a folder is itself. */
static inline int sys_lstatat(int folder, const char *name, struct stat *status)
{
        return fault_fires("fstatat") ? -EIO
                                      : (int)sys_result(fstatat(folder, name, status, AT_SYMLINK_NOFOLLOW));
}

/** A number that says what kind of file system a file lies on, or an error. */
static inline long sys_file_system(int fd)
{
        struct statfs status;
        int rc = fault_fires("fstatfs") ? -EIO : (int)sys_result(fstatfs(fd, &status));

        return rc < 0 ? rc : (long)(unsigned)status.f_type;
}

/** How large a file is, as the kernel knows without asking a server. */
static inline int sys_statx_size(int fd, struct statx *status)
{
        return fault_fires("statx") ? -EIO
                                    : (int)sys_result(statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
                                                            STATX_TYPE | STATX_SIZE, status));
}

static inline off_t sys_lseek(int fd, off_t offset, int whence)
{
        return fault_fires("lseek") ? -EIO : sys_result(lseek(fd, offset, whence));
}

static inline ssize_t sys_readv(int fd, const struct iovec *parts, int count)
{
        return fault_fires("readv") ? -EIO : sys_result(readv(fd, parts, count));
}

/* What writes raises no signals: see base/quiet.h. */

static inline ssize_t sys_writev(int fd, const struct iovec *parts, int count)
{
        struct quiet quiet;
        ssize_t rc;

        if (fault_fires("writev"))
                return -ENOSPC;
        quiet_begin(&quiet);
        rc = sys_result(writev(fd, parts, count));
        quiet_end(&quiet, rc, sys_parts_size(parts, count));
        return rc;
}

static inline ssize_t sys_preadv(int fd, const struct iovec *parts, int count, off_t offset)
{
        return fault_fires("preadv") ? -EIO : sys_result(preadv(fd, parts, count, offset));
}

static inline ssize_t sys_pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
        struct quiet quiet;
        ssize_t rc;

        if (fault_fires("pwritev"))
                return -ENOSPC;
        quiet_begin(&quiet);
        rc = sys_result(pwritev(fd, parts, count, offset));
        quiet_end(&quiet, rc, sys_parts_size(parts, count));
        return rc;
}

/** What there is in memory; -EAGAIN: nothing.
 *
 * @param offset  -1: the file's position
 */
static inline ssize_t sys_preadv_nowait(int fd, const struct iovec *parts, int count, off_t offset)
{
        return fault_fires("preadv2") ? -EAGAIN : sys_result(preadv2(fd, parts, count, offset, RWF_NOWAIT));
}

/** Have the kernel begin to bring a part of a file into memory. */
static inline int sys_readahead(int fd, off_t offset, size_t size)
{
        return fault_fires("readahead") ? -EINVAL : (int)sys_result(readahead(fd, offset, size));
}

static inline ssize_t sys_pread(int fd, void *buffer, size_t size, off_t offset)
{
        return fault_fires("pread") ? -EIO : sys_result(pread(fd, buffer, size, offset));
}

/** The same to what is known to be a regular file, at the file's position where the offset is -1. Only the limit on the
 * size of files makes that raise a signal, and asking for it takes less than holding signals back. */
static inline ssize_t sys_pwritev_regular(int fd, const struct iovec *parts, int count, off_t offset)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur != RLIM_INFINITY)
                return offset < 0 ? sys_writev(fd, parts, count) : sys_pwritev(fd, parts, count, offset);
        return fault_fires("pwritev2") ? -ENOSPC : sys_result(pwritev2(fd, parts, count, offset, 0));
}

static inline ssize_t sys_pwrite(int fd, const void *data, size_t size, off_t offset)
{
        struct quiet quiet;
        ssize_t rc;

        if (fault_fires("pwrite"))
                return -ENOSPC;
        quiet_begin(&quiet);
        rc = sys_result(pwrite(fd, data, size, offset));
        quiet_end(&quiet, rc, size);
        return rc;
}

static inline int sys_ftruncate(int fd, off_t size)
{
        struct quiet quiet;
        int rc;

        if (fault_fires("ftruncate"))
                return -EIO;
        quiet_begin(&quiet);
        rc = (int)sys_result(ftruncate(fd, size));
        quiet_end(&quiet, rc, 0);
        return rc;
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

static inline int sys_renameat(int folder, const char *from, const char *to)
{
        return fault_fires("renameat") ? -EIO : (int)sys_result(renameat(folder, from, folder, to));
}

/** Within one folder. */
static inline int sys_renameat2(int folder, const char *from, const char *to, unsigned flags)
{
        return fault_fires("renameat2") ? -EIO : (int)sys_result(renameat2(folder, from, folder, to, flags));
}

static inline int sys_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
        return fault_fires("linkat") ? -EMLINK
                                     : (int)sys_result(linkat(from_folder, from, to_folder, to, flags));
}

static inline int sys_unlinkat(int folder, const char *name)
{
        return fault_fires("unlinkat") ? -EIO : (int)sys_result(unlinkat(folder, name, 0));
}

static inline int sys_fchmod(int fd, mode_t mode)
{
        return fault_fires("fchmod") ? -EIO : (int)sys_result(fchmod(fd, mode));
}

static inline int sys_fchown(int fd, uid_t owner, gid_t group)
{
        return fault_fires("fchown") ? -EPERM : (int)sys_result(fchown(fd, owner, group));
}

static inline int sys_link(const char *from, const char *to)
{
        return fault_fires("link") ? -EMLINK : (int)sys_result(link(from, to));
}

/** Give a file that was opened without a name (O_TMPFILE) one. */
static inline int sys_link_nameless(int fd, const char *path)
{
        char place[32];

        if (fault_fires("linkat"))
                return -EMLINK;
        /* Not everybody may, before Linux 6.10; and /proc is not everywhere. */
        if (linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0)
                return 0;
        if (errno != ENOENT && errno != EPERM)
                return -errno;
        snprintf(place, sizeof place, "/proc/self/fd/%d", fd);
        return (int)sys_result(linkat(AT_FDCWD, place, AT_FDCWD, path, AT_SYMLINK_FOLLOW));
}

static inline int sys_unlink(const char *path)
{
        return fault_fires("unlink") ? -EIO : (int)sys_result(unlink(path));
}

static inline int sys_mkdir(const char *path, mode_t mode)
{
        return fault_fires("mkdir") ? -ENOSPC : (int)sys_result(mkdir(path, mode));
}

static inline int sys_rmdir(const char *path)
{
        return fault_fires("rmdir") ? -EIO : (int)sys_result(rmdir(path));
}

static inline int sys_chmod(const char *path, mode_t mode)
{
        return fault_fires("chmod") ? -EIO : (int)sys_result(chmod(path, mode));
}

static inline int sys_symlink(const char *target, const char *path)
{
        return fault_fires("symlink") ? -ENOSPC : (int)sys_result(symlink(target, path));
}

static inline int sys_fsync(int fd)
{
        return fault_fires("fsync") ? -EIO : (int)sys_result(fsync(fd));
}

static inline int sys_fdatasync(int fd)
{
        return fault_fires("fdatasync") ? -EIO : (int)sys_result(fdatasync(fd));
}

/** Not every C library has getdents64(). With the offsets of 64 bits that all is built with, struct dirent is what the kernel
 * fills in. */
static inline ssize_t sys_getdents(int fd, void *buffer, size_t size)
{
        return fault_fires("getdents64") ? -EIO : sys_result(syscall(SYS_getdents64, fd, buffer, size));
}

/** Opens a file whose name has random letters in place of the template's last six X. */
static inline int sys_mkostemp(char *template, int flags)
{
        return fault_fires("mkostemp") ? -EMFILE : sys_descriptor(mkostemp(template, flags));
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
