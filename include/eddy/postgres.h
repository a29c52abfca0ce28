/* PostgreSQL: queries, streams of rows, pipelines, notifications, COPY and a pool of connections, on libpq. A
 * library of its own: link with eddy-postgres.
 *
 *         eddy_postgres *pg;
 *         PGresult *result;
 *
 *         rc = eddy_postgres_connect(&pg, "dbname=shop");
 *         if (rc == 0)
 *                 rc = eddy_postgres_query(pg, &result, "SELECT name FROM goods WHERE price < $1",
 *                                          eddy_postgres_texts("10"));
 *         if (rc == 0) {
 *                 for (int row = 0; row < PQntuples(result); row++)
 *                         puts(PQgetvalue(result, row, 0));
 *                 PQclear(result);
 *         }
 *         eddy_postgres_destroy(pg);
 *
 * Connections are in eddy/postgres_connection.h, a pool of them is in eddy/postgres_pool.h.
 */
#ifndef EDDY_POSTGRES_H
#define EDDY_POSTGRES_H

#include <eddy/postgres_connection.h> // IWYU pragma: export
#include <eddy/postgres_pool.h>       // IWYU pragma: export

#endif
