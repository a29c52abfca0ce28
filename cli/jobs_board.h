/* What `eddy jobs work` shows: a line for each thing that happens, and at a terminal, below them, the jobs that run. The loop never waits for
 * who reads. */
#ifndef CLI_JOBS_BOARD_H
#define CLI_JOBS_BOARD_H

#include <eddy/jobs.h>

struct jobs_board;

/** A job that runs. Its owner's; linked in the board until it is taken off. */
struct jobs_shown {
        char name[96]; /* kind and id */
        double progress;
        char note[256];
        eddy_time begun;
        struct jobs_shown *next, **place;
};

/** NULL: no memory, or no thread. */
struct jobs_board *jobs_board_create(void);

/** Say a line. */
__attribute__((format(printf, 2, 3))) void jobs_board_say(struct jobs_board *board, const char *format, ...);

/** Show a job that begins, until it is taken off. */
void jobs_board_add(struct jobs_board *board, struct jobs_shown *shown, const eddy_job *job);
void jobs_board_remove(struct jobs_board *board, struct jobs_shown *shown);

/** Write what is left, for a moment, and give it back: false, where not all of it was taken. NULL is allowed. */
bool jobs_board_destroy(struct jobs_board *board);

#endif
