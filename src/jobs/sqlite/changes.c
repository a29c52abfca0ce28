#include "jobs/sqlite/changes.h"
#include "jobs/sqlite/store.h"

#include "base/memory.h"
#include <stdio.h>

/* The log is written before what is in it can be seen, by as long as the disk takes. */
enum { FIRST_PAUSE_MS = 1, LAST_PAUSE_MS = 64 };

static void tell(struct sqlite_store *store, const struct changes_call *call)
{
        store->base.on_hint(store->base.arg, JOBS_HINT_WORK, NULL);
        store->base.on_hint(store->base.arg, JOBS_HINT_FINISHED, NULL);
        store->base.on_hint(store->base.arg, JOBS_HINT_CRON, NULL);
        for (size_t i = 0; i < call->cancelling_count; i++)
                store->base.on_hint(store->base.arg, JOBS_HINT_CANCEL, call->cancelling[i]);
}

/* Whether anybody else has changed the file, which is told. */
static bool look(struct sqlite_store *store)
{
        struct changes_call call = {.version = store->version};
        int rc = lane_look(&store->writer, store_look_for_changes, &call);

        if (rc < 0)
                store->base.on_hint(store->base.arg, JOBS_HINT_ANY, NULL);
        else if (call.has_changed)
                tell(store, &call);
        store->version = call.version;
        memory_free(call.cancelling);
        return rc < 0 || call.has_changed;
}

static intptr_t watch_others(void *arg)
{
        struct sqlite_store *store = *(struct sqlite_store **)arg;
        eddy_watch_event event;
        int rc;

        while ((rc = eddy_watch_next(store->watch, &event)) > 0) {
                for (int pause = FIRST_PAUSE_MS; pause <= LAST_PAUSE_MS; pause *= 2) {
                        rc = eddy_sleep(eddy_ms(pause));
                        if (rc < 0)
                                return rc;
                        if (look(store))
                                break;
                }
        }
        return rc;
}

static int open_watch(struct sqlite_store *store)
{
        char log[4096];
        int rc = eddy_watch_open(&store->watch);

        if (rc < 0)
                return rc;
        if ((size_t)snprintf(log, sizeof log, "%s-wal", store->path) >= sizeof log)
                return -ENAMETOOLONG;
        rc = eddy_watch_add(store->watch, log, EDDY_WATCH_CHANGED);
        return rc < 0 ? rc : 0;
}

int changes_listen(struct sqlite_store *store)
{
        int rc;

        if (!store->path || store->watch)
                return 0;
        rc = open_watch(store);
        if (rc == 0) {
                store->watcher = eddy_spawn(watch_others, &store); /* with its stack, or it is NULL */
                rc = store->watcher ? 0 : -ENOMEM;
        }
        if (rc < 0) {
                eddy_watch_close(store->watch);
                store->watch = NULL;
        }
        return rc == -ENOMEM ? rc : 0; /* without it the file is asked now and then */
}

void changes_stop(struct sqlite_store *store)
{
        if (store->watcher) {
                eddy_cancel(store->watcher);
                eddy_join(store->watcher, &(intptr_t){0});
        }
        eddy_watch_close(store->watch);
}
