/* What a loop remembers and tells in debug mode. */
#ifndef LOOP_DEBUG_H
#define LOOP_DEBUG_H

#include "loop/loop.h"
#include <eddy/debug.h>

/** Debug mode of one loop; loop->debug is NULL where it is off. */
struct loop_debug {
        eddy_duration slow; /* what runs for longer is told of */
        struct origin *origins;
        size_t origin_count, origin_room; /* the room is a power of 2, at most half full */
};

/** Run a handle's callback; tell of it where that takes long. */
void debug_run(eddy_loop *loop, eddy_handle *handle);

/** Remember the calls that create an object. Without memory it is not remembered. */
void debug_note_origin(eddy_loop *loop, const void *object);

/** Print the calls that created an object after a line feed and a heading; nothing where they are not known. */
void debug_print_origin(eddy_loop *loop, const void *object, FILE *out);

/** Warn of an object that nobody gave back before its loop was closed. */
void debug_warn_left(eddy_loop *loop, const void *object, const char *kind, const char *name);

/** In debug mode, warn of an object that is destroyed under a task that is in a call on it, and tell who does so.
 *
 * @param task  its name; NULL: not known
 */
void debug_warn_used(eddy_loop *loop, const char *kind, const char *task);

/** Give back what debug mode has taken. */
void debug_free(eddy_loop *loop);

#endif
