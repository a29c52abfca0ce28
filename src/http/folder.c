/* What a request gets: a file or a part of it, a folder's index, a redirect, or an error. */
#include "http/folder.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/sys_file.h"
#include "http/beside.h"
#include "http/content_type.h"
#include "http/file_answer.h"
#include "http/head.h"
#include <eddy/http_router.h>
#include <string.h>

static const char index_name[] = "index.html";

int folder_status_of(int rc)
{
        int status = file_status_of(rc);

        if (rc == -EINVAL)
                return HTTP_STATUS_BAD_REQUEST;
        return status ? status : HTTP_STATUS_INTERNAL_SERVER_ERROR;
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

/* Whether a list of types, such as Accept, names pages by name: what scripts, styles and images are asked for by does not. */
static bool names_pages(const char *accept)
{
        for (const char *at = accept; at && (at = strcasestr(at, "text/html")); at++) {
                const char *end = at + strlen("text/html");

                if ((at == accept || strchr(", \t", at[-1])) && strchr(",; \t", *end))
                        return true;
        }
        return false;
}

/* Whether somebody wants a page to look at. What has the ending of a file, such as a script of the version before, is not there: a
 * page in its place would be run as one, or kept as one. "/users/john.doe" has none. */
static bool is_page_wanted(eddy_http_exchange *exchange)
{
        const char *purpose = eddy_http_exchange_header(exchange, "Sec-Fetch-Dest");
        bool is_page = true;

        if (purpose)
                is_page = strcmp(purpose, "document") == 0 || strcmp(purpose, "iframe") == 0 ||
                          strcmp(purpose, "frame") == 0 || strcmp(purpose, "empty") == 0;
        for (unsigned i = 0; is_page; i++) {
                const char *accept = eddy_http_exchange_header_nth(exchange, "Accept", i);

                if (!accept)
                        return false;
                if (names_pages(accept))
                        break;
        }
        return is_page && strcmp(http_content_type(exchange->path), "application/octet-stream") == 0;
}

/* The page that answers for all others lies in the root. */
static int send_fallback(struct eddy_http_files *files, eddy_http_exchange *exchange)
{
        struct stat status;
        int fd, rc;

        memcpy(exchange->path, index_name, sizeof index_name);
        fd = open_path(files, exchange);
        if (fd < 0)
                return head_send_error(exchange, folder_status_of(fd));
        rc = sys_fstat(fd, &status);
        if (rc < 0 || !S_ISREG(status.st_mode))
                rc = head_send_error(exchange, HTTP_STATUS_NOT_FOUND);
        else
                rc = folder_send_file(files, exchange, fd, &status, true);
        sys_close(fd);
        return rc;
}

static int answer_missing(struct eddy_http_files *files, eddy_http_exchange *exchange, int rc)
{
        int status = folder_status_of(rc);

        if (files->falls_back && status == HTTP_STATUS_NOT_FOUND && is_page_wanted(exchange))
                return send_fallback(files, exchange);
        return head_send_error(exchange, status);
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
        if (index == -ENOENT && !files->hides_listings) {
                index = *fd;
                *fd = -1;
                return folder_send_listing(files, exchange, index);
        }
        return answer_missing(files, exchange, index);
}

/* Whoever consumes the descriptor sets it to -1. */
static int answer_opened(struct eddy_http_files *files, eddy_http_exchange *exchange, int *fd)
{
        struct stat status;
        int rc = sys_fstat(*fd, &status);

        if (rc < 0)
                return head_send_error(exchange, folder_status_of(rc));
        if (S_ISDIR(status.st_mode))
                return answer_folder(files, exchange, fd);
        if (!S_ISREG(status.st_mode))
                return head_send_error(exchange, HTTP_STATUS_NOT_FOUND);
        return folder_send_file(files, exchange, *fd, &status, false);
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
                return exchange_reply_allowed(exchange, "Allow: GET, HEAD, OPTIONS"); /* whatever the path is */
        rc = http_target_decode(target, strlen(target), exchange->path);
        if (rc < 0)
                return head_send_error(exchange, folder_status_of((int)rc));
        if (!files->shows_hidden && is_hidden(exchange->path))
                return head_send_error(exchange, HTTP_STATUS_NOT_FOUND);
        fd = open_path(files, exchange);
        if (fd < 0)
                return answer_missing(files, exchange, fd);
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
