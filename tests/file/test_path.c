/* Paths: each function does what its system call does, and nothing where the caller was cancelled before. */
#include "helpers.h"

static void names(void)
{
        struct stat status;
        char target[16];

        put_file("a", "abc", 3);
        assert_int_equal(eddy_path_stat("a", &status), 0);
        assert_int_equal(status.st_size, 3);
        assert_int_equal(eddy_path_chmod("a", 0640), 0);
        assert_int_equal(eddy_path_rename("a", "b"), 0);
        assert_int_equal(eddy_path_stat("a", &status), -ENOENT);
        assert_int_equal(eddy_path_stat("b", &status), 0);
        assert_int_equal(status.st_mode & 0777, 0640);

        assert_int_equal(eddy_path_symlink("b", "link"), 0);
        assert_int_equal(eddy_path_symlink("b", "link"), -EEXIST);
        assert_int_equal(eddy_path_stat("link", &status), 0);
        assert_true(S_ISREG(status.st_mode));
        assert_int_equal(eddy_path_lstat("link", &status), 0);
        assert_true(S_ISLNK(status.st_mode));
        assert_int_equal(eddy_path_readlink("link", target, 2), 1);
        assert_string_equal(target, "b");
        assert_int_equal(eddy_path_readlink("link", target, 1), -ENAMETOOLONG);
        assert_int_equal(eddy_path_readlink("b", target, sizeof target), -EINVAL);

        assert_int_equal(eddy_path_unlink("link"), 0);
        assert_int_equal(eddy_path_unlink("link"), -ENOENT);
        assert_true(exists("b"));
        assert_int_equal(eddy_path_unlink("b"), 0);
}

static void folders(void)
{
        struct stat status;
        mode_t mask = umask(022);

        assert_int_equal(eddy_path_mkdir("dir", 0777), 0);
        umask(mask);
        assert_int_equal(eddy_path_mkdir("dir", 0777), -EEXIST);
        assert_int_equal(eddy_path_stat("dir", &status), 0);
        assert_true(S_ISDIR(status.st_mode));
        assert_int_equal(status.st_mode & 0777, 0755);
        put_file("dir/a", "", 0);
        assert_int_equal(eddy_path_rmdir("dir"), -ENOTEMPTY);
        assert_int_equal(eddy_path_unlink("dir/a"), 0);
        assert_int_equal(eddy_path_rmdir("dir"), 0);
        assert_false(exists("dir"));
}

static void cancelled_before_it_began(void)
{
        char target[16];
        struct stat status;

        put_file("kept", "", 0);
        eddy_cancel(eddy_current_task());
        assert_int_equal(eddy_path_unlink("kept"), EDDY_CANCELLED);
        assert_int_equal(eddy_path_rename("kept", "other"), EDDY_CANCELLED);
        assert_int_equal(eddy_path_stat("kept", &status), EDDY_CANCELLED);
        assert_int_equal(eddy_path_readlink("kept", target, sizeof target), EDDY_CANCELLED);
        eddy_uncancel();
        assert_true(exists("kept"));
        assert_int_equal(eddy_path_unlink("kept"), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(names),
            scene_test(folders),
            scene_test(cancelled_before_it_began),
        };

        return cmocka_run_group_tests_name("path", tests, make_folder, remove_folder);
}
