/* Transactions that end as what was done in them. */
#include "postgres/connection.h"

#include <stdio.h>
#include <string.h>

int eddy_postgres_begin(eddy_postgres *pg)
{
        /* Whatever comes of it: eddy_postgres_end() is called in any case. */
        pg->in_transaction = true;
        return eddy_postgres_exec(pg, NULL, "BEGIN");
}

/* Where a statement failed and nobody said so, COMMIT rolls back, and its result says that it did. */
static int commit(eddy_postgres *pg)
{
        PGresult *result;
        int rc = eddy_postgres_exec(pg, &result, "COMMIT");

        if (rc < 0)
                return rc;
        if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
                rc = eddy_fail(EDDY_EPOSTGRES, "rolled back: a statement of the transaction had failed");
        PQclear(result);
        return rc;
}

static int end_transaction(eddy_postgres *pg, int rc)
{
        char why[512], sqlstate[sizeof pg->sqlstate];
        int problem;

        if (!eddy_postgres_is_open(pg) || PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
                return rc;
        if (rc >= 0) {
                problem = commit(pg);
                rc = problem < 0 ? problem : rc;
                if (problem == 0 || !eddy_postgres_is_open(pg) || PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
                        return rc;
        }
        /* The rollback's own troubles are not news: without a connection there is no transaction. */
        memcpy(sqlstate, pg->sqlstate, sizeof sqlstate);
        snprintf(why, sizeof why, "%s", eddy_explain(rc));
        EDDY_SHIELD_SCOPE
                problem = eddy_postgres_exec(pg, NULL, "ROLLBACK");
        if (problem < 0)
                postgres_break(pg);
        memcpy(pg->sqlstate, sqlstate, sizeof sqlstate);
        return eddy_fail(rc, "%s", why);
}

int eddy_postgres_end(eddy_postgres *pg, int rc)
{
        if (postgres_end_span(pg, &pg->in_transaction))
                return rc;
        postgres_hold(pg);
        rc = end_transaction(pg, rc);
        postgres_let_go(pg);
        return rc;
}
