/* Directories: every entry is shown once, with what it is. */
#include "helpers.h"

enum { MANY = 3000 }; /* more than one batch */

static eddy_directory *open_directory(const char *path)
{
        eddy_directory *directory;

        assert_int_equal(eddy_directory_open(&directory, path), 0);
        return directory;
}

static void each_entry_once(void)
{
        static bool seen[MANY];
        eddy_directory *directory;
        eddy_directory_entry entry;
        unsigned count = 0;
        char name[32];
        int rc;

        mkdir("many", 0700);
        for (int i = 0; i < MANY; i++) {
                snprintf(name, sizeof name, "many/%d", i);
                put_file(name, "", 0);
        }
        directory = open_directory("many");
        while ((rc = eddy_directory_next(directory, &entry)) > 0) {
                int i = atoi(entry.name);

                assert_false(seen[i]);
                seen[i] = true;
                count++;
        }
        assert_int_equal(rc, 0);
        assert_int_equal(count, MANY);
        assert_int_equal(eddy_directory_next(directory, &entry), 0);
        eddy_directory_close(directory);
}

static void what_it_is(void)
{
        eddy_directory *directory, *below;
        eddy_directory_entry entry;
        char types[8] = "";
        eddy_file *file;

        mkdir("mixed", 0700);
        mkdir("mixed/d", 0700);
        put_file("mixed/d/x", "", 0);
        put_file("mixed/f", "f", 1);
        assert_int_equal(symlink("f", "mixed/l"), 0);
        directory = open_directory("mixed");
        while (eddy_directory_next(directory, &entry) > 0) {
                assert_true(strlen(entry.name) == 1 && entry.inode > 0);
                types[entry.name[0] == 'd' ? 0 : entry.name[0] == 'f' ? 1 : 2] = (char)entry.type;
        }
        if (types[0] != DT_UNKNOWN) {
                assert_int_equal(types[0], DT_DIR);
                assert_int_equal(types[1], DT_REG);
                assert_int_equal(types[2], DT_LNK);
        }
        /* It is also a place to open from. */
        assert_int_equal(eddy_directory_open_at(&below, eddy_directory_fd(directory), "d"), 0);
        assert_int_equal(eddy_directory_next(below, &entry), 1);
        assert_string_equal(entry.name, "x");
        assert_int_equal(eddy_directory_next(below, &entry), 0);
        eddy_directory_close(below);
        assert_int_equal(eddy_file_open_at(&file, eddy_directory_fd(directory), "f", O_RDONLY, 0), 0);
        eddy_file_close(file);
        eddy_directory_close(directory);
}

static void refusals(void)
{
        eddy_directory *directory;
        eddy_directory_entry entry;

        assert_int_equal(eddy_directory_open(&directory, "missing"), -ENOENT);
        assert_null(directory);
        put_file("file", "", 0);
        assert_int_equal(eddy_directory_open(&directory, "file"), -ENOTDIR);
        mkdir("short-lived", 0700);
        directory = open_directory("short-lived");
        rmdir("short-lived");
        assert_int_equal(eddy_directory_next(directory, &entry), -ENOENT);
        eddy_directory_close(directory);
        eddy_directory_close(NULL);
}

static void cancelled_in_between(void)
{
        eddy_directory *directory;
        eddy_directory_entry entry;

        mkdir("one", 0700);
        put_file("one/x", "", 0);
        directory = open_directory("one");
        eddy_cancel(eddy_current_task());
        assert_int_equal(eddy_directory_next(directory, &entry), EDDY_CANCELLED);
        eddy_uncancel();
        assert_int_equal(eddy_directory_next(directory, &entry), 1);
        assert_string_equal(entry.name, "x");
        eddy_cancel(eddy_current_task());
        eddy_directory_close(directory);
        eddy_uncancel();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(each_entry_once),
            scene_test(what_it_is),
            scene_test(refusals),
            scene_test(cancelled_in_between),
        };

        return cmocka_run_group_tests_name("directory", tests, make_folder, remove_folder);
}
