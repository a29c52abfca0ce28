/*
 * Queries with parameters, a transaction, a stream of rows and a deadline: postgres_query CONNINFO
 *
 *         conn = await asyncpg.connect(dsn)                            # asyncio and asyncpg
 *         rows = await conn.fetch("SELECT name FROM goods WHERE price < $1", 10)
 *         async with conn.transaction():
 *                 async for row in conn.cursor("SELECT ..."):
 *                         ...
 */
#include <eddy/postgres.h>
#include <stdio.h>
#include <stdlib.h>

static int fill(eddy_postgres *pg)
{
        static const char *const goods[][2] = {{"apple", "3"}, {"bread", "4"}, {"cheese", "12"}};
        int rc = eddy_postgres_exec(pg, NULL, "CREATE TEMP TABLE goods (name text PRIMARY KEY, price int)");
        for (int i = 0; i < 3 && rc == 0; i++)
                rc = eddy_postgres_query(pg, NULL, "INSERT INTO goods VALUES ($1, $2)",
                                         eddy_postgres_texts(goods[i][0], goods[i][1]));
        return rc;
}

static int print_cheaper_than(eddy_postgres *pg, const char *price)
{
        PGresult *result;
        int rc =
            eddy_postgres_query(pg, &result, "SELECT name, price FROM goods WHERE price < $1 ORDER BY name",
                                eddy_postgres_texts(price));
        if (rc < 0)
                return rc;
        for (int row = 0; row < PQntuples(result); row++)
                printf("%s: %s\n", PQgetvalue(result, row, 0), PQgetvalue(result, row, 1));
        PQclear(result);
        return 0;
}

/* Both or neither: what fails, or is interrupted, is rolled back. */
static int replace(eddy_postgres *pg, const char *name, const char *by)
{
        int rc = eddy_postgres_begin(pg);
        if (rc == 0)
                rc = eddy_postgres_query(pg, NULL, "DELETE FROM goods WHERE name = $1",
                                         eddy_postgres_texts(name));
        if (rc == 0)
                rc = eddy_postgres_query(pg, NULL, "INSERT INTO goods VALUES ($1, 5)", eddy_postgres_texts(by));
        return eddy_postgres_end(pg, rc);
}

/* However many rows there are, only one at a time is in memory. */
static int sum_up(eddy_postgres *pg)
{
        long long sum = 0;
        PGresult *row;
        int rc =
            eddy_postgres_open_rows(pg, "SELECT generate_series(1, $1::int)", eddy_postgres_texts("100000"));
        if (rc < 0)
                return rc;
        while ((rc = eddy_postgres_next_row(pg, &row)) == 0) {
                sum += atoll(PQgetvalue(row, 0, 0));
                PQclear(row);
        }
        eddy_postgres_close_rows(pg);
        printf("sum: %lld\n", sum);
        return rc == EDDY_ENOMORE ? 0 : rc;
}

static int run(eddy_postgres *pg)
{
        int rc = fill(pg);
        if (rc == 0)
                rc = print_cheaper_than(pg, "10");
        if (rc < 0)
                return rc;

        rc = replace(pg, "apple", "cheese");
        if (rc == EDDY_EPOSTGRES)
                printf("error %s: %s\n", eddy_postgres_sqlstate(pg), eddy_explain(rc));
        else if (rc < 0)
                return rc;

        rc = sum_up(pg);
        if (rc < 0)
                return rc;

        /* The server stops working on it, too, and the connection can be used again. */
        EDDY_TIMEOUT_SCOPE(eddy_ms(20))
                rc = eddy_postgres_exec(pg, NULL, "SELECT pg_sleep(60)");
        printf("a minute's query: %s\n", eddy_strerror(rc));
        return print_cheaper_than(pg, "4");
}

static intptr_t app(void *conninfo)
{
        eddy_postgres *pg;
        int rc = eddy_postgres_connect(&pg, conninfo);
        if (rc < 0)
                return rc;
        rc = run(pg);
        eddy_postgres_destroy(pg);
        return rc;
}

int main(int argc, char **argv)
{
        intptr_t rc = eddy_run(app, argc > 1 ? argv[1] : "");
        if (rc < 0)
                fprintf(stderr, "postgres_query: %s\n", eddy_explain(rc));
        return rc < 0;
}
