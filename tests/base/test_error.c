#include "testing.h"

TEST(tells_errors_from_values)
{
        assert_true(eddy_is_error(-1));
        assert_true(eddy_is_error(EDDY_ERROR_MIN));
        assert_true(eddy_is_error(EDDY_CANCELLED));
        assert_false(eddy_is_error(0));
        assert_false(eddy_is_error(1));
        assert_false(eddy_is_error(EDDY_ERROR_MIN - 1));
        assert_false(eddy_is_error(INTPTR_MIN));
}

TEST(names_every_code)
{
        static const struct {
                int rc;
                const char *name;
        } codes[] = {
            {EDDY_CANCELLED, "EDDY_CANCELLED"},
            {EDDY_TIMEOUT, "EDDY_TIMEOUT"},
            {-ETIMEDOUT, "ETIMEDOUT"},
            {EDDY_PENDING, "EDDY_PENDING"},
            {EDDY_EINCOMPLETE, "EDDY_EINCOMPLETE"},
            {EDDY_ELIMIT, "EDDY_ELIMIT"},
            {EDDY_EINVALIDSTATE, "EDDY_EINVALIDSTATE"},
            {EDDY_ENOTASK, "EDDY_ENOTASK"},
            {EDDY_ENOLOOP, "EDDY_ENOLOOP"},
            {EDDY_ELOOPCLOSED, "EDDY_ELOOPCLOSED"},
            {EDDY_ELOOPRUNNING, "EDDY_ELOOPRUNNING"},
            {EDDY_EWRONGLOOP, "EDDY_EWRONGLOOP"},
            {EDDY_ESTOPPED, "EDDY_ESTOPPED"},
            {EDDY_ESELFAWAIT, "EDDY_ESELFAWAIT"},
            {EDDY_EBUSY, "EDDY_EBUSY"},
            {EDDY_ERESOLVE, "EDDY_ERESOLVE"},
            {EDDY_EPROTOCOL, "EDDY_EPROTOCOL"},
            {EDDY_EGROUPCLOSED, "EDDY_EGROUPCLOSED"},
            {-ENOENT, "ENOENT"},
            {-EPERM, "EPERM"},
            {0, "OK"},
            {-3999, "unknown"},
            {42, "unknown"},
        };

        for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
                assert_string_equal(eddy_errname(codes[i].rc), codes[i].name);
                assert_true(strlen(eddy_strerror(codes[i].rc)) > 0);
        }
        assert_string_equal(eddy_strerror(-ENOENT), "No such file or directory");
        assert_string_equal(eddy_strerror(0), "no error");
        assert_string_equal(eddy_strerror(-3999), "unknown error");
}

TEST(names_the_errors_of_programs)
{
        static const eddy_error_name ours[] = {{-2000, "NO_TEA", "the pot is empty"}},
                                     theirs[] = {{-2001, "NO_MILK", ""}};
        static eddy_error_block our_block = {.names = ours, .count = 1},
                                their_block = {.names = theirs, .count = 1};

        assert_string_equal(eddy_errname(-2000), "unknown");
        eddy_register_errors(&our_block);
        eddy_register_errors(&their_block);
        eddy_register_errors(&our_block);
        assert_string_equal(eddy_errname(-2000), "NO_TEA");
        assert_string_equal(eddy_strerror(-2000), "the pot is empty");
        assert_string_equal(eddy_errname(-2001), "NO_MILK");
        assert_string_equal(eddy_errname(-2002), "unknown");
}

TEST(keeps_a_detail_for_the_thread)
{
        char longer[1000];

        assert_int_equal(eddy_fail(-ENOENT, "no file '%s' in %d folders", "x", 3), -ENOENT);
        assert_string_equal(eddy_error_detail(), "no file 'x' in 3 folders");
        memset(longer, 'y', sizeof longer - 1);
        longer[sizeof longer - 1] = '\0';
        eddy_fail(-EIO, "%s", longer);
        assert_memory_equal(eddy_error_detail(), longer, 100);
}

static intptr_t fail_with_detail(void *arg)
{
        (void)arg;
        return eddy_fail(-EIO, "the disk is full of water");
}

COROUTINE_TEST(keeps_a_detail_for_each_task)
{
        intptr_t result;

        eddy_fail(-ENOENT, "mine");
        assert_int_equal(eddy_await(NULL, NULL), -ENOMEM);
        eddy_task *task = eddy_create_task(fail_with_detail, NULL);

        assert_int_equal(eddy_yield(), 0);
        assert_true(eddy_done(task));
        assert_string_equal(eddy_error_detail(), "mine");
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, -EIO);
        assert_string_equal(eddy_error_detail(), "the disk is full of water");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(tells_errors_from_values),     cmocka_unit_test(names_every_code),
            cmocka_unit_test(names_the_errors_of_programs), cmocka_unit_test(keeps_a_detail_for_the_thread),
            cmocka_unit_test(keeps_a_detail_for_each_task),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
