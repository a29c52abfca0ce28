/* Files as wholes: read to their end, and written so that nobody sees a half of one. What is no regular file has no
 * whole, and is written to. */
#include "base/sys_file.h"
#include "file/request.h"
#include <limits.h>
#include <linux/magic.h>
#include <string.h>

/** What is read at first where the size tells nothing, as in /proc. */
enum { FIRST_CHUNK = 4096 };

/** The room that a file's content needs, as far as can be known: with place for the NUL behind it, and one byte
 * more, whose absence shows the end. */
static size_t likely_room(int fd, size_t max)
{
        struct stat status;

        if (sys_fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
                return FIRST_CHUNK;
        return ((uintmax_t)status.st_size < max ? (size_t)status.st_size : max) + 2;
}

/** Read to the end. One byte beyond `size`, the most that is wanted, shows that there is more. */
static ssize_t read_content(int fd, struct file_request *request)
{
        struct buffer *content = &request->content;
        size_t room = likely_room(fd, request->size < SSIZE_MAX ? request->size : SSIZE_MAX), wanted;
        ssize_t n = 1;

        while (n != 0) {
                n = buffer_reserve(content, room);
                if (n < 0)
                        break;
                wanted = request->size - buffer_size(content) + 1;
                if (wanted == 0 || wanted > buffer_room_size(content) - 1)
                        wanted = buffer_room_size(content) - 1;
                n = sys_read(fd, buffer_room(content), wanted);
                if (n < 0 && n != -EINTR)
                        break;
                content->end += n > 0 ? (size_t)n : 0;
                if (buffer_size(content) > request->size) {
                        n = EDDY_ELIMIT;
                        break;
                }
                room = 2;
        }
        if (n < 0) {
                buffer_finish(content);
                return n;
        }
        *buffer_room(content) = '\0';
        return (ssize_t)buffer_size(content);
}

ssize_t file_read_content(struct file_request *request)
{
        return read_content(request->fd, request);
}

ssize_t file_read_whole(struct file_request *request)
{
        int fd = sys_open(request->path, O_RDONLY | O_CLOEXEC, 0);
        ssize_t rc;

        if (fd < 0)
                return fd;
        rc = read_content(fd, request);
        sys_close(fd); /* it has written nothing that could be lost */
        return rc;
}

/** Write all of it, and see it on the disk. */
static int write_content(int fd, const struct file_request *request)
{
        size_t done = 0;

        while (done < request->size) {
                ssize_t n =
                    sys_writev(fd, &(struct iovec){(char *)request->buffer + done, request->size - done}, 1);

                if (n == -EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? (int)n : -EIO;
                done += (size_t)n;
        }
        return sys_fsync(fd);
}

/** The same, and close it. */
static int write_and_close(int fd, const struct file_request *request)
{
        int rc = write_content(fd, request), closed = sys_close(fd);

        return rc < 0 ? rc : closed;
}

/** Where the bytes go to by their name. */
struct target {
        int folder;
        char name[PATH_MAX]; /* in the folder, where it is no symbolic link */
};

enum { MOST_LINKS = 40 /* as the kernel has it */, NO_NAME = 1, HAS_CHANGED = 2 };

/** How often a path is followed while others keep changing what it leads to. */
enum { MOST_LOOKS = 10 };

/** Enter the folder of a path that may be relative to the target's, and keep the name in it: 0 or an error. */
static int enter_folder(struct target *target, char *path)
{
        char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        int folder;

        if (!*name)
                return -EISDIR;
        strcpy(target->name, name);
        *name = '\0';
        folder = sys_openat(target->folder, slash ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (folder < 0)
                return folder;
        if (target->folder != AT_FDCWD)
                sys_close(target->folder);
        target->folder = folder;
        return 0;
}

/** Follow a path through symbolic links to a folder and a name: 0, an error, or NO_NAME where a link of /proc leads to
 * a file and not to its name. The folder is to be closed in any case, unless it is AT_FDCWD. */
static int find_target(struct target *target, const char *path)
{
        char next[PATH_MAX];
        ssize_t n;
        int rc;

        target->folder = AT_FDCWD;
        if (strlen(path) >= sizeof next)
                return -ENAMETOOLONG;
        strcpy(next, path);
        for (int links = 0; links <= MOST_LINKS; links++) {
                rc = enter_folder(target, next);
                if (rc < 0)
                        return rc;
                n = sys_readlinkat(target->folder, target->name, next, sizeof next);
                if (n == -EINVAL || n == -ENOENT)
                        return 0;
                if (n < 0)
                        return (int)n;
                if (sys_file_system(target->folder) == PROC_SUPER_MAGIC)
                        return NO_NAME;
                if ((size_t)n == sizeof next)
                        return -ENAMETOOLONG;
                next[n] = '\0';
        }
        return -ELOOP;
}

/** A name in the target's folder that nobody has thought of, and which is short: the target's own may be as long as
 * names can be. */
static int open_beside(const struct target *target, mode_t mode, char *name, size_t name_size)
{
        static atomic_uint count;
        int fd;

        do {
                snprintf(name, name_size, ".eddy-%x-%x.tmp", (unsigned)getpid(), atomic_fetch_add(&count, 1));
                fd = sys_openat(target->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        } while (fd == -EEXIST);
        return fd;
}

/** Give a new file the owner, as far as we may, and the permissions of the one that it replaces: 0 or an error. */
static int take_after(int fd, const struct stat *old)
{
        mode_t mode = old->st_mode & 07777;
        struct stat new;
        int rc = sys_fstat(fd, &new);

        if (rc < 0)
                return rc;
        if (new.st_uid != old->st_uid || new.st_gid != old->st_gid) {
                if (sys_fchown(fd, old->st_uid, old->st_gid) < 0 && sys_fchown(fd, (uid_t)-1, old->st_gid) < 0)
                        mode &= ~(mode_t)S_ISGID;
                rc = sys_fstat(fd, &new);
                if (rc == 0 && new.st_uid != old->st_uid) /* nobody is to gain rights of ours */
                        mode &= ~(mode_t)S_ISUID;
        }
        return rc < 0 ? rc : sys_fchmod(fd, mode);
}

/** Write a new file and have it take the target's name. */
static int replace_target(const struct target *target, const struct file_request *request,
                          const struct stat *old)
{
        char name[64];
        int fd = open_beside(target, old ? S_IRUSR | S_IWUSR : request->mode, name, sizeof name);
        int rc = old && fd >= 0 ? take_after(fd, old) : 0;

        if (fd < 0)
                return fd;
        if (rc < 0)
                sys_close(fd);
        else
                rc = write_and_close(fd, request);
        if (rc == 0)
                rc = sys_renameat(target->folder, name, target->name);
        if (rc < 0)
                sys_unlinkat(target->folder, name);
        return rc;
}

/** Open what is no regular file to write to it. What may make a writer wait for its reader is not for this thread. */
static ssize_t open_special(struct file_request *request, mode_t kind)
{
        int fd;

        if (S_ISDIR(kind))
                return -EISDIR;
        fd = sys_open(request->path, O_WRONLY | O_NOCTTY | O_CLOEXEC | (S_ISBLK(kind) ? 0 : O_NONBLOCK), 0);
        if (fd < 0)
                return fd;
        if (S_ISBLK(kind))
                return write_and_close(fd, request);
        request->fd = fd;
        return EDDY_PENDING;
}

/** Write to a file that no name leads to. */
static ssize_t overwrite(const struct file_request *request)
{
        int fd = sys_open(request->path, O_WRONLY | O_TRUNC | O_CLOEXEC, 0);

        return fd < 0 ? fd : write_and_close(fd, request);
}

/** Look at what has the name that was found: others may have replaced it since the path was looked at, and what they put
 * there is replaced as well. 0, an error, or HAS_CHANGED where that is no file to be replaced. */
static int check_target(const struct target *target, struct stat *status)
{
        struct stat found;
        int rc = sys_lstatat(target->folder, target->name, &found);

        if (rc < 0)
                return rc == -ENOENT ? 0 : rc;
        if (!S_ISREG(found.st_mode))
                return HAS_CHANGED;
        *status = found;
        return 0;
}

/** Write to what the path leads to now; HAS_CHANGED where that became something else meanwhile, and nothing was
 * done. */
static ssize_t write_to_path(struct file_request *request)
{
        struct target target;
        struct stat status;
        int rc = sys_stat(request->path, &status);
        bool exists = rc == 0;

        if (!exists && rc != -ENOENT)
                return rc;
        if (exists && !S_ISREG(status.st_mode))
                return open_special(request, status.st_mode);
        rc = find_target(&target, request->path);
        if (rc == 0 && exists)
                rc = check_target(&target, &status);
        if (rc == NO_NAME)
                rc = (int)overwrite(request);
        else if (rc == 0)
                rc = replace_target(&target, request, exists ? &status : NULL);
        if (target.folder != AT_FDCWD)
                sys_close(target.folder);
        return rc;
}

ssize_t file_write_whole(struct file_request *request)
{
        ssize_t rc = HAS_CHANGED;

        for (int looks = 0; looks < MOST_LOOKS && rc == HAS_CHANGED; looks++)
                rc = write_to_path(request);
        return rc == HAS_CHANGED ? -EBUSY : rc;
}
