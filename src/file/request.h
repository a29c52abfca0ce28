/* What is asked of the file system: one description, whoever carries it out.
 *
 * No way of waiting for a descriptor works for files, so a helper thread does: file_perform() makes the calls, and
 * blocks. io_uring takes such requests, too, by threads of the kernel's, which are slower: see docs/performance.md. */
#ifndef FILE_REQUEST_H
#define FILE_REQUEST_H

#include "base/buffer.h"
#include "task/task.h"
#include <sys/stat.h>
#include <sys/uio.h>

enum file_kind {
        FILE_OPEN,           /* path from the folder fd, with flags and mode: a descriptor */
        FILE_OPEN_TEMPORARY, /* in the folder path: a descriptor */
        FILE_CLOSE,          /* fd */
        FILE_READ,           /* fd, parts, offset: how many bytes */
        FILE_WRITE,          /* likewise */
        FILE_READ_ALL,       /* fd, at its position: content, of at most `size` bytes */
        FILE_LIST,           /* fd, a directory, buffer and size: bytes of struct dirent */
        FILE_STAT,           /* fd: status */
        FILE_TRUNCATE,       /* fd to offset */
        FILE_SYNC,           /* fd */
        FILE_DATASYNC,       /* fd */
        FILE_PATH_STAT,      /* path: status */
        FILE_PATH_LSTAT,     /* path: status */
        FILE_UNLINK,         /* path */
        FILE_RENAME,         /* path to other_path */
        FILE_MKDIR,          /* path, mode */
        FILE_RMDIR,          /* path */
        FILE_CHMOD,          /* path, mode */
        FILE_SYMLINK,        /* at path, to other_path */
        FILE_READLINK,       /* path, buffer and size: how many bytes */
        FILE_READ_WHOLE,     /* path: content, of at most `size` bytes */
        FILE_WRITE_WHOLE, /* path, mode, buffer and size; EDDY_PENDING: `fd` is open, and may make a writer wait */
};

/** A request. On the stack of the task that waits for it, as is all that it points to. */
struct file_request {
        enum file_kind kind;
        int fd, flags;
        mode_t mode;
        const char *path, *other_path;
        off_t offset;              /* or EDDY_FILE_POSITION */
        const struct iovec *parts; /* `size` bytes of memory */
        int part_count;
        void *buffer;
        size_t size;
        size_t done; /* bytes read or written so far */
        struct stat *status;
        struct buffer content;
        bool asks_memory;  /* of a write: whether the file lies in memory is to be found out */
        bool is_in_memory; /* it does, and is a regular file */
        ssize_t result;
};

/** Carry a request out in this thread, however long it takes: its result. */
ssize_t file_perform(struct file_request *request);

/* Of its kinds, those that read or write a file as a whole. */
ssize_t file_read_content(struct file_request *request);
ssize_t file_read_whole(struct file_request *request);
ssize_t file_write_whole(struct file_request *request);

/** Reads without waiting for a disk: the outcome, or EDDY_PENDING where that, or the kind of file, needs a thread.
 *
 * @param is_slow  set where this file will always
 */
ssize_t file_read_now(struct file_request *request, bool *is_slow);

/** Give back what a request got that nobody is left to take. */
void file_discard(struct file_request *request);

/** Have a request carried out while the current task waits: its result; the interruption where it had not begun;
 * EDDY_ENOTASK; or -ENOMEM, -EAGAIN. When it returns nobody looks at the request any more. */
ssize_t file_ask(struct file_request *request);

/** The same for what must be done: whether the task is interrupted makes no difference, and where there is neither
 * a task nor a thread it is done here. */
ssize_t file_ask_anyway(struct file_request *request);

#endif
