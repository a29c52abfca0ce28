#include "jobs/sqlite/rate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Files of older versions may have periods of 0. */
static int64_t width_of(const struct rate *rate)
{
        return rate->period > 0 ? (rate->period + RATE_SLOTS - 1) / RATE_SLOTS : 1;
}

/* From when on a slot's jobs count no longer. */
static int64_t end_of(const struct rate *rate, int64_t slot)
{
        return (slot + 1) * width_of(rate) + rate->period;
}

void rate_read(struct rate *rate, int64_t most, int64_t period, const char *text, size_t size, int64_t now)
{
        char copy[RATE_TEXT_SIZE], *place = copy;
        long long slot, count;
        int64_t current;
        int length;

        *rate = (struct rate){.most = most, .period = period};
        current = now / width_of(rate);
        snprintf(copy, sizeof copy, "%.*s", (int)size, text ? text : "");
        while (rate->n < RATE_SLOTS + 2 && sscanf(place, "%lld %lld%n", &slot, &count, &length) == 2) {
                place += length;
                if (slot > current) /* the clock was set back */
                        slot = current;
                if (end_of(rate, slot) <= now)
                        continue;
                rate->slots[rate->n] = slot;
                rate->counts[rate->n++] = count;
        }
}

int64_t rate_left(const struct rate *rate, int64_t now, int64_t *wait)
{
        int64_t used = 0;
        size_t i = 0;

        for (size_t k = 0; k < rate->n; k++)
                used += rate->counts[k];
        if (used < rate->most)
                return rate->most - used;
        while (i + 1 < rate->n && used - rate->counts[i] >= rate->most)
                used -= rate->counts[i++];
        *wait = end_of(rate, rate->slots[i]) - now;
        return 0;
}

void rate_note(struct rate *rate, int64_t n, int64_t now, char text[RATE_TEXT_SIZE])
{
        int64_t slot = now / width_of(rate);
        size_t size = 0;

        if (rate->n == 0 || rate->slots[rate->n - 1] != slot) {
                rate->slots[rate->n] = slot;
                rate->counts[rate->n++] = 0;
        }
        rate->counts[rate->n - 1] += n;
        text[0] = '\0';
        for (size_t i = 0; i < rate->n; i++)
                size += (size_t)snprintf(text + size, RATE_TEXT_SIZE - size, "%s%lld %lld", i ? " " : "",
                                         (long long)rate->slots[i], (long long)rate->counts[i]);
}
