/* Filters under streams that are in use. */
#include "../transport/filters.h"

#include <eddy/unix.h>
#include <fcntl.h>

enum { MUCH = 2 * 1024 * 1024 };

static void open_pair(eddy_stream *ends[2])
{
        int sockets[2], least = 1;

        filters_freed = 0;
        connect_sockets(sockets);
        for (int i = 0; i < 2; i++) {
                setsockopt(sockets[i], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
                assert_int_equal(eddy_stream_from_socket(&ends[i], sockets[i], 0), 0);
        }
}

static void close_pair(eddy_stream *ends[2])
{
        for (int i = 0; i < 2; i++)
                eddy_stream_destroy(ends[i]);
}

/** What came behind the line that asked for it, and was read with that, is the filter's already. */
static void begins_behind_a_line(void)
{
        eddy_stream *ends[2];
        const char *line;

        open_pair(ends);
        assert_int_equal(eddy_stream_write(ends[0], "start\n", 6), 0);
        assert_int_equal(eddy_stream_add_filter(ends[0], &inverter, NULL), 0);
        assert_int_equal(eddy_stream_write(ends[0], "hidden\n", 7), 0);
        assert_int_equal(eddy_stream_drain(ends[0]), 0);
        assert_int_equal(eddy_stream_read_line(ends[1], &line), 6);
        assert_memory_equal(line, "start\n", 6);
        assert_int_equal(eddy_stream_add_filter(ends[1], &inverter, NULL), 0);
        assert_int_equal(eddy_stream_read_line(ends[1], &line), 7);
        assert_memory_equal(line, "hidden\n", 7);
        close_pair(ends);
        until(filters_freed == 2);
}

/** Both mark the end, and go on without the filter. */
static void ends_by_its_mark(void)
{
        struct framing framings[2] = {{0}};
        eddy_stream *ends[2];
        char byte;

        open_pair(ends);
        for (int i = 0; i < 2; i++)
                assert_int_equal(eddy_stream_add_filter(ends[i], &framer, &framings[i]), 0);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(eddy_stream_write(ends[i], "framed", 6), 0);
                assert_int_equal(eddy_stream_write_eof(ends[i]), 0);
        }
        assert_reads(ends[1], "framed");
        assert_int_equal(eddy_stream_read(ends[1], &byte, 1), 0);
        assert_true(eddy_stream_at_eof(ends[1]));
        assert_int_equal(eddy_stream_remove_filter(ends[1]), 0);
        assert_false(eddy_stream_at_eof(ends[1]));
        assert_int_equal(eddy_stream_write(ends[1], "plain", 5), 0);
        assert_reads(ends[0], "framed"); /* and with it comes what is plain, unless it is slow */
        assert_int_equal(eddy_stream_read(ends[0], &byte, 1), 0);
        assert_int_equal(eddy_stream_remove_filter(ends[0]), 0);
        assert_reads(ends[0], "plain");
        assert_int_equal(filters_freed, 2);
        assert_int_equal(eddy_stream_remove_filter(ends[0]), EDDY_EINVALIDSTATE);
        close_pair(ends);
}

static intptr_t write_much(void *arg)
{
        char *bytes = make_pattern(MUCH);
        ssize_t n = eddy_stream_write_all(arg, bytes, MUCH);

        free(bytes);
        return n;
}

static void assert_reads_much(eddy_stream *stream)
{
        static char bytes[100000];
        size_t place = 0;

        while (place < MUCH) {
                ssize_t got = eddy_stream_read(stream, bytes, sizeof bytes);

                assert_true(got > 0);
                for (size_t i = 0; i < (size_t)got; i++)
                        if (bytes[i] != pattern_at(place + i))
                                fail_msg("byte %zu differs", place + i);
                place += (size_t)got;
        }
        assert_int_equal(place, MUCH);
}

static void much_goes_through(void)
{
        struct framing framings[2] = {{0}};
        eddy_stream *ends[2];
        eddy_task *writer;

        open_pair(ends);
        for (int i = 0; i < 2; i++)
                assert_int_equal(eddy_stream_add_filter(ends[i], &framer, &framings[i]), 0);
        writer = eddy_create_task(write_much, ends[0]);
        give_way();
        assert_false(eddy_done(writer)); /* held back by who does not read */
        assert_int_equal(eddy_stream_add_filter(ends[0], &inverter, NULL), EDDY_EBUSY);
        assert_int_equal(eddy_stream_remove_filter(ends[0]), EDDY_EBUSY);
        assert_reads_much(ends[1]);
        assert_int_equal(join(writer), MUCH);
        close_pair(ends);
}

static void a_file_goes_through(void)
{
        char path[] = "/tmp/eddy-filter-XXXXXX", *bytes = make_pattern(MUCH), part[50];
        int file = mkostemp(path, O_CLOEXEC);
        eddy_stream *ends[2];
        eddy_task *reader;

        open_pair(ends);
        assert_int_equal(write(file, bytes, 100), 100);
        unlink(path);
        for (int i = 0; i < 2; i++)
                assert_int_equal(eddy_stream_add_filter(ends[i], &inverter, NULL), 0);
        reader = eddy_create_task(write_much, ends[1]); /* the other way, at the same time */
        assert_int_equal(eddy_stream_sendfile(ends[0], file, 10, 50), 50);
        assert_int_equal(eddy_stream_read_exactly(ends[1], part, sizeof part), sizeof part);
        assert_memory_equal(part, bytes + 10, sizeof part);
        assert_reads_much(ends[0]);
        assert_int_equal(join(reader), MUCH);
        close_pair(ends);
        close(file);
        free(bytes);
}

static intptr_t read_one(void *arg)
{
        char byte;

        return eddy_stream_read(arg, &byte, 1);
}

/** An interrupted reader has taken nothing, and one whose stream is closed is told. */
static void readers_are_interrupted(void)
{
        eddy_stream *ends[2];
        eddy_task *reader;
        char byte;

        open_pair(ends);
        for (int i = 0; i < 2; i++)
                assert_int_equal(eddy_stream_add_filter(ends[i], &inverter, NULL), 0);
        reader = eddy_create_task(read_one, ends[0]);
        give_way();
        assert_int_equal(eddy_stream_remove_filter(ends[0]), EDDY_EBUSY);
        eddy_cancel(reader);
        assert_int_equal(join(reader), EDDY_CANCELLED);
        assert_int_equal(eddy_stream_write(ends[1], "x", 1), 0);
        assert_int_equal(eddy_stream_read(ends[0], &byte, 1), 1);
        assert_int_equal(byte, 'x');
        reader = eddy_create_task(read_one, ends[0]);
        give_way();
        eddy_stream_close(ends[0]);
        assert_int_equal(join(reader), -EBADF);
        assert_int_equal(eddy_stream_wait_closed(ends[0]), 0);
        assert_int_equal(eddy_stream_read(ends[1], &byte, 1), 0);
        close_pair(ends);
}

/** An interrupted writer may have sent some, and nothing of that is torn. */
static void writers_are_interrupted(void)
{
        struct framing framings[2] = {{0}};
        eddy_stream *ends[2];
        eddy_task *writer;
        static char bytes[100000];
        size_t place = 0;
        ssize_t got;

        open_pair(ends);
        for (int i = 0; i < 2; i++)
                assert_int_equal(eddy_stream_add_filter(ends[i], &framer, &framings[i]), 0);
        writer = eddy_create_task(write_much, ends[0]);
        give_way();
        eddy_cancel(writer);
        assert_int_equal(join(writer), EDDY_CANCELLED);
        eddy_stream_close(ends[0]);
        while ((got = eddy_stream_read(ends[1], bytes, sizeof bytes)) > 0)
                for (ssize_t i = 0; i < got; i++, place++)
                        assert_int_equal(bytes[i], pattern_at(place));
        assert_int_equal(got, 0);
        assert_in_range(place, 1, MUCH - 1);
        close_pair(ends);
}

/** What was cut off is no last line. */
static void a_line_is_cut_off(void)
{
        struct framing framing = {0};
        eddy_stream *ends[2];
        const char *line;
        char bytes[8];

        open_pair(ends);
        assert_int_equal(eddy_stream_add_filter(ends[0], &framer, &framing), 0);
        assert_int_equal(eddy_stream_write_all(ends[1], "\11whole\npar", 10), 10);
        eddy_stream_destroy(ends[1]);
        assert_int_equal(eddy_stream_read_line(ends[0], &line), 6);
        assert_int_equal(eddy_stream_read_line(ends[0], &line), EDDY_EINCOMPLETE);
        assert_int_equal(eddy_stream_read(ends[0], bytes, sizeof bytes), 3);
        assert_int_equal(eddy_stream_read(ends[0], bytes, sizeof bytes), EDDY_EINCOMPLETE);
        eddy_stream_destroy(ends[0]);
}

/** A task that waits for its turn to write is in the middle of a write as well. */
static void who_waits_for_its_turn_is_busy(void)
{
        static char bytes[MUCH];
        eddy_stream *ends[2];
        eddy_task *writer;

        open_pair(ends);
        memcpy(bytes, "x", 1);
        assert_int_equal(eddy_stream_write(ends[0], bytes, sizeof bytes), 0);
        give_way();
        writer = eddy_create_task(write_much, ends[0]);
        give_way();
        assert_int_equal(eddy_stream_add_filter(ends[0], &inverter, NULL), EDDY_EBUSY);
        for (size_t got = 0; got < sizeof bytes;) {
                ssize_t n = eddy_stream_read(ends[1], bytes, sizeof bytes - got);

                assert_true(n > 0);
                got += (size_t)n;
        }
        assert_reads_much(ends[1]);
        assert_int_equal(join(writer), MUCH);
        close_pair(ends);
}

/** A select that never waits finds what came, too. */
static void a_select_looks_through_it(void)
{
        eddy_stream *ends[2];
        int chosen;

        open_pair(ends);
        for (int i = 0; i < 2; i++)
                assert_int_equal(eddy_stream_add_filter(ends[i], &inverter, NULL), 0);
        assert_int_equal(eddy_stream_write(ends[0], "x", 1), 0);
        do {
                eddy_case cases[] = {eddy_case_readable(ends[1]), eddy_case_otherwise()};

                chosen = eddy_select(cases, 2);
                assert_int_equal(eddy_yield(), 0);
        } while (chosen == 1);
        assert_int_equal(chosen, 0);
        assert_reads(ends[1], "x");
        close_pair(ends);
}

/* Filters that fail. */

static ssize_t write_all(eddy_stream *stream)
{
        return eddy_stream_write_all(stream, "x", 1);
}

static ssize_t write_and_drain(eddy_stream *stream)
{
        int rc;

        assert_int_equal(eddy_stream_set_write_limits(stream, 0, 0), 0);
        rc = eddy_stream_write(stream, "x", 1);
        return rc < 0 ? rc : eddy_stream_drain(stream);
}

static ssize_t write_much_at_once(eddy_stream *stream)
{
        char *bytes = make_pattern(MUCH);
        int rc = eddy_stream_write(stream, bytes, MUCH);

        free(bytes);
        return rc;
}

static ssize_t send_file(eddy_stream *stream)
{
        int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        ssize_t rc = eddy_stream_sendfile(stream, file, 0, 50);

        close(file);
        return rc;
}

static ssize_t write_end(eddy_stream *stream)
{
        int rc = eddy_stream_write_eof(stream);

        return rc < 0 ? rc : eddy_stream_write_eof(stream);
}

static ssize_t fail_to_finish(void *self, void *out, size_t size)
{
        return refuse(self, NULL, &(size_t){0}, out, size);
}

/** A way to write, by a task that was told nothing before. */
struct telling {
        eddy_stream *stream;
        ssize_t (*way)(eddy_stream *stream);
};

static intptr_t be_told_why(void *arg)
{
        const struct telling *telling = arg;

        assert_string_equal(eddy_error_detail(), "");
        assert_int_equal(telling->way(telling->stream), -EBADMSG);
        assert_string_equal(eddy_explain(-EBADMSG), lost_book);
        return 0;
}

/** Whichever way one writes, and whoever comes later, under another filter, too. */
static void writers_are_told_why(void)
{
        static const eddy_filter dumb = {
            .decode = invert, .encode = refuse, .finish = fail_to_finish, .explain = say_why};
        static ssize_t (*const ways[])(eddy_stream *) = {write_all, write_and_drain, write_much_at_once,
                                                         send_file, write_end};

        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
                for (int layers = 1; layers <= 2; layers++) {
                        int error = -EBADMSG;
                        eddy_stream *ends[2];
                        struct telling telling;

                        open_pair(ends);
                        assert_int_equal(eddy_stream_add_filter(ends[0], &dumb, &error), 0);
                        if (layers == 2)
                                assert_int_equal(eddy_stream_add_filter(ends[0], &inverter, NULL), 0);
                        telling = (struct telling){.stream = ends[0], .way = ways[i]};
                        for (int again = 0; again < 2; again++)
                                assert_int_equal(join(eddy_create_task(be_told_why, &telling)), 0);
                        close_pair(ends);
                }
}

static void carries_bytes_alone(void)
{
        eddy_stream *ends[2];
        int fds[1] = {STDERR_FILENO};
        size_t count = 1;
        char byte;

        assert_int_equal(eddy_stream_pair(ends), 0);
        assert_int_equal(eddy_stream_add_filter(ends[0], &inverter, NULL), 0);
        assert_int_equal(eddy_stream_send_fds(ends[0], "x", 1, fds, 1), EDDY_ENOTSUP);
        assert_int_equal(eddy_stream_receive_fds(ends[0], &byte, 1, fds, &count), EDDY_ENOTSUP);
        close_pair(ends);
}

/* A filter that has no words for what it is asked. */

static ssize_t hear_question(void *self, const void *in, size_t *n, void *out, size_t size)
{
        (void)out, (void)size;
        *(bool *)self = in && *n > 0;
        return 0;
}

static ssize_t find_no_words(void *self, void *out, size_t size)
{
        (void)out, (void)size;
        return *(bool *)self ? -EIO : 0;
}

/** Who reads, and who waits for a peer that reads nothing, are told at once that it has failed. */
static void has_no_answer(void)
{
        static const eddy_filter speechless = {
            .decode = hear_question, .encode = invert, .answer = find_no_words};
        eddy_stream *ends[2];
        eddy_task *writer;
        intptr_t written;
        bool is_asked = false;
        char byte;

        open_pair(ends);
        assert_int_equal(eddy_stream_add_filter(ends[1], &speechless, &is_asked), 0);
        writer = eddy_create_task(write_much, ends[1]);
        eddy_yield();
        assert_int_equal(eddy_stream_write_all(ends[0], "?", 1), 1);
        assert_int_equal(eddy_stream_read(ends[1], &byte, 1), -EIO);
        assert_int_equal(eddy_await(writer, &written), 0);
        assert_int_equal(written, -EIO);
        eddy_unref(writer);
        close_pair(ends);
}

/* A filter that is greeted, and cannot answer: nothing leaves. */

static ssize_t hear_greeting(void *self, const void *in, size_t *n, void *out, size_t size)
{
        (void)in, (void)n, (void)out, (void)size;
        *(bool *)self = false;
        return 0;
}

static bool greets_for_ever(void *self)
{
        (void)self;
        return true;
}

static ssize_t greet(void *self, void *out, size_t size)
{
        bool *has_greeted = self;

        (void)size;
        if (*has_greeted)
                return 0;
        *has_greeted = true;
        memcpy(out, "HI", 2);
        return 2;
}

static ssize_t fail_to_encode(void *self, const void *in, size_t *n, void *out, size_t size)
{
        (void)self, (void)in, (void)n, (void)out, (void)size;
        return -EIO;
}

static intptr_t read_byte(void *stream)
{
        char byte;

        return eddy_stream_read(stream, &byte, 1);
}

/** Who reads is told, and not only when the other side says something. */
static void cannot_greet(void)
{
        static const eddy_filter broken = {.decode = invert, .encode = fail_to_encode};
        static const eddy_filter greeter = {
            .decode = hear_greeting, .encode = invert, .answer = greet, .is_greeting = greets_for_ever};
        eddy_stream *ends[2];
        eddy_task *reader;
        bool has_greeted = true;
        intptr_t read;

        open_pair(ends);
        assert_int_equal(eddy_stream_add_filter(ends[1], &broken, NULL), 0);
        assert_int_equal(eddy_stream_add_filter(ends[1], &greeter, &has_greeted), 0);
        reader = eddy_create_task(read_byte, ends[1]);
        give_way();
        assert_int_equal(eddy_stream_write_all(ends[0], "!", 1), 1);
        give_way();
        assert_true(eddy_done(reader));
        assert_int_equal(eddy_await(reader, &read), 0);
        assert_int_equal(read, -EIO);
        eddy_unref(reader);
        close_pair(ends);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(begins_behind_a_line),
            scene_test(ends_by_its_mark),
            scene_test(much_goes_through),
            scene_test(a_file_goes_through),
            scene_test(readers_are_interrupted),
            scene_test(writers_are_interrupted),
            scene_test(a_line_is_cut_off),
            scene_test(who_waits_for_its_turn_is_busy),
            scene_test(a_select_looks_through_it),
            scene_test(carries_bytes_alone),
            scene_test(writers_are_told_why),
            scene_test(has_no_answer),
            scene_test(cannot_greet),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
