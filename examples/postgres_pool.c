/*
 * Fifty coroutines share four connections: postgres_pool CONNINFO
 *
 *         pool = await asyncpg.create_pool(dsn, max_size=4)            # asyncio and asyncpg
 *         async with pool.acquire(timeout=5) as conn:
 *                 async with conn.transaction():
 *                         ...
 */
#include <eddy/postgres.h>
#include <stdio.h>

#define CONNECTIONS 4
#define TRANSFERS   50

struct transfer {
        eddy_postgres_pool *pool;
        int from, to;
};

static int move_money(eddy_postgres *pg, int from, int to)
{
        char sql[128];
        int rc = eddy_postgres_begin(pg);
        if (rc == 0) {
                snprintf(sql, sizeof sql, "UPDATE account SET money = money - 1 WHERE id = %d", from);
                rc = eddy_postgres_exec(pg, NULL, sql);
        }
        if (rc == 0) {
                snprintf(sql, sizeof sql, "UPDATE account SET money = money + 1 WHERE id = %d", to);
                rc = eddy_postgres_exec(pg, NULL, sql);
        }
        return eddy_postgres_end(pg, rc);
}

static intptr_t transfer(void *arg)
{
        const struct transfer *transfer = arg;
        eddy_postgres *pg;
        int rc;

        EDDY_TIMEOUT_SCOPE(eddy_seconds(5))
                rc = eddy_postgres_pool_acquire(transfer->pool, &pg);
        if (rc < 0)
                return rc;
        rc = move_money(pg, transfer->from, transfer->to);
        eddy_postgres_pool_release(transfer->pool, pg);
        return rc;
}

static int transfer_all(eddy_postgres_pool *pool)
{
        eddy_group group;
        eddy_group_open(&group);
        for (int i = 0; i < TRANSFERS; i++)
                eddy_group_spawn(&group, transfer, &(struct transfer){pool, 1, 2});
        return eddy_group_close(&group);
}

static int print_accounts(eddy_postgres_pool *pool)
{
        PGresult *result;
        int rc = eddy_postgres_pool_query(pool, &result, "SELECT id, money FROM account ORDER BY id", NULL);
        if (rc < 0)
                return rc;
        for (int row = 0; row < PQntuples(result); row++)
                printf("account %s: %s\n", PQgetvalue(result, row, 0), PQgetvalue(result, row, 1));
        PQclear(result);
        return 0;
}

static intptr_t app(void *conninfo)
{
        eddy_postgres_pool *pool;
        int rc = eddy_postgres_pool_create(&pool, conninfo, CONNECTIONS);
        if (rc < 0)
                return rc;
        rc = eddy_postgres_pool_query(pool, NULL, "CREATE TABLE account (id int PRIMARY KEY, money int)", NULL);
        if (rc == 0)
                rc = eddy_postgres_pool_query(pool, NULL, "INSERT INTO account VALUES (1, 100), (2, 0)", NULL);
        if (rc == 0)
                rc = transfer_all(pool);
        if (rc == 0)
                rc = print_accounts(pool);
        /* Nothing is out any more, so this does not wait. */
        EDDY_SHIELD_SCOPE
                eddy_postgres_pool_close(pool);
        eddy_postgres_pool_destroy(pool);
        return rc;
}

int main(int argc, char **argv)
{
        intptr_t rc = eddy_run(app, argc > 1 ? argv[1] : "");
        if (rc < 0)
                fprintf(stderr, "postgres_pool: %s\n", eddy_explain(rc));
        return rc < 0;
}
