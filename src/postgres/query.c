/* Statements whose whole result is waited for. */
#include "postgres/query.h"

static const eddy_postgres_params no_params;

int postgres_send(eddy_postgres *pg, const char *sql, const eddy_postgres_params *params)
{
        const eddy_postgres_params *p = params ? params : &no_params;

        return PQsendQueryParams(pg->conn, sql, p->count, p->types, p->values, p->sizes, p->formats, p->binary);
}

int postgres_send_prepared(eddy_postgres *pg, const char *name, const eddy_postgres_params *params)
{
        const eddy_postgres_params *p = params ? params : &no_params;

        return PQsendQueryPrepared(pg->conn, name, p->count, p->values, p->sizes, p->formats, p->binary);
}

/* A copy ends libpq's results without an end. */
static bool begins_copy(eddy_postgres *pg, const PGresult *result)
{
        switch (PQresultStatus(result)) {
        case PGRES_COPY_IN:
                pg->mode = COPY_IN;
                return true;
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
                pg->mode = COPY_OUT;
                return true;
        default:
                return false;
        }
}

static bool is_error(const PGresult *result)
{
        return PQresultStatus(result) == PGRES_FATAL_ERROR;
}

/* Of several results the last counts, or the error that ended them. Behind that comes another one where the server
 * said why it closes the connection, which says only that. */
static int collect(eddy_postgres *pg, PGresult **last)
{
        int rc = postgres_flush(pg);

        while (rc == 0) {
                PGresult *result;

                rc = postgres_next_result(pg, &result);
                if (rc < 0 || !result)
                        break;
                if (*last && is_error(*last)) {
                        PQclear(result);
                        continue;
                }
                PQclear(*last);
                *last = result;
                if (begins_copy(pg, result)) {
                        pg->due = 1;
                        break;
                }
        }
        return rc;
}

int postgres_finish(eddy_postgres *pg, PGresult **result_out, int sent)
{
        PGresult *result = NULL;
        int rc = sent ? collect(pg, &result) : postgres_failure(pg);

        if (rc == 0)
                rc = postgres_outcome(pg, result);
        else if (sent)
                postgres_settle(pg, true);
        if (rc == 0 && result_out)
                *result_out = result;
        else
                PQclear(result);
        return rc;
}

/* Before anything is sent. */
static int begin(eddy_postgres *pg, PGresult **result)
{
        int rc = eddy_interrupted();

        if (result)
                *result = NULL;
        return rc < 0 ? rc : postgres_enter(pg, IDLE);
}

int eddy_postgres_query(eddy_postgres *pg, PGresult **result, const char *sql,
                        const eddy_postgres_params *params)
{
        int rc = begin(pg, result);

        if (rc < 0)
                return rc;
        rc = postgres_finish(pg, result, postgres_send(pg, sql, params));
        postgres_leave(pg);
        return rc;
}

int eddy_postgres_exec(eddy_postgres *pg, PGresult **result, const char *sql)
{
        int rc = begin(pg, result);

        if (rc < 0)
                return rc;
        rc = postgres_finish(pg, result, PQsendQuery(pg->conn, sql));
        postgres_leave(pg);
        return rc;
}

int eddy_postgres_prepare(eddy_postgres *pg, const char *name, const char *sql, const Oid *types, int n)
{
        int rc = begin(pg, NULL);

        if (rc < 0)
                return rc;
        rc = postgres_finish(pg, NULL, PQsendPrepare(pg->conn, name, sql, n, types));
        postgres_leave(pg);
        return rc;
}

int eddy_postgres_query_prepared(eddy_postgres *pg, PGresult **result, const char *name,
                                 const eddy_postgres_params *params)
{
        int rc = begin(pg, result);

        if (rc < 0)
                return rc;
        rc = postgres_finish(pg, result, postgres_send_prepared(pg, name, params));
        postgres_leave(pg);
        return rc;
}
