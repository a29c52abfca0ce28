/* Spinning: only where it promises something, and the less the more often it was in vain. */
#include "base/spin.h"

#include "testing.h"

static bool never(void *arg)
{
        ++*(unsigned *)arg;
        return false;
}

static bool at_once(void *arg)
{
        ++*(unsigned *)arg;
        return true;
}

/** An account that says that spinning is worth it. */
static struct spin promising(void)
{
        struct spin spin = {.processors = 2};

        spin_slept(&spin, eddy_us(10), true);
        return spin;
}

TEST(does_not_spin_at_first)
{
        struct spin spin = {.is_promising = false};
        unsigned looks = 0;

        assert_false(spin_until(&spin, at_once, &looks, EDDY_FOREVER));
        assert_int_equal(looks, 0);
}

TEST(spins_after_a_short_sleep_that_ended_with_news)
{
        struct spin spin = promising();
        unsigned looks = 0;

        assert_true(spin_until(&spin, at_once, &looks, EDDY_FOREVER));
        assert_true(spin_until(&spin, at_once, &looks, EDDY_FOREVER));
        assert_int_equal(looks, 2);
        spin_slept(&spin, eddy_ms(1), true);
        assert_false(spin_until(&spin, at_once, &looks, EDDY_FOREVER));
        spin_slept(&spin, eddy_us(10), false);
        assert_false(spin_until(&spin, at_once, &looks, EDDY_FOREVER));
        assert_int_equal(looks, 2);
}

TEST(does_not_spin_on_one_processor)
{
        struct spin spin = {.processors = 1};
        unsigned looks = 0;

        spin_slept(&spin, eddy_us(10), true);
        assert_false(spin_until(&spin, at_once, &looks, EDDY_FOREVER));
        assert_int_equal(looks, 0);
}

/** How many chances pass until it spins again. */
static unsigned count_passed(struct spin *spin)
{
        unsigned looks = 0, passed;

        for (passed = 0; looks == 0; passed++) {
                spin_slept(spin, eddy_us(10), true);
                spin_until(spin, never, &looks, eddy_us(1));
        }
        return passed - 1;
}

TEST(spins_less_and_less_in_vain)
{
        struct spin spin = promising();
        unsigned looks = 0, passed = 0;

        assert_false(spin_until(&spin, never, &looks, eddy_us(1)));
        assert_int_equal(count_passed(&spin), 1);
        assert_int_equal(count_passed(&spin), 3);
        assert_int_equal(count_passed(&spin), 7);
        for (int i = 0; i < 20; i++)
                passed = count_passed(&spin);
        assert_int_equal(passed, 1023);
        /* One that had its reward makes up for all. */
        for (unsigned i = 0; i <= passed; i++) {
                spin_slept(&spin, eddy_us(10), true);
                looks = 0;
                spin_until(&spin, at_once, &looks, eddy_us(1));
        }
        assert_int_equal(looks, 1);
        spin_until(&spin, never, &looks, eddy_us(1));
        assert_int_equal(count_passed(&spin), 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(does_not_spin_at_first),
            cmocka_unit_test(spins_after_a_short_sleep_that_ended_with_news),
            cmocka_unit_test(does_not_spin_on_one_processor),
            cmocka_unit_test(spins_less_and_less_in_vain),
        };

        return cmocka_run_group_tests_name("spin", tests, NULL, NULL);
}
