/* The file in which a download grows: ".NAME.part" beside the final name, locked against other processes. */
#ifndef HTTP_PART_H
#define HTTP_PART_H

#include <eddy/base.h>

/** Owned by the download. */
struct part {
        const char *path; /* the final name; the caller's */
        char *part_path;
        char *validator; /* ETag or date that the bytes belong to, or NULL: they cannot be continued */
        uint64_t origin; /* tells the URL, so that another's bytes are not continued */
        int fd;
        int64_t size; /* bytes that are good */
};

/** Open or create it, and take up what an earlier process left of the same URL.
 * 0, -EBUSY where another process has it, -EEXIST where something else has its name, or as from open(). */
int part_open(struct part *part, const char *path, const char *url);

/** Begin anew, with bytes that belong to `validator` (NULL: none). 0, -ENOMEM, or as from ftruncate(). */
int part_begin(struct part *part, const char *validator);

/** Add bytes. 0, or as from write(), without a detail: the loop calls this, outside any task. */
int part_write(struct part *part, const void *data, size_t n);

/** Give it its final name; -EEXIST where that is taken, unless it is to be overwritten. */
int part_commit(struct part *part, bool overwrites);

/** Close it; what can be continued stays, and the rest is removed. */
void part_close(struct part *part);

#endif
