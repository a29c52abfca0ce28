/* Files that a transport sends: in order, told once, whatever becomes of the connection. */
#include "files.h"

#include "../slow_disk.h"

enum { MUCH = 6 * 1024 * 1024 };

static void receive_text(int fd, const char *text)
{
        char bytes[16];

        for (size_t n = strlen(text), got = 0; got < n;) {
                ssize_t part = read(fd, bytes + got, n - got);

                if (part > 0)
                        got += (size_t)part;
                else
                        assert_int_equal(eddy_yield(), 0);
                if (got == n)
                        assert_memory_equal(bytes, text, n);
        }
}

/** Files and bytes leave in the order in which they were written, and each is told of. */
static void in_order(void)
{
        for_each_socket(kind)
        {
                struct recorder recorder = {0};
                int file = file_of(MUCH), peer = open_recorded(kind, &recorder, &recording);
                struct told first = {.recorder = &recorder}, second = {0}, none = {0};
                eddy_transport *transport = recorder.transport;

                assert_int_equal(eddy_transport_write(transport, "a", 1), 0);
                assert_int_equal(eddy_transport_sendfile(transport, file, 0, MUCH, note, &first), 0);
                assert_int_equal(eddy_transport_write(transport, "b", 1), 0);
                assert_int_equal(eddy_transport_sendfile(transport, file, 0, 0, note, &none), 0);
                assert_int_equal(eddy_transport_sendfile(transport, file, 0, SIZE_MAX, note, &second), 0);
                assert_int_equal(eddy_transport_write(transport, "c", 1), 0);
                assert_int_equal(first.count, 0); /* never within the call */
                receive_text(peer, "a");
                receive_pattern(peer, MUCH);
                receive_text(peer, "b");
                receive_pattern(peer, MUCH);
                receive_text(peer, "c");
                assert_int_equal(first.sent, MUCH);
                assert_int_equal(none.count, 1);
                assert_int_equal(none.sent, 0);
                assert_int_equal(second.count, 1);
                assert_int_equal(second.sent, MUCH);
                eddy_transport_close(transport);
                recorder_finish(&recorder);
                close(peer);
                close(file);
        }
}

/** Closing sends files, too, and the end comes behind them. */
static void before_the_end(void)
{
        for (int closes = 0; closes < 2; closes++)
                for_each_socket(kind)
                {
                        struct recorder recorder = {0};
                        int file = file_of(MUCH), peer = open_recorded(kind, &recorder, &recording);
                        struct told told = {.recorder = &recorder};

                        assert_int_equal(
                            eddy_transport_sendfile(recorder.transport, file, 0, SIZE_MAX, note, &told), 0);
                        if (closes)
                                eddy_transport_close(recorder.transport);
                        else
                                assert_int_equal(eddy_transport_write_eof(recorder.transport), 0);
                        assert_int_equal(
                            eddy_transport_sendfile(recorder.transport, file, 0, SIZE_MAX, note, &told),
                            -EPIPE);
                        receive_pattern(peer, MUCH);
                        receive_end(peer);
                        until(told.count == 1);
                        assert_int_equal(told.sent, MUCH);
                        if (!closes)
                                eddy_transport_close(recorder.transport);
                        recorder_finish(&recorder);
                        close(peer);
                        close(file);
                }
}

static void abort_it(struct told *told)
{
        eddy_transport_abort(told->recorder->transport);
}

/** Who promised more than the file has can cut the connection off before anything else leaves. */
static void ends_early(void)
{
        for_each_socket(kind)
        {
                struct recorder recorder = {0};
                int file = file_of(10), peer = open_recorded(kind, &recorder, &recording);
                struct told told = {.recorder = &recorder, .act = abort_it};
                char bytes[16];

                assert_int_equal(eddy_transport_sendfile(recorder.transport, file, 0, 11, note, &told), 0);
                assert_int_equal(eddy_transport_write(recorder.transport, "behind", 6), 0);
                recorder_finish(&recorder);
                assert_int_equal(told.count, 1);
                assert_int_equal(told.sent, 10);
                assert_int_equal(recorder.reason, 0);
                assert_true(read(peer, bytes, sizeof bytes) <= 10);
                close(peer);
                close(file);
        }
}

/** What cannot be read is told, and the connection goes on. */
static void no_file(void)
{
        for_each_socket(kind)
        {
                struct recorder recorder = {0};
                int peer = open_recorded(kind, &recorder, &recording), ends[2];
                struct told told = {.recorder = &recorder};

                assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
                assert_int_equal(eddy_transport_sendfile(recorder.transport, ends[0], 0, 1, note, &told), 0);
                assert_int_equal(eddy_transport_sendfile(recorder.transport, -1, 0, 1, note, &told), 0);
                assert_int_equal(eddy_transport_sendfile(recorder.transport, 0, -1, 1, note, &told), -EINVAL);
                assert_int_equal(eddy_transport_write(recorder.transport, "behind", 6), 0);
                receive_text(peer, "behind");
                assert_int_equal(told.count, 2);
                assert_int_equal(told.sent, -EBADF);
                eddy_transport_close(recorder.transport);
                recorder_finish(&recorder);
                close(peer);
                close(ends[0]);
                close(ends[1]);
        }
}

/** All files are told of where the connection is aborted, or the peer resets it, before it is lost. */
static void cut_off(void)
{
        for (int by_peer = 0; by_peer < 2; by_peer++)
                for_each_socket(kind)
                {
                        struct recorder recorder = {0};
                        int file = file_of(MUCH), peer = open_recorded(kind, &recorder, &recording);
                        struct told told[3] = {
                            {.recorder = &recorder}, {.recorder = &recorder}, {.recorder = &recorder}};

                        eddy_transport_pause_reading(recorder.transport);
                        for (int i = 0; i < 3; i++) {
                                assert_int_equal(eddy_transport_sendfile(recorder.transport, file, 0, SIZE_MAX,
                                                                         note, &told[i]),
                                                 0);
                                assert_int_equal(eddy_transport_write(recorder.transport, "x", 1), 0);
                        }
                        if (by_peer)
                                close(peer);
                        else
                                eddy_transport_abort(recorder.transport);
                        recorder_finish(&recorder);
                        for (int i = 0; i < 3; i++)
                                assert_int_equal(told[i].count, 1);
                        /* The kernel may have taken the first ones. */
                        assert_true(told[2].sent < 0);
                        assert_true(by_peer || told[2].sent == -ECONNABORTED);
                        if (!by_peer)
                                close(peer);
                        close(file);
                }
}

/** While a thread is at the disk the connection may be aborted, and is lost when the thread is done. */
static void cold(void)
{
        for (int aborts = 0; aborts < 2; aborts++) {
                struct recorder recorder = {0};
                int file = file_of(MUCH), peer = open_recorded(&tcp, &recorder, &recording);
                struct told told = {.recorder = &recorder};

                slow_disk_begin();
                assert_int_equal(eddy_transport_sendfile(recorder.transport, file, 0, SIZE_MAX, note, &told),
                                 0);
                until(slow_disk.waiting == 1);
                assert_int_equal(slow_disk.loop_trips, 0);
                if (aborts)
                        eddy_transport_abort(recorder.transport);
                give_way();
                assert_int_equal(told.count, 0);
                slow_disk_open();
                if (!aborts) {
                        receive_pattern(peer, MUCH);
                        eddy_transport_close(recorder.transport);
                }
                recorder_finish(&recorder);
                slow_disk_end();
                assert_int_equal(told.count, 1);
                assert_int_equal(told.sent, aborts ? -ECONNABORTED : MUCH);
                close(peer);
                close(file);
        }
}

/** What was on its way stays so where the transport becomes a stream, or gets a filter. */
static void moved(void)
{
        struct recorder recorder = {0};
        int file = file_of(MUCH), peer = open_recorded(&tcp, &recorder, &recording);
        struct told told = {0}, filtered_told = {0};
        eddy_stream *stream;
        char bytes[6];

        assert_int_equal(eddy_transport_sendfile(recorder.transport, file, 0, SIZE_MAX, note, &told), 0);
        assert_int_equal(eddy_transport_add_filter(recorder.transport, &inverter, NULL), 0);
        assert_int_equal(eddy_transport_sendfile(recorder.transport, file, 0, 6, note, &filtered_told), 0);
        assert_int_equal(eddy_stream_from_transport(&stream, recorder.transport, NULL, 0, 0), 0);
        receive_pattern(peer, MUCH);
        until(filtered_told.count == 1 && read(peer, bytes, sizeof bytes) == sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++)
                bytes[i] = (char)~bytes[i];
        assert_pattern(bytes, sizeof bytes, 0);
        assert_int_equal(told.sent, MUCH);
        assert_int_equal(filtered_told.sent, 6);
        eddy_stream_destroy(stream);
        free(recorder.data);
        close(peer);
        close(file);
}

/** What leaves before a file has its consequences at once: room is told of, and so is a failure. */
static void before_the_file(void)
{
        static char bytes[1024];
        struct recorder recorder = {0};
        struct told told = {.recorder = &recorder};
        int file, peer;

        if (unix_socket.layers) /* through a filter the file itself takes the room */
                return;
        file = file_of(MUCH);
        peer = open_recorded(&unix_socket, &recorder, &recording);
        for (int i = 0; i < 66; i++)
                assert_int_equal(eddy_transport_write(recorder.transport, bytes, sizeof bytes), 0);
        assert_int_equal(recorder.count[PAUSED], 1);
        assert_int_equal(eddy_transport_sendfile(recorder.transport, file, 0, SIZE_MAX, note, &told), 0);
        until(recorder.count[RESUMED] == 1);
        assert_int_equal(told.count, 0);
        eddy_transport_abort(recorder.transport);
        recorder_finish(&recorder);
        close(peer);
        close(file);
}

static void failure_before_the_file(void)
{
        struct recorder recorder = {0};
        struct told told = {.recorder = &recorder};
        int file, peer;

        if (unix_socket.layers) /* who passes it on takes it all */
                return;
        file = file_of(MUCH);
        peer = open_recorded(&unix_socket, &recorder, &recording);
        eddy_transport_pause_reading(recorder.transport);
        close(peer);
        assert_int_equal(eddy_transport_write(recorder.transport, "x", 1), 0);
        assert_int_equal(eddy_transport_sendfile(recorder.transport, file, 0, SIZE_MAX, note, &told), 0);
        recorder_finish(&recorder);
        assert_int_equal(told.sent, -EPIPE);
        assert_int_equal(recorder.reason, -EPIPE);
        close(file);
}

/** A pipe whose reader goes had something to send still, though it was none of its memory. */
static void reader_is_gone(void)
{
        struct recorder recorder = {0};
        struct told told = {.recorder = &recorder};
        int ends[2], file = file_of(MUCH);

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(eddy_transport_from_pipe(NULL, NULL, ends[1], &recording, &recorder), 0);
        until(recorder.transport);
        slow_disk_begin();
        assert_int_equal(eddy_transport_sendfile(recorder.transport, file, 0, SIZE_MAX, note, &told), 0);
        until(slow_disk.waiting == 1);
        close(ends[0]);
        until(eddy_transport_is_closing(recorder.transport));
        slow_disk_open();
        recorder_finish(&recorder);
        slow_disk_end();
        assert_int_equal(told.count, 1);
        assert_int_equal(recorder.reason, -EPIPE);
        close(file);
}

static ssize_t fail_strangely(void *self, const void *in, size_t *n, void *out, size_t size)
{
        (void)self, (void)in, (void)n, (void)out, (void)size;
        return EDDY_ELOOPCLOSED;
}

/** Whatever a filter fails with, it is told from the loop. */
static void filter_fails(void)
{
        const eddy_filter failing = {.decode = fail_strangely, .encode = fail_strangely};
        struct recorder recorder = {0};
        struct told told = {.recorder = &recorder};
        int file = file_of(100), peer = open_recorded(&tcp, &recorder, &recording);

        assert_int_equal(eddy_transport_add_filter(recorder.transport, &failing, NULL), 0);
        assert_int_equal(eddy_transport_sendfile(recorder.transport, file, 0, SIZE_MAX, note, &told), 0);
        assert_int_equal(told.count, 0);
        recorder_finish(&recorder);
        assert_int_equal(told.count, 1);
        assert_int_equal(told.sent, EDDY_ELOOPCLOSED);
        close(peer);
        close(file);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(in_order),       scene_test(before_the_end),  scene_test(ends_early),
            scene_test(no_file),        scene_test(cut_off),         scene_test(cold),
            scene_test(moved),          scene_test(before_the_file), scene_test(failure_before_the_file),
            scene_test(reader_is_gone), scene_test(filter_fails),
        };

        return cmocka_run_group_tests_name("sendfile", tests, NULL, NULL);
}
