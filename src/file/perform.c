/* What a request asks for, done in this thread with the system's own calls, which block. */
#include "base/sys_file.h"
#include "file/request.h"
#include <eddy/file.h>
#include <limits.h>
#include <linux/magic.h>

static ssize_t perform_open(struct file_request *request)
{
        return sys_openat(request->fd, request->path, request->flags | O_CLOEXEC, request->mode);
}

/** Not every file system has files without a name. */
static bool needs_name(ssize_t rc)
{
        return rc == -EOPNOTSUPP || rc == -EISDIR || rc == -EINVAL;
}

static ssize_t perform_open_temporary(struct file_request *request)
{
        ssize_t fd = sys_open(request->path, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
        char name[PATH_MAX];

        if (!needs_name(fd))
                return fd;
        if ((size_t)snprintf(name, sizeof name, "%s/eddy-XXXXXX", request->path) >= sizeof name)
                return -ENAMETOOLONG;
        fd = sys_mkostemp(name, O_CLOEXEC);
        if (fd >= 0)
                sys_unlink(name);
        return fd;
}

static ssize_t perform_close(struct file_request *request)
{
        int rc = sys_close(request->fd);

        return rc == -EINTR ? 0 : rc; /* it is closed, and nothing was lost */
}

enum { PARTS_AT_ONCE = 16 };

/** The next places to read into or write from: how many, and in *size how many bytes they are. */
static int next_parts(const struct file_request *request, struct iovec parts[PARTS_AT_ONCE], size_t *size)
{
        size_t skip = request->done;
        int n = 0;

        *size = 0;
        for (int i = 0; i < request->part_count && n < PARTS_AT_ONCE; i++) {
                struct iovec part = request->parts[i];

                if (skip >= part.iov_len) {
                        skip -= part.iov_len;
                        continue;
                }
                parts[n++] = (struct iovec){(char *)part.iov_base + skip, part.iov_len - skip};
                *size += part.iov_len - skip;
                skip = 0;
        }
        return n;
}

static bool is_at_position(const struct file_request *request)
{
        return request->offset == EDDY_FILE_POSITION;
}

/** What a read that got less than it asked for has come to. */
enum shortage {
        THE_END,
        NOT_THE_END,
        NO_TELLING, /* a device, a pipe: it is as long as it is */
};

/** Say what a read of n bytes has come to. Files of the kernel's own come in pieces, and their sizes say nothing: only
 * what ends just where its size says ends there. */
static enum shortage explain_shortage(const struct file_request *request, ssize_t n)
{
        off_t offset = request->offset + (off_t)request->done;
        struct statx status;

        if (sys_statx_size(request->fd, &status) < 0 || !S_ISREG(status.stx_mode))
                return NO_TELLING;
        if (is_at_position(request))
                offset = sys_lseek(request->fd, 0, SEEK_CUR);
        if (n == 0)
                return offset >= (off_t)status.stx_size ? THE_END : NOT_THE_END;
        return offset == (off_t)status.stx_size && offset > 0 ? THE_END : NOT_THE_END;
}

/** The outcome of a transfer that goes no further. What it was kept from, if anything, the next one will hear. */
static ssize_t outcome(const struct file_request *request, ssize_t rc)
{
        return request->done > 0 || rc >= 0 ? (ssize_t)request->done : rc;
}

static ssize_t perform_read(struct file_request *request)
{
        struct iovec parts[PARTS_AT_ONCE];
        size_t size;
        ssize_t n;
        int count;

        while ((count = next_parts(request, parts, &size)) > 0) {
                do
                        n = is_at_position(request)
                                ? sys_readv(request->fd, parts, count)
                                : sys_preadv(request->fd, parts, count, request->offset + (off_t)request->done);
                while (n == -EINTR);
                if (n <= 0)
                        return outcome(request, n);
                request->done += (size_t)n;
                if ((size_t)n < size && explain_shortage(request, n) != NOT_THE_END)
                        break;
        }
        return (ssize_t)request->done;
}

ssize_t file_read_now(struct file_request *request, bool *is_slow)
{
        struct iovec parts[PARTS_AT_ONCE];
        size_t size;
        ssize_t n;
        int count;

        while ((count = next_parts(request, parts, &size)) > 0) {
                off_t offset = is_at_position(request) ? -1 : request->offset + (off_t)request->done;

                n = sys_preadv_nowait(request->fd, parts, count, offset);
                *is_slow = n == -EOPNOTSUPP || n == -ENOSYS;
                if (n < 0)
                        return EDDY_PENDING; /* whatever it is, the thread will meet it again */
                request->done += (size_t)n;
                if ((size_t)n == size)
                        continue;
                /* Not all is in memory, or this is the end. Linux 5.9 and 5.10 may say 0 elsewhere, too. */
                switch (explain_shortage(request, n)) {
                case THE_END:
                        return (ssize_t)request->done;
                case NOT_THE_END:
                        return EDDY_PENDING;
                case NO_TELLING:
                        return n > 0 ? (ssize_t)request->done : EDDY_PENDING;
                }
        }
        return (ssize_t)request->done;
}

/** Whether a file has no disk: then writing to it never waits. Files of other kinds may lie there, too, and wait. */
static bool is_in_memory(int fd)
{
        struct stat status;
        long kind;

        if (sys_fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
                return false;
        kind = sys_file_system(fd);
        return kind == TMPFS_MAGIC || kind == RAMFS_MAGIC;
}

static ssize_t write_parts(const struct file_request *request, const struct iovec *parts, int count)
{
        off_t offset = is_at_position(request) ? -1 : request->offset + (off_t)request->done;

        if (request->is_in_memory)
                return sys_pwritev_regular(request->fd, parts, count, offset);
        return offset < 0 ? sys_writev(request->fd, parts, count)
                          : sys_pwritev(request->fd, parts, count, offset);
}

static ssize_t perform_write(struct file_request *request)
{
        struct iovec parts[PARTS_AT_ONCE];
        size_t size;
        ssize_t n;
        int count;

        if (request->asks_memory)
                request->is_in_memory = is_in_memory(request->fd);
        while ((count = next_parts(request, parts, &size)) > 0) {
                do
                        n = write_parts(request, parts, count);
                while (n == -EINTR);
                if (n <= 0)
                        return outcome(request, n);
                request->done += (size_t)n;
        }
        return (ssize_t)request->done;
}

static ssize_t perform_list(struct file_request *request)
{
        return sys_getdents(request->fd, request->buffer, request->size);
}

static ssize_t perform_stat(struct file_request *request)
{
        return sys_fstat(request->fd, request->status);
}

static ssize_t perform_truncate(struct file_request *request)
{
        return sys_ftruncate(request->fd, request->offset);
}

static ssize_t perform_sync(struct file_request *request)
{
        return sys_fsync(request->fd);
}

static ssize_t perform_datasync(struct file_request *request)
{
        return sys_fdatasync(request->fd);
}

static ssize_t perform_path_stat(struct file_request *request)
{
        return sys_stat(request->path, request->status);
}

static ssize_t perform_path_lstat(struct file_request *request)
{
        return sys_lstat(request->path, request->status);
}

static ssize_t perform_unlink(struct file_request *request)
{
        return sys_unlink(request->path);
}

static ssize_t perform_rename(struct file_request *request)
{
        return sys_rename(request->path, request->other_path, 0);
}

static ssize_t perform_mkdir(struct file_request *request)
{
        return sys_mkdir(request->path, request->mode);
}

static ssize_t perform_rmdir(struct file_request *request)
{
        return sys_rmdir(request->path);
}

static ssize_t perform_chmod(struct file_request *request)
{
        return sys_chmod(request->path, request->mode);
}

static ssize_t perform_symlink(struct file_request *request)
{
        return sys_symlink(request->other_path, request->path);
}

static ssize_t perform_readlink(struct file_request *request)
{
        return sys_readlink(request->path, request->buffer, request->size);
}

static ssize_t (*const perform[])(struct file_request *request) = {
    [FILE_OPEN] = perform_open,
    [FILE_OPEN_TEMPORARY] = perform_open_temporary,
    [FILE_CLOSE] = perform_close,
    [FILE_READ] = perform_read,
    [FILE_WRITE] = perform_write,
    [FILE_READ_ALL] = file_read_content,
    [FILE_LIST] = perform_list,
    [FILE_STAT] = perform_stat,
    [FILE_TRUNCATE] = perform_truncate,
    [FILE_SYNC] = perform_sync,
    [FILE_DATASYNC] = perform_datasync,
    [FILE_PATH_STAT] = perform_path_stat,
    [FILE_PATH_LSTAT] = perform_path_lstat,
    [FILE_UNLINK] = perform_unlink,
    [FILE_RENAME] = perform_rename,
    [FILE_MKDIR] = perform_mkdir,
    [FILE_RMDIR] = perform_rmdir,
    [FILE_CHMOD] = perform_chmod,
    [FILE_SYMLINK] = perform_symlink,
    [FILE_READLINK] = perform_readlink,
    [FILE_READ_WHOLE] = file_read_whole,
    [FILE_WRITE_WHOLE] = file_write_whole,
};

ssize_t file_perform(struct file_request *request)
{
        return perform[request->kind](request);
}

void file_discard(struct file_request *request)
{
        bool is_open = request->kind == FILE_OPEN || request->kind == FILE_OPEN_TEMPORARY;

        if (is_open && request->result >= 0)
                sys_close((int)request->result);
        if (request->kind == FILE_WRITE_WHOLE && request->result == EDDY_PENDING)
                sys_close(request->fd);
        buffer_finish(&request->content);
}
