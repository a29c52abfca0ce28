/* Files: read and written as if the calls blocked, while the loop goes on.
 *
 *         eddy_file *file;
 *         int rc = eddy_file_open(&file, "notes.txt", O_RDONLY, 0);
 *         if (rc == 0) {
 *                 ssize_t n = eddy_file_read(file, buffer, sizeof buffer);
 *                 eddy_file_close(file);
 *         }
 *
 * They are for what lies on a disk. What may never come to an end, such as a pipe or a terminal, is a stream's:
 * a call that a helper thread is in cannot be interrupted.
 */
#ifndef EDDY_FILE_H
#define EDDY_FILE_H

#include <eddy/task.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

EDDY_BEGIN_DECLS

/** An open file, of the loop that it was opened in. Any number of coroutines may read and write at offsets; at the
 * file's own position one at a time. */
typedef struct eddy_file eddy_file;

/** In place of an offset: where the last call of this kind ended, as for read() and write(). */
#define EDDY_FILE_POSITION ((off_t)-1)

/**
 * Open a file.
 *
 * @param file   receives it; give it back with eddy_file_close()
 * @param path   must stay until the call returns
 * @param flags  as for open(): O_RDONLY, O_WRONLY | O_CREAT | O_TRUNC ...; O_CLOEXEC is always added
 * @param mode   with O_CREAT or O_TMPFILE: permissions of a new file, less the umask
 * @return 0, also where the caller was interrupted too late to keep the file from being opened
 * @retval -ENOENT, -EACCES, -EEXIST ...  as from open()
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT   the caller was interrupted; nothing was opened
 * @retval EDDY_ENOTASK                   called outside a coroutine
 * @retval -ENOMEM, -EMFILE, -EAGAIN      no memory, descriptor or thread
 *
 * Suspends; so does every function here whose declaration says EDDY_ASYNC, and what is said here of interruption
 * and of calls outside coroutines is true of them all: while an interruption is in force each is refused on entry,
 * also where it need not suspend, and only eddy_file_close() closes all the same. open() of Python, in asyncio.to_thread().
 */
EDDY_API EDDY_ASYNC int eddy_file_open(eddy_file **file, const char *path, int flags, mode_t mode);

/** As eddy_file_open(), with a path relative to a folder's descriptor, or AT_FDCWD. os.open(dir_fd=...). */
EDDY_API EDDY_ASYNC int eddy_file_open_at(eddy_file **file, int folder, const char *path, int flags,
                                          mode_t mode);

/**
 * Open a new file without a name, which is gone when it is closed.
 *
 * @param file    receives it, open for reading and writing; give it back with eddy_file_close()
 * @param folder  whose disk is to hold it; NULL: $TMPDIR, or /tmp
 * @return 0, or as from eddy_file_open()
 *
 * Suspends. tempfile.TemporaryFile().
 */
EDDY_API EDDY_ASYNC int eddy_file_open_temporary(eddy_file **file, const char *folder);

/**
 * Make a file of an open descriptor.
 *
 * @param fd  the file's from now on where this succeeds
 * @return 0, -ENOMEM, EDDY_ENOLOOP, or -EBADF where fd is negative
 *
 * Does not suspend. os.fdopen().
 */
EDDY_API int eddy_file_from_fd(eddy_file **file, int fd);

/** Its descriptor, which stays the file's. fileno(). */
EDDY_API int eddy_file_fd(const eddy_file *file);

/**
 * Close a file and give it back, whatever is returned.
 *
 * @param file  NULL is allowed
 * @return 0
 * @retval -EIO, -ENOSPC, -EDQUOT ...    what was written could not be kept; the file is closed all the same
 * @retval EDDY_EWRONGLOOP, EDDY_ENOTASK  other coroutines are in calls for this file, and the caller cannot wait
 *                                       for them: it is of another loop, or no coroutine; nothing was closed
 *
 * Suspends, also where the caller is interrupted: it waits for calls of other coroutines that have begun, refuses
 * new ones with -EBADF, and closes. Outside a coroutine it closes at once. close().
 */
EDDY_API EDDY_ASYNC int eddy_file_close(eddy_file *file);

/**
 * Read at the file's position, which moves on.
 *
 * @param buffer  lent until the call returns, also when it is interrupted
 * @return how many bytes: n, or fewer where the file ends (a device may give fewer earlier); 0 at the end
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; nothing was read
 * @retval EDDY_EBUSY                    another coroutine reads or writes at the file's position
 * @retval -EBADF, -EISDIR, -EIO ...     as from read()
 *
 * Suspends where the bytes are not in memory already. read().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_file_read(eddy_file *file, void *buffer, size_t n);

/** As eddy_file_read(), from an offset; the file's position stays. os.pread(). */
EDDY_API EDDY_ASYNC ssize_t eddy_file_read_at(eddy_file *file, void *buffer, size_t n, off_t offset);

/** As eddy_file_read(), into several places, from an offset or EDDY_FILE_POSITION. os.preadv(). */
EDDY_API EDDY_ASYNC ssize_t eddy_file_readv(eddy_file *file, const struct iovec *parts, int count,
                                            off_t offset);

/**
 * Read from the file's position to its end.
 *
 * @param data  receives the bytes, and a NUL behind them; give them back with eddy_free()
 * @param max   the most to take
 * @return how many bytes
 * @retval EDDY_ELIMIT  there are more than max; where the file's position is then is not defined
 *
 * Else as eddy_file_read(), and -ENOMEM. Suspends. read(-1).
 */
EDDY_API EDDY_ASYNC ssize_t eddy_file_read_all(eddy_file *file, char **data, size_t max);

/**
 * Write at the file's position, which moves on; with O_APPEND, at the file's end.
 *
 * @param data  lent until the call returns, also when it is interrupted
 * @return how many bytes: n, or fewer where the disk got full or a limit was reached in between; the next call
 *         then says why
 * @retval -ENOSPC, -EDQUOT, -EFBIG      no byte more: the disk is full, or a limit is reached. No SIGXFSZ is raised
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; nothing was written
 * @retval EDDY_EBUSY                    another coroutine reads or writes at the file's position
 * @retval -EBADF, -EIO ...              as from write()
 *
 * Suspends. write().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_file_write(eddy_file *file, const void *data, size_t n);

/** As eddy_file_write(), at an offset; the file's position stays. os.pwrite(). */
EDDY_API EDDY_ASYNC ssize_t eddy_file_write_at(eddy_file *file, const void *data, size_t n, off_t offset);

/** As eddy_file_write(), from several places, at an offset or EDDY_FILE_POSITION. os.pwritev(). */
EDDY_API EDDY_ASYNC ssize_t eddy_file_writev(eddy_file *file, const struct iovec *parts, int count,
                                             off_t offset);

/**
 * Write all of it at the file's position.
 *
 * @return n
 * @retval -ENOSPC ...  part of it could not be written; eddy_error_detail() says how much was, and the file's
 *                      position is behind that
 *
 * Else as eddy_file_write(). Suspends. write() of a Python file.
 */
EDDY_API EDDY_ASYNC ssize_t eddy_file_write_all(eddy_file *file, const void *data, size_t n);

/**
 * Move the file's position.
 *
 * @param whence  SEEK_SET, SEEK_CUR, SEEK_END
 * @return the new position from the file's start, or -errno as from lseek()
 *
 * Does not suspend. seek(), tell().
 */
EDDY_API off_t eddy_file_seek(eddy_file *file, off_t offset, int whence);

/** Have all that was written reach the disk: 0 or -errno as from fsync(). Suspends. os.fsync(). */
EDDY_API EDDY_ASYNC int eddy_file_sync(eddy_file *file);

/** The same for the content alone, and as much about it as finding it again takes. Suspends. os.fdatasync(). */
EDDY_API EDDY_ASYNC int eddy_file_datasync(eddy_file *file);

/** What the file is: 0 or -errno as from fstat(). Suspends. os.fstat(). */
EDDY_API EDDY_ASYNC int eddy_file_stat(eddy_file *file, struct stat *status);

/** How large it is, bytes; or -errno as from fstat(). Suspends. os.fstat().st_size. */
EDDY_API EDDY_ASYNC off_t eddy_file_size(eddy_file *file);

/** Cut it, or extend it by zeroes, to a size: 0 or -errno as from ftruncate(). Suspends. os.ftruncate(). */
EDDY_API EDDY_ASYNC int eddy_file_truncate(eddy_file *file, off_t size);

/**
 * Read a file as a whole.
 *
 * @param path  must stay until the call returns
 * @param data  receives its bytes, and a NUL behind them; give them back with eddy_free()
 * @param max   the most to take
 * @return how many bytes
 * @retval EDDY_ELIMIT           it has more than max
 * @retval -ENOENT, -EACCES ...  as from open() and read()
 * @retval -ENOMEM               no memory for it
 *
 * Suspends, once. pathlib.Path.read_bytes().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_read_file(const char *path, char **data, size_t max);

/**
 * Write a file as a whole: whoever opens that path sees what was there before, or all of the new; also after a
 * crash. The bytes go to a new file in the same folder (".eddy-....tmp"), to the disk, and then take its name.
 * Symbolic links stay, and what they lead to is written.
 *
 * A file that was there keeps its permissions, its group and owner as far as this process may give them; not its
 * other names (hard links), nor extended attributes. A FIFO or a device is written to, never replaced, and so is a
 * file that has no name (/dev/stdout, /proc/self/fd/...), beginning with nothing in it.
 *
 * @param path  must stay until the call returns
 * @param data  lent until the call returns
 * @param mode  permissions of a file that is new, less the umask
 * @return 0
 * @retval -ENOSPC ...           the disk is full; the file is as it was
 * @retval -ENOENT, -EACCES ...  as from open(), write(), fsync() and rename(), likewise
 * @retval -ENXIO                it is a FIFO that nobody reads, or a socket
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; nothing was written, except to a FIFO or device,
 *                               which may have taken a part
 *
 * Suspends, as long as a FIFO's reader or a device makes it wait. pathlib.Path.write_bytes(), in a safer way.
 */
EDDY_API EDDY_ASYNC int eddy_write_file(const char *path, const void *data, size_t n, mode_t mode);

EDDY_END_DECLS

#endif
