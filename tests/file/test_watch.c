/* Watching: what happened is told once, in order, under the path where it is; in trees nothing is overlooked. */
#include "helpers.h"

#include "base/fault.h"
#include <eddy/watch.h>

static const struct {
        uint32_t bit;
        const char *name;
} bits[] = {
    {EDDY_WATCH_CHANGED, "changed"}, {EDDY_WATCH_ATTRIBUTES, "attributes"}, {EDDY_WATCH_WRITTEN, "written"},
    {EDDY_WATCH_MOVED_FROM, "from"}, {EDDY_WATCH_MOVED_TO, "to"},           {EDDY_WATCH_CREATED, "created"},
    {EDDY_WATCH_DELETED, "deleted"}, {EDDY_WATCH_MOVED_SELF, "moved"},      {EDDY_WATCH_OVERFLOW, "overflow"},
    {EDDY_WATCH_GONE, "gone"},       {EDDY_WATCH_DIRECTORY, "(directory)"},
};

static eddy_watch *open_watch(void)
{
        eddy_watch *watch;

        assert_int_equal(eddy_watch_open(&watch), 0);
        return watch;
}

static eddy_watch *watch_tree(const char *path, uint32_t what)
{
        eddy_watch *watch = open_watch();

        assert_true(eddy_watch_add_tree(watch, path, what) > 0);
        return watch;
}

static const char *spell(const eddy_watch_event *event, char text[256])
{
        size_t n = (size_t)snprintf(text, 256, "%s", event->path);

        for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
                if (event->what & bits[i].bit)
                        n += (size_t)snprintf(text + n, 256 - n, " %s", bits[i].name);
        return text;
}

static eddy_watch_event next(eddy_watch *watch)
{
        eddy_watch_event event;

        assert_int_equal(eddy_watch_next(watch, &event), 1);
        return event;
}

static void assert_event(const eddy_watch_event *event, const char *expected)
{
        char text[256];

        assert_string_equal(spell(event, text), expected);
}

static void assert_next(eddy_watch *watch, const char *expected)
{
        eddy_watch_event event = next(watch);

        assert_event(&event, expected);
}

/** All that is told until a file of this name is created in the folder, in any order and as often as it is told:
 * whether this was among it. */
static bool is_told(eddy_watch *watch, const char *mark, const char *expected)
{
        char text[256], end[256];
        eddy_watch_event event;
        bool found = false;

        put_file(mark, "", 0);
        snprintf(end, sizeof end, "%s created", mark);
        do {
                event = next(watch);
                found |= strcmp(spell(&event, text), expected) == 0;
        } while (strcmp(text, end) != 0);
        return found;
}

static void a_folder(void)
{
        eddy_watch *watch = open_watch();
        eddy_watch_event event;
        uint32_t cookie;
        int id;

        mkdir("dir", 0700);
        id = eddy_watch_add(watch, "dir", EDDY_WATCH_ALL);
        assert_true(id > 0);
        put_file("dir/a", "abc", 3);
        event = next(watch);
        assert_event(&event, "dir/a created");
        assert_string_equal(event.name, "a");
        assert_int_equal(event.id, id);
        assert_int_equal(event.cookie, 0);
        assert_next(watch, "dir/a changed");
        assert_next(watch, "dir/a written");
        chmod("dir/a", 0600);
        assert_next(watch, "dir/a attributes");
        rename("dir/a", "dir/b");
        event = next(watch);
        assert_event(&event, "dir/a from");
        cookie = event.cookie;
        event = next(watch);
        assert_event(&event, "dir/b to");
        assert_true(cookie != 0 && event.cookie == cookie);
        mkdir("dir/sub", 0700);
        assert_next(watch, "dir/sub created (directory)");
        put_file("dir/sub/x", "", 0); /* not right in it */
        unlink("dir/sub/x");
        rmdir("dir/sub");
        assert_next(watch, "dir/sub deleted (directory)");
        unlink("dir/b");
        assert_next(watch, "dir/b deleted");
        rmdir("dir");
        event = next(watch);
        assert_event(&event, "dir gone");
        assert_string_equal(event.name, "");
        assert_int_equal(eddy_watch_remove(watch, id), -ENOENT);
        eddy_watch_close(watch);
}

static void a_file(void)
{
        eddy_watch *watch = open_watch();

        put_file("file", "", 0);
        assert_true(eddy_watch_add(watch, "file", EDDY_WATCH_WRITTEN | EDDY_WATCH_MOVED_SELF) > 0);
        put_file("file", "x", 1);
        assert_next(watch, "file written");
        rename("file", "other");
        assert_next(watch, "file moved");
        unlink("other");
        assert_next(watch, "file gone");
        eddy_watch_close(watch);
}

static void only_what_is_asked_for(void)
{
        eddy_watch *watch = open_watch();
        int one, two;

        mkdir("one", 0700);
        mkdir("two", 0700);
        one = eddy_watch_add(watch, "one", EDDY_WATCH_DELETED);
        two = eddy_watch_add(watch, "two", EDDY_WATCH_CREATED);
        assert_true(one > 0 && two > 0 && one != two);
        put_file("one/a", "", 0);
        put_file("two/a", "", 0);
        assert_next(watch, "two/a created");
        unlink("one/a");
        unlink("two/a");
        assert_next(watch, "one/a deleted");
        assert_int_equal(eddy_watch_remove(watch, one), 0);
        assert_int_equal(eddy_watch_remove(watch, one), -ENOENT);
        put_file("one/b", "", 0);
        unlink("one/b");
        put_file("two/b", "", 0);
        assert_next(watch, "two/b created");
        eddy_watch_close(watch);
}

static void refusals(void)
{
        eddy_watch *watch = open_watch();

        put_file("plain", "", 0);
        assert_int_equal(eddy_watch_add(watch, "missing", EDDY_WATCH_ALL), -ENOENT);
        assert_int_equal(eddy_watch_add(watch, "plain", 0), -EINVAL);
        assert_int_equal(eddy_watch_add(watch, "plain", EDDY_WATCH_GONE), -EINVAL);
        assert_int_equal(eddy_watch_add_tree(watch, "plain", EDDY_WATCH_ALL), -ENOTDIR);
        assert_int_equal(eddy_watch_add(watch, "plain", EDDY_WATCH_WRITTEN), 1);
        assert_int_equal(eddy_watch_add(watch, "./plain", EDDY_WATCH_ALL), -EEXIST);
        put_file("plain", "x", 1);
        assert_next(watch, "plain written");
        eddy_watch_close(watch);
        eddy_watch_close(NULL);
}

static intptr_t wait_for_event(void *watch)
{
        eddy_watch_event event;

        return eddy_watch_next(watch, &event);
}

static void kept_between_calls(void)
{
        eddy_watch *watch = open_watch();
        eddy_watch_event event;
        eddy_task *task;
        intptr_t result;

        mkdir("kept", 0700);
        eddy_watch_add(watch, "kept", EDDY_WATCH_CREATED);
        task = eddy_create_task(wait_for_event, watch);
        give_way();
        assert_int_equal(eddy_watch_next(watch, &event), EDDY_EBUSY);
        eddy_cancel(task);
        eddy_join(task, &result);
        assert_int_equal(result, EDDY_CANCELLED);
        for (char name[] = "kept/a"; name[5] <= 'c'; name[5]++)
                put_file(name, "", 0);
        assert_next(watch, "kept/a created");
        eddy_cancel(eddy_current_task());
        assert_int_equal(eddy_watch_next(watch, &event), EDDY_CANCELLED);
        eddy_uncancel();
        assert_next(watch, "kept/b created");
        assert_next(watch, "kept/c created");
        /* And one that comes while the call waits. */
        task = eddy_create_task(wait_for_event, watch);
        give_way();
        put_file("kept/d", "", 0);
        eddy_join(task, &result);
        assert_int_equal(result, 1);
        eddy_watch_close(watch);
}

static void a_tree(void)
{
        eddy_watch *watch;
        eddy_watch_event event;
        int id;

        mkdir("tree", 0700);
        mkdir("tree/a", 0700);
        mkdir("tree/a/b", 0700);
        put_file("tree/a/b/old", "", 0);
        assert_int_equal(symlink("..", "tree/a/up"), 0);
        watch = open_watch();
        id = eddy_watch_add_tree(watch, "tree", EDDY_WATCH_CREATED | EDDY_WATCH_DELETED);
        assert_true(id > 0);
        put_file("tree/a/b/new", "", 0);
        event = next(watch);
        assert_event(&event, "tree/a/b/new created");
        assert_string_equal(event.name, "new");
        assert_int_equal(event.id, id);
        unlink("tree/a/b/new");
        assert_next(watch, "tree/a/b/new deleted");
        unlink("tree/a/b/old");
        assert_next(watch, "tree/a/b/old deleted");
        rmdir("tree/a/b");
        assert_next(watch, "tree/a/b deleted (directory)");
        assert_int_equal(eddy_watch_remove(watch, id), 0);
        assert_int_equal(eddy_watch_add_tree(watch, "tree", EDDY_WATCH_CREATED), id + 1);
        put_file("tree/a/again", "", 0);
        assert_next(watch, "tree/a/again created");
        eddy_watch_close(watch);
}

/** A whole tree that was made before anybody looked, and what happens in it from then on. */
static void new_folders(void)
{
        eddy_watch *watch;

        mkdir("grow", 0700);
        watch = watch_tree("grow", EDDY_WATCH_CREATED);
        mkdir("grow/1", 0700);
        mkdir("grow/1/2", 0700);
        mkdir("grow/1/2/3", 0700);
        put_file("grow/1/2/3/x", "", 0);
        put_file("grow/1/y", "", 0);
        assert_true(is_told(watch, "grow/m1", "grow/1 created (directory)"));
        put_file("grow/1/2/3/z", "", 0);
        assert_true(is_told(watch, "grow/m2", "grow/1/2/3/z created"));
        mkdir("grow/5", 0700);
        put_file("grow/5/x", "", 0);
        assert_next(watch, "grow/5 created (directory)");
        assert_next(watch, "grow/5/x created");
        mkdir("grow/5/6", 0700);
        put_file("grow/5/6/x", "", 0);
        assert_next(watch, "grow/5/6 created (directory)");
        assert_next(watch, "grow/5/6/x created");
        eddy_watch_close(watch);
}

static void deep_news(void)
{
        eddy_watch *watch;

        mkdir("deep", 0700);
        watch = watch_tree("deep", EDDY_WATCH_CREATED);
        mkdir("deep/1", 0700);
        mkdir("deep/1/2", 0700);
        put_file("deep/1/2/x", "", 0);
        assert_true(is_told(watch, "deep/mark", "deep/1/2/x created"));
        eddy_watch_close(watch);
}

static void folders_that_move(void)
{
        eddy_watch *watch;

        mkdir("move", 0700);
        mkdir("move/a", 0700);
        mkdir("move/a/b", 0700);
        mkdir("move/c", 0700);
        watch = watch_tree("move", EDDY_WATCH_ALL & ~EDDY_WATCH_CHANGED);
        rename("move/a", "move/c/d"); /* within: followed, and its content is no news */
        assert_next(watch, "move/a from (directory)");
        assert_next(watch, "move/c/d to (directory)");
        put_file("move/c/d/b/x", "", 0);
        assert_next(watch, "move/c/d/b/x created");
        assert_next(watch, "move/c/d/b/x written");
        rename("move/c/d", "away"); /* out of it: heard of no more */
        assert_next(watch, "move/c/d from (directory)");
        assert_false(is_told(watch, "move/m", "move/c/d/b/y created"));
        assert_next(watch, "move/m written");
        put_file("away/b/y", "", 0);
        unlink("away/b/y");
        assert_false(is_told(watch, "move/n", "move/c/d/b/y created"));
        assert_next(watch, "move/n written");
        rename("away", "move/back"); /* into it: all of it is new */
        assert_next(watch, "move/back to (directory)");
        assert_next(watch, "move/back/b created (directory)");
        assert_next(watch, "move/back/b/x created");
        unlink("move/back/b/x");
        assert_next(watch, "move/back/b/x deleted");
        eddy_watch_close(watch);
}

static unsigned long queue_limit(void)
{
        FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
        unsigned long limit = 0;

        if (file && fscanf(file, "%lu", &limit) != 1)
                limit = 0;
        if (file)
                fclose(file);
        return limit;
}

/** More happens than the kernel keeps: that is told, and a folder that was made in between is watched. */
static void overflow(void)
{
        unsigned long limit = queue_limit();
        eddy_watch_event event;
        eddy_watch *watch;

        if (limit == 0 || limit > 100 * 1000) {
                print_message("skipped: needs fs.inotify.max_queued_events of at most 100000\n");
                return;
        }
        mkdir("much", 0700);
        put_file("much/a", "", 0);
        watch = watch_tree("much", EDDY_WATCH_ATTRIBUTES | EDDY_WATCH_CREATED);
        for (unsigned long i = 0; i <= limit; i++)
                chmod(i % 2 ? "much/a" : "much", 0700); /* one after the other, or they would be merged */
        mkdir("much/unseen", 0700);
        put_file("much/unseen/x", "", 0);
        do
                event = next(watch);
        while (!(event.what & EDDY_WATCH_OVERFLOW));
        assert_int_equal(event.id, 0);
        assert_string_equal(event.path, "");
        assert_next(watch, "much/unseen created (directory)");
        assert_next(watch, "much/unseen/x created");
        put_file("much/unseen/y", "", 0);
        assert_next(watch, "much/unseen/y created");
        eddy_watch_close(watch);
}

/** A folder that cannot be watched: that is told, and the others still are. */
static void too_much_to_watch(void)
{
        eddy_watch_event event;
        eddy_watch *watch;
        int rc;

        mkdir("limit", 0700);
        mkdir("limit/a", 0700);
        watch = open_watch();
        fault_arm(3, 1);
        rc = eddy_watch_add_tree(watch, "limit", EDDY_WATCH_CREATED);
        fault_arm(0, 0);
        assert_true(rc < 0);
        assert_true(eddy_watch_add_tree(watch, "limit", EDDY_WATCH_CREATED) > 0);
        for (unsigned long nth = 1;; nth++) {
                char path[32];
                unsigned long uses;

                snprintf(path, sizeof path, "limit/n%lu", nth);
                mkdir(path, 0700);
                fault_arm(nth, 1);
                do
                        rc = eddy_watch_next(watch, &event);
                while (rc < 0);
                uses = fault_uses();
                fault_arm(0, 0);
                snprintf(path, sizeof path, "limit/a/n%lu", nth);
                put_file(path, "", 0);
                do
                        rc = eddy_watch_next(watch, &event);
                while (rc < 0 || strcmp(event.path, path) != 0);
                if (uses < nth)
                        break;
        }
        eddy_watch_close(watch);
}

static void outside_coroutines(void **state)
{
        eddy_watch_event event;
        eddy_watch *watch;
        eddy_loop *loop;

        (void)state;
        assert_int_equal(eddy_watch_open(&watch), EDDY_ENOLOOP);
        assert_int_equal(eddy_loop_create(&loop), 0);
        eddy_set_loop(loop);
        assert_int_equal(eddy_watch_open(&watch), 0);
        assert_int_equal(eddy_watch_add_tree(watch, ".", EDDY_WATCH_ALL), EDDY_ENOTASK);
        assert_int_equal(eddy_watch_add(watch, ".", EDDY_WATCH_ALL), 1);
        assert_int_equal(eddy_watch_next(watch, &event), EDDY_ENOTASK);
        eddy_loop_destroy(loop); /* before the watch, which is still the user's */
        eddy_watch_close(watch);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(a_folder),
            scene_test(a_file),
            scene_test(only_what_is_asked_for),
            scene_test(refusals),
            scene_test(kept_between_calls),
            scene_test(a_tree),
            scene_test(new_folders),
            scene_test(deep_news),
            scene_test(folders_that_move),
            scene_test(overflow),
            scene_test(too_much_to_watch),
            cmocka_unit_test(outside_coroutines),
        };

        return cmocka_run_group_tests_name("watch", tests, make_folder, remove_folder);
}
