/* A large file over several connections: gaps of it are filled by helpers, and who has filled his takes a share of what the
 * slowest has left. */
#include "http_client/download.h"

#include <eddy/group.h>
#include <eddy/run.h>
#include <eddy/time.h>
#include <eddy/timeout.h>

enum {
        SEGMENT_MIN = 1024 * 1024, /* bytes; for less no connection is made */
        SHARE_MIN = 64 * 1024,     /* that somebody keeps or gets */
};

enum source_proof source_proof(const struct download *d, unsigned source)
{
        const struct part *part = &d->part;

        if (!part->validator)
                return PROOF_NONE;
        if (part_origin(d->urls[source]) == part->origin)
                return PROOF_VALIDATOR;
        if (d->options->checksum && part->total >= 0)
                return PROOF_CHECKSUM;
        return part->validator[0] == '"' ? PROOF_VALIDATOR : PROOF_NONE;
}

static bool is_of_use(const struct download *d, unsigned source)
{
        return !d->is_useless[source] && source_proof(d, source) != PROOF_NONE;
}

/* False: there is none. */
static bool choose_source(struct worker *w)
{
        struct download *d = w->download;

        for (unsigned i = 0; i < d->url_count; i++, w->source++) {
                w->source %= d->url_count;
                if (is_of_use(d, w->source))
                        return true;
        }
        return false;
}

static bool holds(const struct worker *w)
{
        return w->gap && w->epoch == w->download->part.epoch;
}

/* Bytes a second of the transfer under way; 0: not known yet, or silent. */
static double current_rate(const struct worker *w)
{
        eddy_time now = eddy_now();
        double seconds = w->deadline ? eddy_to_seconds(now - w->began) : 0;

        return w->came > 0 && seconds > 0 && now - w->latest < eddy_seconds(1) ? (double)w->came / seconds : 0;
}

/* How long a worker will need for its gap, as far as one can tell. */
static double seconds_left(const struct worker *w)
{
        double left = (double)(w->gap->end - w->gap->next), rate = current_rate(w);
        double silence = eddy_to_seconds(eddy_now() - w->latest);

        if (rate > 0)
                return left / rate;
        /* Who brings nothing is taken for the slower the longer that lasts. */
        return silence > 1 ? left * silence : 0;
}

static struct worker *slowest(struct download *d, const struct worker *thief)
{
        struct worker *slowest = NULL;
        double most = 0.5; /* less is not worth a request */

        for (unsigned i = 0; i <= SEGMENTS_MAX - 1; i++) {
                struct worker *w = i == 0 ? &d->self : &d->helpers[i - 1];
                double seconds = w != thief && w->download && holds(w) ? seconds_left(w) : 0;

                if (seconds > most) {
                        most = seconds;
                        slowest = w;
                }
        }
        return slowest;
}

/* All of it: its transfer ends. */
static struct gap *take_away(struct worker *from)
{
        struct gap *gap = from->gap;

        if (!from->deadline || eddy_timeout_reschedule(from->deadline, 0) < 0)
                return NULL;
        from->gap = NULL;
        return gap;
}

/* So much that both are done at the same time. */
static struct gap *steal(struct worker *w)
{
        struct download *d = w->download;
        struct worker *victim = d->part.is_mapped ? slowest(d, w) : NULL;
        double theirs, ours;
        int64_t left, keep;

        if (!victim)
                return NULL;
        left = victim->gap->end - victim->gap->next;
        theirs = current_rate(victim);
        ours = w->rate > 0 ? w->rate : theirs > 0 ? theirs : 1;
        keep = (int64_t)((double)left * theirs / (theirs + ours));
        if (left < 2 * SHARE_MIN)
                return keep < left / 4 ? take_away(victim) : NULL;
        keep = keep < SHARE_MIN ? SHARE_MIN : keep > left - SHARE_MIN ? left - SHARE_MIN : keep;
        return gaps_split(&d->part.gaps, victim->gap, victim->gap->next + keep);
}

bool segments_take(struct worker *w)
{
        struct part *part = &w->download->part;
        struct gap *gap = gaps_waiting_from(&part->gaps, 0);

        if (!gap)
                gap = steal(w);
        if (!gap)
                return false;
        gap->is_taken = true;
        w->gap = gap;
        w->epoch = part->epoch;
        return true;
}

void segments_leave(struct worker *w)
{
        if (holds(w))
                w->gap->is_taken = false;
        w->gap = NULL;
}

bool segments_are_helped(const struct download *d)
{
        return d->helpers_running > 0;
}

/* Whether a helper whose transfer has failed tries again. A server that refuses so many connections gets fewer, and one that
 * does not prove parts gets one. */
static bool helper_goes_on(struct worker *w, int rc, unsigned *failures)
{
        struct download *d = w->download;
        bool is_foreign = part_origin(d->urls[w->source]) != d->part.origin;

        if (w->file_error < 0)
                return false;
        if (w->judgement.verdict == VERDICT_UNPROVEN && !is_foreign) {
                d->is_alone = true;
                return false;
        }
        if (is_foreign && (w->judgement.verdict == VERDICT_UNPROVEN || !worker_is_worth_retrying(w, rc))) {
                d->is_useless[w->source] = true;
                return choose_source(w);
        }
        if (!worker_is_worth_retrying(w, rc) || (*failures)++ >= d->options->retries)
                return false;
        return eddy_sleep(worker_delay(w, *failures)) == 0;
}

/* Its place is free. */
static void drop_helper(struct worker *w)
{
        segments_leave(w);
        w->response = NULL;
        w->download = NULL;
}

static intptr_t help(void *arg)
{
        struct worker *w = arg;
        struct download *d = w->download;
        eddy_http_response response = {.length = -1};
        unsigned failures = 0;
        bool goes_on;

        w->response = &response;
        /* An eager task is within curl's call for the first answer's head, where no transfer may begin. */
        goes_on = eddy_yield() == 0;
        while (goes_on && !d->is_alone && choose_source(w)) {
                int64_t before = d->part.size;
                int rc;

                if (!holds(w) && !segments_take(w)) {
                        goes_on = !part_is_whole(&d->part) && eddy_sleep(SEGMENTS_PATIENCE) == 0;
                        continue;
                }
                rc = worker_transfer(w);
                segments_leave(w);
                eddy_event_set(&d->changed);
                if (d->part.size > before)
                        failures = 0;
                goes_on = rc == 0 || (eddy_interrupted() == 0 && helper_goes_on(w, rc, &failures));
        }
        eddy_http_response_finish(&response);
        drop_helper(w);
        d->helpers_running--;
        eddy_event_set(&d->changed);
        return 0;
}

static void start_helper(struct download *d, unsigned i)
{
        d->helpers[i] = (struct worker){.download = d, .source = i + 1, .latest = eddy_now()};
        /* Else the connection that is there already would be on it before the new one is made. */
        segments_take(&d->helpers[i]);
        d->helpers_running++;
        if (eddy_group_start(d->group, &(eddy_task_options){.name = "eddy_http_download, helper"}, help,
                             &d->helpers[i], NULL) == 0)
                return;
        d->helpers_running--;
        drop_helper(&d->helpers[i]);
}

void segments_spread(struct download *d)
{
        struct part *part = &d->part;
        int64_t pieces = part->total >= 0 ? (part->total - part->size) / SEGMENT_MIN : 0;
        unsigned wanted = d->options->segments;

        if (wanted > SEGMENTS_MAX)
                wanted = SEGMENTS_MAX;
        if (pieces < wanted)
                wanted = (unsigned)pieces;
        if (!d->group || wanted < 2 || d->is_alone || !part->validator || part->fd < 0)
                return;
        if (!part->is_mapped && !part_divide(part, wanted))
                return;
        for (unsigned i = 0; i < wanted - 1; i++)
                if (!d->helpers[i].download)
                        start_helper(d, i);
}
