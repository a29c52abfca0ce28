#include "helpers.h"

#include "base/fault.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

/** The two ends of a pipe: a stream that reads, a stream that writes. */
static void open_pipe(eddy_stream *ends[2])
{
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(eddy_stream_from_pipe(&ends[0], fds[0], 0), 0);
        assert_int_equal(eddy_stream_from_pipe(&ends[1], fds[1], 0), 0);
}

static void close_pipe(eddy_stream *ends[2])
{
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

static intptr_t write_pattern(void *arg)
{
        enum { SIZE = 3000000 };
        char *bytes = make_pattern(SIZE);
        ssize_t n = eddy_stream_write_all(arg, bytes, SIZE / 2);

        if (n == SIZE / 2)
                n = eddy_stream_write(arg, bytes + SIZE / 2, SIZE / 4);
        if (n == 0) /* behind what is queued */
                n = eddy_stream_write_all(arg, bytes + SIZE / 2 + SIZE / 4, SIZE / 4);
        if (n == SIZE / 4)
                n = eddy_stream_write_eof(arg);
        free(bytes);
        return n < 0 ? n : SIZE;
}

static void carries_what_is_written(void)
{
        eddy_stream *ends[2];
        eddy_task *writer;
        char *all;
        ssize_t n;

        open_pipe(ends);
        writer = eddy_create_task(write_pattern, ends[1]);
        n = eddy_stream_read_all(ends[0], &all, SIZE_MAX);
        assert_int_equal(join(writer), n);
        for (ssize_t i = 0; i < n; i++)
                if (all[i] != pattern_at((size_t)i))
                        fail_msg("byte %zd is another", i);
        eddy_free(all);
        assert_true(eddy_stream_at_eof(ends[0]));
        close_pipe(ends);
}

static intptr_t talk(void *arg)
{
        static const char *const pieces[] = {"on", "e\ntw", "o\nth", "ree"};

        for (size_t i = 0; i < 4; i++) {
                eddy_stream_write(arg, pieces[i], strlen(pieces[i]));
                give_way();
        }
        eddy_stream_close(arg);
        return eddy_stream_wait_closed(arg);
}

static void reads_lines_as_they_come(void)
{
        eddy_stream *ends[2];
        eddy_task *talker;
        const char *line;

        open_pipe(ends);
        talker = eddy_create_task(talk, ends[1]);
        assert_int_equal(eddy_stream_read_line(ends[0], &line), 4);
        assert_memory_equal(line, "one\n", 4);
        assert_int_equal(eddy_stream_read_line(ends[0], &line), 4);
        assert_memory_equal(line, "two\n", 4);
        assert_int_equal(eddy_stream_read_line(ends[0], &line), 5);
        assert_memory_equal(line, "three", 5);
        assert_int_equal(eddy_stream_read_line(ends[0], &line), 0);
        assert_int_equal(join(talker), 0);
        close_pipe(ends);
}

static void refuses_the_other_direction(void)
{
        eddy_stream *ends[2];
        char byte;

        open_pipe(ends);
        assert_int_equal(eddy_stream_read(ends[1], &byte, 1), -EBADF);
        assert_int_equal(eddy_stream_write(ends[0], "x", 1), -EPIPE);
        assert_int_equal(eddy_stream_write_all(ends[0], "x", 1), -EPIPE);
        assert_int_equal(eddy_stream_drain(ends[0]), 0);
        assert_int_equal(eddy_stream_write_eof(ends[0]), 0);
        assert_false(eddy_stream_is_closing(ends[0]));
        assert_string_equal(eddy_stream_peer_name(ends[0]), "");
        close_pipe(ends);
}

static void eof_closes_what_only_writes(void)
{
        eddy_stream *ends[2];
        char byte;

        open_pipe(ends);
        assert_int_equal(eddy_stream_write(ends[1], "last", 4), 0);
        assert_int_equal(eddy_stream_write_eof(ends[1]), 0);
        assert_int_equal(eddy_stream_write(ends[1], "x", 1), -EPIPE);
        assert_int_equal(eddy_stream_wait_closed(ends[1]), 0);
        assert_reads(ends[0], "last");
        assert_int_equal(eddy_stream_read(ends[0], &byte, 1), 0);
        close_pipe(ends);
}

/* What the reader's disappearance must not do. */
static volatile sig_atomic_t sigpipes;

static void count_sigpipe(int signum)
{
        (void)signum;
        sigpipes++;
}

/** @param failing  which use of the system fails; 0: none */
static void write_to_nobody(unsigned long failing)
{
        eddy_stream *ends[2];

        open_pipe(ends);
        eddy_stream_destroy(ends[0]);
        fault_arm(failing, 1);
        assert_int_equal(eddy_stream_write_all(ends[1], "x", 1), -EPIPE);
        assert_int_equal(eddy_stream_write(ends[1], "x", 1), -EPIPE);
        eddy_stream_destroy(ends[1]);
}

static void raises_no_sigpipe(void)
{
        struct sigaction count = {.sa_handler = count_sigpipe}, before;
        sigset_t only, mask, waiting;

        sigaction(SIGPIPE, &count, &before);
        sigpipes = 0;
        write_to_nobody(0);
        write_to_nobody(2); /* from now on as on a kernel that has no flag for it */
        write_to_nobody(0);
        assert_int_equal(sigpipes, 0);
        /* One that waits already is not taken away. */
        sigemptyset(&only);
        sigaddset(&only, SIGPIPE);
        sigprocmask(SIG_BLOCK, &only, &mask);
        raise(SIGPIPE);
        write_to_nobody(0);
        sigpending(&waiting);
        assert_true(sigismember(&waiting, SIGPIPE));
        sigprocmask(SIG_SETMASK, &mask, NULL);
        assert_int_equal(sigpipes, 1);
        sigaction(SIGPIPE, &before, NULL);
}

static intptr_t fill_up(void *arg)
{
        static const char bytes[1 << 20];

        return eddy_stream_write_all(arg, bytes, sizeof bytes);
}

static void tells_a_waiting_writer_that_nobody_reads(void)
{
        eddy_stream *ends[2];
        eddy_task *writer;

        open_pipe(ends);
        writer = eddy_create_task(fill_up, ends[1]);
        give_way();
        eddy_stream_destroy(ends[0]);
        ends[0] = NULL;
        assert_int_equal(join(writer), -EPIPE);
        close_pipe(ends);
}

static void loses_nothing_when_cancelled(void)
{
        eddy_stream *ends[2];
        char bytes[4];
        ssize_t n = 0;

        open_pipe(ends);
        assert_int_equal(eddy_stream_write_all(ends[1], "ab", 2), 2);
        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                n = eddy_stream_read_exactly(ends[0], bytes, 4);
        assert_int_equal(n, EDDY_TIMEOUT);
        assert_int_equal(eddy_stream_write_all(ends[1], "cd", 2), 2);
        assert_reads(ends[0], "abcd");
        close_pipe(ends);
}

/** A file of the temporary folder that has no name. */
static int make_file(const char *text)
{
        char path[] = "/tmp/eddy-test-XXXXXX";
        int fd = mkostemp(path, O_CLOEXEC);

        assert_true(fd >= 0);
        unlink(path);
        assert_int_equal(pwrite(fd, text, strlen(text), 0), strlen(text));
        return fd;
}

static void reads_and_writes_a_file(void)
{
        int fd = make_file("one\ntwo\n");
        eddy_stream *stream;
        const char *line;

        assert_int_equal(eddy_open_stdio(&stream, fd, 0), 0);
        assert_int_equal(eddy_stream_read_line(stream, &line), 4);
        assert_memory_equal(line, "one\n", 4);
        assert_int_equal(eddy_stream_read_line(stream, &line), 4);
        assert_int_equal(eddy_stream_read_line(stream, &line), 0);
        assert_int_equal(eddy_stream_write_all(stream, "three\n", 6), 6);
        eddy_stream_destroy(stream);
        assert_int_equal(lseek(fd, 0, SEEK_CUR), 14);
        assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        close(fd);
}

static void leaves_the_mode_of_what_is_shared(void)
{
        eddy_stream *stream;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(eddy_open_stdio(&stream, fds[0], 0), 0);
        assert_int_equal(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
        assert_int_equal(write(fds[1], "hello", 5), 5);
        assert_reads(stream, "hello");
        eddy_stream_destroy(stream);
        assert_true(fcntl(fds[0], F_GETFD) >= 0);

        /* Where it cannot be opened anew: not before, and not behind, but while the stream is there. */
        fault_arm(3, 1); /* fstat(), fcntl(), open() */
        assert_int_equal(eddy_open_stdio(&stream, fds[0], 0), 0);
        fault_arm(0, 0);
        assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
        assert_int_equal(write(fds[1], "hello", 5), 5);
        assert_reads(stream, "hello");
        eddy_stream_destroy(stream);
        assert_int_equal(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
        close(fds[0]);
        close(fds[1]);
}

static void talks_by_a_socket_or_a_terminal(void)
{
        eddy_stream *stream, *screen;
        int sockets[2], master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), terminal;
        const char *line;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
        assert_int_equal(eddy_open_stdio(&stream, sockets[0], 0), 0);
        assert_int_equal(fcntl(sockets[0], F_GETFL) & O_NONBLOCK, 0);
        say(sockets[1], "hello");
        assert_reads(stream, "hello");
        eddy_stream_destroy(stream);
        close(sockets[0]);
        close(sockets[1]);

        assert_true(master >= 0);
        assert_int_equal(grantpt(master), 0);
        assert_int_equal(unlockpt(master), 0);
        terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(terminal >= 0);
        assert_int_equal(eddy_open_stdio(&stream, terminal, 0), 0);
        assert_int_equal(eddy_stream_from_pipe(&screen, master, 0), 0);
        assert_int_equal(fcntl(terminal, F_GETFL) & O_NONBLOCK, 0);
        assert_int_equal(eddy_stream_write_all(screen, "ls\n", 3), 3);
        assert_int_equal(eddy_stream_read_line(stream, &line), 3);
        assert_memory_equal(line, "ls\n", 3);
        assert_int_equal(eddy_stream_write_all(stream, "no such file\n", 13), 13);
        assert_reads(screen, "ls\r\nno such file\r\n"); /* its echo is first */
        assert_int_equal(eddy_stream_write_eof(stream), 0);
        assert_false(eddy_stream_is_closing(stream));
        eddy_stream_destroy(stream);
        eddy_stream_destroy(screen);
        close(terminal);
}

static void takes_devices_that_cannot_be_waited_for(void)
{
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        eddy_stream *stream;
        char byte;

        assert_int_equal(eddy_open_stdio(&stream, null, 0), 0);
        assert_int_equal(eddy_stream_write_all(stream, "gone", 4), 4);
        assert_int_equal(eddy_stream_read(stream, &byte, 1), 0);
        eddy_stream_destroy(stream);
        close(null);
}

static void refuses_what_is_no_descriptor(void)
{
        eddy_stream *stream;

        assert_int_equal(eddy_open_stdio(&stream, -1, 0), -EBADF);
        assert_null(stream);
        assert_int_equal(eddy_stream_from_pipe(&stream, -1, 0), -EBADF);
        assert_null(stream);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(carries_what_is_written),
            scene_test(reads_lines_as_they_come),
            scene_test(refuses_the_other_direction),
            scene_test(eof_closes_what_only_writes),
            scene_test(raises_no_sigpipe),
            scene_test(tells_a_waiting_writer_that_nobody_reads),
            scene_test(loses_nothing_when_cancelled),
            scene_test(reads_and_writes_a_file),
            scene_test(leaves_the_mode_of_what_is_shared),
            scene_test(talks_by_a_socket_or_a_terminal),
            scene_test(takes_devices_that_cannot_be_waited_for),
            scene_test(refuses_what_is_no_descriptor),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
