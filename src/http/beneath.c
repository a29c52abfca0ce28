/* The kernel itself keeps a path beneath a folder (openat2(), Linux 5.6). It takes an absolute link for one
 * that leads out even where it leads back in, so those are resolved first and what they mean is opened
 * beneath. */
#include "http/beneath.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* O_NONBLOCK: opening a pipe that nobody writes to must not stop the loop. */
#define OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

static int open_within(const struct beneath *folder, const char *path, unsigned long resolve)
{
        const struct open_how how = {.flags = OPEN_FLAGS, .resolve = resolve};
        int fd, attempts = 0;

        /* -EAGAIN: something was renamed while a link's ".." was followed, or it is not in memory. */
        do
                fd = sys_openat2(folder->fd, *path ? path : ".", &how);
        while (fd == -EAGAIN && !(resolve & RESOLVE_CACHED) && ++attempts < 16);
        return fd;
}

static ssize_t path_of(int fd, char path[PATH_MAX])
{
        char link[64];
        ssize_t n;

        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        n = sys_readlink(link, path, PATH_MAX - 1);
        if (n >= 0)
                path[n] = '\0';
        return n;
}

int beneath_init(struct beneath *folder, const char *path)
{
        char real[PATH_MAX];
        ssize_t rc;
        int fd;

        folder->fd = sys_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        if (folder->fd < 0)
                return folder->fd;
        rc = path_of(folder->fd, real);
        /* Without /proc absolute links are refused, and that is all. */
        folder->path = memory_strdup(rc < 0 ? "?" : strcmp(real, "/") == 0 ? "" : real);
        if (!folder->path) {
                sys_close(folder->fd);
                return -ENOMEM;
        }
        fd = open_within(folder, "", RESOLVE_BENEATH);
        folder->has_openat2 = fd >= 0;
        if (fd >= 0)
                sys_close(fd);
        fd = open_within(folder, "", RESOLVE_BENEATH | RESOLVE_CACHED);
        folder->cached = fd >= 0 || fd == -EAGAIN ? RESOLVE_CACHED : 0;
        if (fd >= 0)
                sys_close(fd);
        return 0;
}

void beneath_finish(struct beneath *folder)
{
        sys_close(folder->fd);
        memory_free(folder->path);
}

/* Old kernels, and containers that forbid openat2(): part by part, and through no link. */
static int open_by_parts(const struct beneath *folder, const char *path)
{
        int fd = sys_openat(folder->fd, ".", OPEN_FLAGS | O_DIRECTORY, 0);

        while (fd >= 0 && *path) {
                const char *slash = strchrnul(path, '/');
                char part[NAME_MAX + 1];
                int next;

                if (slash - path > NAME_MAX) {
                        next = -ENAMETOOLONG;
                } else {
                        memcpy(part, path, (size_t)(slash - path));
                        part[slash - path] = '\0';
                        next = sys_openat(fd, part, OPEN_FLAGS | O_NOFOLLOW | (*slash ? O_DIRECTORY : 0), 0);
                }
                sys_close(fd);
                fd = next;
                path = *slash ? slash + 1 : slash;
        }
        return fd;
}

/* O_PATH looks without touching: neither permissions to read nor a device's own open() matter. */
static int open_through_absolute_link(const struct beneath *folder, const char *path, unsigned long cached)
{
        const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = cached};
        size_t root_size = strlen(folder->path);
        char real[PATH_MAX];
        int fd = sys_openat2(folder->fd, path, &how);
        ssize_t n;

        if (fd < 0)
                return cached && fd == -EAGAIN ? fd : -EXDEV;
        n = path_of(fd, real);
        sys_close(fd);
        if (n < (ssize_t)root_size || memcmp(real, folder->path, root_size) != 0)
                return -EXDEV;
        if (real[root_size] == '\0')
                return open_within(folder, "", RESOLVE_BENEATH | cached);
        if (real[root_size] != '/')
                return -EXDEV;
        return open_within(folder, real + root_size + 1, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | cached);
}

static int open_beneath(const struct beneath *folder, const char *path, unsigned long cached)
{
        int fd;

        if (!folder->has_openat2)
                return open_by_parts(folder, path);
        fd = open_within(folder, path, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | cached);
        return fd == -EXDEV ? open_through_absolute_link(folder, path, cached) : fd;
}

int beneath_open(const struct beneath *folder, const char *path)
{
        return open_beneath(folder, path, 0);
}

int beneath_open_now(const struct beneath *folder, const char *path)
{
        return open_beneath(folder, path, folder->cached);
}
