/* Nothing outside a folder is opened, whichever way the kernel helps. */
#include "http/beneath.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[] = "/tmp/eddy-beneath-XXXXXX";
static struct beneath folder;

static void write_file(const char *path, const char *text)
{
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        fputs(text, file);
        fclose(file);
}

static int set_up(void **state)
{
        char absolute[128];

        (void)state;
        assert_non_null(mkdtemp(place));
        assert_int_equal(chdir(place), 0);
        assert_int_equal(mkdir("root", 0777) | mkdir("root/sub", 0777) | mkdir("rootless", 0777), 0);
        write_file("secret", "secret");
        write_file("rootless/secret", "secret");
        write_file("root/file", "inside");
        write_file("root/sub/deep", "inside");
        assert_int_equal(symlink("sub/deep", "root/link-in"), 0);
        assert_int_equal(symlink("../file", "root/sub/link-up"), 0);
        assert_int_equal(symlink("sub", "root/link-folder"), 0);
        assert_int_equal(symlink("../secret", "root/link-out"), 0);
        assert_int_equal(symlink("..", "root/link-parent"), 0);
        assert_int_equal(symlink("/etc/passwd", "root/link-passwd"), 0);
        assert_int_equal(symlink("/proc/self/root", "root/link-magic"), 0);
        assert_int_equal(symlink("loop", "root/loop"), 0);
        snprintf(absolute, sizeof absolute, "%s/root/sub/deep", place);
        assert_int_equal(symlink(absolute, "root/link-absolute-in"), 0);
        snprintf(absolute, sizeof absolute, "%s/root/link-out", place);
        assert_int_equal(symlink(absolute, "root/link-absolute-out"), 0);
        snprintf(absolute, sizeof absolute, "%s/rootless/secret", place);
        assert_int_equal(symlink(absolute, "root/link-namesake"), 0);
        assert_int_equal(mkfifo("root/pipe", 0666), 0);
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

static int open_path(const char *path)
{
        int fd = beneath_open(&folder, path);

        if (fd >= 0)
                close(fd);
        return fd >= 0 ? 0 : fd;
}

static void assert_opens(const char *path)
{
        if (open_path(path) != 0)
                fail_msg("%s: %s", path, strerror(-open_path(path)));
}

static void assert_refused(const char *path)
{
        if (open_path(path) == 0)
                fail_msg("%s was opened", path);
}

static void test_inside(void **state)
{
        (void)state;
        assert_opens("");
        assert_opens("file");
        assert_opens("sub");
        assert_opens("sub/");
        assert_opens("sub/deep");
        assert_opens("pipe"); /* and does not wait for a writer */
        assert_int_equal(open_path("none"), -ENOENT);
        assert_int_equal(open_path("file/"), -ENOTDIR);
        assert_int_equal(open_path("file/x"), -ENOTDIR);
}

static void test_links_inside(void **state)
{
        (void)state;
        if (!folder.has_openat2) /* as on an emulated machine: then no link is followed */
                skip();
        assert_opens("link-in");
        assert_opens("sub/link-up");
        assert_opens("link-folder/deep");
        assert_opens("link-absolute-in");
}

static void test_outside(void **state)
{
        (void)state;
        assert_refused("link-out");
        assert_refused("link-parent");
        assert_refused("link-parent/secret");
        assert_refused("link-passwd");
        assert_refused("link-magic/etc/passwd");
        assert_refused("link-absolute-out");
        assert_refused("link-namesake");
        assert_refused("loop");
}

static void test_without_openat2(void **state)
{
        bool had = folder.has_openat2;

        (void)state;
        folder.has_openat2 = false;
        test_inside(state);
        test_outside(state);
        assert_refused("link-in");
        assert_refused("link-folder/deep");
        folder.has_openat2 = had;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_inside),
            cmocka_unit_test(test_links_inside),
            cmocka_unit_test(test_outside),
            cmocka_unit_test(test_without_openat2),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
