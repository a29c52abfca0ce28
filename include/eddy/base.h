/* What every other header needs: visibility, markers, memory, version. */
#ifndef EDDY_BASE_H
#define EDDY_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
#define EDDY_BEGIN_DECLS extern "C" {
#define EDDY_END_DECLS   }
#else
#define EDDY_BEGIN_DECLS
#define EDDY_END_DECLS
#endif

/* What initialises a whole struct to zero, in either language without a warning; in C one names a field, so that it may
 * stand within another initialiser. */
#ifdef __cplusplus
#define EDDY_ZERO_                                                                                             \
        {                                                                                                      \
        }
#define EDDY_ZERO_BUT_(zero)                                                                                   \
        {                                                                                                      \
        }
#else
#define EDDY_ZERO_                                                                                             \
        {                                                                                                      \
                0                                                                                              \
        }
#define EDDY_ZERO_BUT_(zero)                                                                                   \
        {                                                                                                      \
                zero                                                                                           \
        }
#endif

#define EDDY_API __attribute__((visibility("default")))

/** Marks a function that may suspend its caller: the C reader's `await`. Between two of them, nothing else
 * runs on this thread's loop. It refuses a task that is cancelled or late, whether it would have to wait or not, unless
 * it awaits what is done already, gives back or closes. Empty; use it on your own coroutines' helpers too. */
#define EDDY_ASYNC

EDDY_BEGIN_DECLS

/** One place in a doubly linked list; embedded in what is listed. Private to eddy. */
typedef struct eddy_link {
        struct eddy_link *next, *prev;
} eddy_link;

/** Where eddy gets its memory. Each function behaves as its namesake in <stdlib.h>. */
typedef struct eddy_allocator {
        void *(*malloc)(size_t size);
        void *(*realloc)(void *pointer, size_t size);
        void (*free)(void *pointer);
} eddy_allocator;

/**
 * Replace the allocator of the whole process.
 *
 * @param allocator  copied; NULL restores the C library's. Its functions are called from helper threads as well
 *
 * Call it before anything else of eddy, while the process has one thread. Does not suspend.
 */
EDDY_API void eddy_set_allocator(const eddy_allocator *allocator);

/** Memory from eddy's allocator, for libraries built on eddy; NULL where there is none. Give it back with
 * eddy_free(). */
EDDY_API void *eddy_malloc(size_t size);

/** Memory of eddy's allocator in another size, as by realloc(); NULL where there is none, and the old stays. */
EDDY_API void *eddy_realloc(void *pointer, size_t size);

/**
 * Give back memory that eddy allocated for the caller, such as what eddy_stream_read_all() returned.
 *
 * @param pointer  NULL is allowed
 */
EDDY_API void eddy_free(void *pointer);

/** The version of the library that runs, such as "0.1.0". */
EDDY_API const char *eddy_version(void);

EDDY_END_DECLS

#endif
