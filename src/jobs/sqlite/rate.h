/* A queue's rate: what begins is counted in slots of a 64th of its period, and each job may begin of which no more than so many have
 * within the period before. A slot counts until all of it is that long ago. docs/jobs-format.md has the text. */
#ifndef JOBS_SQLITE_RATE_H
#define JOBS_SQLITE_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RATE_SLOTS = 64, RATE_TEXT_SIZE = (RATE_SLOTS + 3) * 42 };

struct rate {
        int64_t most, period; /* so many jobs within so many microseconds */
        int64_t slots[RATE_SLOTS + 3], counts[RATE_SLOTS + 3];
        size_t n;
};

/** Read what `text` says, but for what is too long ago. */
void rate_read(struct rate *rate, int64_t most, int64_t period, const char *text, size_t size, int64_t now);

/** How many may begin now; where that is 0, `wait` receives in how many microseconds one may. */
int64_t rate_left(const struct rate *rate, int64_t now, int64_t *wait);

/** So many have begun: the text of that. */
void rate_note(struct rate *rate, int64_t n, int64_t now, char text[RATE_TEXT_SIZE]);

#endif
