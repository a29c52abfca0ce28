/* Reading and writing. What is read lies in memory as a rule, and then the call needs no thread. */
#include "base/memory.h"
#include "base/sys.h"
#include "file/file.h"
#include <string.h>

/** More than this is nothing small: copying it is itself work for a thread. */
enum { MOST_COPIED_NOW = 64 * 1024 };

/** Read without a thread: the outcome, or EDDY_PENDING. */
static ssize_t read_now(struct task *self, eddy_file *file, struct file_request *request)
{
        ssize_t n;

        if (file->is_slow || file->is_closing || request->size > MOST_COPIED_NOW)
                return EDDY_PENDING;
        if (file->loop != self->future.loop)
                return EDDY_PENDING;
        request->fd = file->fd;
        n = file_read_now(request, &file->is_slow);
        if (n != EDDY_PENDING)
                task_take_turn(self);
        return n;
}

/** Write to memory without a thread: the outcome, or EDDY_PENDING. */
static ssize_t write_now(struct task *self, const eddy_file *file, struct file_request *request)
{
        ssize_t n;

        if (!file->is_in_memory || file->is_closing || request->size > MOST_COPIED_NOW)
                return EDDY_PENDING;
        if (file->loop != self->future.loop)
                return EDDY_PENDING;
        request->fd = file->fd;
        request->is_in_memory = true;
        n = file_perform(request);
        task_take_turn(self);
        return n;
}

/** Read or write, at an offset or the file's position. */
static ssize_t transfer(eddy_file *file, enum file_kind kind, const struct iovec *parts, int count,
                        off_t offset)
{
        struct file_request request = {.kind = kind, .parts = parts, .part_count = count, .offset = offset};
        bool is_at_position = offset == EDDY_FILE_POSITION;
        struct task *self;
        ssize_t n = task_enter(&self);

        if (n < 0)
                return n;
        n = EDDY_PENDING;
        if (is_at_position && file->position_is_used)
                return EDDY_EBUSY;
        request.size = sys_parts_size(parts, count);
        if (kind == FILE_READ)
                n = read_now(self, file, &request);
        else if (file->is_known)
                n = write_now(self, file, &request);
        else
                request.asks_memory = true;
        if (n != EDDY_PENDING)
                return n;
        if (is_at_position)
                file->position_is_used = true;
        n = file_ask_of(file, &request);
        if (is_at_position)
                file->position_is_used = false;
        if (request.asks_memory && n >= 0) {
                file->is_in_memory = request.is_in_memory;
                file->is_known = true;
        }
        /* Interrupted before the thread went on with what was read here. */
        return n < 0 && request.done > 0 ? (ssize_t)request.done : n;
}

ssize_t eddy_file_readv(eddy_file *file, const struct iovec *parts, int count, off_t offset)
{
        return transfer(file, FILE_READ, parts, count, offset);
}

ssize_t eddy_file_read_at(eddy_file *file, void *buffer, size_t n, off_t offset)
{
        return transfer(file, FILE_READ, &(struct iovec){buffer, n}, 1, offset);
}

ssize_t eddy_file_read(eddy_file *file, void *buffer, size_t n)
{
        return eddy_file_read_at(file, buffer, n, EDDY_FILE_POSITION);
}

ssize_t eddy_file_writev(eddy_file *file, const struct iovec *parts, int count, off_t offset)
{
        return transfer(file, FILE_WRITE, parts, count, offset);
}

ssize_t eddy_file_write_at(eddy_file *file, const void *data, size_t n, off_t offset)
{
        return transfer(file, FILE_WRITE, &(struct iovec){(void *)(uintptr_t)data, n}, 1, offset);
}

ssize_t eddy_file_write(eddy_file *file, const void *data, size_t n)
{
        return eddy_file_write_at(file, data, n, EDDY_FILE_POSITION);
}

ssize_t eddy_file_write_all(eddy_file *file, const void *data, size_t n)
{
        size_t done = 0;
        struct task *self;
        int refused = task_enter(&self);

        if (refused < 0)
                return refused;
        while (done < n) {
                ssize_t rc = eddy_file_write(file, (const char *)data + done, n - done);

                if (rc == 0)
                        rc = -EIO; /* a device that neither takes anything nor says why */
                if (rc < 0)
                        return eddy_fail((int)rc, "%zu of %zu bytes were written: %s", done, n,
                                         eddy_strerror(rc));
                done += (size_t)rc;
        }
        return (ssize_t)n;
}

/** Hand out what a request has read as a whole. */
static ssize_t hand_out(const struct file_request *request, ssize_t size, char **data)
{
        *data = size < 0 ? NULL : request->content.memory;
        return size;
}

ssize_t eddy_file_read_all(eddy_file *file, char **data, size_t max)
{
        struct file_request request = {.kind = FILE_READ_ALL, .size = max};
        struct task *self;
        ssize_t n = task_enter(&self);

        if (n == 0 && file->position_is_used)
                n = EDDY_EBUSY;
        if (n == 0) {
                file->position_is_used = true;
                n = file_ask_of(file, &request);
                file->position_is_used = false;
        }
        return hand_out(&request, n, data);
}

ssize_t eddy_read_file(const char *path, char **data, size_t max)
{
        struct file_request request = {.kind = FILE_READ_WHOLE, .path = path, .size = max};

        return hand_out(&request, file_ask(&request), data);
}

/** Write to what a loop can wait for: 0 or an error. */
static int write_waiting(struct task *self, int fd, const char *data, size_t n)
{
        size_t done = 0;

        while (done < n) {
                eddy_op op;
                ssize_t rc;

                task_op_init(&op, self);
                rc = task_finish_op(self, &op, eddy_op_write(&op, fd, data + done, n - done));
                if (rc <= 0)
                        return rc < 0 ? (int)rc : -EIO;
                done += (size_t)rc;
        }
        return 0;
}

int eddy_write_file(const char *path, const void *data, size_t n, mode_t mode)
{
        struct file_request request = {
            .kind = FILE_WRITE_WHOLE,
            .path = path,
            .buffer = (void *)(uintptr_t)data,
            .size = n,
            .mode = mode,
        };
        ssize_t rc = file_ask(&request);

        if (rc == EDDY_PENDING) {
                struct task *self = task_current();

                rc = write_waiting(self, request.fd, data, n);
                loop_close_descriptor(self->future.loop, request.fd);
        }
        return (int)rc;
}
