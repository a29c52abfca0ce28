/* What a statement may leave in its session. */
#ifndef POSTGRES_LEFTOVERS_H
#define POSTGRES_LEFTOVERS_H

#include <stdbool.h>

/**
 * Whether somebody who gets the connection next could notice that a statement has run on it: settings, temporary tables,
 * cursors, prepared statements, advisory locks, LISTEN.
 *
 * In doubt it may. False only for statements that read and write rows, or begin and end transactions, and call nothing
 * but functions that are known to leave nothing. What triggers, views and operators do is not seen.
 */
bool statement_may_leave_something(const char *sql);

#endif
