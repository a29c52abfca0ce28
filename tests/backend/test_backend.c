/* Which backend a loop gets, and what it says of it. */
#include "testing.h"
#include <stdlib.h>

static void ask_for(const char *name)
{
        assert_int_equal(name ? setenv("EDDY_BACKEND", name, 1) : unsetenv("EDDY_BACKEND"), 0);
}

TEST(epoll_can_be_had_everywhere)
{
        eddy_loop *loop;

        ask_for("epoll");
        loop = new_loop();
        assert_string_equal(eddy_loop_backend(loop), "epoll");
        assert_string_equal(eddy_loop_backend_reason(loop), "EDDY_BACKEND asks for it");
        eddy_loop_destroy(loop);
}

TEST(io_uring_is_given_or_refused_with_a_reason)
{
        eddy_loop *loop;

        ask_for("uring");
        if (eddy_loop_create(&loop) == 0) {
                assert_string_equal(eddy_loop_backend(loop), "uring");
                eddy_loop_destroy(loop);
        } else {
                assert_int_equal(strncmp(eddy_error_detail(), "EDDY_BACKEND=uring: ", 20), 0);
        }
}

TEST(without_a_wish_there_is_always_one_and_a_reason)
{
        eddy_loop *loop;

        ask_for(NULL);
        loop = new_loop();
        assert_true(strlen(eddy_loop_backend_reason(loop)) > 0);
        eddy_loop_destroy(loop);
}

TEST(what_there_is_not_is_refused)
{
        eddy_loop *loop;

        ask_for("kqueue");
        assert_int_equal(eddy_loop_create(&loop), -EINVAL);
        assert_string_equal(eddy_error_detail(), "EDDY_BACKEND=kqueue: there are epoll and uring");
}

/** A system that forbids io_uring, or is short of memory for it: nobody notices but who asks. */
TEST(where_io_uring_fails_it_is_epoll)
{
        eddy_loop *loop;

        ask_for("uring");
        if (eddy_loop_create(&loop) < 0)
                return;
        eddy_loop_destroy(loop);
        ask_for(NULL);
        fault_arm(0, 0);
        for (unsigned long nth = 1;; nth++) {
                int rc;
                const char *name;

                fault_arm(nth, 1);
                rc = eddy_loop_create(&loop);
                fault_arm(0, 0);
                if (rc < 0)
                        continue; /* what both need */
                name = eddy_loop_backend(loop);
                if (strcmp(name, "uring") != 0)
                        assert_non_null(strstr(eddy_loop_backend_reason(loop), "uring"));
                run_once(loop);
                eddy_loop_destroy(loop);
                if (strcmp(name, "uring") == 0)
                        return;
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(epoll_can_be_had_everywhere),
            cmocka_unit_test(io_uring_is_given_or_refused_with_a_reason),
            cmocka_unit_test(without_a_wish_there_is_always_one_and_a_reason),
            cmocka_unit_test(what_there_is_not_is_refused),
            cmocka_unit_test(where_io_uring_fails_it_is_epoll),
        };

        return cmocka_run_group_tests_name("backend", tests, NULL, NULL);
}
