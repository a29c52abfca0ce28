#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "redis/options.h"
#include <string.h>

static void assert_same(const char *one, const char *other)
{
        if (one && other)
                assert_string_equal(one, other);
        else
                assert_true(one == other);
}

static void reads_all_parts(void **state)
{
        static const struct {
                const char *url;
                const char *user, *password, *host;
                uint16_t port;
                int database;
        } cases[] = {
            {"redis://", NULL, NULL, "127.0.0.1", 6379, 0},
            {"redis:///3", NULL, NULL, "127.0.0.1", 6379, 3},
            {"redis://example.org", NULL, NULL, "example.org", 6379, 0},
            {"redis://example.org:7000/15", NULL, NULL, "example.org", 7000, 15},
            {"redis://:secret@example.org/", NULL, "secret", "example.org", 6379, 0},
            {"redis://ada:se%40cr%3aet@[::1]:7000", "ada", "se@cr:et", "::1", 7000, 0},
            {"redis://ada@[fe80::1]", "ada", NULL, "fe80::1", 6379, 0},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                eddy_redis_options copy = {0};

                assert_int_equal(redis_options_copy(&copy, &(eddy_redis_options){.url = cases[i].url}), 0);
                assert_same(copy.user, cases[i].user);
                assert_same(copy.password, cases[i].password);
                assert_same(copy.host, cases[i].host);
                assert_int_equal(copy.port, cases[i].port);
                assert_int_equal(copy.database, cases[i].database);
                redis_options_free(&copy);
        }
}

static void leaves_the_rest_to_the_fields(void **state)
{
        eddy_redis_options copy = {0}, options = {.url = "redis://example.org",
                                                  .host = "other.example.org",
                                                  .port = 7000,
                                                  .password = "secret",
                                                  .database = 3};

        (void)state;
        assert_int_equal(redis_options_copy(&copy, &options), 0);
        assert_string_equal(copy.host, "example.org");
        assert_string_equal(copy.password, "secret");
        assert_int_equal(copy.port, 7000);
        assert_int_equal(copy.database, 3);
        redis_options_free(&copy);
}

static void refuses_what_is_none(void **state)
{
        static const char *const urls[] = {
            "http://example.org",
            "example.org",
            "redis:example.org",

            "redis://a:b",
            "redis://a:0",
            "redis://a:65536",
            "redis://a:99999999999999999999",
            "redis://a/b",
            "redis://a/1?db=2",
            "redis://a/99999999999",
            "redis://[::1",
            "redis://[::1]6379",
            "redis://%2@a",
            "redis://%zz@a",
            "redis://%00@a",
            "rediss://a",
            "",
        };

        (void)state;
        for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
                eddy_redis_options copy = {0};

                if (redis_options_copy(&copy, &(eddy_redis_options){.url = urls[i]}) != -EINVAL)
                        fail_msg("%s", urls[i]);
                redis_options_free(&copy);
        }
}

static void refuses_a_path_as_well(void **state)
{
        eddy_redis_options copy = {0};

        (void)state;
        assert_int_equal(
            redis_options_copy(&copy, &(eddy_redis_options){.url = "redis://a", .path = "/socket"}), -EINVAL);
        redis_options_free(&copy);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(reads_all_parts),
            cmocka_unit_test(leaves_the_rest_to_the_fields),
            cmocka_unit_test(refuses_what_is_none),
            cmocka_unit_test(refuses_a_path_as_well),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
