/* What is asked of the file system by name. */
#include "file/request.h"
#include <eddy/path.h>

int eddy_path_stat(const char *path, struct stat *status)
{
        return (int)file_ask(&(struct file_request){.kind = FILE_PATH_STAT, .path = path, .status = status});
}

int eddy_path_lstat(const char *path, struct stat *status)
{
        return (int)file_ask(&(struct file_request){.kind = FILE_PATH_LSTAT, .path = path, .status = status});
}

int eddy_path_unlink(const char *path)
{
        return (int)file_ask(&(struct file_request){.kind = FILE_UNLINK, .path = path});
}

int eddy_path_rename(const char *path, const char *new_path)
{
        return (int)file_ask(&(struct file_request){.kind = FILE_RENAME, .path = path, .other_path = new_path});
}

int eddy_path_mkdir(const char *path, mode_t mode)
{
        return (int)file_ask(&(struct file_request){.kind = FILE_MKDIR, .path = path, .mode = mode});
}

int eddy_path_rmdir(const char *path)
{
        return (int)file_ask(&(struct file_request){.kind = FILE_RMDIR, .path = path});
}

int eddy_path_chmod(const char *path, mode_t mode)
{
        return (int)file_ask(&(struct file_request){.kind = FILE_CHMOD, .path = path, .mode = mode});
}

int eddy_path_symlink(const char *target, const char *path)
{
        return (int)file_ask(&(struct file_request){.kind = FILE_SYMLINK, .path = path, .other_path = target});
}

ssize_t eddy_path_readlink(const char *path, char *target, size_t size)
{
        ssize_t n = file_ask(
            &(struct file_request){.kind = FILE_READLINK, .path = path, .buffer = target, .size = size});

        if (n < 0)
                return n;
        if ((size_t)n >= size) /* it may be cut off, and there is no room for the NUL */
                return -ENAMETOOLONG;
        target[n] = '\0';
        return n;
}
