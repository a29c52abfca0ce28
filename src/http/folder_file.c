/* A file of a folder as an answer: which bytes are sent for it, and for how long caches may keep them. */
#include "base/memory.h"
#include "base/sys_file.h"
#include "http/beside.h"
#include "http/content_type.h"
#include "http/file_answer.h"
#include "http/folder.h"
#include "http/head.h"
#include "http/precompressed.h"
#include <stdio.h>
#include <string.h>

enum {
        WHOLE_MAX = 256 * 1024, /* what is compressed at once, so that its length is known */
        PIECE_SIZE = 128 * 1024,
};

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

/* Whether a path is this one, or lies below it: "assets.js" is neither of "/assets". */
static bool is_within(const char *path, const char *folder)
{
        size_t n;

        folder += strspn(folder, "/");
        for (n = strlen(folder); n > 0 && folder[n - 1] == '/'; n--)
                ;
        return n == 0 || (strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0'));
}

static bool never_changes(const struct eddy_http_files *files, const char *path)
{
        for (const char *const *prefix = files->immutable; prefix && *prefix; prefix++)
                if (is_within(path, *prefix))
                        return true;
        return false;
}

enum { POLICY_LINES = 3 };

/* How long an answer may be kept, and for whom. A page names what else there is of a version, so it must not be kept longer than that:
 * who has it asks whether it has changed. */
static void make_policy(const char *lines[POLICY_LINES], const struct eddy_http_files *files, const char *path,
                        const char *type, bool is_fallback)
{
        if (is_fallback)
                *lines++ = "Vary: Accept";
        if (is_fallback || ((files->age_line[0] || files->immutable) && strncmp(type, "text/html", 9) == 0))
                *lines++ = "Cache-Control: no-cache";
        else if (never_changes(files, path))
                *lines++ = "Cache-Control: max-age=31536000, immutable";
        else if (files->age_line[0])
                *lines++ = files->age_line;
        *lines = NULL;
}

/* Whether it leaves smaller than it lies there. A part of it does not: those are of the bytes as they are. */
static bool is_compressed(const struct eddy_http_files *files, const eddy_http_exchange *exchange,
                          const struct file_answer *answer)
{
        const eddy_http_service *service = exchange->service;
        struct acceptance acceptance;

        if (!files->compresses || answer->coding != CODING_IDENTITY || !service->options.compresses ||
            answer->status->st_size < service->coding.least_size || exchange->request->fields[FIELD_RANGE] ||
            !coding_is_worth(answer->content_type))
                return false;
        acceptance_of(&acceptance, exchange->request, exchange->head);
        return acceptance_choose(&acceptance, &service->coding, ~0u) != CODING_IDENTITY;
}

/* Bytes of a file that a thread reads. */
struct reading {
        int fd;
        char *buffer;
        size_t n;
        int64_t offset;
};

static intptr_t read_piece(void *arg)
{
        const struct reading *reading = arg;
        ssize_t got;

        do
                got = sys_pread(reading->fd, reading->buffer, reading->n, reading->offset);
        while (got == -EINTR);
        return got == (ssize_t)reading->n ? 0 : got < 0 ? got : -EIO;
}

static int read_beside(const struct file_answer *answer, struct reading *reading)
{
        intptr_t result = 0;
        int rc = do_beside(answer->reader, "read", read_piece, reading, &result);

        return rc < 0 ? rc : (int)result;
}

static int send_pieces(eddy_http_exchange *exchange, const struct file_answer *answer, eddy_http_answer *reply,
                       struct reading *reading)
{
        int64_t size = answer->status->st_size;
        int rc = eddy_http_reply_begin(exchange, reply);

        for (; rc == 0 && reading->offset < size; reading->offset += (int64_t)reading->n) {
                reading->n =
                    size - reading->offset < PIECE_SIZE ? (size_t)(size - reading->offset) : PIECE_SIZE;
                rc = read_beside(answer, reading);
                if (rc == 0)
                        rc = eddy_http_reply_write(exchange, reading->buffer, reading->n);
        }
        if (rc == -EPIPE && exchange->is_bodiless) /* to HEAD */
                rc = 0;
        return rc == 0 ? eddy_http_reply_end(exchange) : rc;
}

static int send_whole(eddy_http_exchange *exchange, const struct file_answer *answer, eddy_http_answer *reply,
                      struct reading *reading)
{
        int rc;

        reading->n = (size_t)answer->status->st_size;
        rc = read_beside(answer, reading);
        if (rc < 0)
                return head_send_error(exchange, HTTP_STATUS_INTERNAL_SERVER_ERROR);
        reply->body = reading->buffer;
        reply->body_size = reading->n;
        return eddy_http_reply(exchange, reply);
}

static int send_compressed(eddy_http_exchange *exchange, struct file_answer *answer)
{
        bool is_small = answer->status->st_size <= WHOLE_MAX;
        struct reading reading = {.fd = answer->fd};
        char date[HTTP_DATE_SIZE + 24], etag[HTTP_ETAG_MAX + 8];
        const char *lines[8] = {date, etag};
        eddy_http_answer reply = {.content_type = answer->content_type, .headers = lines};
        struct http_range range;
        int rc = 0;

        file_version_of(&answer->version, answer->status);
        if (http_conditions(exchange->request, exchange->head, &answer->version, &range) != HTTP_STATUS_OK)
                return file_answer_send(exchange, answer);
        snprintf(date, sizeof date, "Last-Modified: %.*s", HTTP_DATE_SIZE, answer->version.date);
        snprintf(etag, sizeof etag, "ETag: %.*s", (int)answer->version.etag_size, answer->version.etag);
        for (size_t i = 0; answer->lines[i]; i++)
                lines[i + 2] = answer->lines[i];
        reading.buffer = memory_alloc(is_small ? (size_t)answer->status->st_size : PIECE_SIZE);
        if (!reading.buffer)
                return head_send_error(exchange, HTTP_STATUS_SERVICE_UNAVAILABLE);
        rc = is_small ? send_whole(exchange, answer, &reply, &reading)
                      : send_pieces(exchange, answer, &reply, &reading);
        memory_free(reading.buffer);
        return rc;
}

int folder_send_file(struct eddy_http_files *files, eddy_http_exchange *exchange, int fd,
                     const struct stat *status, bool is_fallback)
{
        struct file_answer answer = {
            .fd = fd,
            .status = status,
            .content_type = http_content_type(exchange->path),
            .varies = files->has_precompressed || files->compresses,
            .reader = files->reader,
        };
        struct precompressed found = {.fd = -1};
        const char *policy[POLICY_LINES];
        int rc;

        if (files->has_precompressed)
                find_precompressed(files, exchange, status, &found);
        if (found.fd >= 0) {
                answer.fd = found.fd;
                answer.status = &found.status;
                answer.coding = found.coding;
        }
        make_policy(policy, files, exchange->path, answer.content_type, is_fallback);
        answer.lines = policy;
        rc = is_compressed(files, exchange, &answer) ? send_compressed(exchange, &answer)
                                                     : file_answer_send(exchange, &answer);
        if (found.fd >= 0)
                sys_close(found.fd);
        return rc;
}
