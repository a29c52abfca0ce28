/* A store of jobs in Redis or Valkey: its life. What is stored is said in docs/jobs-format.md. */
#include "jobs/redis/store.h"

#include "base/memory.h"
#include "jobs/again.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define FORMAT "2" /* as format.lua and migrate.lua have it */

__attribute__((visibility("default"))) extern const struct jobs_engine_type eddy_jobs_engine_redis;

static void on_redis_loss(int error, const char *detail, eddy_duration delay, void *arg)
{
        struct store *store = arg;
        bool was_wanted = store->has_quit;

        store->has_quit = false;
        if (was_wanted)
                return;
        snprintf(store->why, sizeof store->why, "%s", detail ? detail : eddy_strerror(error));
        if (store->on_loss)
                store->on_loss(error, detail, delay, store->on_loss_arg);
}

/* By which this process's turns are no other's. */
static int make_nonce(char nonce[9])
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
        unsigned char bytes[7];

        if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
                return eddy_fail(-EIO, "the system has no random bytes");
        for (size_t i = 0; i < sizeof bytes; i++)
                nonce[i] = letters[bytes[i] % 64];
        nonce[7] = ':';
        nonce[8] = '\0';
        return 0;
}

static int create_store(struct store **created, const char *url, const eddy_jobs_options *options)
{
        struct store *store = memory_zalloc(sizeof *store);
        size_t size = strlen(options->prefix) + 3;

        *created = store;
        if (!store)
                return -ENOMEM;
        list_init(&store->workers);
        eddy_lock_init(&store->hints_lock);
        store->engine.type = &eddy_jobs_engine_redis;
        store->patience = options->patience;
        store->on_loss = options->on_loss;
        store->on_loss_arg = options->arg;
        store->tag = memory_alloc(size);
        store->options = (eddy_redis_options){
            .url = memory_strdup(url),
            .tls = options->tls,
            .on_loss = on_redis_loss,
            .arg = store,
            .max_backoff = eddy_seconds(2),
        };
        if (!store->tag || !store->options.url)
                return -ENOMEM;
        snprintf(store->tag, size, "{%s}", options->prefix);
        return make_nonce(store->nonce);
}

static void free_store(struct store *store)
{
        if (!store)
                return;
        eddy_redis_destroy(store->redis);
        jobs_again_free(&store->workers);
        eddy_lock_finish(&store->hints_lock);
        memory_free(store->tag);
        memory_free_text(store->options.url);
        memory_free(store);
}

/* Whether it is only for now that there is no connection; then `why` says so. */
static bool is_passing(struct store *store, int rc)
{
        bool is_loading = rc == EDDY_EREDIS && strstr(eddy_explain(rc), "LOADING");

        if (!is_loading && rc != -ECONNRESET && rc != -EPIPE)
                return false;
        snprintf(store->why, sizeof store->why, "%s", is_loading ? "it loads its data" : eddy_explain(rc));
        return true;
}

static int connect_store(struct store *store)
{
        int rc;

        for (;;) {
                rc = eddy_redis_connect(&store->redis, &store->options);
                if (!is_passing(store, rc))
                        return rc == EDDY_EREDIS
                                   ? eddy_fail(EDDY_EJOBS, "Redis refused: %s", eddy_error_detail())
                                   : rc;
                rc = eddy_sleep(eddy_ms(50));
                if (rc < 0)
                        return rc;
        }
}

static int connect_patiently(struct store *store)
{
        int rc;

        EDDY_TIMEOUT_SCOPE(store->patience)
                rc = connect_store(store);
        if (rc == EDDY_TIMEOUT && eddy_interrupted() == 0)
                return eddy_fail(EDDY_EJOBSAWAY, "Redis does not answer%s%s", store->why[0] ? ": " : "",
                                 store->why);
        return rc;
}

int fail_format(const char *format)
{
        bool is_newer = strtol(format, NULL, 10) > strtol(FORMAT, NULL, 10);

        return eddy_fail(
            EDDY_EJOBSFORMAT, "the jobs there are of format %s, and this is of format %s: %s", format, FORMAT,
            is_newer ? "a newer eddy is needed" : "run `eddy jobs migrate` once no older eddy needs them");
}

static int compare_formats(const char *format)
{
        if (strcmp(format, FORMAT) == 0)
                return 0;
        if (!format[0])
                return eddy_fail(-ENOENT, "there is no store of jobs with this prefix");
        return fail_format(format);
}

/* Which format there is, after a store was begun or brought up: 0 or an error. */
static int check_format(struct store *store, enum script script, bool must_exist)
{
        struct call call;
        int rc = call_begin(&call, &store->engine, script, 2);

        if (rc == 0) {
                call_text(&call, FORMAT);
                call_text(&call, must_exist ? "1" : "0");
                rc = call_run(&call, REDIS_REPLY_STRING);
        }
        if (rc == 0)
                rc = compare_formats(call.reply->str);
        call_end(&call);
        return rc;
}

static int redis_jobs_open(struct jobs_engine **engine, const char *url, const eddy_jobs_options *options,
                           void (*on_hint)(void *arg, enum jobs_hint hint, const char *name), void *arg)
{
        struct store *store;
        int rc = create_store(&store, url, options);

        *engine = NULL;
        if (rc == 0)
                rc = connect_patiently(store);
        if (rc == 0)
                rc = check_format(store, SCRIPT_OPEN, options->must_exist);
        if (rc == EDDY_EJOBSFORMAT && options->migrates)
                rc = check_format(store, SCRIPT_MIGRATE, true);
        if (rc == 0)
                rc = keep_scripts(&store->engine, FORMAT);
        if (rc < 0) {
                free_store(store);
                return rc;
        }
        store->engine.on_hint = on_hint;
        store->engine.arg = arg;
        *engine = &store->engine;
        return 0;
}

static void redis_jobs_close(struct jobs_engine *engine)
{
        struct store *store = store_of(engine);

        hints_end(store);
        free_store(store);
}

const struct jobs_engine_type eddy_jobs_engine_redis = {
    .size = sizeof eddy_jobs_engine_redis,
    .name = "redis",
    .open = redis_jobs_open,
    .close = redis_jobs_close,
    .enqueue = redis_jobs_enqueue,
    .turn = redis_jobs_turn,
    .renew = redis_jobs_renew,
    .get = redis_jobs_get,
    .list = redis_jobs_list,
    .list_finished = redis_jobs_list_finished,
    .act = redis_jobs_act,
    .listen = redis_jobs_listen,
    .follow = redis_jobs_follow,
    .set_queue = redis_jobs_set_queue,
    .queues = redis_jobs_queues,
    .sweep = redis_jobs_sweep,
    .look_at_crons = redis_jobs_look_at_crons,
    .set_cron = redis_jobs_set_cron,
    .remove_cron = redis_jobs_remove_cron,
    .fire_cron = redis_jobs_fire_cron,
};
