/* Watching: what happens to files and folders, as it happens.
 *
 *         eddy_watch *watch;
 *         eddy_watch_event event;
 *         eddy_watch_open(&watch);
 *         eddy_watch_add(watch, "inbox", EDDY_WATCH_WRITTEN | EDDY_WATCH_MOVED_TO);
 *         while (eddy_watch_next(watch, &event) > 0)
 *                 printf("%s is there\n", event.path);
 *         eddy_watch_close(watch);
 */
#ifndef EDDY_WATCH_H
#define EDDY_WATCH_H

#include <eddy/base.h>

EDDY_BEGIN_DECLS

/** What can be watched for, as bits; the same bits say what happened. */
enum eddy_watch_what {
        EDDY_WATCH_CHANGED = 0x2,     /**< bytes were written to a file, or it was cut; often many times */
        EDDY_WATCH_ATTRIBUTES = 0x4,  /**< permissions, owner, times, number of names */
        EDDY_WATCH_WRITTEN = 0x8,     /**< a file was closed that was open for writing */
        EDDY_WATCH_MOVED_FROM = 0x40, /**< something in the folder has this name no more */
        EDDY_WATCH_MOVED_TO = 0x80,   /**< something has this name now, in place of what had it */
        EDDY_WATCH_CREATED = 0x100,   /**< something new is in the folder */
        EDDY_WATCH_DELETED = 0x200,   /**< something in the folder was deleted */
        EDDY_WATCH_MOVED_SELF =
            0x800,              /**< what was added has another name; comes also where it was not asked for */
        EDDY_WATCH_ALL = 0xbce, /**< all of the above */

        /* What only comes, whether it was asked for or not: */
        EDDY_WATCH_OVERFLOW = 0x4000, /**< more happened than there was room for: look for yourself at files */
        EDDY_WATCH_GONE = 0x8000,     /**< what was added is no more, or no more there, and its id is over */
        EDDY_WATCH_DIRECTORY = 0x40000000, /**< besides: it happened to a folder */
};

/** Files and folders that are watched together. */
typedef struct eddy_watch eddy_watch;

/** One thing that happened. */
typedef struct eddy_watch_event {
        int id;           /**< what eddy_watch_add() returned; 0 with EDDY_WATCH_OVERFLOW */
        uint32_t what;    /**< EDDY_WATCH_ bits */
        uint32_t cookie;  /**< the same in both halves of a move, MOVED_FROM and MOVED_TO; else 0 */
        const char *path; /**< as it was added, with the path below it; valid until the watch's next call */
        const char *name; /**< the part of `path` that is in a folder which is watched; "": that itself */
} eddy_watch_event;

/**
 * Begin to watch, at first nothing.
 *
 * @param watch  receives it; give it back with eddy_watch_close()
 * @return 0
 * @retval EDDY_ENOLOOP              no event loop runs in this thread
 * @retval -ENOMEM, -EMFILE, -ENFILE the system has nothing left for it
 *
 * Does not suspend.
 */
EDDY_API int eddy_watch_open(eddy_watch **watch);

/**
 * Watch a file, or a folder and what is right in it.
 *
 * @param path  copied; a relative one stays relative to the working directory, which must not change then
 * @param what  EDDY_WATCH_ bits to watch for
 * @return its id in events, greater than 0
 * @retval -EINVAL                  no bit to watch for, or an unknown one
 * @retval -EEXIST                  it was added to this watch already; being below a tree is no such thing
 * @retval -ENOENT, -EACCES ...     it is not there, or must not be read
 * @retval -ENOSPC                  more than the user may watch (fs.inotify.max_user_watches)
 * @retval -ENOMEM                  no memory
 *
 * Does not suspend.
 */
EDDY_API int eddy_watch_add(eddy_watch *watch, const char *path, uint32_t what);

/**
 * Watch a folder and all that is below it. Through symbolic links it does not go, and folders that must not be read
 * are left out.
 *
 * A folder that is new is watched as well, from soon after it was created. What is in it by then is reported as
 * EDDY_WATCH_CREATED, so that no file is overlooked; one may be reported twice, and one that was gone by then
 * is not reported. A folder that comes from elsewhere is new, also one from another tree; one that moves within the tree
 * is followed, however often it moves before anybody has looked. What belongs to several of the things that were added
 * is told of each, with its id.
 *
 * After an overflow all folders are compared with what is there: new ones are reported with all that is in them,
 * those that are no more there as EDDY_WATCH_DELETED, and a root that is not at its path as EDDY_WATCH_GONE. A root that is
 * moved is told as EDDY_WATCH_MOVED_SELF; its events keep the old path, and folders that are new in it are not watched
 * unless it comes back.
 *
 * @return as eddy_watch_add(), when all folders that were there are watched
 * @retval -ENOTDIR                      it is no folder
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, and nothing of it is watched
 * @retval EDDY_ENOTASK                  called outside a coroutine
 *
 * Suspends while folders are read.
 */
EDDY_API EDDY_ASYNC int eddy_watch_add_tree(eddy_watch *watch, const char *path, uint32_t what);

/** Watch something no more; what happened to it before may still come, but is not to be relied on. 0, or -ENOENT:
 * no such id. Does not suspend. */
EDDY_API int eddy_watch_remove(eddy_watch *watch, int id);

/**
 * The next thing that happened. What happens between two calls is kept.
 *
 * @param event  receives it
 * @return 1
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; nothing is lost
 * @retval EDDY_EBUSY                    another coroutine is in this call
 * @retval -EBADF                        the watch was closed meanwhile
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval -ENOSPC, -ENOMEM, -EMFILE     a new folder of a tree could not be watched, or not be looked into; others
 *                                       still are, and the call may be repeated
 *
 * Suspends until something happens.
 */
EDDY_API EDDY_ASYNC int eddy_watch_next(eddy_watch *watch, eddy_watch_event *event);

/** End watching, and give it back. Coroutines that are in a call for it are told -EBADF, and debug mode says who closed it
 * under them. NULL is allowed. Does not suspend. */
EDDY_API void eddy_watch_close(eddy_watch *watch);

EDDY_END_DECLS

#endif
