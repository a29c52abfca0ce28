/* A download: fetches, continued and repeated until the file is whole and all its bytes are of one version. */
#include "http_client/download.h"
#include "http_client/checksum.h"
#include "http_client/header.h"
#include "http_client/retry.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include <eddy/group.h>
#include <eddy/run.h>
#include <eddy/time.h>
#include <eddy/timeout.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { NAMES_MAX = 100 }; /* that are tried where each is taken */

static int attempt(struct download *d)
{
        int rc = worker_transfer(&d->self);

        segments_leave(&d->self);
        /* Where nobody knew how much there is, the end of the answer tells. */
        if (rc == 0 && d->part.total < 0 && d->self.limit == INT64_MAX && !d->self.has_all)
                part_set_total(&d->part, d->part.size);
        return rc;
}

/* Wait before the nth attempt after the first; 0, or what interrupted it. */
static int pause_before(struct download *d, int rc, unsigned nth)
{
        eddy_duration delay = worker_delay(&d->self, nth);

        if (d->options->on_retry)
                d->options->on_retry(rc, eddy_error_detail(), delay, d->request->arg);
        return eddy_sleep(delay);
}

/* Go on with another URL. False: there is none left. */
static bool choose_next_url(struct download *d)
{
        d->is_useless[d->self.source] = true;
        for (unsigned i = 0; i < d->url_count; i++)
                if (!d->is_useless[i]) {
                        d->self.source = i;
                        return true;
                }
        return false;
}

/* Until one of the helpers has ended a transfer, or for a while. 0, or what interrupted it. */
static int wait_for_helpers(struct download *d)
{
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(SEGMENTS_PATIENCE)
                rc = eddy_event_wait(&d->changed);
        eddy_event_clear(&d->changed);
        return rc < 0 ? eddy_interrupted() : 0;
}

/* What failed for good may be brought by those who are still at it, or by another URL. 0: go on; or rc, or what
 * interrupted it. */
static int fail_over(struct download *d, int rc)
{
        char detail[256];

        if (d->path_error < 0 || d->self.file_error < 0)
                return rc;
        snprintf(detail, sizeof detail, "%s", eddy_error_detail());
        while (segments_are_helped(d) && !part_is_whole(&d->part)) {
                int interruption = wait_for_helpers(d);

                if (interruption < 0)
                        return interruption;
        }
        return (d->part.is_mapped && part_is_whole(&d->part)) || choose_next_url(d)
                   ? 0
                   : eddy_fail(rc, "%s", detail);
}

/* What is here is of no use any more, which is no fault of the server's. 0 or an error. */
static int begin_anew(struct download *d)
{
        int rc;

        /* Another URL's part is not given up for an answer that brings nothing. */
        if (d->part.fd >= 0 && !d->part.is_ours)
                return 0;
        rc = part_begin(&d->part, 0, NULL, -1);
        return rc < 0 ? part_fail(&d->part, rc) : 0;
}

/* The server proves nothing that was asked of it. 0: ask it, or another URL, anew; 1: it has failed. */
static int after_unproven(struct download *d)
{
        bool is_foreign = d->part.size > 0 && part_origin(d->urls[d->self.source]) != d->part.origin;
        bool wanted_part = d->self.wants_part;
        int rc;

        if (is_foreign && choose_next_url(d))
                return 0;
        rc = begin_anew(d);
        return rc < 0 ? rc : wanted_part ? 0 : 1;
}

static int repeat(struct download *d)
{
        int64_t reach = d->part.size;
        unsigned failures = 0;

        for (;;) {
                int rc;

                eddy_event_clear(&d->changed);
                if (!segments_are_helped(d))
                        part_leave_rest(&d->part);
                if (segments_take(&d->self)) {
                        rc = attempt(d);
                } else {
                        rc = wait_for_helpers(d);
                        if (rc < 0)
                                return rc;
                }
                /* With helpers it may be whole though this task has failed. */
                if (part_is_whole(&d->part) && (rc == 0 || d->part.is_mapped))
                        return 0;
                if (rc == 0)
                        continue;
                if (eddy_interrupted() < 0)
                        return rc;
                if (d->self.judgement.verdict == VERDICT_UNPROVEN && d->self.file_error == 0) {
                        int after = after_unproven(d);

                        if (after < 0)
                                return after;
                        if (after == 0)
                                continue;
                }
                /* A connection that breaks again and again still brings the file, as long as it brings more. */
                if (d->part.validator && d->part.size > reach) {
                        reach = d->part.size;
                        failures = 0;
                }
                if (!worker_is_worth_retrying(&d->self, rc) || failures++ >= d->options->retries) {
                        rc = fail_over(d, rc);
                        failures = 0;
                } else {
                        rc = pause_before(d, rc, failures);
                }
                if (rc < 0 || (d->part.is_mapped && part_is_whole(&d->part)))
                        return rc;
        }
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
                /* What is not to be replaced the kernel refuses to. */
                rc = d->options->overwrite ? check_name(d->path, true) : 0;
                if (rc == 0)
                        rc = part_commit(&d->part, d->path, d->options->overwrite);
                if (rc != -EEXIST || d->options->overwrite || !d->is_path_chosen || names == NAMES_MAX)
                        return rc;
                d->is_path_chosen = false;
                if (download_choose_path(d, d->self.response) < 0)
                        return rc;
        }
}

static int add_headers(struct download *d)
{
        const char *const *theirs = d->request->headers;
        size_t count = 0;

        while (theirs && theirs[count])
                count++;
        d->headers = memory_alloc((count + 2) * sizeof *d->headers);
        if (!d->headers)
                return -ENOMEM;
        if (count > 0)
                memcpy(d->headers, theirs, count * sizeof *d->headers);
        if (!header_is_among(theirs, "Accept-Encoding"))
                d->headers[count++] = HEADER_IDENTITY;
        d->headers[count] = NULL;
        return 0;
}

static int collect_urls(struct download *d)
{
        const char *const *mirror = d->options->mirrors;

        d->urls[d->url_count++] = d->request->url;
        for (; mirror && *mirror; mirror++) {
                if (d->url_count == SOURCES_MAX)
                        return eddy_fail(-EINVAL, "more than %d mirrors", SOURCES_MAX - 1);
                d->urls[d->url_count++] = *mirror;
        }
        return 0;
}

static int check(struct download *d)
{
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;

        if (rc == 0 && !d->request->url)
                rc = eddy_fail(-EINVAL, "the request has no URL");
        if (rc == 0)
                rc = collect_urls(d);
        if (rc == 0 && d->options->checksum)
                rc = checksum_check(d->options->checksum);
        if (rc == 0 && !d->options->choose_path && !d->options->is_new)
                rc = check_name(d->path, d->options->overwrite);
        return rc;
}

static int fetch_all(struct download *d)
{
        eddy_group group;
        int rc, closed;

        if (d->options->segments < 2)
                return repeat(d);
        rc = eddy_group_open(&group);
        if (rc < 0)
                return rc;
        d->group = &group;
        rc = repeat(d);
        eddy_group_cancel(&group);
        d->group = NULL;
        closed = eddy_group_close(&group);
        /* The failure of a helper is that it could not be had; else there is none but this task's. */
        return rc == EDDY_CANCELLED && closed < 0 ? closed : rc;
}

/* All came, and is not what it should be: whether there is another way to have it. Each URL may bring it once in one answer,
 * since parts may be wrong whose whole is right: of a server that counts them otherwise, or of a file that was damaged. */
static bool may_begin_anew(struct download *d)
{
        bool was_anew = d->is_anew[d->self.source];

        d->is_anew[d->self.source] |= d->is_pieced;
        if (d->is_pieced && !was_anew)
                return true;
        /* Nobody knows who of several it was. */
        return d->is_mixed || choose_next_url(d);
}

/* All of it, with the checksum that it is to have. */
static int fetch_proven(struct download *d)
{
        for (;;) {
                char detail[512];
                int rc = fetch_all(d);

                if (rc == 0 && d->options->checksum)
                        rc = checksum_verify(d->options->checksum, &d->part);
                if (rc != EDDY_ECHECKSUM)
                        return rc;
                snprintf(detail, sizeof detail, "%s", eddy_error_detail());
                part_discard(&d->part);
                if (!may_begin_anew(d))
                        return eddy_fail(rc, "%s", detail);
                d->is_alone = true;
                if (d->options->on_retry)
                        d->options->on_retry(rc, detail, 0, d->request->arg);
        }
}

static int run(struct download *d)
{
        int rc = check(d);

        if (rc == 0)
                rc = add_headers(d);
        if (rc == 0)
                rc = part_open(&d->part, d->path, d->options->is_new ? NULL : d->urls);
        if (rc < 0)
                return rc;
        d->is_mixed = d->part.size > 0 && d->url_count > 1; /* by an earlier process, perhaps */
        rc = fetch_proven(d);
        if (rc == 0)
                rc = commit(d);
        /* So little is sooner fetched again than tidied up. */
        if (rc == -EEXIST && d->part.fd < 0)
                part_discard(&d->part);
        if (rc < 0)
                part_sync(&d->part);
        part_close(&d->part);
        return rc;
}

int eddy_http_download(eddy_http_client *client, const eddy_http_request *request, const char *path,
                       const eddy_http_download_options *options, eddy_http_response *response)
{
        static const eddy_http_download_options defaults;
        eddy_http_response unseen;
        struct download d = {
            .client = client,
            .request = request,
            .options = options ? options : &defaults,
            .path = path,
            .self.response = response ? response : &unseen,
        };
        int rc;

        d.self.download = &d;
        *d.self.response = (eddy_http_response){.length = -1};
        eddy_event_init(&d.changed);
        rc = run(&d);
        eddy_event_finish(&d.changed);
        memory_free(d.headers);
        if (!response)
                eddy_http_response_finish(&unseen);
        return rc;
}
