/* Sending a statement, and what becomes of it. */
#ifndef POSTGRES_QUERY_H
#define POSTGRES_QUERY_H

#include "postgres/connection.h"

/** Give libpq a statement, or a prepared one, to send; `params` may be NULL. 1, or 0 as from PQsendQuery(). */
int postgres_send(eddy_postgres *pg, const char *sql, const eddy_postgres_params *params);
int postgres_send_prepared(eddy_postgres *pg, const char *name, const eddy_postgres_params *params);

/**
 * Wait for all results of what was sent, or cancel it at the server where that is interrupted.
 *
 * @param result  receives the last one, where all went well; may be NULL
 * @param sent    what libpq's sending function returned
 */
EDDY_ASYNC int postgres_finish(eddy_postgres *pg, PGresult **result, int sent);

#endif
