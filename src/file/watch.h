/* A watch from the inside: what it watches and how it looks into folders is in places.c, its events in
 * watch.c, and what comes of lost ones in recheck.c. */
#ifndef FILE_WATCH_H
#define FILE_WATCH_H

#include "base/buffer.h"
#include "loop/loop.h"
#include <eddy/directory.h>
#include <eddy/watch.h>
#include <sys/inotify.h>

/** Folders of a tree that are still to be looked into, one after the other. */
struct scan {
        eddy_link waiting;          /* struct place, by its scan_link */
        eddy_directory *directory;  /* the one that is being read, or NULL */
        struct place *place;        /* whose that is; NULL where it is watched no more */
        eddy_directory_entry entry; /* that is still to be looked at */
        bool has_entry;
        bool is_by_descriptor; /* what is in it is asked for so, which cannot lead elsewhere */
        bool is_later;         /* the tree is known: what is found is news */
        int error;             /* that is still to be told, or 0 */
};

/** A file or folder that is watched: one that was added, or a folder below one in a tree. */
struct place {
        struct place *parent; /* NULL: it was added */
        eddy_link link;       /* in parent->children or watch->roots */
        eddy_link children;   /* the folders right in it */
        eddy_link scan_link;  /* in a scan's `waiting` */
        struct scan *scan;    /* that reads it now, or NULL */
        char *name;           /* in its parent; of one that was added, its path */
        int number;           /* the kernel's */
        int id;               /* of what was added, its own or that it is below */
        unsigned round;       /* of comparing in which it was last seen */
        uint32_t what;
        bool is_tree;
        bool is_new;  /* what is in it is news */
        bool is_away; /* it was moved, and where to is not known yet */

        /* Of what was added. */
        bool must_check; /* whether its path still leads to it */
        bool is_lost;    /* it does not: it was moved */
};

struct eddy_watch {
        eddy_loop *loop;
        int fd; /* inotify's */
        int last_id;
        eddy_link roots;
        struct place **places; /* all, in the order of their numbers, then of their ids */
        size_t place_count, place_room;
        struct scan scan; /* of folders that are new */
        unsigned away_count;
        unsigned round;      /* of comparing all with what is there */
        bool must_check;     /* some root, once all that came has been told */
        bool must_sweep;     /* likewise: those that the last round has not seen are no more */
        bool has_lost;       /* events; a root that is not at its path may be gone */
        int told;            /* of the event that is being told, the last id that heard it; 0: none */
        unsigned users;      /* calls that are under way */
        struct task *reader; /* who is in eddy_watch_next(), or NULL */
        bool is_closed;      /* and freed by the last of them */
        char *path;          /* what was last composed */
        size_t path_room;
        size_t next, end; /* events that came and were not looked at */
        _Alignas(struct inotify_event) char events[4096];
};

/** The path of a place, or of what has this name in it; "": the place itself.
 *
 * @return valid until the next call; NULL without memory
 */
const char *place_path(eddy_watch *watch, const struct place *place, const char *name);

/** Describe what happened: 1 or -ENOMEM. */
int place_describe(eddy_watch *watch, const struct place *place, const char *name, uint32_t what,
                   eddy_watch_event *event);

/** The first place that the kernel calls so whose id is greater; NULL: none is. */
struct place *place_after(const eddy_watch *watch, int number, int id);

/** The kernel's number of what a path leads to, which is watched no more than before; or an error. */
int place_number_at(const eddy_watch *watch, const char *path);

/** Watch what the user asked for: 0 or an error. */
int place_add(eddy_watch *watch, const char *path, uint32_t what, bool is_tree, struct place **added);

/** Watch a folder in one of a tree, if it is one. Where it was not watched before: true, and the scan will look into
 * it. A failure is the scan's to tell. */
bool place_add_below(eddy_watch *watch, struct place *parent, const char *name, struct scan *scan);

/** A folder in one of a tree has been moved; where to will be heard, or it left. */
void place_leave(eddy_watch *watch, struct place *parent, const char *name);

/** Watch no more what left without being heard of. */
void place_forget_those_away(eddy_watch *watch);

/** Watch a place and all below it no more. */
void place_forget(eddy_watch *watch, struct place *place);

/** Have all folders of trees looked into again. */
void place_scan_all(eddy_watch *watch);

/** Events were lost: have everything compared with what is there. */
void recheck_begin(eddy_watch *watch);

/** See whether the path of what was added leads to it still. */
void recheck_root(eddy_watch *watch, struct place *root);

/** Once all has been told that came, and all folders have been looked into: 1 where what was missed is to be told, 0, or
 * -ENOMEM. */
int recheck_next(eddy_watch *watch, eddy_watch_event *event);

void scan_init(struct scan *scan, bool is_later);

/** Watch no more of what the scan was about. Not while a coroutine is in scan_next(). */
void scan_finish(struct scan *scan);

/** Look further until something is found that is news: 1; 0: there is nothing left to look into; or an error. */
int scan_next(eddy_watch *watch, struct scan *scan, eddy_watch_event *event);

#endif
