/* Which version of the format a file has, and how an older one is brought up to this one's. On the thread that has the connection. */
#ifndef JOBS_SQLITE_FORMAT_H
#define JOBS_SQLITE_FORMAT_H

#include "jobs/sqlite/lane.h"

/** A file of something else is not touched: 0 or an error. */
int format_check_owner(struct lane *lane, const char *path);

/** Make the tables where there are none, bring those of an older version up where the caller wants that: 0 or an error. */
int format_begin(struct lane *lane, const char *path, bool migrates);

/** In a transaction: that the format is this one's still, or EDDY_EJOBSFORMAT. */
int format_check(struct lane *lane);

/** The first number that a statement gives: 0 or an error. */
int format_ask(struct lane *lane, const char *sql, int64_t *number);

#endif
