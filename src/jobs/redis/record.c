/* A job's record: numbers of fixed size, and texts behind them. */
#include "jobs/redis/store.h"

#include <stdio.h>
#include <stdlib.h>

enum { HEAD_SIZE = 76 };

/* Where each number is, and its bytes. */
static const struct {
        unsigned char at, size;
} numbers[] = {
    [RECORD_STATE] = {0, 1},         [RECORD_FLAGS] = {1, 2},  [RECORD_FENCE] = {10, 4},
    [RECORD_ATTEMPT] = {14, 4},      [RECORD_PLACE] = {18, 8}, [RECORD_DUE] = {26, 8},
    [RECORD_CREATED] = {34, 8},      [RECORD_BEGUN] = {50, 8}, [RECORD_ENDED] = {58, 8},
    [RECORD_PAYLOAD_SIZE] = {72, 4},
};

/* The first text's size is here, and those of the next are behind it. */
enum { SIZES_AT = 66 };

static const struct job_options defaults = {
    .attempts = 20, .backoff = 10000000000, .max_backoff = 3600000000000};

void options_write(char text[OPTIONS_SIZE], const struct job_options *options)
{
        text[0] = '\0';
        if (options->attempts != defaults.attempts || options->yields_key || options->timeout > 0 ||
            options->backoff != defaults.backoff || options->max_backoff != defaults.max_backoff)
                snprintf(text, OPTIONS_SIZE, "%d %lld %lld %lld %d", options->attempts,
                         micros_of(options->timeout), micros_of(options->backoff),
                         micros_of(options->max_backoff), options->yields_key);
}

void record_options(const struct record *record, struct job_options *options)
{
        struct jobs_bytes line = record->texts[RECORD_OPTIONS];
        long long timeout, backoff, max_backoff;
        char text[OPTIONS_SIZE];
        int yields_key;

        *options = defaults;
        snprintf(text, sizeof text, "%.*s", (int)line.size, line.data ? (const char *)line.data : "");
        if (sscanf(text, "%d %lld %lld %lld %d", &options->attempts, &timeout, &backoff, &max_backoff,
                   &yields_key) != 5)
                return;
        options->timeout = eddy_us(timeout);
        options->backoff = eddy_us(backoff);
        options->max_backoff = eddy_us(max_backoff);
        options->yields_key = yields_key;
}

long long record_number(const struct record *record, enum record_number number)
{
        const unsigned char *place = record->head + numbers[number].at;
        uint64_t value = 0;

        for (int i = numbers[number].size - 1; i >= 0; i--)
                value = value << 8 | place[i];
        return (long long)value;
}

bool record_has(const struct record *record, enum record_flag flag)
{
        return record_number(record, RECORD_FLAGS) & flag;
}

/* The next text of a record, no data where it is empty; false: it is not there. */
static bool take_text(const char **place, const char *end, size_t size, struct jobs_bytes *text)
{
        if ((size_t)(end - *place) < size)
                return false;
        *text = (struct jobs_bytes){size > 0 ? *place : NULL, size};
        *place += size;
        return true;
}

/* "WORKER\nTURN": the turn is between the scripts. */
static struct jobs_bytes without_turn(struct jobs_bytes holder)
{
        const char *stop = holder.data ? memchr(holder.data, '\n', holder.size) : NULL;

        return stop ? (struct jobs_bytes){holder.data, (size_t)(stop - (const char *)holder.data)} : holder;
}

int record_read(const redisReply *reply, struct record *record)
{
        const char *place = reply->str, *end = reply->str + reply->len;
        struct jobs_bytes *texts = record->texts;
        const unsigned char *sizes;

        if (reply->type != REDIS_REPLY_STRING || (size_t)reply->len < HEAD_SIZE)
                return fail_strangely();
        record->head = (const unsigned char *)place;
        sizes = record->head + SIZES_AT;
        place += HEAD_SIZE;
        for (int i = RECORD_QUEUE; i <= RECORD_OPTIONS; i++)
                if (!take_text(&place, end, sizes[i], &texts[i]))
                        return fail_strangely();
        if (!take_text(&place, end, (size_t)record_number(record, RECORD_PAYLOAD_SIZE), &record->payload) ||
            !take_text(&place, end, sizes[RECORD_WORKER], &texts[RECORD_WORKER]))
                return fail_strangely();
        texts[RECORD_WORKER] = without_turn(texts[RECORD_WORKER]);
        record->result = (struct jobs_bytes){place, (size_t)(end - place)};
        return 0;
}

struct jobs_bytes record_payload(const struct record *record, const redisReply *beside)
{
        if (beside->type == REDIS_REPLY_STRING)
                return bytes_of(beside);
        return record->payload.data ? record->payload : (struct jobs_bytes){"", 0};
}

struct jobs_bytes record_result(const struct record *record, const redisReply *beside)
{
        if (beside->type == REDIS_REPLY_STRING)
                return bytes_of(beside);
        return record_has(record, RECORD_HAS_RESULT) ? record->result : (struct jobs_bytes){0};
}
