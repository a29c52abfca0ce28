/* The socket is watched for reading all the time that libpq may take what comes, so that a query costs no change of
 * what is watched, and a server that closes an idle connection is noticed. */
#include "postgres/connection.h"

#include "base/memory.h"
#include "postgres/parameters.h"
#include <string.h>

__attribute__((constructor)) static void register_errors(void)
{
        static const eddy_error_name names[] = {
            {EDDY_EPOSTGRES, "EDDY_EPOSTGRES", "the PostgreSQL server refused"}};
        static eddy_error_block block = {.names = names, .count = sizeof names / sizeof names[0]};

        eddy_register_errors(&block);
}

static void wake(eddy_postgres *pg)
{
        if (pg->event)
                eddy_future_set_result(pg->event, 0);
}

static void stop_reading(eddy_postgres *pg)
{
        if (pg->is_reading)
                eddy_remove_reader(pg->loop, pg->fd);
        pg->is_reading = false;
}

static void stop_writing(eddy_postgres *pg)
{
        if (pg->is_writing)
                eddy_remove_writer(pg->loop, pg->fd);
        pg->is_writing = false;
}

/* libpq closes the socket of a connection that breaks, in whatever function notices it. After each that may, before
 * the number is another file's, this is to be called. */
static void notice_closing(eddy_postgres *pg)
{
        if (PQsocket(pg->conn) == pg->fd)
                return;
        stop_reading(pg);
        stop_writing(pg);
        pg->fd = -1;
}

/* What nobody waits for is left in the socket, so that the server cannot get far ahead; but for an idle
 * connection, where it can only be a notification, or the end. */
static void on_readable(void *arg)
{
        eddy_postgres *pg = arg;

        if ((!pg->event && pg->mode != IDLE) || !PQconsumeInput(pg->conn))
                stop_reading(pg);
        notice_closing(pg);
        wake(pg);
}

static void on_writable(void *arg)
{
        eddy_postgres *pg = arg;

        stop_writing(pg);
        wake(pg);
}

static int start_reading(eddy_postgres *pg)
{
        int rc = 0;

        if (!pg->is_reading)
                rc = eddy_add_reader(pg->loop, pg->fd, on_readable, pg);
        pg->is_reading = rc == 0;
        return rc;
}

static int start_writing(eddy_postgres *pg)
{
        int rc = 0;

        if (!pg->is_writing)
                rc = eddy_add_writer(pg->loop, pg->fd, on_writable, pg);
        pg->is_writing = rc == 0;
        return rc;
}

static int wait_for_event(eddy_postgres *pg)
{
        int rc;

        pg->event = eddy_future_create(pg->loop);
        rc = eddy_join(pg->event, NULL);
        pg->event = NULL;
        return rc;
}

int postgres_wait(eddy_postgres *pg)
{
        int rc;

        if (pg->is_destroyed)
                return EDDY_ESHUTDOWN;
        notice_closing(pg);
        if (PQstatus(pg->conn) != CONNECTION_OK || pg->fd < 0)
                return postgres_failure(pg);
        rc = start_reading(pg);
        if (rc == 0)
                rc = wait_for_event(pg);
        return pg->is_destroyed ? EDDY_ESHUTDOWN : rc;
}

/* Whether a result that libpq was short of lies in the socket. */
static bool has_come(eddy_postgres *pg)
{
        if (pg->is_destroyed || pg->fd < 0)
                return false;
        PQconsumeInput(pg->conn);
        notice_closing(pg);
        return !PQisBusy(pg->conn);
}

int postgres_flush(eddy_postgres *pg)
{
        int rc;

        while ((rc = PQflush(pg->conn)) > 0) {
                notice_closing(pg);
                if (pg->fd >= 0)
                        rc = start_writing(pg);
                if (rc >= 0)
                        rc = postgres_wait(pg);
                if (rc < 0)
                        return rc;
        }
        return rc < 0 ? postgres_failure(pg) : 0;
}

int postgres_next_result(eddy_postgres *pg, PGresult **result)
{
        while (PQisBusy(pg->conn)) {
                int rc = postgres_wait(pg);

                if (rc < 0 && !has_come(pg))
                        return rc;
        }
        *result = PQgetResult(pg->conn);
        notice_closing(pg);
        return 0;
}

/* The first line: libpq appends others, which say what was typed where. */
static int fail_with_message(int rc, const char *message)
{
        int size = (int)strcspn(message, "\n");

        return eddy_fail(rc, "%.*s", size, message);
}

int postgres_failure(eddy_postgres *pg)
{
        bool is_broken = PQstatus(pg->conn) != CONNECTION_OK || PQsocket(pg->conn) < 0;

        notice_closing(pg);
        return fail_with_message(is_broken ? -ECONNRESET : -EINVAL, PQerrorMessage(pg->conn));
}

int postgres_outcome(eddy_postgres *pg, const PGresult *result)
{
        const char *state, *message, *detail;

        switch (PQresultStatus(result)) {
        case PGRES_PIPELINE_ABORTED:
                return eddy_fail(EDDY_EPOSTGRES, "not run: a statement before it in the pipeline failed");
        case PGRES_BAD_RESPONSE:
        case PGRES_FATAL_ERROR:
                break;
        default:
                return 0;
        }
        state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
        if (!state) /* libpq's own */
                return fail_with_message(-ECONNRESET, PQresultErrorMessage(result));
        memcpy(pg->sqlstate, state, sizeof pg->sqlstate - 1);
        if (detail)
                return eddy_fail(EDDY_EPOSTGRES, "%s (%s)", message, detail);
        return eddy_fail(EDDY_EPOSTGRES, "%s", message);
}

int postgres_enter(eddy_postgres *pg, enum mode mode)
{
        if (!eddy_current_task())
                return EDDY_ENOTASK;
        if (eddy_running_loop() != pg->loop)
                return EDDY_EWRONGLOOP;
        if (pg->user)
                return eddy_fail(EDDY_EBUSY, "another coroutine uses this connection");
        if (!eddy_postgres_is_open(pg))
                return eddy_fail(-ENOTCONN, "the connection is closed");
        if (pg->mode != mode)
                return mode == IDLE ? eddy_fail(EDDY_EBUSY, "rows, a pipeline or a copy are open")
                                    : eddy_fail(EDDY_EINVALIDSTATE, "nothing of the kind is open");
        pg->user = eddy_current_task();
        postgres_hold(pg);
        pg->sqlstate[0] = '\0';
        return 0;
}

int postgres_enter_uninterrupted(eddy_postgres *pg, enum mode mode)
{
        int rc = eddy_interrupted();

        return rc < 0 ? rc : postgres_enter(pg, mode);
}

void postgres_leave(eddy_postgres *pg)
{
        pg->user = NULL;
        postgres_let_go(pg);
}

void postgres_hold(eddy_postgres *pg)
{
        pg->holders++;
}

void postgres_let_go(eddy_postgres *pg)
{
        if (--pg->holders == 0)
                memory_free(pg);
}

bool postgres_end_span(eddy_postgres *pg, bool *span)
{
        bool is_last = *span && pg->is_destroyed;

        *span = false;
        if (is_last)
                postgres_let_go(pg);
        return is_last;
}

void postgres_break(eddy_postgres *pg)
{
        if (!pg->conn)
                return;
        stop_reading(pg);
        stop_writing(pg);
        PQfinish(pg->conn);
        pg->conn = NULL;
        pg->fd = -1;
        pg->mode = IDLE;
}

/* Connecting. */

static void on_progress(void *pg)
{
        wake(pg);
}

/* libpq may use another socket at every step. */
static int wait_for_socket(eddy_postgres *pg, PostgresPollingStatusType wish)
{
        int fd = PQsocket(pg->conn), rc;

        if (wish == PGRES_POLLING_READING)
                rc = eddy_add_reader(pg->loop, fd, on_progress, pg);
        else
                rc = eddy_add_writer(pg->loop, fd, on_progress, pg);
        if (rc == 0)
                rc = wait_for_event(pg);
        eddy_remove_reader(pg->loop, fd);
        eddy_remove_writer(pg->loop, fd);
        return rc;
}

/* A server that was reached and does not want us refuses; else there was none. */
static int refusal(eddy_postgres *pg, bool was_reached)
{
        const char *message = PQerrorMessage(pg->conn);

        return fail_with_message(was_reached ? EDDY_EPOSTGRES : -ECONNREFUSED, message);
}

static int poll_connection(eddy_postgres *pg)
{
        PostgresPollingStatusType wish = PGRES_POLLING_WRITING;
        bool was_reached = false;

        while (wish != PGRES_POLLING_OK) {
                int rc;

                if (wish == PGRES_POLLING_FAILED)
                        return refusal(pg, was_reached);
                rc = wait_for_socket(pg, wish);
                if (rc < 0)
                        return rc;
                was_reached = PQstatus(pg->conn) == CONNECTION_AWAITING_RESPONSE ||
                              PQstatus(pg->conn) == CONNECTION_AUTH_OK;
                wish = PQconnectPoll(pg->conn);
        }
        return 0;
}

static int start(eddy_postgres *pg, const struct parameters *parameters)
{
        pg->conn = parameters_connect(parameters);
        if (!pg->conn)
                return -ENOMEM;
        return PQstatus(pg->conn) == CONNECTION_BAD ? refusal(pg, false) : 0;
}

/* As libpq where it blocks: each address has connect_timeout. */
static int connect_within(eddy_postgres *pg, const struct parameters *parameters)
{
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(parameters_timeout(parameters)) {
                rc = start(pg, parameters);
                if (rc == 0)
                        rc = poll_connection(pg);
        }
        return rc;
}

/* An address that does not answer: whether there are others behind it. */
static bool give_up_address(eddy_postgres *pg, struct parameters *parameters)
{
        bool has_more = parameters_drop_until(parameters, PQhostaddr(pg->conn), PQport(pg->conn));

        if (has_more)
                postgres_break(pg);
        return has_more;
}

static int connect_to_server(eddy_postgres *pg, const char *conninfo)
{
        struct parameters parameters;
        int rc = parameters_init(&parameters, conninfo);

        if (rc == 0)
                EDDY_TIMEOUT_SCOPE(parameters_timeout(&parameters))
                        rc = parameters_resolve(&parameters);
        if (rc == 0)
                do
                        rc = connect_within(pg, &parameters);
                while (rc == EDDY_TIMEOUT && eddy_interrupted() == 0 && give_up_address(pg, &parameters));
        parameters_finish(&parameters);
        if (rc < 0)
                return rc;
        PQsetnonblocking(pg->conn, 1);
        pg->fd = PQsocket(pg->conn);
        return start_reading(pg);
}

int eddy_postgres_connect(eddy_postgres **pg_out, const char *conninfo)
{
        eddy_postgres *pg;
        int rc = eddy_interrupted();

        *pg_out = NULL;
        if (!eddy_current_task())
                return EDDY_ENOTASK;
        if (rc < 0)
                return rc;
        pg = memory_zalloc(sizeof *pg);
        if (!pg)
                return -ENOMEM;
        pg->loop = eddy_running_loop();
        pg->fd = -1;
        pg->holders = 1;
        rc = connect_to_server(pg, conninfo);
        if (rc == 0)
                *pg_out = pg;
        else
                eddy_postgres_destroy(pg);
        return rc;
}

void eddy_postgres_destroy(eddy_postgres *pg)
{
        if (!pg)
                return;
        pg->is_destroyed = true;
        if (pg->user)
                pg->holders += (unsigned)pg->in_transaction + (unsigned)pg->has_open;
        postgres_break(pg);
        if (pg->user && eddy_loop_debug(pg->loop))
                eddy_log(EDDY_LOG_WARNING, "a PostgreSQL connection is destroyed while task '%s' uses it",
                         eddy_task_name(pg->user));
        wake(pg);
        postgres_let_go(pg);
}

bool eddy_postgres_is_open(const eddy_postgres *pg)
{
        return pg->conn && PQstatus(pg->conn) == CONNECTION_OK;
}

const char *eddy_postgres_sqlstate(const eddy_postgres *pg)
{
        return pg->sqlstate;
}

PGconn *eddy_postgres_connection(eddy_postgres *pg)
{
        return pg->conn;
}
