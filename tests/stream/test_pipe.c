#include "helpers.h"

#include "base/fault.h"
#include "base/sys_pipe.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
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

static void write_to_nobody(void)
{
        eddy_stream *ends[2];

        open_pipe(ends);
        eddy_stream_destroy(ends[0]);
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
        write_to_nobody();
        assert_int_equal(sigpipes, 0);
        /* One that waits already is not taken away. */
        sigemptyset(&only);
        sigaddset(&only, SIGPIPE);
        sigprocmask(SIG_BLOCK, &only, &mask);
        raise(SIGPIPE);
        write_to_nobody();
        sigpending(&waiting);
        assert_true(sigismember(&waiting, SIGPIPE));
        sigprocmask(SIG_SETMASK, &mask, NULL);
        assert_int_equal(sigpipes, 1);
        sigaction(SIGPIPE, &before, NULL);
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

/* Every write ends: of what has no room, too, and without a signal. */

enum { ROOM = 10000, MORE = 30000 };

static const char more[MORE];

/* Ways of writing more than there is room for: how they fail. */

static ssize_t write_all_of_it(eddy_stream *stream)
{
        return eddy_stream_write_all(stream, more, MORE);
}

/** In pieces that leave by themselves, and one by one. */
static ssize_t write_pieces(eddy_stream *stream)
{
        ssize_t rc = 0;

        for (int i = 0; i < 30 && rc == 0; i++)
                rc = eddy_stream_write(stream, more, MORE / 30);
        eddy_stream_set_write_limits(stream, 0, 0);
        return rc < 0 ? rc : eddy_stream_drain(stream);
}

static ssize_t write_at_once(eddy_stream *stream)
{
        ssize_t rc = eddy_stream_write(stream, more, MORE);

        eddy_stream_set_write_limits(stream, 0, 0);
        return rc < 0 ? rc : eddy_stream_drain(stream);
}

static ssize_t write_and_close(eddy_stream *stream)
{
        ssize_t rc = eddy_stream_write(stream, more, MORE);

        eddy_stream_close(stream);
        return rc < 0 ? rc : eddy_stream_wait_closed(stream);
}

static ssize_t write_both(eddy_stream *stream)
{
        ssize_t rc = eddy_stream_write(stream, more, MORE / 2);

        return rc < 0 ? rc : eddy_stream_write_all(stream, more, MORE / 2);
}

static ssize_t send_a_file(eddy_stream *stream)
{
        FILE *file = tmpfile();
        ssize_t n;

        assert_int_equal(ftruncate(fileno(file), ROOM / 2), 0);
        do
                n = eddy_stream_sendfile(stream, fileno(file), 0, ROOM / 2);
        while (n > 0);
        fclose(file);
        return n;
}

static ssize_t (*const writers[])(eddy_stream *stream) = {write_all_of_it, write_pieces, write_at_once,
                                                          write_and_close, write_both,   send_a_file};

/** Write more than there is room for in each way, to what is opened anew each time. */
static void assert_fail_with(int (*open_it)(void), int error)
{
        for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
                eddy_stream *stream;
                ssize_t rc = 0;

                assert_int_equal(eddy_stream_from_pipe(&stream, open_it(), 0), 0);
                EDDY_TIMEOUT_SCOPE(eddy_seconds(20))
                        rc = writers[i](stream);
                if (rc != error)
                        fail_msg("writer %zu: %s", i, eddy_errname(rc));
                eddy_stream_destroy(stream);
        }
}

static int open_file(void)
{
        return make_file("");
}

static int open_full_disk(void)
{
        int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        return fd;
}

static int open_pipe_of_nobody(void)
{
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        close(ends[0]);
        return ends[1];
}

static volatile sig_atomic_t signals;

static void count_signal(int signum)
{
        (void)signum;
        signals++;
}

/** Where the library may write, with the signals' dispositions as they are. */
static void write_too_much(void)
{
        struct rlimit before, limit;

        assert_fail_with(open_full_disk, -ENOSPC);
        assert_fail_with(open_pipe_of_nobody, -EPIPE);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        limit = (struct rlimit){ROOM, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_fail_with(open_file, -EFBIG);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

#ifdef EDDY_UCONTEXT
enum { MASK_IS_THE_THREADS = false }; /* swapcontext() gives each coroutine one of its own */
#else
enum { MASK_IS_THE_THREADS = true };
#endif

static void every_write_ends(void)
{
        const struct sigaction count = {.sa_handler = count_signal};
        struct sigaction pipe_before, size_before, now;
        sigset_t both, mask, waiting;

        /* The host program's own handlers and mask are as they were, and hear of nothing. */
        sigaction(SIGPIPE, &count, &pipe_before);
        sigaction(SIGXFSZ, &count, &size_before);
        signals = 0;
        write_too_much();
        assert_int_equal(signals, 0);
        sigaction(SIGXFSZ, NULL, &now);
        assert_ptr_equal(now.sa_handler, count_signal);
        sigprocmask(SIG_BLOCK, NULL, &mask);
        assert_false(sigismember(&mask, SIGXFSZ));

        /* What waits already where the program blocks it is not taken away. */
        sigemptyset(&both);
        sigaddset(&both, SIGPIPE);
        sigaddset(&both, SIGXFSZ);
        sigprocmask(SIG_BLOCK, &both, &mask);
        write_too_much();
        sigpending(&waiting);
        assert_false(sigismember(&waiting, SIGXFSZ) || sigismember(&waiting, SIGPIPE));
        raise(SIGXFSZ);
        raise(SIGPIPE);
        write_too_much();
        sigpending(&waiting);
        assert_true(!MASK_IS_THE_THREADS || (sigismember(&waiting, SIGXFSZ) && sigismember(&waiting, SIGPIPE)));
        sigprocmask(SIG_SETMASK, &mask, NULL);
        assert_int_equal(signals, 2);
        sigaction(SIGPIPE, &pipe_before, NULL);
        sigaction(SIGXFSZ, &size_before, NULL);
}

/** On a system whose pipes know no flags, such as Linux before 6.4, it is no different. */
static void on_an_old_system(void)
{
        int known = atomic_exchange(&sys_pipe_flags, 0);

        raises_no_sigpipe();
        every_write_ends();
        atomic_store(&sys_pipe_flags, known);
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

/** A FIFO with a name, in a folder of its own. */
struct fifo {
        char folder[32], path[64];
};

static void fifo_make(struct fifo *fifo)
{
        strcpy(fifo->folder, "/tmp/eddy-test-XXXXXX");
        assert_non_null(mkdtemp(fifo->folder));
        snprintf(fifo->path, sizeof fifo->path, "%s/fifo", fifo->folder);
        assert_int_equal(mkfifo(fifo->path, 0600), 0);
}

static void fifo_remove(const struct fifo *fifo)
{
        unlink(fifo->path);
        rmdir(fifo->folder);
}

/** A stream of what is shared, where it cannot be opened anew. */
static void open_stdio_in_place(eddy_stream **stream, int fd)
{
        fault_arm(3, 1); /* fstat(), fcntl(), open() */
        assert_int_equal(eddy_open_stdio(stream, fd, 0), 0);
        fault_arm(0, 0);
}

static bool knows_nowait(int fd)
{
        struct stat status;

        assert_int_equal(fstat(fd, &status), 0);
        return sys_pipe_knows_nowait(&status);
}

/** Reading suspends. */
static void assert_must_wait(eddy_stream *stream)
{
        ssize_t n = 0;
        char byte;

        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                n = eddy_stream_read(stream, &byte, 1);
        assert_int_equal(n, EDDY_TIMEOUT);
}

/* Ways of reading to the end: how many bytes there were, or an error. */

static ssize_t read_by_bytes(eddy_stream *stream)
{
        ssize_t n, all = 0;
        char bytes[8];

        while ((n = eddy_stream_read(stream, bytes, sizeof bytes)) > 0)
                all += n;
        return n < 0 ? n : all;
}

static ssize_t read_by_line(eddy_stream *stream)
{
        const char *line;
        ssize_t n, all = 0;

        while ((n = eddy_stream_read_line(stream, &line)) > 0)
                all += n;
        return n < 0 ? n : all;
}

static ssize_t read_some(eddy_stream *stream)
{
        const char *bytes;
        ssize_t n, all = 0;

        while ((n = eddy_stream_read_some(stream, &bytes)) > 0)
                all += n;
        return n < 0 ? n : all;
}

static ssize_t read_everything(eddy_stream *stream)
{
        char *all;
        ssize_t n = eddy_stream_read_all(stream, &all, SIZE_MAX);

        eddy_free(all);
        return n;
}

/** One of them, in a task of its own. */
struct reading {
        ssize_t (*way)(eddy_stream *stream);
        eddy_stream *stream;
};

static intptr_t read_to_the_end(void *arg)
{
        const struct reading *reading = arg;

        return reading->way(reading->stream);
}

/** Begin to read, up to the suspension. */
static eddy_task *begin_reading(ssize_t (*way)(eddy_stream *stream), eddy_stream *stream)
{
        struct reading reading = {way, stream};
        eddy_task *task = eddy_task_create(&(eddy_task_options){.args = &reading, .args_size = sizeof reading},
                                           read_to_the_end, NULL);

        give_way();
        assert_false(eddy_done(task));
        return task;
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

        /* Where it cannot be opened anew, it is asked each time not to wait. */
        open_stdio_in_place(&stream, fds[0]);
        assert_int_equal(fcntl(fds[0], F_GETFL) & O_NONBLOCK, knows_nowait(fds[0]) ? 0 : O_NONBLOCK);
        assert_must_wait(stream);
        assert_int_equal(write(fds[1], "hello", 5), 5);
        assert_reads(stream, "hello");
        eddy_stream_destroy(stream);
        assert_int_equal(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
        close(fds[0]);
        close(fds[1]);
}

/** A FIFO cannot be asked: its mode is another while the stream is there, not before, and not behind. */
static void gives_the_mode_of_a_fifo_back(void)
{
        struct fifo fifo;
        eddy_stream *stream;
        int fd;

        fifo_make(&fifo);
        fd = open(fifo.path, O_RDWR | O_CLOEXEC);
        open_stdio_in_place(&stream, fd);
        assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        assert_must_wait(stream);
        assert_int_equal(write(fd, "hello", 5), 5);
        assert_reads(stream, "hello");
        eddy_stream_destroy(stream);
        assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        close(fd);
        fifo_remove(&fifo);
}

/** Who shares a pipe puts it into blocking mode behind our back: nothing is held up. */
static void is_not_held_up_by_a_blocking_pipe(void)
{
        eddy_stream *ends[2];
        ssize_t n = 0;

        open_pipe(ends);
        if (knows_nowait(eddy_stream_fd(ends[0]))) {
                for (int i = 0; i < 2; i++)
                        assert_int_equal(fcntl(eddy_stream_fd(ends[i]), F_SETFL, 0), 0);
                assert_must_wait(ends[0]);
                EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                        n = fill_up(ends[1]);
                assert_int_equal(n, EDDY_TIMEOUT);
        } else {
                print_message("left out: pipes cannot be asked not to wait (Linux 6.4)\n");
        }
        close_pipe(ends);
}

/* FIFOs with a name. */

/** Ways of reading to the end: what they tell of three bytes and of the end. */
static ssize_t (*const ways[])(eddy_stream *stream) = {read_by_bytes, read_by_line, read_some, read_everything};

enum { WAYS = sizeof ways / sizeof ways[0] };

/** Standard input is a FIFO whose writer has gone: what it said comes, and then the end. */
static void ends_with_the_writer_before(void)
{
        for (size_t i = 0; i < WAYS; i++)
                for (int says = 0; says < 2; says++) {
                        struct fifo fifo;
                        eddy_stream *stream;
                        int in, out;

                        fifo_make(&fifo);
                        in = open(fifo.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
                        out = open(fifo.path, O_WRONLY | O_CLOEXEC);
                        assert_int_equal(fcntl(in, F_SETFL, 0), 0);
                        assert_int_equal(write(out, "hi\n", says ? 3 : 0), says ? 3 : 0);
                        close(out);
                        assert_int_equal(eddy_open_stdio(&stream, in, 0), 0);
                        assert_int_equal(ways[i](stream), says ? 3 : 0);
                        assert_true(eddy_stream_at_eof(stream));
                        eddy_stream_destroy(stream);
                        close(in);
                        fifo_remove(&fifo);
                }
}

/** Standard input is a FIFO that has a writer, who goes later. */
static void ends_with_the_writer_behind(void)
{
        for (size_t i = 0; i < WAYS; i++) {
                struct fifo fifo;
                eddy_stream *stream;
                eddy_task *reader;
                int in, out;

                fifo_make(&fifo);
                in = open(fifo.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
                out = open(fifo.path, O_WRONLY | O_CLOEXEC);
                assert_int_equal(eddy_open_stdio(&stream, in, 0), 0);
                reader = begin_reading(ways[i], stream);
                assert_int_equal(write(out, "hi\n", 3), 3);
                give_way();
                close(out);
                assert_int_equal(join(reader), 3);
                eddy_stream_destroy(stream);
                close(in);
                fifo_remove(&fifo);
        }
}

/** A FIFO that nobody has opened for writing is waited for, however it was opened; the end comes with its writer's. */
static void waits_for_the_first_writer(void)
{
        for (size_t i = 0; i < WAYS * 2; i++)
                for (int says = 0; says < 2; says++) {
                        bool is_standard = i >= WAYS;
                        struct fifo fifo;
                        eddy_stream *stream;
                        eddy_task *reader;
                        int in, out;

                        fifo_make(&fifo);
                        in = open(fifo.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
                        assert_int_equal(
                            (is_standard ? eddy_open_stdio : eddy_stream_from_pipe)(&stream, in, 0), 0);
                        assert_must_wait(stream);
                        reader = begin_reading(ways[i % WAYS], stream);
                        out = open(fifo.path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
                        assert_true(out >= 0);
                        give_way();
                        assert_false(eddy_done(reader));
                        assert_int_equal(write(out, "hi\n", says ? 3 : 0), says ? 3 : 0);
                        close(out);
                        assert_int_equal(join(reader), says ? 3 : 0);
                        eddy_stream_destroy(stream);
                        if (is_standard)
                                close(in);
                        fifo_remove(&fifo);
                }
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

/** Opened anew by its name, the master of a terminal would be another terminal's. */
static void talks_by_the_master_of_a_terminal(void)
{
        int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), terminal;
        eddy_stream *screen;
        char bytes[8];

        assert_true(master >= 0);
        assert_int_equal(grantpt(master), 0);
        assert_int_equal(unlockpt(master), 0);
        terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_int_equal(eddy_open_stdio(&screen, master, 0), 0);
        assert_int_equal(eddy_stream_write_all(screen, "ls\n", 3), 3);
        assert_int_equal(read(terminal, bytes, sizeof bytes), 3);
        eddy_stream_destroy(screen);
        assert_int_equal(fcntl(master, F_GETFL) & O_NONBLOCK, 0);
        close(terminal);
        close(master);
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
            scene_test(every_write_ends),
            scene_test(raises_no_sigpipe),
            scene_test(on_an_old_system),
            scene_test(tells_a_waiting_writer_that_nobody_reads),
            scene_test(loses_nothing_when_cancelled),
            scene_test(reads_and_writes_a_file),
            scene_test(leaves_the_mode_of_what_is_shared),
            scene_test(gives_the_mode_of_a_fifo_back),
            scene_test(is_not_held_up_by_a_blocking_pipe),
            scene_test(ends_with_the_writer_before),
            scene_test(ends_with_the_writer_behind),
            scene_test(waits_for_the_first_writer),
            scene_test(talks_by_a_socket_or_a_terminal),
            scene_test(talks_by_the_master_of_a_terminal),
            scene_test(takes_devices_that_cannot_be_waited_for),
            scene_test(refuses_what_is_no_descriptor),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
