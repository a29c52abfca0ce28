/* A file that comes into a folder: nobody sees it before it is whole. All of this waits for the disk. */
#ifndef HTTP_UPLOAD_FILE_H
#define HTTP_UPLOAD_FILE_H

#include "http/beneath.h"

#include <stddef.h>
#include <sys/stat.h>

enum { UPLOAD_PART_MAX = 40 };

struct upload_file {
        int folder;                 /* that it is to lie in; -1: none */
        int fd;                     /* of its bytes, for writing; -1: none, or it is somebody else's by now */
        char part[UPLOAD_PART_MAX]; /* its hidden name until it is whole; "": it needs none */
};

/** What says whether a file may come to a name: 0, or another number that the caller knows. `status` of what is there; NULL: nothing is. */
struct upload_judge {
        int (*judge)(const struct stat *status, void *arg);
        void *arg;
};

/** Go to the folder, by a path as beneath_open() takes it: 0, or as that. End it with upload_file_finish(), in any case. */
int upload_file_begin(struct upload_file *file, const struct beneath *root, const char *folder);

/** Ask the judge about a name: 0, what it says, or an error. */
int upload_file_ask(const struct upload_file *file, const char *name, const struct upload_judge *judge);

/** Make a place for its bytes: 0 or as from open(). */
int upload_file_open(struct upload_file *file, const struct beneath *root);

/**
 * Let it appear under its name.
 *
 * @param fd      of its bytes, which have been written
 * @param judge   asked again; NULL: nothing must be there
 * @param status  receives what it is
 * @return 0; -EEXIST where something is there and there is no judge; what the judge says; or the error
 */
int upload_file_keep(struct upload_file *file, int fd, const char *name, const struct upload_judge *judge,
                     struct stat *status);

/** Give back what it has; and where it was not kept, nothing of it is left. */
void upload_file_finish(struct upload_file *file);

#endif
