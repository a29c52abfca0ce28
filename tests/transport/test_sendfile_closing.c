/* Files whose loop is closed: each is told once, before its connection is lost, whatever is done about it. */
#include "files.h"

#include "../slow_disk.h"
#include <sys/wait.h>

enum { MUCH = 6 * 1024 * 1024 };

/** A loop of its own, and a transport that sends. */
struct ground {
        eddy_loop *loop;
        eddy_transport *transport;
        eddy_stream *stream;
        struct recorder recorder;
        struct told told;
        int peer, file;
};

static struct ground ground;

static void open_ground(size_t size)
{
        int ends[2];

        ground = (struct ground){.file = file_of(size)};
        ground.told.recorder = &ground.recorder;
        assert_int_equal(eddy_loop_create(&ground.loop), 0);
        open_unix(ends);
        ground.peer = ends[1];
        assert_int_equal(
            eddy_transport_from_socket(&ground.transport, ground.loop, ends[0], &recording, &ground.recorder),
            0);
}

static void send_the_file(struct told *told)
{
        assert_int_equal(eddy_transport_sendfile(ground.transport, ground.file, 0, SIZE_MAX, note, told), 0);
}

static void run_once(void)
{
        eddy_loop_stop(ground.loop);
        assert_int_equal(eddy_loop_run_forever(ground.loop), 0);
}

static void close_ground(void)
{
        assert_int_equal(eddy_loop_close(ground.loop), 0);
        assert_int_equal(ground.told.count, 1);
        eddy_loop_destroy(ground.loop);
        close(ground.peer);
        close(ground.file);
        free(ground.recorder.data);
}

static void abort_it(struct told *told)
{
        (void)told;
        eddy_transport_abort(ground.transport);
}

static void close_it(struct told *told)
{
        (void)told;
        eddy_transport_close(ground.transport);
}

static void write_much(struct told *told)
{
        static char bytes[20000];

        (void)told;
        assert_int_equal(eddy_transport_write(ground.transport, bytes, sizeof bytes), EDDY_ELOOPCLOSED);
}

static void send_again(struct told *told)
{
        assert_int_equal(eddy_transport_sendfile(ground.transport, ground.file, 0, SIZE_MAX, note, told),
                         EDDY_ELOOPCLOSED);
}

static void remove_the_filter(struct told *told)
{
        (void)told;
        assert_true(eddy_transport_remove_filter(ground.transport) < 0);
}

static void whatever_is_done_about_it(void **state)
{
        void (*const acts[])(struct told * told) = {NULL,       abort_it,   close_it,
                                                    write_much, send_again, remove_the_filter};

        (void)state;
        for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
                for (int runs = 0; runs < 2; runs++) {
                        struct told second = {.recorder = &ground.recorder};

                        open_ground(MUCH);
                        if (acts[i] == remove_the_filter)
                                assert_int_equal(eddy_transport_add_filter(ground.transport, &inverter, NULL),
                                                 0);
                        ground.told.act = acts[i];
                        send_the_file(&ground.told);
                        assert_int_equal(eddy_transport_write(ground.transport, "x", 1), 0);
                        send_the_file(&second);
                        if (runs)
                                run_once();
                        close_ground();
                        assert_int_equal(ground.told.sent, EDDY_ELOOPCLOSED);
                        assert_int_equal(second.count, 1);
                        assert_int_equal(ground.recorder.count[LOST], 1);
                }
}

/** What was known of, and not told yet, is told as it was. */
static void known_by_then(void **state)
{
        (void)state;
        open_ground(10);
        send_the_file(&ground.told);
        close_ground();
        assert_int_equal(ground.told.sent, 10);
}

/** Have a thread at the disk, which is slow, for a file on its way. */
static void send_from_slow_disk(void)
{
        open_ground(MUCH);
        slow_disk_begin();
        send_the_file(&ground.told);
        while (slow_disk.waiting < 1)
                sched_yield();
}

static void *open_the_disk(void *arg)
{
        (void)arg;
        slow_disk_open();
        return NULL;
}

/** A thread that is at the disk is waited for. */
static void thread_is_out(void **state)
{
        pthread_t thread;

        (void)state;
        send_from_slow_disk();
        assert_int_equal(pthread_create(&thread, NULL, open_the_disk, NULL), 0);
        close_ground();
        pthread_join(thread, NULL);
        slow_disk_end();
        assert_int_equal(ground.told.sent, EDDY_ELOOPCLOSED);
        assert_int_equal(ground.recorder.count[LOST], 1);
}

/** A forked child, which has no such thread, is told as well. */
static void in_a_child(void **state)
{
        int status;
        pid_t child;

        (void)state;
        send_from_slow_disk();
        child = fork();
        if (child == 0) {
                eddy_loop_destroy(ground.loop);
                _exit(ground.told.count != 1 || ground.recorder.count[LOST] != 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        slow_disk_open();
        close_ground();
        slow_disk_end();
}

/** What was cut short is not marked as whole. */
static void is_not_marked(void **state)
{
        struct framing framing = {0};
        unsigned char bytes[64];
        ssize_t n;

        (void)state;
        open_ground(20);
        slow_disk_begin();
        slow_disk_open();
        assert_int_equal(eddy_transport_add_filter(ground.transport, &framer, &framing), 0);
        send_the_file(&ground.told);
        assert_int_equal(eddy_transport_write(ground.transport, "tail", 4), 0);
        eddy_transport_close(ground.transport);
        assert_int_equal(eddy_loop_close(ground.loop), 0);
        n = recv(ground.peer, bytes, sizeof bytes, MSG_DONTWAIT);
        assert_true(n <= 0);
        close_ground();
        slow_disk_end();
}

static void destroy_the_stream(struct told *told)
{
        (void)told;
        eddy_stream_destroy(ground.stream);
}

static intptr_t hand_over(void *arg)
{
        (void)arg;
        eddy_loop_stop(NULL);
        return eddy_stream_from_transport(&ground.stream, ground.transport, NULL, 0, 0);
}

/** Where the transport has become a stream, that may be destroyed there. */
static void handed_over(void **state)
{
        (void)state;
        open_ground(MUCH);
        eddy_set_loop(ground.loop);
        ground.told.act = destroy_the_stream;
        ground.told.recorder = NULL;
        send_the_file(&ground.told);
        eddy_unref(eddy_create_task(hand_over, NULL));
        assert_int_equal(eddy_loop_run_forever(ground.loop), 0);
        assert_non_null(ground.stream);
        close_ground();
        assert_int_equal(ground.told.sent, EDDY_ELOOPCLOSED);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(whatever_is_done_about_it),
            cmocka_unit_test(known_by_then),
            cmocka_unit_test(thread_is_out),
            cmocka_unit_test(in_a_child),
            cmocka_unit_test(is_not_marked),
            cmocka_unit_test(handed_over),
        };

        return cmocka_run_group_tests_name("sendfile_closing", tests, NULL, NULL);
}
