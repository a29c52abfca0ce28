/* UNIX sockets: servers and clients by path, who the peer is, pairs, and descriptors that travel. */
#include "helpers.h"

#include "base/fault.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/** A folder of the test's own, and a path in it. */
struct place {
        char folder[32], path[64];
};

static void place_open(struct place *place)
{
        strcpy(place->folder, "/tmp/eddy-test-XXXXXX");
        assert_non_null(mkdtemp(place->folder));
        strcpy(stpcpy(place->path, place->folder), "/socket");
}

/** Nothing may be left in it. */
static void place_close(struct place *place)
{
        assert_int_equal(rmdir(place->folder), 0);
}

static bool exists(const char *path)
{
        struct stat status;

        return lstat(path, &status) == 0;
}

static intptr_t echo(eddy_stream *stream, void *arg)
{
        char bytes[64];
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read(stream, bytes, sizeof bytes)) > 0)
                eddy_stream_write_all(stream, bytes, (size_t)n);
        return n;
}

static void say_and_hear(const char *path)
{
        eddy_stream *stream;

        assert_int_equal(eddy_open_unix_connection(&stream, path, NULL), 0);
        assert_string_equal(eddy_stream_peer_name(stream), path);
        assert_string_equal(eddy_stream_own_name(stream), "");
        assert_int_equal(eddy_stream_write(stream, "hello", 5), 0);
        assert_reads(stream, "hello");
        eddy_stream_destroy(stream);
}

static void end_server(eddy_server *server)
{
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
}

static void by_path(void)
{
        struct place place;
        eddy_server *server;

        place_open(&place);
        assert_int_equal(eddy_start_unix_server(&server, echo, NULL, place.path, NULL), 0);
        assert_true(exists(place.path));
        assert_int_equal(eddy_server_port(server), 0);
        say_and_hear(place.path);
        say_and_hear(place.path);
        end_server(server);
        assert_false(exists(place.path));
        place_close(&place);
}

static void by_abstract_name(void)
{
        eddy_server *server, *second;
        char name[64];

        snprintf(name, sizeof name, "@eddy-test-%d", getpid());
        assert_int_equal(eddy_start_unix_server(&server, echo, NULL, name, NULL), 0);
        say_and_hear(name);
        assert_int_equal(eddy_start_unix_server(&second, echo, NULL, name, NULL), -EADDRINUSE);
        assert_null(second);
        assert_non_null(strstr(eddy_error_detail(), name));
        end_server(server);
}

/** As after a server that was killed. */
static void stale_file(void)
{
        struct place place;
        eddy_server *server;
        eddy_stream *stream;

        place_open(&place);
        assert_int_equal(
            eddy_start_unix_server(&server, echo, NULL, place.path, &(eddy_server_options){.keep_file = true}),
            0);
        end_server(server);
        assert_true(exists(place.path));
        assert_int_equal(eddy_open_unix_connection(&stream, place.path, NULL), -ECONNREFUSED);
        assert_non_null(strstr(eddy_error_detail(), place.path));
        assert_int_equal(eddy_start_unix_server(&server, echo, NULL, place.path, NULL), 0);
        say_and_hear(place.path);
        end_server(server);
        place_close(&place);
}

/** What is no socket stays, and so does the socket of whoever took the name over. */
static void files_of_others(void)
{
        struct place place;
        eddy_server *server, *successor;
        int fd;

        place_open(&place);
        fd = open(place.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(eddy_start_unix_server(&server, echo, NULL, place.path, NULL), -EADDRINUSE);
        assert_true(exists(place.path));
        assert_int_equal(unlink(place.path), 0);

        assert_int_equal(eddy_start_unix_server(&server, echo, NULL, place.path, NULL), 0);
        assert_int_equal(eddy_start_unix_server(&successor, echo, NULL, place.path, NULL), 0);
        end_server(server);
        assert_true(exists(place.path));
        say_and_hear(place.path);
        end_server(successor);
        place_close(&place);
}

static void mode_of_the_file(void)
{
        struct place place;
        struct stat status;
        eddy_server *server;

        place_open(&place);
        assert_int_equal(
            eddy_start_unix_server(&server, echo, NULL, place.path, &(eddy_server_options){.mode = 0600}), 0);
        assert_int_equal(lstat(place.path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        end_server(server);
        assert_int_equal(
            eddy_start_unix_server(&server, echo, NULL, place.path, &(eddy_server_options){.mode = 0666}), 0);
        assert_int_equal(lstat(place.path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0666);
        eddy_server_destroy(server);
        place_close(&place);
}

static void wrong_paths(void)
{
        char longest[200];
        eddy_server *server;
        eddy_stream *stream;

        memset(longest, 'x', sizeof longest - 1);
        longest[sizeof longest - 1] = '\0';
        assert_int_equal(eddy_start_unix_server(&server, echo, NULL, "", NULL), -EINVAL);
        assert_int_equal(eddy_start_unix_server(&server, echo, NULL, longest, NULL), -ENAMETOOLONG);
        assert_int_equal(eddy_start_unix_server(&server, echo, NULL, "/no/such/folder", NULL), -ENOENT);
        assert_null(server);
        assert_int_equal(eddy_open_unix_connection(&stream, "", NULL), -EINVAL);
        assert_int_equal(eddy_open_unix_connection(&stream, longest, NULL), -ENAMETOOLONG);
        assert_int_equal(eddy_open_unix_connection(&stream, "/no/such/socket", NULL), -ENOENT);
        assert_non_null(strstr(eddy_error_detail(), "cannot connect to /no/such/socket"));
        assert_null(stream);
}

static intptr_t connect_in_turn(void *path)
{
        eddy_stream *stream;
        int rc = eddy_open_unix_connection(&stream, path, NULL);

        eddy_stream_destroy(stream);
        return rc;
}

/** Where asyncio would fail, or take a socket for connected that is not. */
static void full_backlog(void)
{
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        socklen_t size = sizeof name;
        char path[EDDY_ADDRESS_TEXT_SIZE];
        eddy_task *waiting, *cancelled;
        eddy_stream *first;
        eddy_address address;
        int accepted[2];

        assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof name.sun_family), 0); /* any name */
        assert_int_equal(listen(listener, 0), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &size), 0);
        assert_int_equal(eddy_address_of_socket(&address, listener), 0);
        eddy_address_print(&address, path);
        assert_int_equal(eddy_open_unix_connection(&first, path, NULL), 0);
        waiting = eddy_create_task(connect_in_turn, path);
        cancelled = eddy_create_task(connect_in_turn, path);
        give_way();
        assert_false(eddy_done(waiting));
        eddy_cancel(cancelled);
        assert_int_equal(join(cancelled), EDDY_CANCELLED);
        accepted[0] = accept(listener, NULL, NULL);
        assert_int_equal(join(waiting), 0);
        accepted[1] = accept(listener, NULL, NULL);
        close(accepted[0]);
        close(accepted[1]);
        close(listener);
        eddy_stream_destroy(first);
}

static void credentials(void)
{
        eddy_stream *ends[2];
        eddy_credentials who;
        struct line line;

        assert_int_equal(eddy_stream_pair(ends), 0);
        assert_int_equal(eddy_stream_peer_credentials(ends[0], &who), 0);
        assert_int_equal(who.pid, getpid());
        assert_int_equal(who.uid, getuid());
        assert_int_equal(who.gid, getgid());
        eddy_stream_close(ends[0]);
        assert_int_equal(eddy_stream_peer_credentials(ends[0], &who), -EBADF);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
        line_open(&line, 0);
        assert_int_equal(eddy_stream_peer_credentials(line.stream, &who), EDDY_ENOTSUP);
        line_close(&line);
}

static void pair(void)
{
        eddy_stream *ends[2];
        int failures = 0;

        assert_int_equal(eddy_stream_pair(ends), 0);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(eddy_stream_write(ends[i], "over", 4), 0);
                assert_reads(ends[1 - i], "over");
                assert_true(fcntl(eddy_stream_fd(ends[i]), F_GETFD) & FD_CLOEXEC);
        }
        eddy_stream_destroy(ends[0]);
        assert_int_equal(eddy_stream_read(ends[1], (char[1]){0}, 1), 0);
        eddy_stream_destroy(ends[1]);
        for (int rc = -1; rc < 0; failures++) {
                fault_arm((unsigned long)failures + 1, 1);
                rc = eddy_stream_pair(ends);
                fault_arm(0, 0);
                assert_int_equal(rc < 0, !ends[0]);
                assert_int_equal(rc < 0, !ends[1]);
        }
        assert_true(failures > 1);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

/* Descriptors. */

/** A pipe's end that can be told from others by what is in it. */
static int pipe_with(char letter)
{
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(write(ends[1], &letter, 1), 1);
        close(ends[1]);
        return ends[0];
}

static void assert_pipe_has(int fd, char letter)
{
        char found;

        assert_int_equal(read(fd, &found, 1), 1);
        assert_int_equal(found, letter);
        close(fd);
}

static void descriptors(void)
{
        int fds[3], got[5];
        size_t count = 5;
        eddy_stream *ends[2];
        char bytes[64];

        assert_int_equal(eddy_stream_pair(ends), 0);
        for (int i = 0; i < 3; i++)
                fds[i] = pipe_with((char)('a' + i));
        assert_int_equal(eddy_stream_write(ends[0], "before ", 7), 0);
        assert_int_equal(eddy_stream_send_fds(ends[0], "three", 5, fds, 3), 5);
        for (int i = 0; i < 3; i++)
                close(fds[i]);
        assert_int_equal(eddy_stream_write(ends[0], "behind", 6), 0);
        assert_int_equal(eddy_stream_receive_fds(ends[1], bytes, sizeof bytes, got, &count), 12);
        assert_memory_equal(bytes, "before three", 12);
        assert_int_equal(count, 3);
        for (int i = 0; i < 3; i++) {
                assert_true(fcntl(got[i], F_GETFD) & FD_CLOEXEC);
                assert_pipe_has(got[i], (char)('a' + i));
        }
        count = 5;
        assert_int_equal(eddy_stream_receive_fds(ends[1], bytes, sizeof bytes, got, &count), 6);
        assert_int_equal(count, 0);
        eddy_stream_destroy(ends[0]);
        count = 5;
        assert_int_equal(eddy_stream_receive_fds(ends[1], bytes, sizeof bytes, got, &count), 0);
        assert_int_equal(count, 0);
        eddy_stream_destroy(ends[1]);
}

/** What a call for a line left in the buffer comes first. */
static void descriptors_behind_a_line(void)
{
        int fd = pipe_with('x'), got[1];
        size_t count = 1;
        eddy_stream *ends[2];
        const char *line;
        char bytes[64];

        assert_int_equal(eddy_stream_pair(ends), 0);
        assert_int_equal(eddy_stream_write(ends[0], "take\nthis", 9), 0);
        assert_int_equal(eddy_stream_read_line(ends[1], &line), 5);
        assert_int_equal(eddy_stream_send_fds(ends[0], "!", 1, &fd, 1), 1);
        assert_int_equal(eddy_stream_receive_fds(ends[1], bytes, sizeof bytes, got, &count), 4);
        assert_memory_equal(bytes, "this", 4);
        assert_int_equal(count, 0);
        count = 1;
        assert_int_equal(eddy_stream_receive_fds(ends[1], bytes, sizeof bytes, got, &count), 1);
        assert_int_equal(count, 1);
        assert_pipe_has(got[0], 'x');
        close(fd);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

/** None is kept where there is no room for all; play() sees that none leaks. */
static void too_many_descriptors(void)
{
        int fds[3], got[2];
        eddy_stream *ends[2];
        char byte;

        assert_int_equal(eddy_stream_pair(ends), 0);
        for (int i = 0; i < 3; i++)
                fds[i] = pipe_with('x');
        for (size_t room = 0; room <= 2; room++) {
                size_t count = room;

                assert_int_equal(eddy_stream_send_fds(ends[0], "x", 1, fds, 3), 1);
                assert_int_equal(eddy_stream_receive_fds(ends[1], &byte, 1, got, &count), EDDY_ELIMIT);
                assert_int_equal(count, 0);
        }
        /* Where nobody asks for them the kernel closes them. */
        assert_int_equal(eddy_stream_send_fds(ends[0], "y", 1, fds, 3), 1);
        assert_reads(ends[1], "y");
        for (int i = 0; i < 3; i++)
                close(fds[i]);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

static void refused_descriptors(void)
{
        int fds[EDDY_MOST_DESCRIPTORS + 1] = {0}, got;
        size_t count = 1;
        eddy_stream *ends[2];
        struct line line;
        char byte;

        assert_int_equal(eddy_stream_pair(ends), 0);
        assert_int_equal(eddy_stream_send_fds(ends[0], "", 0, fds, 1), -EINVAL);
        assert_int_equal(eddy_stream_send_fds(ends[0], "x", 1, fds, 0), -EINVAL);
        assert_int_equal(eddy_stream_send_fds(ends[0], "x", 1, fds, EDDY_MOST_DESCRIPTORS + 1), -EINVAL);
        assert_int_equal(eddy_stream_receive_fds(ends[1], &byte, 0, &got, &count), -EINVAL);
        assert_int_equal(eddy_stream_send_fds(ends[0], "x", 1, (int[]){-1}, 1), -EBADF);
        /* And goes on. */
        assert_int_equal(eddy_stream_write_all(ends[0], "on", 2), 2);
        assert_reads(ends[1], "on");
        assert_int_equal(eddy_stream_send_fds(ends[0], "x", 1, fds, EDDY_MOST_DESCRIPTORS), 1);
        count = 1;
        assert_int_equal(eddy_stream_receive_fds(ends[1], &byte, 1, &got, &count), EDDY_ELIMIT);
        eddy_stream_destroy(ends[1]);
        assert_int_equal(eddy_stream_send_fds(ends[0], "x", 1, fds, 1), -EPIPE);
        eddy_stream_close(ends[0]);
        assert_int_equal(eddy_stream_send_fds(ends[0], "x", 1, fds, 1), -EPIPE);
        count = 1;
        assert_int_equal(eddy_stream_receive_fds(ends[0], &byte, 1, &got, &count), -EBADF);
        eddy_stream_destroy(ends[0]);
        line_open(&line, 0);
        assert_int_equal(eddy_stream_send_fds(line.stream, "x", 1, fds, 1), EDDY_ENOTSUP);
        count = 1;
        assert_int_equal(eddy_stream_receive_fds(line.stream, &byte, 1, &got, &count), EDDY_ENOTSUP);
        assert_int_equal(count, 0);
        line_close(&line);
}

enum { MUCH = 4 * 1024 * 1024 };

static intptr_t send_much(void *arg)
{
        eddy_stream **ends = arg;
        char *bytes = make_pattern(MUCH);
        int fd = pipe_with('m');
        ssize_t n = eddy_stream_send_fds(ends[0], bytes, MUCH, &fd, 1);

        close(fd);
        free(bytes);
        return n;
}

/** With more than the kernel takes at once. */
static void descriptor_with_much(void)
{
        eddy_stream *ends[2];
        eddy_task *sender;
        char *bytes = malloc(MUCH);
        int fd;
        size_t count = 1, place;
        ssize_t n;

        assert_non_null(bytes);
        assert_int_equal(eddy_stream_pair(ends), 0);
        sender = eddy_create_task(send_much, ends);
        n = eddy_stream_receive_fds(ends[1], bytes, MUCH, &fd, &count);
        assert_true(n > 0);
        assert_int_equal(count, 1);
        assert_pipe_has(fd, 'm');
        assert_int_equal(eddy_stream_send_fds(ends[0], "x", 1, &fd, 1), EDDY_EBUSY);
        assert_int_equal(eddy_stream_read_exactly(ends[1], bytes + n, (size_t)(MUCH - n)), MUCH - n);
        for (place = 0; place < MUCH && bytes[place] == pattern_at(place); place++)
                ;
        assert_int_equal(place, MUCH);
        assert_int_equal(join(sender), MUCH);
        free(bytes);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

/** What one who waits for descriptors got. */
struct receiver {
        eddy_stream *stream;
        int fd;
        size_t count;
};

static intptr_t receive(void *arg)
{
        struct receiver *receiver = arg;
        char byte;

        receiver->count = 1;
        return eddy_stream_receive_fds(receiver->stream, &byte, 1, &receiver->fd, &receiver->count);
}

static void cancelled_while_waiting(void)
{
        eddy_stream *ends[2];
        struct receiver receiver;
        eddy_task *task;
        int fd = pipe_with('c');

        assert_int_equal(eddy_stream_pair(ends), 0);
        receiver.stream = ends[1];
        task = eddy_create_task(receive, &receiver);
        give_way();
        eddy_cancel(task);
        assert_int_equal(join(task), EDDY_CANCELLED);
        assert_int_equal(receiver.count, 0);
        /* The next one has what comes. */
        task = eddy_create_task(receive, &receiver);
        give_way();
        assert_int_equal(eddy_stream_send_fds(ends[0], "x", 1, &fd, 1), 1);
        assert_int_equal(join(task), 1);
        assert_int_equal(receiver.count, 1);
        assert_pipe_has(receiver.fd, 'c');
        /* Closed under who waits. */
        task = eddy_create_task(receive, &receiver);
        give_way();
        eddy_stream_close(ends[1]);
        assert_int_equal(join(task), -EBADF);
        close(fd);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

static void without_a_loop(void **state)
{
        eddy_stream *ends[2], *stream;
        eddy_server *server;

        (void)state;
        assert_int_equal(eddy_stream_pair(ends), EDDY_ENOLOOP);
        assert_int_equal(eddy_open_unix_connection(&stream, "@x", NULL), EDDY_ENOTASK);
        assert_int_equal(eddy_start_unix_server(&server, echo, NULL, "@x", NULL), EDDY_ENOLOOP);
}

/** The rest of a line that was too long is no message, and what travels with it is dropped, too. */
static void no_tail_of_a_line_is_received(void)
{
        eddy_stream *stream;
        const char *line;
        size_t count = 1;
        int ends[2], fd;
        char bytes[16];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        assert_int_equal(eddy_stream_from_socket(&stream, ends[0], 8), 0);
        say(ends[1], "much too long");
        assert_int_equal(eddy_stream_read_line(stream, &line), EDDY_ELIMIT);
        say(ends[1], " for this\nhello");
        assert_int_equal(eddy_stream_receive_fds(stream, bytes, sizeof bytes, &fd, &count), 5);
        assert_int_equal(count, 0);
        assert_memory_equal(bytes, "hello", 5);
        eddy_stream_destroy(stream);
        close(ends[1]);
}

/** A server and a socket of datagrams, in a place of each. */
static struct place places[2];
static eddy_server *parents_server;
static eddy_datagram *parents_datagram;

static intptr_t bind_both(void *arg)
{
        int rc = eddy_start_unix_server(&parents_server, echo, NULL, places[0].path, NULL);

        (void)arg;
        return rc < 0 ? rc : eddy_open_unix_datagram(&parents_datagram, places[1].path, NULL);
}

/** A forked child that closes its parent's loop leaves the parent the files of its sockets. */
static void files_stay_the_parents(void **state)
{
        eddy_loop *loop;
        eddy_task *task;
        intptr_t result;
        int status;
        pid_t child;

        (void)state;
        for (int i = 0; i < 2; i++)
                place_open(&places[i]);
        assert_int_equal(eddy_loop_create(&loop), 0);
        task = eddy_task_create(&(eddy_task_options){.loop = loop}, bind_both, NULL);
        assert_int_equal(eddy_loop_run_until_complete(loop, task, &result), 0);
        assert_int_equal(result, 0);
        eddy_unref(task);
        child = fork();
        if (child == 0) {
                eddy_loop_destroy(loop);
                _exit(exists(places[0].path) && exists(places[1].path) ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        eddy_loop_destroy(loop);
        eddy_server_destroy(parents_server);
        eddy_datagram_destroy(parents_datagram);
        for (int i = 0; i < 2; i++)
                place_close(&places[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(by_path),
            scene_test(by_abstract_name),
            scene_test(stale_file),
            scene_test(files_of_others),
            scene_test(mode_of_the_file),
            scene_test(wrong_paths),
            scene_test(full_backlog),
            scene_test(credentials),
            scene_test(pair),
            scene_test(descriptors),
            scene_test(descriptors_behind_a_line),
            scene_test(too_many_descriptors),
            scene_test(refused_descriptors),
            scene_test(descriptor_with_much),
            scene_test(cancelled_while_waiting),
            cmocka_unit_test(without_a_loop),
            cmocka_unit_test(files_stay_the_parents),
            scene_test(no_tail_of_a_line_is_received),
        };

        return cmocka_run_group_tests_name("unix", tests, NULL, NULL);
}
