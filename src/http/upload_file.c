/* Where the file system can (O_TMPFILE), its bytes have no name until they get their own, so that not even a process that is killed leaves
 * anything. Else they have a hidden one. */
#include "http/upload_file.h"

#include "base/sys_file.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ATTEMPTS = 16, MODE = 0666, LOCK_WAITS = 500, LOCK_PAUSE = 10 /* ms */ };

int upload_file_begin(struct upload_file *file, const struct beneath *root, const char *folder)
{
        struct stat status;
        int rc;

        *file = (struct upload_file){.folder = beneath_open(root, folder), .fd = -1};
        if (file->folder < 0)
                return file->folder;
        rc = sys_fstat(file->folder, &status);
        return rc < 0 ? rc : S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
}

int upload_file_ask(const struct upload_file *file, const char *name, const struct upload_judge *judge)
{
        struct stat status;
        int rc = sys_lstatat(file->folder, name, &status);

        if (rc < 0 && rc != -ENOENT)
                return rc;
        return judge->judge(rc == 0 ? &status : NULL, judge->arg);
}

/* A hidden name that nobody has. */
static int choose_part(char part[UPLOAD_PART_MAX])
{
        uint64_t number;
        int rc = sys_getrandom(&number, sizeof number);

        snprintf(part, UPLOAD_PART_MAX, ".%016" PRIx64 ".upload", number);
        return rc < 0 ? rc : 0;
}

/* The random name is taken by chance once in longer than there are files; but somebody may guess badly. */
static int open_part(struct upload_file *file)
{
        int fd = -EEXIST;

        for (int attempt = 0; fd == -EEXIST && attempt < ATTEMPTS; attempt++) {
                fd = choose_part(file->part);
                if (fd == 0)
                        fd = sys_openat(file->folder, file->part,
                                        O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE);
        }
        if (fd < 0)
                file->part[0] = '\0';
        return fd;
}

int upload_file_open(struct upload_file *file, const struct beneath *root)
{
        int fd = -EOPNOTSUPP;

        /* Without /proc it could get no name. */
        if (strcmp(root->path, "?") != 0)
                fd = sys_openat(file->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, MODE);
        if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -ENOENT || fd == -EINVAL)
                fd = open_part(file);
        file->fd = fd < 0 ? -1 : fd;
        return fd < 0 ? fd : 0;
}

/* Give its bytes a name that nobody has: 0 or -EEXIST. */
static int link_to(const struct upload_file *file, int fd, const char *name)
{
        char path[64];

        if (file->part[0])
                return sys_linkat(file->folder, file->part, file->folder, name, 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        return sys_linkat(AT_FDCWD, path, file->folder, name, AT_SYMLINK_FOLLOW);
}

/* Likewise; file systems that know no links may know this. */
static int name_new(struct upload_file *file, int fd, const char *name)
{
        int rc = link_to(file, fd, name);

        if (file->part[0] && (rc == -EPERM || rc == -EOPNOTSUPP || rc == -ENOSYS || rc == -EMLINK)) {
                rc = sys_renameat2(file->folder, file->part, name, RENAME_NOREPLACE);
                if (rc == 0)
                        file->part[0] = '\0';
        }
        return rc;
}

/* Others hold it for a moment; somebody else's program may for as long as it likes. Where there are no locks, there are none. */
static int lock(const struct upload_file *file)
{
        for (int waited = 0; sys_flock(file->folder, LOCK_EX | LOCK_NB) == -EWOULDBLOCK; waited++) {
                if (waited == LOCK_WAITS)
                        return -EBUSY;
                sys_sleep(LOCK_PAUSE);
        }
        return 0;
}

/* In the place of what is there, in one step. Who else would replace it waits, in this process and in others, so that what the judge has
 * seen is what is replaced. */
static int name_over(struct upload_file *file, int fd, const char *name, const struct upload_judge *judge)
{
        char part[UPLOAD_PART_MAX] = "";
        int rc;

        rc = lock(file);
        if (rc < 0)
                return rc;
        rc = upload_file_ask(file, name, judge);
        for (int attempt = 0; rc == 0 && !file->part[0] && attempt < ATTEMPTS; attempt++) {
                rc = choose_part(part);
                if (rc == 0)
                        rc = link_to(file, fd, part);
                if (rc == 0)
                        memcpy(file->part, part, sizeof part);
                else if (rc == -EEXIST)
                        rc = 0;
        }
        if (rc == 0 && !file->part[0])
                rc = -EEXIST;
        if (rc == 0)
                rc = sys_renameat(file->folder, file->part, name);
        if (rc == 0)
                file->part[0] = '\0';
        sys_flock(file->folder, LOCK_UN);
        return rc;
}

int upload_file_keep(struct upload_file *file, int fd, const char *name, const struct upload_judge *judge,
                     struct stat *status)
{
        int rc = sys_fstat(fd, status);

        if (rc < 0)
                return rc;
        rc = judge ? name_over(file, fd, name, judge) : name_new(file, fd, name);
        if (rc == 0)
                sys_fsync(
                    file->folder); /* so that the name is on the disk, too; where that cannot be had, it is not */
        return rc;
}

void upload_file_finish(struct upload_file *file)
{
        if (file->part[0])
                sys_unlinkat(file->folder, file->part);
        if (file->fd >= 0)
                sys_close(file->fd);
        if (file->folder >= 0)
                sys_close(file->folder);
        *file = (struct upload_file){.folder = -1, .fd = -1};
}
