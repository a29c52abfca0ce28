/* What an engine is told again after a lost reply. Each engine has a copy. */
#ifndef JOBS_AGAIN_H
#define JOBS_AGAIN_H

#include "jobs/engine.h"

/** Note a turn among those that workers told last, which begin as an empty list: 0 or -ENOMEM. `is_again`: its worker has told this very
 * one before. Of what that settled the store may know nothing any more, where nothing is kept. */
int jobs_again_note(eddy_link *workers, const struct jobs_turn *turn, bool *is_again);

/** Forget them. */
void jobs_again_free(eddy_link *workers);

/** How many lines of its log end a history of `size` bytes: those of an attempt that goes on, which begins with another line. What is before
 * them is not looked at. */
size_t jobs_again_count_logged(const char *history, size_t size);

/** The lines of `words->log` that are not there yet, where there are so many of this attempt's log. NULL: none. */
const char *jobs_again_log(const struct jobs_words *words, size_t logged);

#endif
