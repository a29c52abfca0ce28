/* Passwords that were found right. */
#include "serve_seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct seen seen;

static struct seen_mark mark_of(size_t user, const char *password)
{
        return seen_mark_of(&seen, user, password, strlen(password));
}

static bool has(size_t user, const char *password)
{
        const struct seen_mark mark = mark_of(user, password);

        return seen_has(&seen, &mark);
}

static void add(size_t user, const char *password)
{
        const struct seen_mark mark = mark_of(user, password);

        seen_add(&seen, &mark);
}

static void what_was_seen(void **state)
{
        (void)state;
        assert_int_equal(seen_init(&seen), 0);
        assert_false(has(0, "one"));
        add(0, "one");
        assert_true(has(0, "one"));
        assert_false(has(1, "one"));
        assert_false(has(0, "One"));
        assert_false(has(0, "one1"));
        assert_false(has(0, ""));
        add(1, "");
        assert_true(has(1, ""));
        assert_false(has(0, ""));
}

/* Of the same beginning, and where a word of the hash ends. */
static void lengths(void **state)
{
        static const char text[] = "0123456789abcdef0123456789";

        (void)state;
        assert_int_equal(seen_init(&seen), 0);
        for (size_t i = 0; i < sizeof text; i++) {
                const struct seen_mark mark = seen_mark_of(&seen, 0, text, i);

                assert_false(seen_has(&seen, &mark));
                seen_add(&seen, &mark);
                assert_true(seen_has(&seen, &mark));
        }
}

static void the_oldest_goes(void **state)
{
        (void)state;
        assert_int_equal(seen_init(&seen), 0);
        for (size_t user = 0; user < SEEN_MAX + 1; user++)
                add(user, "x");
        assert_false(has(0, "x"));
        for (size_t user = 1; user < SEEN_MAX + 1; user++)
                assert_true(has(user, "x"));
}

static void another_key(void **state)
{
        struct seen other;
        struct seen_mark mark;

        (void)state;
        assert_int_equal(seen_init(&seen) | seen_init(&other), 0);
        mark = mark_of(0, "one");
        seen_add(&other, &mark);
        mark = seen_mark_of(&other, 0, "one", 3);
        assert_false(seen_has(&other, &mark));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_was_seen),
            cmocka_unit_test(lengths),
            cmocka_unit_test(the_oldest_goes),
            cmocka_unit_test(another_key),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
