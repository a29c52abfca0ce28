/* What is missing of a file, as it is filled and divided. */
#include "http_client/gaps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_none(void **state)
{
        struct gaps gaps;

        (void)state;
        gaps_reset(&gaps, 10, 10);
        assert_int_equal(gaps_count(&gaps), 0);
        assert_null(gaps_from(&gaps, 0));
}

static void test_divided(void **state)
{
        struct gaps gaps;
        struct gap *gap, *rest;

        (void)state;
        gaps_reset(&gaps, 0, 100);
        gap = gaps_from(&gaps, 0);
        gap->is_taken = true;
        assert_null(gaps_waiting_from(&gaps, 0));
        rest = gaps_split(&gaps, gap, 60);
        assert_int_equal(gap->end, 60);
        assert_int_equal(rest->next, 60);
        assert_int_equal(rest->end, 100);
        assert_int_equal(gaps_count(&gaps), 2);
        assert_ptr_equal(gaps_from(&gaps, 0), gap);
        assert_ptr_equal(gaps_waiting_from(&gaps, 0), rest);
        assert_null(gaps_waiting_from(&gaps, 61));
}

/* The place of a gap that is filled is given away when nobody points to it any more. */
static void test_many(void **state)
{
        struct gaps gaps;
        struct gap *gap;

        (void)state;
        gaps_reset(&gaps, 0, 100);
        gap = gaps_from(&gaps, 0);
        gap->is_taken = true;
        gap->next = gap->end;
        for (int i = 0; i < GAPS_MAX - 1; i++)
                assert_ptr_not_equal(gaps_add(&gaps, 1000 + 10 * i, 1005 + 10 * i), gap);
        assert_int_equal(gaps_count(&gaps), GAPS_MAX - 1);
        assert_null(gaps_add(&gaps, 2000, 2001));
        assert_null(gaps_split(&gaps, gaps_from(&gaps, 1000), 1002));
        assert_int_equal(gaps_from(&gaps, 1000)->end, 1005);
        gap->is_taken = false;
        assert_ptr_equal(gaps_add(&gaps, 2000, 2001), gap);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_none),
            cmocka_unit_test(test_divided),
            cmocka_unit_test(test_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
