/* What a library of codings does for coding.c. */
#ifndef HTTP_CODING_ENGINE_H
#define HTTP_CODING_ENGINE_H

#include "http_common/coding.h"

#include <eddy/error.h>

enum coding_step {
        STEP_FEED,
        STEP_FLUSH,
        STEP_END,
};

enum { CODING_ENDED = 2 }; /* of decode: a member has, and what follows it was not taken */

struct coding_engine {
        void *(*begin_encoder)(enum coding coding, int level, int64_t size); /* NULL: no memory */
        int (*encode)(void *state, struct coding_io *io, enum coding_step step);
        void (*finish_encoder)(void *state);
        void *(*begin_decoder)(enum coding coding); /* NULL: no memory */
        /* 0, CODING_FULL, an error, or CODING_ENDED, after which it begins anew; a member begins with a byte or more */
        int (*decode)(void *state, struct coding_io *io);
        void (*finish_decoder)(void *state);
        bool (*may_begin)(unsigned char first); /* a member; NULL: a body is always one */
};

extern const struct coding_engine coding_zlib, coding_brotli, coding_zstd;

/** The logarithm of the smallest window that holds a body of this size, within what is sensible. */
static inline int coding_window(int64_t size, int least, int most)
{
        int bits = least;

        while (bits < most && (size < 0 || size > (int64_t)1 << bits))
                bits++;
        return bits;
}

/** Say how far a library has come. */
static inline void coding_move(struct coding_io *io, size_t in_left, size_t out_left)
{
        io->in = (const char *)io->in + (io->in_size - in_left);
        io->in_size = in_left;
        io->out = (char *)io->out + (io->out_size - out_left);
        io->out_size = out_left;
}

#endif
