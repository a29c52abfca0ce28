/* Where a download grows until it is whole. A small one grows in memory, and is written and named at once: nobody else
 * ever sees a piece of it, and nothing of it is left by a kill. A larger one, or what an earlier attempt has left, is
 * ".NAME.part" beside the final name, locked against other processes. Where that would be longer than a name may be,
 * NAME is cut and a number that tells it from others is behind it. */
#ifndef HTTP_CLIENT_PART_H
#define HTTP_CLIENT_PART_H

#include "http_client/gaps.h"

#include <eddy/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PART_MEMORY_MAX = 64 * 1024 }; /* bytes; what is larger, or may be, gets a file */

/** Owned by the download. */
struct part {
        char *part_path;
        char *validator; /* strong ETag or date that the bytes belong to, or NULL: they cannot be continued */
        uint64_t origin; /* tells the URL that it is of, so that another's bytes are not continued */
        int fd;          /* -1: there is no file yet */
        char *memory;    /* the bytes then; or NULL */
        size_t memory_capacity;
        int64_t size;          /* bytes that are good */
        int64_t total;         /* of the whole file; -1: not known */
        struct gaps gaps;      /* what is missing; up to INT64_MAX where the total is not known */
        unsigned epoch;        /* how often it was begun: gaps of another are none any more */
        bool is_mapped;        /* its file has holes, so that its length does not say what is there */
        bool is_recorded;      /* the file has an attribute */
        bool is_ours;          /* nothing in the file is another URL's: it may be removed */
        int64_t recorded_size; /* `size` when the map was last recorded, and when that was: */
        eddy_time recorded_at;
};

/** Tells a URL from others. */
uint64_t part_origin(const char *url);

/** Take up what an earlier process left of one of these URLs; where there is nothing no file is made.
 *
 * @param urls  NULL behind the last; NULL: nothing was left, so it is not looked for
 * @return 0, -EBUSY where another process has it, -EEXIST where something else has its name, or as from open() */
int part_open(struct part *part, const char *path, const char *const *urls);

/** Begin anew, with bytes of a file of `total` (-1: not known) that belong to `validator` (NULL: none) and come from the
 * URL of that origin. 0, -ENOMEM, or as from part_open() and ftruncate(). */
int part_begin(struct part *part, uint64_t origin, const char *validator, int64_t total);

/** Learn how large the whole is; what is missing ends there. */
void part_set_total(struct part *part, int64_t total);

/** Whether all bytes of it are here. Of an unknown total nobody knows. */
bool part_is_whole(const struct part *part);

/** Leave what can be asked for: all, where nothing tells the version of what is here; and the last byte where all may be
 * here already, so that the answer to the request for it proves their version. */
void part_leave_rest(struct part *part);

/** From now on gaps are filled in any order. False where that cannot be: there are too many. */
bool part_divide(struct part *part, unsigned pieces);

/** Fill a gap of the part with bytes, no more than it takes. 0, -EBUSY, -EEXIST, or as from open() and write(), without a
 * detail: the loop calls this, outside any task. No SIGXFSZ is raised. */
int part_write(struct part *part, struct gap *gap, const void *data, size_t n);

/** Describe why it could not be written. Returns rc. */
int part_fail(const struct part *part, int rc);

/** Give it its final name, which may be another than it was opened with; -EEXIST where that is taken, unless it is to be
 * overwritten. */
int part_commit(struct part *part, const char *path, bool overwrites);

/** Forget it all, as what proved to be wrong. */
void part_discard(struct part *part);

/** Have what is left recorded as on the disk, where it is; suspends, and is not interrupted. For a file that has holes:
 * it can be continued after a restart of the machine then, and without this only before. */
void part_sync(struct part *part);

/** Close it; what can be continued stays, also what another URL has left and nobody has begun anew. The rest is removed. */
void part_close(struct part *part);

#endif
