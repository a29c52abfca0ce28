/* libpq's connection on eddy's loop. */
#ifndef POSTGRES_CONNECTION_H
#define POSTGRES_CONNECTION_H

#include "base/list.h"
#include <eddy/postgres.h>

/** What is going on on a connection between two calls. */
enum mode { IDLE, ROWS, PIPELINE, COPY_IN, COPY_OUT };

struct eddy_postgres {
        eddy_link link; /* in its pool's idle list, while it is there */
        eddy_loop *loop;
        PGconn *conn;       /* NULL: closed, since it was broken */
        int fd;             /* its socket, which libpq closes when it likes; -1: gone */
        eddy_future *event; /* what the coroutine within one of our functions awaits; or NULL */
        enum mode mode;
        struct eddy_postgres_pool *pool; /* that it is reset for; or NULL */
        const eddy_task *user;           /* the coroutine within one of our functions; or NULL */
        unsigned holders;                /* its owner, and the function that a coroutine is in */
        bool in_transaction, has_open;   /* a transaction; rows, a pipeline or a copy: not closed yet */
        bool is_destroyed;               /* its owner has let go */
        bool is_soiled;                  /* something may be left in its session */
        bool is_reading, is_writing;     /* its socket is watched */
        int failure;                     /* of adding a statement to the pipeline */
        unsigned unsynced;               /* statements of the pipeline since its last sync */
        unsigned due;                    /* results, rows or copies whose end has not been seen */
        unsigned syncs;                  /* syncs that the server has not answered */
        char sqlstate[6];
};

/** Begin a call of a coroutine, while the connection is in this mode. 0, or why it may not; without 0, no
 * postgres_leave(). */
int postgres_enter(eddy_postgres *pg, enum mode mode);

/** As postgres_enter(), where an interruption that is in force refuses the call. */
int postgres_enter_uninterrupted(eddy_postgres *pg, enum mode mode);

/** End it. The connection may be no more then: somebody destroyed it meanwhile. */
void postgres_leave(eddy_postgres *pg);

/** Keep its memory until postgres_let_go(). */
void postgres_hold(eddy_postgres *pg);
void postgres_let_go(eddy_postgres *pg);

/** Wait until something happened on the socket, which libpq may then look at. 0, or what interrupted it. */
EDDY_ASYNC int postgres_wait(eddy_postgres *pg);

/** Send all that libpq holds back, which it has to before it is worth waiting for results. 0 or an error. */
EDDY_ASYNC int postgres_flush(eddy_postgres *pg);

/** What is open across calls (in_transaction, has_open) is being closed. Where the connection was destroyed under its user,
 * the memory has stayed for this. True: so it was, and it may be no more. */
bool postgres_end_span(eddy_postgres *pg, bool *span);

/** The next of libpq's results, once it is there whole; NULL where a statement has no more. 0 or an error. One that lies in
 * the socket when the task is interrupted is handed over. */
EDDY_ASYNC int postgres_next_result(eddy_postgres *pg, PGresult **result);

/** What a function of libpq that failed has to say, as an error of ours; -ECONNRESET where the connection broke. */
int postgres_failure(eddy_postgres *pg);

/** What a result says: 0, or the server's error. */
int postgres_outcome(eddy_postgres *pg, const PGresult *result);

/** Close it for good: nobody knows any more what the server would say next. */
void postgres_break(eddy_postgres *pg);

/** Whether a result says that a copy begins; one in both directions is replication. */
static inline bool postgres_begins_copy(const PGresult *result)
{
        ExecStatusType status = PQresultStatus(result);

        return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/** Of several results the last counts, or the error that ended them. */
void postgres_keep_last(PGresult **last, PGresult *result);

/** Be done with what was sent and not answered, asking the server to stop where `cancels`. Shielded. Afterwards the
 * connection is idle, or closed.
 *
 * @param last  collects the results, as postgres_keep_last() does, but for copies; NULL: they are dropped
 * @return 0 or -ECONNRESET
 */
EDDY_ASYNC int postgres_settle(eddy_postgres *pg, bool cancels, PGresult **last);

#endif
