/* COPY, begun by eddy_postgres_exec(). */
#include "postgres/query.h"

/* More of it than this is not held in memory for the socket. */
enum { PIECE = 256 * 1024 };

static int put(eddy_postgres *pg, const char *data, size_t n)
{
        int rc = 0;

        while (n > 0 && rc == 0) {
                int piece = n < PIECE ? (int)n : PIECE;

                if (PQputCopyData(pg->conn, data, piece) <= 0)
                        return postgres_failure(pg);
                data += piece;
                n -= (size_t)piece;
                rc = postgres_flush(pg);
        }
        return rc;
}

int eddy_postgres_copy_put(eddy_postgres *pg, const void *data, size_t n)
{
        int rc = postgres_enter_uninterrupted(pg, COPY_IN);

        if (rc < 0)
                return rc;
        rc = put(pg, data, n);
        postgres_leave(pg);
        return rc;
}

/* An error that the server was told to answer with is none. */
static int end_copy_in(eddy_postgres *pg, const char *error)
{
        int interruption = eddy_interrupted(), rc = 0;

        if (interruption < 0 && !error)
                error = eddy_strerror(interruption);
        EDDY_SHIELD_SCOPE
                rc = postgres_finish(pg, NULL, PQputCopyEnd(pg->conn, error) == 1);
        if (rc == EDDY_EPOSTGRES && error)
                rc = 0;
        return rc < 0 ? rc : interruption;
}

static int end_copy_out(eddy_postgres *pg)
{
        int rc = 0;

        if (pg->due > 0)
                return postgres_settle(pg, true, NULL);
        EDDY_SHIELD_SCOPE
                rc = postgres_finish(pg, NULL, 1);
        return rc;
}

int eddy_postgres_copy_end(eddy_postgres *pg, const char *error)
{
        enum mode mode = pg->mode == COPY_OUT ? COPY_OUT : COPY_IN;
        int rc;

        if (postgres_end_span(pg, &pg->has_open))
                return -ENOTCONN;
        rc = postgres_enter(pg, mode);
        if (rc == -ENOTCONN)
                pg->mode = IDLE;
        if (rc < 0)
                return rc;
        pg->mode = IDLE;
        rc = mode == COPY_OUT ? end_copy_out(pg) : end_copy_in(pg, error);
        pg->due = 0;
        postgres_leave(pg);
        return rc;
}

static ssize_t get(eddy_postgres *pg, char **row)
{
        int n;

        while ((n = PQgetCopyData(pg->conn, row, 1)) == 0) {
                int rc = postgres_wait(pg);

                if (rc < 0)
                        return rc;
        }
        if (n > 0)
                return n;
        pg->due = 0;
        return n == -1 ? 0 : postgres_failure(pg);
}

ssize_t eddy_postgres_copy_get(eddy_postgres *pg, char **row)
{
        ssize_t n = postgres_enter_uninterrupted(pg, COPY_OUT);

        *row = NULL;
        if (n < 0)
                return n;
        n = get(pg, row);
        postgres_leave(pg);
        return n;
}
