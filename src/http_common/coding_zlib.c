/* gzip and deflate, by zlib. */
#include "base/memory.h"
#include "http_common/coding_engine.h"
#include <limits.h>
#include <zlib.h>

enum {
        MOST_WINDOW = 15,
        LEAST_WINDOW = 9, /* with 8 zlib writes what it cannot read */
        AS_GZIP = 16,     /* added to the window */
};

static void *allocate(void *arg, unsigned items, unsigned size)
{
        (void)arg;
        return memory_alloc((size_t)items * size);
}

static void release(void *arg, void *memory)
{
        (void)arg;
        memory_free(memory);
}

/* zlib counts in ints: as much of it as there may be at once. */
static void give(z_stream *stream, const struct coding_io *io)
{
        stream->next_in = (Bytef *)(uintptr_t)io->in;
        stream->avail_in = io->in_size < INT_MAX ? (uInt)io->in_size : INT_MAX;
        stream->next_out = io->out;
        stream->avail_out = io->out_size < INT_MAX ? (uInt)io->out_size : INT_MAX;
}

static void take(const z_stream *stream, struct coding_io *io)
{
        coding_move(io, io->in_size - (size_t)((const char *)stream->next_in - (const char *)io->in),
                    io->out_size - (size_t)((char *)stream->next_out - (char *)io->out));
}

static void *begin_encoder(enum coding coding, int level, int64_t size)
{
        z_stream *stream = memory_zalloc(sizeof *stream);
        int window = coding_window(size, LEAST_WINDOW, MOST_WINDOW);

        if (!stream)
                return NULL;
        stream->zalloc = allocate;
        stream->zfree = release;
        /* A small body has a small table, too: 8 is that of the largest window. */
        if (deflateInit2(stream, level, Z_DEFLATED, window + (coding == CODING_GZIP ? AS_GZIP : 0), window - 7,
                         Z_DEFAULT_STRATEGY) == Z_OK)
                return stream;
        memory_free(stream);
        return NULL;
}

static int encode(void *state, struct coding_io *io, enum coding_step step)
{
        static const int flushes[] = {
            [STEP_FEED] = Z_NO_FLUSH, [STEP_FLUSH] = Z_SYNC_FLUSH, [STEP_END] = Z_FINISH};
        z_stream *stream = state;

        do {
                int rc;

                give(stream, io);
                rc = deflate(stream, stream->avail_in < io->in_size ? Z_NO_FLUSH : flushes[step]);
                take(stream, io);
                if (rc == Z_STREAM_END)
                        return 0;
                /* Z_BUF_ERROR: there was nothing to do, since all has been flushed. */
        } while (io->in_size > 0 && io->out_size > 0);
        return io->out_size == 0 || step == STEP_END ? CODING_FULL : 0;
}

static void finish_encoder(void *state)
{
        deflateEnd(state);
        memory_free(state);
}

struct inflating {
        z_stream stream;
        bool is_deflate, is_between; /* members */
};

static void *begin_decoder(enum coding coding)
{
        struct inflating *inflating = memory_zalloc(sizeof *inflating);

        if (!inflating)
                return NULL;
        inflating->stream.zalloc = allocate;
        inflating->stream.zfree = release;
        inflating->is_deflate = coding == CODING_DEFLATE;
        inflating->is_between = true;
        if (inflateInit2(&inflating->stream, MOST_WINDOW + AS_GZIP) == Z_OK)
                return inflating;
        memory_free(inflating);
        return NULL;
}

/* Browsers and servers have long taken deflate for what is within zlib's frame. Its first byte tells: a frame's has 8 there
 * and a window of at most 32 KiB, which would be padding that is not zero in what has no frame. */
static int window_of_deflate(unsigned char first)
{
        return (first & 0x0f) == 8 && first >> 4 <= 7 ? MOST_WINDOW : -MOST_WINDOW;
}

static int begin_member(struct inflating *inflating, unsigned char first)
{
        inflating->is_between = false;
        if (inflating->is_deflate)
                return inflateReset2(&inflating->stream, window_of_deflate(first));
        return inflateReset(&inflating->stream);
}

static int decode(void *state, struct coding_io *io)
{
        struct inflating *inflating = state;
        int rc = inflating->is_between ? begin_member(inflating, *(const unsigned char *)io->in) : Z_OK;

        while (rc == Z_OK) {
                give(&inflating->stream, io);
                rc = inflate(&inflating->stream, Z_NO_FLUSH);
                take(&inflating->stream, io);
                if (io->in_size == 0 || io->out_size == 0)
                        break;
        }
        switch (rc) {
        case Z_STREAM_END:
                inflating->is_between = true;
                return CODING_ENDED;
        case Z_OK:
        case Z_BUF_ERROR: /* it could go on with neither more bytes nor more room */
                return io->out_size == 0 ? CODING_FULL : 0;
        case Z_MEM_ERROR:
                return -ENOMEM;
        default:
                return EDDY_EPROTOCOL;
        }
}

static void finish_decoder(void *state)
{
        struct inflating *inflating = state;

        inflateEnd(&inflating->stream);
        memory_free(inflating);
}

static bool may_begin(unsigned char first)
{
        return first == 0x1f;
}

const struct coding_engine coding_zlib = {
    begin_encoder, encode, finish_encoder, begin_decoder, decode, finish_decoder, may_begin,
};
