/* Statements, prepared once for each connection. On the lane's thread alone. */
#ifndef JOBS_SQLITE_STATEMENT_H
#define JOBS_SQLITE_STATEMENT_H

#include "jobs/sqlite/lane.h"

/* Each has its text in statement.c. */
enum query {
        ADD_JOB,
        ADD_QUEUE,
        FIND_JOB,
        FIND_UNIQUE,
        FREE_UNIQUE,
        TAKE_KEY,
        PASS_KEY,
        FINISH_JOB,
        SCHEDULE_JOB,
        GIVE_JOB_BACK,
        WRITE_WORDS,
        WRITE_HISTORY,
        FIND_HISTORY,
        COUNT_FINISHED,
        FIND_DUE,
        FIND_LAPSED,
        MAKE_READY,
        FIND_QUEUE,
        NOTE_BEGUN,
        COUNT_RUNNING,
        TAKE_JOBS,
        TAKE_AGAIN,
        NEXT_MOMENT,
        RENEW_LEASE,
        GET_JOB,
        LIST_JOBS,
        LIST_DEAD,
        LIST_RUNNING,
        FIND_FINISHED,
        READ_FINISHED,
        FIND_QUEUE_NAMES,
        RETRY_JOB,
        ASK_TO_CANCEL,
        DISCARD_JOB,
        SET_QUEUE,
        PAUSE_QUEUE,
        LIST_QUEUES,
        COUNT_SCHEDULED,
        COUNT_HELD,
        COUNT_READY,
        COUNT_ALL_RUNNING,
        COUNT_ENDED,
        FIND_DUE_OF,
        SWEEP_DONE,
        SWEEP_DEAD,
        FIND_CANCELLING,
        DATA_VERSION,
        USER_VERSION,
        LIST_CRONS,
        LIST_DUE_CRONS,
        SOONEST_CRON,
        SET_CRON,
        REMOVE_CRON,
        FIRE_CRON,
        QUERIES,
};

_Static_assert((int)QUERIES <= (int)SQLITE_STATEMENTS_MOST, "a lane has room for each");

/* One that runs. What fails is remembered, so that only its end need be looked at. */
struct statement {
        struct lane *lane;
        sqlite3_stmt *stmt; /* NULL: it could not be prepared */
        int bound;          /* parameters so far */
        bool is_over;       /* another step would begin anew */
        int rc;             /* 0, or why it failed */
};

/** Begin one; end it with statement_end() in any case. */
struct statement statement_begin(struct lane *lane, enum query query);

/* Bind the next parameter. Texts and bytes must stay until the end; NULL: SQL's. */
void bind_number(struct statement *s, int64_t number);
void bind_real(struct statement *s, double number);
void bind_text(struct statement *s, const char *text);
void bind_bytes(struct statement *s, const void *data, size_t size);

/** Step to the next row: whether there is one. */
bool statement_row(struct statement *s);

/** Step to its end where it has none, and be done with it: 0 or an error. */
int statement_end(struct statement *s);

/** Run one that gives no rows: statement_end(). */
int statement_run(struct statement *s);

/* A column of the row. What they give lives until the next step. */
int64_t column_number(const struct statement *s, int column);
double column_real(const struct statement *s, int column);
struct jobs_bytes column_bytes(const struct statement *s, int column);

/** The clock of this store, which is this machine's: microseconds since 1970. */
int64_t store_now(void);

#endif
