/* System calls for which this C library has no function; the build says which those are, and includes this first. */
#if !defined(BASE_LACKING_H) && !defined(__ASSEMBLER__)
#define BASE_LACKING_H

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef LACKS_STATX
#include <linux/stat.h>

static inline int statx(int folder, const char *path, int flags, unsigned mask, struct statx *status)
{
        return (int)syscall(SYS_statx, folder, path, flags, mask, status);
}
#endif

#ifdef LACKS_RENAMEAT2
static inline int renameat2(int folder, const char *from, int other_folder, const char *to, unsigned flags)
{
        return (int)syscall(SYS_renameat2, folder, from, other_folder, to, flags);
}
#endif

/* The kernel takes an offset in two halves, the lower first, and on 64 bits that is all of it. */

#ifdef LACKS_PREADV2
static inline ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
        return syscall(SYS_preadv2, fd, parts, count, (long)offset, (long)((long long)offset >> 32), flags);
}
#endif

#ifdef LACKS_PWRITEV2
static inline ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
        return syscall(SYS_pwritev2, fd, parts, count, (long)offset, (long)((long long)offset >> 32), flags);
}
#endif

#endif
