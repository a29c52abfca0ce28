/* What a request gets: a file or a part of it, a folder's index, a redirect, or an error. */
#include "base/list.h"
#include "base/memory.h"
#include "base/sys_file.h"
#include "http/beside.h"
#include "http/conditions.h"
#include "http/content_type.h"
#include "http/etag.h"
#include "http/files.h"
#include "http/head.h"
#include "http/listing.h"
#include "http/precompressed.h"
#include <eddy/http_router.h>
#include <string.h>

static const char index_name[] = "index.html";

static int status_of(int rc)
{
        switch (rc) {
        case -EINVAL:
                return HTTP_STATUS_BAD_REQUEST;
        case -EACCES:
        case -EPERM:
                return HTTP_STATUS_FORBIDDEN;
        case -ENOENT:
        case -ENOTDIR:
        case -EXDEV: /* it is outside, which is nobody's business */
        case -ELOOP:
        case -ENXIO:
                return HTTP_STATUS_NOT_FOUND;
        case -ENAMETOOLONG:
                return HTTP_STATUS_URI_TOO_LONG;
        case -EAGAIN:
        case -EMFILE:
        case -ENFILE:
        case -ENOMEM:
                return HTTP_STATUS_SERVICE_UNAVAILABLE;
        default:
                return HTTP_STATUS_INTERNAL_SERVER_ERROR;
        }
}

static size_t hex_digits(char text[16], uint64_t value)
{
        static const char digits[] = "0123456789abcdef";
        size_t n = 16;

        while (n > 1 && (value >> (4 * (n - 1))) == 0)
                n--;
        for (size_t i = 0; i < n; i++)
                text[i] = digits[value >> (4 * (n - 1 - i)) & 15];
        return n;
}

/* Nanoseconds and size: what changes twice within one tick of the file system's clock may keep its ETag. */
static void describe(struct http_version *version, const struct stat *status, struct eddy_http_files *files)
{
        char *at = version->etag;

        *at++ = '"';
        at +=
            hex_digits(at, (uint64_t)status->st_mtim.tv_sec * 1000000000u + (uint64_t)status->st_mtim.tv_nsec);
        *at++ = '-';
        at += hex_digits(at, (uint64_t)status->st_size);
        *at++ = '"';
        version->etag_size = (size_t)(at - version->etag);
        version->modified = status->st_mtim.tv_sec;
        version->size = status->st_size;
        if (files->dated != version->modified || !files->date[0]) {
                http_date_write(files->date, version->modified);
                files->dated = version->modified;
        }
        memcpy(version->date, files->date, HTTP_DATE_SIZE);
}

/* A file that is being opened by a path that is not in memory. */
struct opening {
        const struct beneath *folder;
        const char *path;
};

static intptr_t open_slowly(void *arg)
{
        const struct opening *opening = arg;

        return beneath_open(opening->folder, opening->path);
}

/* Bytes that are coded have a name of their own. */
static void mark_version(struct http_version *version, enum coding coding)
{
        char plain[HTTP_ETAG_MAX];

        memcpy(plain, version->etag, version->etag_size);
        version->etag_size =
            etag_with_coding(version->etag, sizeof version->etag, plain, version->etag_size, coding);
}

/* Open what is asked for: a descriptor or an error. */
static int open_path(struct eddy_http_files *files, const eddy_http_exchange *exchange)
{
        struct opening opening = {.folder = &files->folder, .path = exchange->path};
        intptr_t result = 0;
        int fd = beneath_open_now(&files->folder, exchange->path);

        if (fd != -EAGAIN)
                return fd;
        if (do_beside(files->reader, "open", open_slowly, &opening, &result) < 0)
                return beneath_open(&files->folder, exchange->path);
        return (int)result;
}

static int read_all(int fd, char *buffer, size_t n, int64_t offset)
{
        while (n > 0) {
                ssize_t got = sys_pread(fd, buffer, n, offset);

                if (got == -EINTR)
                        continue;
                if (got <= 0) /* it was truncated meanwhile, and the answer promises more */
                        return got < 0 ? (int)got : -EIO;
                buffer += got;
                n -= (size_t)got;
                offset += got;
        }
        return 0;
}

/* Bytes of a file that are being read into memory. */
struct reading {
        int fd;
        char *buffer;
        size_t n;
        int64_t offset;
        char *own; /* the buffer is nobody else's; NULL: it is, once somebody suspends */
};

static intptr_t read_slowly(void *arg)
{
        const struct reading *reading = arg;

        return read_all(reading->fd, reading->buffer, reading->n, reading->offset);
}

/* The file system on that device does not know what lies in memory, or never says so. */
static void note_silent(struct eddy_http_files *files, dev_t device)
{
        files->silent = device;
        files->has_silent = true;
}

static int read_beside(struct eddy_http_files *files, struct reading *reading, dev_t device)
{
        struct iovec place = {.iov_len = 1};
        intptr_t result = 0;

        reading->own = reading->buffer = memory_alloc(reading->n);
        if (!reading->own)
                return -ENOMEM;
        if (do_beside(files->reader, "read", read_slowly, reading, &result) < 0)
                return (int)read_slowly(reading);
        place.iov_base = reading->buffer;
        if (result == 0 && sys_preadv_nowait(reading->fd, &place, 1, reading->offset) == -EAGAIN)
                note_silent(files, device); /* it was just read, and still is said not to be there */
        return (int)result;
}

/* What lies in memory is read at once; a thread reads what does not. */
static int read_range(struct eddy_http_files *files, struct reading *reading, dev_t device)
{
        struct iovec place = {reading->buffer, reading->n};
        ssize_t n;

        if (reading->n == 0 || (files->has_silent && files->silent == device))
                return (int)read_slowly(reading);
        n = sys_preadv_nowait(reading->fd, &place, 1, reading->offset);
        if (n == (ssize_t)reading->n)
                return 0;
        if (n < 0 && n != -EAGAIN) {
                note_silent(files, device);
                return (int)read_slowly(reading);
        }
        return read_beside(files, reading, device);
}

static void add_content_range(eddy_http_exchange *exchange, int status, struct http_range range, int64_t size)
{
        char text[80];
        int n;

        if (status == HTTP_STATUS_PARTIAL_CONTENT)
                n = snprintf(text, sizeof text, "bytes %lld-%lld/%lld", (long long)range.start,
                             (long long)range.end - 1, (long long)size);
        else
                n = snprintf(text, sizeof text, "bytes */%lld", (long long)size);
        head_add(exchange, "Content-Range: ", text, (size_t)n);
}

/* The file that is sent: the one that was asked for, or one beside it that is the same, coded. */
struct choice {
        int fd;
        const struct stat *file;
        enum coding coding;
        bool varies; /* others may get another one */
        struct http_version version;
};

static void write_file_head(eddy_http_exchange *exchange, int status, const struct choice *choice,
                            struct http_range range)
{
        const struct http_version *version = &choice->version;

        head_begin(exchange, status);
        if (status != HTTP_STATUS_NOT_MODIFIED) {
                head_add_text(exchange, "Content-Type: ", http_content_type(exchange->path));
                head_add_number(exchange, "Content-Length: ", range.end - range.start);
        }
        if (choice->coding != CODING_IDENTITY && status != HTTP_STATUS_NOT_MODIFIED)
                head_add_text(exchange, "Content-Encoding: ", coding_name(choice->coding));
        if (choice->varies)
                head_add_text(exchange, "Vary: ", "Accept-Encoding");
        if (status == HTTP_STATUS_PARTIAL_CONTENT || status == HTTP_STATUS_RANGE_NOT_SATISFIABLE)
                add_content_range(exchange, status, range, version->size);
        head_add(exchange, "Last-Modified: ", version->date, HTTP_DATE_SIZE);
        head_add(exchange, "ETag: ", version->etag, version->etag_size);
        head_add_text(exchange, "Accept-Ranges: ", "bytes");
        head_end(exchange);
        exchange->answer = ANSWER_BEGUN;
}

/* A file's bytes, small ones behind the head in one piece. */
static int send_range(struct eddy_http_files *files, eddy_http_exchange *exchange, int status,
                      const struct choice *choice, struct http_range range)
{
        bool is_head = exchange->request->method == HTTP_HEAD;
        struct reading reading = {
            .fd = choice->fd,
            .buffer = exchange->service->body,
            .n = is_head ? 0 : (size_t)(range.end - range.start),
            .offset = range.start,
        };
        int rc = 0;

        if (reading.n > HTTP_SMALL_SIZE) {
                write_file_head(exchange, status, choice, range);
                return exchange_send_file(exchange, choice->fd, range.start, range.end);
        }
        rc = read_range(files, &reading, choice->file->st_dev);
        if (rc < 0) {
                rc = head_send_error(exchange, HTTP_STATUS_INTERNAL_SERVER_ERROR);
        } else {
                write_file_head(exchange, status, choice, range);
                rc = exchange_send(exchange, reading.buffer, reading.n);
        }
        memory_free(reading.own);
        return rc;
}

static int send_choice(struct eddy_http_files *files, eddy_http_exchange *exchange, struct choice *choice)
{
        struct http_version *version = &choice->version;
        struct http_range range;
        int status;

        describe(version, choice->file, files);
        if (choice->coding != CODING_IDENTITY)
                mark_version(version, choice->coding);
        status = http_conditions(exchange->request, exchange->head, version, &range);
        if (status == HTTP_STATUS_PRECONDITION_FAILED)
                return head_send_error(exchange, status);
        if (status == HTTP_STATUS_RANGE_NOT_SATISFIABLE || status == HTTP_STATUS_NOT_MODIFIED)
                range.end = range.start;
        return send_range(files, exchange, status, choice, range);
}

/* A file beside another that is being looked for. */
struct search {
        struct precompressed *found;
        const struct beneath *folder;
        const char *path;
        const struct stat *original;
        struct acceptance acceptance;
};

static int search(const struct search *search, int (*open)(const struct beneath *folder, const char *path))
{
        return precompressed_open(search->found, search->folder, open, search->path, search->original,
                                  &search->acceptance, &coding_of_files);
}

static intptr_t search_slowly(void *arg)
{
        return search(arg, beneath_open);
}

/* The file beside the one that was asked for that its client likes best, if there is one. */
static void find_precompressed(struct eddy_http_files *files, const eddy_http_exchange *exchange,
                               const struct stat *original, struct precompressed *found)
{
        struct search work = {
            .found = found, .folder = &files->folder, .path = exchange->path, .original = original};
        intptr_t result = 0;

        acceptance_of(&work.acceptance, exchange->request, exchange->head);
        if (search(&work, beneath_open_now) == -EAGAIN &&
            do_beside(files->reader, "open", search_slowly, &work, &result) < 0)
                search_slowly(&work);
}

static int answer_file(struct eddy_http_files *files, eddy_http_exchange *exchange, int fd,
                       const struct stat *file)
{
        struct choice choice = {.fd = fd, .file = file, .varies = files->has_precompressed};
        struct precompressed found = {.fd = -1};
        int rc;

        if (files->has_precompressed)
                find_precompressed(files, exchange, file, &found);
        if (found.fd >= 0) {
                choice.fd = found.fd;
                choice.file = &found.status;
                choice.coding = found.coding;
        }
        rc = send_choice(files, exchange, &choice);
        if (found.fd >= 0)
                sys_close(found.fd);
        return rc;
}

/* Links in a folder's page are relative to it, so its URL must end in a slash. What was asked with it is kept, and where it is
 * mounted. */
static int answer_redirect(eddy_http_exchange *exchange)
{
        const char *target = eddy_http_exchange_target(exchange), *query = strchr(target, '?');
        size_t mount_size = exchange->route_at, query_size = query ? strlen(query) : 0, size = mount_size;
        char *location = memory_alloc(mount_size + 3 * strlen(exchange->path) + 2 + query_size);
        int rc;

        if (!location)
                return head_send_error(exchange, HTTP_STATUS_SERVICE_UNAVAILABLE);
        memcpy(location, target, mount_size);
        location[size++] = '/';
        size += http_target_encode(exchange->path, location + size);
        location[size++] = '/';
        memcpy(location + size, query ? query : "", query_size);
        size += query_size;
        if (HTTP_REPLY_MAX + size > HTTP_HEAD_SIZE) {
                rc = head_send_error(exchange, HTTP_STATUS_URI_TOO_LONG);
        } else {
                head_begin(exchange, HTTP_STATUS_MOVED_PERMANENTLY);
                head_add(exchange, "Location: ", location, size);
                head_add_number(exchange, "Content-Length: ", 0);
                head_end(exchange);
                rc = exchange_send(exchange, NULL, 0);
        }
        memory_free(location);
        return rc;
}

/* A page that is being made beside the loop. */
struct listing_work {
        struct listing page;
        int fd;
        const char *path;
};

static intptr_t make_listing(void *arg)
{
        struct listing_work *work = arg;

        return listing_make(&work->page, work->fd, work->path);
}

/* Takes the folder's descriptor. */
static int list_beside(eddy_executor *lister, struct listing_work *work)
{
        intptr_t result = 0;
        int rc = do_beside(lister, "listing", make_listing, work, &result);

        if (rc < 0)
                sys_close(work->fd);
        return rc < 0 ? rc : (int)result;
}

static int answer_listing(struct eddy_http_files *files, eddy_http_exchange *exchange, int *fd)
{
        struct listing_work work = {.fd = *fd, .path = exchange->path};
        const struct listing *page = &work.page;
        int rc;

        *fd = -1;
        rc = list_beside(files->lister, &work);
        if (rc < 0) {
                rc = head_send_error(exchange, status_of(rc));
        } else {
                head_begin(exchange, HTTP_STATUS_OK);
                head_add_text(exchange, "Content-Type: ", "text/html; charset=utf-8");
                head_add_number(exchange, "Content-Length: ", (int64_t)page->size);
                head_end(exchange);
                exchange->answer = ANSWER_BEGUN;
                rc = exchange_send(exchange, page->text,
                                   exchange->request->method == HTTP_HEAD ? 0 : page->size);
        }
        listing_finish(&work.page);
        return rc;
}

static int answer_opened(struct eddy_http_files *files, eddy_http_exchange *exchange, int *fd);

static int answer_folder(struct eddy_http_files *files, eddy_http_exchange *exchange, int *fd)
{
        size_t size = strlen(exchange->path);
        int index;

        if (size > 0 && exchange->path[size - 1] != '/')
                return answer_redirect(exchange);
        if (size + sizeof index_name > sizeof exchange->path)
                return head_send_error(exchange, HTTP_STATUS_URI_TOO_LONG);
        memcpy(exchange->path + size, index_name, sizeof index_name);
        index = open_path(files, exchange);
        if (index >= 0) {
                int rc = answer_opened(files, exchange, &index);

                if (index >= 0)
                        sys_close(index);
                return rc;
        }
        exchange->path[size] = '\0';
        if (index != -ENOENT || files->hides_listings)
                return head_send_error(exchange, status_of(index));
        return answer_listing(files, exchange, fd);
}

/* Whoever consumes the descriptor sets it to -1. */
static int answer_opened(struct eddy_http_files *files, eddy_http_exchange *exchange, int *fd)
{
        struct stat status;
        int rc = sys_fstat(*fd, &status);

        if (rc < 0)
                return head_send_error(exchange, status_of(rc));
        if (S_ISDIR(status.st_mode))
                return answer_folder(files, exchange, fd);
        if (!S_ISREG(status.st_mode))
                return head_send_error(exchange, HTTP_STATUS_NOT_FOUND);
        return answer_file(files, exchange, *fd, &status);
}

/* Whether a path leads through a name that begins with a dot. What is well known (RFC 8615) is meant to be found. */
static bool is_hidden(const char *path)
{
        static const char well_known[] = ".well-known/";

        if (strncmp(path, well_known, sizeof well_known - 1) == 0)
                path += sizeof well_known - 1;
        return path[0] == '.' || strstr(path, "/.");
}

static int answer(struct eddy_http_files *files, eddy_http_exchange *exchange)
{
        const char *target = eddy_http_exchange_target_below(exchange);
        ssize_t rc;
        int fd;

        if (exchange->request->method != HTTP_GET && exchange->request->method != HTTP_HEAD)
                return head_send_error(exchange, HTTP_STATUS_METHOD_NOT_ALLOWED);
        rc = http_target_decode(target, strlen(target), exchange->path);
        if (rc < 0)
                return head_send_error(exchange, status_of((int)rc));
        if (!files->shows_hidden && is_hidden(exchange->path))
                return head_send_error(exchange, HTTP_STATUS_NOT_FOUND);
        fd = open_path(files, exchange);
        if (fd < 0)
                return head_send_error(exchange, status_of(fd));
        rc = answer_opened(files, exchange, &fd);
        if (fd >= 0)
                sys_close(fd);
        return (int)rc;
}

int eddy_http_files_answer(eddy_http_exchange *exchange, void *files)
{
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;

        if (rc == 0 && exchange->answer != ANSWER_NONE)
                rc = EDDY_EINVALIDSTATE;
        if (rc == 0)
                rc = exchange_wait_for_room(exchange);
        return rc < 0 ? rc : answer(files, exchange);
}
