/* A connection to a PostgreSQL server: queries, streams of rows, pipelines, notifications, COPY. A part of eddy/postgres.h.
 *
 * Results are libpq's own PGresult, the caller's, given back with PQclear(). What a function says of errors holds
 * for all of them:
 *
 * - EDDY_EPOSTGRES: the server refused; the detail is its message, and eddy_postgres_sqlstate() its code.
 * - -ECONNRESET: the connection broke; what was sent may have run or not. It stays broken: connect anew, or use a
 *   pool, which does. -ENOTCONN: it was broken before, and nothing was sent.
 * - EDDY_CANCELLED, EDDY_TIMEOUT: the caller was interrupted. A query that runs is cancelled at the server, and the
 *   call returns when the server has let go; where it does not within 5 s the connection is closed. Afterwards it is
 *   usable or broken, never out of step. As with every cancellation, the query may have been faster.
 * - EDDY_EBUSY: another coroutine is using the connection, or rows, a pipeline or a COPY are open on it.
 * - EDDY_ENOTASK, EDDY_EWRONGLOOP: called outside a coroutine, or from another loop. -ENOMEM: no memory.
 */
#ifndef EDDY_POSTGRES_CONNECTION_H
#define EDDY_POSTGRES_CONNECTION_H

#include <eddy.h>
#include <libpq-fe.h>

EDDY_BEGIN_DECLS

#define EDDY_EPOSTGRES (-3940) /**< the PostgreSQL server refused; the detail is its answer */

/** A connection, which one coroutine uses at a time. */
typedef struct eddy_postgres eddy_postgres;

/**
 * Connect to a server.
 *
 * @param pg        receives the connection; give it back with eddy_postgres_destroy(). NULL where this fails
 * @param conninfo  as for PQconnectdb(), such as "host=/run/postgresql dbname=shop" or
 *                  "postgresql://ada@10.0.0.1/shop"; "" takes all from the environment. Its connect_timeout is that of each
 *                  address. Keep-alive is on, after 15 s, where it does not say otherwise
 * @return 0
 * @retval EDDY_EPOSTGRES                the server refused: no such database, a wrong password
 * @retval -ECONNREFUSED                 no server could be reached; the detail says why
 * @retval EDDY_ERESOLVE                 no host has an address
 * @retval -EINVAL                       conninfo is wrong
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT, EDDY_ENOTASK, -ENOMEM
 *
 * Only hosts named by a service's file does libpq look up itself, which blocks the loop for so long. Suspends.
 * asyncpg.connect().
 */
EDDY_API EDDY_ASYNC int eddy_postgres_connect(eddy_postgres **pg, const char *conninfo);

/** Close a connection and give it back. A coroutine that waits on it is told EDDY_ESHUTDOWN, and closes what it had open
 * as ever. What was open is cancelled by the server. NULL is allowed. Does not suspend. */
EDDY_API void eddy_postgres_destroy(eddy_postgres *pg);

/** Whether the connection works as far as is known: a server that closed it is noticed when the loop runs. */
EDDY_API bool eddy_postgres_is_open(const eddy_postgres *pg);

/** The server's five-letter code for the last failure on this connection, such as "23505"; "" where it had none.
 * Valid until the next call. */
EDDY_API const char *eddy_postgres_sqlstate(const eddy_postgres *pg);

/** libpq's connection, for what does not talk to the server: PQescapeLiteral(), PQserverVersion(),
 * PQsetNoticeProcessor() ... NULL once it is closed. */
EDDY_API PGconn *eddy_postgres_connection(eddy_postgres *pg);

/** What takes the place of $1, $2 ... in a query; as for PQsendQueryParams(). Zero, or NULL for the whole, is the
 * default of each. */
typedef struct eddy_postgres_params {
        int count;
        const char *const *values; /**< texts, or bytes where formats says so; NULL: SQL's NULL */
        const Oid *types;          /**< NULL, or 0 in it: the server infers them. Not for prepared statements */
        const int *sizes;          /**< of binary values, bytes */
        const int *formats;        /**< 1 each for binary, 0 for text; NULL: all are texts */
        bool binary;               /**< the results are to come in binary */
} eddy_postgres_params;

/** Parameters that are texts: eddy_postgres_texts("10", name). */
#define eddy_postgres_texts(...)                                                                               \
        (&(eddy_postgres_params){.count = sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *),        \
                                 .values = (const char *[]){__VA_ARGS__}})

/**
 * Run one statement and wait for all of its result.
 *
 * @param result  receives it, the caller's; NULL where this fails. May be NULL: nobody looks
 * @param sql     one statement
 * @param params  may be NULL
 * @return 0, or an error as above
 * @retval -EINVAL  libpq refused the parameters
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, and the server has stopped before it was done: nothing
 *                                       happened. Where it was done by then the call succeeds
 *
 * Suspends. asyncpg's Connection.fetch().
 */
EDDY_API EDDY_ASYNC int eddy_postgres_query(eddy_postgres *pg, PGresult **result, const char *sql,
                                            const eddy_postgres_params *params);

/**
 * Run statements, separated by semicolons: one transaction, unless they say otherwise. The first error ends them.
 *
 * @param result  receives that of the last statement, or as for eddy_postgres_query(). COPY ... FROM STDIN and TO
 *                STDOUT begin a copy: see eddy_postgres_copy_put() and eddy_postgres_copy_get()
 * @return 0, or an error as above
 *
 * Suspends. asyncpg's Connection.execute().
 */
EDDY_API EDDY_ASYNC int eddy_postgres_exec(eddy_postgres *pg, PGresult **result, const char *sql);

/**
 * Prepare a statement under a name, for as long as the connection lives.
 *
 * @param types  of its parameters, or NULL: the server infers them
 * @param n      how many types there are
 * @return 0, or an error as above
 *
 * Suspends. asyncpg's Connection.prepare().
 */
EDDY_API EDDY_ASYNC int eddy_postgres_prepare(eddy_postgres *pg, const char *name, const char *sql,
                                              const Oid *types, int n);

/** Run a prepared statement, as eddy_postgres_query(). Suspends. */
EDDY_API EDDY_ASYNC int eddy_postgres_query_prepared(eddy_postgres *pg, PGresult **result, const char *name,
                                                     const eddy_postgres_params *params);

/**
 * Begin a transaction.
 *
 *         rc = eddy_postgres_begin(pg);
 *         if (rc == 0)
 *                 rc = transfer(pg, from, to, amount);
 *         rc = eddy_postgres_end(pg, rc);
 *
 * @return 0, or an error as above
 *
 * Suspends. asyncpg's Connection.transaction().
 */
EDDY_API EDDY_ASYNC int eddy_postgres_begin(eddy_postgres *pg);

/**
 * End a transaction: commit it where all went well, else roll it back. Where it was not begun this does nothing.
 *
 * @param rc  how it went: 0, a value, or an error
 * @return rc; or why committing failed. EDDY_EPOSTGRES where the server rolled back since a statement had failed
 *
 * The rollback happens in a shield, so also when the caller was interrupted. Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_postgres_end(eddy_postgres *pg, int rc);

/**
 * Run one statement whose rows are taken one by one as they come: memory for one row, however many there are.
 *
 * @return 0, or an error as above; the statement's own comes with the first row. Close it with
 *         eddy_postgres_close_rows() in any case but an error
 *
 * Suspends. asyncpg's Connection.cursor().
 */
EDDY_API EDDY_ASYNC int eddy_postgres_open_rows(eddy_postgres *pg, const char *sql,
                                                const eddy_postgres_params *params);

/**
 * Wait for the next row.
 *
 * @param row  receives a result of one row, the caller's
 * @return 0, or an error as above, among them those of the server in the middle of the rows
 * @retval EDDY_ENOMORE  there are no more
 *
 * Interrupted, it can be called again: no row is lost. Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_postgres_next_row(eddy_postgres *pg, PGresult **row);

/** Be done with rows. Where there are more, the server is asked to stop and they are dropped, in a shield. 0, or
 * -ECONNRESET where that broke the connection. Suspends. */
EDDY_API EDDY_ASYNC int eddy_postgres_close_rows(eddy_postgres *pg);

/**
 * Begin a pipeline: statements are sent without waiting for the results of those before them. Those up to the first
 * eddy_postgres_pipeline_result() are one transaction, and so are those up to the next one that has to send.
 *
 * @return 0, or an error as above. Close it with eddy_postgres_pipeline_close()
 *
 * Does not suspend.
 */
EDDY_API int eddy_postgres_pipeline_open(eddy_postgres *pg);

/** Add a statement. 0, or an error as above, which may go unchecked: then eddy_postgres_pipeline_result() says so, and
 * none of those that were to be one transaction with it has an effect. Does not suspend: what the socket does not
 * take at once waits. */
EDDY_API int eddy_postgres_pipeline_query(eddy_postgres *pg, const char *sql,
                                          const eddy_postgres_params *params);

/** Add a prepared statement, as eddy_postgres_pipeline_query(). Does not suspend. */
EDDY_API int eddy_postgres_pipeline_query_prepared(eddy_postgres *pg, const char *name,
                                                   const eddy_postgres_params *params);

/**
 * Send what was added, and wait for the next result, in order.
 *
 * @param result  as for eddy_postgres_query()
 * @return 0, or an error of this statement as above
 * @retval EDDY_EPOSTGRES  also where it was not run since one before it failed; the detail says so
 * @retval EDDY_ENOMORE    every result has been taken
 *
 * Interrupted, it can be called again. Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_postgres_pipeline_result(eddy_postgres *pg, PGresult **result);

/** End a pipeline. Results that nobody took are dropped, and the statements cancelled, in a shield; where adding one had
 * failed the connection is closed. 0, or -ECONNRESET where the connection is closed or broke. Suspends. */
EDDY_API EDDY_ASYNC int eddy_postgres_pipeline_close(eddy_postgres *pg);

/**
 * Wait for the next notification of a channel that eddy_postgres_exec(pg, NULL, "LISTEN channel") listens to.
 *
 * @param notification  receives it, the caller's, given back with PQfreemem()
 * @return 0, or an error as above
 *
 * Those that come while the connection does other things are kept. Interrupted, it loses none. Suspends.
 * asyncpg's Connection.add_listener().
 */
EDDY_API EDDY_ASYNC int eddy_postgres_next_notification(eddy_postgres *pg, PGnotify **notification);

/**
 * Send data of COPY ... FROM STDIN, in pieces of any size.
 *
 * @return 0, or an error as above; finish with eddy_postgres_copy_end() also then
 *
 * Suspends while the server is behind.
 */
EDDY_API EDDY_ASYNC int eddy_postgres_copy_put(eddy_postgres *pg, const void *data, size_t n);

/**
 * Finish a copy.
 *
 * @param error  NULL: all is well. Else what the server is to say of it, and nothing is copied. What COPY ... TO
 *               STDOUT has not delivered is dropped
 * @return 0: it is done; or an error as above
 *
 * Suspends. Interrupted, it ends the copy all the same.
 */
EDDY_API EDDY_ASYNC int eddy_postgres_copy_end(eddy_postgres *pg, const char *error);

/**
 * Wait for the next row of COPY ... TO STDOUT.
 *
 * @param row  receives its bytes, the caller's, given back with PQfreemem(); NULL at the end
 * @return how many bytes; 0 at the end, when eddy_postgres_copy_end() is to be called; or an error as above
 *
 * So come the messages of START_REPLICATION, where the connection is one of replication: they can be read, not answered, until
 * eddy_postgres_copy_end() ends it. Suspends.
 */
EDDY_API EDDY_ASYNC ssize_t eddy_postgres_copy_get(eddy_postgres *pg, char **row);

EDDY_END_DECLS

#endif
