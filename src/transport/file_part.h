/* A part of a file on its way to a socket or pipe: by the kernel where it can send it by itself, else through memory. Neither
 * sendfile() nor epoll can wait for a disk beside the loop, so the kernel is asked first whether what comes next lies in memory,
 * and a helper thread brings what does not. */
#ifndef TRANSPORT_FILE_PART_H
#define TRANSPORT_FILE_PART_H

#include "base/buffer.h"
#include "executor/pool.h"
#include "loop/operation.h"

struct flow;

/** Embedded by its owner, who keeps it, and the file open, while the outcome is EDDY_PENDING. */
struct file_part {
        /** Called when the outcome is known, maybe from within a call, so that finishing the part is for later; and once more where
         * the loop is closed in between. NULL: nobody is to be told. */
        void (*ended)(struct file_part *part);

        /** How many bytes were sent, fewer than was asked for only where the file ends before; EDDY_PENDING; or the error: of
         * the file, of where it goes, EDDY_CANCELLED or EDDY_ELOOPCLOSED. */
        ssize_t outcome;

        bool file_failed; /* that error is the file's */

        /* A flow's; see flow_add_file(). */
        struct flow *flow;      /* whose output it is in; NULL: none's */
        struct file_part *next; /* behind what was written after this one */
        struct buffer after;    /* what was written after it */
        bool has_begun;

        /* Private. */
        eddy_op op;
        struct errand errand; /* brings what comes next into memory */
        int fd, file;
        off_t offset; /* of what comes next */
        size_t left, sent;
        off_t asked;        /* up to where it was asked whether it lies in memory, or NOT_ASKED */
        dev_t device;       /* of a socket that is no flow's: */
        ino_t number;       /* which one it is */
        struct buffer copy; /* of it, what goes through memory; it is read, and has not left */
        bool cannot_tell;   /* the kernel does not know of this file what lies in memory */
        bool is_copied;     /* it goes through memory: the kernel cannot send this file, or not to there */
        bool is_corked;     /* packets that are not full wait until all of it has left */
        bool is_out;        /* the errand is */
        int cancelled;      /* for this reason; 0: it is not */
};

/** Describe a part; zeroed, but for what is its owner's.
 *
 * @param fd  where it goes; the flow's where it is in one
 * @param n   bytes; SIZE_MAX: to the file's end
 * @return 0, or -EINVAL where there can be no such part
 */
int file_part_init(struct file_part *part, eddy_loop *loop, int fd, int file, off_t offset, size_t n);

/** What is sent from now on, and then the part, is to leave in full packets; where it comes next, and is long. */
void file_part_cork(struct file_part *part);

/** Begin to send it. */
void file_part_begin(struct file_part *part);

/** Have it end soon with an error, unless all of it has left; maybe within this call. The first one counts. */
void file_part_cancel(struct file_part *part, int error);

/** Its loop is closed: it ends with EDDY_ELOOPCLOSED, or is told once more that it has ended. Waits for a thread that is at it. */
void file_part_close(struct file_part *part);

#endif
