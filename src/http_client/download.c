/* A download: fetches, continued and repeated until the file is whole and all its bytes are of one version. */
#include "http_client/judge.h"
#include "http_client/part.h"
#include "http_client/retry.h"
#include "http_common/status.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include <eddy/http_client.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum {
        REFUSAL_MAX = 64 * 1024, /* bytes of an error page that are read so that the connection can be kept */
        NAMES_MAX = 100,         /* that are tried where each is taken */
};

/** A download under way. Lives in eddy_http_download()'s frame. */
struct download {
        const eddy_http_request *request;
        const eddy_http_download_options *options;
        eddy_http_response *response;
        const char **headers; /* the request's, and ours */
        const char *path;     /* the final name */
        bool is_path_chosen;  /* by options->choose_path() */
        struct part part;
        bool wants_rest;            /* the latest request was for what is missing, not for the whole */
        struct judgement judgement; /* of the answer to it */
        int64_t refusal_size;       /* bytes of an error page so far */
        int path_error;             /* why there is no final name, or 0 */
        int file_error;             /* why the file could not be written, or 0 */
};

static eddy_duration longest_wait(const eddy_http_download_options *options)
{
        return options->max_wait > 0 ? options->max_wait : eddy_seconds(120);
}

static int choose_path(struct download *d, const eddy_http_response *response)
{
        if (!d->options->choose_path || d->is_path_chosen)
                return 0;
        d->is_path_chosen = true;
        d->path = d->options->choose_path(response, d->request->arg);
        d->path_error = d->path ? 0 : -EEXIST;
        return d->path_error;
}

static void tell_progress(const struct download *d)
{
        if (d->request->on_progress)
                d->request->on_progress(d->part.size, d->part.total, d->request->arg);
}

static int on_headers(const eddy_http_response *response, void *arg)
{
        struct download *d = arg;
        const struct kept kept = {d->part.size, d->part.total, d->part.validator};

        d->judgement = judge(response, &kept);
        switch (d->judgement.verdict) {
        case VERDICT_WHOLE:
                d->file_error = part_begin(&d->part, judge_validator(response), d->judgement.total);
                break;
        case VERDICT_REST:
                part_set_total(&d->part, d->judgement.total);
                break;
        case VERDICT_UNPROVEN:
                return EDDY_EPROTOCOL;
        default:
                return 0;
        }
        if (d->file_error < 0 || choose_path(d, response) < 0)
                return d->file_error < 0 ? d->file_error : d->path_error;
        tell_progress(d);
        return 0;
}

static int on_body(const void *data, size_t n, void *arg)
{
        struct download *d = arg;

        if (d->judgement.verdict != VERDICT_WHOLE && d->judgement.verdict != VERDICT_REST) {
                d->refusal_size += (int64_t)n;
                return d->refusal_size > REFUSAL_MAX ? EDDY_EHTTP : 0;
        }
        if (d->part.total >= 0 && (int64_t)n > d->part.total - d->part.size) {
                d->judgement = (struct judgement){VERDICT_UNPROVEN, -1, "more than it said"};
                return EDDY_EPROTOCOL;
        }
        d->file_error = part_write(&d->part, data, n);
        if (d->file_error == 0)
                tell_progress(d);
        return d->file_error;
}

static int refusal(const struct download *d)
{
        eddy_duration wish = d->judgement.verdict == VERDICT_LATER ? retry_wish(d->response) : 0;
        char phrase[HTTP_PHRASE_MAX];
        int status = d->response->status;

        http_status_phrase(status, phrase);
        if (wish <= longest_wait(d->options))
                return eddy_fail(EDDY_EHTTP, "the server answered %d %s", status, phrase);
        return eddy_fail(EDDY_EHTTP, "the server answered %d %s, and asks to be left alone for %.0f s", status,
                         phrase, eddy_to_seconds(wish));
}

/* What the fetch and the file made of it, as one outcome. */
static int outcome(struct download *d, int rc)
{
        if (d->path_error < 0)
                return eddy_fail(d->path_error, "its name is taken");
        if (d->file_error < 0)
                return eddy_fail(d->file_error, "cannot write %s: %s", d->part.part_path,
                                 eddy_strerror(d->file_error));
        switch (d->judgement.verdict) {
        case VERDICT_UNPROVEN:
                return eddy_fail(EDDY_EPROTOCOL, "the server sent %s", d->judgement.reason);
        case VERDICT_LATER:
        case VERDICT_REFUSED:
                return refusal(d);
        default:
                if (rc == 0 && d->part.total >= 0 && d->part.size != d->part.total)
                        return eddy_fail(EDDY_EINCOMPLETE, "%lld of %lld bytes came", (long long)d->part.size,
                                         (long long)d->part.total);
                return rc;
        }
}

static int attempt(struct download *d, eddy_http_client *client)
{
        eddy_http_request request = *d->request;
        int rc;

        part_leave_rest(&d->part);
        eddy_http_response_finish(d->response);
        d->judgement = (struct judgement){VERDICT_NONE, -1, NULL};
        d->path_error = d->file_error = 0;
        d->refusal_size = 0;
        request.headers = d->headers;
        d->wants_rest = d->part.size > 0;
        request.range_start = d->part.size;
        request.if_range = d->part.validator;
        request.on_headers = on_headers;
        request.on_body = on_body;
        request.on_progress = NULL;
        request.arg = d;
        rc = eddy_http_fetch(client, &request, d->response);
        /* Interrupted, unless all came before that. */
        if (rc < 0 && eddy_interrupted() < 0)
                return rc;
        return outcome(d, rc);
}

/* Whether the latest attempt's failure may pass. */
static bool is_worth_retrying(const struct download *d, int rc)
{
        if (d->path_error < 0 || d->file_error < 0)
                return false;
        switch (d->judgement.verdict) {
        case VERDICT_UNPROVEN:
                return true;
        case VERDICT_LATER:
                return retry_wish(d->response) <= longest_wait(d->options);
        case VERDICT_REFUSED:
                return false;
        default:
                return retry_may_help(rc);
        }
}

static eddy_duration delay_before(const struct download *d, unsigned nth)
{
        eddy_duration delay = retry_backoff(d->options->backoff, nth);
        eddy_duration wish = d->judgement.verdict == VERDICT_LATER ? retry_wish(d->response) : 0;

        return wish > delay ? wish : delay;
}

/* Wait before the nth attempt after the first; 0, or what interrupted it. */
static int pause_before(struct download *d, int rc, unsigned nth)
{
        eddy_duration delay = delay_before(d, nth);

        if (d->options->on_retry)
                d->options->on_retry(rc, eddy_error_detail(), delay, d->request->arg);
        return eddy_sleep(delay);
}

static int attempt_repeatedly(struct download *d, eddy_http_client *client)
{
        int64_t reach = d->part.size;
        unsigned failures = 0;
        int rc;

        while ((rc = attempt(d, client)) < 0) {
                int interruption;

                if (eddy_interrupted() < 0 || !is_worth_retrying(d, rc))
                        return rc;
                if (d->judgement.verdict == VERDICT_UNPROVEN) {
                        int undone = part_begin(&d->part, NULL, -1);

                        if (undone < 0)
                                return eddy_fail(undone, "cannot write %s: %s", d->part.part_path,
                                                 eddy_strerror(undone));
                        /* What was here is of no use any more, which is no fault of the server's. */
                        if (d->wants_rest)
                                continue;
                }
                /* A connection that breaks again and again still brings the file, as long as it brings more. */
                if (d->part.validator && d->part.size > reach) {
                        reach = d->part.size;
                        failures = 0;
                }
                if (failures++ >= d->options->retries)
                        return rc;
                interruption = pause_before(d, rc, failures);
                if (interruption < 0)
                        return interruption;
        }
        return 0;
}

/* Only what is a file is replaced; else a FIFO or a device would be gone. */
static int check_name(const char *path, bool may_replace)
{
        struct stat status;
        int rc = sys_lstat(path, &status);

        if (rc == -ENOENT)
                return 0;
        if (rc < 0)
                return eddy_fail(rc, "cannot write %s: %s", path, eddy_strerror(rc));
        if (!may_replace)
                return eddy_fail(-EEXIST, "%s is there already", path);
        if (S_ISDIR(status.st_mode))
                return eddy_fail(-EISDIR, "%s is a folder", path);
        if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
                return eddy_fail(-EEXIST, "%s is there already, and is no file that could be replaced", path);
        return 0;
}

/* Give the file its final name, or the next one where somebody took that meanwhile. */
static int commit(struct download *d)
{
        int rc;

        for (int names = 1;; names++) {
                rc = check_name(d->path, d->options->overwrite);
                if (rc == 0)
                        rc = part_commit(&d->part, d->path, d->options->overwrite);
                if (rc != -EEXIST || d->options->overwrite || !d->is_path_chosen || names == NAMES_MAX)
                        return rc;
                d->is_path_chosen = false;
                if (choose_path(d, d->response) < 0)
                        return rc;
        }
}

/* The bytes of a file are counted, so they must come as they are. */
static int add_headers(struct download *d)
{
        const char *const *theirs = d->request->headers;
        bool has_encoding = false;
        size_t count = 0;

        for (; theirs && theirs[count]; count++)
                has_encoding |= strncasecmp(theirs[count], "accept-encoding:", 16) == 0;
        d->headers = memory_alloc((count + 2) * sizeof *d->headers);
        if (!d->headers)
                return -ENOMEM;
        if (count > 0)
                memcpy(d->headers, theirs, count * sizeof *d->headers);
        if (!has_encoding)
                d->headers[count++] = "Accept-Encoding: identity";
        d->headers[count] = NULL;
        return 0;
}

static int download(struct download *d, eddy_http_client *client)
{
        bool names_itself = d->options->choose_path;
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;

        if (rc == 0 && !d->request->url)
                rc = eddy_fail(-EINVAL, "the request has no URL");
        if (rc == 0 && !names_itself)
                rc = check_name(d->path, d->options->overwrite);
        if (rc == 0)
                rc = add_headers(d);
        if (rc == 0)
                rc = part_open(&d->part, d->path, d->request->url);
        if (rc < 0)
                return rc;
        rc = attempt_repeatedly(d, client);
        if (rc == 0)
                rc = commit(d);
        part_close(&d->part);
        return rc;
}

int eddy_http_download(eddy_http_client *client, const eddy_http_request *request, const char *path,
                       const eddy_http_download_options *options, eddy_http_response *response)
{
        static const eddy_http_download_options defaults;
        eddy_http_response unseen;
        struct download d = {
            .request = request,
            .options = options ? options : &defaults,
            .response = response ? response : &unseen,
            .path = path,
        };
        int rc;

        *d.response = (eddy_http_response){.length = -1};
        rc = download(&d, client);
        memory_free(d.headers);
        if (!response)
                eddy_http_response_finish(&unseen);
        return rc;
}
