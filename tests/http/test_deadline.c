/* Who makes progress is not late, and who takes nothing is. */
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

static void check(void (*connect_ends)(int ends[2]))
{
        struct deadlines all;
        struct deadline deadline;
        int ends[2];

        connect_ends(ends);
        fill(ends[0]);
        deadlines_init(&all, eddy_ms(100));
        deadline_open(&deadline);
        deadline_start_sending(&all, &deadline, ends[0]);
        for (int i = 0; i < 5; i++) {
                eddy_time when = deadline.when;

                take_some(ends[1], ends[0]);
                fill(ends[0]);
                while (deadline.when == when)
                        assert_int_equal(eddy_sleep(eddy_ms(1)), 0);
        }
        while (eddy_sleep(eddy_ms(1)) == 0) /* and now it takes nothing */
                ;
        assert_int_equal(deadline_stop(&deadline), EDDY_TIMEOUT);
        deadline_renew(&deadline);
        assert_int_equal(eddy_yield(), 0);

        /* One that is to send has its time once. */
        deadline_start(&all, &deadline);
        take_some(ends[1], ends[0]);
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_TIMEOUT);
        assert_int_equal(deadline_stop(&deadline), EDDY_TIMEOUT);
        deadline_close(&deadline);
        deadlines_rest(&all);
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

int main(void)
{
        const struct CMUnitTest tests[] = {scene_test(of_tcp), scene_test(of_unix_sockets)};

        return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
