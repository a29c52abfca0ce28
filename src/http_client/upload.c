#include "http_client/upload.h"
#include "http_client/upload_form.h"
#include "http_client/url.h"

#include "base/memory.h"
#include <fcntl.h>

const char upload_once[] = "the body of the request would have to be sent again, and it can be read once";

static ssize_t read_callback(struct upload *upload, void *buffer, size_t n)
{
        const eddy_http_request *request = upload->request;
        ssize_t count = request->read_body(buffer, n, request->arg);

        return count > (ssize_t)n ? -EINVAL : count;
}

static ssize_t read_file(struct upload *upload, void *buffer, size_t n)
{
        return eddy_file_read_at(upload->file, buffer, n, upload->taken);
}

static int open_file(struct upload *upload)
{
        const char *path = upload->request->body_path;
        struct stat status;
        int rc = eddy_file_open(&upload->file, path, O_RDONLY, 0);

        if (rc == 0)
                rc = eddy_file_stat(upload->file, &status);
        if (rc == 0 && !S_ISREG(status.st_mode))
                rc = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
        if (rc < 0)
                return eddy_fail(rc, "cannot send %s: %s", path, eddy_strerror(rc));
        upload->length = status.st_size;
        return 0;
}

static int encode_form(struct upload *upload)
{
        upload->form = url_encode_form(upload->request->form);
        if (!upload->form)
                return -ENOMEM;
        upload->bytes = upload->form;
        upload->length = (int64_t)strlen(upload->form);
        upload->type = "application/x-www-form-urlencoded";
        return 0;
}

int upload_open(struct upload *upload, const eddy_http_request *request)
{
        char *buffer = upload->buffer;

        *upload = (struct upload){.request = request, .buffer = buffer, .type = "application/octet-stream"};
        if (request->body) {
                upload->bytes = request->body;
                upload->length = (int64_t)request->body_size;
                return 0;
        }
        if (request->form)
                return encode_form(upload);
        if (request->upload_count > 0)
                return upload_form_open(upload);
        if (request->body_path) {
                upload->read = read_file;
                return open_file(upload);
        }
        if (request->read_body) {
                upload->read = read_callback;
                upload->length = request->body_length > 0 ? request->body_length : -1;
                return 0;
        }
        upload->type = NULL;
        return 0;
}

static bool is_begun(const struct upload *upload)
{
        return upload->taken > 0 || upload->is_over;
}

bool upload_can_rewind(const struct upload *upload)
{
        return upload->read != read_callback || upload->request->rewind_body || !is_begun(upload);
}

void upload_expire(struct upload *upload)
{
        upload->is_stale = is_begun(upload);
}

int upload_rewind(struct upload *upload)
{
        const eddy_http_request *request = upload->request;
        bool was_begun = is_begun(upload);

        upload->start = upload->end = 0;
        upload->taken = 0;
        upload->is_over = upload->is_stale = false;
        if (upload->parts)
                upload_form_rewind(upload);
        if (upload->read != read_callback || !was_begun)
                return 0;
        if (!request->rewind_body)
                return eddy_fail(EDDY_EHTTP, "%s", upload_once);
        return request->rewind_body(request->arg);
}

/* What was announced has to come, or the server would wait for the rest, and take what follows for it. */
static int note_read(struct upload *upload, size_t n)
{
        upload->taken += (int64_t)n;
        if (n == 0 && upload->length >= 0 && upload->taken < upload->length)
                return eddy_fail(EDDY_EINCOMPLETE, "the body of the request ended after %lld of %lld bytes",
                                 (long long)upload->taken, (long long)upload->length);
        upload->start = 0;
        upload->end = n;
        upload->is_over = n == 0;
        return 0;
}

int upload_fill(struct upload *upload)
{
        size_t room = UPLOAD_SIZE;
        ssize_t n = upload->is_stale ? upload_rewind(upload) : 0;

        if (n < 0)
                return (int)n;
        if (!upload->buffer)
                upload->buffer = memory_alloc(UPLOAD_SIZE);
        if (!upload->buffer)
                return -ENOMEM;
        /* A file may have grown since its length was announced. */
        if (upload->length >= 0 && upload->length - upload->taken < UPLOAD_SIZE)
                room = (size_t)(upload->length - upload->taken);
        n = room > 0 ? upload->read(upload, upload->buffer, room) : 0;
        if (upload->is_stale) /* whatever it was that came, or failed */
                return 0;
        return n < 0 ? (int)n : note_read(upload, (size_t)n);
}

ssize_t upload_take(struct upload *upload, void *buffer, size_t n)
{
        size_t left = upload->end - upload->start;

        if (left == 0 || upload->is_stale)
                return upload->is_over && !upload->is_stale ? 0 : -EAGAIN;
        if (n > left)
                n = left;
        memcpy(buffer, upload->buffer + upload->start, n);
        upload->start += n;
        return (ssize_t)n;
}

void upload_close(struct upload *upload)
{
        eddy_file_close(upload->file);
        upload_form_close(upload);
        memory_free(upload->form);
        upload->file = NULL;
        upload->form = NULL;
}
