/* A download: fetches, continued and repeated until the file is whole. */
#include "http_client/part.h"
#include "http_common/status.h"

#include "base/sys_file.h"
#include <eddy/http_client.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { REFUSAL_MAX = 64 * 1024 }; /* bytes of an error page that are read so that the connection can be kept */

/** A download under way. Lives in eddy_http_download()'s frame. */
struct download {
        const eddy_http_request *request;
        eddy_http_response *response;
        struct part part;
        int64_t total;          /* bytes of the whole file; -1: not known */
        int64_t refusal_size;   /* bytes of an error page so far */
        bool is_refused;        /* the answer is not the file */
        bool is_complete;       /* the server says that we have it all already */
        bool is_worth_retrying; /* the failure may pass */
        int file_error;         /* why the file could not be written, or 0 */
        bool is_other_part;     /* the server sent a part that was not asked for */
};

/* What proves, in If-Range, that bytes fetched later belong to those fetched now. */
static const char *validator(const eddy_http_response *response)
{
        const char *ranges = eddy_http_response_header(response, "accept-ranges");
        const char *etag = eddy_http_response_header(response, "etag");

        if (ranges && strcasecmp(ranges, "none") == 0)
                return NULL;
        if (etag && strncmp(etag, "W/", 2) != 0)
                return etag;
        return eddy_http_response_header(response, "last-modified");
}

/* "bytes 100-199/200", or "bytes *" "/200" where the range was refused. */
static bool parse_content_range(const eddy_http_response *response, int64_t *start, int64_t *total)
{
        const char *text = eddy_http_response_header(response, "content-range");
        const char *slash = text ? strchr(text, '/') : NULL;
        char *end;

        *start = *total = -1;
        if (!slash || strncasecmp(text, "bytes ", 6) != 0)
                return false;
        if (text[6] != '*')
                *start = strtoll(text + 6, NULL, 10);
        if (slash[1] != '*') {
                *total = strtoll(slash + 1, &end, 10);
                if (end == slash + 1 || *total < 0)
                        return false;
        }
        return true;
}

static int begin_anew(struct download *d, const eddy_http_response *response)
{
        d->total = response->length;
        return part_begin(&d->part, validator(response));
}

static int go_on(struct download *d, const eddy_http_response *response)
{
        const char *etag = eddy_http_response_header(response, "etag");
        bool is_other =
            etag && d->part.validator && d->part.validator[0] == '"' && strcmp(etag, d->part.validator) != 0;
        int64_t start;

        if (parse_content_range(response, &start, &d->total) && start == d->part.size && !is_other)
                return 0;
        d->is_other_part = true;
        part_begin(&d->part, NULL);
        return EDDY_EPROTOCOL;
}

static int refuse_range(struct download *d, const eddy_http_response *response)
{
        int64_t start;

        d->is_refused = true;
        if (parse_content_range(response, &start, &d->total) && d->total == d->part.size && d->part.size > 0) {
                d->is_complete = true;
                return 0;
        }
        d->is_worth_retrying = d->part.size > 0;
        return part_begin(&d->part, NULL);
}

static int judge(struct download *d, const eddy_http_response *response)
{
        switch (response->status) {
        case 200:
                return begin_anew(d, response);
        case 206:
                return go_on(d, response);
        case 416: /* the range cannot be had */
                return refuse_range(d, response);
        case 408: /* Request Timeout */
        case 425: /* Too Early */
        case 429: /* Too Many Requests */
        case 500:
        case 502:
        case 503:
        case 504:
                d->is_worth_retrying = true;
                d->is_refused = true;
                return 0;
        default:
                d->is_refused = true;
                return 0;
        }
}

static int on_headers(const eddy_http_response *response, void *arg)
{
        struct download *d = arg;
        int rc = judge(d, response);

        if (rc == 0 && !d->is_refused && d->request->on_progress)
                d->request->on_progress(d->part.size, d->total, d->request->arg);
        return rc;
}

static int on_body(const void *data, size_t n, void *arg)
{
        struct download *d = arg;
        int rc;

        if (d->is_refused) {
                d->refusal_size += (int64_t)n;
                return d->refusal_size > REFUSAL_MAX ? EDDY_EHTTP : 0;
        }
        rc = d->file_error = part_write(&d->part, data, n);
        if (rc == 0 && d->request->on_progress)
                d->request->on_progress(d->part.size, d->total, d->request->arg);
        return rc;
}

static bool may_pass(int rc)
{
        switch (rc) {
        case EDDY_TIMEOUT:
        case EDDY_ERESOLVE:
        case -ETIMEDOUT:
        case EDDY_EINCOMPLETE:
        case EDDY_EPROTOCOL:
        case -ECONNREFUSED:
        case -ECONNRESET:
        case -ECONNABORTED:
        case -EPIPE:
        case -EHOSTUNREACH:
        case -ENETUNREACH:
        case -ENETDOWN:
                return true;
        default:
                return false;
        }
}

static int refusal(const eddy_http_response *response)
{
        char phrase[HTTP_PHRASE_MAX];

        http_status_phrase(response->status, phrase);
        return eddy_fail(EDDY_EHTTP, "the server answered %d %s", response->status, phrase);
}

static int attempt(struct download *d, eddy_http_client *client)
{
        eddy_http_request request = *d->request;
        int rc;

        eddy_http_response_finish(d->response);
        d->is_refused = d->is_complete = d->is_worth_retrying = false;
        d->is_other_part = false;
        d->file_error = 0;
        d->refusal_size = 0;
        d->total = -1;
        request.range_start = d->part.validator ? d->part.size : 0;
        request.if_range = d->part.validator;
        request.on_headers = on_headers;
        request.on_body = on_body;
        request.on_progress = NULL;
        request.arg = d;
        rc = eddy_http_fetch(client, &request, d->response);
        if (rc < 0 && eddy_interrupted() < 0)
                return rc;
        if (d->is_complete)
                return 0;
        if (d->is_refused)
                return refusal(d->response);
        if (d->file_error < 0)
                return eddy_fail(d->file_error, "cannot write %s: %s", d->part.part_path,
                                 eddy_strerror(d->file_error));
        if (d->is_other_part)
                rc = eddy_fail(EDDY_EPROTOCOL, "the server sent another part than it was asked for");
        if (rc == 0 && d->total >= 0 && d->part.size != d->total)
                rc = eddy_fail(EDDY_EINCOMPLETE, "%lld of %lld bytes came", (long long)d->part.size,
                               (long long)d->total);
        d->is_worth_retrying = may_pass(rc);
        return rc;
}

/* Twice as long each time, and as long as the server asks for, within reason. */
static eddy_duration delay_before(const struct download *d, const eddy_http_download_options *options,
                                  unsigned failures)
{
        const char *wish = eddy_http_response_header(d->response, "retry-after");
        eddy_duration delay = options->backoff > 0 ? options->backoff : eddy_ms(250);
        eddy_duration longest = eddy_seconds(10), wished = 0;

        while (failures-- > 1 && delay < longest)
                delay *= 2;
        if (delay > longest)
                delay = longest;
        if (wish && d->is_refused)
                wished = eddy_seconds((double)(strtoul(wish, NULL, 10) % 1000000));
        if (wished > eddy_seconds(60))
                wished = eddy_seconds(60);
        return wished > delay ? wished : delay;
}

static int attempt_repeatedly(struct download *d, eddy_http_client *client,
                              const eddy_http_download_options *options)
{
        int64_t reach = d->part.size;
        unsigned failures = 0;
        int rc;

        while ((rc = attempt(d, client)) < 0) {
                eddy_duration delay;
                int interruption;

                if (!d->is_worth_retrying || eddy_interrupted() < 0 || options->retries == 0)
                        return rc;
                /* A connection that breaks again and again still brings the file, as long as it brings more.
                 */
                if (d->part.size > reach) {
                        reach = d->part.size;
                        failures = 0;
                }
                if (failures++ >= options->retries)
                        return rc;
                delay = delay_before(d, options, failures);
                if (options->on_retry)
                        options->on_retry(rc, eddy_error_detail(), delay, d->request->arg);
                interruption = eddy_sleep(delay);
                if (interruption < 0)
                        return interruption;
        }
        return 0;
}

static int check_name_is_free(const char *path)
{
        struct stat status;
        int rc = sys_lstat(path, &status);

        if (rc == 0)
                return eddy_fail(-EEXIST, "%s is there already", path);
        if (rc != -ENOENT)
                return eddy_fail(rc, "cannot write %s: %s", path, eddy_strerror(rc));
        return 0;
}

int eddy_http_download(eddy_http_client *client, const eddy_http_request *request, const char *path,
                       const eddy_http_download_options *options, eddy_http_response *response)
{
        static const eddy_http_download_options defaults;
        eddy_http_response unseen = {0};
        struct download d = {.request = request, .response = response ? response : &unseen, .total = -1};
        int rc = 0;

        *d.response = (eddy_http_response){.length = -1};
        if (!options)
                options = &defaults;
        if (!request->url)
                return eddy_fail(-EINVAL, "the request has no URL");
        if (!options->overwrite)
                rc = check_name_is_free(path);
        if (rc == 0)
                rc = part_open(&d.part, path, request->url);
        if (rc < 0)
                return rc;
        rc = attempt_repeatedly(&d, client, options);
        if (rc == 0)
                rc = part_commit(&d.part, options->overwrite);
        part_close(&d.part);
        if (!response)
                eddy_http_response_finish(&unseen);
        return rc;
}
