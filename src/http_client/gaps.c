#include "http_client/gaps.h"

#include <stddef.h>

static bool is_gap(const struct gap *slot)
{
        return slot->next < slot->end;
}

void gaps_reset(struct gaps *gaps, int64_t next, int64_t end)
{
        *gaps = (struct gaps){.slots[0] = {.next = next, .end = end}};
}

struct gap *gaps_add(struct gaps *gaps, int64_t next, int64_t end)
{
        for (unsigned i = 0; i < GAPS_MAX; i++)
                if (!is_gap(&gaps->slots[i]) && !gaps->slots[i].is_taken) {
                        gaps->slots[i] = (struct gap){.next = next, .end = end};
                        return &gaps->slots[i];
                }
        return NULL;
}

static struct gap *first_from(struct gaps *gaps, int64_t at, bool may_be_taken)
{
        struct gap *first = NULL;

        for (unsigned i = 0; i < GAPS_MAX; i++) {
                struct gap *slot = &gaps->slots[i];

                if (is_gap(slot) && slot->next >= at && (may_be_taken || !slot->is_taken) &&
                    (!first || slot->next < first->next))
                        first = slot;
        }
        return first;
}

struct gap *gaps_from(struct gaps *gaps, int64_t at)
{
        return first_from(gaps, at, true);
}

struct gap *gaps_waiting_from(struct gaps *gaps, int64_t at)
{
        return first_from(gaps, at, false);
}

struct gap *gaps_split(struct gaps *gaps, struct gap *gap, int64_t at)
{
        struct gap *rest = gaps_add(gaps, at, gap->end);

        if (rest)
                gap->end = at;
        return rest;
}

unsigned gaps_count(const struct gaps *gaps)
{
        unsigned count = 0;

        for (unsigned i = 0; i < GAPS_MAX; i++)
                count += is_gap(&gaps->slots[i]);
        return count;
}
