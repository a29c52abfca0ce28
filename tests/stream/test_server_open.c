/* What servers listen on: several hosts, sockets that are given; and servers that wait until they are told to begin. */
#include "helpers.h"
#include "helpers_resolve.h"

#include "base/fault.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static intptr_t echo(eddy_stream *stream, void *arg)
{
        char byte;

        (void)arg;
        while (eddy_stream_read(stream, &byte, 1) == 1)
                eddy_stream_write_all(stream, &byte, 1);
        return 0;
}

static void finish(eddy_server *server)
{
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
}

/** Connect, and be answered. */
static void assert_serves(const char *host, uint16_t port)
{
        eddy_stream *stream;

        assert_int_equal(eddy_open_connection(&stream, host, port, NULL), 0);
        assert_int_equal(eddy_stream_write_all(stream, "x", 1), 1);
        assert_reads(stream, "x");
        eddy_stream_destroy(stream);
}

static void assert_refuses(uint16_t port)
{
        eddy_stream *stream;

        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", port, NULL), -ECONNREFUSED);
}

static void several_hosts(void)
{
        static const char *const hosts[] = {"127.0.0.1", "127.0.0.3", "two.test", NULL}, *const none[] = {NULL},
                                 *const wrong[] = {"127.0.0.1", "no-such-host..invalid", NULL};
        eddy_server_options options = {.hosts = hosts};
        eddy_server *server;
        int fds[2] = {-1, -1};
        eddy_address address;
        uint16_t port;

        assert_int_equal(eddy_start_server(&server, echo, NULL, NULL, 0, &options), 0);
        /* One port for all, and an address that two of them have once. */
        port = eddy_server_port(server);
        assert_int_equal(eddy_server_sockets(server, NULL, 0), 3);
        assert_int_equal(eddy_server_sockets(server, fds, 2), 3);
        assert_int_equal(eddy_address_of_socket(&address, fds[1]), 0);
        assert_int_equal(eddy_address_port(&address), port);
        assert_serves("127.0.0.1", port);
        assert_serves("127.0.0.2", port);
        assert_serves("127.0.0.3", port);
        finish(server);
        assert_int_equal(eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, &options), -EINVAL);
        options.hosts = none;
        assert_int_equal(eddy_start_server(&server, echo, NULL, NULL, 0, &options), -EINVAL);
        options.hosts = wrong;
        assert_int_equal(eddy_start_server(&server, echo, NULL, NULL, 0, &options), EDDY_ERESOLVE);
        assert_null(server);
        assert_non_null(strstr(eddy_error_detail(), "no-such-host..invalid"));
}

/** More than one would think of. */
static void many_hosts(void)
{
        enum { COUNT = 40 };
        char names[COUNT][16];
        const char *hosts[COUNT + 1] = {NULL};
        eddy_server_options options = {.hosts = hosts};
        eddy_server *server;

        for (int i = 0; i < COUNT; i++) {
                snprintf(names[i], sizeof names[i], "127.0.0.%d", i + 1);
                hosts[i] = names[i];
        }
        assert_int_equal(eddy_start_server(&server, echo, NULL, NULL, 0, &options), 0);
        assert_int_equal(eddy_server_sockets(server, NULL, 0), COUNT);
        assert_serves("127.0.0.40", eddy_server_port(server));
        finish(server);
}

static bool is_open(int fd)
{
        return fcntl(fd, F_GETFD) >= 0;
}

/** One that listens, and one that is only bound. */
static void given_sockets(void)
{
        uint16_t ports[2] = {0, 0};
        int fds[2] = {listen_on_loopback(3, &ports[0]), hold_port(&ports[1])};
        eddy_server_options options = {.fds = fds, .fd_count = 2};
        eddy_server *server;

        assert_int_equal(eddy_start_server(&server, echo, NULL, NULL, 0, &options), 0);
        assert_int_equal(eddy_server_port(server), ports[0]);
        assert_serves("127.0.0.1", ports[0]);
        assert_serves("127.0.0.1", ports[1]);
        finish(server);
        assert_false(is_open(fds[0]) || is_open(fds[1]));
}

/** What fails leaves the caller's to the caller. */
static void given_sockets_that_will_not_do(void)
{
        uint16_t port;
        int listener = listen_on_loopback(3, &port), ends[2],
            udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        int fds[2] = {listener, udp};
        eddy_server_options options = {.fds = fds, .fd_count = 2};
        eddy_server *server;

        assert_int_equal(eddy_start_server(&server, echo, NULL, NULL, 0, &options), -EPROTOTYPE);
        assert_null(server);
        fds[1] = 0x7fffffff;
        assert_int_equal(eddy_start_server(&server, echo, NULL, NULL, 0, &options), -EBADF);
        connect_sockets(ends);
        fds[1] = ends[0];
        assert_int_equal(eddy_start_server(&server, echo, NULL, NULL, 0, &options), -EINVAL);
        assert_int_equal(eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, &options), -EINVAL);
        options.fds = NULL;
        assert_int_equal(eddy_start_server(&server, echo, NULL, NULL, 0, &options), -EINVAL);
        options = (eddy_server_options){.fds = fds};
        assert_int_equal(eddy_start_server(&server, echo, NULL, NULL, 0, &options), -EINVAL);
        assert_true(is_open(listener) && is_open(udp) && is_open(ends[0]));
        close(listener);
        close(udp);
        close(ends[0]);
        close(ends[1]);
}

/** Whoever made the file of a UNIX socket keeps it: systemd starts the next by it. */
static void given_path(void)
{
        char folder[] = "/tmp/eddy-server-XXXXXX", path[64];
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        eddy_server_options options = {.fds = &fd, .fd_count = 1, .keep_alive = true};
        eddy_address address;
        eddy_server *server;
        eddy_stream *stream;
        struct stat status;

        assert_non_null(mkdtemp(folder));
        snprintf(path, sizeof path, "%s/socket", folder);
        assert_int_equal(eddy_address_from_path(&address, path), 0);
        assert_int_equal(bind(fd, &address.any, address.size), 0);
        assert_int_equal(eddy_start_server(&server, echo, NULL, NULL, 0, &options), 0);
        assert_int_equal(eddy_server_port(server), 0);
        assert_int_equal(eddy_open_unix_connection(&stream, path, NULL), 0);
        assert_int_equal(eddy_stream_write_all(stream, "x", 1), 1);
        assert_reads(stream, "x");
        eddy_stream_destroy(stream);
        finish(server);
        assert_int_equal(stat(path, &status), 0);
        unlink(path);
        rmdir(folder);
}

static void keeps_alive(void)
{
        for (int on = 0; on < 2; on++) {
                eddy_server_options options = {.keep_alive = on};
                eddy_server *server;
                int listener, caller, accepted, is_on = -1;
                socklen_t size = sizeof is_on;

                options.is_idle = true; /* so that it is the test that accepts */
                assert_int_equal(eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, &options), 0);
                assert_int_equal(eddy_server_sockets(server, &listener, 1), 1);
                assert_int_equal(listen(listener, 1), 0);
                caller = connect_to_port(eddy_server_port(server));
                accepted = accept(listener, NULL, NULL);
                assert_int_equal(getsockopt(accepted, SOL_SOCKET, SO_KEEPALIVE, &is_on, &size), 0);
                assert_int_equal(is_on, on);
                close(caller);
                close(accepted);
                finish(server);
        }
}

static void begins_when_it_is_told_to(void)
{
        static const char *const hosts[] = {"127.0.0.1", "127.0.0.2", NULL};
        eddy_server_options options = {.hosts = hosts, .is_idle = true};
        eddy_server *server;
        uint16_t port;

        assert_int_equal(eddy_start_server(&server, echo, NULL, NULL, 0, &options), 0);
        port = eddy_server_port(server);
        assert_true(port > 0);
        assert_false(eddy_server_is_serving(server));
        assert_refuses(port);
        assert_int_equal(eddy_server_start_serving(server), 0);
        assert_true(eddy_server_is_serving(server));
        assert_int_equal(eddy_server_start_serving(server), 0);
        assert_serves("127.0.0.1", port);
        assert_serves("127.0.0.2", port);
        eddy_server_close(server);
        assert_int_equal(eddy_server_start_serving(server), 0);
        assert_false(eddy_server_is_serving(server));
        assert_int_equal(eddy_server_sockets(server, NULL, 0), 0);
        finish(server);
        /* Idle, and never begun. */
        assert_int_equal(eddy_start_server(&server, echo, NULL, NULL, 0, &options), 0);
        finish(server);
}

static intptr_t serve(void *server)
{
        return eddy_server_serve_forever(server);
}

static void serving_for_ever_begins_too(void)
{
        eddy_server_options options = {.is_idle = true};
        eddy_server *server;
        eddy_task *task;

        assert_int_equal(eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, &options), 0);
        task = eddy_create_task(serve, server);
        until(eddy_server_is_serving(server));
        assert_serves("127.0.0.1", eddy_server_port(server));
        eddy_cancel(task);
        assert_int_equal(join(task), EDDY_CANCELLED);
        eddy_server_destroy(server);
}

/** Somebody else took the port meanwhile: whoever begins is told, and may try again. */
static void cannot_begin(void)
{
        eddy_server_options options = {.is_idle = true};
        eddy_server *server;
        uint16_t port;
        int thief;

        assert_int_equal(eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, &options), 0);
        port = eddy_server_port(server);
        thief = hold_port(&port);
        assert_int_equal(listen(thief, 1), 0);
        assert_int_equal(eddy_server_start_serving(server), -EADDRINUSE);
        assert_non_null(strstr(eddy_error_detail(), "cannot listen"));
        assert_int_equal(eddy_server_serve_forever(server), -EADDRINUSE);
        assert_false(eddy_server_is_serving(server));
        close(thief);
        assert_int_equal(eddy_server_start_serving(server), 0);
        assert_serves("127.0.0.1", port);
        finish(server);
}

static void idle_on_a_path(void)
{
        eddy_server_options options = {.is_idle = true};
        eddy_server *server;
        eddy_stream *stream;
        char path[64];

        snprintf(path, sizeof path, "@eddy-idle-%d", getpid());
        assert_int_equal(eddy_start_unix_server(&server, echo, NULL, path, &options), 0);
        assert_int_equal(eddy_open_unix_connection(&stream, path, NULL), -ECONNREFUSED);
        assert_int_equal(eddy_server_start_serving(server), 0);
        assert_int_equal(eddy_open_unix_connection(&stream, path, NULL), 0);
        eddy_stream_destroy(stream);
        finish(server);
}

/** Whatever the system refuses, the caller is told, and what was given stays the caller's. */
static void each_use_fails_once(void)
{
        static const char *const hosts[] = {"127.0.0.1", "two.test", NULL};

        for (int is_given = 0; is_given < 2; is_given++) {
                unsigned long nth = 0, uses;

                do {
                        uint16_t port;
                        int fd = is_given ? listen_on_loopback(3, &port) : -1, rc;
                        eddy_server_options options = {.hosts = is_given ? NULL : hosts, .is_idle = nth % 2};
                        eddy_server *server;

                        if (is_given) {
                                options.fds = &fd;
                                options.fd_count = 1;
                        }
                        fault_arm(++nth, 1);
                        rc = eddy_start_server(&server, echo, NULL, NULL, 0, &options);
                        if (rc == 0)
                                rc = eddy_server_start_serving(server);
                        uses = fault_uses();
                        fault_arm(0, 0);
                        if (server) {
                                finish(server);
                        } else {
                                assert_true(rc < 0);
                                assert_true(!is_given || is_open(fd));
                                close(fd);
                        }
                } while (uses >= nth);
                assert_true(nth > 3);
        }
}

/* What the program was started with. */

/** In a child, which has the numbers from 3 on to itself; what it returns is its exit status. */
static void in_child(int (*act)(int listener))
{
        uint16_t port;
        int listener = listen_on_loopback(3, &port), status;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0)
                _exit(act(listener));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        close(listener);
}

static void announce(pid_t pid, const char *count)
{
        char text[16];

        snprintf(text, sizeof text, "%d", pid);
        setenv("LISTEN_PID", text, 1);
        setenv("LISTEN_FDS", count, 1);
}

static int find_two(int listener)
{
        int spare = fcntl(listener, F_DUPFD, 100), first = 0;

        if (dup2(spare, 3) != 3 || dup2(spare, 4) != 4)
                return 1;
        announce(getpid(), "2");
        if (eddy_listen_fds(&first) != 2 || first != 3)
                return 2;
        return fcntl(3, F_GETFD) == FD_CLOEXEC && fcntl(4, F_GETFD) == FD_CLOEXEC ? 0 : 3;
}

static int find_none(int listener)
{
        int first;

        (void)listener;
        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDS");
        if (eddy_listen_fds(&first) != 0)
                return 1;
        announce(getppid(), "1"); /* our parent's */
        if (eddy_listen_fds(&first) != 0)
                return 2;
        announce(getpid(), "1x");
        if (eddy_listen_fds(&first) != -EINVAL)
                return 3;
        announce(getpid(), "-1");
        if (eddy_listen_fds(&first) != -EINVAL)
                return 4;
        announce(getpid(), "99999999999999999999");
        if (eddy_listen_fds(&first) != -EINVAL)
                return 5;
        close(3);
        announce(getpid(), "1");
        return eddy_listen_fds(&first) == -EBADF ? 0 : 6;
}

static intptr_t serve_inherited(void *arg)
{
        int first, count = eddy_listen_fds(&first), fds[1];
        eddy_server_options options = {.fds = fds, .fd_count = 1};
        eddy_server *server;
        eddy_stream *stream;
        int rc;

        (void)arg;
        if (count != 1)
                return -EPROTO;
        fds[0] = first;
        rc = eddy_start_server(&server, echo, NULL, NULL, 0, &options);
        if (rc == 0)
                rc = eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL);
        if (rc < 0)
                return rc;
        eddy_stream_destroy(stream);
        eddy_server_destroy(server);
        return 0;
}

static int serve_one(int listener)
{
        if (dup2(listener, 3) != 3)
                return 1;
        announce(getpid(), "1");
        return eddy_run(serve_inherited, NULL) == 0 ? 0 : 2;
}

static void inherited_sockets(void **state)
{
        (void)state;
        in_child(find_two);
        in_child(find_none);
        in_child(serve_one);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(several_hosts),
            scene_test(many_hosts),
            scene_test(given_sockets),
            scene_test(given_sockets_that_will_not_do),
            scene_test(given_path),
            scene_test(keeps_alive),
            scene_test(begins_when_it_is_told_to),
            scene_test(serving_for_ever_begins_too),
            scene_test(cannot_begin),
            scene_test(idle_on_a_path),
            scene_test(each_use_fails_once),
            cmocka_unit_test(inherited_sockets),
        };

        return cmocka_run_group_tests_name("server_open", tests, NULL, NULL);
}
