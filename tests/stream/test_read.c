/* Reading: bytes, exact counts, separators, lines, everything. */
#include "helpers.h"

#include "base/fault.h"
#include "stream/stream.h"

enum { SMALL_LIMIT = 16 };

/** A call for reading, made in a task of its own. */
struct call {
        eddy_stream *stream;
        enum { READ, SOME, EXACTLY, UNTIL, LINE, ALL } kind;
        char bytes[64];
        size_t n;
        const char *data;
};

static intptr_t make_call(void *arg)
{
        struct call *call = arg;
        char *everything;
        ssize_t n;

        switch (call->kind) {
        case READ:
                return eddy_stream_read(call->stream, call->bytes, call->n);
        case SOME:
                return eddy_stream_read_some(call->stream, &call->data);
        case EXACTLY:
                return eddy_stream_read_exactly(call->stream, call->bytes, call->n);
        case UNTIL:
                return eddy_stream_read_until(call->stream, call->bytes, call->n, &call->data);
        case LINE:
                return eddy_stream_read_line(call->stream, &call->data);
        default:
                n = eddy_stream_read_all(call->stream, &everything, call->n);
                eddy_free(everything);
                return n;
        }
}

/** Begin a call, up to its suspension. */
static eddy_task *begin_call(struct call *call)
{
        eddy_task *task = eddy_create_task(make_call, call);

        until(call->stream->flow.reader || eddy_done(task));
        assert_false(eddy_done(task));
        return task;
}

static void read_takes_what_there_is(void)
{
        struct line line;
        char bytes[64];

        line_open(&line, 0);
        assert_false(eddy_stream_at_eof(line.stream));
        assert_int_equal(eddy_stream_read(line.stream, bytes, 0), 0);
        say(line.peer, "hello");
        assert_int_equal(eddy_stream_read(line.stream, bytes, 3), 3);
        assert_memory_equal(bytes, "hel", 3);
        assert_int_equal(eddy_stream_read(line.stream, bytes, sizeof bytes), 2);
        assert_memory_equal(bytes, "lo", 2);
        shutdown(line.peer, SHUT_WR);
        assert_false(eddy_stream_at_eof(line.stream));
        for (int i = 0; i < 3; i++) {
                assert_int_equal(eddy_stream_read(line.stream, bytes, sizeof bytes), 0);
                assert_true(eddy_stream_at_eof(line.stream));
        }
        line_close(&line);
}

static void read_waits(void)
{
        struct line line;
        struct call call = {.kind = READ, .n = sizeof call.bytes};
        eddy_task *task;

        line_open(&line, 0);
        call.stream = line.stream;
        task = begin_call(&call);
        give_way();
        assert_false(eddy_done(task));
        say(line.peer, "late");
        assert_int_equal(join(task), 4);
        assert_memory_equal(call.bytes, "late", 4);
        task = begin_call(&call);
        shutdown(line.peer, SHUT_WR);
        assert_int_equal(join(task), 0);
        line_close(&line);
}

static void read_exactly_gathers(void)
{
        struct line line;
        struct call call = {.kind = EXACTLY, .n = 6};
        eddy_task *task;

        line_open(&line, 0);
        call.stream = line.stream;
        say(line.peer, "ab");
        task = begin_call(&call);
        say(line.peer, "cd");
        give_way();
        assert_false(eddy_done(task));
        say(line.peer, "efgh");
        assert_int_equal(join(task), 6);
        assert_memory_equal(call.bytes, "abcdef", 6);
        assert_reads(line.stream, "gh");
        assert_int_equal(eddy_stream_read_exactly(line.stream, call.bytes, 0), 0);
        line_close(&line);
}

static void read_exactly_short(void)
{
        struct line line;
        char bytes[8];

        line_open(&line, 0);
        say(line.peer, "abc");
        shutdown(line.peer, SHUT_WR);
        assert_int_equal(eddy_stream_read_exactly(line.stream, bytes, 8), EDDY_EINCOMPLETE);
        assert_false(eddy_stream_at_eof(line.stream));
        assert_int_equal(eddy_stream_read(line.stream, bytes, 8), 3);
        assert_memory_equal(bytes, "abc", 3);
        assert_true(eddy_stream_at_eof(line.stream));
        assert_int_equal(eddy_stream_read_exactly(line.stream, bytes, 8), EDDY_EINCOMPLETE);
        line_close(&line);
}

/** More than its limit, and than any one call brings. */
static void read_exactly_much(void)
{
        enum { SIZE = 300000 };
        struct line line;
        char *sent = make_pattern(SIZE), *got = malloc(SIZE);
        size_t done = 0;

        line_open(&line, SMALL_LIMIT);
        while (done < SIZE) {
                ssize_t n = send(line.peer, sent + done, SIZE - done < 10000 ? SIZE - done : 10000, 0);

                assert_true(n > 0);
                assert_int_equal(eddy_stream_read_exactly(line.stream, got + done, (size_t)n), n);
                done += (size_t)n;
        }
        assert_memory_equal(sent, got, SIZE);
        free(sent);
        free(got);
        line_close(&line);
}

/** Whatever call was interrupted: what had come is there for the next one. */
static void interruption_loses_nothing(void)
{
        static const struct call calls[] = {{.kind = EXACTLY, .n = 9},
                                            {.kind = UNTIL, .n = 2, .bytes = "\r\n"},
                                            {.kind = LINE},
                                            {.kind = ALL, .n = 99}};

        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
                struct call call = calls[i];
                struct line line;
                eddy_task *task;

                line_open(&line, 0);
                call.stream = line.stream;
                say(line.peer, "abc");
                task = begin_call(&call);
                give_way();
                eddy_cancel(task);
                assert_int_equal(join(task), EDDY_CANCELLED);
                say(line.peer, "def");
                assert_reads(line.stream, "abcdef");
                line_close(&line);
        }
}

static void deadline_loses_nothing(void)
{
        struct line line;
        char bytes[8];
        ssize_t n = 0;

        line_open(&line, 0);
        say(line.peer, "abc");
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                n = eddy_stream_read_exactly(line.stream, bytes, 6);
        assert_int_equal(n, EDDY_TIMEOUT);
        EDDY_TIMEOUT_SCOPE(0) /* passed already: not even what is there */
                n = eddy_stream_read(line.stream, bytes, 6);
        assert_int_equal(n, EDDY_TIMEOUT);
        say(line.peer, "def");
        assert_reads(line.stream, "abcdef");
        line_close(&line);
}

static void until_finds_separators_in_pieces(void)
{
        const char *text = "GET / HTTP/1.1\r\n\r\n";
        size_t size = strlen(text);

        for (size_t cut = 1; cut < size; cut++) {
                struct line line;
                struct call call = {.kind = UNTIL, .n = 4, .bytes = "\r\n\r\n"};
                eddy_task *task;

                line_open(&line, 0);
                call.stream = line.stream;
                assert_int_equal(send(line.peer, text, cut, 0), cut);
                task = begin_call(&call);
                assert_int_equal(send(line.peer, text + cut, size - cut, 0), size - cut);
                say(line.peer, "body");
                assert_int_equal(join(task), size);
                assert_memory_equal(call.data, text, size);
                assert_reads(line.stream, "body");
                line_close(&line);
        }
}

static void until_searches_what_is_long(void)
{
        enum { SIZE = 50000 };
        struct line line;
        char *sent = malloc(SIZE);
        const char *data;

        line_open(&line, 0);
        memset(sent, 'e', SIZE);
        memcpy(sent + SIZE - 3, "end", 3);
        assert_int_equal(send(line.peer, sent, SIZE, 0), SIZE);
        say(line.peer, "more");
        assert_int_equal(eddy_stream_read_until(line.stream, "end", 3, &data), SIZE);
        assert_memory_equal(data, sent, SIZE);
        assert_reads(line.stream, "more");
        free(sent);
        line_close(&line);
}

static void until_keeps_its_limit(void)
{
        struct line line;
        const char *data;

        line_open(&line, SMALL_LIMIT);
        say(line.peer, "0123456789abcdef\r\n");
        assert_int_equal(eddy_stream_read_until(line.stream, "\r\n", 2, &data), SMALL_LIMIT + 2);
        say(line.peer, "0123456789abcdefg\r\nnext");
        assert_int_equal(eddy_stream_read_until(line.stream, "\r\n", 2, &data), EDDY_ELIMIT);
        assert_null(data);
        assert_reads(line.stream, "0123456789abcdefg\r\n");
        say(line.peer, "without any separator");
        assert_int_equal(eddy_stream_read_until(line.stream, "\r\n", 2, &data), EDDY_ELIMIT);
        assert_reads(line.stream, "nextwithout any separator");
        line_close(&line);
}

/** The limit counts what lies before the separator, however what comes is cut into pieces. */
static void limit_counts_what_lies_before(void)
{
        struct line line;
        const char *text;

        for (size_t piece = 1; piece <= 9; piece++) {
                line_open(&line, 7);
                for (const char *next = "1234567\n12345678\n", *end = next + strlen(next); next < end;) {
                        size_t n = (size_t)(end - next) < piece ? (size_t)(end - next) : piece;

                        assert_int_equal(send(line.peer, next, n, 0), n);
                        next += n;
                        give_way();
                }
                assert_int_equal(eddy_stream_read_line(line.stream, &text), 8);
                assert_int_equal(eddy_stream_read_line(line.stream, &text), EDDY_ELIMIT);
                line_close(&line);
        }
}

/** Of several separators the one that ends first, then the longest, however what comes is cut into pieces. */
static void until_the_first_of_several(void)
{
        static const struct iovec separators[] = {{"\n", 1}, {"\r\n", 2}, {"END", 3}, {"ND", 2}, {"abc", 3}};
        static const struct {
                const char *text;
                size_t which;
        } pieces[] = {{"one\n", 0}, {"two\r\n", 1}, {"xEND", 2}, {"xxND", 3}, {"ababc", 4}, {"\n", 0}};
        const char sent[] = "one\ntwo\r\nxENDxxNDababc\nrest";
        struct line line;
        const char *data;
        size_t which;

        for (size_t piece = 1; piece <= sizeof sent; piece++) {
                line_open(&line, 0);
                for (size_t at = 0; at < sizeof sent - 1; at += piece) {
                        size_t n = sizeof sent - 1 - at < piece ? sizeof sent - 1 - at : piece;

                        assert_int_equal(send(line.peer, sent + at, n, 0), n);
                        give_way();
                }
                for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
                        size_t n = strlen(pieces[i].text);

                        assert_int_equal(eddy_stream_read_until_any(line.stream, separators, 5, &data, &which),
                                         n);
                        assert_memory_equal(data, pieces[i].text, n);
                        assert_int_equal(which, pieces[i].which);
                }
                shutdown(line.peer, SHUT_WR);
                assert_int_equal(eddy_stream_read_until_any(line.stream, separators, 5, &data, NULL),
                                 EDDY_EINCOMPLETE);
                assert_reads(line.stream, "rest");
                line_close(&line);
        }
}

static void until_several_keeps_its_limit(void)
{
        static const struct iovec separators[] = {{"\r\n\r\n", 4}, {"\n", 1}, {"", 0}};
        struct line line;
        const char *data;

        line_open(&line, 7);
        assert_int_equal(eddy_stream_read_until_any(line.stream, separators, 0, &data, NULL), -EINVAL);
        assert_int_equal(eddy_stream_read_until_any(line.stream, separators, 3, &data, NULL), -EINVAL);
        say(line.peer, "1234567\n12345678\n");
        assert_int_equal(eddy_stream_read_until_any(line.stream, separators, 2, &data, NULL), 8);
        assert_int_equal(eddy_stream_read_until_any(line.stream, separators, 2, &data, NULL), EDDY_ELIMIT);
        assert_reads(line.stream, "12345678\n");
        line_close(&line);
}

static void until_meets_the_end(void)
{
        struct line line;
        const char *data;

        line_open(&line, 0);
        assert_int_equal(eddy_stream_read_until(line.stream, "", 0, &data), -EINVAL);
        say(line.peer, "one;two");
        shutdown(line.peer, SHUT_WR);
        assert_int_equal(eddy_stream_read_until(line.stream, ";", 1, &data), 4);
        assert_memory_equal(data, "one;", 4);
        assert_int_equal(eddy_stream_read_until(line.stream, ";", 1, &data), EDDY_EINCOMPLETE);
        assert_reads(line.stream, "two");
        assert_int_equal(eddy_stream_read_until(line.stream, ";", 1, &data), EDDY_EINCOMPLETE);
        line_close(&line);
}

static void lines(void)
{
        struct line line;
        const char *text;

        line_open(&line, 0);
        say(line.peer, "first\n\nthird\r\nlast");
        shutdown(line.peer, SHUT_WR);
        assert_int_equal(eddy_stream_read_line(line.stream, &text), 6);
        assert_memory_equal(text, "first\n", 6);
        assert_int_equal(eddy_stream_read_line(line.stream, &text), 1);
        assert_int_equal(eddy_stream_read_line(line.stream, &text), 7);
        assert_memory_equal(text, "third\r\n", 7);
        assert_false(eddy_stream_at_eof(line.stream));
        assert_int_equal(eddy_stream_read_line(line.stream, &text), 4);
        assert_memory_equal(text, "last", 4);
        assert_true(eddy_stream_at_eof(line.stream));
        assert_int_equal(eddy_stream_read_line(line.stream, &text), 0);
        assert_int_equal(eddy_stream_read_line(line.stream, &text), 0);
        line_close(&line);
}

static void lines_too_long_are_dropped(void)
{
        struct line line;
        const char *text;

        line_open(&line, SMALL_LIMIT);
        say(line.peer, "this line is longer than the limit\nshort\nand this has no end at all");
        assert_int_equal(eddy_stream_read_line(line.stream, &text), EDDY_ELIMIT);
        assert_int_equal(eddy_stream_read_line(line.stream, &text), 6);
        assert_memory_equal(text, "short\n", 6);
        assert_int_equal(eddy_stream_read_line(line.stream, &text), EDDY_ELIMIT);
        say(line.peer, ", and this is its tail\nfresh\n");
        assert_int_equal(eddy_stream_read_line(line.stream, &text), 6);
        assert_memory_equal(text, "fresh\n", 6);
        line_close(&line);
}

/** Whatever reads next, it does not see the tail of a line that was too long, however late that comes. */
static void no_tail_of_a_line_is_seen(void)
{
        static const struct call calls[] = {
            {.kind = READ, .n = 6},
            {.kind = SOME},
            {.kind = EXACTLY, .n = 6},
            {.kind = UNTIL, .bytes = "\n", .n = 1},
            {.kind = LINE},
            {.kind = ALL, .n = 6},
        };

        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
                struct call call = calls[i];
                struct line line;
                eddy_task *task;
                const char *text;

                line_open(&line, SMALL_LIMIT);
                say(line.peer, "this line is longer than the limit");
                assert_int_equal(eddy_stream_read_line(line.stream, &text), EDDY_ELIMIT);
                call.stream = line.stream;
                task = begin_call(&call);
                for (int pieces = 0; pieces < 10; pieces++) {
                        say(line.peer, "and goes on and on");
                        give_way();
                }
                /* Interrupted, it goes on to be dropped. */
                eddy_cancel(task);
                assert_int_equal(join(task), EDDY_CANCELLED);
                task = begin_call(&call);
                say(line.peer, "to here\nfresh\n");
                shutdown(line.peer, SHUT_WR);
                assert_int_equal(join(task), 6);
                line_close(&line);
        }
}

/** A line that was too long and has no end is dropped to the stream's. */
static void a_line_without_end_is_dropped(void)
{
        struct line line;
        const char *text;

        line_open(&line, SMALL_LIMIT);
        say(line.peer, "this line is longer than the limit");
        assert_int_equal(eddy_stream_read_line(line.stream, &text), EDDY_ELIMIT);
        say(line.peer, ", and this is its tail");
        shutdown(line.peer, SHUT_WR);
        assert_int_equal(eddy_stream_read_line(line.stream, &text), 0);
        assert_true(eddy_stream_at_eof(line.stream));
        line_close(&line);
}

static void everything(void)
{
        enum { SIZE = 100000 };
        struct line line;
        char *sent = make_pattern(SIZE), *got;

        line_open(&line, 0);
        assert_int_equal(send(line.peer, sent, SIZE, 0), SIZE);
        shutdown(line.peer, SHUT_WR);
        assert_int_equal(eddy_stream_read_all(line.stream, &got, SIZE), SIZE);
        assert_memory_equal(got, sent, SIZE);
        assert_int_equal(got[SIZE], '\0');
        eddy_free(got);
        assert_true(eddy_stream_at_eof(line.stream));
        assert_int_equal(eddy_stream_read_all(line.stream, &got, SIZE), 0);
        assert_string_equal(got, "");
        eddy_free(got);
        free(sent);
        line_close(&line);
}

static void everything_but_not_more(void)
{
        struct line line;
        char *got;

        line_open(&line, 0);
        say(line.peer, "12345");
        shutdown(line.peer, SHUT_WR);
        assert_int_equal(eddy_stream_read_all(line.stream, &got, 4), EDDY_ELIMIT);
        assert_null(got);
        assert_int_equal(eddy_stream_read_all(line.stream, &got, 5), 5);
        assert_string_equal(got, "12345");
        eddy_free(got);
        line_close(&line);
}

/** One stream, all ways of reading: none takes what is another's. */
static void ways_of_reading_mix(void)
{
        struct line line;
        const char *text;
        char bytes[8], *rest;

        line_open(&line, 0);
        say(line.peer, "head: 1\nsome;exactrest of it");
        shutdown(line.peer, SHUT_WR);
        assert_int_equal(eddy_stream_read_line(line.stream, &text), 8);
        assert_int_equal(eddy_stream_read(line.stream, bytes, 2), 2);
        assert_memory_equal(bytes, "so", 2);
        assert_int_equal(eddy_stream_read_until(line.stream, ";", 1, &text), 3);
        assert_memory_equal(text, "me;", 3);
        assert_reads(line.stream, "exact");
        assert_int_equal(eddy_stream_read_all(line.stream, &rest, 100), 10);
        assert_string_equal(rest, "rest of it");
        eddy_free(rest);
        line_close(&line);
}

static void one_reader_at_a_time(void)
{
        struct line line;
        struct call call = {.kind = READ, .n = sizeof call.bytes};
        const char *text;
        char bytes[8], *rest;
        eddy_task *task;

        line_open(&line, 0);
        call.stream = line.stream;
        task = begin_call(&call);
        assert_int_equal(eddy_stream_read(line.stream, bytes, 8), EDDY_EBUSY);
        assert_int_equal(eddy_stream_read_exactly(line.stream, bytes, 8), EDDY_EBUSY);
        assert_int_equal(eddy_stream_read_line(line.stream, &text), EDDY_EBUSY);
        assert_int_equal(eddy_stream_read_all(line.stream, &rest, 8), EDDY_EBUSY);
        say(line.peer, "for the first");
        assert_int_equal(join(task), 13);
        line_close(&line);
}

/** Whatever waits, and whatever is refused meanwhile: who waits does not notice. */
static void who_is_refused_leaves_the_first_alone(void)
{
        static const struct call calls[] = {
            {.kind = READ, .n = 9},
            {.kind = SOME},
            {.kind = EXACTLY, .n = 6},
            {.kind = UNTIL, .bytes = "o\n", .n = 2},
            {.kind = LINE},
            {.kind = ALL, .n = 9},
        };

        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
                struct call first = calls[i];
                struct line line;
                eddy_task *task;

                line_open(&line, 0);
                first.stream = line.stream;
                task = begin_call(&first);
                for (size_t j = 0; j < sizeof calls / sizeof calls[0]; j++) {
                        struct call second = calls[j];

                        second.stream = line.stream;
                        assert_int_equal(make_call(&second), EDDY_EBUSY);
                        if (j == 2)
                                say(line.peer, "hel");
                        give_way();
                        if (eddy_done(task))
                                break;
                }
                say(line.peer, "lo\n");
                shutdown(line.peer, SHUT_WR);
                assert_int_equal(join(task), first.kind == READ || first.kind == SOME ? 3 : 6);
                line_close(&line);
        }
}

static void closing_ends_reading(void)
{
        static const struct call calls[] = {
            {.kind = READ, .n = 9}, {.kind = EXACTLY, .n = 9}, {.kind = LINE}, {.kind = ALL, .n = 9}};

        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
                struct call call = calls[i];
                struct line line;
                eddy_task *task;

                line_open(&line, 0);
                call.stream = line.stream;
                task = begin_call(&call);
                eddy_stream_close(line.stream);
                assert_int_equal(join(task), -EBADF);
                assert_int_equal(eddy_stream_read(line.stream, call.bytes, 8), -EBADF);
                assert_hears_end(line.peer);
                line_close(&line);
        }
}

static void peer_resets(void)
{
        struct line line;
        struct call call = {.kind = READ, .n = sizeof call.bytes};
        eddy_task *task;

        line_open(&line, 0);
        call.stream = line.stream;
        task = begin_call(&call);
        reset(line.peer);
        line.peer = -1;
        assert_int_equal(join(task), -ECONNRESET);
        line_close(&line);
}

static void without_memory(void)
{
        struct line line;
        const char *text;
        char bytes[8], *rest;

        line_open(&line, 0);
        say(line.peer, "a line\n");
        fault_arm(1, 1);
        assert_int_equal(eddy_stream_read_line(line.stream, &text), -ENOMEM);
        fault_arm(1, 1);
        assert_int_equal(eddy_stream_read_exactly(line.stream, bytes, 8), -ENOMEM);
        fault_arm(1, 1);
        assert_int_equal(eddy_stream_read_all(line.stream, &rest, 100), -ENOMEM);
        fault_arm(0, 0);
        assert_int_equal(eddy_stream_read_line(line.stream, &text), 7);
        line_close(&line);
}

static void call_from_callback(void *arg)
{
        struct call *call = arg;

        for (call->kind = READ; call->kind <= ALL; call->kind++)
                assert_int_equal(make_call(call), EDDY_ENOTASK);
        assert_int_equal(eddy_stream_drain(call->stream), EDDY_ENOTASK);
        assert_int_equal(eddy_stream_write_all(call->stream, "x", 1), EDDY_ENOTASK);
        assert_int_equal(eddy_stream_wait_closed(call->stream), EDDY_ENOTASK);
        call->data = "called";
}

static void some_lends_what_there_is(void)
{
        struct line line;
        struct call call = {.kind = SOME};
        const char *data;
        eddy_task *task;

        line_open(&line, 0);
        call.stream = line.stream;
        task = begin_call(&call);
        say(line.peer, "hello");
        assert_int_equal(join(task), 5);
        assert_memory_equal(call.data, "hello", 5);
        /* What was lent is gone, and what comes next is not mixed with it. */
        say(line.peer, "a line\nand more");
        assert_int_equal(eddy_stream_read_line(line.stream, &data), 7);
        assert_int_equal(eddy_stream_read_some(line.stream, &data), 8);
        assert_memory_equal(data, "and more", 8);
        shutdown(line.peer, SHUT_WR);
        assert_int_equal(eddy_stream_read_line(line.stream, &data), 0);
        assert_string_equal(data, "");
        assert_int_equal(eddy_stream_read_some(line.stream, &data), 0);
        assert_null(data);
        assert_true(eddy_stream_at_eof(line.stream));
        line_close(&line);
}

/** What is silent shall be cheap: the buffer comes with the bytes. */
static void waiting_takes_no_memory(void)
{
        static const struct call calls[] = {
            {.kind = SOME}, {.kind = EXACTLY, .n = 5}, {.kind = UNTIL, .n = 1, .bytes = "o"}, {.kind = LINE}};

        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
                struct line line;
                char bytes[1];

                line_open(&line, 0);
                for (int round = 0; round < 3; round++) {
                        struct call call = calls[i];
                        eddy_task *task;

                        call.stream = line.stream;
                        task = begin_call(&call);
                        give_way();
                        assert_null(line.stream->in.memory);
                        say(line.peer, call.kind == LINE ? "hell\n" : "hello");
                        assert_int_equal(join(task), 5);
                }
                shutdown(line.peer, SHUT_WR);
                assert_int_equal(eddy_stream_read(line.stream, bytes, 1), 0);
                assert_null(line.stream->in.memory);
                line_close(&line);
        }
}

static void outside_a_coroutine(void)
{
        struct line line;
        struct call call = {.n = 1};

        line_open(&line, 0);
        call.stream = line.stream;
        assert_int_equal(eddy_call_soon(eddy_running_loop(), NULL, call_from_callback, &call), 0);
        until(call.data);
        line_close(&line);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(read_takes_what_there_is),
            scene_test(read_waits),
            scene_test(read_exactly_gathers),
            scene_test(read_exactly_short),
            scene_test(read_exactly_much),
            scene_test(interruption_loses_nothing),
            scene_test(deadline_loses_nothing),
            scene_test(until_finds_separators_in_pieces),
            scene_test(until_searches_what_is_long),
            scene_test(until_keeps_its_limit),
            scene_test(until_the_first_of_several),
            scene_test(until_several_keeps_its_limit),
            scene_test(until_meets_the_end),
            scene_test(lines),
            scene_test(lines_too_long_are_dropped),
            scene_test(no_tail_of_a_line_is_seen),
            scene_test(a_line_without_end_is_dropped),
            scene_test(limit_counts_what_lies_before),
            scene_test(everything),
            scene_test(everything_but_not_more),
            scene_test(ways_of_reading_mix),
            scene_test(one_reader_at_a_time),
            scene_test(who_is_refused_leaves_the_first_alone),
            scene_test(closing_ends_reading),
            scene_test(peer_resets),
            scene_test(without_memory),
            scene_test(some_lends_what_there_is),
            scene_test(waiting_takes_no_memory),
            scene_test(outside_a_coroutine),
        };

        return cmocka_run_group_tests_name("read", tests, NULL, NULL);
}
