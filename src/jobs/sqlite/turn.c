/* A worker's turn: verdicts, what is due, and jobs to take. */
#include "jobs/sqlite/rate.h"
#include "jobs/sqlite/verdict.h"

#include "base/memory.h"
#include <stdlib.h>

enum { DUE_MOST = 128 };

/* A job that was taken, with what decides its place: SQLite gives them in no order. */
struct place {
        struct jobs_taken *taken;
        int64_t seq;
        int priority;
};

static int compare_places(const void *left, const void *right)
{
        const struct place *a = left, *b = right;

        if (a->priority != b->priority)
                return a->priority < b->priority ? 1 : -1;
        return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static struct jobs_taken *read_taken(const struct statement *s)
{
        const struct jobs_bytes texts[] = {column_bytes(s, 1), column_bytes(s, 2), column_bytes(s, 3),
                                           column_bytes(s, 4)};
        struct jobs_taken numbers = {
            .fence = (uint64_t)column_number(s, 6),
            .timeout = column_number(s, 7) * 1000,
            .backoff = column_number(s, 8) * 1000,
            .max_backoff = column_number(s, 9) * 1000,
            .created = column_number(s, 10),
            .due = column_number(s, 11),
            .attempt = (int)column_number(s, 12),
            .attempts = (int)column_number(s, 13),
        };

        return jobs_taken_create(&numbers, texts, column_bytes(s, 5));
}

/* Have the rows of a statement be what was taken. */
static int read_all(struct statement *s, struct jobs_turn *turn)
{
        struct place places[64];
        size_t n = 0, room = sizeof places / sizeof *places;
        int rc;

        room = turn->most - turn->taken_count < room ? turn->most - turn->taken_count : room;
        while (s->rc == 0 && n < room && statement_row(s)) {
                places[n] = (struct place){read_taken(s), column_number(s, 0), (int)column_number(s, 14)};
                if (!places[n].taken)
                        s->rc = -ENOMEM;
                else
                        n++;
        }
        rc = statement_end(s);
        qsort(places, n, sizeof *places, compare_places);
        for (size_t i = 0; i < n; i++)
                turn->taken[turn->taken_count++] = places[i].taken;
        return rc;
}

/* What a queue may begin. */
struct allowance {
        struct rate rate;
        size_t most;
        bool has_rate;
        int64_t wait; /* microseconds until there is one, where its rate allows none */
};

/* On a row of FIND_QUEUE. */
static void read_rate(const struct statement *s, int64_t now, struct allowance *allowed)
{
        struct jobs_bytes begun = column_bytes(s, 6);
        int64_t left;

        allowed->has_rate = column_number(s, 2) > 0;
        if (!allowed->has_rate)
                return;
        rate_read(&allowed->rate, column_number(s, 2), column_number(s, 3), begun.data, begun.size, now);
        left = rate_left(&allowed->rate, now, &allowed->wait);
        if ((uint64_t)left < allowed->most)
                allowed->most = (size_t)left;
}

static int find_allowance(struct lane *lane, const char *queue, int64_t now, size_t most,
                          struct allowance *allowed)
{
        struct statement s = statement_begin(lane, FIND_QUEUE);
        int64_t most_running = 0;

        *allowed = (struct allowance){.most = most};
        bind_text(&s, queue);
        if (!statement_row(&s) || column_number(&s, 0)) {
                allowed->most = 0;
        } else {
                most_running = column_number(&s, 1);
                read_rate(&s, now, allowed);
        }
        if (statement_end(&s) < 0 || most_running == 0 || allowed->most == 0)
                return s.rc;
        s = statement_begin(lane, COUNT_RUNNING);
        bind_text(&s, queue);
        if (statement_row(&s)) {
                int64_t running = column_number(&s, 0);
                size_t free = running < most_running ? (size_t)(most_running - running) : 0;
                allowed->most = free < allowed->most ? free : allowed->most;
        }
        return statement_end(&s);
}

static int note_begun(struct lane *lane, const char *queue, int64_t now, struct rate *rate, size_t n)
{
        struct statement s = statement_begin(lane, NOTE_BEGUN);
        char text[RATE_TEXT_SIZE];

        rate_note(rate, (int64_t)n, now, text);
        bind_text(&s, queue);
        bind_text(&s, text);
        return statement_run(&s);
}

/* Of one queue. `wait` becomes less where its rate is what holds jobs up. */
static int take_from(struct lane *lane, struct jobs_turn *turn, const char *queue, int64_t now, int64_t *wait)
{
        struct allowance allowed;
        size_t before = turn->taken_count;
        int rc = find_allowance(lane, queue, now, turn->most - before, &allowed);

        if (rc == 0 && allowed.wait > 0 && allowed.wait < *wait)
                *wait = allowed.wait;
        if (rc < 0 || allowed.most == 0)
                return rc;
        for (size_t left = allowed.most, had = 1; rc == 0 && left > 0 && had > 0; left -= had) {
                struct statement s = statement_begin(lane, TAKE_JOBS);
                size_t begin = turn->taken_count;
                bind_text(&s, queue);
                bind_number(&s, left < 64 ? (int64_t)left : 64);
                bind_number(&s, now + turn->lease / 1000);
                bind_number(&s, now);
                bind_text(&s, turn->worker);
                bind_number(&s, (int64_t)turn->number);
                rc = read_all(&s, turn);
                had = turn->taken_count - begin;
        }
        if (rc == 0 && allowed.has_rate && turn->taken_count > before)
                rc = note_begun(lane, queue, now, &allowed.rate, turn->taken_count - before);
        return rc;
}

static int take_again(struct lane *lane, struct jobs_turn *turn)
{
        struct statement s = statement_begin(lane, TAKE_AGAIN);

        bind_text(&s, turn->worker);
        bind_number(&s, (int64_t)turn->number);
        while (s.rc == 0 && turn->taken_count < turn->most && statement_row(&s)) {
                struct jobs_taken *taken = read_taken(&s);
                if (taken)
                        turn->taken[turn->taken_count++] = taken;
                else
                        s.rc = -ENOMEM;
        }
        return statement_end(&s);
}

static int make_due_ready(struct lane *lane, int64_t now)
{
        struct row rows[DUE_MOST];
        struct statement s = statement_begin(lane, FIND_DUE);
        size_t n = 0;
        int rc;

        bind_number(&s, now);
        while (n < DUE_MOST && statement_row(&s))
                row_read(&s, &rows[n++]);
        rc = statement_end(&s);
        for (size_t i = 0; rc == 0 && i < n; i++)
                rc = row_make_ready(lane, &rows[i]);
        return rc;
}

/* When something is due, or a lease ends. */
static int find_next(struct lane *lane, int64_t now, int64_t wait, eddy_duration *next)
{
        struct statement s = statement_begin(lane, NEXT_MOMENT);
        int64_t moment = INT64_MAX;

        bind_number(&s, INT64_MAX);
        if (statement_row(&s))
                moment = column_number(&s, 0);
        if (moment != INT64_MAX && moment - now < wait)
                wait = moment > now ? moment - now : 0;
        *next = wait < INT64_MAX / 1000 ? wait * 1000 : EDDY_FOREVER;
        return statement_end(&s);
}

int store_turn(struct lane *lane, void *arg)
{
        struct jobs_turn *turn = arg;
        int64_t now = store_now(), wait = INT64_MAX;
        bool is_again;
        int rc = 0;

        turn->taken_count = 0;
        lane->queue = (struct lane_queue){0};
        for (size_t i = 0; rc == 0 && i < turn->outcome_count; i++)
                rc = verdict_take(lane, &turn->outcomes[i], now);
        if (rc == 0)
                rc = leases_end(lane, now);
        if (rc == 0)
                rc = queue_settle(lane);
        if (rc == 0)
                rc = make_due_ready(lane, now);
        if (rc == 0 && turn->most > 0)
                rc = take_again(lane, turn);
        is_again = turn->taken_count > 0;
        for (size_t i = 0; rc == 0 && !is_again && i < turn->queue_count && turn->taken_count < turn->most; i++)
                rc = take_from(lane, turn, turn->queues[i], now, &wait);
        if (rc == 0)
                rc = find_next(lane, now, wait, &turn->next);
        return rc;
}
