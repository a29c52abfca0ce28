/* Requests that bring files: each is received, and then kept or refused. What waits for the disk is done beside the loop. */
#include "base/list.h"
#include "base/memory.h"
#include "base/sys.h"
#include "http/beside.h"
#include "http/exchange.h"
#include "http/file_answer.h"
#include "http/upload_file.h"
#include <eddy/file.h>
#include <eddy/http_multipart.h>
#include <eddy/http_router.h>
#include <eddy/http_upload.h>
#include <stdio.h>
#include <string.h>

enum { PIECE_SIZE = 64 * 1024 };

/** A folder that files are uploaded to. */
struct eddy_http_uploads {
        struct beneath folder;
        eddy_executor *executor;
        eddy_http_uploads_options options;
};

/** A file on its way. */
struct arrival {
        struct eddy_http_uploads *uploads;
        eddy_http_exchange *exchange;
        const char *folder, *name;
        struct upload_file file;
        eddy_file *content;  /* its bytes, as far as they have come; NULL: there is no place for them yet */
        bool is_conditional; /* the request's conditions are about this file */
        bool replaces;       /* another one */
        struct stat status;  /* what has been kept */
};

static int64_t limit_of(const struct eddy_http_uploads *uploads)
{
        return uploads->options.max_size > 0 ? uploads->options.max_size : INT64_MAX;
}

/* Conditions of what is to be changed: the status that refuses it, or 0. */
static int judge_conditions(const eddy_http_exchange *exchange, const struct stat *status)
{
        struct http_version version;
        struct http_range range;
        int rc;

        if (!status)
                return exchange->request->fields[FIELD_IF_MATCH] ? HTTP_STATUS_PRECONDITION_FAILED : 0;
        file_version_of(&version, status);
        rc = http_conditions(exchange->request, exchange->head, &version, &range);
        return rc == HTTP_STATUS_OK ? 0 : HTTP_STATUS_PRECONDITION_FAILED;
}

/* Whether a file may come to where this is: 0, or the status that refuses it. */
static int judge(const struct stat *status, void *arg)
{
        struct arrival *arrival = arg;
        int rc = arrival->is_conditional ? judge_conditions(arrival->exchange, status) : 0;

        if (rc == 0 && status && (!S_ISREG(status->st_mode) || !arrival->uploads->options.overwrites))
                rc = HTTP_STATUS_CONFLICT;
        arrival->replaces = status != NULL;
        return rc;
}

static intptr_t prepare(void *arg)
{
        struct arrival *arrival = arg;
        const struct upload_judge asked = {judge, arrival};
        int rc = upload_file_begin(&arrival->file, &arrival->uploads->folder, arrival->folder);

        if (rc == 0)
                rc = upload_file_ask(&arrival->file, arrival->name, &asked);
        return rc == 0 ? upload_file_open(&arrival->file, &arrival->uploads->folder) : rc;
}

static intptr_t keep(void *arg)
{
        struct arrival *arrival = arg;
        const struct upload_judge asked = {judge, arrival};
        bool overwrites = arrival->uploads->options.overwrites;
        int rc = upload_file_keep(&arrival->file, eddy_file_fd(arrival->content), arrival->name,
                                  overwrites ? &asked : NULL, &arrival->status);

        if (rc != -EEXIST)
                return rc;
        return arrival->is_conditional && arrival->exchange->request->fields[FIELD_IF_NONE_MATCH]
                   ? HTTP_STATUS_PRECONDITION_FAILED
                   : HTTP_STATUS_CONFLICT;
}

static intptr_t finish(void *arg)
{
        upload_file_finish(arg);
        return 0;
}

static int do_for(struct arrival *arrival, const char *what, eddy_fn fn)
{
        intptr_t result = 0;
        int rc = do_beside(arrival->uploads->executor, what, fn, arrival, &result);

        return rc < 0 ? rc : (int)result;
}

/* Whatever has become of it, and of the caller. */
static void end_arrival(struct arrival *arrival)
{
        intptr_t result;

        eddy_file_close(arrival->content);
        if (do_beside(arrival->uploads->executor, "upload", finish, &arrival->file, &result) < 0)
                finish(&arrival->file);
}

/* Make a place for it: 0, the status that refuses it, or an error. */
static int begin_arrival(struct arrival *arrival)
{
        int rc;

        arrival->file = (struct upload_file){.folder = -1, .fd = -1};
        rc = do_for(arrival, "upload", prepare);
        if (rc == 0)
                rc = eddy_file_from_fd(&arrival->content, arrival->file.fd);
        if (rc == 0)
                arrival->file.fd = -1;
        return rc;
}

/* It is whole: 0, the status that refuses it, or an error. */
static int keep_arrival(struct arrival *arrival)
{
        int rc = eddy_file_datasync(arrival->content);

        return rc < 0 ? rc : do_for(arrival, "upload", keep);
}

static const char *sentence_of(int status)
{
        switch (status) {
        case HTTP_STATUS_NOT_FOUND:
                return "there is no such folder";
        case HTTP_STATUS_FORBIDDEN:
                return "nothing may be written there";
        case HTTP_STATUS_URI_TOO_LONG:
                return "its path is too long";
        case HTTP_STATUS_CONFLICT:
                return "something of that name is there already";
        case HTTP_STATUS_PRECONDITION_FAILED:
                return "what is there is not what was expected";
        case HTTP_STATUS_PAYLOAD_TOO_LARGE:
                return "the file is too large";
        case HTTP_STATUS_INSUFFICIENT_STORAGE:
                return "the disk is full";
        default:
                return "try again later";
        }
}

/* Say why there is no file, unless there is nobody to be told. */
static int refuse(const struct arrival *arrival, int rc)
{
        int status = rc > 0 ? rc : file_status_of(rc);

        if (status == 0 || arrival->exchange->failure)
                return rc;
        return eddy_http_reply_text(arrival->exchange, status, "%s: %s\n", arrival->name, sentence_of(status));
}

/* Part a path at its last slash: the name; the folder is `path` then, "" for the root. */
static char *part_path(char *path, char **folder)
{
        char *slash = strrchr(path, '/');

        if (slash)
                *slash = '\0';
        *folder = slash ? path : path + strlen(path);
        return slash ? slash + 1 : path;
}

/* Whether a folder may be gone into by its names: 0 or -EINVAL. It may have names that no file would be given. */
static int check_folder(const char *path, bool takes_hidden)
{
        return !takes_hidden && (*path == '.' || strstr(path, "/."))
                   ? eddy_fail(-EINVAL, "the path leads through what is hidden")
                   : 0;
}

/* What cannot be taken as a file whole: 0, or the status that refuses it, and why. */
static int check_put(eddy_http_exchange *exchange, const struct eddy_http_uploads *uploads, const char **why)
{
        const char *coding = eddy_http_exchange_header(exchange, "Content-Encoding");

        *why = "this would be kept as the file whole, and it is a part of one";
        if (eddy_http_exchange_header(exchange, "Content-Range"))
                return HTTP_STATUS_BAD_REQUEST;
        *why = "a file is to be sent as it is, in no content coding";
        if (coding && strcmp(coding, "identity") != 0 && !exchange->service->options.decodes)
                return HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE;
        *why = "the file is too large";
        return exchange->body_length > limit_of(uploads) ? HTTP_STATUS_PAYLOAD_TOO_LARGE : 0;
}

static int reply_kept(const struct arrival *arrival)
{
        struct http_version version;
        char etag[HTTP_ETAG_MAX + 8];

        file_version_of(&version, &arrival->status);
        snprintf(etag, sizeof etag, "ETag: %.*s", (int)version.etag_size, version.etag);
        return eddy_http_reply(arrival->exchange,
                               &(eddy_http_answer){
                                   .status = arrival->replaces ? HTTP_STATUS_NO_CONTENT : HTTP_STATUS_CREATED,
                                   .headers = (const char *const[]){etag, NULL},
                               });
}

static int answer_put(eddy_http_exchange *exchange, struct eddy_http_uploads *uploads)
{
        struct arrival arrival = {.uploads = uploads, .exchange = exchange, .is_conditional = true};
        const char *why;
        char *folder;
        int64_t size;
        int rc;

        arrival.name = part_path(exchange->path, &folder);
        arrival.folder = folder;
        rc = check_folder(folder, uploads->options.takes_hidden);
        if (rc == 0)
                rc = eddy_http_file_name_check(arrival.name, uploads->options.takes_hidden);
        if (rc < 0)
                return eddy_http_reply_text(exchange, HTTP_STATUS_BAD_REQUEST, "%s\n", eddy_error_detail());
        rc = check_put(exchange, uploads, &why);
        if (rc > 0)
                return eddy_http_reply_text(exchange, rc, "%s: %s\n", arrival.name, why);
        rc = begin_arrival(&arrival);
        if (rc == 0) {
                size = eddy_http_exchange_read_to_file(exchange, arrival.content, limit_of(uploads));
                rc = size < 0 ? (int)size : keep_arrival(&arrival);
        }
        end_arrival(&arrival);
        return rc == 0 ? reply_kept(&arrival) : refuse(&arrival, rc);
}

static int receive_part(eddy_http_multipart *form, struct arrival *arrival)
{
        char *piece = memory_alloc(PIECE_SIZE);
        ssize_t n = piece ? 1 : -ENOMEM;

        while (n > 0) {
                n = eddy_http_multipart_read(form, piece, PIECE_SIZE);
                if (n > 0)
                        n = eddy_file_write_all(arrival->content, piece, (size_t)n);
        }
        memory_free(piece);
        return (int)n;
}

/* A file of a form: 0, or what comes of refusing it. */
static int take_part(eddy_http_multipart *form, const eddy_http_part *part, struct arrival *arrival)
{
        bool takes_hidden = arrival->uploads->options.takes_hidden;
        const char *name = eddy_http_base_name(part->filename);
        int rc;

        arrival->content = NULL;
        arrival->name = name ? name : part->filename;
        if (eddy_http_file_name_check(arrival->name, takes_hidden) < 0)
                return eddy_http_reply_text(arrival->exchange, HTTP_STATUS_BAD_REQUEST, "%s\n",
                                            eddy_error_detail());
        rc = begin_arrival(arrival);
        if (rc == 0)
                rc = receive_part(form, arrival);
        if (rc == 0)
                rc = keep_arrival(arrival);
        end_arrival(arrival);
        return rc == 0 ? 0 : refuse(arrival, rc);
}

/* People are led back to the list. */
static int reply_to_form(eddy_http_exchange *exchange, unsigned count)
{
        const char *accept = eddy_http_exchange_header(exchange, "Accept");
        size_t size = strcspn(eddy_http_exchange_target(exchange), "?");

        if (count == 0)
                return eddy_http_reply_text(exchange, HTTP_STATUS_BAD_REQUEST,
                                            "there is no file in the form\n");
        if (!accept || !strstr(accept, "text/html") || eddy_http_exchange_target(exchange)[size - 1] != '/')
                return eddy_http_reply_text(exchange, HTTP_STATUS_CREATED, "%u file%s\n", count,
                                            count == 1 ? "" : "s");
        return eddy_http_reply(exchange, &(eddy_http_answer){
                                             .status = HTTP_STATUS_SEE_OTHER,
                                             .headers = (const char *const[]){"Location: ./", NULL},
                                         });
}

static int answer_form(eddy_http_exchange *exchange, struct eddy_http_uploads *uploads)
{
        const eddy_http_multipart_options options = {
            .max_file_size = uploads->options.max_size > 0 ? (size_t)uploads->options.max_size : SIZE_MAX,
            .max_size = SIZE_MAX,
        };
        struct arrival arrival = {.uploads = uploads, .exchange = exchange, .folder = exchange->path};
        eddy_http_multipart *form;
        eddy_http_part part;
        unsigned count = 0;
        int rc;

        if (check_folder(exchange->path, uploads->options.takes_hidden) < 0)
                return eddy_http_reply_text(exchange, HTTP_STATUS_BAD_REQUEST, "%s\n", eddy_error_detail());
        rc = eddy_http_multipart_open(&form, exchange, &options);
        if (rc < 0)
                return rc;
        while ((rc = eddy_http_multipart_next(form, &part)) == 1) {
                if (!part.filename || !*part.filename) /* a field in which no file was chosen */
                        continue;
                rc = take_part(form, &part, &arrival);
                if (rc < 0 || eddy_http_exchange_status(exchange))
                        break;
                count++;
        }
        eddy_http_multipart_close(form);
        return rc < 0 || eddy_http_exchange_status(exchange) ? rc : reply_to_form(exchange, count);
}

int eddy_http_uploads_answer(eddy_http_exchange *exchange, void *uploads)
{
        const char *target = eddy_http_exchange_target_below(exchange);
        int rc = exchange_enter(exchange, ANSWER_NONE);

        if (rc < 0)
                return rc;
        if (exchange->request->method != HTTP_PUT && exchange->request->method != HTTP_POST)
                return exchange_reply_allowed(exchange, "Allow: POST, PUT, OPTIONS");
        if (eddy_http_exchange_is_cross_site(exchange))
                return eddy_http_reply_text(exchange, HTTP_STATUS_FORBIDDEN,
                                            "pages of other sites may not upload\n");
        if (http_target_decode(target, strlen(target), exchange->path) < 0)
                return eddy_http_reply_text(exchange, HTTP_STATUS_BAD_REQUEST,
                                            "the path is none, or leads out of the folder, or is too long\n");
        return exchange->request->method == HTTP_PUT ? answer_put(exchange, uploads)
                                                     : answer_form(exchange, uploads);
}

int eddy_http_uploads_create(eddy_http_uploads **created, const char *directory,
                             const eddy_http_uploads_options *options)
{
        eddy_http_uploads *uploads = memory_zalloc(sizeof *uploads);
        int rc;

        *created = NULL;
        if (!uploads)
                return -ENOMEM;
        if (options)
                uploads->options = *options;
        rc = eddy_executor_create(&uploads->executor, &(eddy_executor_options){.name = "eddy-upload"});
        if (rc < 0)
                goto free_memory;
        rc = beneath_init(&uploads->folder, directory);
        if (rc < 0)
                goto destroy_executor;
        *created = uploads;
        return 0;
destroy_executor:
        eddy_executor_destroy(uploads->executor);
free_memory:
        memory_free(uploads);
        return rc == -ENOMEM ? rc
                             : eddy_fail(rc, "cannot take uploads to %s: %s", directory, eddy_strerror(rc));
}

void eddy_http_uploads_destroy(eddy_http_uploads *uploads)
{
        if (!uploads)
                return;
        eddy_executor_destroy(uploads->executor);
        beneath_finish(&uploads->folder);
        memory_free(uploads);
}
