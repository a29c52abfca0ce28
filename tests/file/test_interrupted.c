/* Every call that may suspend is refused on entry while an interruption is in force, whether it would have to suspend
 * or not, and has taken and done nothing then; what closes, closes. */
#include "helpers.h"

static eddy_file *file;
static eddy_directory *directory;
static eddy_watch *watch;
static char buffer[16], *data;
static struct stat status;
static const struct iovec part = {buffer, 4};

static eddy_file *opened;
static eddy_directory *opened_directory;
static eddy_directory_entry entry;
static eddy_watch_event event;

#define CALL(name, expression)                                                                                 \
        static ssize_t name(void)                                                                              \
        {                                                                                                      \
                return (expression);                                                                           \
        }

CALL(open_file, eddy_file_open(&opened, "new", O_CREAT | O_RDWR, 0600))
CALL(open_at, eddy_file_open_at(&opened, AT_FDCWD, "new", O_CREAT | O_RDWR, 0600))
CALL(open_temporary, eddy_file_open_temporary(&opened, "."))
CALL(read_file, eddy_file_read(file, buffer, 4))
CALL(read_at, eddy_file_read_at(file, buffer, 4, 0))
CALL(read_v, eddy_file_readv(file, &part, 1, 0))
CALL(read_nothing, eddy_file_read(file, buffer, 0))
CALL(read_all, eddy_file_read_all(file, &data, 100))
CALL(write_file, eddy_file_write(file, "xxxx", 4))
CALL(write_at, eddy_file_write_at(file, "xxxx", 4, 0))
CALL(write_v, eddy_file_writev(file, &part, 1, 0))
CALL(write_all, eddy_file_write_all(file, "xxxx", 4))
CALL(write_nothing, eddy_file_write_all(file, "", 0))
CALL(sync_file, eddy_file_sync(file))
CALL(datasync, eddy_file_datasync(file))
CALL(stat_file, eddy_file_stat(file, &status))
CALL(size, eddy_file_size(file))
CALL(truncate_file, eddy_file_truncate(file, 0))
CALL(read_whole, eddy_read_file("a", &data, 100))
CALL(write_whole, eddy_write_file("a", "x", 1, 0600))
CALL(write_new, eddy_write_file("new", "x", 1, 0600))
CALL(stat_path, eddy_path_stat("a", &status))
CALL(lstat_path, eddy_path_lstat("a", &status))
CALL(unlink_path, eddy_path_unlink("a"))
CALL(rename_path, eddy_path_rename("a", "new"))
CALL(mkdir_path, eddy_path_mkdir("new", 0700))
CALL(rmdir_path, eddy_path_rmdir("folder"))
CALL(chmod_path, eddy_path_chmod("a", 0))
CALL(symlink_path, eddy_path_symlink("a", "new"))
CALL(readlink_path, eddy_path_readlink("link", buffer, sizeof buffer))
CALL(open_directory, eddy_directory_open(&opened_directory, "."))
CALL(open_directory_at, eddy_directory_open_at(&opened_directory, AT_FDCWD, "."))
CALL(next_entry, eddy_directory_next(directory, &entry))
CALL(add_tree, eddy_watch_add_tree(watch, "folder", EDDY_WATCH_ALL))
CALL(next_event, eddy_watch_next(watch, &event))

static const struct {
        const char *name;
        ssize_t (*call)(void);
} calls[] = {
    {"file_open", open_file},
    {"file_open_at", open_at},
    {"file_open_temporary", open_temporary},
    {"file_read", read_file},
    {"file_read_at", read_at},
    {"file_readv", read_v},
    {"file_read of nothing", read_nothing},
    {"file_read_all", read_all},
    {"file_write", write_file},
    {"file_write_at", write_at},
    {"file_writev", write_v},
    {"file_write_all", write_all},
    {"file_write_all of nothing", write_nothing},
    {"file_sync", sync_file},
    {"file_datasync", datasync},
    {"file_stat", stat_file},
    {"file_size", size},
    {"file_truncate", truncate_file},
    {"read_file", read_whole},
    {"write_file", write_whole},
    {"write_file of a new one", write_new},
    {"path_stat", stat_path},
    {"path_lstat", lstat_path},
    {"path_unlink", unlink_path},
    {"path_rename", rename_path},
    {"path_mkdir", mkdir_path},
    {"path_rmdir", rmdir_path},
    {"path_chmod", chmod_path},
    {"path_symlink", symlink_path},
    {"path_readlink", readlink_path},
    {"directory_open", open_directory},
    {"directory_open_at", open_directory_at},
    {"directory_next", next_entry},
    {"watch_add_tree", add_tree},
    {"watch_next", next_event},
};

static intptr_t call_all(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_CANCELLED);
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
                ssize_t rc = calls[i].call();

                if (rc != EDDY_CANCELLED)
                        fail_msg("%s: %zd", calls[i].name, rc);
        }
        return 0;
}

static intptr_t close_all(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_CANCELLED);
        assert_int_equal(eddy_file_close(file), 0);
        eddy_directory_close(directory);
        eddy_watch_close(watch);
        return 0;
}

static void run_cancelled(eddy_fn fn)
{
        eddy_task *task = eddy_create_task(fn, NULL);
        intptr_t result;

        eddy_yield();
        eddy_cancel(task);
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, 0);
}

static void every_call_is_refused_and_has_done_nothing(void)
{
        unsigned names, entries = 1, left;

        put_file("a", "0123456789", 10);
        assert_int_equal(mkdir("folder", 0700), 0);
        assert_int_equal(symlink("a", "link"), 0);
        names = count_names(".");
        assert_int_equal(eddy_file_open(&file, "a", O_RDWR, 0), 0);
        assert_int_equal(eddy_directory_open(&directory, "."), 0);
        assert_int_equal(eddy_watch_open(&watch), 0);
        assert_true(eddy_watch_add(watch, ".", EDDY_WATCH_CREATED | EDDY_WATCH_DELETED) > 0);
        /* There is something to have for each. */
        assert_int_equal(eddy_file_read(file, buffer, 2), 2);
        assert_int_equal(eddy_directory_next(directory, &entry), 1);
        assert_int_equal(mkdir("event", 0700), 0);
        assert_int_equal(rmdir("event"), 0);
        run_cancelled(call_all);
        assert_content("a", "0123456789");
        assert_int_equal(count_names("."), names);
        assert_int_equal(eddy_file_seek(file, 0, SEEK_CUR), 2);
        while (eddy_directory_next(directory, &entry) > 0)
                entries++;
        assert_int_equal(entries, names);
        for (left = 0; left < 2; left++)
                assert_int_equal(eddy_watch_next(watch, &event), 1);
        assert_string_equal(event.name, "event");
        run_cancelled(close_all);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(every_call_is_refused_and_has_done_nothing),
        };

        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
