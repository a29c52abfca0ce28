#include "jobs/sqlite/life.h"
#include "jobs/sqlite/store.h"

#include <stdio.h>

/* Whether a unique name is free; one whose job and time are over is freed. Where it is not, `added` is that job. */
static int claim_unique(struct lane *lane, const char *unique, int64_t now, eddy_job_added *added)
{
        struct statement s = statement_begin(lane, FIND_UNIQUE);
        bool is_there, is_over = false;
        int64_t seq = 0;
        int rc;

        bind_text(&s, unique);
        is_there = statement_row(&s);
        if (is_there) {
                struct jobs_bytes id = column_bytes(&s, 3);
                seq = column_number(&s, 0);
                is_over = column_number(&s, 1) >= EDDY_JOB_DONE && column_number(&s, 2) <= now;
                if (!is_over)
                        snprintf(added->id, sizeof added->id, "%.*s", (int)id.size, (const char *)id.data);
        }
        rc = statement_end(&s);
        added->was_there = is_there && !is_over;
        if (rc < 0 || !is_over)
                return rc;
        s = statement_begin(lane, FREE_UNIQUE);
        bind_number(&s, seq);
        return statement_run(&s);
}

static int add_queue(struct lane *lane, const char *queue)
{
        struct statement s = statement_begin(lane, ADD_QUEUE);

        bind_text(&s, queue);
        return statement_run(&s);
}

/* One with this id may be there already, also with another unique name: it comes first. */
static int find_same(struct lane *lane, const char *id, eddy_job_added *added)
{
        struct row row;
        int rc = row_find(lane, id, &row);

        added->was_there = rc == 0;
        return rc == EDDY_ENOJOB ? 0 : rc;
}

static int insert(struct lane *lane, const eddy_job_spec *spec, int64_t now)
{
        int64_t due = spec->at ? spec->at : now + spec->delay / 1000;
        struct statement s;
        bool has_turn = false;
        int state = EDDY_JOB_SCHEDULED, rc = 0;

        due = due > now ? due : now;
        if (due == now)
                rc = key_enter(lane, spec->key, false, &state, &has_turn);
        if (rc < 0)
                return rc;
        if (state == EDDY_JOB_READY)
                lane->effects |= LANE_MADE_READY;
        s = statement_begin(lane, ADD_JOB);
        bind_text(&s, spec->id);
        bind_text(&s, spec->kind);
        bind_text(&s, spec->queue);
        bind_number(&s, state);
        bind_number(&s, spec->priority);
        bind_bytes(&s, spec->payload, spec->size);
        bind_text(&s, spec->key);
        bind_number(&s, has_turn && spec->key);
        bind_number(&s, spec->yields_key);
        bind_text(&s, spec->unique);
        bind_number(&s, spec->unique ? now + spec->unique_for / 1000 : 0);
        bind_number(&s, spec->attempts);
        bind_number(&s, spec->timeout / 1000);
        bind_number(&s, spec->backoff / 1000);
        bind_number(&s, spec->max_backoff / 1000);
        bind_number(&s, now);
        bind_number(&s, due);
        return statement_run(&s);
}

static int add(struct lane *lane, const eddy_job_spec *spec, int64_t now, eddy_job_added *added)
{
        int rc = find_same(lane, spec->id, added);

        if (rc == 0 && !added->was_there && spec->unique)
                rc = claim_unique(lane, spec->unique, now, added);
        return rc < 0 || added->was_there ? rc : insert(lane, spec, now);
}

int store_enqueue(struct lane *lane, void *arg)
{
        struct enqueue_call *call = arg;
        int64_t now = store_now();
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < call->n; i++) {
                const char *queue = call->specs[i].queue;
                if (i == 0 || strcmp(queue, call->specs[i - 1].queue) != 0)
                        rc = add_queue(lane, queue);
                if (rc == 0)
                        rc = add(lane, &call->specs[i], now, &call->added[i]);
        }
        return rc;
}
