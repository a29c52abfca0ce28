/* Which of the files beside a file is sent for it. */
#include "http/precompressed.h"

#include "../testing.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[] = "/tmp/eddy-precompressed-XXXXXX";
static struct beneath folder;
static struct stat original;

/* Write a file of so many bytes, changed at a moment. */
static void make_file(const char *path, size_t size, long second, long nanosecond)
{
        const struct timespec times[2] = {{second, nanosecond}, {second, nanosecond}};
        int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);

        assert_true(fd >= 0);
        for (size_t i = 0; i < size; i++)
                assert_int_equal(write(fd, "x", 1), 1);
        assert_int_equal(futimens(fd, times), 0);
        close(fd);
}

static int set_up(void **state)
{
        (void)state;
        assert_non_null(mkdtemp(place));
        assert_int_equal(chdir(place), 0);
        assert_int_equal(mkdir("root", 0777) | mkdir("root/sub", 0777) | mkdir("root/folder.br", 0777), 0);
        make_file("root/all", 100, 1000, 500);
        make_file("root/all.br", 30, 1000, 500);
        make_file("root/all.zst", 31, 2000, 0);
        make_file("root/all.gz", 32, 1000, 501);
        make_file("root/sub/old", 100, 1000, 500);
        make_file("root/sub/old.br", 30, 1000, 499);
        make_file("root/sub/old.zst", 30, 999, 999);
        make_file("root/sub/old.gz", 33, 1001, 0);
        make_file("root/none", 100, 1000, 500);
        make_file("root/folder", 100, 1000, 500);
        make_file("root/pipe", 100, 1000, 500);
        make_file("root/empty", 100, 1000, 500);
        make_file("root/empty.br", 0, 1000, 500);
        make_file("root/out", 100, 1000, 500);
        make_file("secret", 34, 3000, 0);
        assert_int_equal(mkfifo("root/pipe.br", 0666), 0);
        assert_int_equal(symlink("../secret", "root/out.br"), 0);
        return beneath_init(&folder, "root");
}

static int tear_down(void **state)
{
        char command[64];

        (void)state;
        beneath_finish(&folder);
        snprintf(command, sizeof command, "rm -rf %s", place);
        return system(command);
}

static int find_by(struct precompressed *found, const char *path, const char *accept,
                   int (*open)(const struct beneath *, const char *))
{
        struct acceptance acceptance;
        char name[128];

        snprintf(name, sizeof name, "root/%s", path);
        assert_int_equal(stat(name, &original), 0);
        acceptance_begin(&acceptance);
        acceptance_add(&acceptance, accept, strlen(accept));
        return precompressed_open(found, &folder, open, path, &original, &acceptance, &coding_of_files);
}

/* Find, and expect a coding and a size; those of nothing where it is IDENTITY. */
static void check(const char *path, const char *accept, enum coding coding, int size)
{
        struct precompressed found;

        assert_int_equal(find_by(&found, path, accept, beneath_open), 0);
        if (found.coding != coding)
                fail_msg("%s for %s: %d, not %d", path, accept, found.coding, coding);
        if (coding == CODING_IDENTITY) {
                assert_int_equal(found.fd, -1);
                return;
        }
        assert_int_equal(found.status.st_size, size);
        assert_int_equal(lseek(found.fd, 0, SEEK_END), size);
        close(found.fd);
}

static void test_best(void **state)
{
        (void)state;
        check("all", "gzip, br, zstd", CODING_BR, 30);
        check("all", "gzip, zstd", CODING_ZSTD, 31);
        check("all", "gzip", CODING_GZIP, 32);
        check("all", "gzip, br;q=0.5", CODING_GZIP, 32);
        check("all", "*", CODING_GZIP, 32);
        check("all", "br;q=0, gzip;q=0", CODING_IDENTITY, 0);
        check("all", "br;q=0.5, identity", CODING_IDENTITY, 0);
        check("all", "deflate", CODING_IDENTITY, 0);
        check("all", "", CODING_IDENTITY, 0);
        check("none", "gzip, br, zstd", CODING_IDENTITY, 0);
}

/** A script that was changed, and whose compressed copy was forgotten. */
static void test_not_older(void **state)
{
        (void)state;
        check("sub/old", "gzip, br, zstd", CODING_GZIP, 33);
        check("sub/old", "br, zstd", CODING_IDENTITY, 0);
}

static void test_no_files(void **state)
{
        (void)state;
        check("folder", "br", CODING_IDENTITY, 0);
        check("pipe", "br", CODING_IDENTITY, 0);
        check("empty", "br", CODING_IDENTITY, 0);
        check("out", "br", CODING_IDENTITY, 0);
}

static int ask_the_disk(const struct beneath *beneath, const char *path)
{
        (void)beneath, (void)path;
        return -EAGAIN;
}

static void test_says_that_only_the_disk_tells(void **state)
{
        struct precompressed found;

        (void)state;
        assert_int_equal(find_by(&found, "all", "br, gzip", ask_the_disk), -EAGAIN);
        assert_int_equal(found.coding, CODING_IDENTITY);
        assert_int_equal(found.fd, -1);
        assert_int_equal(find_by(&found, "all", "", ask_the_disk), 0);
}

static int count_open(void)
{
        int n = 0;

        for (int fd = 0; fd < 256; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

/** Whatever fails, the original is sent, or another coding; and nothing is left open. */
static void test_failures(void **state)
{
        int before = count_open();

        (void)state;
        for (unsigned long nth = 1; nth < 20; nth++) {
                struct precompressed found;

                fault_arm(nth, 1);
                assert_int_equal(find_by(&found, "all", "br, zstd, gzip", beneath_open), 0);
                fault_arm(0, 0);
                assert_int_equal(found.fd >= 0, found.coding != CODING_IDENTITY);
                if (found.fd >= 0)
                        close(found.fd);
                assert_int_equal(count_open(), before);
        }
        fault_arm(1, 1000);
        check("all", "br, zstd, gzip", CODING_IDENTITY, 0);
        fault_arm(0, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_best),     cmocka_unit_test(test_not_older),
            cmocka_unit_test(test_no_files), cmocka_unit_test(test_says_that_only_the_disk_tells),
            cmocka_unit_test(test_failures),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
