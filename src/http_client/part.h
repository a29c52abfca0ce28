/* The file in which a download grows: ".NAME.part" beside the final name, locked against other processes. Where that
 * would be longer than a name may be, NAME is cut and a number that tells it from others is behind it. */
#ifndef HTTP_PART_H
#define HTTP_PART_H

#include <eddy/base.h>
#include <stdbool.h>
#include <stdint.h>

/** Owned by the download. */
struct part {
        char *part_path;
        char *validator; /* strong ETag or date that the bytes belong to, or NULL: they cannot be continued */
        uint64_t origin; /* tells the URL, so that another's bytes are not continued */
        int fd;
        int64_t size;  /* bytes that are good */
        int64_t total; /* of the whole file; -1: not known */
};

/** Open or create it, and take up what an earlier process left of the same URL.
 * 0, -EBUSY where another process has it, -EEXIST where something else has its name, or as from open(). */
int part_open(struct part *part, const char *path, const char *url);

/** Begin anew, with bytes of a file of `total` that belong to `validator` (NULL: none). 0, -ENOMEM, or as from
 * ftruncate(). */
int part_begin(struct part *part, const char *validator, int64_t total);

/** Learn how large the whole is. */
void part_set_total(struct part *part, int64_t total);

/** Leave what can be asked for: all, where nothing tells the version of what is here; and the last byte where all may be
 * here already, so that the answer to the request for it proves their version. */
void part_leave_rest(struct part *part);

/** Add bytes. 0, or as from write(), without a detail: the loop calls this, outside any task. No SIGXFSZ is raised. */
int part_write(struct part *part, const void *data, size_t n);

/** Give it its final name, which may be another than it was opened with; -EEXIST where that is taken, unless it is to be
 * overwritten. */
int part_commit(struct part *part, const char *path, bool overwrites);

/** Close it; what can be continued stays, and the rest is removed. */
void part_close(struct part *part);

#endif
