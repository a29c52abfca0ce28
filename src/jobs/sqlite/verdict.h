/* Verdicts and leases that end, as parts of a turn. */
#ifndef JOBS_SQLITE_VERDICT_H
#define JOBS_SQLITE_VERDICT_H

#include "jobs/sqlite/life.h"
#include "jobs/sqlite/store.h"

enum { LAPSED_MOST = 64 };

/** Take a verdict, whose `rc` says whether it counts: 0 or an error of the store. */
int verdict_take(struct lane *lane, struct jobs_outcome *outcome, int64_t now);

/** Take back jobs whose leases have ended, LAPSED_MOST at most. 0 or an error. */
int leases_end(struct lane *lane, int64_t now);

#endif
