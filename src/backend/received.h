/* What the kernel receives before anybody says where to: buffers that all descriptors share, and for each descriptor
 * the list of those that hold its bytes. */
#ifndef BACKEND_RECEIVED_H
#define BACKEND_RECEIVED_H

#include <liburing.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { RECEIVED_BUFFER_SIZE = 2048, RECEIVED_BUFFER_GROUP = 0 };

/** A buffer that the kernel received into, while it waits to be read. */
struct received {
        uint16_t next;  /* the next of the same descriptor */
        uint16_t start; /* what has been read of it */
        uint16_t end;
        bool is_held;
};

/** All buffers. */
struct received_buffers {
        struct io_uring_buf_ring *ring;
        char *memory;
        struct received *received; /* by number */
        unsigned in_use;           /* the first so many; more, as soon as these were too few */
};

/** The buffers of one descriptor that nobody has read, by number, in the order in which they came. */
struct received_list {
        uint16_t first, last; /* nothing where `count` is 0 */
        uint16_t count;
};

/** Let the kernel of a new ring receive into them: 0 or an error. Those that hold what nobody has read yet stay as they
 * are. */
int received_register(struct received_buffers *buffers, struct io_uring *ring);
void received_finish(struct received_buffers *buffers);

/** Let the kernel have a buffer (again). */
void received_give(struct received_buffers *buffers, unsigned number);

/** Use more buffers than before: few are kept in the cache, and take little memory. False: these are all. */
bool received_use_more(struct received_buffers *buffers);

/** A buffer has come with so many bytes. */
void received_add(struct received_buffers *buffers, struct received_list *list, unsigned number, unsigned size);

/** Copy what has come to where it is asked for: how many bytes. */
size_t received_take(struct received_buffers *buffers, struct received_list *list, char *memory, size_t size);

/** Nobody will read it. */
void received_drop(struct received_buffers *buffers, struct received_list *list);

#endif
