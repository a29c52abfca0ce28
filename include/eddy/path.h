/* Paths: what the file system knows under a name, asked and changed while the loop goes on.
 *
 * Each function suspends, takes paths that must stay until it returns, and returns 0 or the number that the system
 * call of its name fails with. Interrupted before it began (EDDY_CANCELLED, EDDY_TIMEOUT), it did nothing; after
 * that its outcome is told. Outside a coroutine: EDDY_ENOTASK. Without memory or thread: -ENOMEM, -EAGAIN.
 */
#ifndef EDDY_PATH_H
#define EDDY_PATH_H

#include <eddy/base.h>
#include <sys/stat.h>

EDDY_BEGIN_DECLS

/** What a path leads to. os.stat(). */
EDDY_API EDDY_ASYNC int eddy_path_stat(const char *path, struct stat *status);

/** The same of a symbolic link itself. os.lstat(). */
EDDY_API EDDY_ASYNC int eddy_path_lstat(const char *path, struct stat *status);

/** Remove a name, and the file with its last one. os.unlink(). */
EDDY_API EDDY_ASYNC int eddy_path_unlink(const char *path);

/** Give a file or folder another name on the same disk, in place of what has it. os.replace(). */
EDDY_API EDDY_ASYNC int eddy_path_rename(const char *path, const char *new_path);

/** Create a folder; its permissions are `mode` less the umask. os.mkdir(). */
EDDY_API EDDY_ASYNC int eddy_path_mkdir(const char *path, mode_t mode);

/** Remove an empty folder. os.rmdir(). */
EDDY_API EDDY_ASYNC int eddy_path_rmdir(const char *path);

/** Set permissions. os.chmod(). */
EDDY_API EDDY_ASYNC int eddy_path_chmod(const char *path, mode_t mode);

/** Create a symbolic link at `path` that leads to `target`. os.symlink(). */
EDDY_API EDDY_ASYNC int eddy_path_symlink(const char *target, const char *path);

/**
 * Read where a symbolic link leads.
 *
 * @param target  receives it, terminated; `size` bytes of room
 * @return its length
 * @retval -ENAMETOOLONG        it does not fit
 * @retval -EINVAL, -ENOENT ...  as from readlink()
 *
 * Suspends. os.readlink().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_path_readlink(const char *path, char *target, size_t size);

EDDY_END_DECLS

#endif
