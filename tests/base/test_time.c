#include "testing.h"

TEST(spells_durations)
{
        assert_int_equal(eddy_ns(7), 7);
        assert_int_equal(eddy_us(7), 7000);
        assert_int_equal(eddy_ms(250), 250000000);
        assert_int_equal(eddy_ms(-1), -1000000);
        assert_int_equal(eddy_seconds(1.5), 1500000000);
        assert_true(eddy_to_seconds(eddy_ms(250)) > 0.2499 && eddy_to_seconds(eddy_ms(250)) < 0.2501);
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
            cmocka_unit_test(never_goes_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
