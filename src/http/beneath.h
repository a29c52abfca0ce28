/* Opening files of a folder and none outside it. */
#ifndef HTTP_BENEATH_H
#define HTTP_BENEATH_H

#include <stdbool.h>

/** A folder that paths cannot leave. Owned by what embeds it. */
struct beneath {
        int fd;
        char *path;       /* absolute, links resolved; "" for "/" */
        bool has_openat2; /* else no symbolic link is followed */
};

/** Open a folder: 0, -ENOMEM, or as from open(). */
int beneath_init(struct beneath *folder, const char *path);
void beneath_finish(struct beneath *folder);

/**
 * Open a file or folder for reading, never waiting for it.
 *
 * @param path  relative, without ".." parts; a trailing slash asks for a folder; "" is the folder itself
 * @return a descriptor; -EXDEV where a link leads out, else as from open()
 */
int beneath_open(const struct beneath *folder, const char *path);

#endif
