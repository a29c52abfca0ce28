/* Durable jobs in PostgreSQL, enqueued within a transaction that does other things, too. Of libeddy-jobs-postgres: link with eddy-jobs,
 * eddy-jobs-postgres and eddy-postgres. */
#ifndef EDDY_JOBS_POSTGRES_H
#define EDDY_JOBS_POSTGRES_H

#include <eddy/jobs_store.h>
#include <eddy/postgres.h>

EDDY_BEGIN_DECLS

/**
 * Enqueue jobs on a connection of the caller's, to the database that the store is in: they exist exactly if its transaction commits, and
 * workers hear of them then. Without a transaction they exist at once.
 *
 *         rc = eddy_postgres_begin(pg);
 *         if (rc == 0)
 *                 rc = eddy_postgres_query(pg, NULL, "INSERT INTO orders VALUES ($1)", eddy_postgres_texts(order));
 *         if (rc == 0)
 *                 rc = eddy_jobs_enqueue_postgres(jobs, pg, &spec, 1, NULL);
 *         rc = eddy_postgres_end(pg, rc);
 *
 * @param jobs   a store in PostgreSQL, open
 * @param pg     a connection, whose role may use the store's schema
 * @param specs  n of them
 * @param added  receives what became of each, in order; may be NULL
 * @return 0, or an error as of eddy_jobs_enqueue(), after which the transaction can but be rolled back
 * @retval EDDY_EJOBSAWAY  the connection is lost, or the server had to refuse for now: two transactions that claim the same unique names in
 *                         different orders (eddy_postgres_sqlstate() is 40P01 then), or above READ COMMITTED saw others' (40001). The
 *                         whole transaction can be done again
 * @retval -EINVAL         also where the store is no PostgreSQL database
 *
 * The times of jobs count from this call and not from the commit. A job with a key is READY only after a worker's next turn. Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_jobs_enqueue_postgres(eddy_jobs *jobs, eddy_postgres *pg,
                                                   const eddy_job_spec *specs, size_t n, eddy_job_added *added);

EDDY_END_DECLS

#endif
