/* Where a socket goes and where it comes from, known together. */
#include "helpers_stage.h"

#include "base/memory.h"
#include "net/route.h"

/** Somebody who wants to know. */
struct traveller {
        struct route route;
        struct error_detail *detail;
        unsigned told;
};

static void note_answer(struct route *route)
{
        container_of(route, struct traveller, route)->told++;
}

static void prepare(struct traveller *traveller)
{
        *traveller = (struct traveller){.route.answered = note_answer};
}

static int outcome_of(struct traveller *traveller)
{
        return route_outcome(&traveller->route, &traveller->detail);
}

static void forget(struct traveller *traveller)
{
        route_forget(&traveller->route);
        memory_free(traveller->detail);
        traveller->detail = NULL;
}

TEST(both_are_awaited)
{
        struct stage stage;
        struct traveller traveller;

        open_stage(&stage);
        set_gate(false);
        prepare(&traveller);
        assert_int_equal(outcome_of(&traveller), 0); /* of nothing */
        route_find_remote(&traveller.route, stage.loop, "slow-remote.test", 9, 0, NULL);
        route_find_local(&traveller.route, stage.loop, "slow-local.test", 0, 0, NULL);
        assert_int_equal(outcome_of(&traveller), EDDY_PENDING);
        assert_int_equal(route_family(&traveller.route), 0);
        run_until(stage.loop, waiting_at_gate() == 2);
        set_gate(true);
        run_until(stage.loop, outcome_of(&traveller) != EDDY_PENDING);
        assert_int_equal(outcome_of(&traveller), 0);
        assert_int_equal(traveller.told, 2);
        assert_int_equal(route_family(&traveller.route), AF_INET);
        forget(&traveller);
        forget(&traveller); /* once more does nothing */
        close_stage(&stage);
}

/** Whoever fails first ends it, and where there is nowhere to go nobody is asked where from. */
TEST(either_may_fail)
{
        struct stage stage;
        struct traveller traveller;

        open_stage(&stage);
        set_gate(false);
        prepare(&traveller);
        route_find_remote(&traveller.route, stage.loop, "slow-remote.test", 9, 0, NULL);
        route_find_local(&traveller.route, stage.loop, "no-such-host..invalid", 0, 0, NULL);
        run_until(stage.loop, outcome_of(&traveller) != EDDY_PENDING);
        assert_int_equal(outcome_of(&traveller), EDDY_ERESOLVE);
        assert_int_equal(traveller.told, 1);
        assert_non_null(strstr(traveller.detail->text, "no-such-host..invalid: "));
        forget(&traveller);
        set_gate(true);

        prepare(&traveller);
        route_find_remote(&traveller.route, stage.loop, "::1", 9, AF_INET, NULL);
        route_find_local(&traveller.route, stage.loop, "127.0.0.1", 0, AF_INET, NULL);
        assert_int_equal(outcome_of(&traveller), EDDY_ERESOLVE);
        assert_non_null(strstr(traveller.detail->text, "::1: "));
        assert_null(traveller.route.local.found);
        forget(&traveller);
        close_stage(&stage);
}

TEST(the_family_is_one_or_none)
{
        struct stage stage;
        struct traveller traveller;

        open_stage(&stage);
        prepare(&traveller);
        assert_int_equal(route_family(&traveller.route), 0);
        route_find_remote(&traveller.route, stage.loop, "::1", 9, 0, NULL);
        assert_int_equal(route_family(&traveller.route), AF_INET6);
        forget(&traveller);

        prepare(&traveller);
        route_find_remote(&traveller.route, stage.loop, "mixed.test", 9, 0, NULL);
        run_until(stage.loop, traveller.told);
        assert_int_equal(route_family(&traveller.route), 0);
        forget(&traveller);
        close_stage(&stage);
}

TEST(binds_to_what_there_is)
{
        struct stage stage;
        struct traveller traveller;
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        eddy_address address;
        char text[EDDY_ADDRESS_TEXT_SIZE];

        open_stage(&stage);
        prepare(&traveller);
        assert_int_equal(route_bind(&traveller.route, fd, AF_INET), 0);
        assert_int_equal(eddy_address_of_socket(&address, fd), 0);
        assert_int_equal(eddy_address_port(&address), 0); /* nowhere */
        route_find_local(&traveller.route, stage.loop, "mixed.test", 0, 0, NULL);
        run_until(stage.loop, traveller.told);
        assert_int_equal(route_bind(&traveller.route, fd, AF_UNIX), -EADDRNOTAVAIL);
        assert_int_equal(route_bind(&traveller.route, fd, AF_INET), 0);
        assert_int_equal(eddy_address_of_socket(&address, fd), 0);
        assert_memory_equal(eddy_address_print(&address, text), "127.0.0.2:", 10);
        forget(&traveller);
        close_stage(&stage);
        close(fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(both_are_awaited),
            cmocka_unit_test(either_may_fail),
            cmocka_unit_test(the_family_is_one_or_none),
            cmocka_unit_test(binds_to_what_there_is),
        };

        return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
