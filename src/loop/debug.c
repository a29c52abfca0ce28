#include "loop/debug.h"

#include "base/calls.h"
#include "base/context.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdlib.h>

enum {
        MOST_FRAMES = 16,
        FIRST_ROOM = 256,
        OWN_FRAMES = 2, /* of debug_note_origin() and who calls it to create something */
};

static const eddy_duration DEFAULT_SLOW = 100000000;

/** The calls that created one object. In a table by its address, with linear probing. It stays when the object
 * goes, for the next one at that address: the table grows with the heap and not with time. */
struct origin {
        const void *object; /* NULL: free */
        int count;
        void *frames[MOST_FRAMES];
};

/* The table of origins. */

static size_t place_of(const struct loop_debug *debug, const void *object)
{
        return ((uintptr_t)object >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20 & (debug->origin_room - 1);
}

/** Where an object is, or where it would be put. */
static struct origin *find(const struct loop_debug *debug, const void *object)
{
        size_t place = place_of(debug, object);

        while (debug->origins[place].object && debug->origins[place].object != object)
                place = (place + 1) & (debug->origin_room - 1);
        return &debug->origins[place];
}

static int make_room(struct loop_debug *debug)
{
        struct loop_debug larger = *debug;

        if (debug->origin_count * 2 < debug->origin_room)
                return 0;
        larger.origin_room = debug->origin_room ? debug->origin_room * 2 : FIRST_ROOM;
        larger.origins = memory_zalloc(larger.origin_room * sizeof *larger.origins);
        if (!larger.origins)
                return -ENOMEM;
        for (size_t i = 0; i < debug->origin_room; i++)
                if (debug->origins[i].object)
                        *find(&larger, debug->origins[i].object) = debug->origins[i];
        memory_free(debug->origins);
        *debug = larger;
        return 0;
}

void debug_note_origin(eddy_loop *loop, const void *object)
{
        struct origin *origin;

        if (make_room(loop->debug) < 0)
                return;
        origin = find(loop->debug, object);
        loop->debug->origin_count += !origin->object;
        origin->object = object;
        origin->count = calls_take(origin->frames, MOST_FRAMES);
}

void debug_print_origin(eddy_loop *loop, const void *object, FILE *out)
{
        const struct origin *origin;

        if (!loop->debug || !loop->debug->origins)
                return;
        origin = find(loop->debug, object);
        if (!origin->object)
                return;
        fprintf(out, "\nit was created by:\n");
        calls_print(out, origin->frames, origin->count, OWN_FRAMES);
}

/* What is told. */

void debug_warn_left(eddy_loop *loop, const void *object, const char *kind, const char *name)
{
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return;
        fprintf(out, "a %s%s%s%s was left when its loop was closed", kind, name ? " '" : "", name ? name : "",
                name ? "'" : "");
        debug_print_origin(loop, object, out);
        if (fclose(out) == 0)
                log_text(EDDY_LOG_WARNING, text);
        free(text);
}

void debug_warn_used(eddy_loop *loop, const char *kind, const char *task)
{
        void *frames[MOST_FRAMES];
        char *text = NULL;
        size_t size;
        FILE *out = loop->debug ? open_memstream(&text, &size) : NULL;

        if (!out)
                return;
        fprintf(out, "a %s is destroyed while %s%s%s is in a call on it; the calls that led to that:\n", kind,
                task ? "task '" : "a task", task ? task : "", task ? "'" : "");
        calls_print(out, frames, calls_take(frames, MOST_FRAMES), OWN_FRAMES);
        if (fclose(out) == 0)
                log_text(EDDY_LOG_WARNING, text);
        free(text);
}

static void tell_slow(eddy_callback callback, eddy_duration took)
{
        char name[256];

        calls_name(name, sizeof name, (void *)(uintptr_t)callback);
        eddy_log(EDDY_LOG_WARNING, "a callback took %.3f s: %s", eddy_to_seconds(took), name);
}

/** What a user asked to be called, behind what carries it. */
static eddy_callback user_callback(const eddy_handle *handle)
{
        return handle->callback == bound_run ? ((struct bound_callback *)handle->arg)->callback
                                             : inbox_callback(handle);
}

void debug_run(eddy_loop *loop, eddy_handle *handle)
{
        eddy_callback callback = user_callback(handle);
        /* Afterwards the handle may be gone, and so may what it resumed. */
        const struct loop_tenant tasks = loop->tenants[ROOM_TASKS];
        void *held = tasks.kept ? tasks.impl->hold(handle) : NULL;
        eddy_time began = eddy_now();
        eddy_duration took;

        handle->callback(handle->arg);
        took = eddy_now() - began;
        if (loop->debug && took >= loop->debug->slow && !held)
                tell_slow(callback, took);
        if (held)
                tasks.impl->let_go(held, loop->debug && took >= loop->debug->slow ? took : 0);
}

/* Switching it. */

int eddy_loop_set_debug(eddy_loop *loop, bool on)
{
        int rc = loop_check(loop = loop_meant(loop));

        if (rc < 0)
                return rc;
        if (!on) {
                debug_free(loop);
                return 0;
        }
        if (loop->debug)
                return 0;
        loop->debug = memory_zalloc(sizeof *loop->debug);
        if (!loop->debug)
                return -ENOMEM;
        loop->debug->slow = DEFAULT_SLOW;
        loop->must_return = true; /* so that each coroutine is timed by itself */
        misuse_tell();
        return 0;
}

void debug_free(eddy_loop *loop)
{
        if (!loop->debug)
                return;
        loop->must_return = false;
        memory_free(loop->debug->origins);
        memory_free(loop->debug);
        loop->debug = NULL;
}

bool eddy_loop_debug(const eddy_loop *loop)
{
        loop = loop_meant(loop);
        return loop && loop->debug;
}

void eddy_loop_set_slow_callback_duration(eddy_loop *loop, eddy_duration duration)
{
        loop = loop_meant(loop);
        if (loop && loop->debug)
                loop->debug->slow = duration;
}

eddy_duration eddy_loop_slow_callback_duration(const eddy_loop *loop)
{
        loop = loop_meant(loop);
        return loop && loop->debug ? loop->debug->slow : 0;
}
