/* Waiting for the other side to go, which takes nothing and holds nobody up. */
#include "operations.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>

/** Two ends of a TCP connection on this machine. */
static void open_tcp(int ends[2])
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        int listener = socket(AF_INET, SOCK_STREAM, 0);

        assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(listener, 1), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
        ends[0] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(ends[0], (struct sockaddr *)&address, size), 0);
        ends[1] = accept(listener, NULL, NULL);
        assert_true(ends[1] >= 0);
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        fcntl(ends[1], F_SETFL, O_NONBLOCK);
        close(listener);
}

static struct world *open_tcp_world(void)
{
        struct world *world = open_world(SOCK_STREAM);

        close(world->ends[0]);
        close(world->ends[1]);
        open_tcp(world->ends);
        return world;
}

static void close_peer(struct world *world)
{
        close(world->ends[1]);
        world->ends[1] = -1;
}

static void reset_peer(struct world *world)
{
        const struct linger reset = {.l_onoff = 1};

        assert_int_equal(setsockopt(world->ends[1], SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
        close_peer(world);
}

static void end_peer(struct world *world)
{
        assert_int_equal(shutdown(world->ends[1], SHUT_WR), 0);
}

/** A way to go, and what tells of it. */
struct way {
        struct world *(*open)(void);
        void (*go)(struct world *world);
        unsigned events;
};

static struct world *open_unix_world(void)
{
        return open_world(SOCK_STREAM);
}

static const struct way ways[] = {
    {open_unix_world, end_peer, POLLRDHUP},
    {open_unix_world, close_peer, POLLRDHUP | POLLHUP},
    {open_tcp_world, end_peer, POLLRDHUP},
    {open_tcp_world, close_peer, POLLRDHUP},
    {open_tcp_world, reset_peer, POLLRDHUP | POLLHUP | POLLERR},
};

#define FOR_EACH_WAY for (const struct way *way = ways; way < ways + sizeof ways / sizeof *ways; way++)

static ssize_t begin_gone(struct world *world, int i)
{
        world->requests[i].is_done = false;
        return eddy_op_gone(&world->requests[i].op, world->ends[0]);
}

TEST(tells_when_the_other_side_goes)
{
        FOR_EACH_WAY
        {
                struct world *world = way->open();

                assert_int_equal(begin_gone(world, 0), EDDY_PENDING);
                run_once(world->loop);
                put(world->ends[1], "bytes are no end");
                run_once(world->loop);
                assert_trail("");
                way->go(world);
                assert_int_equal(finish(world, &world->requests[0]) & way->events, way->events);
                close_world(world);
        }
}

TEST(tells_at_once_where_it_has_gone)
{
        FOR_EACH_WAY
        {
                struct world *world = way->open();

                way->go(world);
                assert_int_equal(begin_gone(world, 0) & way->events, way->events);
                run_once(world->loop);
                assert_trail("");
                close_world(world);
        }
}

/** In the iteration in which it goes, before the kernel was asked. */
TEST(tells_of_who_goes_before_the_kernel_is_told)
{
        FOR_EACH_WAY
        {
                struct world *world = way->open();

                assert_int_equal(begin_gone(world, 0), EDDY_PENDING);
                way->go(world);
                assert_int_equal(finish(world, &world->requests[0]) & way->events, way->events);
                close_world(world);
        }
}

TEST(leaves_what_came_before_the_end)
{
        struct world *world = open_tcp_world();

        assert_int_equal(begin_gone(world, 0), EDDY_PENDING);
        put(world->ends[1], "the last words");
        end_peer(world);
        finish(world, &world->requests[0]);
        assert_int_equal(begin_recv(world, 1, 8), 8);
        assert_true(begin_gone(world, 0) & POLLRDHUP);
        assert_int_equal(begin_recv(world, 1, 8), 6);
        assert_int_equal(begin_recv(world, 1, 8), 0);
        /* And it can still be written to: it is half-closed, as far as anybody can tell. */
        assert_int_equal(eddy_op_send(&world->requests[2].op, world->ends[0], "answer", 6, 0), 6);
        close_world(world);
}

/** What an edge told once is not told again, so it has to be remembered, or asked for. */
TEST(misses_no_end_behind_what_others_read)
{
        struct world *world = open_tcp_world();

        assert_int_equal(begin_recv(world, 1, 64), EDDY_PENDING);
        run_once(world->loop);
        put(world->ends[1], "x");
        assert_int_equal(finish(world, &world->requests[1]), 1);
        assert_int_equal(begin_gone(world, 0), EDDY_PENDING);
        put(world->ends[1], "y");
        run_once(world->loop);
        assert_int_equal(begin_recv(world, 1, 64), 1);
        run_once(world->loop);
        trail_clear();
        end_peer(world);
        assert_true(finish(world, &world->requests[0]) & POLLRDHUP);
        assert_int_equal(begin_recv(world, 1, 64), 0);
        assert_true(begin_gone(world, 0) & POLLRDHUP);
        close_world(world);
}

TEST(stands_beside_who_reads_and_writes)
{
        struct world *world = open_tcp_world();

        assert_int_equal(begin_gone(world, 0), EDDY_PENDING);
        assert_int_equal(begin_recv(world, 1, 64), EDDY_PENDING);
        put(world->ends[1], "one");
        assert_int_equal(finish(world, &world->requests[1]), 3);
        assert_int_equal(begin_recv(world, 1, 64), EDDY_PENDING);
        put(world->ends[1], "three");
        assert_int_equal(finish(world, &world->requests[1]), 5);
        assert_trail("bb");
        assert_int_equal(begin_recv(world, 1, 64), EDDY_PENDING);
        assert_int_equal(begin_gone(world, 2), EDDY_PENDING);
        end_peer(world);
        for (int i = 0; i < 3; i++)
                finish(world, &world->requests[i]);
        assert_int_equal(world->requests[1].op.result, 0);
        assert_true(world->requests[0].op.result & world->requests[2].op.result & POLLRDHUP);
        close_world(world);
}

TEST(stands_beside_watchers_and_leaves_nothing_behind)
{
        struct world *world = open_world(SOCK_STREAM);

        eddy_add_writer(world->loop, world->ends[0], note, "w");
        eddy_remove_writer(world->loop, world->ends[0]);
        assert_int_equal(begin_gone(world, 0), EDDY_PENDING);
        eddy_add_writer(world->loop, world->ends[1], note, "w"); /* of the other, to have the loop busy */
        run_once(world->loop);
        eddy_remove_writer(world->loop, world->ends[1]);
        trail_clear();
        eddy_add_reader(world->loop, world->ends[0], note, "r");
        run_once(world->loop);
        put(world->ends[1], "x");
        run_once(world->loop);
        assert_trail("r");
        eddy_remove_reader(world->loop, world->ends[0]);
        end_peer(world);
        assert_true(finish(world, &world->requests[0]) & POLLRDHUP);
        /* Nobody waits any more, and nothing wakes the loop. */
        eddy_call_later(world->loop, NULL, eddy_ms(20), stop, world->loop);
        fault_arm(0, 0);
        assert_int_equal(eddy_loop_run_forever(world->loop), 0);
        assert_true(fault_uses() < 20);
        close_world(world);
}

TEST(ends_when_cancelled_or_closed)
{
        struct world *world = open_world(SOCK_STREAM);
        eddy_op op;

        for (int i = 0; i < 3; i++)
                assert_int_equal(begin_gone(world, i), EDDY_PENDING);
        run_once(world->loop);
        assert_int_equal(begin_gone(world, 0), EDDY_EBUSY);
        eddy_op_cancel(&world->requests[1].op);
        assert_int_equal(finish(world, &world->requests[1]), EDDY_CANCELLED);
        assert_trail("b");
        eddy_op_init(&op, world->loop, NULL, NULL);
        assert_int_equal(eddy_op_close(&op, world->ends[0]), 0);
        assert_int_equal(finish(world, &world->requests[0]), EDDY_CANCELLED);
        assert_int_equal(finish(world, &world->requests[2]), EDDY_CANCELLED);
        /* The next file of that number knows nothing of it. */
        close(world->ends[1]);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, world->ends), 0);
        assert_int_equal(begin_gone(world, 0), EDDY_PENDING);
        trail_clear();
        run_once(world->loop);
        assert_trail("");
        eddy_op_cancel(&world->requests[0].op);
        assert_int_equal(begin_gone(world, 1), EDDY_PENDING);
        close_peer(world);
        assert_true(finish(world, &world->requests[1]) & POLLHUP);
        assert_int_equal(world->requests[0].op.result, EDDY_CANCELLED);
        close_world(world);
}

TEST(is_forgotten_when_the_loop_is_closed)
{
        struct world *world = open_world(SOCK_STREAM);

        begin_gone(world, 0);
        begin_gone(world, 1);
        run_once(world->loop);
        eddy_op_cancel(&world->requests[1].op);
        eddy_loop_close(world->loop);
        assert_trail("");
        close(world->ends[0]);
        close(world->ends[1]);
        eddy_loop_destroy(world->loop);
        test_free(world);
}

TEST(tells_of_pipes)
{
        /* Waited for is one end, and the other closes. */
        for (int end = 0; end < 2; end++) {
                struct world *world = open_world(SOCK_STREAM);
                int pair[2];
                eddy_op op;

                assert_int_equal(pipe2(pair, O_NONBLOCK), 0);
                assert_int_equal(eddy_op_gone(&world->requests[0].op, pair[end]), EDDY_PENDING);
                put(world->ends[0], "x");
                run_once(world->loop);
                assert_int_equal(write(pair[1], "x", 1), 1);
                run_once(world->loop);
                assert_trail("");
                close(pair[1 - end]);
                assert_int_equal(finish(world, &world->requests[0]), end ? POLLERR : POLLHUP);
                eddy_op_init(&op, world->loop, NULL, NULL);
                eddy_op_close(&op, pair[end]);
                close_world(world);
        }
}

TEST(refuses_what_has_no_other_side)
{
        struct world *world = open_world(SOCK_STREAM);
        FILE *file = tmpfile();

        assert_int_equal(eddy_op_gone(&world->requests[0].op, fileno(file)), -EPERM);
        assert_int_equal(eddy_op_gone(&world->requests[0].op, 12345), -EBADF);
        assert_int_equal(eddy_op_gone(&world->requests[0].op, -1), -EBADF);
        run_once(world->loop);
        assert_trail("");
        fclose(file);
        close_world(world);
}

/** A loop that runs again, perhaps in another thread, has lost nothing. */
TEST(lasts_from_one_run_to_the_next)
{
        struct world *world = open_tcp_world();

        assert_int_equal(begin_gone(world, 0), EDDY_PENDING);
        run_once(world->loop);
        end_peer(world); /* while nothing runs */
        assert_true(finish(world, &world->requests[0]) & POLLRDHUP);
        close_world(world);
}

TEST(says_so_without_memory)
{
        struct world *world = open_world(SOCK_STREAM);

        for (unsigned long n = 1;; n++) {
                ssize_t rc;

                fault_arm(n, 1);
                rc = begin_gone(world, 0);
                fault_arm(0, 0);
                if (rc == EDDY_PENDING)
                        break;
                assert_true(eddy_is_error(rc));
        }
        close_peer(world);
        assert_true(finish(world, &world->requests[0]) & POLLHUP);
        close_world(world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(tells_when_the_other_side_goes),
            cmocka_unit_test(tells_at_once_where_it_has_gone),
            cmocka_unit_test(tells_of_who_goes_before_the_kernel_is_told),
            cmocka_unit_test(leaves_what_came_before_the_end),
            cmocka_unit_test(misses_no_end_behind_what_others_read),
            cmocka_unit_test(stands_beside_who_reads_and_writes),
            cmocka_unit_test(stands_beside_watchers_and_leaves_nothing_behind),
            cmocka_unit_test(ends_when_cancelled_or_closed),
            cmocka_unit_test(is_forgotten_when_the_loop_is_closed),
            cmocka_unit_test(tells_of_pipes),
            cmocka_unit_test(refuses_what_has_no_other_side),
            cmocka_unit_test(lasts_from_one_run_to_the_next),
            cmocka_unit_test(says_so_without_memory),
        };

        return cmocka_run_group_tests_name("gone", tests, NULL, NULL);
}
