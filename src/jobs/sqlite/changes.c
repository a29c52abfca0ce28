#include "jobs/sqlite/changes.h"
#include "jobs/sqlite/store.h"

#include "base/memory.h"
#include <stdio.h>

/* The log is written before what is in it can be seen, by as long as the disk takes. So it is looked at in pauses that grow, up to the
 * first of these while it goes on being written, which this process may do itself, and to the second after that. */
enum { FIRST_PAUSE_MS = 1, BUSY_PAUSE_MS = 64, LAST_PAUSE_MS = 2048 };

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

/* Wait for that long, and say whether anything was written meanwhile. */
static int rest(struct sqlite_store *store, eddy_duration pause, bool *is_written)
{
        eddy_time end = eddy_now() + pause;
        eddy_watch_event event;
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(pause)
                rc = eddy_watch_next(store->watch, &event);
        *is_written = rc > 0;
        if (rc > 0)
                return eddy_sleep(end - eddy_now());
        return rc == EDDY_TIMEOUT ? eddy_interrupted() : rc;
}

/* Something was written: until it is seen, or has been long enough ago. */
static int look_for_a_while(struct sqlite_store *store)
{
        int pause = FIRST_PAUSE_MS;

        while (pause <= LAST_PAUSE_MS) {
                bool is_written;
                int rc = rest(store, eddy_ms(pause), &is_written);
                if (rc < 0)
                        return rc;
                if (look(store)) {
                        if (!is_written)
                                return 0;
                        pause = FIRST_PAUSE_MS;
                } else if (!is_written || 2 * pause <= BUSY_PAUSE_MS) {
                        pause *= 2;
                }
        }
        return 0;
}

static intptr_t watch_others(void *arg)
{
        struct sqlite_store *store = *(struct sqlite_store **)arg;
        eddy_watch_event event;
        int rc;

        while ((rc = eddy_watch_next(store->watch, &event)) > 0) {
                rc = look_for_a_while(store);
                if (rc < 0)
                        return rc;
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
