#include "testing.h"
#include <math.h>

TEST(spells_durations)
{
        assert_int_equal(eddy_ns(7), 7);
        assert_int_equal(eddy_us(7), 7000);
        assert_int_equal(eddy_ms(250), 250000000);
        assert_int_equal(eddy_ms(-1), -1000000);
        assert_int_equal(eddy_seconds(1.5), 1500000000);
        assert_true(eddy_to_seconds(eddy_ms(250)) > 0.2499 && eddy_to_seconds(eddy_ms(250)) < 0.2501);
}

/* Whatever is too long to be counted is as long as can be, and never turns over into what has passed. */
TEST(spells_durations_without_end)
{
        static const struct {
                double seconds;
                eddy_duration duration;
        } rows[] = {
            {(double)INFINITY, EDDY_FOREVER},
            {1e300, EDDY_FOREVER},
            {1e10, EDDY_FOREVER},
            {9223372036.9, EDDY_FOREVER},
            {9223372036.0, 9223372036000000000},
            {0, 0},
            {-1e-300, 0},
            {-9223372036.0, -9223372036000000000},
            {-1e10, INT64_MIN},
            {-1e300, INT64_MIN},
            {-(double)INFINITY, INT64_MIN},
            {(double)NAN, 0},
            {-(double)NAN, 0},
        };
        static const int64_t most = INT64_MAX;

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                assert_true(eddy_seconds(rows[i].seconds) == rows[i].duration);
        assert_true(eddy_ms(most) == EDDY_FOREVER && eddy_us(most) == EDDY_FOREVER);
        assert_true(eddy_ms(most / 1000000) == most / 1000000 * 1000000);
        assert_true(eddy_ms(most / 1000000 + 1) == EDDY_FOREVER);
        assert_true(eddy_us(most / 1000 + 1) == EDDY_FOREVER);
        assert_true(eddy_ms(INT64_MIN) == INT64_MIN && eddy_us(-most / 1000 - 1) == INT64_MIN);
}

TEST(adds_up_to_no_moment_that_has_passed)
{
        static const struct {
                eddy_time when;
                eddy_duration delay;
                eddy_time sum;
        } rows[] = {
            {5, 7, 12},
            {5, -7, -2},
            {5, EDDY_FOREVER, EDDY_FOREVER},
            {0, EDDY_FOREVER, EDDY_FOREVER},
            {5, EDDY_FOREVER - 1, EDDY_FOREVER},
            {5, EDDY_FOREVER - 6, EDDY_FOREVER - 1},
            {EDDY_FOREVER, -7, EDDY_FOREVER},
            {EDDY_FOREVER, INT64_MIN, EDDY_FOREVER},
            {EDDY_FOREVER, EDDY_FOREVER, EDDY_FOREVER},
            {EDDY_FOREVER - 1, 1, EDDY_FOREVER},
            {EDDY_FOREVER / 2, EDDY_FOREVER, EDDY_FOREVER},
            {0, INT64_MIN, INT64_MIN},
            {-1, INT64_MIN, INT64_MIN},
        };

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                assert_true(eddy_time_add(rows[i].when, rows[i].delay) == rows[i].sum);
}

TEST(never_goes_back)
{
        eddy_time last = eddy_now();

        assert_true(last > 0);
        for (int i = 0; i < 10000; i++) {
                eddy_time now = eddy_now();

                assert_true(now >= last);
                last = now;
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(spells_durations),
            cmocka_unit_test(spells_durations_without_end),
            cmocka_unit_test(adds_up_to_no_moment_that_has_passed),
            cmocka_unit_test(never_goes_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
