/* Opening files of a folder and none outside it. */
#ifndef HTTP_BENEATH_H
#define HTTP_BENEATH_H

#include <stdbool.h>

/** A folder that paths cannot leave. Owned by what embeds it. */
struct beneath {
        int fd;
        char *path;       /* absolute, links resolved; "" for "/" */
        bool has_openat2; /* else no symbolic link is followed */
        unsigned long
            cached; /* what to add to a way to open so that it looks at no disk; 0: there is no asking */
};

/** Open a folder: 0, -ENOMEM, or as from open(). */
int beneath_init(struct beneath *folder, const char *path);
void beneath_finish(struct beneath *folder);

/**
 * Open a file or folder for reading. Waits for the disk, but for no peer.
 *
 * @param path  relative, without ".." parts; a trailing slash asks for a folder; "" is the folder itself
 * @return a descriptor; -EXDEV where a link leads out, else as from open()
 */
int beneath_open(const struct beneath *folder, const char *path);

/** As beneath_open(), from what lies in memory; -EAGAIN where only the disk tells. Where the kernel is older than Linux 5.12
 * the disk is waited for. */
int beneath_open_now(const struct beneath *folder, const char *path);

#endif
