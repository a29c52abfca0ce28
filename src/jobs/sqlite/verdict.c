/* What becomes of jobs that run: verdicts, and leases that are renewed or end. */
#include "jobs/sqlite/verdict.h"

#include <string.h>

static int cancel(struct lane *lane, struct row *row, int64_t now)
{
        int rc = row_write(lane, row, now, "cancelled", "", 0);

        if (rc == 0)
                rc = row_count(lane, row, true, false);
        return rc < 0 ? rc : row_finish(lane, row, EDDY_JOB_CANCELLED, now, (struct jobs_bytes){0});
}

static int die(struct lane *lane, const struct row *row, int64_t now)
{
        int rc = row_count(lane, row, true, false);

        return rc < 0 ? rc : row_finish(lane, row, EDDY_JOB_DEAD, now, (struct jobs_bytes){0});
}

static int fail(struct lane *lane, struct row *row, const struct jobs_outcome *outcome, int64_t now)
{
        const char *error = outcome->error ? outcome->error : "";
        int rc = row_write(lane, row, now, "failed", error, strlen(error));

        if (rc == 0)
                rc = row_count(lane, row, false, true);
        if (rc < 0)
                return rc;
        if (outcome->verdict == JOBS_DIE)
                return die(lane, row, now);
        if (row->is_cancelling)
                return cancel(lane, row, now);
        return row->attempt >= row->attempts ? die(lane, row, now)
                                             : row_schedule(lane, row, now + outcome->delay / 1000, 0);
}

static int complete(struct lane *lane, const struct row *row, const struct jobs_outcome *outcome, int64_t now)
{
        int rc = row_count(lane, row, true, false);

        return rc < 0 ? rc
                      : row_finish(lane, row, EDDY_JOB_DONE, now,
                                   (struct jobs_bytes){outcome->result, outcome->result_size});
}

static int give_back(struct lane *lane, struct row *row, const struct jobs_outcome *outcome, int64_t now)
{
        bool snoozes = outcome->verdict == JOBS_SNOOZE;
        int rc = row_write(lane, row, now, snoozes ? "snoozed" : "returned", "", 0);

        if (rc < 0)
                return rc;
        if (row->is_cancelling)
                return cancel(lane, row, now);
        return snoozes ? row_schedule(lane, row, now + outcome->delay / 1000, 1) : row_give_back(lane, row, 1);
}

static int apply(struct lane *lane, struct row *row, const struct jobs_outcome *outcome, int64_t now)
{
        size_t logged;
        int rc = row_write_words(lane, row, now, &outcome->words);

        if (rc == 0 && outcome->verdict != JOBS_DONE && !outcome->words.log)
                rc = row_begin_history(lane, row, &logged);
        if (rc < 0)
                return rc;
        switch (outcome->verdict) {
        case JOBS_RETRY:
        case JOBS_DIE:
                return fail(lane, row, outcome, now);
        case JOBS_SNOOZE:
        case JOBS_RETURN:
                return give_back(lane, row, outcome, now);
        case JOBS_CANCEL:
                return cancel(lane, row, now);
        default:
                return complete(lane, row, outcome, now);
        }
}

int verdict_take(struct lane *lane, struct jobs_outcome *outcome, int64_t now)
{
        struct row row;
        bool is_its;
        int rc = row_find(lane, outcome->id, &row);

        outcome->rc = rc;
        if (rc == EDDY_ENOJOB)
                return 0;
        if (rc < 0)
                return rc;
        is_its = row_is_taken(&row, outcome->fence, outcome->created);
        if (is_its && row.state == EDDY_JOB_RUNNING) {
                row.verdict = (int)outcome->verdict;
                return apply(lane, &row, outcome, now);
        }
        /* Told before under this fence, whatever has come of the job since; else its lease has ended. */
        outcome->rc = is_its && row.verdict == (int)outcome->verdict ? 0 : EDDY_EJOBLOST;
        return 0;
}

static int end_lease(struct lane *lane, struct row *row, int64_t now)
{
        size_t logged;
        int rc = row_begin_history(lane, row, &logged);

        if (rc == 0)
                rc = row_write(lane, row, now, "lost", row->worker, strlen(row->worker));
        if (rc < 0)
                return rc;
        if (!row->is_cancelling && row->attempt < row->attempts)
                return row_give_back(lane, row, 0);
        lane->effects |= LANE_ENDED;
        return row->is_cancelling ? cancel(lane, row, now) : die(lane, row, now);
}

int leases_end(struct lane *lane, int64_t now)
{
        struct row rows[LAPSED_MOST];
        struct statement s = statement_begin(lane, FIND_LAPSED);
        size_t n = 0;
        int rc;

        bind_number(&s, now);
        while (n < LAPSED_MOST && statement_row(&s))
                row_read(&s, &rows[n++]);
        rc = statement_end(&s);
        for (size_t i = 0; rc == 0 && i < n; i++)
                rc = end_lease(lane, &rows[i], now);
        return rc;
}

/* Renewed jobs and their words; of those that are asked to end that is said. */
static int renew(struct lane *lane, struct jobs_lease *lease, int64_t now, eddy_duration duration)
{
        struct row row;
        struct statement s;
        int rc = row_find(lane, lease->id, &row);

        lease->rc = rc;
        if (rc < 0)
                return rc == EDDY_ENOJOB ? 0 : rc;
        if (!row_is_taken(&row, lease->fence, lease->created) || row.state != EDDY_JOB_RUNNING) {
                lease->rc = EDDY_EJOBLOST;
                return 0;
        }
        lease->rc = row.is_cancelling ? EDDY_CANCELLED : 0;
        rc = row_write_words(lane, &row, now, &lease->words);
        if (rc < 0)
                return rc;
        s = statement_begin(lane, RENEW_LEASE);
        bind_number(&s, row.seq);
        bind_number(&s, now + duration / 1000);
        return statement_run(&s);
}

int store_renew(struct lane *lane, void *arg)
{
        struct renew_call *call = arg;
        int64_t now = store_now();
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < call->n; i++)
                rc = renew(lane, &call->leases[i], now, call->lease);
        return rc;
}
