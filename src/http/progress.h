/* Whether a client takes what is sent to it.
 *
 * Who is to receive and makes progress is not late: when its time has passed, it has it anew if it has acknowledged
 * bytes meanwhile. A slow reader's kernel acknowledges in steps, a good part of its window at a time, so whoever has
 * taken a large step may keep silent for some times more: `timeout` for each 16 KiB of the step, of which 64 count. */
#ifndef HTTP_PROGRESS_H
#define HTTP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/** What a client had taken when it was looked at last. */
struct progress {
        uint64_t taken;
        unsigned patience; /* how many times more it may be looked at without having taken anything */
};

/** A number that changes when the peer of a socket takes some of what was sent to it; of TCP, how many bytes it has
 * acknowledged. */
uint64_t http_progress(int fd);

/** Whether a client that has had its time has it anew. */
bool progress_excuses(struct progress *progress, int fd);

#endif
