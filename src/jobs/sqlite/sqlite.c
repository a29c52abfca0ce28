/* Jobs in an SQLite file, which several processes may have open, or in memory. What is asked for is done on helper threads: one
 * that writes, and one that looks, so that a long look holds up no work. */
#include "jobs/sqlite/changes.h"
#include "jobs/sqlite/format.h"
#include "jobs/sqlite/store.h"

#include "base/list.h"
#include "base/memory.h"
#include "jobs/again.h"
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* To open, on a helper thread. */
struct opening {
        struct sqlite_store *store;
        const char *path;
        eddy_duration patience;
        bool must_exist, migrates;
};

/* Payloads are nobody else's to read; what SQLite makes beside the file has its permissions. One that is there is never opened and closed but by
 * SQLite: closing it would give up the locks that this process has on it by other connections. */
static int make_file(struct lane *lane, const char *path, bool must_exist)
{
        static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
        int fd, error = 0;

        if (must_exist)
                return access(path, F_OK) < 0 ? lane_fail(lane, -errno, "%s: %s", path, strerror(errno)) : 0;
        pthread_mutex_lock(&making);
        fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
        if (fd >= 0)
                close(fd);
        else if (errno != EEXIST)
                error = errno;
        pthread_mutex_unlock(&making);
        return error ? lane_fail(lane, -error, "%s: %s", path, strerror(error)) : 0;
}

/* SQLite does not wait where two change a file's journal at once: whoever is refused tries again. */
static int begin_log(struct lane *lane, eddy_duration patience)
{
        const struct timespec pause = {.tv_nsec = 5000000};
        int rc;

        do {
                rc = lane_execute(lane, "PRAGMA journal_mode = WAL");
                if (rc != EDDY_EJOBSAWAY || atomic_load(&lane->is_given_up))
                        return rc;
                nanosleep(&pause, NULL);
                patience -= 5000000;
        } while (patience > 0);
        return rc;
}

static intptr_t open_file(void *arg)
{
        struct opening *opening = arg;
        struct lane *writer = &opening->store->writer, *reader = &opening->store->reader;
        const int flags = SQLITE_OPEN_READWRITE;
        int64_t is_wal = 0;
        int rc = make_file(writer, opening->path, opening->must_exist);

        if (rc == 0)
                rc = lane_open(writer, opening->path, flags, opening->patience);
        if (rc == 0)
                rc = format_check_owner(writer, opening->path);
        if (rc == 0)
                rc = begin_log(writer, opening->patience);
        if (rc == 0)
                rc = lane_execute(writer, "PRAGMA synchronous = FULL; PRAGMA "
                                          "journal_size_limit = 67108864");
        if (rc == 0)
                rc = format_ask(writer, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'",
                                &is_wal);
        if (rc == 0 && !is_wal)
                rc = lane_fail(writer, EDDY_EJOBS, "%s: on this file system SQLite has no write-ahead log",
                               opening->path);
        if (rc == 0)
                rc = format_begin(writer, opening->path, opening->migrates);
        if (rc == 0)
                rc = format_ask(writer, "PRAGMA data_version", &opening->store->version);
        if (rc < 0)
                return rc;
        rc = lane_open(reader, opening->path, flags, opening->patience);
        if (rc < 0)
                memcpy(writer->detail, reader->detail, sizeof writer->detail);
        return rc;
}

static intptr_t open_memory(void *arg)
{
        struct opening *opening = arg;
        struct lane *writer = &opening->store->writer;
        int rc = lane_open(writer, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, opening->patience);

        return rc < 0 ? rc : format_begin(writer, "memory:", false);
}

static void close_store(struct jobs_engine *engine)
{
        struct sqlite_store *store = (struct sqlite_store *)engine;

        changes_stop(store);
        lane_close(&store->reader);
        lane_close(&store->writer);
        jobs_again_free(&store->workers);
        memory_free(store->path);
        memory_free(store);
}

/* On the writer's thread. Whoever is interrupted has it wait for other processes no longer, and waits for that. */
static int run_opening(struct opening *opening, eddy_fn open)
{
        struct lane *writer = &opening->store->writer;
        eddy_future *run =
            eddy_executor_submit(&(eddy_work_options){.executor = writer->executor}, open, opening);
        intptr_t opened = 0;
        ssize_t n = eddy_wait(&run, 1, EDDY_ALL_COMPLETED, EDDY_FOREVER);
        int rc;

        atomic_store(&writer->is_given_up, n < 0);
        EDDY_SHIELD_SCOPE
                rc = eddy_join(run, &opened);
        if (rc == 0 && opened == EDDY_EJOBSAWAY)
                rc = eddy_interrupted();
        if (rc < 0)
                return rc;
        return opened < 0 ? eddy_fail((int)opened, "%s", writer->detail) : 0;
}

static int open_lanes(struct sqlite_store *store, const char *url, const eddy_jobs_options *options)
{
        struct opening opening = {.store = store,
                                  .patience = options->patience,
                                  .must_exist = options->must_exist,
                                  .migrates = options->migrates};
        bool is_file = strncmp(url, "sqlite:", 7) == 0;
        int rc;

        if (is_file) {
                store->path = memory_strdup(url + 7);
                if (!store->path)
                        return -ENOMEM;
                if (!store->path[0])
                        return eddy_fail(-EINVAL, "a file is missing: sqlite:FILE");
        }
        opening.path = store->path;
        rc = lane_start(&store->writer);
        if (rc == 0 && is_file)
                rc = lane_start(&store->reader);
        return rc < 0 ? rc : run_opening(&opening, is_file ? open_file : open_memory);
}

static int open_store(struct jobs_engine **engine, const char *url, const eddy_jobs_options *options,
                      void (*on_hint)(void *arg, enum jobs_hint hint, const char *name), void *arg)
{
        struct sqlite_store *store = memory_zalloc(sizeof *store);
        int rc;

        *engine = NULL;
        if (!store)
                return -ENOMEM;
        list_init(&store->workers);
        store->base = (struct jobs_engine){&eddy_jobs_engine_sqlite, on_hint, arg};
        rc = open_lanes(store, url, options);
        if (rc < 0) {
                EDDY_SHIELD_SCOPE
                        close_store(&store->base);
                return rc;
        }
        *engine = &store->base;
        return 0;
}

/* Hints of what this process does itself. */

static void hint(struct sqlite_store *store, enum jobs_hint what, const char *name)
{
        store->base.on_hint(store->base.arg, what, name);
}

/* What others may have waited for. */
static void tell_effects(struct sqlite_store *store, unsigned effects)
{
        if (effects & LANE_ENDED)
                hint(store, JOBS_HINT_FINISHED, NULL);
        if (effects & LANE_MADE_READY)
                hint(store, JOBS_HINT_WORK, NULL);
}

static int enqueue(struct jobs_engine *engine, const eddy_job_spec *specs, size_t n, eddy_job_added *added)
{
        struct sqlite_store *store = (struct sqlite_store *)engine;
        struct enqueue_call call = {.specs = specs, .n = n, .added = added};
        int rc = lane_call(&store->writer, store_enqueue, &call, NULL);

        if (rc == 0) /* also of what is due later a worker has to know */
                hint(store, JOBS_HINT_WORK, NULL);
        return rc;
}

static void forget_taken(struct jobs_turn *turn)
{
        while (turn->taken_count > 0)
                memory_free(turn->taken[--turn->taken_count]);
}

static int turn(struct jobs_engine *engine, struct jobs_turn *one)
{
        struct sqlite_store *store = (struct sqlite_store *)engine;
        unsigned effects;
        bool is_again;
        int rc = jobs_again_note(&store->workers, one, &is_again);

        one->taken_count = 0;
        if (rc == 0)
                rc = lane_call(&store->writer, store_turn, one, &effects);
        if (rc < 0) { /* also where it was only the commit that failed */
                forget_taken(one);
                return rc;
        }
        for (size_t i = 0; i < one->outcome_count; i++) {
                struct jobs_outcome *outcome = &one->outcomes[i];
                if (outcome->rc == EDDY_ENOJOB && is_again) /* it was finished, and is not kept */
                        outcome->rc = 0;
                if (outcome->rc == 0)
                        hint(store, JOBS_HINT_FINISHED, outcome->id);
        }
        tell_effects(store, effects);
        return 0;
}

static int renew(struct jobs_engine *engine, struct jobs_lease *leases, size_t n, eddy_duration lease)
{
        struct renew_call call = {.leases = leases, .n = n, .lease = lease};

        return lane_call(&((struct sqlite_store *)engine)->writer, store_renew, &call, NULL);
}

/* Memory has one connection. */
static struct lane *looking_lane(struct jobs_engine *engine)
{
        struct sqlite_store *store = (struct sqlite_store *)engine;

        return store->path ? &store->reader : &store->writer;
}

static int get(struct jobs_engine *engine, const char *id, eddy_job_info **info)
{
        struct get_call call = {.id = id};
        int rc = lane_look(looking_lane(engine), store_get, &call);

        if (rc < 0) {
                memory_free(call.info);
                call.info = NULL;
        }
        *info = call.info;
        return rc;
}

static int list(struct jobs_engine *engine, const eddy_job_filter *filter, eddy_job_list *jobs)
{
        struct list_call call = {.filter = filter, .list = jobs};

        return lane_look(looking_lane(engine), store_list, &call);
}

static int list_finished(struct jobs_engine *engine, const char *queue, eddy_job_time since, size_t most,
                         eddy_job_list *jobs)
{
        struct finished_call call = {.queue = queue, .since = since, .most = most, .list = jobs};

        return lane_look(looking_lane(engine), store_list_finished, &call);
}

static int queues(struct jobs_engine *engine, eddy_job_queue **found, size_t *n)
{
        struct queues_call call = {0};
        int rc = lane_look(looking_lane(engine), store_queues, &call);

        if (rc < 0) {
                memory_free(call.queues);
                return rc;
        }
        *found = call.queues;
        *n = call.n;
        return 0;
}

static int act(struct jobs_engine *engine, enum jobs_action action, const char *id)
{
        struct sqlite_store *store = (struct sqlite_store *)engine;
        struct act_call call = {.action = action, .id = id};
        unsigned effects;
        int rc = lane_call(&store->writer, store_act, &call, &effects);

        if (rc == 0 && call.is_asked)
                hint(store, JOBS_HINT_CANCEL, id);
        if (rc == 0 && call.is_finished)
                hint(store, JOBS_HINT_FINISHED, id);
        tell_effects(store, effects);
        return rc;
}

static int set_queue(struct jobs_engine *engine, const char *queue, const struct jobs_queue_change *change)
{
        struct sqlite_store *store = (struct sqlite_store *)engine;
        struct queue_call call = {.queue = queue, .change = change};
        int rc = lane_call(&store->writer, store_set_queue, &call, NULL);

        if (rc == 0)
                hint(store, JOBS_HINT_WORK, queue);
        return rc;
}

static int sweep(struct jobs_engine *engine)
{
        return lane_call(&((struct sqlite_store *)engine)->writer, store_sweep, NULL, NULL);
}

static int look_at_crons(struct jobs_engine *engine, struct jobs_cron_look *look)
{
        return lane_look(looking_lane(engine), store_look_at_crons, look);
}

/* On the lane's thread, which changes neither. */
static int call_writer(struct jobs_engine *engine, lane_fn *fn, const void *arg, unsigned *effects)
{
        return lane_call(&((struct sqlite_store *)engine)->writer, fn, (void *)(uintptr_t)arg, effects);
}

static int set_cron(struct jobs_engine *engine, const struct jobs_cron *cron, bool keeps_next)
{
        const struct set_cron_call call = {cron, keeps_next};
        int rc = call_writer(engine, store_set_cron, &call, NULL);

        if (rc == 0)
                hint((struct sqlite_store *)engine, JOBS_HINT_CRON, NULL);
        return rc;
}

static int remove_cron(struct jobs_engine *engine, const char *name)
{
        return call_writer(engine, store_remove_cron, name, NULL);
}

static int fire_cron(struct jobs_engine *engine, const struct jobs_cron_fire *fire)
{
        unsigned effects;
        int rc = call_writer(engine, store_fire_cron, fire, &effects);

        tell_effects((struct sqlite_store *)engine, effects);
        return rc;
}

static int listen_to(struct jobs_engine *engine)
{
        return changes_listen((struct sqlite_store *)engine);
}

static int follow(struct jobs_engine *engine, const char *id)
{
        (void)id;
        return changes_listen((struct sqlite_store *)engine);
}

const struct jobs_engine_type eddy_jobs_engine_sqlite = {
    .size = sizeof eddy_jobs_engine_sqlite,
    .name = "sqlite",
    .open = open_store,
    .close = close_store,
    .enqueue = enqueue,
    .turn = turn,
    .renew = renew,
    .get = get,
    .list = list,
    .list_finished = list_finished,
    .act = act,
    .listen = listen_to,
    .follow = follow,
    .set_queue = set_queue,
    .queues = queues,
    .sweep = sweep,
    .look_at_crons = look_at_crons,
    .set_cron = set_cron,
    .remove_cron = remove_cron,
    .fire_cron = fire_cron,
};
