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
        bool is_entered;             /* by a coroutine */
        bool is_reading, is_writing; /* its socket is watched */
        int failure;                 /* of adding a statement to the pipeline */
        unsigned unsynced;           /* statements of the pipeline since its last sync */
        unsigned due;                /* results, rows or copies whose end has not been seen */
        unsigned syncs;              /* syncs that the server has not answered */
        char sqlstate[6];
};

/** Begin a call of a coroutine, while the connection is in this mode. 0, or why it may not; without 0, no
 * postgres_leave(). */
int postgres_enter(eddy_postgres *pg, enum mode mode);
void postgres_leave(eddy_postgres *pg);

/** Wait until something happened on the socket, which libpq may then look at. 0, or what interrupted it. */
EDDY_ASYNC int postgres_wait(eddy_postgres *pg);

/** Send all that libpq holds back, which it has to before it is worth waiting for results. 0 or an error. */
EDDY_ASYNC int postgres_flush(eddy_postgres *pg);

/** The next of libpq's results, once it is there whole; NULL where a statement has no more. 0 or an error. */
EDDY_ASYNC int postgres_next_result(eddy_postgres *pg, PGresult **result);

/** What a function of libpq that failed has to say, as an error of ours; -ECONNRESET where the connection broke. */
int postgres_failure(eddy_postgres *pg);

/** What a result says: 0, or the server's error. */
int postgres_outcome(eddy_postgres *pg, const PGresult *result);

/** Close it for good: nobody knows any more what the server would say next. */
void postgres_break(eddy_postgres *pg);

/** Be done with what was sent and not answered, asking the server to stop where `cancels`. Shielded. Afterwards the
 * connection is idle, or closed. 0 or -ECONNRESET. */
EDDY_ASYNC int postgres_settle(eddy_postgres *pg, bool cancels);

#endif
