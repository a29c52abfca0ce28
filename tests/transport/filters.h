/* Filters to try connections with. */
#ifndef TESTS_TRANSPORT_FILTERS_H
#define TESTS_TRANSPORT_FILTERS_H

#include "../stream/helpers.h"

#include <eddy/filter.h>

/** How many are in use, and were given back. */
static unsigned filters_freed;

static inline ssize_t invert(void *self, const void *in, size_t *n, void *out, size_t size)
{
        const char *from = in;

        (void)self;
        if (!in)
                return 0;
        *n = *n < size ? *n : size;
        for (size_t i = 0; i < *n; i++)
                ((char *)out)[i] = (char)~from[i];
        return (ssize_t)*n;
}

static inline void count_freed(void *self)
{
        (void)self;
        filters_freed++;
}

/** Fails with what `self` points to. */
static inline ssize_t refuse(void *self, const void *in, size_t *n, void *out, size_t size)
{
        (void)in, (void)out, (void)size;
        *n = 0;
        return *(const int *)self;
}

static const char lost_book[] = "the code book is lost";

static inline const char *say_why(void *self)
{
        (void)self;
        return lost_book;
}

/** Inverts each bit; two of it are as none. */
static const eddy_filter inverter = {.decode = invert, .encode = invert, .free = count_freed};

/** Frames of a byte that says how many follow, up to 100, or 0 for the end. */
struct framing {
        size_t left; /* of the frame that is being decoded */
        bool has_ended, has_finished;
};

static inline ssize_t unframe(void *self, const void *in, size_t *n, void *out, size_t size)
{
        struct framing *framing = self;
        const unsigned char *from = in;
        size_t used = 0, got = 0;

        if (!in)
                return framing->has_ended ? 0 : EDDY_EINCOMPLETE;
        while (!framing->has_ended && used < *n && got < size) {
                size_t some = *n - used < size - got ? *n - used : size - got;

                if (framing->left == 0) {
                        framing->left = from[used++];
                        framing->has_ended = framing->left == 0;
                        continue;
                }
                some = some < framing->left ? some : framing->left;
                memcpy((char *)out + got, from + used, some);
                used += some;
                got += some;
                framing->left -= some;
        }
        *n = used;
        return got > 0 || !framing->has_ended ? (ssize_t)got : EDDY_EFINISHED;
}

static inline ssize_t frame(void *self, const void *in, size_t *n, void *out, size_t size)
{
        (void)self;
        *n = *n < 100 ? *n : 100;
        *n = *n < size - 1 ? *n : size - 1;
        *(unsigned char *)out = (unsigned char)*n;
        memcpy((char *)out + 1, in, *n);
        return (ssize_t)*n + 1;
}

static inline ssize_t frame_end(void *self, void *out, size_t size)
{
        struct framing *framing = self;

        (void)size;
        if (framing->has_finished)
                return 0;
        framing->has_finished = true;
        *(char *)out = 0;
        return 1;
}

static const eddy_filter framer = {
    .decode = unframe, .encode = frame, .finish = frame_end, .free = count_freed};

#endif
