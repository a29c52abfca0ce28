/* Files sent by streams and raw sockets. */
#include "helpers.h"

#include "../slow_disk.h"
#include <fcntl.h>
#include <signal.h>

enum { MUCH = 6 * 1024 * 1024 };

/** A file without a name, of n bytes of the pattern. */
static int file_of(size_t n)
{
        char *bytes = make_pattern(n ? n : 1);
        FILE *file = tmpfile();
        int fd;

        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, n, file), n);
        assert_int_equal(fflush(file), 0);
        fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
        assert_true(fd >= 0);
        fclose(file);
        free(bytes);
        return fd;
}

/** Bytes of the pattern from a place on come next. */
static void assert_reads_pattern(eddy_stream *stream, size_t place, size_t n)
{
        static char bytes[65536];

        while (n > 0) {
                ssize_t got = eddy_stream_read(stream, bytes, n < sizeof bytes ? n : sizeof bytes);

                assert_true(got > 0);
                for (size_t i = 0; i < (size_t)got; i++)
                        if (bytes[i] != pattern_at(place + i))
                                fail_msg("byte %zu differs", place + i);
                place += (size_t)got;
                n -= (size_t)got;
        }
}

/** What a task is to send. */
struct order {
        eddy_stream *stream;
        int file;
        off_t offset;
        size_t n;
};

static intptr_t send_file(void *arg)
{
        struct order *order = arg;

        return eddy_stream_sendfile(order->stream, order->file, order->offset, order->n);
}

static void whole_and_part(void)
{
        eddy_stream *ends[2];
        int file = file_of(100000);

        connect_streams(ends);
        assert_int_equal(eddy_stream_sendfile(ends[0], file, 0, SIZE_MAX), 100000);
        assert_reads_pattern(ends[1], 0, 100000);
        assert_int_equal(eddy_stream_sendfile(ends[0], file, 1000, 50), 50);
        assert_reads_pattern(ends[1], 1000, 50);
        assert_int_equal(eddy_stream_sendfile(ends[0], file, 99990, SIZE_MAX), 10);
        assert_reads_pattern(ends[1], 99990, 10);
        assert_int_equal(eddy_stream_sendfile(ends[0], file, 0, 0), 0);
        /* A file that is shorter than was asked for says so. */
        assert_int_equal(eddy_stream_sendfile(ends[0], file, 99990, 11), 10);
        assert_reads_pattern(ends[1], 99990, 10);
        assert_int_equal(eddy_stream_sendfile(ends[0], file, 200000, 1), 0);
        /* And its own position is where it was. */
        assert_int_equal(lseek(file, 0, SEEK_CUR), 100000);
        close(file);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

/** Keep the kernel from taking ever more. */
static void bound_buffers(eddy_stream *const ends[2])
{
        const int size = 65536;

        assert_int_equal(setsockopt(eddy_stream_fd(ends[0]), SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
        assert_int_equal(setsockopt(eddy_stream_fd(ends[1]), SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
}

static intptr_t write_end(void *stream)
{
        return eddy_stream_write_all(stream, "end", 3);
}

/** Behind what was written before, and before what is written meanwhile and after. */
static void in_order(void)
{
        char *bytes = make_pattern(MUCH);
        struct order order = {.file = file_of(MUCH), .n = SIZE_MAX}, second;
        eddy_stream *ends[2];
        eddy_task *sender, *next, *last;

        connect_streams(ends);
        bound_buffers(ends);
        order.stream = ends[0];
        assert_int_equal(eddy_stream_write(ends[0], bytes, MUCH), 0);
        sender = eddy_create_task(send_file, &order);
        assert_reads_pattern(ends[1], 0, MUCH);
        give_way();
        assert_false(eddy_done(sender));
        assert_int_equal(eddy_stream_write(ends[0], "behind", 6), 0);
        second = (struct order){.stream = ends[0], .file = order.file, .offset = 5, .n = 10};
        next = eddy_create_task(send_file, &second);
        give_way();
        assert_int_equal(eddy_stream_write(ends[0], "far", 3), 0);
        last = eddy_create_task(write_end, ends[0]);
        give_way();
        assert_int_equal(eddy_stream_write_buffer_size(ends[0]), 9);
        assert_reads_pattern(ends[1], 0, MUCH);
        assert_reads(ends[1], "behind");
        assert_reads_pattern(ends[1], 5, 10);
        assert_reads(ends[1], "far");
        assert_reads(ends[1], "end");
        assert_int_equal(join(sender), MUCH);
        assert_int_equal(join(next), 10);
        assert_int_equal(join(last), 3);
        free(bytes);
        close(order.file);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

static intptr_t read_part(void *stream)
{
        assert_reads_pattern(stream, 5, MUCH - 10);
        return 0;
}

static bool has_failed;

static bool fail_first_sendfile(const char *what)
{
        bool fails = !has_failed && strcmp(what, "sendfile") == 0;

        has_failed |= fails;
        return fails;
}

/** What the kernel cannot send goes through memory, and nobody can tell. */
static void copied(void)
{
        int file = file_of(MUCH);
        eddy_stream *ends[2];
        eddy_task *reader;

        connect_streams(ends);
        reader = eddy_create_task(read_part, ends[1]);
        give_way();
        has_failed = false;
        fault_script(fail_first_sendfile);
        assert_int_equal(eddy_stream_sendfile(ends[0], file, 5, MUCH - 10), MUCH - 10);
        fault_script(NULL);
        assert_true(has_failed);
        assert_int_equal(join(reader), 0);
        close(file);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

/** A stream need not be a socket. */
static void into_a_pipe(void)
{
        struct order order = {.file = file_of(MUCH), .offset = 2, .n = SIZE_MAX};
        eddy_stream *reader;
        eddy_task *sender;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(eddy_stream_from_pipe(&reader, fds[0], 0), 0);
        assert_int_equal(eddy_stream_from_pipe(&order.stream, fds[1], 0), 0);
        sender = eddy_create_task(send_file, &order);
        assert_reads_pattern(reader, 2, MUCH - 2);
        assert_int_equal(join(sender), MUCH - 2);
        close(order.file);
        eddy_stream_destroy(reader);
        eddy_stream_destroy(order.stream);
}

static void no_file(void)
{
        eddy_stream *ends[2];
        int pair[2], file = file_of(10);

        connect_streams(ends);
        assert_int_equal(pipe(pair), 0);
        assert_int_equal(eddy_stream_sendfile(ends[0], pair[0], 0, 1), -ESPIPE);
        assert_int_equal(eddy_stream_sendfile(ends[0], -1, 0, 1), -EBADF);
        assert_int_equal(eddy_stream_sendfile(ends[0], file, -1, 1), -EINVAL);
        assert_int_equal(eddy_stream_sendfile(ends[0], file, 0, SIZE_MAX - 1), -EINVAL);
        /* None of which is a failure of the stream. */
        assert_int_equal(eddy_stream_sendfile(ends[0], file, 0, 10), 10);
        assert_reads_pattern(ends[1], 0, 10);
        close(file);
        close(pair[0]);
        close(pair[1]);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

static void cancelled(void)
{
        struct order order = {.file = file_of(MUCH), .n = SIZE_MAX};
        eddy_stream *ends[2];
        eddy_task *sender;
        ssize_t rc = 0;

        connect_streams(ends);
        order.stream = ends[0];
        sender = eddy_create_task(send_file, &order);
        give_way();
        assert_false(eddy_done(sender));
        eddy_cancel(sender);
        assert_int_equal(join(sender), EDDY_CANCELLED);
        EDDY_TIMEOUT_SCOPE(0)
                rc = eddy_stream_sendfile(ends[0], order.file, 0, 1);
        assert_int_equal(rc, EDDY_TIMEOUT);
        close(order.file);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

static intptr_t drain(void *stream)
{
        return eddy_stream_drain(stream);
}

/** A file is none of what is written: who waits for that to leave does not wait for a file. */
static void not_drained(void)
{
        struct order order = {.file = file_of(MUCH), .n = SIZE_MAX};
        eddy_stream *ends[2];
        eddy_task *drainer, *sender;

        connect_streams(ends);
        order.stream = ends[0];
        assert_int_equal(eddy_stream_set_write_limits(ends[0], 0, 0), 0);
        assert_int_equal(eddy_stream_write(ends[0], "head", 4), 0);
        drainer = eddy_create_task(drain, ends[0]);
        sender = eddy_create_task(send_file, &order);
        assert_int_equal(join(drainer), 0);
        assert_false(eddy_done(sender));
        eddy_cancel(sender);
        assert_int_equal(join(sender), EDDY_CANCELLED);
        close(order.file);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

/** Nothing of a file leaves whose turn has not come, and what was written after it comes behind what was before. */
static void cancelled_in_the_queue(void)
{
        struct order order = {.file = file_of(MUCH), .n = SIZE_MAX};
        eddy_stream *ends[2];
        eddy_task *sender, *waiting[2];

        connect_streams(ends);
        bound_buffers(ends);
        order.stream = ends[0];
        sender = eddy_create_task(send_file, &order);
        give_way();
        for (int i = 0; i < 2; i++) {
                assert_int_equal(eddy_stream_write(ends[0], i ? "c" : "a", 1), 0);
                waiting[i] = eddy_create_task(send_file, &order);
                give_way();
                assert_int_equal(eddy_stream_write(ends[0], i ? "d" : "b", 1), 0);
        }
        for (int i = 1; i >= 0; i--) {
                eddy_cancel(waiting[i]);
                assert_int_equal(join(waiting[i]), EDDY_CANCELLED);
        }
        assert_int_equal(eddy_stream_write(ends[0], "e", 1), 0);
        assert_reads_pattern(ends[1], 0, MUCH);
        assert_reads(ends[1], "abcde");
        assert_int_equal(join(sender), MUCH);
        close(order.file);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

static void aborted(void)
{
        struct order order = {.file = file_of(MUCH), .n = SIZE_MAX};
        eddy_stream *ends[2];
        eddy_task *sender;

        connect_streams(ends);
        order.stream = ends[0];
        sender = eddy_create_task(send_file, &order);
        give_way();
        eddy_stream_abort(ends[0]);
        assert_int_equal(join(sender), -ECONNABORTED);
        assert_int_equal(eddy_stream_sendfile(ends[0], order.file, 0, 1), -ECONNABORTED);
        close(order.file);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

/** Without a signal, which sendfile() itself would raise. */
static void peer_is_gone(void)
{
        struct order order = {.file = file_of(MUCH), .n = SIZE_MAX};
        struct sigaction before, standard = {.sa_handler = SIG_DFL};
        eddy_stream *ends[2];
        eddy_task *sender;
        intptr_t rc;
        sigset_t pending;

        assert_int_equal(sigaction(SIGPIPE, &standard, &before), 0);
        assert_int_equal(eddy_stream_pair(ends), 0);
        eddy_stream_destroy(ends[1]);
        assert_int_equal(eddy_stream_sendfile(ends[0], order.file, 0, SIZE_MAX), -EPIPE);
        eddy_stream_destroy(ends[0]);
        connect_streams(ends);
        order.stream = ends[0];
        sender = eddy_create_task(send_file, &order);
        give_way();
        eddy_stream_abort(ends[1]);
        rc = join(sender);
        assert_true(rc == -ECONNRESET || rc == -EPIPE);
        assert_int_equal(sigpending(&pending), 0);
        assert_false(sigismember(&pending, SIGPIPE));
        sigaction(SIGPIPE, &before, NULL);
        close(order.file);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

/* By raw sockets. */

static intptr_t send_file_raw(void *arg)
{
        struct order *order = arg;

        return eddy_sock_sendfile(eddy_stream_fd(order->stream), order->file, order->offset, order->n);
}

static void by_socket(void)
{
        struct order order = {.file = file_of(MUCH), .offset = 3, .n = SIZE_MAX};
        eddy_stream *ends[2];
        eddy_task *sender;

        connect_streams(ends);
        order.stream = ends[0];
        sender = eddy_create_task(send_file_raw, &order);
        assert_reads_pattern(ends[1], 3, MUCH - 3);
        assert_int_equal(join(sender), MUCH - 3);
        order.n = 10;
        assert_int_equal(send_file_raw(&order), 10);
        assert_reads_pattern(ends[1], 3, 10);
        assert_int_equal(eddy_sock_sendfile(eddy_stream_fd(ends[0]), order.file, 0, 0), 0);
        assert_int_equal(eddy_sock_sendfile(-1, order.file, 0, 1), -EBADF);
        close(order.file);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

/** What has left of a file whose socket is closed on the way does not go on to who has its number now. */
static void number_of_another(void)
{
        static char bytes[65536];

        for (int turns = 0; turns < 20; turns++) {
                struct order order = {.file = file_of(MUCH), .n = SIZE_MAX};
                eddy_stream *ends[2];
                eddy_task *sender;
                int fd, other[2];

                assert_int_equal(eddy_stream_pair(ends), 0);
                order.stream = ends[0];
                fd = eddy_stream_fd(ends[0]);
                sender = eddy_create_task(send_file_raw, &order);
                give_way();
                while (recv(eddy_stream_fd(ends[1]), bytes, sizeof bytes, MSG_DONTWAIT) > 0)
                        ;
                for (int i = 0; i < turns; i++)
                        eddy_yield();
                assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, other), 0);
                assert_int_equal(eddy_sock_close(fd), 0);
                assert_int_equal(dup3(other[0], fd, O_CLOEXEC), fd);
                give_way();
                assert_int_equal(recv(other[1], bytes, sizeof bytes, MSG_DONTWAIT), -1);
                assert_int_equal(join(sender), -EBADF);
                close(other[0]);
                close(other[1]);
                close(order.file);
                eddy_stream_destroy(ends[0]);
                eddy_stream_destroy(ends[1]);
        }
}

/* Files that are not in memory. */

/** Others go on and deadlines pass while a thread is at the disk, and it is the only one that is. */
static void assert_others_go_on(const eddy_task *sender)
{
        ssize_t rc = 0;

        until(slow_disk.waiting == 1);
        EDDY_TIMEOUT_SCOPE(eddy_us(10))
                rc = eddy_sleep(EDDY_FOREVER);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_false(eddy_done(sender));
        assert_int_equal(slow_disk.trips, 0);
}

/** Two ends of which what is sent at the first comes out at the second. */
static void open_ends(bool is_pipe, eddy_stream *ends[2])
{
        int fds[2];

        if (!is_pipe) {
                connect_streams(ends);
                return;
        }
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(eddy_stream_from_pipe(&ends[0], fds[1], 0), 0);
        assert_int_equal(eddy_stream_from_pipe(&ends[1], fds[0], 0), 0);
}

/** Every way to send a file. */
static const struct {
        eddy_fn send;
        bool is_pipe;
} cold_ways[] = {{send_file, false}, {send_file, true}, {send_file_raw, false}};

enum { COLD_WAYS = sizeof cold_ways / sizeof cold_ways[0] };

static void cold(void)
{
        for (int i = 0; i < 2 * COLD_WAYS; i++) {
                struct order order = {.file = file_of(MUCH), .offset = 7, .n = SIZE_MAX};
                eddy_stream *ends[2];
                eddy_task *sender;

                open_ends(cold_ways[i / 2].is_pipe, ends);
                order.stream = ends[0];
                slow_disk_begin();
                slow_disk.stays_cold = i % 2 == 1; /* some file systems say nothing else */
                sender = eddy_create_task(cold_ways[i / 2].send, &order);
                assert_others_go_on(sender);
                slow_disk_open();
                assert_reads_pattern(ends[1], 7, MUCH - 7);
                assert_int_equal(join(sender), MUCH - 7);
                slow_disk_end();
                assert_true(slow_disk.trips > 0);
                if (!slow_disk.stays_cold)
                        assert_int_equal(slow_disk.loop_trips, 0);
                close(order.file);
                eddy_stream_destroy(ends[0]);
                eddy_stream_destroy(ends[1]);
        }
}

static void cold_and_cancelled(void)
{
        for (int i = 0; i < COLD_WAYS; i++) {
                struct order order = {.file = file_of(MUCH), .n = SIZE_MAX};
                eddy_stream *ends[2];
                eddy_task *sender;

                open_ends(cold_ways[i].is_pipe, ends);
                order.stream = ends[0];
                slow_disk_begin();
                sender = eddy_create_task(cold_ways[i].send, &order);
                assert_others_go_on(sender);
                eddy_cancel(sender);
                slow_disk_open();
                assert_int_equal(join(sender), EDDY_CANCELLED);
                slow_disk_end();
                close(order.file);
                /* Nothing of it was sent, and the stream is as good as before. */
                assert_int_equal(eddy_stream_write(ends[0], "next", 4), 0);
                assert_reads(ends[1], "next");
                eddy_stream_destroy(ends[0]);
                eddy_stream_destroy(ends[1]);
        }
}

/** A stream that is aborted, and a raw socket whose number is another one's when the thread is done. */
static void cold_and_closed(void)
{
        struct order order = {.file = file_of(MUCH), .n = SIZE_MAX};
        eddy_stream *ends[2];
        eddy_task *sender;
        int pair[2], fd;

        connect_streams(ends);
        order.stream = ends[0];
        slow_disk_begin();
        sender = eddy_create_task(send_file, &order);
        assert_others_go_on(sender);
        eddy_stream_abort(ends[0]);
        slow_disk_open();
        assert_int_equal(join(sender), -ECONNABORTED);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);

        connect_streams(ends);
        order.stream = ends[0];
        fd = eddy_stream_fd(ends[0]);
        slow_disk_begin();
        sender = eddy_create_task(send_file_raw, &order);
        assert_others_go_on(sender);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
        assert_int_equal(dup3(pair[0], fd, O_CLOEXEC), fd);
        slow_disk_open();
        assert_int_equal(join(sender), -EBADF);
        slow_disk_end();
        assert_int_equal(recv(pair[1], &(char){0}, 1, MSG_DONTWAIT), -1);
        close(pair[0]);
        close(pair[1]);
        close(order.file);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

/* Sockets in blocking mode, in which others left them: sendfile() has no flag against waiting. */

/** Make a stream or a raw socket of a socket that is put into blocking mode, and send more than it takes. */
static ssize_t send_by_stdio(int fd, int file)
{
        eddy_stream *stream;
        ssize_t n;

        assert_int_equal(eddy_open_stdio(&stream, fd, 0), 0);
        assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        n = eddy_stream_sendfile(stream, file, 0, SIZE_MAX);
        eddy_stream_abort(stream);
        eddy_stream_destroy(stream);
        assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        return n;
}

static ssize_t send_by_stream(int fd, int file)
{
        eddy_stream *stream;
        ssize_t n;

        fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        assert_int_equal(eddy_stream_from_socket(&stream, fd, 0), 0);
        assert_int_equal(fcntl(fd, F_SETFL, 0), 0); /* by another process that shares it */
        n = eddy_stream_sendfile(stream, file, 0, SIZE_MAX);
        eddy_stream_abort(stream);
        eddy_stream_destroy(stream);
        return n;
}

static ssize_t send_by_socket(int fd, int file)
{
        return eddy_sock_sendfile(fd, file, 0, SIZE_MAX);
}

static void to_blocking_sockets(void)
{
        ssize_t (*const ways[])(int fd, int file) = {send_by_stdio, send_by_stream, send_by_socket};
        int file = file_of(MUCH);

        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
                for (int is_unix = 0; is_unix < 2; is_unix++) {
                        ssize_t n = 0;
                        int ends[2];

                        if (is_unix)
                                assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
                        else
                                connect_sockets(ends);
                        EDDY_TIMEOUT_SCOPE(eddy_ms(20))
                                n = ways[i](ends[0], file);
                        assert_int_equal(n, EDDY_TIMEOUT);
                        eddy_sock_close(ends[0]);
                        close(ends[1]);
                }
        close(file);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(whole_and_part),
            scene_test(in_order),
            scene_test(copied),
            scene_test(into_a_pipe),
            scene_test(no_file),
            scene_test(cancelled),
            scene_test(cancelled_in_the_queue),
            scene_test(not_drained),
            scene_test(aborted),
            scene_test(peer_is_gone),
            scene_test(by_socket),
            scene_test(number_of_another),
            scene_test(to_blocking_sockets),
            scene_test(cold),
            scene_test(cold_and_cancelled),
            scene_test(cold_and_closed),
        };

        return cmocka_run_group_tests_name("sendfile", tests, NULL, NULL);
}
