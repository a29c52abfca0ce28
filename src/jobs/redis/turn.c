/* A worker's turn, and the renewal of its leases. */
#include "jobs/redis/store.h"

#include "base/memory.h"
#include "jobs/again.h"
#include <stdio.h>

/* Arguments before a turn's queues, and of an outcome with all that it may have. */
enum { HEAD = 6, OF_OUTCOME = 11, OF_LEASE = 8 };

/* Of a job that was taken, in the order of turn.lua. */
enum { TAKEN_ID, TAKEN_RECORD, TAKEN_PAYLOAD, TAKEN_CELLS };

/* What is written for an outcome or a lease, until it has been sent. */
struct letters {
        char kinds[8], log_at[24];
        char progress[32];
};

static const char verdicts[] = {
    [JOBS_DONE] = 'd',   [JOBS_RETRY] = 'f',  [JOBS_DIE] = 'g',
    [JOBS_CANCEL] = 'c', [JOBS_SNOOZE] = 's', [JOBS_RETURN] = 'b',
};

/* Which words there are: their letters are added behind `n` others. */
static size_t write_word_letters(struct letters *letters, size_t n, const struct jobs_words *words)
{
        if (words->progress >= 0)
                letters->kinds[n++] = 'p';
        if (words->note)
                letters->kinds[n++] = 'n';
        if (words->log) {
                letters->kinds[n++] = 'k';
                letters->kinds[n++] = 'l';
        }
        return n;
}

static void add_words(struct call *call, struct letters *letters, const struct jobs_words *words)
{
        if (words->progress >= 0) {
                snprintf(letters->progress, sizeof letters->progress, "%.6g", words->progress);
                call_text(call, letters->progress);
        }
        if (words->note)
                call_text(call, words->note);
        if (words->log) {
                snprintf(letters->log_at, sizeof letters->log_at, "%zu", words->log_at);
                call_text(call, letters->log_at);
                call_text(call, words->log);
        }
}

static void add_outcome(struct call *call, struct letters *letters, const struct jobs_outcome *outcome)
{
        size_t n = 0;

        letters->kinds[n++] = verdicts[outcome->verdict];
        if (outcome->error)
                letters->kinds[n++] = 'e';
        if (outcome->result)
                letters->kinds[n++] = 'r';
        n = write_word_letters(letters, n, &outcome->words);
        call_text(call, outcome->id);
        call_number(call, (long long)outcome->fence);
        call_bytes(call, letters->kinds, n);
        call_micros(call, outcome->delay > 0 ? outcome->delay : 0);
        call_number(call, outcome->created);
        if (outcome->error)
                call_text(call, outcome->error);
        if (outcome->result)
                call_bytes(call, outcome->result, outcome->result_size);
        add_words(call, letters, &outcome->words);
}

static int read_taken(const redisReply *row, struct jobs_taken **taken)
{
        struct jobs_bytes texts[4];
        struct job_options options;
        struct record record;
        int rc;

        if (row->type != REDIS_REPLY_ARRAY || row->elements != TAKEN_CELLS)
                return fail_strangely();
        rc = record_read(row->element[TAKEN_RECORD], &record);
        if (rc < 0)
                return rc;
        record_options(&record, &options);
        texts[JOBS_ID] = bytes_of(row->element[TAKEN_ID]);
        texts[JOBS_KIND] = record.texts[RECORD_KIND];
        texts[JOBS_QUEUE] = record.texts[RECORD_QUEUE];
        texts[JOBS_KEY] = record.texts[RECORD_KEY];
        *taken = jobs_taken_create(
            &(struct jobs_taken){
                .fence = (uint64_t)record_number(&record, RECORD_FENCE),
                .timeout = options.timeout,
                .backoff = options.backoff,
                .max_backoff = options.max_backoff,
                .created = record_number(&record, RECORD_CREATED),
                .due = record_number(&record, RECORD_DUE),
                .attempt = (int)record_number(&record, RECORD_ATTEMPT),
                .attempts = options.attempts,
            },
            texts, record_payload(&record, row->element[TAKEN_PAYLOAD]));
        return *taken ? 0 : -ENOMEM;
}

/* A job that is told again and is there no longer was finished by the first telling. */
static int read_code(const redisReply *code, bool is_again)
{
        int rc = code_error(number_of(code));

        return rc == EDDY_ENOJOB && is_again ? 0 : rc;
}

static int read_turn(const redisReply *reply, struct jobs_turn *turn, bool is_again)
{
        size_t head = 1 + turn->outcome_count;
        long long next;
        int rc = 0;

        if (reply->elements < head || reply->elements > head + turn->most)
                return fail_strangely();
        for (size_t i = 0; i < turn->outcome_count; i++)
                turn->outcomes[i].rc = read_code(reply->element[1 + i], is_again);
        for (size_t i = head; rc == 0 && i < reply->elements; i++) {
                rc = read_taken(reply->element[i], &turn->taken[turn->taken_count]);
                turn->taken_count += rc == 0;
        }
        next = number_of(reply->element[0]);
        turn->next = next < 0 ? EDDY_FOREVER : eddy_us(next);
        return rc;
}

static void forget_taken(struct jobs_turn *turn)
{
        while (turn->taken_count > 0)
                memory_free(turn->taken[--turn->taken_count]);
}

static void write_turn(struct call *call, const struct jobs_turn *turn, struct letters *letters, char id[40],
                       bool is_again)
{
        snprintf(id, 40, "%s%llu", call->store->nonce, (unsigned long long)turn->number);
        call_micros(call, turn->lease);
        call_text(call, turn->worker);
        call_text(call, id);
        call->again = call->argc;
        call_text(call, is_again ? "1" : "0");
        call_number(call, (long long)turn->most);
        call_number(call, (long long)turn->queue_count);
        for (size_t i = 0; i < turn->queue_count; i++)
                call_text(call, turn->queues[i]);
        for (size_t i = 0; i < turn->outcome_count; i++)
                add_outcome(call, &letters[i], &turn->outcomes[i]);
}

int redis_jobs_turn(struct jobs_engine *engine, struct jobs_turn *turn)
{
        struct letters *letters = NULL;
        struct call call;
        char id[40];
        bool is_again;
        int rc =
            call_begin(&call, engine, SCRIPT_TURN, HEAD + turn->queue_count + OF_OUTCOME * turn->outcome_count);

        turn->taken_count = 0;
        if (rc == 0 && turn->outcome_count > 0) {
                letters = memory_alloc(turn->outcome_count * sizeof *letters);
                if (!letters)
                        rc = -ENOMEM;
        }
        if (rc == 0)
                rc = jobs_again_note(&call.store->workers, turn, &is_again);
        if (rc == 0) {
                write_turn(&call, turn, letters, id, is_again);
                rc = call_run(&call, REDIS_REPLY_ARRAY);
        }
        if (rc == 0) {
                is_again = call.argv[call.again][0] == '1';
                rc = read_turn(call.reply, turn, is_again);
        }
        if (rc < 0)
                forget_taken(turn);
        call_end(&call);
        memory_free(letters);
        return rc;
}

int redis_jobs_renew(struct jobs_engine *engine, struct jobs_lease *leases, size_t n, eddy_duration lease)
{
        struct letters *letters = memory_alloc((n ? n : 1) * sizeof *letters);
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_RENEW, 1 + OF_LEASE * n);

        if (!letters)
                rc = -ENOMEM;
        if (rc == 0)
                call_micros(&call, lease);
        for (size_t i = 0; rc == 0 && i < n; i++) {
                call_text(&call, leases[i].id);
                call_number(&call, (long long)leases[i].fence);
                call_number(&call, leases[i].created);
                call_bytes(&call, letters[i].kinds, write_word_letters(&letters[i], 0, &leases[i].words));
                add_words(&call, &letters[i], &leases[i].words);
        }
        if (rc == 0)
                rc = call_run(&call, REDIS_REPLY_ARRAY);
        if (rc == 0 && call.reply->elements != n)
                rc = fail_strangely();
        for (size_t i = 0; rc == 0 && i < n; i++)
                leases[i].rc = code_error(number_of(call.reply->element[i]));
        call_end(&call);
        memory_free(letters);
        return rc;
}
