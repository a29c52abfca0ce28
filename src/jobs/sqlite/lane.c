#include "jobs/sqlite/lane.h"
#include "jobs/sqlite/statement.h"

#include "base/list.h"
#include "base/memory.h"
#include <stdarg.h>
#include <stdio.h>

/* Somebody who waits, on the stack. */
struct request {
        eddy_link link;
        lane_fn *fn;
        void *arg;
        int rc;
        bool only_reads;
        bool made_ready;
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

        snprintf(lane->detail, sizeof lane->detail, "%s: %s", path && path[0] ? path : "memory:",
                 lane->db ? sqlite3_errmsg(lane->db) : sqlite3_errstr(code));
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

int lane_open(struct lane *lane, const char *path, int flags, eddy_duration patience)
{
        eddy_duration ms = patience / 1000000;
        int code = sqlite3_open_v2(path, &lane->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

        if (code == SQLITE_OK) {
                sqlite3_extended_result_codes(lane->db, 1);
                code = sqlite3_busy_timeout(lane->db, ms > INT32_MAX ? INT32_MAX : (int)ms);
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
        lane->made_ready = false;
        request->rc = request->fn(lane, request->arg);
        request->made_ready = lane->made_ready;
        if (request->rc < 0)
                keep_failure(lane, request, request->rc);
        if (sqlite3_get_autocommit(
                lane->db)) /* a full disk ended the transaction, and whatever others had done in it */
                return request->rc < 0 ? request->rc : EDDY_EJOBS;
        if (is_alone)
                return request->rc < 0 ? request->rc : 0;
        return lane_execute(lane, request->rc < 0 ? "ROLLBACK TO one; RELEASE one" : "RELEASE one");
}

static void run_transaction(struct lane *lane, eddy_link *requests)
{
        bool is_alone = requests->next->next == requests, only_reads = true;
        int rc;

        for (eddy_link *link = requests->next; link != requests; link = link->next)
                only_reads = only_reads && container_of(link, struct request, link)->only_reads;
        /* Who reads first and writes then would be refused at once where another process has written between. */
        rc = lane_execute(lane, only_reads ? "BEGIN" : "BEGIN IMMEDIATE");

        for (eddy_link *link = requests->next; rc == 0 && link != requests; link = link->next)
                rc = perform(lane, container_of(link, struct request, link), is_alone);
        if (rc == 0)
                rc = lane_execute(lane, "COMMIT");
        if (rc == 0)
                return;
        for (eddy_link *link = requests->next; link != requests; link = link->next) {
                struct request *request = container_of(link, struct request, link);
                if (request->rc >= 0)
                        keep_failure(lane, request, rc);
        }
        if (!sqlite3_get_autocommit(lane->db))
                sqlite3_exec(lane->db, "ROLLBACK", NULL, NULL, NULL);
}

/* On the lane's thread, once for each request: the first finds those that came meanwhile, which are then done before their turn. */
static intptr_t run_waiting(void *arg)
{
        struct lane *lane = arg;
        eddy_link requests;

        list_init(&requests);
        pthread_mutex_lock(&lane->mutex);
        list_splice(&requests, &lane->waiting);
        pthread_mutex_unlock(&lane->mutex);
        if (!list_is_empty(&requests))
                run_transaction(lane, &requests);
        return 0;
}

static int call(struct lane *lane, struct request *request)
{
        const eddy_work_options options = {.name = "jobs", .executor = lane->executor};
        eddy_future *run;
        int rc = 0;

        /* The thread sees neither without the other. */
        pthread_mutex_lock(&lane->mutex);
        run = eddy_executor_submit(&options, run_waiting, lane);
        if (run && !eddy_done(run))
                list_append(&lane->waiting, &request->link);
        else
                rc = -ENOMEM;
        pthread_mutex_unlock(&lane->mutex);
        EDDY_SHIELD_SCOPE {
                int failure = eddy_join(run, NULL);
                rc = rc < 0 && failure < 0 ? failure : rc;
        }
        if (rc < 0)
                return rc;
        return request->rc < 0 && request->detail[0] ? eddy_fail(request->rc, "%s", request->detail)
                                                     : request->rc;
}

int lane_call(struct lane *lane, lane_fn *fn, void *arg, bool *made_ready)
{
        struct request request = {.fn = fn, .arg = arg};
        int rc = call(lane, &request);

        if (made_ready)
                *made_ready = rc >= 0 && request.made_ready;
        return rc;
}

int lane_look(struct lane *lane, lane_fn *fn, void *arg)
{
        struct request request = {.fn = fn, .arg = arg, .only_reads = true};

        return call(lane, &request);
}
