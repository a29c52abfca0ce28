/* eddy_add_reader() and its kin, whichever backend carries them. */
#include "testing.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/** A loop and two sockets connected to each other. */
struct world {
        eddy_loop *loop;
        int ends[2];
};

static struct world open_world(void)
{
        struct world world = {.loop = new_loop()};

        trail_clear();
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, world.ends), 0);
        return world;
}

static void close_world(struct world *world)
{
        close(world->ends[0]);
        close(world->ends[1]);
        eddy_loop_destroy(world->loop);
}

static void put(int fd, const char *text)
{
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void take(int fd, const char *expected)
{
        char text[64] = "";

        assert_int_equal(read(fd, text, sizeof text - 1), strlen(expected));
        assert_string_equal(text, expected);
}

/** Callback: note a letter and stop the loop. */
static eddy_loop *stopped;

static void note_and_stop(void *letter)
{
        note(letter);
        eddy_loop_stop(stopped);
}

TEST(calls_back_again_and_again_while_readable)
{
        struct world world = open_world();

        assert_int_equal(eddy_add_reader(world.loop, world.ends[0], note, "r"), 0);
        run_once(world.loop);
        assert_trail("");
        put(world.ends[1], "ab");
        run_once(world.loop);
        run_once(world.loop);
        assert_trail("rr");
        take(world.ends[0], "ab");
        run_once(world.loop);
        assert_trail("");
        put(world.ends[1], "c");
        run_once(world.loop);
        assert_trail("r");
        close_world(&world);
}

TEST(watches_reading_and_writing_apart)
{
        struct world world = open_world();
        char buffer[65536] = "";

        eddy_add_reader(world.loop, world.ends[0], note, "r");
        eddy_add_writer(world.loop, world.ends[0], note, "w");
        run_once(world.loop);
        assert_trail("w");
        put(world.ends[1], "x");
        run_once(world.loop);
        assert_trail("rw");
        while (write(world.ends[0], buffer, sizeof buffer) > 0)
                ;
        run_once(world.loop);
        assert_trail("r");
        assert_true(eddy_remove_reader(world.loop, world.ends[0]));
        while (read(world.ends[1], buffer, sizeof buffer) > 0)
                ;
        run_once(world.loop);
        assert_trail("w");
        assert_true(eddy_remove_writer(world.loop, world.ends[0]));
        run_once(world.loop);
        assert_trail("");
        close_world(&world);
}

TEST(replaces_a_watcher)
{
        struct world world = open_world();

        put(world.ends[1], "x");
        eddy_add_reader(world.loop, world.ends[0], note, "a");
        eddy_add_reader(world.loop, world.ends[0], note, "b");
        run_once(world.loop);
        assert_trail("b");
        assert_true(eddy_remove_reader(world.loop, world.ends[0]));
        assert_false(eddy_remove_reader(world.loop, world.ends[0]));
        assert_false(eddy_remove_writer(world.loop, world.ends[0]));
        assert_false(eddy_remove_reader(world.loop, 12345));
        assert_false(eddy_remove_reader(world.loop, -1));
        run_once(world.loop);
        assert_trail("");
        close_world(&world);
}

static void remove_other(void *arg)
{
        struct world *world = arg;

        note("x");
        eddy_remove_reader(world->loop, world->ends[0]);
        eddy_remove_reader(world->loop, world->ends[1]);
}

static struct world first, second;

/** Callback: take what has come for both, and have others watch. */
static void take_both(void *letter)
{
        note(letter);
        take(first.ends[0], "x");
        take(second.ends[0], "x");
        eddy_add_reader(first.loop, first.ends[0], note, "!");
        eddy_add_reader(first.loop, second.ends[0], note, "!");
}

/** What has come was the former's, who has taken it. */
TEST(tells_who_replaces_another_of_nothing_that_is_gone)
{
        first = open_world();
        second = open_world();
        eddy_add_reader(first.loop, first.ends[0], take_both, "a");
        eddy_add_reader(first.loop, second.ends[0], take_both, "b");
        put(first.ends[1], "x");
        put(second.ends[1], "x");
        for (int i = 0; i < 5; i++)
                run_once(first.loop);
        assert_int_equal(strlen(trail), 1);
        close_world(&first);
        close_world(&second);
}

TEST(calls_nobody_who_was_removed_in_the_same_iteration)
{
        struct world world = open_world();

        put(world.ends[0], "x");
        put(world.ends[1], "x");
        eddy_add_reader(world.loop, world.ends[0], remove_other, &world);
        eddy_add_reader(world.loop, world.ends[1], remove_other, &world);
        run_once(world.loop);
        run_once(world.loop);
        assert_trail("x");
        close_world(&world);
}

TEST(calls_readers_at_the_end_of_the_stream)
{
        struct world world = open_world();
        char byte;

        eddy_add_reader(world.loop, world.ends[0], note_and_stop, "r");
        stopped = world.loop;
        put(world.ends[1], "x");
        shutdown(world.ends[1], SHUT_WR);
        assert_int_equal(eddy_loop_run_forever(world.loop), 0);
        take(world.ends[0], "x");
        assert_int_equal(eddy_loop_run_forever(world.loop), 0);
        assert_int_equal(read(world.ends[0], &byte, 1), 0);
        assert_trail("rr");
        close_world(&world);
}

TEST(calls_writers_when_nobody_reads_any_more)
{
        eddy_loop *loop = stopped = new_loop();
        int ends[2];
        char page[4096] = "";

        trail_clear();
        assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
        while (write(ends[1], page, sizeof page) > 0)
                ;
        eddy_add_writer(loop, ends[1], note_and_stop, "w");
        close(ends[0]);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_trail("w");
        assert_true(eddy_remove_writer(loop, ends[1]));
        close(ends[1]);
        eddy_loop_destroy(loop);
}

TEST(refuses_what_cannot_be_watched)
{
        eddy_loop *loop = new_loop();
        char path[] = "/tmp/eddy-test-XXXXXX";
        int fd = mkstemp(path), closed = dup(fd);

        close(closed);
        trail_clear();
        assert_int_equal(eddy_add_reader(loop, fd, note, "x"), -EPERM);
        assert_int_equal(eddy_add_writer(loop, fd, note, "x"), -EPERM);
        assert_false(eddy_remove_reader(loop, fd));
        assert_int_equal(eddy_add_reader(loop, closed, note, "x"), -EBADF);
        assert_int_equal(eddy_add_reader(loop, -1, note, "x"), -EBADF);
        run_once(loop);
        assert_trail("");
        unlink(path);
        close(fd);
        eddy_loop_destroy(loop);
}

TEST(watches_a_number_that_was_closed_and_came_back)
{
        struct world world = open_world();
        int again[2];

        for (int i = 0; i < 3; i++) {
                eddy_add_reader(world.loop, world.ends[0], note, "r");
                run_once(world.loop);
                assert_trail("");
                eddy_remove_reader(world.loop, world.ends[0]);
                close(world.ends[0]);
                close(world.ends[1]);
                assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, again), 0);
                assert_int_equal(again[0], world.ends[0]);
                world.ends[1] = again[1];
                eddy_add_reader(world.loop, world.ends[0], note, "r");
                put(world.ends[1], "x");
                run_once(world.loop);
                assert_trail("r");
                take(world.ends[0], "x");
                assert_true(eddy_remove_reader(world.loop, world.ends[0]));
        }
        close_world(&world);
}

TEST(watches_many_descriptors)
{
        enum { COUNT = 300 };
        eddy_loop *loop = new_loop();
        int ends[COUNT][2];

        trail_clear();
        for (int i = 0; i < COUNT; i++) {
                assert_int_equal(pipe2(ends[i], O_NONBLOCK), 0);
                assert_int_equal(eddy_add_reader(loop, ends[i][0], note, "r"), 0);
        }
        for (int i = 0; i < COUNT; i += 10)
                put(ends[i][1], "x");
        run_once(loop);
        assert_int_equal(strlen(trail), COUNT / 10);
        for (int i = 0; i < COUNT; i++) {
                assert_true(eddy_remove_reader(loop, ends[i][0]));
                close(ends[i][0]);
                close(ends[i][1]);
        }
        eddy_loop_destroy(loop);
}

TEST(says_so_without_memory)
{
        struct world world = open_world();

        for (unsigned long n = 1;; n++) {
                int rc;

                fault_arm(n, 1);
                rc = eddy_add_reader(world.loop, world.ends[0], note, "r");
                fault_arm(0, 0);
                if (rc == 0)
                        break;
                assert_true(rc < 0);
                assert_false(eddy_remove_reader(world.loop, world.ends[0]));
        }
        put(world.ends[1], "x");
        run_once(world.loop);
        assert_trail("r");
        close_world(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(calls_back_again_and_again_while_readable),
            cmocka_unit_test(watches_reading_and_writing_apart),
            cmocka_unit_test(replaces_a_watcher),
            cmocka_unit_test(tells_who_replaces_another_of_nothing_that_is_gone),
            cmocka_unit_test(calls_nobody_who_was_removed_in_the_same_iteration),
            cmocka_unit_test(calls_readers_at_the_end_of_the_stream),
            cmocka_unit_test(calls_writers_when_nobody_reads_any_more),
            cmocka_unit_test(refuses_what_cannot_be_watched),
            cmocka_unit_test(watches_a_number_that_was_closed_and_came_back),
            cmocka_unit_test(watches_many_descriptors),
            cmocka_unit_test(says_so_without_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
