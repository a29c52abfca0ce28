#include "http_client/upload_form.h"

#include "base/memory.h"
#include "base/sys.h"
#include <eddy/path.h>
#include <fcntl.h>
#include <stdio.h>

enum { BOUNDARY_SIZE = 32 };

/** One upload: a head, and what follows it. */
struct portion {
        char *head;
        int64_t size; /* of what follows */
};

/** A form that is sent. */
struct upload_form {
        char boundary[BOUNDARY_SIZE + 1];
        char type[64]; /* for Content-Type */
        char end[BOUNDARY_SIZE + 16];
        size_t place;    /* the portion that is under way; their count: the end */
        bool is_content; /* of it, behind its head */
        int64_t at;      /* bytes of the head or of the content that were read */
        struct portion portions[];
};

/* Random, so that nobody who gives a file can have chosen it. */
static int choose_boundary(struct upload_form *form)
{
        static const char digits[] = "0123456789abcdef";
        unsigned char bytes[BOUNDARY_SIZE / 2];
        int rc = sys_getrandom(bytes, sizeof bytes);

        if (rc < 0)
                return rc;
        for (size_t i = 0; i < sizeof bytes; i++) {
                form->boundary[2 * i] = digits[bytes[i] >> 4];
                form->boundary[2 * i + 1] = digits[bytes[i] & 15];
        }
        snprintf(form->type, sizeof form->type, "multipart/form-data; boundary=%s", form->boundary);
        snprintf(form->end, sizeof form->end, "\r\n--%s--\r\n", form->boundary);
        return 0;
}

static char *put(char *to, const char *text)
{
        return stpcpy(to, text);
}

/* As browsers write a name between quotes. */
static char *put_quoted(char *to, const char *text)
{
        *to++ = '"';
        for (; *text; text++) {
                if (*text == '"')
                        to = put(to, "%22");
                else if (*text == '\r')
                        to = put(to, "%0D");
                else if (*text == '\n')
                        to = put(to, "%0A");
                else
                        *to++ = *text;
        }
        *to++ = '"';
        return to;
}

static const char *filename_of(const eddy_http_upload *upload)
{
        const char *slash;

        if (upload->filename || upload->data || !upload->path)
                return upload->filename;
        slash = strrchr(upload->path, '/');
        return slash ? slash + 1 : upload->path;
}

static const char *type_of(const eddy_http_upload *upload)
{
        return upload->type ? upload->type : filename_of(upload) ? "application/octet-stream" : NULL;
}

static int write_head(struct upload_form *form, size_t place, const eddy_http_upload *upload)
{
        const char *name = upload->name ? upload->name : "", *filename = filename_of(upload),
                   *type = type_of(upload);
        size_t most =
            256 + 3 * strlen(name) + (filename ? 3 * strlen(filename) : 0) + (type ? strlen(type) : 0);
        char *to = memory_alloc(most);

        if (!to)
                return -ENOMEM;
        form->portions[place].head = to;
        to = put(put(put(to, place > 0 ? "\r\n--" : "--"), form->boundary),
                 "\r\nContent-Disposition: form-data; name=");
        to = put_quoted(to, name);
        if (filename)
                to = put_quoted(put(to, "; filename="), filename);
        if (type)
                to = put(put(to, "\r\nContent-Type: "), type);
        put(to, "\r\n\r\n");
        return 0;
}

static int find_size(const eddy_http_upload *upload, int64_t *size)
{
        struct stat status;
        int rc;

        *size = (int64_t)upload->size;
        if (upload->data || !upload->path)
                return 0;
        rc = eddy_path_stat(upload->path, &status);
        if (rc == 0 && !S_ISREG(status.st_mode))
                rc = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
        if (rc < 0)
                return eddy_fail(rc, "cannot send %s: %s", upload->path, eddy_strerror(rc));
        *size = status.st_size;
        return 0;
}

static bool has_line_end(const char *text)
{
        return text && strpbrk(text, "\r\n");
}

static int add_portion(struct upload *upload, size_t place)
{
        const eddy_http_upload *given = &upload->request->uploads[place];
        struct portion *portion = &upload->parts->portions[place];
        int rc;

        if (has_line_end(given->type))
                return eddy_fail(-EINVAL, "the type of an upload has a line end");
        rc = find_size(given, &portion->size);
        if (rc == 0)
                rc = write_head(upload->parts, place, given);
        if (rc == 0)
                upload->length += (int64_t)strlen(portion->head) + portion->size;
        return rc;
}

/* Begin with the next part of it: behind a head its content, and behind that another head. */
static int go_on(struct upload *upload)
{
        struct upload_form *form = upload->parts;
        int rc = 0;

        if (upload->file)
                rc = eddy_file_close(upload->file);
        upload->file = NULL;
        form->at = 0;
        if (form->is_content)
                form->place++;
        form->is_content = !form->is_content;
        return rc;
}

static ssize_t copy(struct upload_form *form, void *buffer, size_t n, const void *bytes, int64_t size)
{
        size_t left = (size_t)(size - form->at);

        if (n > left)
                n = left;
        if (n > 0) /* else there may be no bytes */
                memcpy(buffer, (const char *)bytes + form->at, n);
        return (ssize_t)n;
}

static ssize_t read_file(struct upload *upload, void *buffer, size_t n)
{
        struct upload_form *form = upload->parts;
        const char *path = upload->request->uploads[form->place].path;
        int64_t left = form->portions[form->place].size - form->at;
        ssize_t count;
        int rc;

        if (left == 0)
                return 0;
        if (!upload->file) {
                rc = eddy_file_open(&upload->file, path, O_RDONLY, 0);
                if (rc < 0)
                        return eddy_fail(rc, "cannot send %s: %s", path, eddy_strerror(rc));
        }
        count = eddy_file_read_at(upload->file, buffer, (int64_t)n < left ? n : (size_t)left, form->at);
        return count != 0 ? count
                          : eddy_fail(EDDY_EINCOMPLETE, "%s has become shorter while it was sent", path);
}

/* Of what is under way; 0 where that is at its end. */
static ssize_t read_piece(struct upload *upload, void *buffer, size_t n)
{
        struct upload_form *form = upload->parts;
        const eddy_http_upload *given = &upload->request->uploads[form->place];
        const struct portion *portion = &form->portions[form->place];

        if (form->place == upload->request->upload_count)
                return copy(form, buffer, n, form->end, (int64_t)strlen(form->end));
        if (!form->is_content)
                return copy(form, buffer, n, portion->head, (int64_t)strlen(portion->head));
        if (!given->data && given->path)
                return read_file(upload, buffer, n);
        return copy(form, buffer, n, given->data, portion->size);
}

static ssize_t read_form(struct upload *upload, void *buffer, size_t n)
{
        struct upload_form *form = upload->parts;
        size_t got = 0;

        while (got < n) {
                ssize_t count = read_piece(upload, (char *)buffer + got, n - got);
                int rc;

                if (count < 0) /* what there is must not be lost: the failure is met again */
                        return got > 0 ? (ssize_t)got : count;
                got += (size_t)count;
                form->at += count;
                if (count > 0)
                        continue;
                if (form->place == upload->request->upload_count)
                        break;
                rc = go_on(upload);
                if (rc < 0)
                        return rc;
        }
        return (ssize_t)got;
}

int upload_form_open(struct upload *upload)
{
        size_t count = upload->request->upload_count;
        struct upload_form *form = memory_zalloc(sizeof *form + count * sizeof form->portions[0]);
        int rc;

        if (!form)
                return -ENOMEM;
        upload->parts = form;
        rc = choose_boundary(form);
        upload->read = read_form;
        upload->type = form->type;
        upload->length = (int64_t)strlen(form->end);
        for (size_t i = 0; rc == 0 && i < count; i++)
                rc = add_portion(upload, i);
        return rc;
}

void upload_form_rewind(struct upload *upload)
{
        eddy_file_close(upload->file);
        upload->file = NULL;
        upload->parts->place = 0;
        upload->parts->is_content = false;
        upload->parts->at = 0;
}

void upload_form_close(struct upload *upload)
{
        struct upload_form *form = upload->parts;

        if (!form)
                return;
        for (size_t i = 0; i < upload->request->upload_count; i++)
                memory_free(form->portions[i].head);
        memory_free(form);
        upload->parts = NULL;
}
