/* Jobs in PostgreSQL: a store's life. What it does is in functions of the database (the .sql files here), each call of which is one
 * round trip and one transaction. */
#include "jobs/again.h"
#include "jobs/postgres/store.h"

#include "base/memory.h"
#include "jobs/url.h"
#include <stdio.h>

__attribute__((visibility("default"))) extern const struct jobs_engine_type eddy_jobs_engine_postgres;

/* What the server is to know of the client, behind the URL as it was given. */
static char *write_conninfo(const char *url)
{
        static const char own[] = "client_encoding=UTF8&fallback_application_name=eddy-jobs";
        size_t n = strlen(url), room = sizeof own + 1;
        char *conninfo = memory_alloc(n + room);

        if (!conninfo)
                return NULL;
        memcpy(conninfo, url, n + 1);
        snprintf(conninfo + n, room, "%s%s", strchr(jobs_url_host(conninfo), '?') ? "&" : "?", own);
        return conninfo;
}

static void destroy(struct store *store)
{
        eddy_postgres_pool_destroy(store->pool);
        jobs_again_free(&store->turns);
        eddy_event_finish(&store->has_tried);
        memory_free(store->conninfo);
        memory_free(store);
}

static int create(struct store **created, const char *url, const eddy_jobs_options *options)
{
        size_t name_size = strlen(options->prefix) + 1;
        struct store *store = memory_zalloc(sizeof *store + name_size);
        int rc;

        if (!store)
                return -ENOMEM;
        store->engine.type = &eddy_jobs_engine_postgres;
        store->loop = eddy_running_loop();
        store->schema = memcpy(store + 1, options->prefix, name_size);
        store->patience = options->patience;
        store->on_loss = options->on_loss;
        store->loss_arg = options->arg;
        list_init(&store->hints);
        list_init(&store->turns);
        eddy_event_init(&store->has_tried);
        store->conninfo = write_conninfo(url);
        /* Nothing here leaves anything in a session but prepared statements. */
        rc = !store->conninfo
                 ? -ENOMEM
                 : eddy_postgres_pool_create_with(
                       &store->pool, store->conninfo,
                       &(eddy_postgres_pool_options){.size = STORE_CONNECTIONS, .keeps_session = true});
        if (rc < 0) {
                destroy(store);
                return rc;
        }
        *created = store;
        return 0;
}

static int open_store(struct jobs_engine **engine, const char *url, const eddy_jobs_options *options,
                      void (*on_hint)(void *arg, enum jobs_hint hint, const char *name), void *arg)
{
        struct store *store;
        int rc = create(&store, url, options);

        *engine = NULL;
        if (rc < 0)
                return rc;
        store->engine.on_hint = on_hint;
        store->engine.arg = arg;
        EDDY_TIMEOUT_SCOPE(store->patience)
                rc = pgjobs_prepare(store, options->must_exist, options->migrates);
        if (rc == EDDY_TIMEOUT && eddy_interrupted() == 0)
                rc = eddy_fail(EDDY_EJOBSAWAY, "the PostgreSQL server did not answer in time");
        if (rc < 0) {
                destroy(store);
                return rc;
        }
        *engine = &store->engine;
        return 0;
}

static void close_store(struct jobs_engine *engine)
{
        struct store *store = (struct store *)engine;

        pgjobs_stop_listening(store);
        pgjobs_stop_tidying(store);
        eddy_postgres_pool_close(store->pool);
        eddy_handle_cancel(&store->loss_handle);
        destroy(store);
}

const struct jobs_engine_type eddy_jobs_engine_postgres = {
    .size = sizeof eddy_jobs_engine_postgres,
    .name = "postgres",
    .open = open_store,
    .close = close_store,
    .enqueue = pgjobs_enqueue,
    .turn = pgjobs_turn,
    .renew = pgjobs_renew,
    .get = pgjobs_get,
    .list = pgjobs_list,
    .list_finished = pgjobs_list_finished,
    .act = pgjobs_act,
    .listen = pgjobs_listen,
    .follow = pgjobs_follow,
    .set_queue = pgjobs_set_queue,
    .queues = pgjobs_queues,
    .sweep = pgjobs_sweep,
    .look_at_crons = pgjobs_look_at_crons,
    .set_cron = pgjobs_set_cron,
    .remove_cron = pgjobs_remove_cron,
    .fire_cron = pgjobs_fire_cron,
};
