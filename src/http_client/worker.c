/* One transfer of a download: what of the answer fills the gap that was asked for goes there, and nothing that is not
 * proven to belong to it. */
#include "http_client/download.h"
#include "http_client/retry.h"
#include "http_client/send.h"
#include "http_client/url.h"
#include "http_common/status.h"

#include "base/memory.h"
#include <eddy/time.h>
#include <eddy/timeout.h>
#include <string.h>

enum {
        REFUSAL_MAX = 64 * 1024, /* bytes of an error page that are read so that the connection can be kept */
        SKIP_MAX = 256 * 1024,   /* bytes that are here already and are let pass rather than asking anew */
        ENOUGH = -ECANCELED,     /* ends a transfer that brings nothing of use any more */
};

eddy_duration download_longest_wait(const struct download *d)
{
        return d->options->max_wait > 0 ? d->options->max_wait : eddy_seconds(120);
}

static bool is_own(const struct worker *w)
{
        return w == &w->download->self;
}

static int enough(struct worker *w)
{
        w->has_all = true;
        return ENOUGH;
}

static int unproven(struct worker *w, const char *reason)
{
        w->judgement = (struct judgement){VERDICT_UNPROVEN, -1, reason};
        return EDDY_EPROTOCOL;
}

int download_choose_path(struct download *d, const eddy_http_response *response)
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

static void hold(struct worker *w, struct gap *gap)
{
        w->gap = gap;
        w->epoch = w->download->part.epoch;
        if (gap)
                gap->is_taken = true;
}

static int begin_whole(struct worker *w, const eddy_http_response *response)
{
        struct download *d = w->download;
        int64_t total = w->judgement.total;

        if (!is_own(w))
                return unproven(w, "the whole, and was asked for a part");
        w->file_error = part_begin(&d->part, part_origin(d->urls[w->source]), judge_validator(response), total);
        if (w->file_error < 0)
                return w->file_error;
        d->is_mixed = d->is_pieced = false;
        hold(w, gaps_from(&d->part.gaps, 0));
        w->at = 0;
        w->limit = total >= 0 ? total : INT64_MAX;
        return 0;
}

static void begin_part(struct worker *w)
{
        struct download *d = w->download;

        d->is_mixed |= part_origin(d->urls[w->source]) != d->part.origin;
        d->is_pieced = true;
        part_set_total(&d->part, w->judgement.total);
        w->at = w->asked.size;
        w->limit = w->asked.end > 0 ? w->asked.end : w->judgement.total;
}

static int on_headers(const eddy_http_response *response, void *arg)
{
        struct worker *w = arg;
        struct download *d = w->download;
        int rc = 0;

        if (w->epoch != d->part.epoch)
                return enough(w);
        w->judgement = judge(response, &w->asked);
        switch (w->judgement.verdict) {
        case VERDICT_WHOLE:
                rc = begin_whole(w, response);
                break;
        case VERDICT_REST:
                begin_part(w);
                break;
        case VERDICT_UNPROVEN:
                return EDDY_EPROTOCOL;
        default:
                return 0;
        }
        if (rc < 0 || !is_own(w))
                return rc;
        rc = download_choose_path(d, response);
        if (rc < 0)
                return rc;
        tell_progress(d);
        segments_spread(d);
        return 0;
}

/* The answer goes on behind the gap: where that is missing too and nobody is at it, so may this worker. */
static bool adopt(struct worker *w)
{
        struct download *d = w->download;
        struct gap *gap = gaps_waiting_from(&d->part.gaps, w->at);

        if (!gap || gap->end > w->limit || (!d->is_alone && gap->next - w->at > SKIP_MAX))
                return false;
        hold(w, gap);
        return true;
}

/* How many of n bytes were of use, or not needed; or an error. */
static int64_t fill(struct worker *w, const char *data, size_t n)
{
        struct gap *gap = w->gap;
        int64_t take = (int64_t)n;

        if (w->at < gap->next)
                return take < gap->next - w->at ? take : gap->next - w->at;
        if (take > gap->end - gap->next)
                take = gap->end - gap->next;
        w->file_error = part_write(&w->download->part, gap, data, (size_t)take);
        return w->file_error < 0 ? w->file_error : take;
}

static int fill_gaps(struct worker *w, const char *data, size_t n)
{
        while (n > 0) {
                int64_t used;

                if (!w->gap && !adopt(w))
                        return enough(w);
                used = fill(w, data, n);
                if (used < 0)
                        return (int)used;
                data += used;
                n -= (size_t)used;
                w->at += used;
                if (w->gap->next == w->gap->end) {
                        w->gap->is_taken = false;
                        w->gap = NULL;
                        if (w->at < w->limit && !adopt(w))
                                return enough(w);
                }
        }
        return 0;
}

static int on_body(const void *data, size_t n, void *arg)
{
        struct worker *w = arg;
        int rc;

        if (w->judgement.verdict != VERDICT_WHOLE && w->judgement.verdict != VERDICT_REST) {
                w->refusal_size += (int64_t)n;
                return w->refusal_size > REFUSAL_MAX ? EDDY_EHTTP : 0;
        }
        if (w->epoch != w->download->part.epoch)
                return enough(w);
        if ((int64_t)n > w->limit - w->at)
                return unproven(w, "more than it said");
        w->came += (int64_t)n;
        w->latest = eddy_now();
        rc = fill_gaps(w, data, n);
        if (w->file_error == 0)
                tell_progress(w->download);
        return rc;
}

static int refusal(const struct worker *w)
{
        eddy_duration wish = w->judgement.verdict == VERDICT_LATER ? retry_wish(w->response) : 0;
        char phrase[HTTP_PHRASE_MAX];
        int status = w->response->status;

        http_status_phrase(status, phrase);
        if (wish <= download_longest_wait(w->download))
                return eddy_fail(EDDY_EHTTP, "the server answered %d %s", status, phrase);
        return eddy_fail(EDDY_EHTTP, "the server answered %d %s, and asks to be left alone for %.0f s", status,
                         phrase, eddy_to_seconds(wish));
}

/* What the fetch and the file made of it, as one outcome. */
static int outcome(struct worker *w, int rc)
{
        struct download *d = w->download;

        if (is_own(w) && d->path_error < 0)
                return eddy_fail(d->path_error, "its name is taken");
        if (w->file_error < 0)
                return part_fail(&d->part, w->file_error);
        switch (w->judgement.verdict) {
        case VERDICT_UNPROVEN:
                return eddy_fail(EDDY_EPROTOCOL, "the server sent %s", w->judgement.reason);
        case VERDICT_LATER:
        case VERDICT_REFUSED:
                return refusal(w);
        default:
                if (w->has_all)
                        return 0;
                if (rc == 0 && w->limit != INT64_MAX && w->at != w->limit)
                        return eddy_fail(EDDY_EINCOMPLETE, "%lld of %lld bytes came", (long long)w->at,
                                         (long long)w->limit);
                return rc;
        }
}

/* Of another origin than the request's URL. */
static bool is_elsewhere(const struct worker *w)
{
        const struct download *d = w->download;

        return w->source > 0 && !eddy_http_is_same_origin(d->urls[w->source], d->urls[0]);
}

static const char *const *headers_for(const struct worker *w)
{
        static const char *const for_strangers[] = {HEADER_IDENTITY, NULL};

        return w->download->options->mirrors_are_strangers && is_elsewhere(w) ? for_strangers
                                                                              : w->download->headers;
}

/* What is asked for: the gap, where what comes can be proven to belong to what is here, else the whole. */
static void ask(struct worker *w, eddy_http_request *request, const char *validator)
{
        struct download *d = w->download;
        const struct part *part = &d->part;
        enum source_proof proof = source_proof(d, w->source);

        w->asked = (struct kept){.total = part->total, .validator = validator};
        w->wants_part = false;
        if (proof != PROOF_NONE) {
                w->asked.size = w->gap->next;
                w->asked.end = w->gap->end != INT64_MAX && w->gap->end != part->total ? w->gap->end : 0;
                w->asked.is_proven_later = proof == PROOF_CHECKSUM;
                w->wants_part = w->asked.size > 0 || w->asked.end > 0;
        }
        request->url = d->urls[w->source];
        request->headers = headers_for(w);
        request->range_start = w->asked.size;
        request->range_end = w->asked.end > 0 ? w->asked.end - 1 : 0;
        request->if_range = proof == PROOF_VALIDATOR ? validator : NULL;
        request->on_headers = on_headers;
        request->on_body = on_body;
        request->on_progress = NULL;
        request->arg = w;
}

static void measure(struct worker *w)
{
        double seconds = eddy_to_seconds(eddy_now() - w->began);

        if (w->came > 0 && seconds > 0)
                w->rate = (double)w->came / seconds;
}

/* What the first host is told in confidence no other is. */
static int fetch(struct worker *w, const eddy_http_request *request)
{
        const struct download *d = w->download;

        if (is_elsewhere(w))
                return send_anonymously(d->client, request, w->response);
        return eddy_http_fetch(d->client, request, w->response);
}

int worker_transfer(struct worker *w)
{
        struct download *d = w->download;
        eddy_http_request request = *d->request;
        eddy_timeout deadline;
        char *validator = d->part.validator ? memory_strdup(d->part.validator) : NULL;
        int rc;

        if (d->part.validator && !validator)
                return -ENOMEM;

        eddy_http_response_finish(w->response);
        w->judgement = (struct judgement){VERDICT_NONE, -1, NULL};
        w->file_error = 0;
        w->refusal_size = w->came = 0;
        w->has_all = false;
        w->limit = INT64_MAX;
        w->began = w->latest = eddy_now();
        /* Another worker may begin the file anew, and with it the part's own. */
        ask(w, &request, validator);
        request.retries = 0; /* the download's are */
        /* Who takes the gap away ends the transfer by it. */
        eddy_timeout_open(&deadline, EDDY_FOREVER);
        w->deadline = &deadline;
        rc = fetch(w, &request);
        w->deadline = NULL;
        measure(w);
        w->asked.validator = NULL;
        memory_free(validator);
        if (eddy_timeout_close(&deadline) == EDDY_TIMEOUT)
                return 0;
        /* Interrupted, unless all came before that. */
        if (rc < 0 && eddy_interrupted() < 0)
                return rc;
        return outcome(w, rc);
}

bool worker_is_worth_retrying(const struct worker *w, int rc)
{
        if ((is_own(w) && w->download->path_error < 0) || w->file_error < 0)
                return false;
        switch (w->judgement.verdict) {
        case VERDICT_UNPROVEN:
                return true;
        case VERDICT_LATER:
                return retry_wish(w->response) <= download_longest_wait(w->download);
        case VERDICT_REFUSED:
                return false;
        default:
                return retry_may_help(rc);
        }
}

eddy_duration worker_delay(const struct worker *w, unsigned nth)
{
        eddy_duration delay = retry_backoff(w->download->options->backoff, nth);
        eddy_duration wish = w->judgement.verdict == VERDICT_LATER ? retry_wish(w->response) : 0;

        return wish > delay ? wish : delay;
}
