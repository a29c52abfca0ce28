#include "http/precompressed.h"

#include "base/sys_file.h"
#include <limits.h>
#include <stdio.h>

static const char *ending_of(enum coding coding)
{
        switch (coding) {
        case CODING_GZIP:
                return ".gz";
        case CODING_BR:
                return ".br";
        case CODING_ZSTD:
                return ".zst";
        default: /* no tool writes files of it */
                return NULL;
        }
}

static bool is_older(const struct timespec *time, const struct timespec *other)
{
        return time->tv_sec != other->tv_sec ? time->tv_sec < other->tv_sec : time->tv_nsec < other->tv_nsec;
}

static bool may_be_sent(int fd, struct stat *status, const struct stat *original)
{
        return sys_fstat(fd, status) == 0 && S_ISREG(status->st_mode) && status->st_size > 0 &&
               !is_older(&status->st_mtim, &original->st_mtim);
}

/* 0 with `found` where the file of one coding will do; -ENOENT, or -EAGAIN. */
static int try_coding(struct precompressed *found, const struct beneath *folder,
                      int (*open)(const struct beneath *folder, const char *path), const char *path,
                      const struct stat *original, enum coding coding)
{
        const char *ending = ending_of(coding);
        char name[PATH_MAX];
        int fd, n;

        n = ending ? snprintf(name, sizeof name, "%s%s", path, ending) : -1;
        if (n < 0 || n >= (int)sizeof name)
                return -ENOENT;
        fd = open(folder, name);
        if (fd < 0)
                return fd == -EAGAIN ? fd : -ENOENT;
        if (!may_be_sent(fd, &found->status, original)) {
                sys_close(fd);
                return -ENOENT;
        }
        found->fd = fd;
        found->coding = coding;
        return 0;
}

int precompressed_open(struct precompressed *found, const struct beneath *folder,
                       int (*open)(const struct beneath *folder, const char *path), const char *path,
                       const struct stat *original, const struct acceptance *acceptance,
                       const struct coding_options *options)
{
        unsigned left = (1u << CODINGS) - 1;
        enum coding coding;
        int rc = -ENOENT;

        *found = (struct precompressed){.coding = CODING_IDENTITY, .fd = -1};
        while (rc == -ENOENT && (coding = acceptance_choose(acceptance, options, left)) != CODING_IDENTITY) {
                rc = try_coding(found, folder, open, path, original, coding);
                left &= ~(1u << coding);
        }
        return rc == -EAGAIN ? rc : 0;
}
