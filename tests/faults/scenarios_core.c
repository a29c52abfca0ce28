#include "scenarios.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MUCH = 4 * 1024 * 1024 }; /* more than a socket holds */

/* What the scenarios wait for. */

static intptr_t nap(void *arg)
{
        (void)arg;
        return eddy_sleep(eddy_us(200));
}

static intptr_t yield_thrice(void *arg)
{
        (void)arg;
        for (int i = 0; i < 3; i++) {
                int rc = eddy_yield();

                if (rc < 0)
                        return rc;
        }
        return 0;
}

static intptr_t fail_soon(void *arg)
{
        int rc = eddy_yield();

        (void)arg;
        return rc < 0 ? rc : -EDOM;
}

/** Ends only when asked to, and takes its time over it. */
static intptr_t linger(void *arg)
{
        int rc = eddy_sleep(EDDY_FOREVER);

        (void)arg;
        EDDY_SHIELD_SCOPE
                eddy_yield();
        return rc;
}

/* Tasks and composition. */

static intptr_t yielding(void *arg)
{
        return yield_thrice(arg);
}

static intptr_t sleeping(void *arg)
{
        int rc = eddy_sleep(0);

        (void)arg;
        if (rc == 0)
                rc = eddy_sleep(eddy_us(100));
        return rc;
}

static intptr_t awaiting(void *arg)
{
        eddy_task *task = eddy_create_task(yield_thrice, NULL);
        int rc = eddy_await(task, NULL);

        (void)arg;
        eddy_unref(task);
        return rc < 0 ? rc : settle(eddy_create_task(nap, NULL));
}

static void set_result(void *future)
{
        eddy_future_set_result(future, 7);
}

static intptr_t awaiting_future(void *arg)
{
        eddy_future *future = eddy_future_create(NULL);
        eddy_handle setter = {.callback = NULL};
        int rc = -ENOMEM;

        (void)arg;
        if (future)
                rc = eddy_call_soon(eddy_running_loop(), &setter, set_result, future);
        if (rc == 0)
                rc = eddy_await(future, NULL);
        eddy_handle_cancel(&setter);
        eddy_unref(future);
        return rc;
}

static intptr_t gathering(void *arg)
{
        eddy_task *tasks[12];
        int rc;

        (void)arg;
        for (int i = 0; i < 12; i++)
                tasks[i] = i % 3 ? eddy_create_task(yield_thrice, NULL) : eddy_create_task(nap, NULL);
        rc = eddy_gather(tasks, 12, NULL, 0);
        for (int i = 0; i < 12; i++)
                eddy_unref(tasks[i]);
        return rc;
}

static intptr_t gathering_failures(void *arg)
{
        eddy_task *tasks[3] = {
            eddy_create_task(fail_soon, NULL),
            eddy_create_task(nap, NULL),
            eddy_create_task(fail_soon, NULL),
        };
        intptr_t results[3];
        int rc = eddy_gather(tasks, 3, results, EDDY_RETURN_ERRORS);

        (void)arg;
        for (int i = 0; i < 3; i++)
                eddy_unref(tasks[i]);
        return rc;
}

static intptr_t waiting(void *arg)
{
        static const eddy_wait_mode modes[] = {EDDY_FIRST_COMPLETED, EDDY_FIRST_EXCEPTION, EDDY_ALL_COMPLETED};
        eddy_task *tasks[3] = {
            eddy_create_task(nap, NULL),
            eddy_create_task(fail_soon, NULL),
            eddy_create_task(yield_thrice, NULL),
        };
        ssize_t rc = 0;

        (void)arg;
        for (int i = 0; i < 3 && rc >= 0; i++)
                rc = eddy_wait(tasks, 3, modes[i], i == 2 ? EDDY_FOREVER : eddy_us(100));
        for (int i = 0; i < 3; i++)
                end_task(tasks[i]);
        return rc < 0 ? rc : 0;
}

static intptr_t waiting_as_completed(void *arg)
{
        eddy_task *tasks[3] = {
            eddy_create_task(nap, NULL),
            eddy_create_task(fail_soon, NULL),
            eddy_create_task(yield_thrice, NULL),
        };
        eddy_completion completion;
        eddy_future *future;
        int rc = eddy_as_completed(&completion, tasks, 3);

        (void)arg;
        if (rc == 0) {
                while ((rc = eddy_completion_next(&completion, &future)) > 0)
                        ;
                eddy_completion_close(&completion);
        }
        for (int i = 0; i < 3; i++)
                end_task(tasks[i]);
        return rc;
}

static intptr_t waiting_for(void *arg)
{
        eddy_task *quick = eddy_create_task(yield_thrice, NULL), *slow = eddy_create_task(linger, NULL);
        int rc = eddy_wait_for(quick, eddy_seconds(10), NULL);

        (void)arg;
        if (rc == 0)
                rc = eddy_wait_for(slow, eddy_us(100), NULL);
        end_task(quick);
        end_task(slow);
        return rc == EDDY_TIMEOUT ? 0 : rc;
}

static intptr_t shielding(void *arg)
{
        eddy_task *task = eddy_create_task(yield_thrice, NULL);
        int rc = settle(eddy_shield(task));

        (void)arg;
        end_task(task);
        return rc;
}

static intptr_t grouping(void *arg)
{
        eddy_group group;
        int rc;

        (void)arg;
        eddy_group_open(&group);
        eddy_group_create_task(&group, nap, NULL, NULL);
        eddy_group_create_task(&group, yield_thrice, NULL, NULL);
        eddy_group_spawn(&group, yield_thrice, &(struct { long words[8]; }){{0}});
        rc = eddy_group_wait(&group);
        if (rc == 0)
                eddy_group_create_task(&group, nap, NULL, NULL);
        rc = eddy_group_close(&group);
        return rc;
}

static intptr_t grouping_a_failure(void *arg)
{
        eddy_group group;
        int rc;

        (void)arg;
        eddy_group_open(&group);
        eddy_group_create_task(&group, linger, NULL, NULL);
        rc = eddy_group_create_task(&group, fail_soon, NULL, NULL);
        if (rc == 0)
                eddy_sleep(EDDY_FOREVER);
        else
                eddy_group_cancel(&group);
        rc = eddy_group_close(&group);
        return rc == -EDOM ? 0 : rc;
}

static intptr_t failing_a_group(void *arg)
{
        eddy_group group;
        int rc;

        (void)arg;
        eddy_group_open(&group);
        rc = eddy_group_create_task(&group, linger, NULL, NULL);
        if (rc == 0)
                rc = eddy_yield();
        if (rc == 0)
                rc = eddy_group_fail(&group, -EDOM);
        if (rc == 0)
                eddy_sleep(EDDY_FOREVER);
        else
                eddy_group_cancel(&group);
        rc = eddy_group_close(&group);
        return rc == -EDOM ? 0 : rc;
}

static intptr_t timing_out(void *arg)
{
        eddy_timeout timeout;
        int rc = 0, outcome;

        (void)arg;
        EDDY_TIMEOUT_SCOPE(eddy_us(100))
                rc = eddy_sleep(EDDY_FOREVER);
        if (rc != EDDY_TIMEOUT)
                return rc;
        eddy_timeout_open(&timeout, EDDY_FOREVER);
        rc = eddy_yield();
        if (rc == 0) {
                eddy_timeout_reschedule(&timeout, eddy_loop_time(eddy_running_loop()) + eddy_us(100));
                EDDY_TIMEOUT_SCOPE(eddy_seconds(10))
                        rc = settle(eddy_create_task(linger, NULL));
        }
        outcome = eddy_timeout_close(&timeout);
        return outcome == EDDY_TIMEOUT && rc == EDDY_TIMEOUT ? 0 : rc;
}

static intptr_t cleaning_up(void *arg)
{
        int rc = eddy_sleep(eddy_us(100)), cleaned = -1;

        (void)arg;
        EDDY_SHIELD_SCOPE {
                cleaned = eddy_sleep(eddy_us(100));
                if (cleaned == 0)
                        cleaned = settle(eddy_create_task(yield_thrice, NULL));
        }
        return cleaned == EDDY_CANCELLED ? -EBADMSG : rc < 0 ? rc : eddy_yield();
}

/** Takes its cancellation back, and goes on. */
static intptr_t uncancelling(void *arg)
{
        int rc = eddy_sleep(eddy_us(100));

        (void)arg;
        if (rc == EDDY_CANCELLED && eddy_uncancel() == 0)
                rc = eddy_sleep(eddy_us(100));
        return rc;
}

/* Connections. */

/** Two streams that are each other's peers, by a UNIX socket pair: fewer steps to begin with. */
static int connect_pair(eddy_stream *ends[2])
{
        int sockets[2], rc;

        ends[0] = ends[1] = NULL;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
                return -errno;
        rc = eddy_stream_from_socket(&ends[0], sockets[0], 0);
        if (rc < 0)
                close(sockets[0]);
        else
                rc = eddy_stream_from_socket(&ends[1], sockets[1], 0);
        if (!ends[1])
                close(sockets[1]);
        return rc;
}

static void disconnect_pair(eddy_stream *ends[2])
{
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

/** Says what reading is to find, in pieces. */
static intptr_t talk(void *arg)
{
        static const char *const pieces[] = {"on", "e\ntw", "o;;mid\r", "\nthree", "four", "the rest"};
        eddy_stream *stream = arg;

        for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
                int rc = eddy_yield();

                if (rc == 0)
                        rc = eddy_stream_write(stream, pieces[i], strlen(pieces[i]));
                if (rc < 0)
                        return rc;
        }
        return eddy_stream_write_eof(stream);
}

static ssize_t read_all_ways(void *arg)
{
        const struct iovec ends[] = {{"\r\n", 2}, {"\n", 1}};
        eddy_stream *stream = arg;
        char bytes[16], *rest;
        const char *data;
        ssize_t n = eddy_stream_read_line(stream, &data);

        if (n >= 0)
                n = eddy_stream_read_until(stream, ";;", 2, &data);
        if (n >= 0)
                n = eddy_stream_read_until_any(stream, ends, 2, &data, NULL);
        if (n >= 0)
                n = eddy_stream_read_exactly(stream, bytes, 5);
        if (n >= 0)
                n = eddy_stream_read(stream, bytes, sizeof bytes);
        if (n < 0)
                return n;
        n = eddy_stream_read_all(stream, &rest, 100);
        eddy_free(rest);
        return n;
}

static intptr_t reading(void *arg)
{
        eddy_stream *ends[2];
        intptr_t rc = connect_pair(ends);

        (void)arg;
        if (rc == 0)
                rc = act_beside(talk, ends[1], read_all_ways, ends[0]);
        disconnect_pair(ends);
        return rc;
}

/** Reads slowly, to the end. */
static intptr_t listen_to(void *arg)
{
        static char bytes[256 * 1024];
        ssize_t n;

        while ((n = eddy_stream_read(arg, bytes, sizeof bytes)) > 0)
                ;
        return n;
}

static ssize_t write_all_ways(void *arg)
{
        eddy_stream *stream = arg;
        static char bytes[MUCH];
        ssize_t rc = eddy_stream_write(stream, bytes, sizeof bytes);

        if (rc == 0)
                rc = eddy_stream_drain(stream);
        if (rc == 0) /* behind what is buffered */
                rc = eddy_stream_write_all(stream, bytes, sizeof bytes);
        if (rc >= 0)
                rc = eddy_stream_write(stream, bytes, sizeof bytes);
        if (rc == 0) /* together with it */
                rc = eddy_stream_write_all(stream, bytes, sizeof bytes);
        if (rc >= 0)
                rc = eddy_stream_write(stream, bytes, sizeof bytes);
        if (rc < 0)
                return rc;
        eddy_stream_close(stream);
        return eddy_stream_wait_closed(stream);
}

static intptr_t writing(void *arg)
{
        eddy_stream *ends[2];
        intptr_t rc = connect_pair(ends);

        (void)arg;
        if (rc == 0)
                rc = act_beside(listen_to, ends[1], write_all_ways, ends[0]);
        disconnect_pair(ends);
        return rc;
}

/** A stream that is given back with much still to be sent. */
static intptr_t leaving(void *arg)
{
        static const char bytes[MUCH];
        eddy_stream *ends[2];
        int rc = connect_pair(ends);

        (void)arg;
        if (rc == 0)
                rc = eddy_stream_write(ends[0], bytes, sizeof bytes);
        if (rc == 0)
                rc = eddy_yield();
        disconnect_pair(ends);
        return rc;
}

static intptr_t aborting(void *arg)
{
        eddy_stream *ends[2];
        int rc = connect_pair(ends);
        eddy_task *listener = rc == 0 ? eddy_create_task(listen_to, ends[1]) : NULL;
        intptr_t heard;

        (void)arg;
        if (listener) {
                rc = eddy_yield();
                eddy_stream_abort(ends[1]);
                if (rc == 0)
                        rc = eddy_await(listener, &heard);
        }
        end_task(listener);
        disconnect_pair(ends);
        return rc;
}

static int call(const char *host, uint16_t port)
{
        eddy_stream *stream;
        char bytes[5];
        ssize_t rc = eddy_open_connection(&stream, host, port, NULL);

        if (rc == 0)
                rc = eddy_stream_write(stream, "hello", 5);
        if (rc == 0)
                rc = eddy_stream_drain(stream);
        /* One that is lost must not be waited for in vain. */
        if (rc == 0)
                EDDY_TIMEOUT_SCOPE(eddy_seconds(2))
                        rc = eddy_stream_read_exactly(stream, bytes, 5);
        eddy_stream_destroy(stream);
        return rc < 0 ? (int)rc : 0;
}

static intptr_t connecting(void *arg)
{
        eddy_server *server;
        int rc = eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, NULL);

        (void)arg;
        if (rc == 0)
                rc = call("127.0.0.1", eddy_server_port(server));
        end_server(server);
        return rc;
}

static intptr_t connecting_by_name(void *arg)
{
        eddy_server *server;
        int rc = eddy_start_server(&server, echo, NULL, "localhost", 0, NULL);

        (void)arg;
        if (rc == 0)
                rc = call("localhost", eddy_server_port(server));
        end_server(server);
        return rc;
}

static intptr_t connecting_from_a_name(void *arg)
{
        eddy_server *server;
        eddy_stream *stream = NULL;
        eddy_connect_options options = {.local_host = "localhost", .family = AF_INET};
        int rc = eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, NULL);

        (void)arg;
        if (rc == 0)
                rc = eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), &options);
        eddy_stream_destroy(stream);
        end_server(server);
        return rc;
}

static void *find_nothing_yet(eddy_lookup *lookup, const char *host, const char *service,
                              const struct addrinfo *hints, void *arg)
{
        (void)host;
        (void)service;
        (void)hints;
        *(eddy_lookup **)arg = lookup;
        return lookup;
}

/** What is asked is asked no more. */
static void forget(void *request, void *arg)
{
        (void)request;
        *(eddy_lookup **)arg = NULL;
}

static intptr_t answer_in_a_while(void *arg)
{
        eddy_lookup **lookup = arg;
        struct addrinfo *found;
        int rc = 0;

        while (rc == 0 && !*lookup)
                rc = eddy_yield();
        if (rc == 0)
                rc = eddy_getaddrinfo("127.0.0.1", "9", NULL, &found);
        if (rc < 0)
                return rc;
        if (*lookup)
                eddy_lookup_done(*lookup, 0, found);
        eddy_freeaddrinfo(found);
        return 0;
}

static ssize_t connect_by_resolver(void *arg)
{
        eddy_resolver resolver = {.begin = find_nothing_yet, .cancel = forget, .arg = arg};
        eddy_connect_options options = {.resolver = &resolver};
        eddy_stream *stream;
        /* Nobody listens on the port of discarding. */
        int rc = eddy_open_connection(&stream, "resolved.test", 9, &options);

        eddy_stream_destroy(stream);
        return rc == -ECONNREFUSED ? 0 : rc;
}

static intptr_t connecting_by_a_resolver(void *arg)
{
        eddy_lookup *lookup = NULL;

        (void)arg;
        return act_beside(answer_in_a_while, &lookup, connect_by_resolver, &lookup);
}

/** A server that is given its socket, and begins when it is told to. */
static intptr_t serving_what_is_given(void *arg)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        eddy_server_options options = {.fds = &fd, .fd_count = 1, .is_idle = true, .keep_alive = true};
        eddy_server *server = NULL;
        int rc = bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -EADDRINUSE : 0;

        (void)arg;
        if (rc == 0)
                rc = eddy_start_server(&server, echo, NULL, NULL, 0, &options);
        if (!server)
                close(fd);
        if (rc == 0)
                rc = eddy_server_start_serving(server);
        if (rc == 0)
                rc = call("127.0.0.1", eddy_server_port(server));
        end_server(server);
        return rc;
}

static intptr_t refused(void *arg)
{
        eddy_stream *stream;
        /* Nobody listens on the port of discarding. */
        int rc = eddy_open_connection(&stream, "localhost", 9, NULL);

        (void)arg;
        eddy_stream_destroy(stream);
        return rc == -ECONNREFUSED ? eddy_yield() : rc;
}

/** As in all tests, a name with an empty label: refused by the C library, whatever name server there is, or none. */
static intptr_t no_such_host(void *arg)
{
        eddy_stream *stream;
        int rc = eddy_open_connection(&stream, "no-such-host..invalid", 80, NULL);

        (void)arg;
        return rc == EDDY_ERESOLVE ? 0 : rc;
}

/* Servers. */

struct visit {
        eddy_server *server;
        bool closes;
};

static intptr_t visit(void *arg)
{
        const struct visit *visit = arg;
        int rc = call("127.0.0.1", eddy_server_port(visit->server));

        if (visit->closes)
                eddy_server_close(visit->server);
        return rc;
}

static ssize_t serve_forever(void *server)
{
        int rc = eddy_server_serve_forever(server);

        return rc < 0 ? rc : eddy_server_wait_closed(server);
}

static intptr_t serving(void *arg)
{
        struct visit plan = {.closes = true};
        intptr_t rc = eddy_start_server(&plan.server, echo, NULL, "127.0.0.1", 0, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = act_beside(visit, &plan, serve_forever, plan.server);
        end_server(plan.server);
        return rc;
}

static intptr_t serving_with_a_deadline(void *arg)
{
        struct visit plan = {.closes = false};
        eddy_task *visitor = NULL;
        int rc = eddy_start_server(&plan.server, echo, NULL, NULL, 0, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        visitor = eddy_create_task(visit, &plan);
        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_server_serve_forever(plan.server);
        end_task(visitor);
        end_server(plan.server);
        return rc == EDDY_TIMEOUT ? 0 : rc;
}

/** Its handlers are reset under their hands. */
static intptr_t serving_and_aborting(void *arg)
{
        struct visit plan = {.closes = false};
        eddy_task *visitors[3];
        int rc = eddy_start_server(&plan.server, echo, NULL, "127.0.0.1", 0,
                                   &(eddy_server_options){.max_connections = 2});

        (void)arg;
        if (rc < 0)
                return rc;
        for (int i = 0; i < 3; i++)
                visitors[i] = eddy_create_task(visit, &plan);
        for (int i = 0; i < 20 && rc == 0; i++)
                rc = eddy_yield();
        eddy_server_abort_clients(plan.server);
        if (rc == 0)
                rc = (int)eddy_wait(visitors, 3, EDDY_FIRST_COMPLETED, EDDY_FOREVER);
        for (int i = 0; i < 3; i++)
                end_task(visitors[i]);
        end_server(plan.server);
        return rc < 0 ? rc : 0;
}

/** Tasks, a server and a connection are left to eddy_run(). */
static intptr_t leaving_everything(void *arg)
{
        eddy_server *server;
        int rc = eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, NULL);

        (void)arg;
        eddy_unref(eddy_create_task(linger, NULL));
        if (rc == 0)
                rc = call("127.0.0.1", eddy_server_port(server));
        eddy_server_destroy(server);
        return rc < 0 ? rc : eddy_yield();
}

const struct scenario scenarios[] = {
    {"yielding", yielding},
    {"sleeping", sleeping},
    {"awaiting", awaiting},
    {"awaiting a future", awaiting_future},
    {"gathering", gathering},
    {"gathering failures", gathering_failures},
    {"waiting", waiting},
    {"waiting as completed", waiting_as_completed},
    {"waiting for", waiting_for},
    {"shielding", shielding},
    {"grouping", grouping},
    {"grouping a failure", grouping_a_failure},
    {"failing a group", failing_a_group},
    {"timing out", timing_out},
    {"cleaning up", cleaning_up},
    {"uncancelling", uncancelling},
    {"reading", reading},
    {"writing", writing},
    {"leaving", leaving},
    {"aborting", aborting},
    {"connecting", connecting},
    {"connecting by name", connecting_by_name},
    {"connecting from a name", connecting_from_a_name},
    {"connecting by a resolver", connecting_by_a_resolver},
    {"serving what is given", serving_what_is_given},
    {"refused", refused},
    {"no such host", no_such_host},
    {"serving", serving},
    {"serving with a deadline", serving_with_a_deadline},
    {"serving and aborting", serving_and_aborting},
    {"leaving everything", leaving_everything},
    {NULL, NULL},
};
