/* A watch: events come from inotify, in one descriptor for all that is watched. */
#include "file/watch.h"

#include "base/memory.h"
#include "base/misuse.h"
#include "base/sys_file.h"
#include "base/sys_inotify.h"
#include "loop/debug.h"
#include "task/task.h"
#include <limits.h>

_Static_assert(EDDY_WATCH_CHANGED == IN_MODIFY && EDDY_WATCH_ATTRIBUTES == IN_ATTRIB &&
                   EDDY_WATCH_WRITTEN == IN_CLOSE_WRITE && EDDY_WATCH_MOVED_FROM == IN_MOVED_FROM &&
                   EDDY_WATCH_MOVED_TO == IN_MOVED_TO && EDDY_WATCH_CREATED == IN_CREATE &&
                   EDDY_WATCH_DELETED == IN_DELETE && EDDY_WATCH_MOVED_SELF == IN_MOVE_SELF &&
                   EDDY_WATCH_OVERFLOW == IN_Q_OVERFLOW && EDDY_WATCH_GONE == IN_IGNORED &&
                   EDDY_WATCH_DIRECTORY == IN_ISDIR,
               "inotify's bits are taken as they are");

int eddy_watch_open(eddy_watch **opened)
{
        eddy_loop *loop = eddy_get_loop();
        eddy_watch *watch;
        int fd;

        *opened = NULL;
        if (!loop)
                return misuse(EDDY_ENOLOOP);
        watch = memory_zalloc(sizeof *watch);
        if (!watch)
                return -ENOMEM;
        fd = sys_inotify_init();
        if (fd < 0) {
                memory_free(watch);
                return fd;
        }
        loop_ref(loop);
        watch->loop = loop;
        watch->fd = fd;
        list_init(&watch->roots);
        scan_init(&watch->scan, true);
        *opened = watch;
        return 0;
}

static void watch_free(eddy_watch *watch)
{
        scan_finish(&watch->scan);
        while (!list_is_empty(&watch->roots))
                place_forget(watch, container_of(watch->roots.next, struct place, link));
        if (watch->fd >= 0)
                loop_close_descriptor(watch->loop, watch->fd);
        loop_unref(watch->loop);
        memory_free(watch->places);
        memory_free(watch->path);
        memory_free(watch);
}

void eddy_watch_close(eddy_watch *watch)
{
        if (!watch)
                return;
        if (watch->users == 0) {
                watch_free(watch);
                return;
        }
        debug_warn_used(watch->loop, "watch", watch->reader ? watch->reader->coro.name : NULL);
        watch->is_closed = true;
        /* Who waits for it is woken by that. */
        loop_close_descriptor(watch->loop, watch->fd);
        watch->fd = -1;
}

/** The end of a call: its outcome, but for what was closed meanwhile, which has none. */
static int end_use(eddy_watch *watch, const struct task *self, int rc)
{
        bool is_closed = watch->is_closed;

        if (--watch->users == 0 && is_closed)
                watch_free(watch);
        if (!is_closed)
                return rc;
        return self->interruption ? self->interruption : -EBADF;
}

static int watch_root(eddy_watch *watch, const char *path, uint32_t what, bool is_tree, struct place **place)
{
        if (what == 0 || what & ~(uint32_t)EDDY_WATCH_ALL)
                return -EINVAL;
        return place_add(watch, path, what, is_tree, place);
}

int eddy_watch_add(eddy_watch *watch, const char *path, uint32_t what)
{
        struct place *place;
        int rc = watch_root(watch, path, what, false, &place);

        return rc < 0 ? rc : place->id;
}

/** Watch a tree, and look into all of its folders: its id, or an error. */
static int add_tree(eddy_watch *watch, const char *path, uint32_t what)
{
        eddy_watch_event event;
        struct place *place;
        struct scan scan;
        int rc = watch_root(watch, path, what, true, &place), id;

        if (rc < 0)
                return rc;
        id = place->id;
        scan_init(&scan, false);
        list_append(&scan.waiting, &place->scan_link);
        rc = scan_next(watch, &scan, &event);
        scan_finish(&scan);
        if (rc < 0)
                eddy_watch_remove(watch, id);
        return rc < 0 ? rc : id;
}

int eddy_watch_add_tree(eddy_watch *watch, const char *path, uint32_t what)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        watch->users++;
        return end_use(watch, self, add_tree(watch, path, what));
}

int eddy_watch_remove(eddy_watch *watch, int id)
{
        for (eddy_link *link = watch->roots.next; link != &watch->roots; link = link->next) {
                struct place *place = container_of(link, struct place, link);

                if (place->id == id) {
                        place_forget(watch, place);
                        return 0;
                }
        }
        return -ENOENT;
}

/** Something happened to a folder in a tree. */
static void follow(eddy_watch *watch, struct place *place, const struct inotify_event *raw)
{
        if (raw->mask & IN_MOVED_FROM)
                place_leave(watch, place, raw->name);
        else if (raw->mask & (IN_CREATE | IN_MOVED_TO))
                place_add_below(watch, place, raw->name, &watch->scan);
}

/** What is watched is no more: 1 where the user has to know, 0 or -ENOMEM. */
static int end_place(eddy_watch *watch, struct place *place, eddy_watch_event *event)
{
        int rc = 0;

        if (!place->parent)
                rc = place_describe(watch, place, "", EDDY_WATCH_GONE, event);
        if (rc >= 0)
                place_forget(watch, place);
        return rc;
}

/** Tell of an event what it is to one of the places that it happened to: 1 where the user asked for it, 0 or
 * -ENOMEM. */
static int take_at(eddy_watch *watch, struct place *place, const struct inotify_event *raw,
                   eddy_watch_event *event)
{
        uint32_t what = place->what | (place->parent ? 0u : EDDY_WATCH_MOVED_SELF);
        const char *name = raw->len > 0 ? raw->name : "";
        int rc;

        if (raw->mask & IN_IGNORED)
                return end_place(watch, place, event);
        if (raw->mask & IN_MOVE_SELF && !place->parent)
                recheck_root(watch, place);
        if (place->is_tree && raw->mask & IN_ISDIR && *name)
                follow(watch, place, raw);
        /* What happens to a folder in a tree itself is told by the one it is in. */
        if (!(raw->mask & what) || (place->parent && !*name))
                return 0;
        rc = place_describe(watch, place, name, raw->mask & (EDDY_WATCH_ALL | EDDY_WATCH_DIRECTORY), event);
        event->cookie = raw->cookie;
        return rc;
}

/** Take note of an event, which each of the places that it happened to may have to hear: 1 where the user is to be told,
 * and there may be more of it; 0, or -ENOMEM. */
static int watch_take(eddy_watch *watch, const struct inotify_event *raw, eddy_watch_event *event)
{
        struct place *place;

        if (raw->mask & IN_Q_OVERFLOW) {
                if (watch->told++)
                        return 0;
                recheck_begin(watch);
                *event = (eddy_watch_event){.what = EDDY_WATCH_OVERFLOW, .path = "", .name = ""};
                return 1;
        }
        while ((place = place_after(watch, raw->wd, watch->told))) {
                int id = place->id, rc = take_at(watch, place, raw, event);

                if (rc >= 0)
                        watch->told = id;
                if (rc != 0)
                        return rc;
        }
        return 0;
}

/** The next of the events that came: 1, 0 where there are none, or -ENOMEM. */
static int take_next(eddy_watch *watch, eddy_watch_event *event)
{
        while (watch->next < watch->end) {
                const struct inotify_event *raw = (const void *)(watch->events + watch->next);
                int rc = watch_take(watch, raw, event);

                if (rc != 0)
                        return rc;
                watch->told = 0;
                watch->next += sizeof *raw + raw->len;
        }
        return 0;
}

/** Whether there was no room for one event more: what belongs together may be apart. */
static bool was_full(const eddy_watch *watch)
{
        return sizeof watch->events - watch->end < sizeof(struct inotify_event) + NAME_MAX + 1;
}

/** Read more events: 1, 0 where there are none, or an error. */
static int read_events(struct task *self, eddy_watch *watch)
{
        ssize_t n;

        /* The halves of a move come together. One that comes later all the same is taken for something new. */
        if (!was_full(watch))
                place_forget_those_away(watch);
        do
                n = sys_read(watch->fd, watch->events, sizeof watch->events);
        while (n == -EINTR);
        if (n < 0 && n != -EAGAIN)
                return (int)n;
        watch->next = 0;
        watch->end = n < 0 ? 0 : (size_t)n;
        if (n > 0)
                task_take_turn(self);
        return n > 0;
}

static int wait_for_events(struct task *self, eddy_watch *watch)
{
        eddy_op op;
        ssize_t n;

        task_op_init(&op, self);
        n = task_finish_op(self, &op, eddy_op_poll(&op, watch->fd, POLLIN));
        return n < 0 ? (int)n : 0;
}

static int find_next(struct task *self, eddy_watch *watch, eddy_watch_event *event)
{
        int rc;

        do {
                rc = scan_next(watch, &watch->scan, event);
                if (rc == 0)
                        rc = take_next(watch, event);
                if (rc != 0 || watch->is_closed)
                        return rc;
                rc = read_events(self, watch);
                if (rc == 0) {
                        rc = recheck_next(watch, event);
                        if (rc != 0)
                                return rc;
                        rc = wait_for_events(self, watch);
                }
        } while (rc >= 0 && !watch->is_closed);
        return rc;
}

int eddy_watch_next(eddy_watch *watch, eddy_watch_event *event)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        if (watch->reader)
                return EDDY_EBUSY;
        watch->reader = self;
        watch->users++;
        rc = find_next(self, watch, event);
        watch->reader = NULL;
        return end_use(watch, self, rc);
}
