/* zstd. Its functions that take an allocator are in every build of the library, but promised to none. */
#define ZSTD_STATIC_LINKING_ONLY
#include "base/memory.h"
#include "http_common/coding_engine.h"
#include <zstd.h>
#include <zstd_errors.h>

enum {
        LEAST_WINDOW = 10,
        MOST_WINDOW = 19,   /* as for brotli */
        WINDOW_OF_HTTP = 23 /* RFC 9659: nobody needs more to read a body */
};

static void *allocate(void *arg, size_t size)
{
        (void)arg;
        return memory_alloc(size);
}

static void release(void *arg, void *memory)
{
        (void)arg;
        memory_free(memory);
}

static const ZSTD_customMem custom = {allocate, release, NULL};

static int error_of(size_t result)
{
        switch (ZSTD_getErrorCode(result)) {
        case ZSTD_error_memory_allocation:
                return -ENOMEM;
        case ZSTD_error_frameParameter_windowTooLarge:
                return EDDY_ELIMIT;
        default:
                return EDDY_EPROTOCOL;
        }
}

static void *begin_encoder(enum coding coding, int level, int64_t size)
{
        ZSTD_CCtx *state = ZSTD_createCCtx_advanced(custom);

        (void)coding;
        if (!state)
                return NULL;
        ZSTD_CCtx_setParameter(state, ZSTD_c_compressionLevel, level);
        ZSTD_CCtx_setParameter(state, ZSTD_c_windowLog, coding_window(size, LEAST_WINDOW, MOST_WINDOW));
        if (size > 0)
                ZSTD_CCtx_setParameter(state, ZSTD_c_srcSizeHint, size < INT32_MAX ? (int)size : INT32_MAX);
        return state;
}

static int encode(void *state, struct coding_io *io, enum coding_step step)
{
        static const ZSTD_EndDirective directives[] = {
            [STEP_FEED] = ZSTD_e_continue,
            [STEP_FLUSH] = ZSTD_e_flush,
            [STEP_END] = ZSTD_e_end,
        };
        size_t left;

        do {
                ZSTD_inBuffer in = {io->in, io->in_size, 0};
                ZSTD_outBuffer out = {io->out, io->out_size, 0};

                left = ZSTD_compressStream2(state, &out, &in, directives[step]);
                if (ZSTD_isError(left))
                        return error_of(left);
                coding_move(io, in.size - in.pos, out.size - out.pos);
        } while (io->out_size > 0 && (io->in_size > 0 || (left > 0 && step != STEP_FEED)));
        return io->in_size > 0 || (left > 0 && step != STEP_FEED) ? CODING_FULL : 0;
}

static void finish_encoder(void *state)
{
        ZSTD_freeCCtx(state);
}

static void *begin_decoder(enum coding coding)
{
        ZSTD_DCtx *state = ZSTD_createDCtx_advanced(custom);

        (void)coding;
        if (state)
                ZSTD_DCtx_setParameter(state, ZSTD_d_windowLogMax, WINDOW_OF_HTTP);
        return state;
}

static int decode(void *state, struct coding_io *io)
{
        size_t left;

        do {
                ZSTD_inBuffer in = {io->in, io->in_size, 0};
                ZSTD_outBuffer out = {io->out, io->out_size, 0};

                left = ZSTD_decompressStream(state, &out, &in);
                if (ZSTD_isError(left))
                        return error_of(left);
                coding_move(io, in.size - in.pos, out.size - out.pos);
                if (left == 0)
                        return CODING_ENDED;
        } while (io->in_size > 0 && io->out_size > 0);
        return io->out_size == 0 ? CODING_FULL : 0;
}

static void finish_decoder(void *state)
{
        ZSTD_freeDCtx(state);
}

/* A frame, or one to be skipped, as an index behind them is. */
static bool may_begin(unsigned char first)
{
        return first == 0x28 || first >> 4 == 5;
}

const struct coding_engine coding_zstd = {
    begin_encoder, encode, finish_encoder, begin_decoder, decode, finish_decoder, may_begin,
};
