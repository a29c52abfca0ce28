#include "scenarios.h"

#include "../postgres/server.h"

/* Before the program's main(), so that no scenario's run counts what this needs. */
__attribute__((constructor)) static void begin(void)
{
        start_server(NULL);
}

__attribute__((destructor)) static void end(void)
{
        stop_server(NULL);
}

static int connect_postgres(eddy_postgres **pg)
{
        return eddy_postgres_connect(pg, server.conninfo);
}

static intptr_t querying(void *arg)
{
        eddy_postgres *pg;
        PGresult *result = NULL;
        int rc = connect_postgres(&pg);

        (void)arg;
        if (rc == 0)
                rc = eddy_postgres_query(pg, &result, "SELECT $1", eddy_postgres_texts("text"));
        PQclear(result);
        if (rc == 0)
                rc = eddy_postgres_exec(pg, NULL, "SELECT 1; SELECT 2");
        if (rc == 0)
                rc = eddy_postgres_prepare(pg, "one", "SELECT 1", NULL, 0);
        if (rc == 0)
                rc = eddy_postgres_query_prepared(pg, NULL, "one", NULL);
        if (rc == 0)
                rc = eddy_postgres_query(pg, NULL, "nonsense", NULL);
        eddy_postgres_destroy(pg);
        return rc == EDDY_EPOSTGRES ? 0 : rc;
}

static intptr_t giving_up_a_query(void *arg)
{
        eddy_postgres *pg;
        int rc = connect_postgres(&pg);

        (void)arg;
        if (rc == 0)
                EDDY_TIMEOUT_SCOPE(eddy_ms(2))
                        rc = eddy_postgres_query(pg, NULL, "SELECT pg_sleep(100)", NULL);
        if (rc == EDDY_TIMEOUT)
                rc = eddy_postgres_query(pg, NULL, "SELECT 1", NULL);
        eddy_postgres_destroy(pg);
        return rc;
}

static intptr_t transacting(void *arg)
{
        eddy_postgres *pg;
        int rc = connect_postgres(&pg);

        (void)arg;
        if (rc == 0) {
                rc = eddy_postgres_begin(pg);
                if (rc == 0)
                        rc = eddy_postgres_exec(pg, NULL, "CREATE TEMP TABLE t (id int)");
                rc = eddy_postgres_end(pg, rc);
        }
        eddy_postgres_destroy(pg);
        return rc;
}

static int take_rows(eddy_postgres *pg)
{
        int rc = eddy_postgres_open_rows(pg, "SELECT generate_series(1, 1000)", NULL);

        for (int i = 0; i < 3 && rc == 0; i++) {
                PGresult *row;

                rc = eddy_postgres_next_row(pg, &row);
                PQclear(row);
        }
        eddy_postgres_close_rows(pg);
        return rc;
}

static intptr_t streaming(void *arg)
{
        eddy_postgres *pg;
        int rc = connect_postgres(&pg);

        (void)arg;
        if (rc == 0)
                rc = take_rows(pg);
        eddy_postgres_destroy(pg);
        return rc;
}

static intptr_t pipelining(void *arg)
{
        eddy_postgres *pg;
        int rc = connect_postgres(&pg);

        (void)arg;
        if (rc == 0)
                rc = eddy_postgres_pipeline_open(pg);
        for (int i = 0; i < 3 && rc == 0; i++)
                rc = eddy_postgres_pipeline_query(pg, "SELECT 1", NULL);
        while (rc == 0)
                rc = eddy_postgres_pipeline_result(pg, NULL);
        if (pg)
                eddy_postgres_pipeline_close(pg);
        eddy_postgres_destroy(pg);
        return rc == EDDY_ENOMORE ? 0 : rc;
}

static int copy_both_ways(eddy_postgres *pg)
{
        char *row = NULL;
        ssize_t n = 0;
        int rc = eddy_postgres_exec(pg, NULL, "CREATE TEMP TABLE t (id int); COPY t FROM STDIN");

        if (rc < 0)
                return rc;
        rc = eddy_postgres_copy_put(pg, "1\n2\n", 4);
        if (rc == 0)
                rc = eddy_postgres_copy_end(pg, NULL);
        else
                eddy_postgres_copy_end(pg, NULL);
        if (rc == 0)
                rc = eddy_postgres_exec(pg, NULL, "COPY t TO STDOUT");
        if (rc < 0)
                return rc;
        n = eddy_postgres_copy_get(pg, &row);
        if (row)
                PQfreemem(row);
        rc = eddy_postgres_copy_end(pg, NULL);
        return n < 0 ? (int)n : rc;
}

static intptr_t copying(void *arg)
{
        eddy_postgres *pg;
        int rc = connect_postgres(&pg);

        (void)arg;
        if (rc == 0)
                rc = copy_both_ways(pg);
        eddy_postgres_destroy(pg);
        return rc;
}

static intptr_t listening(void *arg)
{
        PGnotify *notification = NULL;
        eddy_postgres *pg;
        int rc = connect_postgres(&pg);

        (void)arg;
        if (rc == 0)
                rc = eddy_postgres_exec(pg, NULL, "LISTEN news; NOTIFY news");
        if (rc == 0)
                rc = eddy_postgres_next_notification(pg, &notification);
        if (notification)
                PQfreemem(notification);
        eddy_postgres_destroy(pg);
        return rc;
}

static intptr_t borrow(void *pool)
{
        /* What it leaves is cleared away before the next one borrows. */
        return eddy_postgres_pool_query(pool, NULL, "SET work_mem = 100", NULL);
}

static intptr_t pooling(void *arg)
{
        eddy_postgres_pool *pool;
        eddy_group group;
        int closed = 0, rc = eddy_postgres_pool_create(&pool, server.conninfo, 2);

        (void)arg;
        if (rc < 0)
                return rc;
        eddy_group_open(&group);
        for (int i = 0; i < 3; i++)
                eddy_group_create_task(&group, borrow, pool, NULL);
        rc = eddy_group_close(&group);
        EDDY_SHIELD_SCOPE
                closed = eddy_postgres_pool_close(pool);
        eddy_postgres_pool_destroy(pool);
        return rc < 0 ? rc : closed;
}

const struct scenario scenarios[] = {
    {"querying", querying},
    {"giving up a query", giving_up_a_query},
    {"transacting", transacting},
    {"streaming", streaming},
    {"pipelining", pipelining},
    {"copying", copying},
    {"listening", listening},
    {"pooling", pooling},
    {NULL, NULL},
};
