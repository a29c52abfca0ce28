/* Answers that are a file's bytes: all of them, a range, or none where the client has them. */
#ifndef HTTP_FILE_ANSWER_H
#define HTTP_FILE_ANSWER_H

#include "http/conditions.h"
#include "http/exchange.h"

#include <eddy/thread.h>
#include <sys/stat.h>

struct file_answer {
        int fd;
        const struct stat *status; /* of it; a regular file */
        const char *content_type;
        const char *const *lines; /* further headers; may be NULL */
        enum coding coding;       /* that it lies there in */
        bool varies;              /* others may get another file */
        eddy_executor *reader;    /* reads what is not in memory; NULL: the loop's default */
        struct http_version version;
};

/** What a file's bytes are known by. */
void file_version_of(struct http_version *version, const struct stat *status);

/** The status that says why a file could not be opened, read or written; 0: that is not the file's fault. */
int file_status_of(int rc);

/** Send it. Its version is found out by this. Suspends while the disk, or the client, is slow. */
int file_answer_send(eddy_http_exchange *exchange, struct file_answer *answer);

#endif
