/* An open file from the inside: its life is in file.c, what moves bytes in transfer.c. */
#ifndef FILE_FILE_H
#define FILE_FILE_H

#include "file/request.h"
#include <eddy/file.h>

struct eddy_file {
        eddy_loop *loop;
        int fd;
        unsigned uses;       /* calls that are not over with it */
        struct task *closer; /* who waits for them in eddy_file_close(), or NULL */
        bool is_closing;
        bool is_slow;          /* it has no reading without waiting */
        bool is_known;         /* whether it lies in memory; found out by the first write */
        bool is_in_memory;     /* it has no disk that a write could wait for */
        bool position_is_used; /* a call moves the file's position */
};

/** Have something asked of an open file's descriptor, as file_ask(); or -EBADF, EDDY_EWRONGLOOP. */
ssize_t file_ask_of(eddy_file *file, struct file_request *request);

#endif
