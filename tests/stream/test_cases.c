/* Streams in a select, and waiting for a peer to go: nothing is taken, nothing is missed, and nobody is held up. */
#include "helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/** A stream with its peer: TCP's, and a UNIX one. */
static void open_tcp(struct line *line)
{
        line_open(line, 0);
}

static void open_local(struct line *line)
{
        int ends[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        assert_int_equal(eddy_stream_from_socket(&line->stream, ends[0], 0), 0);
        line->peer = ends[1];
}

static void (*const kinds[])(struct line *line) = {open_tcp, open_local};

#define FOR_EACH_KIND(line)                                                                                    \
        for (size_t kind_ = 0; kind_ < sizeof kinds / sizeof *kinds && (kinds[kind_](line), true); kind_++)

static void hang_up(struct line *line)
{
        close(line->peer);
        line->peer = -1;
}

static intptr_t wait_gone(void *stream)
{
        return eddy_stream_wait_gone(stream);
}

/** Start a task up to where it waits, the kernel having been told. */
static eddy_task *start(eddy_fn fn, void *arg)
{
        eddy_task *task = eddy_create_task(fn, arg);

        give_way();
        assert_false(eddy_done(task));
        return task;
}

static void notices_a_peer_that_goes(void)
{
        struct line line;

        FOR_EACH_KIND(&line)
        {
                eddy_task *task = start(wait_gone, line.stream), *other = start(wait_gone, line.stream);
                char bytes[16];

                say(line.peer, "hello");
                give_way();
                assert_false(eddy_done(task));
                assert_int_equal(eddy_stream_read(line.stream, bytes, sizeof bytes), 5);
                say(line.peer, "last");
                hang_up(&line);
                assert_int_equal(eddy_join_value(task), 0);
                assert_int_equal(eddy_join_value(other), 0);
                assert_int_equal(eddy_stream_wait_gone(line.stream), 0);
                assert_int_equal(eddy_stream_read(line.stream, bytes, sizeof bytes), 4);
                assert_int_equal(eddy_stream_read(line.stream, bytes, sizeof bytes), 0);
                assert_int_equal(eddy_stream_wait_gone(line.stream), 0);
                line_close(&line);
        }
}

static intptr_t read_byte(void *stream)
{
        char byte;

        return eddy_stream_read(stream, &byte, 1);
}

static intptr_t write_much(void *stream)
{
        static const char much[4 << 20];

        return eddy_stream_write_all(stream, much, sizeof much);
}

static void stands_beside_a_reader_and_a_writer(void)
{
        struct line line;

        FOR_EACH_KIND(&line)
        {
                eddy_task *gone = start(wait_gone, line.stream), *reader = start(read_byte, line.stream),
                          *writer = start(write_much, line.stream);

                say(line.peer, "x");
                assert_int_equal(eddy_join_value(reader), 1);
                assert_false(eddy_done(gone));
                reader = start(read_byte, line.stream);
                hang_up(&line);
                assert_int_equal(eddy_join_value(gone), 0);
                assert_true(eddy_join_value(reader) <= 0);
                assert_true(eddy_join_value(writer) < 0);
                line_close(&line);
        }
}

static void notices_a_reset(void)
{
        const struct linger reset = {.l_onoff = 1};
        struct line line;
        char byte;

        open_tcp(&line);
        assert_int_equal(setsockopt(line.peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
        hang_up(&line);
        assert_int_equal(eddy_stream_wait_gone(line.stream), 0);
        assert_int_equal(eddy_stream_read(line.stream, &byte, 1), -ECONNRESET);
        assert_int_equal(eddy_stream_wait_gone(line.stream), 0);
        line_close(&line);
}

/** That is what the kernel lets see: whoever sends no more may still read. */
static void takes_a_half_closed_peer_for_gone(void)
{
        struct line line;
        char bytes[8] = "";

        FOR_EACH_KIND(&line)
        {
                eddy_task *task = start(wait_gone, line.stream);

                shutdown(line.peer, SHUT_WR);
                assert_int_equal(eddy_join_value(task), 0);
                assert_int_equal(eddy_stream_write_all(line.stream, "answer", 6), 6);
                assert_int_equal(hear(line.peer, bytes, 6), 6);
                assert_string_equal(bytes, "answer");
                line_close(&line);
        }
}

static void notices_the_other_end_of_a_pipe(void)
{
        for (int end = 0; end < 2; end++) {
                eddy_stream *stream;
                eddy_task *task;
                int pair[2];

                assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
                assert_int_equal(eddy_stream_from_pipe(&stream, pair[end], 0), 0);
                task = start(wait_gone, stream);
                close(pair[1 - end]);
                assert_int_equal(eddy_join_value(task), 0);
                assert_int_equal(eddy_stream_wait_gone(stream), 0);
                eddy_stream_destroy(stream);
        }
}

static void ends_with_its_stream_or_its_task(void)
{
        struct line line;

        FOR_EACH_KIND(&line)
        {
                eddy_task *cancelled = start(wait_gone, line.stream), *task = start(wait_gone, line.stream);

                eddy_cancel(cancelled);
                assert_int_equal(eddy_join_value(cancelled), EDDY_CANCELLED);
                assert_false(eddy_done(task));
                eddy_stream_close(line.stream);
                assert_int_equal(eddy_join_value(task), -EBADF);
                assert_int_equal(eddy_stream_wait_gone(line.stream), -EBADF);
                line_close(&line);
        }
}

/** What a task selects from one stream, again and again. */
static int select_of(eddy_stream *stream, eddy_case (*of)(eddy_stream *stream), int *rc)
{
        eddy_case cases[] = {of(stream), eddy_case_otherwise()};
        int chosen = eddy_select(cases, 2);

        *rc = cases[0].rc;
        return chosen;
}

static intptr_t wait_readable(void *stream)
{
        eddy_case cases[] = {eddy_case_readable(stream), eddy_case_readable(NULL), eddy_case_gone(NULL)};
        int chosen = eddy_select(cases, 3);

        return chosen < 0 ? chosen : cases[chosen].rc;
}

static void note_others(void *others_ran)
{
        *(bool *)others_ran = true;
}

/** Whether a call let others run. */
static bool suspends(ssize_t (*call)(eddy_stream *stream), eddy_stream *stream, ssize_t *outcome)
{
        bool others_ran = false;
        eddy_handle other = {.link = {.next = NULL}};

        eddy_call_soon(eddy_running_loop(), &other, note_others, &others_ran);
        *outcome = call(stream);
        eddy_handle_cancel(&other);
        return others_ran;
}

static char got[64];

static ssize_t read_what_is_there(eddy_stream *stream)
{
        memset(got, 0, sizeof got);
        return eddy_stream_read(stream, got, sizeof got - 1);
}

static void can_be_read_without_suspending(void)
{
        struct line line;
        ssize_t n;
        int rc;

        FOR_EACH_KIND(&line)
        {
                assert_int_equal(select_of(line.stream, eddy_case_readable, &rc), 1);
                for (int i = 0; i < 3; i++) {
                        eddy_task *task = start(wait_readable, line.stream);

                        say(line.peer, "some");
                        assert_int_equal(eddy_join_value(task), 0);
                        /* Nothing was taken. */
                        assert_int_equal(select_of(line.stream, eddy_case_readable, &rc), 0);
                        assert_int_equal(rc, 0);
                        assert_false(suspends(read_what_is_there, line.stream, &n));
                        assert_int_equal(n, 4);
                        assert_string_equal(got, "some");
                        assert_int_equal(select_of(line.stream, eddy_case_readable, &rc), 1);
                }
                say(line.peer, "one"); /* before anybody looks */
                while (select_of(line.stream, eddy_case_readable, &rc) == 1)
                        eddy_yield();
                assert_int_equal(eddy_stream_read(line.stream, got, 1), 1);
                assert_int_equal(select_of(line.stream, eddy_case_readable, &rc), 0);
                assert_int_equal(eddy_stream_read(line.stream, got, sizeof got), 2);
                hang_up(&line);
                assert_int_equal(wait_readable(line.stream), 0);
                assert_false(suspends(read_what_is_there, line.stream, &n));
                assert_int_equal(n, 0);
                assert_int_equal(wait_readable(line.stream), 0);
                line_close(&line);
        }
}

static void tells_why_it_cannot_be_read(void)
{
        const struct linger reset = {.l_onoff = 1};
        struct line line;
        eddy_task *reader;
        int rc;

        open_tcp(&line);
        reader = start(read_byte, line.stream);
        assert_int_equal(wait_readable(line.stream), EDDY_EBUSY);
        say(line.peer, "x");
        assert_int_equal(eddy_join_value(reader), 1);
        reader = start(wait_readable, line.stream);
        assert_int_equal(eddy_stream_read(line.stream, got, 1), EDDY_EBUSY);
        assert_int_equal(setsockopt(line.peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
        hang_up(&line);
        assert_int_equal(eddy_join_value(reader), -ECONNRESET);
        assert_int_equal(eddy_stream_read(line.stream, got, 1), -ECONNRESET);
        assert_int_equal(wait_readable(line.stream), -ECONNRESET);
        eddy_stream_close(line.stream);
        assert_int_equal(select_of(line.stream, eddy_case_readable, &rc), 0);
        assert_int_equal(rc, -EBADF);
        assert_int_equal(select_of(line.stream, eddy_case_gone, &rc), 0);
        assert_int_equal(rc, -EBADF);
        line_close(&line);
}

static void refuses_a_stream_twice_and_takes_a_peer_twice(void)
{
        struct line line;

        open_tcp(&line);
        eddy_case twice[] = {eddy_case_readable(line.stream), eddy_case_readable(line.stream)};
        eddy_case gone[] = {eddy_case_gone(line.stream), eddy_case_gone(line.stream)};

        assert_int_equal(eddy_select(twice, 2), 1);
        assert_int_equal(twice[1].rc, EDDY_EBUSY);
        shutdown(line.peer, SHUT_WR);
        assert_true(eddy_select(gone, 2) >= 0);
        line_close(&line);
}

/** A select that another case ended has let go of the stream, whoever held it. */
static void leaves_the_stream_to_others(void)
{
        struct line line;
        eddy_queue queue;
        int item = 1;

        eddy_queue_init(&queue, sizeof(int), 1);
        FOR_EACH_KIND(&line)
        {
                for (int i = 0; i < 200; i++) {
                        eddy_case cases[] = {eddy_case_readable(line.stream), eddy_case_gone(line.stream),
                                             eddy_case_get(&queue, &item), eddy_case_after(eddy_us(i))};
                        char byte = (char)i;

                        assert_int_equal(eddy_select(cases, 4), 3);
                        assert_int_equal(send(line.peer, &byte, 1, 0), 1);
                        assert_int_equal(eddy_stream_read(line.stream, got, sizeof got), 1);
                        assert_int_equal(got[0], byte);
                }
                line_close(&line);
        }
        eddy_queue_finish(&queue);
}

/** Bytes, the end and time in any order: each byte is read once, and the end is seen. */
static void misses_nothing(void)
{
        struct line line;

        FOR_EACH_KIND(&line)
        {
                unsigned next = 0, sent = 0, turn = 0;
                bool has_ended = false;

                while (!has_ended) {
                        eddy_case cases[] = {eddy_case_readable(line.stream),
                                             eddy_case_after(eddy_us(turn % 7))};
                        int chosen;
                        ssize_t n;

                        for (unsigned some = ++turn % 5; some > 0 && sent < 5000; some--, sent++)
                                assert_int_equal(send(line.peer, &(char){(char)sent}, 1, 0), 1);
                        if (sent == 5000 && turn % 5 == 0)
                                shutdown(line.peer, SHUT_WR);
                        chosen = eddy_select(cases, 2);
                        if (chosen == 1)
                                continue;
                        assert_int_equal(chosen, 0);
                        assert_int_equal(cases[0].rc, 0);
                        n = eddy_stream_read(line.stream, got, sizeof got);
                        for (ssize_t i = 0; i < n; i++)
                                assert_int_equal((unsigned char)got[i], (unsigned char)next++);
                        has_ended = n == 0;
                }
                line_close(&line);
        }
}

/** It is a call for reading: a line that was shown is gone, and the rest of one that was too long is none of its bytes. */
static void knows_what_earlier_calls_left(void)
{
        struct line line;
        const char *text;
        int rc;

        line_open(&line, 8);
        say(line.peer, "short\nmuch too long");
        assert_int_equal(eddy_stream_read_line(line.stream, &text), 6);
        assert_int_equal(wait_readable(line.stream), 0);
        assert_int_equal(eddy_stream_read_line(line.stream, &text), EDDY_ELIMIT);
        assert_int_equal(select_of(line.stream, eddy_case_readable, &rc), 1);
        say(line.peer, " and still no end");
        give_way();
        assert_int_equal(select_of(line.stream, eddy_case_readable, &rc), 1);
        eddy_task *task = start(wait_readable, line.stream);

        say(line.peer, " of it\n");
        give_way();
        assert_false(eddy_done(task));
        say(line.peer, "next\n");
        assert_int_equal(eddy_join_value(task), 0);
        assert_int_equal(eddy_stream_read_line(line.stream, &text), 5);
        assert_memory_equal(text, "next\n", 5);
        line_close(&line);
}

/** Who looks again and again, and never waits, sees what comes all the same. */
static void sees_what_comes_while_it_never_waits(void)
{
        struct line line;
        int rc;

        FOR_EACH_KIND(&line)
        {
                say(line.peer, "x");
                assert_int_equal(eddy_stream_read(line.stream, got, sizeof got), 1);
                assert_int_equal(select_of(line.stream, eddy_case_readable, &rc), 1);
                say(line.peer, "y");
                while (select_of(line.stream, eddy_case_readable, &rc) == 1)
                        ;
                assert_int_equal(eddy_stream_read(line.stream, got, sizeof got), 1);
                shutdown(line.peer, SHUT_WR);
                while (select_of(line.stream, eddy_case_gone, &rc) == 1)
                        ;
                line_close(&line);
        }
}

static void reads_pipes_and_waits_for_the_first_writer(void)
{
        char folder[] = "/tmp/eddy-cases-XXXXXX", path[64];
        eddy_stream *stream;
        eddy_task *task;
        int fd, pair[2], rc;

        assert_non_null(mkdtemp(folder));
        snprintf(path, sizeof path, "%s/fifo", folder);
        assert_int_equal(mkfifo(path, 0600), 0);
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        assert_int_equal(eddy_stream_from_pipe(&stream, fd, 0), 0);
        assert_int_equal(select_of(stream, eddy_case_readable, &rc), 1);
        task = start(wait_readable, stream);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(write(fd, "pipe", 4), 4);
        assert_int_equal(eddy_join_value(task), 0);
        assert_int_equal(read_what_is_there(stream), 4);
        task = start(wait_readable, stream);
        close(fd);
        assert_int_equal(eddy_join_value(task), 0);
        assert_int_equal(read_what_is_there(stream), 0);
        eddy_stream_destroy(stream);
        unlink(path);
        rmdir(folder);
        /* One that is only written to. */
        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        assert_int_equal(eddy_stream_from_pipe(&stream, pair[1], 0), 0);
        assert_int_equal(wait_readable(stream), read_what_is_there(stream));
        eddy_stream_destroy(stream);
        close(pair[0]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(notices_a_peer_that_goes),
            scene_test(stands_beside_a_reader_and_a_writer),
            scene_test(notices_a_reset),
            scene_test(takes_a_half_closed_peer_for_gone),
            scene_test(notices_the_other_end_of_a_pipe),
            scene_test(ends_with_its_stream_or_its_task),
            scene_test(can_be_read_without_suspending),
            scene_test(tells_why_it_cannot_be_read),
            scene_test(refuses_a_stream_twice_and_takes_a_peer_twice),
            scene_test(leaves_the_stream_to_others),
            scene_test(misses_nothing),
            scene_test(knows_what_earlier_calls_left),
            scene_test(sees_what_comes_while_it_never_waits),
            scene_test(reads_pipes_and_waits_for_the_first_writer),
        };

        return cmocka_run_group_tests_name("cases", tests, NULL, NULL);
}
