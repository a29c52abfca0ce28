/* Files that lie beside others and are the same, coded: "app.js.br" for "app.js". */
#ifndef HTTP_PRECOMPRESSED_H
#define HTTP_PRECOMPRESSED_H

#include "http/beneath.h"
#include "http/negotiate.h"
#include <sys/stat.h>

/** A file to send instead, with its own size and time, of which its ETag is made. */
struct precompressed {
        enum coding coding; /* IDENTITY: there is none that may be sent */
        int fd;             /* -1 then; else the caller's */
        struct stat status;
};

/**
 * Find the file that a client likes best among those beside a file: of those it takes, in the order of its weights and then of the
 * service, one that is a regular file and not older than the original, to the nanosecond; one that was forgotten when the
 * original was changed is not sent. What cannot be opened or looked at is not there.
 *
 * @param open      beneath_open or beneath_open_now
 * @param path      of the original, as for beneath_open()
 * @param original  what it is
 * @return 0; or -EAGAIN: only the disk tells, which beneath_open_now() does not ask. Then there is none
 */
int precompressed_open(struct precompressed *found, const struct beneath *folder,
                       int (*open)(const struct beneath *folder, const char *path), const char *path,
                       const struct stat *original, const struct acceptance *acceptance,
                       const struct coding_options *options);

#endif
