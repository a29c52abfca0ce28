/* Jobs that come one by one from many tasks. While the engine has enough to do they wait, and the first of those who wait sends what all of
 * them have in one call: one round trip, and one commit, for as many as there are. Who is alone waits for nobody.
 *
 * What is sent together is a copy, so that each may be interrupted for itself: the others hear nothing of that. */
#include "jobs/together.h"

#include "base/list.h"
#include "base/memory.h"
#include "jobs/jobs.h"
#include <stdio.h>

enum {
        AT_ONCE = 2,         /* calls of the engine: one is on its way while the store works for the other */
        SMALL = 16,          /* jobs of a request; what has more gains nothing */
        JOBS_MOST = 128,     /* in one call */
        BYTES_MOST = 1 << 20 /* in one call, about */
};

enum state {
        WAITS,
        LEADS, /* it is to send what it and those who wait have */
        SENT,  /* another one has sent it */
        ANSWERED,
};

struct request {
        eddy_link link; /* first, so that a link is a request; of those who wait */
        const eddy_job_spec *specs;
        eddy_job_added *added;
        size_t n, bytes;
        struct member *member; /* of what was sent, while it is SENT */
        eddy_event event;      /* its state has changed */
        enum state state;
        bool is_alone; /* sent with others it failed, maybe for one of them */
        int rc;        /* of what was ANSWERED */
        char detail[256];
};

/* Whose a part of what is sent is. */
struct member {
        struct request *request; /* NULL: it was interrupted */
        size_t first;            /* of its jobs */
};

/* What is sent together: one block. The first member leads. */
struct batch {
        size_t count, n; /* of members, of jobs */
        struct member members[JOBS_MOST];
        eddy_job_spec specs[JOBS_MOST];
        eddy_job_added added[JOBS_MOST];
        char *end;
        char bytes[];
};

static size_t text_bytes(const char *text)
{
        return text ? strlen(text) + 1 : 0;
}

static size_t count_bytes(const eddy_job_spec *specs, size_t n)
{
        size_t bytes = 0;

        for (size_t i = 0; i < n; i++)
                bytes += text_bytes(specs[i].kind) + text_bytes(specs[i].queue) + text_bytes(specs[i].key) +
                         text_bytes(specs[i].unique) + specs[i].size + 1;
        return bytes;
}

static const void *copy(struct batch *batch, const void *data, size_t size)
{
        void *place = batch->end;

        if (!data)
                return NULL;
        memcpy(place, data, size);
        batch->end += size;
        return place;
}

static void add(struct batch *batch, struct request *request)
{
        request->member = &batch->members[batch->count++];
        *request->member = (struct member){request, batch->n};
        for (size_t i = 0; i < request->n; i++, batch->n++) {
                const eddy_job_spec *from = &request->specs[i];
                eddy_job_spec *spec = &batch->specs[batch->n];

                *spec = *from;
                batch->added[batch->n] = request->added[i];
                spec->id = batch->added[batch->n].id;
                spec->kind = copy(batch, from->kind, text_bytes(from->kind));
                spec->queue = copy(batch, from->queue, text_bytes(from->queue));
                spec->key = copy(batch, from->key, text_bytes(from->key));
                spec->unique = copy(batch, from->unique, text_bytes(from->unique));
                spec->payload = copy(batch, from->payload, from->size);
        }
}

/* How many of those who wait go with it. */
static size_t count_company(const eddy_link *waiting, const struct request *leader, size_t *bytes)
{
        size_t count = 0, n = leader->n;

        *bytes = leader->bytes;
        for (const eddy_link *link = waiting->next; link != waiting && !leader->is_alone; link = link->next) {
                const struct request *request = (const struct request *)link;
                if (request->is_alone || n + request->n > JOBS_MOST || *bytes + request->bytes > BYTES_MOST)
                        break;
                n += request->n;
                *bytes += request->bytes;
                count++;
        }
        return count;
}

/* NULL: it goes alone. */
static struct batch *gather(eddy_link *waiting, struct request *leader)
{
        size_t bytes, count = count_company(waiting, leader, &bytes);
        struct batch *batch = count ? memory_alloc(sizeof *batch + bytes) : NULL;

        if (!batch)
                return NULL;
        batch->count = batch->n = 0;
        batch->end = batch->bytes;
        add(batch, leader);
        while (count-- > 0) {
                struct request *request = (struct request *)list_take_first(waiting);
                add(batch, request);
                request->state = SENT;
        }
        return batch;
}

static void answer(struct request *request, int rc)
{
        request->state = ANSWERED;
        request->rc = rc;
        snprintf(request->detail, sizeof request->detail, "%s", rc < 0 ? eddy_error_detail() : "");
        eddy_event_set(&request->event);
}

/* What was sent has come to this: they hear of it; or they wait again, each in its place, where it was the leader alone that failed, or may
 * have been. */
static void share_out(eddy_link *waiting, struct batch *batch, int rc)
{
        bool is_interrupted = eddy_interrupted() < 0;

        for (size_t i = batch->count; i-- > 0;) {
                struct request *request = batch->members[i].request;
                if (!request)
                        continue;
                if (rc == 0)
                        memcpy(request->added, &batch->added[batch->members[i].first],
                               request->n * sizeof *request->added);
                if (i == 0)
                        continue;
                if (rc == 0 || (rc == EDDY_EJOBSAWAY && !is_interrupted)) {
                        answer(request, rc);
                        continue;
                }
                request->is_alone = !is_interrupted;
                request->state = WAITS;
                list_prepend(waiting, &request->link);
        }
}

/* The first of those who wait sends, where the engine has not enough to do. */
static void choose(struct jobs_together *together)
{
        struct request *next;

        if (together->is_led || together->under_way == AT_ONCE || list_is_empty(&together->waiting))
                return;
        next = (struct request *)list_take_first(&together->waiting);
        together->under_way++;
        together->is_led = true;
        next->state = LEADS;
        eddy_event_set(&next->event);
}

static void hand_over(struct jobs_together *together)
{
        together->under_way--;
        choose(together);
}

static int call(eddy_jobs *jobs, const struct request *request)
{
        return jobs->engine->type->enqueue(jobs->engine, request->specs, request->n, request->added);
}

static int lead(eddy_jobs *jobs, struct request *request)
{
        struct jobs_together *together = &jobs->together;
        struct batch *batch = gather(&together->waiting, request);
        int rc;

        choose(together); /* where they were too many */
        if (batch) {
                rc = jobs->engine->type->enqueue(jobs->engine, batch->specs, batch->n, batch->added);
                share_out(&together->waiting, batch, rc);
        }
        /* What the store refused may be another one's. */
        if (!batch || (rc < 0 && rc != EDDY_EJOBSAWAY && eddy_interrupted() == 0))
                rc = call(jobs, request);
        memory_free(batch);
        hand_over(together);
        return rc;
}

static void leave(struct jobs_together *together, struct request *request)
{
        if (request->state == WAITS) {
                list_remove(&request->link);
        } else if (request->state == SENT) {
                request->member->request = NULL;
        } else if (request->state == LEADS) {
                together->is_led = false;
                hand_over(together);
        }
}

static int wait_for_turn(eddy_jobs *jobs, struct request *request)
{
        int rc = 0;

        list_append(&jobs->together.waiting, &request->link);
        while (rc == 0 && (request->state == WAITS || request->state == SENT)) {
                eddy_event_clear(&request->event);
                rc = eddy_event_wait(&request->event);
        }
        if (rc < 0) {
                leave(&jobs->together, request);
                return rc;
        }
        if (request->state == LEADS) {
                jobs->together.is_led = false;
                return lead(jobs, request);
        }
        return request->rc < 0 ? eddy_fail(request->rc, "%s", request->detail) : 0;
}

int jobs_together_enqueue(eddy_jobs *jobs, const eddy_job_spec *specs, size_t n, eddy_job_added *added)
{
        struct jobs_together *together = &jobs->together;
        struct request request = {.specs = specs, .n = n, .added = added};
        int rc = 0;

        if (n > SMALL)
                return call(jobs, &request);
        request.bytes = count_bytes(specs, n);
        if (together->under_way < AT_ONCE && list_is_empty(&together->waiting)) {
                together->under_way++;
                return lead(jobs, &request);
        }
        eddy_event_init(&request.event);
        EDDY_TIMEOUT_SCOPE(jobs->patience)
                rc = wait_for_turn(jobs, &request);
        eddy_event_finish(&request.event);
        if (rc == EDDY_TIMEOUT && eddy_interrupted() == 0)
                return eddy_fail(EDDY_EJOBSAWAY, "the store of jobs did not answer in time");
        return rc;
}
