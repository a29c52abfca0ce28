/* A worker's turn, and its leases. */
#include "jobs/again.h"
#include "jobs/postgres/store.h"

#include "base/memory.h"

enum { LOOK_AGAIN_MS = 250, OUTCOMES = 13, NEXT = 14, ARRAY_HEAD = 20 };

void pgjobs_expect(struct store *store, eddy_duration delay)
{
        eddy_time when = eddy_time_add(eddy_now(), delay);

        if (when < store->look_at)
                store->look_at = when;
}

static void describe_outcomes(struct args *args, const struct jobs_outcome *outcomes, size_t n)
{
        args_array(args, ARGS_TEXTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_text(args, outcomes[i].id);
        args_array(args, ARGS_INTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_int(args, (int64_t)outcomes[i].fence);
        args_array(args, ARGS_INTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_int(args, outcomes[i].created);
        args_array(args, ARGS_INTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_int(args, outcomes[i].verdict);
        args_array(args, ARGS_INTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_int(args, outcomes[i].delay > 0 ? outcomes[i].delay : 0);
        args_array(args, ARGS_TEXTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_any_text(args, outcomes[i].error);
        args_array(args, ARGS_BYTES, n);
        for (size_t i = 0; i < n; i++)
                args_add_bytes(args, outcomes[i].result, outcomes[i].result_size);
        args_array(args, ARGS_FLOATS, n);
        for (size_t i = 0; i < n; i++)
                args_add_float(args, outcomes[i].words.progress);
        args_array(args, ARGS_TEXTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_any_text(args, outcomes[i].words.note);
        args_array(args, ARGS_TEXTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_any_text(args, outcomes[i].words.log);
        args_array(args, ARGS_INTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_int(args, (int64_t)outcomes[i].words.log_at);
}

static void describe_turn(struct args *args, const struct jobs_turn *turn, bool looks, bool listens,
                          bool is_again)
{
        describe_outcomes(args, turn->outcomes, turn->outcome_count);
        args_array(args, ARGS_TEXTS, turn->queue_count);
        for (size_t i = 0; i < turn->queue_count; i++)
                args_add_text(args, turn->queues[i]);
        args_int(args, (int64_t)turn->most);
        args_int(args, turn->lease / 1000);
        args_text(args, turn->worker);
        args_int(args, (int64_t)turn->number);
        args_bool(args, looks);
        args_bool(args, listens);
        args_again(args, is_again);
}

static struct jobs_taken *read_taken(const PGresult *result, int row)
{
        struct jobs_bytes texts[4];
        struct jobs_taken numbers = {
            .fence = (uint64_t)result_int(result, row, 5),
            .timeout = result_int(result, row, 6),
            .backoff = result_int(result, row, 7),
            .max_backoff = result_int(result, row, 8),
            .created = result_int(result, row, 9),
            .due = result_int(result, row, 10),
            .attempt = (int)result_int(result, row, 11),
            .attempts = (int)result_int(result, row, 12),
        };

        for (int i = 0; i < 4; i++)
                texts[i] = result_bytes(result, row, i);
        return jobs_taken_create(&numbers, texts, result_bytes(result, row, 4));
}

static int tell_outcome(int64_t outcome)
{
        static const int errors[] = {0, EDDY_EJOBLOST, EDDY_ENOJOB, EDDY_CANCELLED};

        return errors[outcome & 3];
}

/* An array of numbers, or NULL: all is well. */
static void read_outcomes(const PGresult *result, int row, struct jobs_turn *turn)
{
        const unsigned char *bytes = (const unsigned char *)PQgetvalue(result, row, OUTCOMES);
        size_t size = (size_t)PQgetlength(result, row, OUTCOMES);

        for (size_t i = 0; i < turn->outcome_count; i++) {
                size_t last = ARRAY_HEAD + 12 * (i + 1) - 1; /* the lowest byte of the item behind its size */
                turn->outcomes[i].rc = last < size ? tell_outcome(bytes[last]) : 0;
        }
}

static int read_turn(const PGresult *result, struct jobs_turn *turn)
{
        int last = PQntuples(result) - 1;

        for (int row = 0; row < last && turn->taken_count < turn->most; row++) {
                struct jobs_taken *taken = read_taken(result, row);
                if (!taken)
                        goto give_back;
                turn->taken[turn->taken_count++] = taken;
        }
        read_outcomes(result, last, turn);
        turn->next = PQgetisnull(result, last, NEXT) ? EDDY_FOREVER : eddy_us(result_int(result, last, NEXT));
        return 0;

give_back:
        /* The turn will come again with its number. */
        while (turn->taken_count > 0)
                memory_free(turn->taken[--turn->taken_count]);
        return -ENOMEM;
}

/* What this turn says of when to look for what is due. */
static void learn(struct store *store, const struct jobs_turn *turn, bool has_looked)
{
        if (turn->most > 0)
                store->was_full = turn->taken_count == turn->most;
        if (has_looked)
                store->look_at = eddy_now() + eddy_ms(LOOK_AGAIN_MS);
        if (turn->next > 0)
                pgjobs_expect(store, turn->next);
        if (turn->taken_count > 0)
                pgjobs_expect(store, turn->lease);
        for (size_t i = 0; i < turn->outcome_count; i++)
                if (turn->outcomes[i].verdict == JOBS_RETRY || turn->outcomes[i].verdict == JOBS_SNOOZE)
                        pgjobs_expect(store, turn->outcomes[i].delay);
}

int pgjobs_turn(struct jobs_engine *engine, struct jobs_turn *turn)
{
        struct store *store = (struct store *)engine;
        bool looks = !store->was_full || eddy_now() >= store->look_at;
        struct args args = {0};
        PGresult *result;
        bool is_again;
        int rc = jobs_again_note(&store->turns, turn, &is_again);

        turn->taken_count = 0;
        turn->next = EDDY_FOREVER;
        if (rc < 0)
                return rc;
        describe_turn(&args, turn, looks, store->is_listening, is_again);
        rc = pgjobs_call(store, &result, "turn", &args);
        if (rc < 0)
                return rc;
        rc = read_turn(result, turn);
        PQclear(result);
        if (rc < 0)
                return rc;
        learn(store, turn, looks);
        pgjobs_tidy(store, turn->outcome_count);
        return 0;
}

int pgjobs_renew(struct jobs_engine *engine, struct jobs_lease *leases, size_t n, eddy_duration lease)
{
        struct args args = {0};
        PGresult *result;
        int rc;

        args_array(&args, ARGS_TEXTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_text(&args, leases[i].id);
        args_array(&args, ARGS_INTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_int(&args, (int64_t)leases[i].fence);
        args_array(&args, ARGS_INTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_int(&args, leases[i].created);
        args_array(&args, ARGS_FLOATS, n);
        for (size_t i = 0; i < n; i++)
                args_add_float(&args, leases[i].words.progress);
        args_array(&args, ARGS_TEXTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_any_text(&args, leases[i].words.note);
        args_array(&args, ARGS_TEXTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_any_text(&args, leases[i].words.log);
        args_array(&args, ARGS_INTS, n);
        for (size_t i = 0; i < n; i++)
                args_add_int(&args, (int64_t)leases[i].words.log_at);
        args_int(&args, lease / 1000);
        rc = pgjobs_call((struct store *)engine, &result, "renew", &args);
        if (rc < 0)
                return rc;
        for (size_t i = 0; i < n && (int)i < PQntuples(result); i++)
                leases[i].rc = tell_outcome(result_int(result, (int)i, 0));
        PQclear(result);
        return 0;
}
