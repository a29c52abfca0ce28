/* Jobs that come one by one from many tasks. While the engine has enough to do they wait, and the first of those who wait has what all of
 * them have sent in one call: one round trip, and one commit, for as many as there are. Who is alone waits for nobody.
 *
 * What is sent together is a copy, sent by a task of its own, so that each may be interrupted for itself: the others hear nothing of that. It
 * is of jobs alone that wait for nothing in the store: an id of one's own, a unique name or a key may be in another's open
 * transaction, and whoever was sent with it would wait, too. */
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
        LEADS, /* it is to have sent what it and those who wait have */
        SENT,
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

/* What is sent together: one block. */
struct batch {
        eddy_jobs *jobs;
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
        request->state = SENT;
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

static bool waits_for_nothing(const eddy_job_spec *specs, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (specs[i].id || specs[i].unique || specs[i].key)
                        return false;
        return true;
}

bool jobs_together_takes(const eddy_job_spec *specs, size_t n)
{
        return n <= SMALL && waits_for_nothing(specs, n);
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
static struct batch *gather(eddy_jobs *jobs, struct request *leader)
{
        eddy_link *waiting = &jobs->together.waiting;
        size_t bytes, count = count_company(waiting, leader, &bytes);
        struct batch *batch = count ? memory_alloc(sizeof *batch + bytes) : NULL;

        if (!batch)
                return NULL;
        batch->jobs = jobs;
        batch->count = batch->n = 0;
        batch->end = batch->bytes;
        add(batch, leader);
        while (count-- > 0)
                add(batch, (struct request *)list_take_first(waiting));
        return batch;
}

static void answer(struct request *request, int rc)
{
        request->state = ANSWERED;
        request->rc = rc;
        snprintf(request->detail, sizeof request->detail, "%s", rc < 0 ? eddy_error_detail() : "");
        eddy_event_set(&request->event);
}

/* What was sent has come to this: they hear of it; or each, in its place, is to go alone, where it may be one of them that was refused. */
static void share_out(struct batch *batch, int rc)
{
        for (size_t i = batch->count; i-- > 0;) {
                struct request *request = batch->members[i].request;
                if (!request)
                        continue;
                if (rc == 0)
                        memcpy(request->added, &batch->added[batch->members[i].first],
                               request->n * sizeof *request->added);
                if (rc == 0 || rc == EDDY_EJOBSAWAY || eddy_interrupted() < 0) {
                        answer(request, rc);
                        continue;
                }
                request->is_alone = true;
                request->state = WAITS;
                list_prepend(&batch->jobs->together.waiting, &request->link);
        }
}

/* The first of those who wait is to send, where the engine has not enough to do. */
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
        if (together->under_way == 0)
                eddy_event_set(&together->ended);
}

static int call(eddy_jobs *jobs, const eddy_job_spec *specs, size_t n, eddy_job_added *added)
{
        return jobs->engine->type->enqueue(jobs->engine, specs, n, added);
}

static intptr_t send_batch(void *arg)
{
        struct batch *batch = *(struct batch **)arg;
        struct jobs_together *together = &batch->jobs->together;

        share_out(batch, call(batch->jobs, batch->specs, batch->n, batch->added));
        memory_free(batch);
        hand_over(together);
        return 0;
}

/* Send what it and those who wait have: false where it goes alone, and nothing was done. */
static bool send_together(eddy_jobs *jobs, struct request *request)
{
        struct batch *batch = gather(jobs, request);
        eddy_task *task;

        if (!batch)
                return false;
        task = eddy_spawn(send_batch, &batch); /* with its stack, or it is NULL */
        if (task) {
                choose(&jobs->together); /* where they were too many */
        } else {
                share_out(batch, -ENOMEM);
                memory_free(batch);
                hand_over(&jobs->together);
        }
        eddy_unref(task);
        return true;
}

static int send_alone(eddy_jobs *jobs, const struct request *request)
{
        int rc;

        choose(&jobs->together);
        rc = call(jobs, request->specs, request->n, request->added);
        hand_over(&jobs->together);
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

/* 0: its state has changed. */
static int wait_for_change(struct request *request, eddy_time deadline)
{
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(deadline - eddy_now()) {
                while (rc == 0 && (request->state == WAITS || request->state == SENT)) {
                        eddy_event_clear(&request->event);
                        rc = eddy_event_wait(&request->event);
                }
        }
        if (rc == EDDY_TIMEOUT && eddy_interrupted() == 0)
                return eddy_fail(EDDY_EJOBSAWAY, "the store of jobs did not answer in time");
        return rc;
}

static int wait_and_send(eddy_jobs *jobs, struct request *request)
{
        eddy_time deadline = eddy_time_add(eddy_now(), jobs->patience);
        int rc;

        list_append(&jobs->together.waiting, &request->link);
        while ((rc = wait_for_change(request, deadline)) == 0 && request->state == LEADS) {
                jobs->together.is_led = false;
                if (!send_together(jobs, request))
                        return send_alone(jobs, request);
        }
        if (rc < 0) {
                leave(&jobs->together, request);
                return rc;
        }
        return request->rc < 0 ? eddy_fail(request->rc, "%s", request->detail) : 0;
}

int jobs_together_enqueue(eddy_jobs *jobs, const eddy_job_spec *specs, size_t n, eddy_job_added *added)
{
        struct jobs_together *together = &jobs->together;
        struct request request = {.specs = specs, .added = added, .n = n, .bytes = count_bytes(specs, n)};
        int rc;

        if (together->under_way < AT_ONCE && list_is_empty(&together->waiting)) {
                together->under_way++;
                return send_alone(jobs, &request);
        }
        eddy_event_init(&request.event);
        rc = wait_and_send(jobs, &request);
        eddy_event_finish(&request.event);
        return rc;
}

void jobs_together_init(struct jobs_together *together)
{
        list_init(&together->waiting);
        eddy_event_init(&together->ended);
}

void jobs_together_finish(struct jobs_together *together)
{
        while (together->under_way > 0) {
                eddy_event_clear(&together->ended);
                eddy_event_wait(&together->ended);
        }
        eddy_event_finish(&together->ended);
}
