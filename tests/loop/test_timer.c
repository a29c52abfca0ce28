#include "testing.h"
#include <stdlib.h>

enum { MANY = 2000 };

/** A timer that tells of its turn. */
struct clock {
        eddy_timer timer;
        eddy_loop *loop;
        eddy_time due;
        bool has_fired;
};

static struct clock clocks[MANY];
static struct clock *fired[MANY];
static unsigned fired_count, expected_count;

static void fire(void *arg)
{
        struct clock *clock = arg;

        assert_true(eddy_now() >= clock->due);
        assert_true(eddy_loop_time(clock->loop) >= clock->due);
        assert_false(clock->has_fired);
        clock->has_fired = true;
        fired[fired_count++] = clock;
        if (fired_count == expected_count)
                eddy_loop_stop(clock->loop);
}

static void expect(eddy_loop *loop, unsigned count)
{
        fired_count = 0;
        expected_count = count;
        for (unsigned i = 0; i < MANY; i++)
                clocks[i] = (struct clock){.loop = loop};
}

static void set(unsigned i, eddy_time due)
{
        clocks[i].due = due;
        assert_int_equal(eddy_call_at(clocks[i].loop, &clocks[i].timer, due, fire, &clocks[i]), 0);
}

TEST(fires_equal_moments_in_the_order_of_setting)
{
        eddy_loop *loop = new_loop();
        eddy_time soon = eddy_now() + eddy_ms(2);

        expect(loop, 100);
        for (unsigned i = 0; i < 100; i++)
                set(i, soon);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        for (unsigned i = 0; i < 100; i++)
                assert_ptr_equal(fired[i], &clocks[i]);
        eddy_loop_destroy(loop);
}

static void set_the_rest(void *arg)
{
        (void)arg;
        for (unsigned i = 10; i < 20; i++)
                set(i, clocks[0].due);
}

TEST(keeps_the_order_of_setting_as_the_moment_comes_near)
{
        eddy_loop *loop = new_loop();
        eddy_time due = eddy_now() + eddy_ms(20);

        /* The first are set from far away, the others when the moment is close. */
        expect(loop, 20);
        for (unsigned i = 0; i < 10; i++)
                set(i, due);
        eddy_call_at(loop, NULL, due - eddy_us(50), set_the_rest, NULL);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        for (unsigned i = 0; i < 20; i++)
                assert_ptr_equal(fired[i], &clocks[i]);
        eddy_loop_destroy(loop);
}

TEST(fires_random_moments_in_order_and_never_early)
{
        eddy_loop *loop = new_loop();
        eddy_time now = eddy_now();

        srandom(4711);
        expect(loop, MANY);
        for (unsigned i = 0; i < MANY; i++)
                set(i, now - eddy_ms(1) + random() % eddy_ms(30));
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        for (unsigned i = 1; i < MANY; i++)
                assert_true(fired[i]->due >= fired[i - 1]->due);
        eddy_loop_destroy(loop);
}

TEST(fires_within_one_tick_by_moment)
{
        eddy_loop *loop = new_loop();
        eddy_time soon = eddy_now() + eddy_ms(1);

        /* Nanoseconds apart, set from the last to the first, three for each moment. */
        expect(loop, 150);
        for (unsigned i = 0; i < 150; i++)
                set(i, soon - (eddy_time)(i / 3));
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        for (unsigned i = 0; i < 150; i++)
                assert_ptr_equal(fired[i], &clocks[(49 - i / 3) * 3 + i % 3]);
        eddy_loop_destroy(loop);
}

TEST(never_fires_what_is_set_for_ever)
{
        eddy_timer never = {.when = 0}, later = {.when = 0}, centuries = {.when = 0};
        eddy_loop *loop = new_loop();

        trail_clear();
        assert_int_equal(eddy_call_at(loop, &never, EDDY_FOREVER, note, "x"), 0);
        assert_int_equal(eddy_call_at(loop, NULL, EDDY_FOREVER, note, "x"), 0);
        assert_int_equal(eddy_call_later(loop, &later, EDDY_FOREVER, note, "x"), 0);
        assert_int_equal(eddy_call_later(loop, &centuries, EDDY_FOREVER / 2, note, "x"), 0);
        eddy_call_later(loop, NULL, eddy_ms(1), stop, loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_trail("");
        assert_true(eddy_timer_cancel(&centuries));
        eddy_loop_destroy(loop);
}

TEST(fires_at_once_what_is_late)
{
        eddy_timer past = {.when = 0};
        eddy_loop *loop = new_loop();

        trail_clear();
        eddy_call_later(loop, NULL, -1000, note, "a");
        eddy_call_later(loop, NULL, 0, note, "b");
        eddy_call_at(loop, &past, -5, note, "0");
        eddy_call_later(loop, NULL, eddy_us(1), stop, loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_trail("0ab");
        eddy_loop_destroy(loop);
}

TEST(cancels_and_sets_anew)
{
        eddy_timer a = {.when = 0}, b = {.when = 0}, unused = {.when = 0};
        eddy_loop *loop = new_loop();
        eddy_time now = eddy_now();

        trail_clear();
        assert_false(eddy_timer_cancel(&unused));
        eddy_call_at(loop, &a, now + eddy_ms(1), note, "a");
        assert_true(eddy_timer_cancel(&a));
        assert_false(eddy_timer_cancel(&a));
        eddy_call_at(loop, &b, now + eddy_ms(1), note, "x");
        eddy_call_at(loop, &b, now + eddy_ms(3), note, "b"); /* later */
        eddy_call_at(loop, &a, now + eddy_seconds(100), note, "x");
        eddy_call_at(loop, &a, now + eddy_ms(2), note, "a"); /* earlier */
        eddy_call_at(loop, NULL, now + eddy_ms(4), stop, loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_trail("ab");
        assert_false(eddy_timer_cancel(&b));
        eddy_loop_destroy(loop);
}

static eddy_timer victim;

static void cancel_victim(void *arg)
{
        (void)arg;
        trail_add(eddy_timer_cancel(&victim) ? 'y' : 'n');
}

TEST(cancels_one_that_is_due_in_the_same_iteration)
{
        eddy_loop *loop = new_loop();

        trail_clear();
        victim = (eddy_timer){.when = 0};
        eddy_call_at(loop, NULL, 1, cancel_victim, NULL);
        eddy_call_at(loop, &victim, 2, note, "x");
        run_once(loop);
        assert_trail("y");
        eddy_loop_destroy(loop);
}

struct ticker {
        eddy_loop *loop;
        eddy_timer timer;
        int left;
};

static void tick(void *arg)
{
        struct ticker *ticker = arg;

        if (--ticker->left == 0)
                eddy_loop_stop(ticker->loop);
        else
                eddy_call_later(ticker->loop, &ticker->timer, eddy_us(20), tick, ticker);
}

TEST(is_set_again_within_its_own_callback)
{
        struct ticker ticker = {.loop = new_loop(), .left = 100};

        eddy_call_later(ticker.loop, &ticker.timer, 0, tick, &ticker);
        assert_int_equal(eddy_loop_run_forever(ticker.loop), 0);
        assert_int_equal(ticker.left, 0);
        eddy_loop_destroy(ticker.loop);
}

TEST(sets_and_cancels_a_million_without_growing)
{
        unsigned count = scaled(1000000);
        eddy_timer *timers = calloc(count, sizeof *timers);
        eddy_loop *loop = new_loop();
        eddy_time now = eddy_now();

        trail_clear();
        srandom(42);
        fault_arm(0, 0);
        for (unsigned i = 0; i < count; i++)
                eddy_call_at(loop, &timers[i], now + eddy_seconds(1) + random() * INT64_C(1000), note, "x");
        for (unsigned i = 0; i < count; i++)
                assert_true(eddy_timer_cancel(&timers[i]));
        assert_int_equal(fault_uses(), 0);
        free(timers); /* nothing of them is left in the loop */
        eddy_call_later(loop, NULL, eddy_ms(1), stop, loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_trail("");
        eddy_loop_destroy(loop);
}

/* Deadlines so far away that a test cannot wait for them are reached through the wheel itself. */
TEST(reaches_years_ahead)
{
        static struct timer_wheel wheel;
        static eddy_timer timers[60];
        eddy_time now = 12345678901234;
        unsigned count = 0;

        timer_wheel_init(&wheel, now);
        for (unsigned bit = 0; bit < 59; bit++, count++) {
                timers[bit].when = now + (INT64_C(1) << bit);
                timer_wheel_add(&wheel, &timers[bit]);
        }
        for (unsigned bit = 0; bit < count; bit++) {
                eddy_duration timeout;
                eddy_link ready;

                list_init(&ready);
                timer_wheel_expire(&wheel, timers[bit].when - 1, &ready);
                assert_true(list_is_empty(&ready));
                /* The loop would sleep, wake and look again; it must neither miss the moment nor spin. */
                for (int rounds = 0; list_is_empty(&ready); rounds++) {
                        assert_true(rounds < 10);
                        timeout = timer_wheel_timeout(&wheel, now);
                        assert_true(timeout < EDDY_FOREVER);
                        assert_true(now + timeout <= timers[bit].when + 4096);
                        now += timeout;
                        timer_wheel_expire(&wheel, now, &ready);
                }
                assert_true(now >= timers[bit].when);
                while (!list_is_empty(&ready)) {
                        assert_ptr_equal(list_pop(&ready), &timers[bit].handle.link);
                        if (!list_is_empty(&ready))
                                bit++;
                }
        }
        assert_int_equal(timer_wheel_timeout(&wheel, now), EDDY_FOREVER);
}

/* Nor may a test be late on purpose. */
TEST(expires_very_many_in_portions_and_in_order)
{
        static struct timer_wheel wheel;
        static eddy_timer timers[3000];
        const unsigned count = sizeof timers / sizeof timers[0];
        eddy_time now = 12345678901234, late = now + (eddy_time)count * 5000;
        unsigned expired = 0, portions = 0;

        timer_wheel_init(&wheel, now);
        for (unsigned i = 0; i < count; i++) {
                timers[i].when = now + (eddy_time)i * 5000;
                timer_wheel_add(&wheel, &timers[i]);
        }
        while (timer_wheel_timeout(&wheel, late) == 0) {
                unsigned before = expired;
                eddy_link ready, *link;

                list_init(&ready);
                timer_wheel_expire(&wheel, late, &ready);
                while ((link = list_pop(&ready)))
                        assert_ptr_equal(link, &timers[expired++].handle.link);
                assert_true(expired > before);
                portions++;
        }
        assert_int_equal(expired, count);
        assert_true(portions > 10);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(fires_equal_moments_in_the_order_of_setting),
            cmocka_unit_test(keeps_the_order_of_setting_as_the_moment_comes_near),
            cmocka_unit_test(fires_random_moments_in_order_and_never_early),
            cmocka_unit_test(fires_within_one_tick_by_moment),
            cmocka_unit_test(never_fires_what_is_set_for_ever),
            cmocka_unit_test(fires_at_once_what_is_late),
            cmocka_unit_test(cancels_and_sets_anew),
            cmocka_unit_test(cancels_one_that_is_due_in_the_same_iteration),
            cmocka_unit_test(is_set_again_within_its_own_callback),
            cmocka_unit_test(sets_and_cancels_a_million_without_growing),
            cmocka_unit_test(reaches_years_ahead),
            cmocka_unit_test(expires_very_many_in_portions_and_in_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
