/* What other processes do to the file, which its write-ahead log tells. */
#ifndef JOBS_SQLITE_CHANGES_H
#define JOBS_SQLITE_CHANGES_H

#include "jobs/sqlite/lane.h"

struct sqlite_store {
        struct jobs_engine base;
        struct lane writer, reader;
        char *path;        /* NULL: it is in memory, and nobody else's */
        eddy_link workers; /* the turns that they told last */
        eddy_watch *watch;
        eddy_task *watcher;
        int64_t version; /* of the file, as the writer sees what others have done */
};

__attribute__((visibility("default"))) extern const struct jobs_engine_type eddy_jobs_engine_sqlite;

/** Have hints come of what others do, if they do not yet: 0 or an error. */
int changes_listen(struct sqlite_store *store);

/** Have none come any more. Suspends. */
void changes_stop(struct sqlite_store *store);

#endif
