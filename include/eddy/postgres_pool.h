/* A pool of connections to a PostgreSQL server. A part of eddy/postgres.h; errors are as eddy/postgres_connection.h has them. */
#ifndef EDDY_POSTGRES_POOL_H
#define EDDY_POSTGRES_POOL_H

#include <eddy/postgres_connection.h>

EDDY_BEGIN_DECLS

/** Connections that many coroutines borrow in turn. */
typedef struct eddy_postgres_pool eddy_postgres_pool;

/** How a pool is to be. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_postgres_pool_options {
        size_t size; /**< most connections at a time; 0: 10 */
        bool
            keeps_session; /**< lend connections as they were given back, with what SET, PREPARE, LISTEN, advisory locks
                                 and temporary tables left in them */
        void *reserved[4]; /**< zero */
} eddy_postgres_pool_options;

/**
 * Create a pool, empty at first: it connects as it is used.
 *
 * @param pool      receives it; give it back with eddy_postgres_pool_destroy()
 * @param conninfo  as for eddy_postgres_connect(); copied
 * @param options   may be NULL
 * @return 0
 * @retval EDDY_ENOLOOP  no loop runs
 * @retval -ENOMEM       no memory
 *
 * Does not suspend. asyncpg.create_pool().
 */
EDDY_API int eddy_postgres_pool_create_with(eddy_postgres_pool **pool, const char *conninfo,
                                            const eddy_postgres_pool_options *options);

/**
 * Create a pool of a size, as eddy_postgres_pool_create_with().
 *
 * @param size  most connections at a time, more than 0
 * @return 0
 * @retval EDDY_ENOLOOP  no loop runs
 * @retval -EINVAL       size is 0
 * @retval -ENOMEM       no memory
 *
 * Does not suspend. asyncpg.create_pool().
 */
EDDY_API int eddy_postgres_pool_create(eddy_postgres_pool **pool, const char *conninfo, size_t size);

/**
 * Borrow a connection; where all are out, wait for one. Who waits longest is served first.
 *
 * @param pg  receives it; give it back with eddy_postgres_pool_release()
 * @return 0
 * @retval EDDY_ESHUTDOWN  the pool is closed, or closes
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; bound the wait with EDDY_TIMEOUT_SCOPE()
 *
 * Else as eddy_postgres_connect(). Those that broke while they were idle are replaced. Suspends. Pool.acquire().
 */
EDDY_API EDDY_ASYNC int eddy_postgres_pool_acquire(eddy_postgres_pool *pool, eddy_postgres **pg);

/**
 * Give a connection back, to who waits longest.
 *
 * @param pg  NULL is allowed
 *
 * Whoever borrows it next finds it as if it were new. One that is broken, within a transaction, or on which something is
 * open, is closed, and another one made when it is needed. Where a statement may have left something in the session (a
 * setting, a lock, a temporary table, LISTEN, a prepared statement), DISCARD ALL is sent in the background, and the
 * connection lent when that is done. Statements that only read and write rows, and call no functions but the usual ones,
 * cost nothing. eddy_postgres_pool_options.keeps_session turns that off. Does not suspend. Pool.release().
 */
EDDY_API void eddy_postgres_pool_release(eddy_postgres_pool *pool, eddy_postgres *pg);

/** Run one statement on a connection of the pool: as eddy_postgres_pool_acquire(), eddy_postgres_query() and
 * eddy_postgres_pool_release(). Suspends. Pool.fetch(). */
EDDY_API EDDY_ASYNC int eddy_postgres_pool_query(eddy_postgres_pool *pool, PGresult **result, const char *sql,
                                                 const eddy_postgres_params *params);

/**
 * Lend nothing more, and wait until every connection is back. Who waits for one gets EDDY_ESHUTDOWN.
 *
 * @return 0
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; the pool is closing, and this can be called again
 * @retval EDDY_EBUSY                    another coroutine waits for the same
 * @retval EDDY_ENOTASK, EDDY_EWRONGLOOP, -ENOMEM
 *
 * Suspends. Pool.close().
 */
EDDY_API EDDY_ASYNC int eddy_postgres_pool_close(eddy_postgres_pool *pool);

/** Close a pool's idle connections and give it back. Call eddy_postgres_pool_close() first: who still waits for a
 * connection is told EDDY_ESHUTDOWN, and those that are out are closed when they are given back, as they still must be.
 * NULL is allowed. Does not suspend. */
EDDY_API void eddy_postgres_pool_destroy(eddy_postgres_pool *pool);

EDDY_END_DECLS

#endif
