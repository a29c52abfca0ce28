/* What a request gets: a file or a part of it, a folder's index, a redirect, or an error. */
#include "base/list.h"
#include "base/memory.h"
#include "base/sys_file.h"
#include "http/beside.h"
#include "http/content_type.h"
#include "http/file_answer.h"
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
                       const struct stat *status)
{
        struct file_answer answer = {
            .fd = fd,
            .status = status,
            .content_type = http_content_type(exchange->path),
            .varies = files->has_precompressed,
            .reader = files->reader,
        };
        struct precompressed found = {.fd = -1};
        int rc;

        if (files->has_precompressed)
                find_precompressed(files, exchange, status, &found);
        if (found.fd >= 0) {
                answer.fd = found.fd;
                answer.status = &found.status;
                answer.coding = found.coding;
        }
        rc = file_answer_send(exchange, &answer);
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
        if (HTTP_REPLY_MAX + HTTP_LINES_MAX + size > HTTP_HEAD_SIZE) {
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

        if (*path == '.' && strncmp(path, well_known, sizeof well_known - 1) == 0)
                path += sizeof well_known - 1;
        return *path == '.' || strstr(path, "/.");
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
        int rc = exchange_enter(exchange, ANSWER_NONE);

        if (rc == 0)
                rc = exchange_wait_for_room(exchange);
        return rc < 0 ? rc : answer(files, exchange);
}
