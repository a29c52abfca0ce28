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

static const char *const url[] = {"http://example.org/name", NULL};
static const char *const other_url[] = {"http://example.org/other", NULL};
static const char *const both_urls[] = {"http://example.org/other", "http://example.org/name", NULL};

static int begin(struct part *part, const char *validator, int64_t total)
{
        return part_begin(part, part_origin(url[0]), validator, total);
}

/* Into the first gap. */
static int fill(struct part *part, const void *data, size_t n)
{
        return part_write(part, gaps_from(&part->gaps, 0), data, n);
}

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
        assert_int_equal(begin(&part, "\"tag\"", 6), 0);
        assert_int_equal(fill(&part, "abc", 3), 0);
        assert_int_equal(fill(&part, "def", 3), 0);
        assert_false(exists("name"));
        assert_false(exists(".name.part")); /* so few bytes are in memory */
        assert_int_equal(part_commit(&part, "name", false), 0);
        part_close(&part);
        assert_content("name", "abcdef");
        assert_false(exists(".name.part"));
        assert_int_equal(unlink("name"), 0);
}

/* More than is kept in memory, of a size that is told or not. */
static void test_large(void **state)
{
        static char data[PART_MEMORY_MAX];
        const int64_t totals[] = {PART_MEMORY_MAX + 3, -1};
        struct stat status;
        struct part part;

        (void)state;
        memset(data, 'x', sizeof data);
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(part_open(&part, "name", url), 0);
                assert_int_equal(begin(&part, "\"tag\"", totals[i]), 0);
                assert_int_equal(fill(&part, "abc", 3), 0);
                assert_int_equal(exists(".name.part"), i == 0);
                assert_int_equal(fill(&part, data, sizeof data), 0);
                assert_true(exists(".name.part"));
                assert_int_equal(part_is_whole(&part), i == 0);
                assert_int_equal(part_commit(&part, "name", false), 0);
                part_close(&part);
                assert_int_equal(stat("name", &status), 0);
                assert_int_equal(status.st_size, sizeof data + 3);
                assert_false(exists(".name.part"));
                assert_int_equal(unlink("name"), 0);
        }
}

static void test_begun_anew(void **state)
{
        struct part part;

        (void)state;
        assert_int_equal(part_open(&part, "./name", url), 0);
        assert_int_equal(begin(&part, NULL, 6), 0);
        assert_int_equal(fill(&part, "abcdef", 6), 0);
        assert_int_equal(begin(&part, NULL, 6), 0);
        assert_int_equal(fill(&part, "x", 1), 0);
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
        assert_int_equal(begin(&part, NULL, 6), 0);
        assert_int_equal(fill(&part, "abc", 3), 0);
        part_close(&part);
        assert_false(exists(".name.part")); /* it could not be continued */
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(begin(&part, "\"tag\"", 6), 0);
        assert_int_equal(fill(&part, "abc", 3), 0);
        part_close(&part);
        assert_true(exists(".name.part"));
        assert_int_equal(unlink(".name.part"), 0);
}

static bool has_attributes(void)
{
        int fd = open("probe", O_CREAT | O_RDWR, 0666);
        bool has = fsetxattr(fd, "user.test", "", 0, 0) == 0;

        close(fd);
        unlink("probe");
        return has;
}

/* In two pieces, of which the second has begun: what is missing is known to the next process, and nothing that is missing is
 * taken for there. */
static void test_continued_with_holes(void **state)
{
        static char data[PART_MEMORY_MAX];
        const int64_t total = 4 * PART_MEMORY_MAX, half = total / 2;
        struct part part;
        struct gap *gap;

        (void)state;
        if (!has_attributes())
                skip(); /* needs a file system with extended attributes */
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(begin(&part, "\"tag\"", total), 0);
        assert_int_equal(fill(&part, data, 10), 0);
        gap = gaps_from(&part.gaps, 0);
        gap->is_taken = true;
        assert_true(part_divide(&part, 2));
        gap = gaps_waiting_from(&part.gaps, 0);
        assert_int_equal(gap->next, 10 + (total - 10) / 2);
        assert_int_equal(part_write(&part, gap, data, 100), 0);
        assert_int_equal(part.size, 110);
        part_close(&part);

        assert_int_equal(part_open(&part, "name", both_urls), 0);
        assert_int_equal(part.size, 110);
        assert_int_equal(part.total, total);
        assert_int_equal(part.origin, part_origin(url[0]));
        assert_int_equal(gaps_count(&part.gaps), 2);
        assert_int_equal(gaps_from(&part.gaps, 0)->next, 10);
        assert_int_equal(gaps_from(&part.gaps, 0)->end, 10 + (total - 10) / 2);
        assert_int_equal(gaps_from(&part.gaps, 11)->next, 110 + (total - 10) / 2);
        assert_int_equal(gaps_from(&part.gaps, 11)->end, total);
        part_close(&part);

        /* What is behind its map is none of it. */
        assert_int_equal(truncate(".name.part", half), 0);
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(part.size, 0);
        assert_null(part.validator);
        part_close(&part);
        assert_false(exists(".name.part"));
}

/* Maps that nobody of us wrote, or of another run of the machine. */
static void test_maps_that_are_not_believed(void **state)
{
        static const struct {
                const char *map;
                int64_t size; /* 0: not believed */
        } cases[] = {
            {"0:10-20,", 90},
            {"0:0-20,90-100,", 70},
            {"0:", 100},
            {"0:10-20,30-40,", 80},
            {"0:10-101,", 0},
            {"0:20-10,", 0},
            {"0:10-10,", 0},
            {"0:10-20,15-30,", 0},
            {"0:30-40,10-20,", 0},
            {"0:10-20", 0},
            {"0:10-x,", 0},
            {"0:-5-20,", 0},
            {"1:10-20,", 0},
            {"10-20,", 0},
            {"x", 0},
            {":10-20,", 0},
            {"0:10-99999999999999999999,", 0},
        };

        (void)state;
        if (!has_attributes())
                skip(); /* needs a file system with extended attributes */
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                char text[256];
                struct part part;
                int fd = open(".name.part", O_CREAT | O_RDWR, 0666);

                assert_int_equal(ftruncate(fd, 100), 0);
                snprintf(text, sizeof text, "%016llx 100 %s \"tag\"", (unsigned long long)part_origin(url[0]),
                         cases[i].map);
                assert_int_equal(fsetxattr(fd, "user.eddy.origin", text, strlen(text), 0), 0);
                close(fd);
                assert_int_equal(part_open(&part, "name", url), 0);
                if (part.size != cases[i].size)
                        fail_msg("%s: %lld", cases[i].map, (long long)part.size);
                part.size = 0; /* so that it goes */
                part_close(&part);
        }
        assert_false(exists(".name.part"));
}

static void test_continued(void **state)
{
        struct part part;

        (void)state;
        assert_int_equal(part_open(&part, "name", url), 0);
        if (!has_attributes())
                skip(); /* needs a file system with extended attributes */
        assert_int_equal(begin(&part, "\"tag\"", 6), 0);
        assert_int_equal(fill(&part, "abc", 3), 0);
        part_close(&part);

        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(part.size, 3);
        assert_int_equal(part.total, 6);
        assert_string_equal(part.validator, "\"tag\"");
        part_close(&part);

        assert_int_equal(truncate(".name.part", 7), 0); /* more than the whole was said to be */
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(part.size, 0);
        assert_int_equal(begin(&part, "\"tag\"", 6), 0);
        assert_int_equal(fill(&part, "abc", 3), 0);
        part_close(&part);
        assert_int_equal(unlink(".name.part"), 0);
}

/* What another URL has left is there for it until somebody begins a file in its place. */
static void test_left_by_another_url(void **state)
{
        struct part part;

        (void)state;
        if (!has_attributes())
                skip(); /* needs a file system with extended attributes */
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(begin(&part, "\"tag\"", 6), 0);
        assert_int_equal(fill(&part, "abc", 3), 0);
        part_close(&part);

        assert_int_equal(part_open(&part, "name", other_url), 0);
        assert_int_equal(part.size, 0);
        assert_null(part.validator);
        part_close(&part);
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(part.size, 3);
        assert_string_equal(part.validator, "\"tag\"");
        part_close(&part);

        assert_int_equal(part_open(&part, "name", other_url), 0);
        assert_int_equal(part_begin(&part, part_origin(other_url[0]), NULL, 6), 0);
        part_close(&part);
        assert_false(exists(".name.part"));
}

/* Of a process that was killed before it wrote anything. */
static void test_left_empty(void **state)
{
        struct part part;

        (void)state;
        fclose(fopen(".name.part", "w"));
        assert_int_equal(part_open(&part, "name", url), 0);
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
                assert_int_equal(begin(&parts[i], NULL, -1), 0);
                assert_int_equal(fill(&parts[i], names[i] + size - 1, 1), 0);
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
        assert_int_equal(begin(&part, "\"tag\"", PART_MEMORY_MAX + 1), 0);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_int_equal(fill(&part, "abcdef", 6), -EFBIG);
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
        assert_int_equal(begin(&part, "\"tag\"", 6), 0);
        assert_int_equal(fill(&part, "abc", 3), 0);
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
        assert_int_equal(begin(&part, NULL, PART_MEMORY_MAX + 1), 0);
        assert_int_equal(part_open(&other, "name", url), -EBUSY);
        part_close(&part);
        /* Who finds it only when there is something to write. */
        assert_int_equal(part_open(&part, "name", url), 0);
        assert_int_equal(part_open(&other, "name", url), 0);
        assert_int_equal(begin(&part, NULL, PART_MEMORY_MAX + 1), 0);
        assert_int_equal(begin(&other, NULL, PART_MEMORY_MAX + 1), -EBUSY);
        part_close(&part);
        part_close(&other);
        assert_false(exists(".name.part"));

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
        /* A folder that is not there is told when there is something to write. */
        assert_int_equal(part_open(&part, "none/name", url), 0);
        assert_int_equal(begin(&part, NULL, 6), 0);
        assert_int_equal(fill(&part, "abcdef", 6), 0);
        assert_int_equal(part_commit(&part, "none/name", false), -ENOENT);
        assert_int_equal(begin(&part, NULL, PART_MEMORY_MAX + 1), -ENOENT);
        part_close(&part);
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
            cmocka_unit_test(test_whole),
            cmocka_unit_test(test_begun_anew),
            cmocka_unit_test(test_left_or_removed),
            cmocka_unit_test(test_continued),
            cmocka_unit_test(test_left_by_another_url),
            cmocka_unit_test(test_left_empty),
            cmocka_unit_test(test_name_taken),
            cmocka_unit_test(test_rest),
            cmocka_unit_test(test_long_names),
            cmocka_unit_test(test_too_large),
            cmocka_unit_test(test_in_the_way),
            cmocka_unit_test(test_large),
            cmocka_unit_test(test_continued_with_holes),
            cmocka_unit_test(test_maps_that_are_not_believed),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
