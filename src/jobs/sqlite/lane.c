#include "jobs/sqlite/lane.h"
#include "jobs/sqlite/statement.h"

#include "base/list.h"
#include "base/memory.h"
#include "jobs/sqlite/format.h"
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* Another process that writes is waited for on the thread, in slices; between them who is interrupted goes. */
static const eddy_duration busy_slice = 20000000, busy_pause = 100000;

/* Who has always something to write leaves the file alone for a moment each so often, as long as another process has written within the last
 * of these: else those that look each busy_pause whether it is free would hardly ever find it so. */
static const eddy_duration courtesy = 250000, courtesy_each = 5000000, shared_for = 1000000000;

/* Whose it is, under the lane's mutex. */
enum request_state {
        REQUEST_NEW,
        REQUEST_WAITING, /* in the lane's list */
        REQUEST_TAKEN,   /* the thread's */
        REQUEST_DONE,
};

/* Somebody who waits, on the stack. */
struct request {
        eddy_link link;
        lane_fn *fn;
        void *arg;
        enum request_state state;
        int rc;
        bool only_reads;
        unsigned effects;
        char detail[256];
};

int lane_fail(struct lane *lane, int rc, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(lane->detail, sizeof lane->detail, format, arguments);
        va_end(arguments);
        return rc;
}

int lane_failure(struct lane *lane, int code)
{
        const char *path = lane->db ? sqlite3_db_filename(lane->db, "main") : NULL;

        bool is_full = lane->db && (code & 0xff) == SQLITE_IOERR && sqlite3_system_errno(lane->db) == ENOSPC;

        snprintf(lane->detail, sizeof lane->detail, "%s: %s%s",
                 path && path[0] ? path : "memory:", lane->db ? sqlite3_errmsg(lane->db) : sqlite3_errstr(code),
                 is_full ? ", since the disk is full" : "");
        if (is_full)
                return -ENOSPC;
        switch (code & 0xff) {
        case SQLITE_OK:
        case SQLITE_DONE:
        case SQLITE_ROW:
                return 0;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return EDDY_EJOBSAWAY;
        default:
                return EDDY_EJOBS;
        }
}

int lane_execute(struct lane *lane, const char *sql)
{
        int code = sqlite3_exec(lane->db, sql, NULL, NULL, NULL);

        return code == SQLITE_OK ? 0 : lane_failure(lane, code);
}

static int64_t monotonic_now(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Another process writes: whether to try again. */
static int wait_for_others(void *arg, int times)
{
        const struct timespec pause = {.tv_nsec = busy_pause};
        struct lane *lane = arg;

        (void)times;
        if (monotonic_now() >= lane->busy_until || atomic_load(&lane->is_given_up))
                return 0;
        nanosleep(&pause, NULL);
        return 1;
}

int lane_open(struct lane *lane, const char *path, int flags, eddy_duration patience)
{
        int code = sqlite3_open_v2(path, &lane->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

        lane->patience = patience;
        lane->busy_until = eddy_time_add(monotonic_now(), patience);
        if (code == SQLITE_OK) {
                sqlite3_extended_result_codes(lane->db, 1);
                code = sqlite3_busy_handler(lane->db, wait_for_others, lane);
        }
        return code == SQLITE_OK ? 0 : lane_failure(lane, code);
}

int lane_start(struct lane *lane)
{
        list_init(&lane->waiting);
        pthread_mutex_init(&lane->mutex, NULL);
        return eddy_executor_create(&lane->executor,
                                    &(eddy_executor_options){.max_threads = 1, .name = "eddy-jobs-db"});
}

static intptr_t close_connection(void *arg)
{
        struct lane *lane = arg;

        eddy_executor_destroy(lane->executor);
        for (size_t i = 0; i < SQLITE_STATEMENTS_MOST; i++)
                sqlite3_finalize(lane->statements[i]);
        sqlite3_close(lane->db); /* which may have a log to write back */
        return 0;
}

void lane_close(struct lane *lane)
{
        if (!lane->executor)
                return;
        if (eddy_to_thread(close_connection, lane, NULL) < 0) /* no other thread can be had */
                close_connection(lane);
        pthread_mutex_destroy(&lane->mutex);
}

/* Transactions. */

static void keep_failure(struct lane *lane, struct request *request, int rc)
{
        request->rc = rc;
        memcpy(request->detail, lane->detail, sizeof request->detail);
}

/* One of several, so that what fails undoes nothing of the others'. */
static int perform(struct lane *lane, struct request *request, bool is_alone)
{
        int rc = is_alone ? 0 : lane_execute(lane, "SAVEPOINT one");

        if (rc < 0)
                return rc;
        lane->detail[0] = '\0';
        lane->effects = 0;
        request->rc = request->fn(lane, request->arg);
        request->effects = lane->effects;
        if (request->rc < 0)
                keep_failure(lane, request, request->rc);
        if (sqlite3_get_autocommit(
                lane->db)) /* a full disk ended the transaction, and whatever others had done in it */
                return request->rc < 0 ? request->rc
                                       : lane_fail(lane, EDDY_EJOBS, "SQLite ended the transaction");
        if (is_alone)
                return request->rc < 0 ? request->rc : 0;
        return lane_execute(lane, request->rc < 0 ? "ROLLBACK TO one; RELEASE one" : "RELEASE one");
}

static void let_others_write(struct lane *lane)
{
        int64_t now = monotonic_now(), left = lane->wrote + courtesy - now;

        if (left <= 0) {
                lane->gave_way = now;
        } else if (now - lane->gave_way > courtesy_each && now - lane->others_wrote < shared_for) {
                nanosleep(&(struct timespec){.tv_nsec = left}, NULL);
                lane->gave_way = now;
        }
}

static int look_for_others(struct lane *lane)
{
        struct statement s = statement_begin(lane, DATA_VERSION);
        int64_t version = lane->version;

        if (statement_row(&s))
                version = column_number(&s, 0);
        if (version != lane->version && lane->version != 0)
                lane->others_wrote = monotonic_now();
        lane->version = version;
        return statement_end(&s);
}

/* Begin, for others' writes to be waited for no longer than a slice, and see whether the format is still ours. */
static int begin(struct lane *lane, bool only_reads)
{
        int rc;

        if (!only_reads)
                let_others_write(lane);
        lane->busy_until = monotonic_now() + busy_slice;
        /* Who reads first and writes then would be refused at once where another process has written between. */
        rc = lane_execute(lane, only_reads ? "BEGIN" : "BEGIN IMMEDIATE");
        if (rc == 0)
                rc = format_check(lane);
        return rc == 0 && !only_reads ? look_for_others(lane) : rc;
}

static void roll_back(struct lane *lane)
{
        if (!sqlite3_get_autocommit(lane->db))
                sqlite3_exec(lane->db, "ROLLBACK", NULL, NULL, NULL);
}

static void settle(struct lane *lane, eddy_link *requests, int rc)
{
        for (eddy_link *link = requests->next; link != requests; link = link->next) {
                struct request *request = container_of(link, struct request, link);
                if (rc < 0 && request->rc >= 0)
                        keep_failure(lane, request, rc);
        }
}

/* Another process writes, and nothing was done: they wait again. */
static void put_back(struct lane *lane, eddy_link *requests)
{
        settle(lane, requests, EDDY_EJOBSAWAY);
        pthread_mutex_lock(&lane->mutex);
        for (eddy_link *link = requests->next; link != requests; link = link->next)
                container_of(link, struct request, link)->state = REQUEST_WAITING;
        list_splice(requests, &lane->waiting);
        list_splice(&lane->waiting, requests);
        lane->ran_in_vain = lane->submitted;
        pthread_mutex_unlock(&lane->mutex);
}

static void run_transaction(struct lane *lane, eddy_link *requests)
{
        bool is_alone = requests->next->next == requests, only_reads = true;
        int rc;

        for (eddy_link *link = requests->next; link != requests; link = link->next) {
                struct request *request = container_of(link, struct request, link);
                request->rc = 0;
                only_reads = only_reads && request->only_reads;
        }
        rc = begin(lane, only_reads);
        if (rc == EDDY_EJOBSAWAY) {
                roll_back(lane);
                put_back(lane, requests);
                return;
        }
        for (eddy_link *link = requests->next; rc == 0 && link != requests; link = link->next)
                rc = perform(lane, container_of(link, struct request, link), is_alone);
        if (rc == 0)
                rc = lane_execute(lane, "COMMIT");
        if (!only_reads)
                lane->wrote = monotonic_now();
        if (rc < 0) {
                settle(lane, requests, rc);
                roll_back(lane);
        }
        pthread_mutex_lock(&lane->mutex);
        for (eddy_link *link = requests->next; link != requests; link = link->next)
                container_of(link, struct request, link)->state = REQUEST_DONE;
        pthread_mutex_unlock(&lane->mutex);
}

/* On the lane's thread, once for each request: the first finds those that came meanwhile, which are then done before their turn. */
static intptr_t run_waiting(void *arg)
{
        struct lane *lane = arg;
        eddy_link requests;

        list_init(&requests);
        pthread_mutex_lock(&lane->mutex);
        if (++lane->ran > lane->ran_in_vain)
                list_splice(&requests, &lane->waiting);
        for (eddy_link *link = requests.next; link != &requests; link = link->next)
                container_of(link, struct request, link)->state = REQUEST_TAKEN;
        pthread_mutex_unlock(&lane->mutex);
        if (!list_is_empty(&requests))
                run_transaction(lane, &requests);
        return 0;
}

/* Have the thread look at what waits, this request with it, and wait until it has. */
static int run_once(struct lane *lane, struct request *request)
{
        const eddy_work_options options = {.name = "jobs", .executor = lane->executor};
        eddy_future *run;
        int rc = 0;

        /* The thread sees neither without the other. */
        pthread_mutex_lock(&lane->mutex);
        run = eddy_executor_submit(&options, run_waiting, lane);
        if (run && !eddy_done(run)) {
                lane->submitted++;
                if (request->state == REQUEST_NEW) {
                        list_append(&lane->waiting, &request->link);
                        request->state = REQUEST_WAITING;
                }
        } else {
                rc = -ENOMEM;
        }
        pthread_mutex_unlock(&lane->mutex);
        EDDY_SHIELD_SCOPE {
                int failure = eddy_join(run, NULL);
                rc = rc < 0 && failure < 0 ? failure : rc;
        }
        return rc;
}

/* What a request that has not begun is given up for; 0: it is not. */
static int find_reason(eddy_time deadline, eddy_duration patience, int failure)
{
        int interrupted = eddy_interrupted();

        if (failure < 0 || interrupted < 0)
                return failure < 0 ? failure : interrupted;
        if (eddy_now() < deadline)
                return 0;
        return eddy_fail(EDDY_EJOBSAWAY, "another process has been writing to the file for %.3g s",
                         (double)patience / 1e9);
}

/* After a run that came to `rc`: whether the request is over with, and what that comes to. */
static bool is_over(struct lane *lane, struct request *request, eddy_time deadline, int *rc)
{
        int reason = find_reason(deadline, lane->patience, *rc);
        enum request_state state;

        pthread_mutex_lock(&lane->mutex);
        state = request->state;
        if (state == REQUEST_WAITING && reason < 0)
                list_remove(&request->link);
        pthread_mutex_unlock(&lane->mutex);
        *rc = state == REQUEST_DONE ? 0 : reason;
        return state == REQUEST_DONE || (state != REQUEST_TAKEN && reason < 0);
}

static int call(struct lane *lane, struct request *request)
{
        eddy_time deadline = eddy_time_add(eddy_now(), lane->patience);
        int rc = run_once(lane, request);

        while (!is_over(lane, request, deadline, &rc)) {
                if (rc < 0) /* without memory, while another run has it */
                        EDDY_SHIELD_SCOPE
                                eddy_sleep(eddy_ms(1));
                rc = run_once(lane, request);
        }
        if (rc < 0)
                return rc;
        return request->rc < 0 && request->detail[0] ? eddy_fail(request->rc, "%s", request->detail)
                                                     : request->rc;
}

int lane_call(struct lane *lane, lane_fn *fn, void *arg, unsigned *effects)
{
        struct request request = {.fn = fn, .arg = arg};
        int rc = call(lane, &request);

        if (effects)
                *effects = rc >= 0 ? request.effects : 0;
        return rc;
}

int lane_look(struct lane *lane, lane_fn *fn, void *arg)
{
        struct request request = {.fn = fn, .arg = arg, .only_reads = true};

        return call(lane, &request);
}
