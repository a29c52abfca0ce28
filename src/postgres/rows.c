/* Rows one by one. */
#include "postgres/query.h"

int eddy_postgres_open_rows(eddy_postgres *pg, const char *sql, const eddy_postgres_params *params)
{
        int rc = postgres_enter_uninterrupted(pg, IDLE);

        if (rc < 0)
                return rc;
        if (!postgres_send(pg, sql, params)) {
                rc = postgres_failure(pg);
        } else {
                PQsetSingleRowMode(pg->conn);
                pg->mode = ROWS;
                pg->due = 1;
                rc = postgres_flush(pg);
                if (rc < 0)
                        postgres_settle(pg, true, NULL);
                else
                        pg->has_open = true;
        }
        postgres_leave(pg);
        return rc;
}

/* What ends the rows is a result without any. */
static int next_row(eddy_postgres *pg, PGresult **row)
{
        PGresult *result;
        int rc = postgres_next_result(pg, &result);

        if (rc < 0)
                return rc;
        if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
                *row = result;
                return 0;
        }
        pg->due = 0;
        rc = result ? postgres_outcome(pg, result) : 0;
        PQclear(result);
        return rc < 0 ? rc : EDDY_ENOMORE;
}

int eddy_postgres_next_row(eddy_postgres *pg, PGresult **row)
{
        int rc = postgres_enter_uninterrupted(pg, ROWS);

        *row = NULL;
        if (rc < 0)
                return rc;
        rc = next_row(pg, row);
        postgres_leave(pg);
        return rc;
}

int eddy_postgres_close_rows(eddy_postgres *pg)
{
        int rc;

        if (postgres_end_span(pg, &pg->has_open))
                return -ECONNRESET;
        if (pg->mode != ROWS) /* they broke the connection */
                return 0;
        rc = postgres_enter(pg, ROWS);
        if (rc == -ENOTCONN) {
                pg->mode = IDLE;
                return -ECONNRESET;
        }
        if (rc < 0)
                return rc;
        rc = postgres_settle(pg, pg->due > 0, NULL);
        postgres_leave(pg);
        return rc;
}
