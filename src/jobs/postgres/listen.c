/* What the store says by itself: a connection that listens, and is made again when it is lost. */
#include "jobs/postgres/store.h"

#include "base/memory.h"
#include <stdlib.h>

enum { POLL_MS = 500 };

/* Something that was said. */
struct said {
        eddy_link link; /* first, so that a link is this */
        enum jobs_hint hint;
        char name[]; /* "": none */
};

static const char *name_of(const struct said *said)
{
        return said->name[0] ? said->name : NULL;
}

/* Outside any task. */
static void pass_on(void *arg)
{
        struct store *store = arg;
        eddy_link *link;

        if (store->has_missed_hints) {
                store->has_missed_hints = false;
                store->engine.on_hint(store->engine.arg, JOBS_HINT_ANY, NULL);
        }
        while ((link = list_pop(&store->hints))) {
                struct said *said = (struct said *)link;
                store->engine.on_hint(store->engine.arg, said->hint, name_of(said));
                memory_free(said);
        }
}

static void say(struct store *store, enum jobs_hint hint, const char *name)
{
        size_t size = strlen(name) + 1;
        struct said *said = memory_alloc(sizeof *said + size);

        if (said) {
                said->hint = hint;
                memcpy(said->name, name, size);
                list_append(&store->hints, &said->link);
        } else {
                store->has_missed_hints = true;
        }
        if (!eddy_handle_pending(&store->hint_handle))
                eddy_call_soon(store->loop, &store->hint_handle, pass_on, store);
}

/* "w" and a queue, "f" or "c" and a job's id, "s" of schedules. */
static void take_notification(struct store *store, const char *text)
{
        switch (text[0]) {
        case 'w':
                say(store, JOBS_HINT_WORK, text + 1);
                break;
        case 'f':
                say(store, JOBS_HINT_FINISHED, text + 1);
                break;
        case 'c':
                say(store, JOBS_HINT_CANCEL, text + 1);
                break;
        case 's':
                say(store, JOBS_HINT_CRON, "");
                break;
        default: /* of a later version */
                break;
        }
}

/* Whether there is no pooler between, which would lend the session to others: LISTEN needs one of its own. */
static int is_direct(eddy_postgres *pg)
{
        PGresult *result;
        int rc = eddy_postgres_exec(pg, &result, "SELECT pg_backend_pid()");

        if (rc < 0)
                return rc;
        rc = atoi(PQgetvalue(result, 0, 0)) == PQbackendPID(eddy_postgres_connection(pg));
        PQclear(result);
        return rc;
}

static int hear(struct store *store, eddy_postgres *pg)
{
        PGnotify *notification;
        char *sql = pgjobs_fill_in("LISTEN @", store->schema);
        int rc = sql ? eddy_postgres_exec(pg, NULL, sql) : -ENOMEM;

        memory_free(sql);
        if (rc < 0)
                return rc;
        store->is_listening = true;
        store->delay = 0;
        eddy_event_set(&store->has_tried);
        say(store, JOBS_HINT_ANY, ""); /* of the time before */
        while ((rc = eddy_postgres_next_notification(pg, &notification)) == 0) {
                take_notification(store, notification->extra);
                PQfreemem(notification);
        }
        return rc;
}

/* Without notifications: whoever waits looks now and then. */
static int poll_instead(struct store *store)
{
        int rc;

        eddy_event_set(&store->has_tried);
        do {
                say(store, JOBS_HINT_ANY, "");
                rc = eddy_sleep(eddy_ms(POLL_MS));
        } while (rc == 0);
        return rc;
}

static int listen_once(struct store *store)
{
        eddy_postgres *pg;
        int rc = eddy_postgres_connect(&pg, store->conninfo);

        if (rc < 0)
                return rc;
        pgjobs_silence(pg);
        rc = is_direct(pg);
        if (rc == 1)
                rc = hear(store, pg);
        eddy_postgres_destroy(pg);
        store->is_listening = false;
        return rc;
}

/* Until it is cancelled. */
static intptr_t keep_listening(void *arg)
{
        struct store *store = *(struct store **)arg;
        int rc = 0;

        while (rc != EDDY_CANCELLED) {
                rc = listen_once(store);
                eddy_event_set(&store->has_tried);
                if (rc == 0)
                        rc = poll_instead(store);
                else if (rc != EDDY_CANCELLED)
                        rc = pgjobs_wait(store, rc);
        }
        return 0;
}

int pgjobs_listen(struct jobs_engine *engine)
{
        struct store *store = (struct store *)engine;
        int rc = 0;

        if (!store->listener)
                store->listener = eddy_spawn(keep_listening, &store); /* with its stack, or it is NULL */
        if (!store->listener)
                return -ENOMEM;
        /* Where the server is away nobody is kept from doing without. */
        EDDY_TIMEOUT_SCOPE(store->patience)
                rc = eddy_event_wait(&store->has_tried);
        return rc == EDDY_TIMEOUT && eddy_interrupted() == 0 ? 0 : rc;
}

int pgjobs_follow(struct jobs_engine *engine, const char *id)
{
        struct args args = {0};
        int64_t number;
        int rc = pgjobs_listen(engine);

        if (rc < 0)
                return rc;
        args_text(&args, id);
        rc = pgjobs_ask((struct store *)engine, &number, "follow", &args);
        return rc < 0 ? rc : number == 0 ? 0 : EDDY_ENOJOB;
}

void pgjobs_stop_listening(struct store *store)
{
        eddy_link *link;

        if (store->listener) {
                eddy_cancel(store->listener);
                eddy_join(store->listener, NULL);
        }
        eddy_handle_cancel(&store->hint_handle);
        while ((link = list_pop(&store->hints)))
                memory_free(link);
}
