#include "file/file.h"

#include "base/memory.h"
#include "base/misuse.h"
#include "base/sys_file.h"

int eddy_file_from_fd(eddy_file **file, int fd)
{
        eddy_loop *loop = eddy_get_loop();

        if (!loop)
                return misuse(EDDY_ENOLOOP);
        if (fd < 0)
                return -EBADF;
        *file = memory_zalloc(sizeof **file);
        if (!*file)
                return -ENOMEM;
        (*file)->loop = loop;
        (*file)->fd = fd;
        return 0;
}

/** Have a request answered whose answer is a descriptor. */
static int open_by(eddy_file **file, struct file_request *request)
{
        ssize_t fd = file_ask(request);
        int rc;

        *file = NULL;
        if (fd < 0)
                return (int)fd;
        rc = eddy_file_from_fd(file, (int)fd);
        if (rc < 0)
                sys_close((int)fd);
        return rc;
}

int eddy_file_open_at(eddy_file **file, int folder, const char *path, int flags, mode_t mode)
{
        return open_by(file, &(struct file_request){
                                 .kind = FILE_OPEN, .fd = folder, .path = path, .flags = flags, .mode = mode});
}

int eddy_file_open(eddy_file **file, const char *path, int flags, mode_t mode)
{
        return eddy_file_open_at(file, AT_FDCWD, path, flags, mode);
}

int eddy_file_open_temporary(eddy_file **file, const char *folder)
{
        if (!folder)
                folder = getenv("TMPDIR");
        if (!folder || !*folder)
                folder = "/tmp";
        return open_by(file, &(struct file_request){.kind = FILE_OPEN_TEMPORARY, .path = folder});
}

int eddy_file_fd(const eddy_file *file)
{
        return file->fd;
}

static void begin_use(eddy_file *file)
{
        file->uses++;
}

static void end_use(eddy_file *file)
{
        if (--file->uses == 0 && file->closer)
                task_wake(file->closer);
}

ssize_t file_ask_of(eddy_file *file, struct file_request *request)
{
        ssize_t rc;

        if (file->is_closing)
                return -EBADF;
        if (loop_running_here && file->loop != loop_running_here)
                return misuse(EDDY_EWRONGLOOP);
        request->fd = file->fd;
        begin_use(file);
        rc = file_ask(request);
        end_use(file);
        return rc;
}

int eddy_file_close(eddy_file *file)
{
        struct wait wait = {.interrupt = task_keep_waiting};
        ssize_t rc;

        if (!file)
                return 0;
        if (file->uses > 0 && file->loop != loop_running_here)
                return misuse(EDDY_EWRONGLOOP);
        if (file->uses > 0 && !task_current())
                return misuse(EDDY_ENOTASK);
        file->is_closing = true;
        if (file->uses > 0) {
                file->closer = task_current();
                task_wait(file->closer, &wait);
        }
        rc = file_ask_anyway(&(struct file_request){.kind = FILE_CLOSE, .fd = file->fd});
        memory_free(file);
        return (int)rc;
}

off_t eddy_file_seek(eddy_file *file, off_t offset, int whence)
{
        return sys_lseek(file->fd, offset, whence);
}

int eddy_file_sync(eddy_file *file)
{
        return (int)file_ask_of(file, &(struct file_request){.kind = FILE_SYNC});
}

int eddy_file_datasync(eddy_file *file)
{
        return (int)file_ask_of(file, &(struct file_request){.kind = FILE_DATASYNC});
}

int eddy_file_stat(eddy_file *file, struct stat *status)
{
        return (int)file_ask_of(file, &(struct file_request){.kind = FILE_STAT, .status = status});
}

off_t eddy_file_size(eddy_file *file)
{
        struct stat status;
        int rc = eddy_file_stat(file, &status);

        return rc < 0 ? rc : status.st_size;
}

int eddy_file_truncate(eddy_file *file, off_t size)
{
        return (int)file_ask_of(file, &(struct file_request){.kind = FILE_TRUNCATE, .offset = size});
}
