/*
 * A library whose one socket is to be waited for, by operations: a query by libpq's asynchronous interface.
 *
 *         bridge_libpq CONNINFO QUERY
 *
 *         while (PQisBusy(conn)) {                               // libpq's own way, which blocks
 *                 poll(&(struct pollfd){PQsocket(conn), POLLIN}, 1, -1);
 *                 PQconsumeInput(conn);
 *         }
 *
 * What waits here is a coroutine, and the code has the same shape. libeddy-postgres (src/postgres/connection.c) is what programs
 * use. docs/bridging.md says what to mind.
 */
#include <eddy.h>
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

struct wait {
        eddy_op ops[2];
        eddy_event first, last; /* one of them has ended; all have */
        int pending;
};

static void on_end(void *arg)
{
        struct wait *wait = arg;
        eddy_event_set(&wait->first);
        if (--wait->pending == 0)
                eddy_event_set(&wait->last);
}

/* Wait until a descriptor can be read or written: poll() for a coroutine. The operations lie on this stack, and so they have
 * ended when this returns, whoever interrupts it. */
static int wait_for(int fd, unsigned events)
{
        static const unsigned each[] = {POLLIN, POLLOUT};
        struct wait wait = {.first = EDDY_EVENT_INIT, .last = EDDY_EVENT_INIT};
        ssize_t n = EDDY_PENDING;
        for (int i = 0; i < 2; i++) {
                eddy_op_init(&wait.ops[i], eddy_running_loop(), on_end, &wait);
                if (n == EDDY_PENDING && events & each[i]) {
                        n = eddy_op_poll(&wait.ops[i], fd, each[i]);
                        wait.pending += n == EDDY_PENDING;
                }
        }
        int rc = n == EDDY_PENDING ? eddy_event_wait(&wait.first) : n < 0 ? (int)n : eddy_interrupted();
        for (int i = 0; i < 2; i++)
                eddy_op_cancel(&wait.ops[i]);
        if (wait.pending > 0)
                EDDY_SHIELD_SCOPE
                        eddy_event_wait(&wait.last);
        for (int i = 0; i < 2 && rc == 0; i++)
                if (wait.ops[i].result < 0 && wait.ops[i].result != EDDY_CANCELLED)
                        rc = (int)wait.ops[i].result;
        return rc;
}

/* The loop remembers what it knows of a descriptor that operations have used, and has to be told of its end; but libpq closes
 * its socket when it likes, and the next one has the same number. So what is waited for is a duplicate, which is ours. */
static int wait_for_socket(const PGconn *conn, unsigned events)
{
        int fd = fcntl(PQsocket(conn), F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        int rc = wait_for(fd, events);
        eddy_op op;
        eddy_op_init(&op, eddy_running_loop(), NULL, NULL);
        eddy_op_close(&op, fd);
        return rc;
}

/* Only the first line: libpq appends where in the query it was. */
static int fail_with(const char *message)
{
        return eddy_fail(-EIO, "%.*s", (int)strcspn(message, "\n"), message);
}

static int fail(const PGconn *conn)
{
        return fail_with(PQerrorMessage(conn));
}

/* At first as if PQconnectPoll() had asked to write. With several addresses each step may be on another socket. */
static int finish_connecting(PGconn *conn)
{
        PostgresPollingStatusType wish = PGRES_POLLING_WRITING;
        if (PQstatus(conn) == CONNECTION_BAD)
                return fail(conn);
        while (wish != PGRES_POLLING_OK) {
                int rc = wait_for_socket(conn, wish == PGRES_POLLING_READING ? POLLIN : POLLOUT);
                if (rc < 0)
                        return rc;
                wish = PQconnectPoll(conn);
                if (wish == PGRES_POLLING_FAILED)
                        return fail(conn);
        }
        return PQsetnonblocking(conn, 1) < 0 ? fail(conn) : 0;
}

/* Where the server does not take what is sent, it may be because it wants to be heard first. */
static int flush(PGconn *conn)
{
        int left;
        while ((left = PQflush(conn)) > 0) {
                int rc = wait_for_socket(conn, POLLIN | POLLOUT);
                if (rc < 0)
                        return rc;
                if (!PQconsumeInput(conn))
                        return fail(conn);
        }
        return left < 0 ? fail(conn) : 0;
}

static int next_result(PGconn *conn, PGresult **result)
{
        while (PQisBusy(conn)) {
                int rc = wait_for_socket(conn, POLLIN);
                if (rc < 0)
                        return rc;
                if (!PQconsumeInput(conn))
                        return fail(conn);
        }
        *result = PQgetResult(conn);
        return 0;
}

static int print(const PGresult *result)
{
        switch (PQresultStatus(result)) {
        case PGRES_EMPTY_QUERY:
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
                break;
        case PGRES_FATAL_ERROR:
                return fail_with(PQresultErrorMessage(result));
        default:
                return fail_with(PQresStatus(PQresultStatus(result))); /* a copy, which is no query */
        }
        for (int row = 0; row < PQntuples(result); row++)
                for (int field = 0; field < PQnfields(result); field++)
                        printf("%s%c", PQgetvalue(result, row, field),
                               field + 1 < PQnfields(result) ? '\t' : '\n');
        return 0;
}

static int query(PGconn *conn, const char *text)
{
        PGresult *result = NULL;
        if (!PQsendQuery(conn, text))
                return fail(conn);
        int rc = flush(conn);
        while (rc == 0 && (rc = next_result(conn, &result)) == 0 && result) {
                rc = print(result);
                PQclear(result);
        }
        return rc;
}

static intptr_t app(void *arg)
{
        char **arguments = arg;
        PGconn *conn = PQconnectStart(arguments[1]);
        if (!conn)
                return -ENOMEM;
        int rc = 0;
        EDDY_TIMEOUT_SCOPE(eddy_seconds(10)) /* libpq has a limit where it blocks only */
                rc = finish_connecting(conn);
        if (rc == 0)
                rc = query(conn, arguments[2]);
        PQfinish(conn);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc != 3) {
                fputs("usage: bridge_libpq CONNINFO QUERY\n", stderr);
                return 2;
        }
        intptr_t rc = eddy_run(app, argv);
        if (rc < 0)
                fprintf(stderr, "bridge_libpq: %s\n", eddy_explain(rc));
        return rc < 0;
}
