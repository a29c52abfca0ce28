/* Writing: what is gathered, what waits, what is refused, and in which order it leaves. */
#include "helpers.h"

#include "base/fault.h"
#include "stream/stream.h"

enum { MUCH = 10 * 1024 * 1024 }; /* more than sockets hold */

/** Bytes that a task sends by eddy_stream_write_all(). */
struct shipment {
        eddy_stream *stream;
        const char *data;
        size_t n;
};

static intptr_t ship(void *arg)
{
        const struct shipment *shipment = arg;

        return eddy_stream_write_all(shipment->stream, shipment->data, shipment->n);
}

static intptr_t drain(void *stream)
{
        return eddy_stream_drain(stream);
}

/** Receive n bytes, compare them with what was sent. */
static void assert_hears_pattern(int fd, const char *sent, size_t n)
{
        char *heard = malloc(n);

        assert_int_equal(hear(fd, heard, n), n);
        assert_memory_equal(heard, sent, n);
        free(heard);
}

static void writes_leave_together(void)
{
        enum { COUNT = 1000, MOST_USES = 20 };
        struct line line;
        char *sent = make_pattern(COUNT * 10);

        line_open(&line, 0);
        fault_arm(0, 0);
        for (size_t i = 0; i < COUNT; i++)
                assert_int_equal(eddy_stream_write(line.stream, sent + i * 10, 10), 0);
        assert_int_equal(eddy_stream_write_buffer_size(line.stream), COUNT * 10);
        until(eddy_stream_write_buffer_size(line.stream) == 0);
        /* Buffers that grow, a poll, and one call to send: not a thousand. */
        assert_true(fault_uses() < MOST_USES);
        assert_hears_pattern(line.peer, sent, COUNT * 10);
        free(sent);
        line_close(&line);
}

static void writev_gathers(void)
{
        struct line line;
        const struct iovec parts[] = {{"one ", 4}, {NULL, 0}, {"two ", 4}, {"three", 5}};

        line_open(&line, 0);
        assert_int_equal(eddy_stream_write(line.stream, "zero ", 5), 0);
        assert_int_equal(eddy_stream_writev(line.stream, parts, 4), 0);
        assert_int_equal(eddy_stream_writev(line.stream, NULL, 0), 0);
        assert_int_equal(eddy_stream_write(line.stream, NULL, 0), 0);
        assert_hears(line.peer, "zero one two three");
        eddy_stream_close(line.stream);
        assert_int_equal(eddy_stream_writev(line.stream, parts, 4), -EPIPE);
        line_close(&line);
}

/** What is large leaves at once, as far as the kernel takes it, and what comes next stays behind it. */
/** The kernel takes 1,024 parts in a call: of more, the rest waits for the end of the iteration. */
static void writev_of_many_parts(void)
{
        enum { PARTS = 3000, EACH = 40 };
        static struct iovec parts[PARTS];
        struct line line;
        char *sent = make_pattern(PARTS * EACH);

        line_open(&line, 0);
        for (int i = 0; i < PARTS; i++)
                parts[i] = (struct iovec){sent + i * EACH, EACH};
        assert_int_equal(eddy_stream_writev(line.stream, parts, PARTS), 0);
        assert_hears_pattern(line.peer, sent, PARTS * EACH);
        free(sent);
        line_close(&line);
}

static void much_leaves_at_once(void)
{
        struct line line;
        char *sent = make_pattern(MUCH);
        const struct iovec parts[] = {{sent + 10, 10}, {sent + 20, MUCH / 2 - 20}};

        line_open(&line, 0);
        assert_int_equal(eddy_stream_write(line.stream, sent, 10), 0);
        until(eddy_stream_write_buffer_size(line.stream) == 0);
        assert_int_equal(eddy_stream_writev(line.stream, parts, 2), 0);
        if (strcmp(eddy_loop_backend(eddy_running_loop()), "epoll") == 0)
                assert_true(eddy_stream_write_buffer_size(line.stream) < MUCH / 2 - 10);
        assert_int_equal(eddy_stream_write(line.stream, sent + MUCH / 2, MUCH / 2), 0);
        eddy_stream_close(line.stream);
        assert_hears_pattern(line.peer, sent, MUCH);
        free(sent);
        line_close(&line);
}

static void water_marks(void)
{
        struct line line;

        line_open(&line, 0);
        assert_int_equal(eddy_stream_set_write_limits(line.stream, 10, 11), -EINVAL);
        assert_int_equal(eddy_stream_set_write_limits(line.stream, 0, 0), 0);
        assert_int_equal(eddy_stream_write(line.stream, "x", 1), 0);
        assert_int_equal(eddy_stream_drain(line.stream), 0);
        assert_int_equal(eddy_stream_write_buffer_size(line.stream), 0);
        line_close(&line);
}

static void drain_waits_for_a_slow_peer(void)
{
        enum { HIGH = 1000000, LOW = 400000 };
        struct line line;
        char *sent = make_pattern(MUCH), *heard = malloc(MUCH);
        eddy_task *task;
        size_t got = 0, before = 0;

        line_open(&line, 0);
        assert_int_equal(eddy_stream_set_write_limits(line.stream, HIGH, LOW), 0);
        assert_int_equal(eddy_stream_write(line.stream, sent, HIGH / 2), 0);
        assert_int_equal(eddy_stream_drain(line.stream), 0); /* below the mark: at once */
        assert_int_equal(eddy_stream_write(line.stream, sent + HIGH / 2, MUCH - HIGH / 2), 0);
        task = eddy_create_task(drain, line.stream);
        give_way();
        assert_false(eddy_done(task));
        while (!eddy_done(task)) {
                before = eddy_stream_write_buffer_size(line.stream);
                got += hear(line.peer, heard + got, 10000);
                eddy_yield();
        }
        assert_int_equal(join(task), 0);
        assert_true(before > LOW || eddy_stream_write_buffer_size(line.stream) <= LOW);
        assert_true(eddy_stream_write_buffer_size(line.stream) <= LOW);
        assert_int_equal(hear(line.peer, heard + got, MUCH - got), MUCH - got);
        assert_memory_equal(sent, heard, MUCH);
        free(sent);
        free(heard);
        line_close(&line);
}

static void drain_that_is_interrupted(void)
{
        struct line line;
        char *sent = make_pattern(MUCH);
        eddy_task *task;

        line_open(&line, 0);
        assert_int_equal(eddy_stream_write(line.stream, sent, MUCH), 0);
        task = eddy_create_task(drain, line.stream);
        give_way();
        eddy_cancel(task);
        assert_int_equal(join(task), EDDY_CANCELLED);
        assert_hears_pattern(line.peer, sent, MUCH);
        assert_int_equal(eddy_stream_drain(line.stream), 0);
        free(sent);
        line_close(&line);
}

static void write_all_keeps_the_order(void)
{
        struct line line;
        char *sent = make_pattern(MUCH);
        struct shipment shipment = {.data = sent + 1000, .n = 1000};
        eddy_task *task;

        line_open(&line, 0);
        /* Behind what was written in the same iteration, small: one call for both. */
        assert_int_equal(eddy_stream_write(line.stream, sent, 1000), 0);
        assert_int_equal(eddy_stream_write_all(line.stream, sent + 1000, 1000), 1000);
        assert_int_equal(eddy_stream_write_buffer_size(line.stream), 0);
        assert_int_equal(eddy_stream_write(line.stream, sent + 2000, 1000), 0);
        assert_hears_pattern(line.peer, sent, 3000);
        /* Behind what waits for the peer. */
        assert_int_equal(eddy_stream_write(line.stream, sent, MUCH - 1000), 0);
        give_way();
        shipment.stream = line.stream;
        shipment.data = sent + MUCH - 1000;
        task = eddy_create_task(ship, &shipment);
        give_way();
        assert_false(eddy_done(task));
        assert_hears_pattern(line.peer, sent, MUCH);
        assert_int_equal(join(task), 1000);
        free(sent);
        line_close(&line);
}

/** The larger part is what was written before, in the same iteration. */
static void write_all_behind_much(void)
{
        struct line line;
        char *sent = make_pattern(MUCH + 1000);
        struct shipment shipment = {.data = sent + MUCH, .n = 1000};
        eddy_task *task;

        line_open(&line, 0);
        shipment.stream = line.stream;
        task = eddy_create_task(ship, &shipment);
        assert_int_equal(eddy_stream_write(line.stream, sent, MUCH), 0);
        eddy_yield();
        assert_hears_pattern(line.peer, sent, MUCH + 1000);
        assert_int_equal(join(task), 1000);
        free(sent);
        line_close(&line);
}

static void write_all_that_is_late(void)
{
        struct line line;
        char *sent = make_pattern(MUCH), *heard = malloc(MUCH + 3);
        size_t got;
        ssize_t n = 0;

        line_open(&line, 0);
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                n = eddy_stream_write_all(line.stream, sent, MUCH);
        assert_int_equal(n, EDDY_TIMEOUT);
        /* The stream goes on behind whatever had left. */
        assert_int_equal(eddy_stream_write(line.stream, "end", 3), 0);
        eddy_stream_close(line.stream);
        got = hear(line.peer, heard, MUCH + 3);
        assert_true(got > 3 && got < MUCH);
        assert_memory_equal(heard, sent, got - 3);
        assert_memory_equal(heard + got - 3, "end", 3);
        free(sent);
        free(heard);
        line_close(&line);
}

/** What was written before it still leaves. */
static void write_all_that_is_late_behind_much(void)
{
        struct line line;
        char *sent = make_pattern(MUCH);
        ssize_t n = 0;

        line_open(&line, 0);
        assert_int_equal(eddy_stream_write(line.stream, sent, MUCH), 0);
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                n = eddy_stream_write_all(line.stream, "never", 5);
        assert_int_equal(n, EDDY_TIMEOUT);
        assert_int_equal(eddy_stream_write(line.stream, "end", 3), 0);
        eddy_stream_close(line.stream);
        assert_hears_pattern(line.peer, sent, MUCH);
        assert_hears(line.peer, "end");
        assert_hears_end(line.peer);
        free(sent);
        line_close(&line);
}

static void one_writer_at_a_time(void)
{
        struct line line;
        char *sent = make_pattern(MUCH);
        struct shipment shipment = {.data = sent, .n = MUCH};
        eddy_task *task;

        line_open(&line, 0);
        shipment.stream = line.stream;
        task = eddy_create_task(ship, &shipment);
        give_way();
        assert_int_equal(eddy_stream_write_all(line.stream, "x", 1), EDDY_EBUSY);
        /* Buffered writes come behind it. */
        assert_int_equal(eddy_stream_write(line.stream, "behind", 6), 0);
        assert_hears_pattern(line.peer, sent, MUCH);
        assert_int_equal(join(task), MUCH);
        assert_hears(line.peer, "behind");
        free(sent);
        line_close(&line);
}

static void no_writing_after_the_end(void)
{
        struct line line;

        line_open(&line, 0);
        assert_int_equal(eddy_stream_write(line.stream, "last", 4), 0);
        assert_int_equal(eddy_stream_write_eof(line.stream), 0);
        assert_int_equal(eddy_stream_write_eof(line.stream), 0);
        assert_int_equal(eddy_stream_write(line.stream, "x", 1), -EPIPE);
        assert_int_equal(eddy_stream_write_all(line.stream, "x", 1), -EPIPE);
        assert_hears(line.peer, "last");
        assert_hears_end(line.peer);
        eddy_stream_close(line.stream);
        assert_int_equal(eddy_stream_write(line.stream, "x", 1), -EPIPE);
        assert_int_equal(eddy_stream_write_all(line.stream, "x", 1), -EPIPE);
        assert_int_equal(eddy_stream_write_eof(line.stream), -EPIPE);
        line_close(&line);
}

static void half_closed(void)
{
        struct line line;
        char *sent = make_pattern(MUCH);

        line_open(&line, 0);
        assert_int_equal(eddy_stream_write(line.stream, sent, MUCH), 0);
        assert_int_equal(eddy_stream_write_eof(line.stream), 0); /* once it has left */
        assert_hears_pattern(line.peer, sent, MUCH);
        assert_hears_end(line.peer);
        say(line.peer, "an answer");
        shutdown(line.peer, SHUT_WR);
        assert_reads(line.stream, "an answer");
        assert_int_equal(eddy_stream_read(line.stream, sent, 1), 0);
        free(sent);
        line_close(&line);
}

static void end_behind_write_all(void)
{
        struct line line;
        char *sent = make_pattern(MUCH);
        struct shipment shipment = {.data = sent, .n = MUCH};
        eddy_task *task;

        line_open(&line, 0);
        shipment.stream = line.stream;
        task = eddy_create_task(ship, &shipment);
        give_way();
        assert_int_equal(eddy_stream_write_eof(line.stream), 0);
        assert_hears_pattern(line.peer, sent, MUCH);
        assert_hears_end(line.peer);
        assert_int_equal(join(task), MUCH);
        free(sent);
        line_close(&line);
}

static bool is_loss(ssize_t rc)
{
        return rc == -EPIPE || rc == -ECONNRESET;
}

/** No signal ends the test, and the failure stays. */
static void peer_is_gone(void)
{
        struct line line;
        int rc;

        line_open(&line, 0);
        reset(line.peer);
        line.peer = -1;
        do {
                rc = eddy_stream_write(line.stream, "anybody there?", 14);
                eddy_yield();
        } while (rc == 0);
        assert_true(is_loss(rc));
        assert_int_equal(eddy_stream_write(line.stream, "x", 1), rc);
        assert_int_equal(eddy_stream_drain(line.stream), rc);
        assert_int_equal(eddy_stream_write_all(line.stream, "x", 1), rc);
        assert_int_equal(eddy_stream_write_eof(line.stream), rc);
        assert_int_equal(eddy_stream_write_buffer_size(line.stream), 0);
        eddy_stream_close(line.stream);
        assert_int_equal(eddy_stream_wait_closed(line.stream), rc);
        line_close(&line);
}

static void peer_goes_while_they_wait(void)
{
        struct line line;
        char *sent = make_pattern(MUCH);
        struct shipment shipment = {.data = sent, .n = MUCH};
        eddy_task *tasks[2];

        line_open(&line, 0);
        shipment.stream = line.stream;
        tasks[0] = eddy_create_task(ship, &shipment);
        give_way();
        assert_int_equal(eddy_stream_write(line.stream, sent, 100000), 0);
        tasks[1] = eddy_create_task(drain, line.stream);
        give_way();
        reset(line.peer);
        line.peer = -1;
        assert_true(is_loss(join(tasks[0])));
        assert_true(is_loss(join(tasks[1])));
        free(sent);
        line_close(&line);
}

static void without_memory(void)
{
        struct line line;
        const struct iovec parts[] = {{"two", 3}, {"three", 5}};

        line_open(&line, 0);
        fault_arm(1, 1);
        assert_int_equal(eddy_stream_write(line.stream, "one", 3), -ENOMEM);
        fault_arm(1, 1);
        assert_int_equal(eddy_stream_writev(line.stream, parts, 2), -ENOMEM);
        fault_arm(0, 0);
        assert_int_equal(eddy_stream_write_buffer_size(line.stream), 0);
        assert_int_equal(eddy_stream_write(line.stream, "four", 4), 0);
        assert_hears(line.peer, "four");
        line_close(&line);
}

/** A send that fails at once, in each way of sending. */
static void send_fails(void)
{
        struct line line;

        for (int way = 0; way < 3; way++) {
                line_open(&line, 0);
                assert_int_equal(eddy_stream_write_all(line.stream, "first", 5), 5);
                assert_hears(line.peer, "first");
                assert_int_equal(eddy_stream_write(line.stream, "queued", 6), 0);
                fault_arm(1, 1);
                if (way == 0)
                        eddy_stream_close(line.stream);
                else if (way == 1)
                        assert_int_equal(eddy_stream_write_eof(line.stream), 0);
                else
                        assert_int_equal(eddy_stream_write_all(line.stream, "x", 1), -ECONNRESET);
                fault_arm(0, 0);
                eddy_stream_close(line.stream);
                assert_int_equal(eddy_stream_wait_closed(line.stream), -ECONNRESET);
                assert_hears_end(line.peer);
                line_close(&line);
        }
}

/** A stream is aborted while a task is in eddy_stream_write_all(), whatever the state of its send. */
static void aborted_in_write_all(void)
{
        char *sent = make_pattern(MUCH);

        for (int way = 0; way < 3; way++) {
                struct line line;
                struct shipment shipment = {.data = sent, .n = MUCH};
                eddy_task *task;

                line_open(&line, 0);
                shipment.stream = line.stream;
                task = eddy_create_task(ship, &shipment);
                /* A part of what the kernel is given is the stream's own. */
                if (way > 0)
                        assert_int_equal(eddy_stream_write(line.stream, sent, MUCH), 0);
                until(line.stream->flow.writer && line.stream->flow.writer->pending);
                if (way == 2) {
                        /* The kernel has taken some, and the task has not heard of it. */
                        char heard[4096];

                        while (!list_is_linked(&line.stream->flow.writer->handle.link)) {
                                recv(line.peer, heard, sizeof heard, MSG_DONTWAIT);
                                assert_int_equal(eddy_yield(), 0);
                        }
                }
                eddy_stream_abort(line.stream);
                assert_int_equal(join(task), -ECONNABORTED);
                line_close(&line);
        }
        free(sent);
}

/** What one side sends, the other must have: both at once, by all ways of writing. */
struct exchange {
        eddy_stream *stream;
        const char *data;
};

static intptr_t send_much(void *arg)
{
        const struct exchange *exchange = arg;
        size_t done = 0;

        while (done < MUCH) {
                size_t n = 1 + done % 70001;
                int rc;

                n = n < MUCH - done ? n : MUCH - done;
                if (n % 2) {
                        rc = eddy_stream_write(exchange->stream, exchange->data + done, n);
                        if (rc == 0)
                                rc = eddy_stream_drain(exchange->stream);
                } else {
                        rc = (int)eddy_stream_write_all(exchange->stream, exchange->data + done, n);
                }
                if (rc < 0)
                        return rc;
                done += n;
        }
        return eddy_stream_write_eof(exchange->stream);
}

static intptr_t receive_much(void *arg)
{
        const struct exchange *exchange = arg;
        char *got;
        ssize_t n = eddy_stream_read_all(exchange->stream, &got, MUCH);

        if (n == MUCH && memcmp(got, exchange->data, MUCH) != 0)
                n = -EBADMSG;
        eddy_free(got);
        return n;
}

static void much_both_ways(void)
{
        eddy_stream *ends[2];
        char *sent = make_pattern(MUCH);
        struct exchange sides[2];
        eddy_task *tasks[4];
        intptr_t results[4];

        connect_streams(ends);
        for (int i = 0; i < 2; i++) {
                sides[i] = (struct exchange){ends[i], sent};
                tasks[i] = eddy_create_task(send_much, &sides[i]);
                tasks[2 + i] = eddy_create_task(receive_much, &sides[i]);
        }
        assert_int_equal(eddy_gather(tasks, 4, results, 0), 0);
        assert_int_equal(results[2], MUCH);
        assert_int_equal(results[3], MUCH);
        for (int i = 0; i < 4; i++)
                eddy_unref(tasks[i]);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
        free(sent);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(writes_leave_together),
            scene_test(writev_gathers),
            scene_test(writev_of_many_parts),
            scene_test(much_leaves_at_once),
            scene_test(water_marks),
            scene_test(drain_waits_for_a_slow_peer),
            scene_test(drain_that_is_interrupted),
            scene_test(write_all_keeps_the_order),
            scene_test(write_all_behind_much),
            scene_test(write_all_that_is_late),
            scene_test(write_all_that_is_late_behind_much),
            scene_test(one_writer_at_a_time),
            scene_test(no_writing_after_the_end),
            scene_test(half_closed),
            scene_test(end_behind_write_all),
            scene_test(peer_is_gone),
            scene_test(peer_goes_while_they_wait),
            scene_test(without_memory),
            scene_test(send_fails),
            scene_test(aborted_in_write_all),
            scene_test(much_both_ways),
        };

        return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}
