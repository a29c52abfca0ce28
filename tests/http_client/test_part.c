/* A download's file: whole or not there, and nobody else's. */
#include "http_client/part.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <eddy/error.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static char folder[] = "/tmp/eddy-download-XXXXXX";

static const char url[] = "http://example.org/name";

static bool exists(const char *name)
{
        return access(name, F_OK) == 0;
}

static void assert_content(const char *name, const char *expected)
{
        char text[64];
        FILE *file = fopen(name, "r");
        size_t n;

        assert_non_null(file);
        n = fread(text, 1, sizeof text - 1, file);
        text[n] = '\0';
        fclose(file);
        assert_string_equal(text, expected);
}

static void test_whole(void **state)
{
        struct part part;

        (void)state;
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(part_begin(&part, "\"tag\"", 6), 0);
        assert_int_equal(part_write(&part, "abc", 3), 0);
        assert_int_equal(part_write(&part, "def", 3), 0);
        assert_false(exists("name"));
        assert_true(exists(".name.part"));
        assert_int_equal(part_commit(&part, "name", false), 0);
        part_close(&part);
        assert_content("name", "abcdef");
        assert_false(exists(".name.part"));
        assert_int_equal(unlink("name"), 0);
}

static void test_begun_anew(void **state)
{
        struct part part;

        (void)state;
        assert_int_equal(part_open(&part, "./name", url), 0);
        assert_int_equal(part_begin(&part, NULL, 6), 0);
        assert_int_equal(part_write(&part, "abcdef", 6), 0);
        assert_int_equal(part_begin(&part, NULL, 6), 0);
        assert_int_equal(part_write(&part, "x", 1), 0);
        assert_int_equal(part_commit(&part, "name", false), 0);
        part_close(&part);
        assert_content("name", "x");
        assert_int_equal(unlink("name"), 0);
}

static void test_left_or_removed(void **state)
{
        struct part part;

        (void)state;
        assert_int_equal(part_open(&part, "name", url), 0);
        part_close(&part);
        assert_false(exists(".name.part"));
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(part_begin(&part, NULL, 6), 0);
        assert_int_equal(part_write(&part, "abc", 3), 0);
        part_close(&part);
        assert_false(exists(".name.part")); /* it could not be continued */
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(part_begin(&part, "\"tag\"", 6), 0);
        assert_int_equal(part_write(&part, "abc", 3), 0);
        part_close(&part);
        assert_true(exists(".name.part"));
        assert_int_equal(unlink(".name.part"), 0);
}

static void test_continued(void **state)
{
        struct part part;

        (void)state;
        assert_int_equal(part_open(&part, "name", url), 0);
        if (fsetxattr(part.fd, "user.test", "", 0, 0) < 0)
                skip(); /* needs a file system with extended attributes */
        assert_int_equal(part_begin(&part, "\"tag\"", 6), 0);
        assert_int_equal(part_write(&part, "abc", 3), 0);
        part_close(&part);

        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(part.size, 3);
        assert_int_equal(part.total, 6);
        assert_string_equal(part.validator, "\"tag\"");
        part_close(&part);

        assert_int_equal(truncate(".name.part", 7), 0); /* more than the whole was said to be */
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(part.size, 0);
        assert_int_equal(part_begin(&part, "\"tag\"", 6), 0);
        assert_int_equal(part_write(&part, "abc", 3), 0);
        part_close(&part);

        assert_int_equal(part_open(&part, "name", "http://example.org/other"), 0);
        assert_int_equal(part.size, 0);
        assert_null(part.validator);
        part_close(&part);
        assert_false(exists(".name.part"));
}

static void test_rest(void **state)
{
        static const struct {
                char *validator;
                int64_t size, total, left;
        } cases[] = {{"x", 0, -1, 0}, {"x", 0, 0, 0},  {"x", 3, 6, 3},  {"x", 3, -1, 2}, {"x", 3, 3, 2},
                     {"x", 1, 1, 0},  {"x", 1, -1, 0}, {NULL, 3, 6, 0}, {NULL, 3, -1, 0}};

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct part part = {
                    .fd = -1, .size = cases[i].size, .total = cases[i].total, .validator = cases[i].validator};

                part_leave_rest(&part);
                assert_int_equal(part.size, cases[i].left);
        }
}

/* Names as long as names may be, which ".NAME.part" is not; and no two get the same. */
static void test_long_names(void **state)
{
        char names[3][NAME_MAX + 1];
        struct part parts[3];

        (void)state;
        for (int i = 0; i < 3; i++) {
                int size = i < 2 ? NAME_MAX : NAME_MAX - (int)strlen("..part");

                memset(names[i], 'x', (size_t)size);
                names[i][size] = '\0';
                names[i][size - 1] = (char)('a' + i);
                assert_int_equal(part_open(&parts[i], names[i], url), 0);
                assert_int_equal(part_begin(&parts[i], NULL, -1), 0);
                assert_int_equal(part_write(&parts[i], names[i] + size - 1, 1), 0);
        }
        for (int i = 0; i < 3; i++) {
                assert_int_equal(part_commit(&parts[i], names[i], false), 0);
                part_close(&parts[i]);
                assert_content(names[i], names[i] + strlen(names[i]) - 1);
                assert_int_equal(unlink(names[i]), 0);
        }
}

/* A limit on the size of files is told by an error, and by no signal, which would end this program. */
static void test_too_large(void **state)
{
        struct rlimit before, limit;
        struct part part;

        (void)state;
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        limit = before;
        limit.rlim_cur = 4;
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(part_begin(&part, "\"tag\"", 6), 0);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_int_equal(part_write(&part, "abcdef", 6), -EFBIG);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(part.size, 4);
        part_close(&part);
        assert_content(".name.part", "abcd");
        assert_int_equal(unlink(".name.part"), 0);
}

static void test_name_taken(void **state)
{
        struct part part;

        (void)state;
        fclose(fopen("name", "w"));
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(part_begin(&part, "\"tag\"", 6), 0);
        assert_int_equal(part_write(&part, "abc", 3), 0);
        assert_int_equal(part_commit(&part, "name", false), -EEXIST);
        assert_content("name", "");
        assert_int_equal(part_commit(&part, "name", true), 0);
        part_close(&part);
        assert_content("name", "abc");
        assert_int_equal(unlink("name"), 0);
}

static void test_in_the_way(void **state)
{
        struct part part, other;
        int fd;

        (void)state;
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(part_open(&other, "name", url), -EBUSY);
        part_close(&part);

        fd = open("precious", O_CREAT | O_WRONLY, 0666);
        assert_int_equal(write(fd, "mine", 4), 4);
        close(fd);
        assert_int_equal(symlink("precious", ".name.part"), 0);
        assert_int_equal(part_open(&part, "name", url), -ELOOP);
        assert_int_equal(unlink(".name.part"), 0);
        assert_int_equal(link("precious", ".name.part"), 0);
        assert_int_equal(part_open(&part, "name", url), -EEXIST);
        assert_int_equal(unlink(".name.part"), 0);
        assert_int_equal(mkfifo(".name.part", 0666), 0);
        assert_int_equal(part_open(&part, "name", url), -EEXIST);
        assert_int_equal(unlink(".name.part"), 0);
        assert_content("precious", "mine");
        assert_int_equal(unlink("precious"), 0);
        assert_int_equal(part_open(&part, "none/name", url), -ENOENT);
}

static int set_up(void **state)
{
        (void)state;
        return mkdtemp(folder) ? chdir(folder) : -1;
}

static int tear_down(void **state)
{
        (void)state;
        return rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_whole),           cmocka_unit_test(test_begun_anew),
            cmocka_unit_test(test_left_or_removed), cmocka_unit_test(test_continued),
            cmocka_unit_test(test_name_taken),      cmocka_unit_test(test_rest),
            cmocka_unit_test(test_long_names),      cmocka_unit_test(test_too_large),
            cmocka_unit_test(test_in_the_way),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
