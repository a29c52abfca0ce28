/* Lists of folders: their order, and what they say. */
#include "../testing.h"

#include "http/listing.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int compare_names(const char *a, const char *b)
{
        struct listing_entry first = {.name = (char *)a, .kind = LISTING_FILE},
                             second = {.name = (char *)b, .kind = LISTING_FILE};

        return listing_compare(&first, &second, &(struct listing_options){.order = LISTING_BY_NAME});
}

TEST(names)
{
        static const char *const sorted[] = {"",
                                             "1",
                                             "2",
                                             "10",
                                             "10a",
                                             "A",
                                             "a",
                                             "a1",
                                             "a01",
                                             "a001",
                                             "a2",
                                             "a10",
                                             "a010",
                                             "a10b",
                                             "a11",
                                             "ab",
                                             "B",
                                             "b.c",
                                             "img1-2",
                                             "img1-10",
                                             "img2-1",
                                             "x9",
                                             "x99999999999999999999999999",
                                             "x100000000000000000000000000",
                                             "\xc3\xa4"};
        enum { COUNT = sizeof sorted / sizeof *sorted };

        for (size_t i = 0; i < COUNT; i++)
                for (size_t j = 0; j < COUNT; j++) {
                        int sign = compare_names(sorted[i], sorted[j]);

                        /* Those with zeroes in front lie beside each other, in one order or another, and never are the same. */
                        if (strncmp(sorted[i], "a0", 2) == 0 || strncmp(sorted[j], "a0", 2) == 0)
                                assert_true((sign == 0) == (i == j));
                        else if ((sign > 0) != (i > j) || (sign < 0) != (i < j))
                                fail_msg("'%s' and '%s'", sorted[i], sorted[j]);
                        assert_true((sign > 0) == (compare_names(sorted[j], sorted[i]) < 0));
                }
}

TEST(orders)
{
        struct listing_entry small_old = {"b", 1, 10, LISTING_FILE}, large_new = {"a", 2, 20, LISTING_FILE},
                             folder = {"z", 4096, 30, LISTING_FOLDER}, other = {"y", 8192, 5, LISTING_FOLDER};
        struct listing_options options = {.order = LISTING_BY_SIZE};

        assert_true(listing_compare(&small_old, &large_new, &options) < 0);
        assert_true(listing_compare(&folder, &small_old, &options) < 0);
        assert_true(listing_compare(&other, &folder, &options) < 0); /* a folder's size says nothing */
        options.order = LISTING_BY_TIME;
        assert_true(listing_compare(&small_old, &large_new, &options) < 0);
        options.is_descending = true;
        assert_true(listing_compare(&small_old, &large_new, &options) > 0);
        assert_true(listing_compare(&folder, &large_new, &options) < 0);
        assert_true(listing_compare(&folder, &other, &options) < 0);
}

TEST(queries)
{
        static const struct {
                const char *query;
                enum listing_order order;
                bool is_descending;
        } rows[] = {
            {NULL, LISTING_BY_NAME, false},
            {"?", LISTING_BY_NAME, false},
            {"?sort=size", LISTING_BY_SIZE, false},
            {"?sort=time&order=desc", LISTING_BY_TIME, true},
            {"?order=desc&sort=time", LISTING_BY_TIME, true},
            {"?order=desc", LISTING_BY_NAME, true},
            {"?sort=sizes&order=descending", LISTING_BY_NAME, false},
            {"?resort=size&border=desc", LISTING_BY_NAME, false},
            {"?sort=sizes&sort=size", LISTING_BY_SIZE, false},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct listing_options options = {.order = LISTING_BY_NAME};

                listing_read_query(&options, rows[i].query);
                assert_int_equal(options.order, rows[i].order);
                assert_int_equal(options.is_descending, rows[i].is_descending);
        }
}

static char place[] = "/tmp/eddy-listing-XXXXXX";

static int make_folder(void **state)
{
        char path[128];

        (void)state;
        assert_non_null(mkdtemp(place));
        for (int i = 0; i < 100; i++) {
                snprintf(path, sizeof path, "%s/file-%d.txt", place, i);
                close(open(path, O_CREAT | O_WRONLY, 0600));
        }
        snprintf(path, sizeof path, "%s/folder", place);
        return mkdir(path, 0700);
}

static int remove_folder(void **state)
{
        char command[128];

        (void)state;
        snprintf(command, sizeof command, "rm -rf %s", place);
        return system(command);
}

static int list(struct listing *page, const struct listing_options *options)
{
        *page = (struct listing){0};
        return listing_make(page, open(place, O_RDONLY | O_DIRECTORY), "a/b/", options);
}

TEST(pages)
{
        const struct listing_options options = {.order = LISTING_BY_NAME, .has_form = true};
        struct listing page;
        char *text;

        assert_int_equal(list(&page, &options), 0);
        text = strndup(page.text, page.size);
        assert_non_null(strstr(text, "<title>/a/b/</title>"));
        assert_true(strstr(text, ">folder/</a>") < strstr(text, ">file-0.txt</a>"));
        assert_true(strstr(text, ">file-9.txt</a>") < strstr(text, ">file-10.txt</a>"));
        assert_non_null(strstr(text, "<form"));
        assert_non_null(strstr(text, "1 folder, 100 files, 0 B"));
        free(text);
        listing_finish(&page);
}

/* Each file has a size and a time of its own, whatever the one before it has. */
TEST(sizes_and_times)
{
        static const struct {
                long long size;
                time_t modified;
                const char *text;
        } rows[] = {
            {0, 0, "<td>0 B<td>1970-01-01 00:00\n"},
            {7, -1, "<td>7 B<td>1969-12-31 23:59\n"},
            {42, 59, "<td>42 B<td>1970-01-01 00:00\n"},
            {999, 60, "<td>999 B<td>1970-01-01 00:01\n"},
            {1000, 1700000000, "<td>1.0 kB<td>2023-11-14 22:13\n"},
            {2500000, 1700000000, "<td>2.5 MB<td>2023-11-14 22:13\n"},
        };
        struct listing page;
        char path[128], row[256];

        setenv("TZ", "UTC", 1);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = rows[i].modified}};

                snprintf(path, sizeof path, "%s/file-%zu.txt", place, i);
                assert_int_equal(truncate(path, rows[i].size), 0);
                assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
        }
        assert_int_equal(list(&page, &(struct listing_options){.order = LISTING_BY_NAME}), 0);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                snprintf(row, sizeof row, ">file-%zu.txt</a>%s", i, rows[i].text);
                assert_non_null(memmem(page.text, page.size, row, strlen(row)));
        }
        listing_finish(&page);
}

/** Where memory fails there is no page, and no part of one; a file that cannot be asked about is left out. */
TEST(failures)
{
        const struct listing_options options = {.order = LISTING_BY_SIZE, .has_form = true};
        struct listing page;
        int rc = -1;

        for (unsigned long nth = 1; rc < 0 || nth < 100; nth++) {
                fault_arm(nth, 1);
                rc = list(&page, &options);
                assert_true(rc == 0 || rc == -ENOMEM);
                listing_finish(&page);
                if (nth > fault_uses())
                        break;
        }
        fault_arm(0, 0);
        assert_int_equal(rc, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(names), cmocka_unit_test(orders),          cmocka_unit_test(queries),
            cmocka_unit_test(pages), cmocka_unit_test(sizes_and_times), cmocka_unit_test(failures),
        };

        return cmocka_run_group_tests_name("listing", tests, make_folder, remove_folder);
}
