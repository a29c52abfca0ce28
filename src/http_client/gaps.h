/* What of a file is missing: ranges of bytes, none of which touches another. */
#ifndef HTTP_CLIENT_GAPS_H
#define HTTP_CLIENT_GAPS_H

#include <stdbool.h>
#include <stdint.h>

enum { GAPS_MAX = 32 };

/** Bytes from `next` to before `end`; nothing where these are the same. It stays where it is while it is filled, and so
 * may be pointed to. */
struct gap {
        int64_t next, end;
        bool is_taken; /* somebody is filling it */
};

/** In no order. Owned by a part. */
struct gaps {
        struct gap slots[GAPS_MAX];
};

/** Forget all, and have one gap, or none where it is empty. */
void gaps_reset(struct gaps *gaps, int64_t next, int64_t end);

/** Add one; NULL where there are too many. */
struct gap *gaps_add(struct gaps *gaps, int64_t next, int64_t end);

/** The first that begins at this byte or behind it; NULL: none. */
struct gap *gaps_from(struct gaps *gaps, int64_t at);

/** The first of those that nobody fills. */
struct gap *gaps_waiting_from(struct gaps *gaps, int64_t at);

/** Divide one: what is behind `at`, which lies within it, becomes a gap of its own, which nobody fills. NULL where there
 * are too many. */
struct gap *gaps_split(struct gaps *gaps, struct gap *gap, int64_t at);

/** How many there are. */
unsigned gaps_count(const struct gaps *gaps);

#endif
