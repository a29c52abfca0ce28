/* A job's steps from state to state, as engine.h has them. All of it on a lane's thread, within a transaction. */
#ifndef JOBS_SQLITE_LIFE_H
#define JOBS_SQLITE_LIFE_H

#include "jobs/sqlite/statement.h"

enum { NAME_ROOM = 101 };

/* What deciding needs of a job. */
struct row {
        int64_t seq, fence, unique_until, created, started;
        int state, attempt, attempts,
            verdict; /* the last one that was told of it since it was taken; -1: none */
        bool has_key, has_turn, yields_key, is_cancelling, has_progress,
            is_untold; /* its attempt has no line yet, and the next one that is written has the first before it */
        char key[NAME_ROOM], queue[NAME_ROOM], worker[EDDY_JOB_ID_SIZE], id[EDDY_JOB_ID_SIZE];
};

/** 0; EDDY_ENOJOB; or an error. */
int row_find(struct lane *lane, const char *id, struct row *row);

/** Whether a worker has it that took it with this fence, when it had been enqueued then (0: whenever). */
bool row_is_taken(const struct row *row, uint64_t fence, eddy_job_time created);

/** That on which FIND_DUE or FIND_LAPSED stands. */
void row_read(const struct statement *s, struct row *row);

/** READY, or HELD where another one has the key's turn: what to give it as its state, and whether it has the turn. 0 or an error. */
int key_enter(struct lane *lane, const char *key, bool has_turn, int *state, bool *takes_turn);

/** Make ready one that waited: 0 or an error. */
int row_make_ready(struct lane *lane, const struct row *row);

/** Have its queue's counters count an end, or an attempt that failed, once they are settled: 0 or an error. */
int row_count(struct lane *lane, const struct row *row, bool is_finished, bool has_failed);

/** Write down what was counted, at the end of whatever counts: 0 or an error. What looks at queues begins without what is known of them from
 * before: another function may have changed them. */
int queue_settle(struct lane *lane);

/** Finish it: DONE, DEAD or CANCELLED. 0 or an error. */
int row_finish(struct lane *lane, const struct row *row, eddy_job_state state, int64_t now,
               struct jobs_bytes result);

/** Forget it: 0 or an error. */
int row_discard(struct lane *lane, const struct row *row);

/** Have it wait until `due`; `refund` is 1 where it cost no attempt. 0 or an error. */
int row_schedule(struct lane *lane, const struct row *row, int64_t due, int refund);

/** Give it back at once: 0 or an error. */
int row_give_back(struct lane *lane, const struct row *row, int refund);

/** A line of its history: 0 or an error. `text` has no line's end. */
int row_write(struct lane *lane, struct row *row, int64_t now, const char *what, const char *text, size_t size);

/** Have a line that says when its attempt began, and with whom, be written with the next one, unless the attempt's log has it before: 0 or an
 * error. Comes before whatever ends an attempt but its being done. Gives how many lines of its log there are. */
int row_begin_history(struct lane *lane, struct row *row, size_t *logged);

/** What its handler said: 0 or an error. */
int row_write_words(struct lane *lane, struct row *row, int64_t now, const struct jobs_words *words);

#endif
