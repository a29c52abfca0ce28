/* Hints: what the scripts publish, heard on a connection of its own, which is made when somebody wants any. */
#include "jobs/redis/store.h"

#include "base/memory.h"
#include <stdio.h>

enum { CHANNEL_SIZE = 80, NAME_SIZE = 128 };

/* A hint on its way from the task that reads to those who are told, whom the loop calls. */
struct hint {
        struct store *store;
        enum jobs_hint kind;
        char name[NAME_SIZE];
        eddy_handle handle;
        eddy_future *told;
};

static const char *const channels[] = {
    [JOBS_HINT_WORK] = ":work", [JOBS_HINT_FINISHED] = ":finished", [JOBS_HINT_CANCEL] = ":cancel",
    [JOBS_HINT_CRON] = ":cron", [JOBS_HINT_ANY] = ":any", /* nobody publishes there: see listen_anew() */
};

static const char *channel_name(const struct store *store, enum jobs_hint kind, char name[CHANNEL_SIZE])
{
        snprintf(name, CHANNEL_SIZE, "%s%s", store->tag, channels[kind]);
        return name;
}

static void pass_hint(void *arg)
{
        struct hint *hint = arg;
        struct jobs_engine *engine = &hint->store->engine;

        engine->on_hint(engine->arg, hint->kind, hint->kind == JOBS_HINT_ANY ? NULL : hint->name);
        eddy_future_set_result(hint->told, 0);
}

static int give_hint(struct store *store, enum jobs_hint kind, const char *name)
{
        struct hint hint = {.store = store, .kind = kind, .told = eddy_future_create(NULL)};
        int rc;

        if (!hint.told)
                return -ENOMEM;
        snprintf(hint.name, sizeof hint.name, "%s", name ? name : "");
        rc = eddy_call_soon(eddy_running_loop(), &hint.handle, pass_hint, &hint);
        if (rc == 0)
                rc = eddy_await(hint.told, NULL);
        eddy_handle_cancel(&hint.handle);
        eddy_unref(hint.told);
        return rc;
}

static int give_message(struct store *store, const eddy_redis_message *message)
{
        const char *kind = message->channel + strlen(store->tag);

        for (int i = 0; i < JOBS_HINT_ANY; i++)
                if (strcmp(kind, channels[i]) == 0)
                        return give_hint(store, (enum jobs_hint)i, message->data);
        return 0;
}

/* Hints have been missed, and are until the channels are listened to again: which they are when one more is, for that comes last. */
static int listen_anew(struct store *store)
{
        char channel[CHANNEL_SIZE];
        int rc = give_hint(store, JOBS_HINT_ANY, NULL);

        if (rc == 0)
                rc = eddy_redis_subscribe(store->pubsub, channel_name(store, JOBS_HINT_ANY, channel));
        eddy_redis_unsubscribe(store->pubsub, channel_name(store, JOBS_HINT_ANY, channel));
        return rc == 0 ? give_hint(store, JOBS_HINT_ANY, NULL) : rc;
}

static intptr_t read_hints(void *arg)
{
        struct store *store = *(struct store **)arg;
        eddy_redis_message message;
        int rc = 0;

        while (eddy_interrupted() == 0) {
                rc = eddy_redis_next_message(store->pubsub, &message);
                if (rc == 0)
                        rc = give_message(store, &message);
                else if (rc == -ECONNRESET)
                        rc = listen_anew(store);
                /* What fails for want of memory, or since the server refuses, is tried again; meanwhile workers ask now and then. */
                if (rc < 0 && rc != EDDY_CANCELLED)
                        eddy_sleep(eddy_ms(100));
        }
        return 0;
}

static int connect_until_there(struct store *store)
{
        eddy_redis_options options = store->options;
        int rc;

        options.on_loss = NULL; /* that of the other connection is told */
        for (;;) {
                rc = eddy_redis_pubsub_connect(&store->pubsub, &options);
                if (rc == 0 || rc == -ENOMEM || eddy_interrupted() != 0)
                        return rc;
                snprintf(store->why, sizeof store->why, "%s", eddy_explain(rc));
                rc = eddy_sleep(eddy_ms(100));
                if (rc < 0)
                        return rc;
        }
}

static int ensure_listener(struct store *store)
{
        int rc = store->pubsub ? 0 : connect_until_there(store);

        if (rc < 0 || store->listener)
                return rc;
        store->listener = eddy_spawn(read_hints, &store); /* with its stack, or it is NULL */
        return store->listener ? 0 : -ENOMEM;
}

static int subscribe_to(struct store *store, enum jobs_hint kind)
{
        char channel[CHANNEL_SIZE];

        return eddy_redis_subscribe(store->pubsub, channel_name(store, kind, channel));
}

/* Have hints of these kinds. */
static int hear(struct store *store, bool *is_heard, const enum jobs_hint *kinds, size_t n)
{
        int rc = 0, locked = 0;

        if (*is_heard)
                return 0;
        EDDY_TIMEOUT_SCOPE(store->patience)
                EDDY_LOCK_SCOPE(&store->hints_lock, locked) {
                        rc = *is_heard ? 0 : ensure_listener(store);
                        for (size_t i = 0; rc == 0 && i < n; i++)
                                rc = subscribe_to(store, kinds[i]);
                        *is_heard = rc == 0;
                }
        rc = locked < 0 ? locked : rc;
        if (rc == EDDY_TIMEOUT && eddy_interrupted() == 0)
                return eddy_fail(EDDY_EJOBSAWAY, "Redis was away for %.3g s%s%s", (double)store->patience / 1e9,
                                 store->why[0] ? ": " : "", store->why);
        return rc == EDDY_EREDIS ? eddy_fail(EDDY_EJOBS, "Redis refused: %s", eddy_error_detail()) : rc;
}

int redis_jobs_listen(struct jobs_engine *engine)
{
        static const enum jobs_hint kinds[] = {JOBS_HINT_WORK, JOBS_HINT_CANCEL, JOBS_HINT_CRON};
        struct store *store = store_of(engine);

        return hear(store, &store->listens, kinds, sizeof kinds / sizeof *kinds);
}

int redis_jobs_follow(struct jobs_engine *engine, const char *id)
{
        struct store *store = store_of(engine);
        const enum jobs_hint kind = JOBS_HINT_FINISHED;
        struct call call;
        int rc = hear(store, &store->follows, &kind, 1);

        if (rc < 0)
                return rc;
        rc = call_begin(&call, engine, SCRIPT_FOLLOW, 1);
        if (rc == 0) {
                call_text(&call, id);
                rc = call_run(&call, REDIS_REPLY_INTEGER);
        }
        if (rc == 0)
                rc = code_error(call.reply->integer);
        call_end(&call);
        return rc;
}

void hints_end(struct store *store)
{
        if (store->listener) {
                eddy_cancel(store->listener);
                eddy_join(store->listener, NULL);
        }
        eddy_redis_pubsub_destroy(store->pubsub);
}
