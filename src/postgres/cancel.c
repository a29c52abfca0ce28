/* Asking the server to stop. libpq's function for that blocks: it connects anew, and waits until the server has
 * heard. So it runs on a thread, which reaches no loop: it may outlive it where the server is silent. */
#include "postgres/connection.h"

#include "base/memory.h"
#include "base/sys_pipe.h"

enum { GRACE_SECONDS = 5, ASK_AGAIN_MS = 250 };

/** What the thread owns. */
struct asking {
        PGcancel *cancel;
        int end; /* of a pipe; the loop sees it close */
};

static void *ask(void *arg)
{
        struct asking *asking = arg;
        int end = asking->end;
        char problem[256];

        PQcancel(asking->cancel, problem, sizeof problem);
        PQfreeCancel(asking->cancel);
        memory_free(asking);
        close(end); /* past the seam: what it counts must not depend on a thread's pace */
        return NULL;
}

/* A thread without signals, as all but a program's own should be. */
static int run_detached(void *(*fn)(void *), void *arg)
{
        pthread_attr_t attributes;
        sigset_t all, before;
        pthread_t thread;
        int rc;

        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        rc = sys_thread_create(&thread, &attributes, fn, arg);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
        return rc;
}

static int start_asking(PGconn *conn, int end)
{
        struct asking *asking = memory_alloc(sizeof *asking);
        int rc;

        if (!asking)
                return -ENOMEM;
        asking->end = end;
        asking->cancel = PQgetCancel(conn);
        rc = asking->cancel ? run_detached(ask, asking) : -ENOMEM;
        if (rc < 0) {
                PQfreeCancel(asking->cancel);
                memory_free(asking);
        }
        return rc;
}

static void on_closed(void *future)
{
        eddy_future_set_result(future, 0);
}

static int ask_on_thread(eddy_postgres *pg, const int ends[2])
{
        eddy_future *heard = eddy_future_create(pg->loop);
        int rc = heard ? eddy_add_reader(pg->loop, ends[0], on_closed, heard) : -ENOMEM;

        if (rc == 0)
                rc = start_asking(pg->conn, ends[1]);
        if (rc < 0)
                sys_close(ends[1]);
        else
                rc = eddy_await(heard, NULL);
        eddy_remove_reader(pg->loop, ends[0]);
        eddy_unref(heard);
        return rc;
}

/* When it returns 0 the server has been told, and it is too late for it to stop a query that is yet to come. */
static int ask_to_stop(eddy_postgres *pg)
{
        int ends[2], rc = sys_pipe(ends);

        if (rc < 0)
                return rc;
        rc = ask_on_thread(pg, ends);
        eddy_sock_close(ends[0]); /* the loop has watched it */
        return rc;
}

/* The result behind them says how they ended. */
static int drop_copied_rows(eddy_postgres *pg)
{
        char *row = NULL;
        int n, rc = 0;

        while (rc == 0 && (n = PQgetCopyData(pg->conn, &row, 1)) >= 0) {
                if (n > 0)
                        PQfreemem(row);
                else
                        rc = postgres_wait(pg);
        }
        return rc;
}

/* libpq says without end that there is a copy until that has ended. One in both directions then becomes one that comes. */
static int end_copy(eddy_postgres *pg, ExecStatusType kind)
{
        if (kind == PGRES_COPY_OUT)
                return drop_copied_rows(pg);
        if (PQputCopyEnd(pg->conn, kind == PGRES_COPY_IN ? "given up" : NULL) != 1)
                return postgres_failure(pg);
        return postgres_flush(pg);
}

/* Take all that is due. 0: the connection is idle. A copy has no result that stands for it. */
static int drain(eddy_postgres *pg, PGresult **last)
{
        int rc = postgres_flush(pg);

        while (rc == 0) {
                PGresult *result = NULL;
                ExecStatusType status;
                bool is_copy;

                /* Results may come faster than they are taken, and none of them is waited for then. */
                rc = eddy_interrupted();
                if (rc == 0)
                        rc = postgres_next_result(pg, &result);
                if (rc < 0)
                        break;
                status = PQresultStatus(result);
                is_copy = postgres_begins_copy(result);
                if (is_copy)
                        last = NULL;
                if (result && last)
                        postgres_keep_last(last, result);
                else
                        PQclear(result);
                if (!eddy_postgres_is_open(pg))
                        return -ECONNRESET;
                if (!result && pg->syncs == 0)
                        return 0;
                if (status == PGRES_PIPELINE_SYNC)
                        pg->syncs--;
                else if (is_copy)
                        rc = end_copy(pg, status);
        }
        return rc;
}

/* A request that comes before the query that it means is in vain, so it is repeated. */
static int stop_and_drain(eddy_postgres *pg, PGresult **last)
{
        int rc;

        do {
                rc = ask_to_stop(pg);
                if (rc < 0)
                        return rc;
                EDDY_TIMEOUT_SCOPE(eddy_ms(ASK_AGAIN_MS))
                        rc = drain(pg, last);
        } while (rc == EDDY_TIMEOUT && eddy_interrupted() == 0);
        return rc;
}

int postgres_settle(eddy_postgres *pg, bool cancels, PGresult **last)
{
        int rc = -ECONNRESET;

        if (eddy_postgres_is_open(pg)) {
                EDDY_SHIELD_SCOPE
                        EDDY_TIMEOUT_SCOPE(eddy_seconds(GRACE_SECONDS))
                                rc = cancels ? stop_and_drain(pg, last) : drain(pg, last);
        }
        if (rc == 0 && pg->mode == PIPELINE && !PQexitPipelineMode(pg->conn))
                rc = -ECONNRESET;
        if (rc < 0)
                postgres_break(pg);
        pg->mode = IDLE;
        pg->unsynced = pg->due = pg->syncs = 0;
        return rc < 0 ? -ECONNRESET : 0;
}
