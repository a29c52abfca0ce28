/* Adapters that find a libeddy of another version: test_load_refused OTHER_LIBEDDY LIBEDDY ADAPTER... */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <string.h>

static const char *other;
static char **adapters;

static void says_which_version_it_needs(void **state)
{
        (void)state;
        /* Its name is that of the right one, which nobody looks for any more. */
        assert_non_null(dlopen(other, RTLD_LAZY | RTLD_LOCAL));
        for (char **adapter = adapters; *adapter; adapter++) {
                const char *why;

                assert_null(dlopen(*adapter, RTLD_LAZY | RTLD_LOCAL));
                why = dlerror();
                if (!strstr(why, "undefined symbol: eddy_version_"))
                        fail_msg("%s", why);
        }
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(says_which_version_it_needs),
        };

        if (argc < 3)
                return 2;
        other = argv[1];
        adapters = argv + 3;
        return cmocka_run_group_tests_name("load_refused", tests, NULL, NULL);
}
