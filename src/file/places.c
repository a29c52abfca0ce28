/* What a watch watches. The kernel knows each file and folder by a number; a tree is a place for each folder in it. What
 * was added in more ways than one, such as a folder by itself and as a part of a tree, has a place for each of them.
 *
 * A folder is asked for by its path, which may lead elsewhere by then, or nowhere: what has happened since is still to
 * be heard. So whatever is heard to have moved is looked into again, with all below it. */
#include "base/memory.h"
#include "base/sys_inotify.h"
#include "file/directory.h"
#include "file/watch.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/** What must be known of a folder in a tree to follow what is in it. */
enum { TREE_EVENTS = IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO };

/** Where the first place is that comes not before one of such a number and id. */
static size_t find_index(const eddy_watch *watch, int number, int id)
{
        size_t low = 0, high = watch->place_count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct place *place = watch->places[middle];

                if (place->number < number || (place->number == number && place->id < id))
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

struct place *place_after(const eddy_watch *watch, int number, int id)
{
        size_t i = find_index(watch, number, id + 1);

        return i < watch->place_count && watch->places[i]->number == number ? watch->places[i] : NULL;
}

/** The place that the kernel calls so in one of the things that were added, or NULL. */
static struct place *find_in(const eddy_watch *watch, int number, int id)
{
        struct place *place = place_after(watch, number, id - 1);

        return place && place->id == id ? place : NULL;
}

static int make_room(eddy_watch *watch)
{
        size_t room = watch->place_room ? 2 * watch->place_room : 16;
        struct place **places;

        if (watch->place_count < watch->place_room)
                return 0;
        places = memory_realloc(watch->places, room * sizeof(struct place *));
        if (!places)
                return -ENOMEM;
        watch->places = places;
        watch->place_room = room;
        return 0;
}

static void place_insert(eddy_watch *watch, struct place *place)
{
        size_t i = find_index(watch, place->number, place->id);

        memmove(&watch->places[i + 1], &watch->places[i], (watch->place_count - i) * sizeof(struct place *));
        watch->places[i] = place;
        watch->place_count++;
}

static void remove_from_order(eddy_watch *watch, const struct place *place)
{
        size_t i = find_index(watch, place->number, place->id);

        watch->place_count--;
        memmove(&watch->places[i], &watch->places[i + 1], (watch->place_count - i) * sizeof(struct place *));
}

/** Put a name, and what ends it, before what is there. */
static char *prepend(char *at, const char *name, char ending)
{
        size_t size = strlen(name);

        *--at = ending;
        return memcpy(at - size, name, size);
}

const char *place_path(eddy_watch *watch, const struct place *place, const char *name)
{
        size_t size = *name ? strlen(name) + 1 : 0;
        char ending = '\0', *at;

        for (const struct place *above = place; above; above = above->parent)
                size += strlen(above->name) + 1;
        if (size > watch->path_room) {
                at = memory_realloc(watch->path, size);
                if (!at)
                        return NULL;
                watch->path = at;
                watch->path_room = size;
        }
        at = watch->path + size;
        if (*name) {
                at = prepend(at, name, ending);
                ending = '/';
        }
        for (; place; place = place->parent) {
                at = prepend(at, place->name, ending);
                ending = '/';
        }
        return watch->path;
}

int place_describe(eddy_watch *watch, const struct place *place, const char *name, uint32_t what,
                   eddy_watch_event *event)
{
        const char *path = place_path(watch, place, name);

        if (!path)
                return -ENOMEM;
        *event = (eddy_watch_event){
            .id = place->id,
            .what = what,
            .path = path,
            .name = path + strlen(path) - strlen(name),
        };
        return 1;
}

/** Watch no more what is no place's. */
static void let_go(const eddy_watch *watch, int number)
{
        if (!place_after(watch, number, 0))
                sys_inotify_rm_watch(watch->fd, number);
}

static struct place *place_create(eddy_watch *watch, struct place *parent, const char *name, int number, int id)
{
        struct place *place;

        if (make_room(watch) < 0)
                return NULL;
        place = memory_zalloc(sizeof *place);
        if (!place)
                return NULL;
        place->name = memory_strdup(name);
        if (!place->name) {
                memory_free(place);
                return NULL;
        }
        place->parent = parent;
        place->number = number;
        place->id = id;
        place->round = watch->round;
        list_init(&place->children);
        list_append(parent ? &parent->children : &watch->roots, &place->link);
        place_insert(watch, place);
        return place;
}

int place_add(eddy_watch *watch, const char *path, uint32_t what, bool is_tree, struct place **added)
{
        uint32_t mask = what | IN_MOVE_SELF | (is_tree ? TREE_EVENTS | IN_ONLYDIR : 0);
        int number = sys_inotify_add_watch(watch->fd, path, mask | IN_MASK_ADD);
        struct place *place;

        if (number < 0)
                return number;
        for (place = place_after(watch, number, 0); place; place = place_after(watch, number, place->id))
                if (!place->parent)
                        return -EEXIST;
        place = place_create(watch, NULL, path, number, watch->last_id + 1);
        if (!place) {
                let_go(watch, number);
                return -ENOMEM;
        }
        watch->last_id++;
        place->what = what;
        place->is_tree = is_tree;
        *added = place;
        return 0;
}

int place_number_at(const eddy_watch *watch, const char *path)
{
        int number = sys_inotify_add_watch(watch->fd, path, IN_MOVE_SELF | IN_MASK_ADD);

        if (number >= 0)
                let_go(watch, number);
        return number;
}

static void set_away(eddy_watch *watch, struct place *place, bool is_away)
{
        watch->away_count += (unsigned)is_away - (unsigned)place->is_away;
        place->is_away = is_away;
}

/** One place, whose children are gone already. */
static void place_free(eddy_watch *watch, struct place *place)
{
        set_away(watch, place, false);
        remove_from_order(watch, place);
        let_go(watch, place->number);
        list_remove(&place->link);
        if (list_is_linked(&place->scan_link))
                list_remove(&place->scan_link);
        if (place->scan)
                place->scan->place = NULL;
        memory_free(place->name);
        memory_free(place);
}

void place_forget(eddy_watch *watch, struct place *place)
{
        struct place *last = place, *parent;

        /* From the leaves up, without recursion: nobody knows how deep it is. */
        do {
                while (!list_is_empty(&last->children))
                        last = container_of(last->children.next, struct place, link);
                parent = last == place ? NULL : last->parent;
                place_free(watch, last);
                last = parent;
        } while (last);
}

static bool is_within(const struct place *place, const struct place *other)
{
        while (place && place != other)
                place = place->parent;
        return place;
}

/** Have a folder looked into, unless it will be. */
static void want_scan(struct scan *scan, struct place *place)
{
        if (!place->scan && !list_is_linked(&place->scan_link))
                list_append(&scan->waiting, &place->scan_link);
}

/** The place that comes after one in what is below `top`, folders before what is in them; NULL: none. */
static struct place *next_below(const struct place *top, const struct place *place)
{
        if (!list_is_empty(&place->children))
                return container_of(place->children.next, struct place, link);
        while (place != top && place->link.next == &place->parent->children)
                place = place->parent;
        return place == top ? NULL : container_of(place->link.next, struct place, link);
}

/** A folder that is watched already has been found under this name: 0, or -ENOMEM and it keeps its old one. */
static int find_again(eddy_watch *watch, struct place *place, struct place *parent, const char *name)
{
        char *copy;

        /* A disk that is mounted within itself has no end. */
        if (!place->parent || is_within(parent, place))
                return 0;
        set_away(watch, place, false);
        place->round = watch->round;
        if (place->parent == parent && strcmp(place->name, name) == 0)
                return 0;
        copy = memory_strdup(name);
        if (!copy)
                return -ENOMEM;
        memory_free(place->name);
        place->name = copy;
        list_remove(&place->link);
        list_append(&parent->children, &place->link);
        place->parent = parent;
        /* What was new in it could not be found under its old name. */
        for (struct place *moved = place; moved; moved = next_below(place, moved))
                want_scan(&watch->scan, moved);
        return 0;
}

/** The path of what has this name in a folder: by the folder's descriptor, where it is open, for that leads nowhere
 * else; else by its names. NULL without memory. */
static const char *path_below(eddy_watch *watch, const struct place *parent, const char *name,
                              const struct scan *scan, char by_descriptor[PATH_MAX])
{
        if (!scan->is_by_descriptor)
                return place_path(watch, parent, name);
        snprintf(by_descriptor, PATH_MAX, "/proc/self/fd/%d/%s", eddy_directory_fd(scan->directory), name);
        return by_descriptor;
}

/** Watch a folder below another under its kernel's number, or as much of it as there is. */
static int add_by_path(eddy_watch *watch, struct place *parent, const char *name, const struct scan *scan)
{
        uint32_t mask = (parent->what & ~(uint32_t)IN_MOVE_SELF) | TREE_EVENTS;
        char by_descriptor[PATH_MAX];
        const char *path = path_below(watch, parent, name, scan, by_descriptor);

        if (!path)
                return -ENOMEM;
        return sys_inotify_add_watch(watch->fd, path, mask | IN_MASK_ADD | IN_ONLYDIR | IN_DONT_FOLLOW);
}

static struct place *root_of(struct place *place)
{
        while (place->parent)
                place = place->parent;
        return place;
}

bool place_add_below(eddy_watch *watch, struct place *parent, const char *name, struct scan *scan)
{
        struct place *root = root_of(parent), *place;
        int number;

        if (root->is_lost && !scan->is_by_descriptor) {
                root->must_check = watch->must_check = true;
                return false;
        }
        number = add_by_path(watch, parent, name, scan);
        /* Else it is no folder, or none any more, or not ours to read. */
        if (number == -ENOSPC || number == -ENOMEM)
                scan->error = number;
        if (number == -ENOENT && !scan->is_by_descriptor)
                root->must_check = watch->must_check = true;
        if (number < 0)
                return false;
        place = find_in(watch, number, parent->id);
        if (place) {
                if (find_again(watch, place, parent, name) < 0)
                        scan->error = -ENOMEM;
                return false;
        }
        place = place_create(watch, parent, name, number, parent->id);
        if (!place) {
                let_go(watch, number);
                scan->error = -ENOMEM;
                return false;
        }
        place->what = parent->what;
        place->is_tree = true;
        place->is_new = scan->is_later;
        list_append(&scan->waiting, &place->scan_link);
        return true;
}

void place_leave(eddy_watch *watch, struct place *parent, const char *name)
{
        for (eddy_link *link = parent->children.next; link != &parent->children; link = link->next) {
                struct place *child = container_of(link, struct place, link);

                if (!child->is_away && strcmp(child->name, name) == 0) {
                        set_away(watch, child, true);
                        return;
                }
        }
}

void place_forget_those_away(eddy_watch *watch)
{
        for (size_t i = 0; watch->away_count > 0 && i < watch->place_count;) {
                if (!watch->places[i]->is_away) {
                        i++;
                        continue;
                }
                place_forget(watch, watch->places[i]);
                i = 0; /* others have gone with it */
        }
}

void place_scan_all(eddy_watch *watch)
{
        for (size_t i = 0; i < watch->place_count; i++) {
                if (watch->places[i]->is_tree)
                        want_scan(&watch->scan, watch->places[i]);
        }
}

void scan_init(struct scan *scan, bool is_later)
{
        *scan = (struct scan){.is_later = is_later};
        list_init(&scan->waiting);
}

static void end_folder(struct scan *scan)
{
        directory_discard(scan->directory);
        scan->directory = NULL;
        scan->has_entry = scan->is_by_descriptor = false;
        if (!scan->place)
                return;
        scan->place->is_new = false;
        scan->place->scan = NULL;
        scan->place = NULL;
}

void scan_finish(struct scan *scan)
{
        end_folder(scan);
        while (list_pop(&scan->waiting))
                ;
}

/** Failures that say nothing of the folder: the call is to be made once more. */
static bool is_passing(int rc)
{
        return rc == EDDY_CANCELLED || rc == EDDY_TIMEOUT || rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE ||
               rc == -EAGAIN;
}

/** The end of a folder that cannot be read: 0 where it is gone, or not ours to read; else the failure. */
static int end_unread(struct scan *scan, int rc)
{
        bool is_left_out = rc == -ENOENT || rc == -ENOTDIR || rc == -ELOOP || rc == -EACCES || !scan->place;

        end_folder(scan);
        return is_left_out ? 0 : rc;
}

/** Whether the folder that was opened by its path is the one that was meant. */
static bool is_open(const eddy_watch *watch, struct scan *scan)
{
        char path[32];
        int number;

        snprintf(path, sizeof path, "/proc/self/fd/%d", eddy_directory_fd(scan->directory));
        number = place_number_at(watch, path);
        scan->is_by_descriptor = number >= 0; /* else there is no /proc */
        return number < 0 || number == scan->place->number;
}

/** Open the folder that comes next: 0, also where it cannot be read, or an error. */
static int begin_folder(eddy_watch *watch, struct scan *scan)
{
        struct place *place = container_of(scan->waiting.next, struct place, scan_link);
        const char *composed = place_path(watch, place, "");
        char *path = composed ? memory_strdup(composed) : NULL; /* others compose paths while this waits */
        int rc;

        if (!path)
                return -ENOMEM;
        list_remove(&place->scan_link);
        scan->place = place;
        place->scan = scan;
        rc = directory_open(&scan->directory, AT_FDCWD, path, place->parent ? O_NOFOLLOW : 0);
        memory_free(path);
        if (rc == 0 && scan->place && !is_open(watch, scan)) /* another has its name, and will be heard of */
                return end_unread(scan, -ENOENT);
        if (rc == 0)
                return 0;
        if (!scan->place || !is_passing(rc))
                return end_unread(scan, rc);
        list_prepend(&scan->waiting, &scan->place->scan_link);
        scan->place->scan = NULL;
        scan->place = NULL;
        return rc;
}

/** Look at the entry that came: 1 where it is news, 0, or -ENOMEM. */
static int look_at_entry(eddy_watch *watch, struct scan *scan, eddy_watch_event *event)
{
        const eddy_directory_entry *entry = &scan->entry;
        struct place *place = scan->place;
        uint32_t what = EDDY_WATCH_CREATED | (entry->type == DT_DIR ? EDDY_WATCH_DIRECTORY : 0u);
        bool is_added = false;
        int rc;

        /* First what can fail; adding composes the same path in the same memory. */
        rc = place_describe(watch, place, entry->name, what, event);
        if (rc < 0)
                return rc;
        scan->has_entry = false;
        if (entry->type == DT_DIR || entry->type == DT_UNKNOWN)
                is_added = place_add_below(watch, place, entry->name, scan);
        return place->what & EDDY_WATCH_CREATED && (place->is_new || (is_added && scan->is_later));
}

/** Go on in the folder that is open: 1 where there is news, 0, or an error. */
static int read_folder(eddy_watch *watch, struct scan *scan, eddy_watch_event *event)
{
        int rc = 1;

        if (!scan->has_entry) {
                rc = eddy_directory_next(scan->directory, &scan->entry);
                scan->has_entry = rc > 0;
        }
        if (rc > 0 && scan->place)
                return look_at_entry(watch, scan, event);
        if (rc < 0 && scan->place)
                return is_passing(rc) ? rc : end_unread(scan, rc);
        end_folder(scan);
        return 0;
}

int scan_next(eddy_watch *watch, struct scan *scan, eddy_watch_event *event)
{
        int rc = 0;

        while (rc == 0 && !scan->error && !watch->is_closed) {
                if (scan->directory)
                        rc = read_folder(watch, scan, event);
                else if (list_is_empty(&scan->waiting))
                        return 0;
                else
                        rc = begin_folder(watch, scan);
        }
        if (rc == 0) {
                rc = scan->error;
                scan->error = 0;
        }
        return rc;
}
