/* What is watched stays watched, whatever happens to folders before anybody has looked: each case makes, moves and
 * removes in one go, and then a file is created where it has to be heard of. */
#include "helpers.h"

enum { MOST_HEARD = 4096, EVENTS = EDDY_WATCH_CREATED | EDDY_WATCH_DELETED };

/** What a listener has heard, but for what makes queues overflow. */
static struct heard {
        int id;
        uint32_t what;
        char path[100];
} heard[MOST_HEARD];

static size_t heard_count;

static intptr_t listen_on(void *watch)
{
        eddy_watch_event event;
        int rc;

        while ((rc = eddy_watch_next(watch, &event)) > 0) {
                struct heard *next = &heard[heard_count];

                if (strstr(event.path, "flood"))
                        continue;
                assert_true(heard_count < MOST_HEARD);
                *next = (struct heard){.id = event.id, .what = event.what};
                snprintf(next->path, sizeof next->path, "%s", event.path);
                heard_count++;
        }
        return rc;
}

/** id 0: whichever. */
static bool is_heard(int id, uint32_t what, const char *path)
{
        for (size_t i = 0; i < heard_count; i++)
                if ((!id || heard[i].id == id) && heard[i].what & what && strcmp(heard[i].path, path) == 0)
                        return true;
        return false;
}

static void touch(const char *path)
{
        int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        close(fd);
}

/** Do what a line says: "mkdir PATH", "mv PATH PATH", "rmdir PATH", "touch PATH". Not by a shell: nobody is to look in
 * between. */
static void do_line(const char *line)
{
        char what[8], path[100], to[100] = "";
        int rc;

        assert_true(sscanf(line, " %7s %99s %99s", what, path, to) >= 2);
        if (strcmp(what, "touch") == 0) {
                touch(path);
                return;
        }
        rc = what[1] == 'v' ? rename(path, to) : what[0] == 'm' ? mkdir(path, 0700) : rmdir(path);
        if (rc < 0)
                fail_msg("%s: %s", line, strerror(errno));
}

static void do_lines(const char *lines)
{
        char copy[400], *rest = copy, *line;

        snprintf(copy, sizeof copy, "%s", lines);
        while ((line = strsep(&rest, ";")))
                do_line(line);
}

/** In the trees "t" and "u", with "e" elsewhere. */
static const struct {
        const char *before; /* it is watched */
        const char *act;
        const char *file; /* to be heard of then */
} moves[] = {
    {"mkdir t/a", "mkdir t/n; mkdir t/n/m; mkdir t/n/m/o", "t/n/m/o/file"},
    {"mkdir t/a", "mv t/a t/b", "t/b/file"},
    {"mkdir t/a", "mv t/a t/b; mv t/b t/c; mv t/c t/d", "t/d/file"},
    {"mkdir t/a", "mkdir t/a/b; mv t/a t/c", "t/c/b/file"},
    {"mkdir t/a", "mkdir t/a/b; mkdir t/a/b/c; mv t/a t/d; mv t/d/b/c t/d/e; mv t/d t/f", "t/f/e/file"},
    {"mkdir t/x; mkdir t/s", "mkdir t/x/y; mkdir t/x/y/z; mv t/x t/s/x", "t/s/x/y/z/file"},
    {"mkdir t/a; mkdir t/a/b", "mkdir t/a/b/c; mv t/a t/d", "t/d/b/c/file"},
    {"mkdir t/a; mkdir t/a/b", "mkdir t/n; mv t/a t/n/a", "t/n/a/b/file"},
    {"mkdir t/a; mkdir t/b", "mv t/a t/c; mv t/b t/a; mv t/c t/b", "t/a/file"},
    {"mkdir t/a; mkdir t/b", "mv t/a t/c; mv t/b t/a; mv t/c t/b", "t/b/file"},
    {"mkdir t/a", "mkdir t/a/b; mv t/a t/c; mkdir t/a; mkdir t/a/b", "t/c/b/file"},
    {"mkdir t/a", "mkdir t/a/b; mv t/a t/c; mkdir t/a; mkdir t/a/b", "t/a/b/file"},
    {"mkdir t/a", "rmdir t/a; mkdir t/a", "t/a/file"},
    {"mkdir t/a", "rmdir t/a; mkdir t/a; mkdir t/a/b; rmdir t/a/b; mkdir t/a/b", "t/a/b/file"},
    {"mkdir t/a", "mkdir t/n; mv t/n t/m; mkdir t/n", "t/m/file"},
    {"mkdir t/a", "mkdir t/n; mv t/n t/m; mkdir t/n", "t/n/file"},
    {"mkdir e/a; mkdir e/a/b", "mv e/a t/a", "t/a/b/file"},
    {"mkdir e/a; mkdir e/a/b", "mv e/a t/a; mv t/a t/c; mkdir t/c/b/d", "t/c/b/d/file"},
    {"mkdir t/a; mkdir t/a/b", "mv t/a e/a; mkdir e/a/b/c; mv e/a t/d", "t/d/b/c/file"},
    {"mkdir t/a; mkdir t/a/b", "mv t/a u/a", "u/a/b/file"},
    {"mkdir t/a; mkdir t/a/b", "mkdir t/a/c; mv t/a u/a; mkdir u/a/c/d", "u/a/c/d/file"},
    {"mkdir t/a; mkdir t/a/b", "mv t/a u/a; mv u/a t/d", "t/d/b/file"},
    {"mkdir t/a; mkdir t/a/b", "mv t/a/b t/b; mv t/a t/b/a; mkdir t/b/a/c", "t/b/a/c/file"},
};

static void listen_to_trees(eddy_watch **watch, eddy_task **listener)
{
        heard_count = 0;
        assert_int_equal(eddy_watch_open(watch), 0);
        assert_true(eddy_watch_add_tree(*watch, "t", EVENTS) > 0);
        assert_true(eddy_watch_add_tree(*watch, "u", EVENTS) > 0);
        *listener = eddy_create_task(listen_on, *watch);
        eddy_yield();
}

static void end_listening(eddy_watch *watch, eddy_task *listener)
{
        intptr_t result;

        eddy_cancel(listener);
        assert_int_equal(eddy_join(listener, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        eddy_watch_close(watch);
        assert_int_equal(system("rm -rf t u e p r"), 0);
}

/** Everything before it is heard of before a mark is. */
static void pass_mark(const char *path)
{
        touch(path);
        until(is_heard(0, EDDY_WATCH_CREATED, path));
}

static void moved_before_anybody_looked(void)
{
        for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
                eddy_watch *watch;
                eddy_task *listener;

                do_lines("mkdir t; mkdir u; mkdir e");
                do_lines(moves[i].before);
                listen_to_trees(&watch, &listener);
                do_lines(moves[i].act);
                pass_mark("t/mark");
                pass_mark("u/mark");
                touch(moves[i].file);
                pass_mark("t/end");
                pass_mark("u/end");
                if (!is_heard(0, EDDY_WATCH_CREATED, moves[i].file))
                        fail_msg("after %s: %s is not heard of", moves[i].act, moves[i].file);
                end_listening(watch, listener);
        }
}

/** One folder by itself and as part of a tree, or of two: each hears of it. */
static void added_in_several_ways(void)
{
        for (int order = 0; order < 2; order++) {
                eddy_watch *watch;
                eddy_task *listener;
                int itself = 0, tree, inner;

                do_lines("mkdir t; mkdir t/s; mkdir t/s/d");
                heard_count = 0;
                assert_int_equal(eddy_watch_open(&watch), 0);
                if (order == 0)
                        assert_true((itself = eddy_watch_add(watch, "t/s", EVENTS)) > 0);
                assert_true((tree = eddy_watch_add_tree(watch, "t", EVENTS)) > 0);
                assert_true((inner = eddy_watch_add_tree(watch, "t/s/d", EVENTS)) > 0);
                if (order == 1)
                        assert_true((itself = eddy_watch_add(watch, "t/s", EVENTS)) > 0);
                assert_int_equal(eddy_watch_add(watch, "t/s", EVENTS), -EEXIST);
                listener = eddy_create_task(listen_on, watch);
                eddy_yield();
                do_lines("touch t/s/file; mkdir t/s/n; mkdir t/s/d/e");
                pass_mark("t/mark");
                do_lines("touch t/s/n/file; touch t/s/d/e/file");
                pass_mark("t/end");
                assert_true(is_heard(itself, EDDY_WATCH_CREATED, "t/s/file"));
                assert_true(is_heard(tree, EDDY_WATCH_CREATED, "t/s/file"));
                assert_true(is_heard(tree, EDDY_WATCH_CREATED, "t/s/n/file"));
                assert_false(is_heard(itself, EDDY_WATCH_CREATED, "t/s/n/file"));
                assert_true(is_heard(tree, EDDY_WATCH_CREATED, "t/s/d/e/file"));
                assert_true(is_heard(inner, EDDY_WATCH_CREATED, "t/s/d/e/file"));
                /* What goes leaves the others theirs. */
                assert_int_equal(eddy_watch_remove(watch, order == 0 ? itself : tree), 0);
                heard_count = 0;
                touch("t/s/another");
                until(is_heard(order == 0 ? tree : itself, EDDY_WATCH_CREATED, "t/s/another"));
                end_listening(watch, listener);
        }
}

/** What becomes of what was added is told, whether it was asked for or not; "r" and "p/r" are. */
static const struct {
        const char *act;
        uint32_t told;
        const char *path;
        bool is_tree;
} ends[] = {
    {"rmdir r", EDDY_WATCH_GONE, "r", false},
    {"rmdir r; mkdir r", EDDY_WATCH_GONE, "r", false},
    {"rmdir r; mkdir r", EDDY_WATCH_GONE, "r", true},
    {"mv r e/r", EDDY_WATCH_MOVED_SELF, "r", false},
    {"mv r e/r; mkdir r", EDDY_WATCH_MOVED_SELF, "r", true},
    {"mv p e/p; mkdir e/p/r/n", EDDY_WATCH_MOVED_SELF, "p/r", true},
};

static void roots_that_go(void)
{
        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
                int (*add)(eddy_watch * watch, const char *path, uint32_t what) =
                    ends[i].is_tree ? eddy_watch_add_tree : eddy_watch_add;
                eddy_watch *watch;
                eddy_task *listener;

                do_lines("mkdir t; mkdir u; mkdir e; mkdir p; mkdir p/r; mkdir r");
                listen_to_trees(&watch, &listener);
                assert_true(add(watch, "r", EVENTS) > 0);
                assert_true(add(watch, "p/r", EVENTS) > 0);
                do_lines(ends[i].act);
                until(is_heard(0, ends[i].told, ends[i].path));
                end_listening(watch, listener);
        }
}

/** A root that was away comes back: what was new in it meanwhile is found. */
static void a_root_that_comes_back(void)
{
        eddy_watch *watch;
        eddy_task *listener;

        do_lines("mkdir t; mkdir u; mkdir e");
        listen_to_trees(&watch, &listener);
        do_lines("mv t e/t; mkdir e/t/n");
        pass_mark("u/mark");
        do_lines("mv e/t t; mkdir t/n/m");
        until(is_heard(0, EDDY_WATCH_CREATED, "t/n/m"));
        touch("t/n/m/file");
        until(is_heard(0, EDDY_WATCH_CREATED, "t/n/m/file"));
        end_listening(watch, listener);
}

static unsigned queue_room(void)
{
        FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
        unsigned room = 16384;

        if (file && fscanf(file, "%u", &room) != 1)
                room = 16384;
        if (file)
                fclose(file);
        return room;
}

static void overflow_queue(void)
{
        touch("t/flood");
        for (unsigned i = 0; i <= queue_room() / 2; i++)
                assert_int_equal(rename(i % 2 ? "t/flood2" : "t/flood", i % 2 ? "t/flood" : "t/flood2"), 0);
}

/** What happens while nothing more is queued. */
static const struct {
        const char *before, *act;
        uint32_t told; /* 0: nothing but what follows */
        const char *path;
        const char *file; /* is heard of after that; NULL: none */
} losses[] = {
    {"mkdir t/a", "mkdir t/n; mkdir t/n/m", EDDY_WATCH_CREATED, "t/n/m", "t/n/m/file"},
    {"mkdir t/a", "mkdir t/n; mkdir t/n/m; mv t/a t/n/m/b", 0, NULL, "t/n/m/b/file"},
    {"mkdir t/a; mkdir t/a/b", "mv t/a t/c; mkdir t/a; mkdir t/a/b", 0, NULL, "t/c/b/file"},
    {"mkdir t/a; mkdir t/a/b", "mv t/a t/c; mkdir t/a; mkdir t/a/b", 0, NULL, "t/a/b/file"},
    {"mkdir t/a; mkdir t/a/b", "rmdir t/a/b; rmdir t/a", EDDY_WATCH_DELETED, "t/a", NULL},
    {"mkdir t/a; mkdir t/a/b", "mv t/a e/a", EDDY_WATCH_DELETED, "t/a", NULL},
    {"mkdir t/a", "rmdir t/a; mkdir t/a", 0, NULL, "t/a/file"},
    {"mkdir t/a", "mv t/a u/a", 0, NULL, "u/a/file"},
    {"mkdir t/a", "rmdir r; mkdir r", EDDY_WATCH_GONE, "r", NULL},
    {"mkdir t/a", "mv r e/r", EDDY_WATCH_GONE, "r", NULL},
    {"mkdir t/a", "mkdir r/n", 0, NULL, "r/file"},
};

static void lost_in_an_overflow(void)
{
        if (queue_room() > 100000) {
                print_message("skipped: the queue of events is too large to be filled\n");
                return;
        }
        for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
                eddy_watch *watch;
                eddy_task *listener;

                do_lines("mkdir t; mkdir u; mkdir e; mkdir r");
                do_lines(losses[i].before);
                listen_to_trees(&watch, &listener);
                assert_true(eddy_watch_add(watch, "r", EVENTS) > 0);
                overflow_queue();
                do_lines(losses[i].act);
                until(is_heard(0, EDDY_WATCH_OVERFLOW, ""));
                if (losses[i].told)
                        until(is_heard(0, losses[i].told, losses[i].path));
                pass_mark("t/mark");
                if (losses[i].file) {
                        touch(losses[i].file);
                        until(is_heard(0, EDDY_WATCH_CREATED, losses[i].file));
                }
                end_listening(watch, listener);
        }
}

static intptr_t add_tree(void *watch)
{
        return eddy_watch_add_tree(watch, "t", EVENTS);
}

/** Who waits is told, whether it was to be cancelled or not; the memory goes with the last of them. */
static void closed_under_who_waits(void)
{
        for (int is_cancelled = 0; is_cancelled < 2; is_cancelled++) {
                eddy_watch *watch;
                eddy_task *listener, *adder;
                intptr_t result;

                do_lines("mkdir t; mkdir u; mkdir t/a; mkdir t/b");
                listen_to_trees(&watch, &listener);
                assert_int_equal(eddy_watch_remove(watch, 1), 0);
                adder = eddy_create_task(add_tree, watch);
                eddy_yield();
                if (is_cancelled) {
                        eddy_cancel(listener);
                        eddy_cancel(adder);
                }
                eddy_watch_close(watch);
                assert_int_equal(eddy_join(listener, &result), 0);
                assert_int_equal(result, is_cancelled ? EDDY_CANCELLED : -EBADF);
                assert_int_equal(eddy_join(adder, &result), 0);
                assert_true(result == -EBADF || (is_cancelled && result == EDDY_CANCELLED));
                assert_int_equal(system("rm -rf t u"), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(moved_before_anybody_looked),
            scene_test(added_in_several_ways),
            scene_test(roots_that_go),
            scene_test(a_root_that_comes_back),
            scene_test(lost_in_an_overflow),
            scene_test(closed_under_who_waits),
        };

        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
