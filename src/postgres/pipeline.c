/* Statements that do not wait for each other. */
#include "postgres/query.h"

int eddy_postgres_pipeline_open(eddy_postgres *pg)
{
        int rc = postgres_enter(pg, IDLE);

        if (rc < 0)
                return rc;
        pg->failure = 0;
        if (PQenterPipelineMode(pg->conn)) {
                pg->mode = PIPELINE;
                pg->has_open = true;
        } else {
                rc = postgres_failure(pg);
        }
        postgres_leave(pg);
        return rc;
}

/* What the socket does not take now, libpq keeps; its failure will be that of the results. */
static int append(eddy_postgres *pg, int sent)
{
        int rc = sent ? 0 : postgres_failure(pg);

        if (sent) {
                pg->unsynced++;
                pg->due++;
        } else if (pg->failure == 0) {
                pg->failure = rc;
        }
        postgres_leave(pg);
        return rc;
}

int eddy_postgres_pipeline_query(eddy_postgres *pg, const char *sql, const eddy_postgres_params *params)
{
        int rc = postgres_enter(pg, PIPELINE);

        return rc < 0 ? rc : append(pg, postgres_send(pg, sql, params));
}

int eddy_postgres_pipeline_query_prepared(eddy_postgres *pg, const char *name,
                                          const eddy_postgres_params *params)
{
        int rc = postgres_enter(pg, PIPELINE);

        return rc < 0 ? rc : append(pg, postgres_send_prepared(pg, name, params));
}

/* Without a sync the server keeps results to itself, and commits nothing. Where some of a transaction could not be
 * added there must be none. */
static int sync(eddy_postgres *pg)
{
        if (pg->failure < 0)
                return eddy_fail(pg->failure, "a statement could not be added to the pipeline");
        if (pg->unsynced == 0)
                return 0;
        if (!PQpipelineSync(pg->conn))
                return postgres_failure(pg);
        pg->unsynced = 0;
        pg->syncs++;
        return 0;
}

/* Between the results of statements libpq puts NULLs, and results for the syncs. */
static int next_result(eddy_postgres *pg, PGresult **result)
{
        for (;;) {
                int rc = postgres_next_result(pg, result);

                if (rc < 0)
                        return rc;
                if (!eddy_postgres_is_open(pg)) {
                        PQclear(*result);
                        return postgres_failure(pg);
                }
                if (*result && PQresultStatus(*result) != PGRES_PIPELINE_SYNC)
                        return 0;
                if (*result)
                        pg->syncs--;
                PQclear(*result);
        }
}

static int take_result(eddy_postgres *pg, PGresult **result_out)
{
        PGresult *result = NULL;
        int rc;

        if (pg->due == 0 && pg->failure == 0)
                return EDDY_ENOMORE;
        /* Results of what was synced before it failed can still be had. */
        rc = pg->due > pg->unsynced && pg->failure < 0 ? 0 : sync(pg);
        if (rc == 0)
                rc = postgres_flush(pg);
        if (rc == 0)
                rc = next_result(pg, &result);
        if (rc < 0)
                return rc;
        pg->due--;
        rc = postgres_outcome(pg, result);
        if (rc == 0 && result_out)
                *result_out = result;
        else
                PQclear(result);
        return rc;
}

int eddy_postgres_pipeline_result(eddy_postgres *pg, PGresult **result)
{
        int rc = postgres_enter_uninterrupted(pg, PIPELINE);

        if (result)
                *result = NULL;
        if (rc < 0)
                return rc;
        rc = take_result(pg, result);
        postgres_leave(pg);
        return rc;
}

int eddy_postgres_pipeline_close(eddy_postgres *pg)
{
        int rc;

        if (postgres_end_span(pg, &pg->has_open))
                return -ECONNRESET;
        if (pg->mode != PIPELINE)
                return 0;
        rc = postgres_enter(pg, PIPELINE);
        if (rc == -ENOTCONN) {
                pg->mode = IDLE;
                return -ECONNRESET;
        }
        if (rc < 0)
                return rc;
        if (sync(pg) < 0) /* the server then forgets what it has of it */
                postgres_break(pg);
        rc = postgres_settle(pg, pg->due > 0, NULL);
        postgres_leave(pg);
        return rc;
}
