/* Who makes progress is not late, and who takes nothing is. */
#include "../clock.h"
#include "../stream/helpers.h"

#include "base/list.h"
#include "http/deadline.h"
#include "http/progress.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

/** Two connected sockets, of which the first does not block. */
static void connect_tcp(int ends[2])
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        int listener = socket(AF_INET, SOCK_STREAM, 0), small = 32 * 1024;

        assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
        assert_int_equal(listen(listener, 1), 0);
        ends[1] = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(ends[1], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        assert_int_equal(connect(ends[1], (struct sockaddr *)&address, size), 0);
        ends[0] = accept(listener, NULL, NULL);
        assert_true(ends[0] >= 0);
        close(listener);
}

static void connect_unix(int ends[2])
{
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void fill(int fd)
{
        static const char data[16 * 1024];

        while (send(fd, data, sizeof data, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
                ;
        assert_true(errno == EAGAIN);
}

/** Take what is there until the other end notices. */
static void take_some(int fd, int other)
{
        static char data[4 * 1024];
        uint64_t before = http_progress(other);

        while (http_progress(other) == before)
                assert_true(recv(fd, data, sizeof data, 0) > 0);
}

/** Who takes something is excused, and more often after a large step; who takes nothing is not. */
static void check(void (*connect_ends)(int ends[2]))
{
        struct progress progress = {.taken = 0};
        int ends[2], excuses = 0;

        connect_ends(ends);
        fill(ends[0]);
        progress_excuses(&progress, ends[0]); /* what it took before anybody looked */
        for (int i = 0; i < 5; i++) {
                take_some(ends[1], ends[0]);
                assert_true(progress_excuses(&progress, ends[0]));
        }
        while (progress_excuses(&progress, ends[0]))
                excuses++;
        assert_in_range(excuses, 0, 4);
        assert_false(progress_excuses(&progress, ends[0]));
        close(ends[0]);
        close(ends[1]);
}

static void of_tcp(void)
{
        check(connect_tcp);
}

static void of_unix_sockets(void)
{
        check(connect_unix);
}

/** Three that are noted when they pass. */
struct noted {
        struct deadline deadline;
        int order; /* 0: it has not passed */
};

static int passed_count;

static void note(struct deadline *deadline)
{
        container_of(deadline, struct noted, deadline)->order = ++passed_count;
}

/** They pass in the order in which they were started last, once each, and not where they were met. */
static void pass_in_order(void)
{
        struct noted first = {.order = 0}, second = {.order = 0}, met = {.order = 0};
        struct deadlines all;

        passed_count = 0;
        deadlines_init(&all, eddy_seconds(20), note);
        deadline_start(&all, &second.deadline);
        deadline_start(&all, &met.deadline);
        deadline_start(&all, &first.deadline);
        deadline_start(&all, &second.deadline);
        deadline_stop(&met.deadline);
        deadline_stop(&met.deadline);
        pass(eddy_seconds(20));
        assert_int_equal(first.order, 1);
        assert_int_equal(second.order, 2);
        assert_int_equal(met.order, 0);
        assert_false(deadline_runs(&first.deadline));
        deadline_start(&all, &met.deadline);
        pass(eddy_seconds(20));
        assert_int_equal(met.order, 3);
        deadline_start(&all, &met.deadline);
        deadline_stop(&met.deadline);
        deadlines_rest(&all);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(of_tcp),
            scene_test(of_unix_sockets),
            scene_test(pass_in_order),
        };

        return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
