/* Answers that are a file's bytes. */
#include "http/file_answer.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include "http/beside.h"
#include "http/etag.h"
#include "http/head.h"
#include "http/headers.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

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
static void write_etag(struct http_version *version, const struct stat *status)
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
}

void file_version_of(struct http_version *version, const struct stat *status)
{
        write_etag(version, status);
        http_date_write(version->date, version->modified);
}

/* The same, where the date is known by now in most cases. */
static void describe(struct http_version *version, const struct stat *status, struct file_cache *cache)
{
        write_etag(version, status);
        if (cache->dated != version->modified || !cache->date[0]) {
                http_date_write(cache->date, version->modified);
                cache->dated = version->modified;
        }
        memcpy(version->date, cache->date, HTTP_DATE_SIZE);
}

/* Bytes that are coded have a name of their own. */
static void mark_version(struct http_version *version, enum coding coding)
{
        char plain[HTTP_ETAG_MAX];

        memcpy(plain, version->etag, version->etag_size);
        version->etag_size =
            etag_with_coding(version->etag, sizeof version->etag, plain, version->etag_size, coding);
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
static void note_silent(struct file_cache *cache, dev_t device)
{
        cache->silent = device;
        cache->has_silent = true;
}

static int read_beside(struct file_cache *cache, eddy_executor *reader, struct reading *reading, dev_t device)
{
        struct iovec place = {.iov_len = 1};
        intptr_t result = 0;

        reading->own = reading->buffer = memory_alloc(reading->n);
        if (!reading->own)
                return -ENOMEM;
        if (do_beside(reader, "read", read_slowly, reading, &result) < 0)
                return (int)read_slowly(reading);
        place.iov_base = reading->buffer;
        if (result == 0 && sys_preadv_nowait(reading->fd, &place, 1, reading->offset) == -EAGAIN)
                note_silent(cache, device); /* it was just read, and still is said not to be there */
        return (int)result;
}

/* What lies in memory is read at once; a thread reads what does not. */
static int read_range(struct file_cache *cache, eddy_executor *reader, struct reading *reading, dev_t device)
{
        struct iovec place = {reading->buffer, reading->n};
        ssize_t n;

        if (reading->n == 0 || (cache->has_silent && cache->silent == device))
                return (int)read_slowly(reading);
        n = sys_preadv_nowait(reading->fd, &place, 1, reading->offset);
        if (n == (ssize_t)reading->n)
                return 0;
        if (n < 0 && n != -EAGAIN) {
                note_silent(cache, device);
                return (int)read_slowly(reading);
        }
        return read_beside(cache, reader, reading, device);
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

static void write_head(eddy_http_exchange *exchange, int status, const struct file_answer *answer,
                       struct http_range range)
{
        const struct http_version *version = &answer->version;

        head_begin(exchange, status);
        if (status != HTTP_STATUS_NOT_MODIFIED) {
                head_add_text(exchange, "Content-Type: ", answer->content_type);
                head_add_number(exchange, "Content-Length: ", range.end - range.start);
        }
        if (answer->coding != CODING_IDENTITY && status != HTTP_STATUS_NOT_MODIFIED)
                head_add_text(exchange, "Content-Encoding: ", coding_name(answer->coding));
        if (answer->varies)
                head_add_text(exchange, "Vary: ", "Accept-Encoding");
        if (status == HTTP_STATUS_PARTIAL_CONTENT || status == HTTP_STATUS_RANGE_NOT_SATISFIABLE)
                add_content_range(exchange, status, range, version->size);
        head_add(exchange, "Last-Modified: ", version->date, HTTP_DATE_SIZE);
        head_add(exchange, "ETag: ", version->etag, version->etag_size);
        head_add_text(exchange, "Accept-Ranges: ", "bytes");
        for (const char *const *line = answer->lines; line && *line; line++)
                head_add_text(exchange, "", *line);
        head_end(exchange);
        exchange->answer = ANSWER_BEGUN;
}

/* A file's bytes, small ones behind the head in one piece. */
static int send_range(eddy_http_exchange *exchange, int status, const struct file_answer *answer,
                      struct http_range range)
{
        bool is_head = exchange->request->method == HTTP_HEAD;
        struct reading reading = {
            .fd = answer->fd,
            .buffer = exchange->service->body,
            .n = is_head ? 0 : (size_t)(range.end - range.start),
            .offset = range.start,
        };
        int rc = 0;

        if (reading.n > HTTP_SMALL_SIZE) {
                write_head(exchange, status, answer, range);
                return exchange_send_file(exchange, answer->fd, range.start, range.end);
        }
        rc = read_range(&exchange->service->files, answer->reader, &reading, answer->status->st_dev);
        if (rc < 0) {
                rc = head_send_error(exchange, HTTP_STATUS_INTERNAL_SERVER_ERROR);
        } else {
                write_head(exchange, status, answer, range);
                rc = exchange_send(exchange, reading.buffer, reading.n);
        }
        memory_free(reading.own);
        return rc;
}

int file_answer_send(eddy_http_exchange *exchange, struct file_answer *answer)
{
        const struct http_request *request = exchange->request;
        struct http_version *version = &answer->version;
        struct http_range range;
        int status = HTTP_STATUS_OK;

        describe(version, answer->status, &exchange->service->files);
        range = (struct http_range){0, version->size};
        if (answer->coding != CODING_IDENTITY)
                mark_version(version, answer->coding);
        if (request->method == HTTP_GET || request->method == HTTP_HEAD)
                status = http_conditions(request, exchange->head, version, &range);
        if (status == HTTP_STATUS_PRECONDITION_FAILED)
                return head_send_error(exchange, status);
        if (status == HTTP_STATUS_RANGE_NOT_SATISFIABLE || status == HTTP_STATUS_NOT_MODIFIED)
                range.end = range.start;
        return send_range(exchange, status, answer, range);
}

/* Whether further headers leave to a file what is the file's to say. */
static bool are_allowed(const struct headers *headers, const char *const *lines)
{
        static const char *const own[] = {"ETag:", "Last-Modified:", "Content-Range:", "Accept-Ranges:"};

        if (headers->kinds & ~(1u << HEADER_OTHER | 1u << HEADER_TYPE))
                return false;
        for (; lines && *lines; lines++)
                for (size_t i = 0; i < sizeof own / sizeof *own; i++)
                        if (strncasecmp(*lines, own[i], strlen(own[i])) == 0)
                                return false;
        return true;
}

int eddy_http_reply_file(eddy_http_exchange *exchange, const eddy_file *file, const char *content_type,
                         const char *const *lines)
{
        int rc = exchange_enter(exchange, ANSWER_NONE);
        struct file_answer answer = {
            .fd = eddy_file_fd(file),
            .content_type = content_type ? content_type : "application/octet-stream",
            .lines = lines,
        };
        struct headers headers;
        struct stat status;

        if (rc == 0)
                rc = exchange_wait_for_room(exchange);
        if (rc == 0)
                rc = headers_examine(
                    &headers, &(eddy_http_answer){.content_type = answer.content_type, .headers = lines});
        if (rc == 0 && !are_allowed(&headers, lines))
                rc = -EINVAL;
        if (rc == 0)
                rc = sys_fstat(answer.fd, &status);
        if (rc < 0)
                return rc;
        if (!S_ISREG(status.st_mode))
                return eddy_fail(-EINVAL, "only a regular file has a length, and can be an answer");
        answer.status = &status;
        return file_answer_send(exchange, &answer);
}

int file_status_of(int rc)
{
        switch (rc) {
        case -ENOENT:
        case -ENOTDIR:
        case -EXDEV: /* it is outside, which is nobody's business */
        case -ELOOP:
        case -ENXIO:
                return HTTP_STATUS_NOT_FOUND;
        case -EACCES:
        case -EPERM:
        case -EROFS:
                return HTTP_STATUS_FORBIDDEN;
        case -ENAMETOOLONG:
                return HTTP_STATUS_URI_TOO_LONG;
        case -EFBIG:
        case EDDY_ELIMIT:
                return HTTP_STATUS_PAYLOAD_TOO_LARGE;
        case -ENOSPC:
        case -EDQUOT:
                return HTTP_STATUS_INSUFFICIENT_STORAGE;
        case -EBUSY: /* somebody holds the folder's lock */
        case -EAGAIN:
        case -EMFILE:
        case -ENFILE:
        case -ENOMEM:
                return HTTP_STATUS_SERVICE_UNAVAILABLE;
        default:
                return 0;
        }
}
