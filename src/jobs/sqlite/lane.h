/* A connection to the file, the thread that uses it, and the transactions in which it does what coroutines ask for. */
#ifndef JOBS_SQLITE_LANE_H
#define JOBS_SQLITE_LANE_H

#include "jobs/engine.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

enum { SQLITE_STATEMENTS_MOST = 64 };

/* A queue that a function has looked at, and what it has counted of it; the thread's. */
struct lane_queue {
        char name[EDDY_JOB_ID_SIZE]; /* "": none */
        int64_t keep_done, keep_dead;
        int64_t finished, failed;
};

struct lane {
        sqlite3 *db;
        sqlite3_stmt *statements[SQLITE_STATEMENTS_MOST]; /* by number, each prepared when it is first needed */
        eddy_executor *executor;                          /* of one thread */
        eddy_duration patience;                           /* how long a request waits for other processes */
        int64_t busy_until;    /* the thread waits for them that long: of the monotonic clock, nanoseconds */
        int64_t version;       /* of the file, as the last transaction that wrote found it; 0: there was none */
        int64_t wrote;         /* when this connection did so last, by that clock, as the next two */
        int64_t gave_way;      /* since when it has always had something to write */
        int64_t others_wrote;  /* as far as was seen */
        pthread_mutex_t mutex; /* over what comes here */
        eddy_link waiting;     /* requests */
        uint64_t submitted;    /* runs that the thread was asked for, */
        uint64_t ran;          /* those that it has begun, */
        uint64_t ran_in_vain;  /* and up to which it need not look: another process was just found to write */
        struct lane_queue queue;
        unsigned effects;        /* enum lane_effect: what the function that runs has done; the thread's */
        char detail[256];        /* of the last failure; the thread's */
        atomic_bool is_given_up; /* by who opens it */
};

/** What somebody may have waited for. */
enum lane_effect {
        LANE_MADE_READY = 1, /* there are jobs to take now that there were not before */
        LANE_ENDED = 2,      /* a job is finished that the caller does not know of */
};

/** What is done within a transaction, on the lane's thread: 0 or more, or an error, and then all that it did is undone. */
typedef int lane_fn(struct lane *lane, void *arg);

/** Open a connection. Called on any thread, which it blocks: 0 or an error, whose words are in lane->detail. Other processes are
 * waited for as long as `patience` says, from now on, or until lane->is_given_up, until it is started. */
int lane_open(struct lane *lane, const char *path, int flags, eddy_duration patience);

/** Run statements that give nothing, on whatever thread has the connection: 0 or an error. */
int lane_execute(struct lane *lane, const char *sql);

/** Begin to take requests: 0 or an error. */
int lane_start(struct lane *lane);

/** Close it, when no request is left; suspends. A lane that was never opened is all zero, and is let be. */
void lane_close(struct lane *lane);

/**
 * Have a function called within a transaction, with those that other coroutines ask for meanwhile: what it returns, once that is
 * durable, or why it is not. An interruption of the caller ends the wait for other processes, and is returned; once the transaction has
 * begun, it waits for its end. `effects` receives what the function did; may be NULL.
 */
int lane_call(struct lane *lane, lane_fn *fn, void *arg, unsigned *effects);

/** As lane_call(), of what only reads: no other process is kept from writing meanwhile. */
int lane_look(struct lane *lane, lane_fn *fn, void *arg);

/** On the lane's thread: keep the words of SQLite's last failure, and the error that it comes to. */
int lane_failure(struct lane *lane, int code);

/** On the lane's thread: fail with words of one's own. */
__attribute__((format(printf, 3, 4))) int lane_fail(struct lane *lane, int rc, const char *format, ...);

#endif
