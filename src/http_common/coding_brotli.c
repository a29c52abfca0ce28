/* br, by brotli. */
#include "base/list.h"
#include "base/memory.h"
#include "http_common/coding_engine.h"
#include <brotli/decode.h>
#include <brotli/encode.h>
#include <setjmp.h>
#include <stddef.h>

/* Each answer that is being sent has its own memory, so no more of it than most pages need to look back. */
enum {
        LEAST_WINDOW = 10,
        MOST_WINDOW = 19,
};

/* The encoder ends the process where it gets no memory, unless its allocator never says so. So ours leaves it by a jump, and
 * gives back what it had: nothing else is the encoder's. */
struct encoding {
        BrotliEncoderState *state;
        eddy_link blocks;
        jmp_buf *out; /* where it is at work */
        bool has_failed;
};

struct block {
        eddy_link node;
        _Alignas(max_align_t) char memory[];
};

static void *allocate_for_encoder(void *arg, size_t size)
{
        struct encoding *encoding = arg;
        struct block *block = memory_alloc(sizeof *block + size);

        if (!block && encoding->out)
                longjmp(*encoding->out, 1);
        if (!block)
                return NULL;
        list_append(&encoding->blocks, &block->node);
        return block->memory;
}

static void release_of_encoder(void *arg, void *memory)
{
        struct block *block = memory ? container_of(memory, struct block, memory) : NULL;

        (void)arg;
        if (!block)
                return;
        list_remove(&block->node);
        memory_free(block);
}

static void *begin_encoder(enum coding coding, int level, int64_t size)
{
        struct encoding *encoding = memory_zalloc(sizeof *encoding);

        (void)coding;
        if (!encoding)
                return NULL;
        list_init(&encoding->blocks);
        encoding->state = BrotliEncoderCreateInstance(allocate_for_encoder, release_of_encoder, encoding);
        if (!encoding->state) {
                memory_free(encoding);
                return NULL;
        }
        BrotliEncoderSetParameter(encoding->state, BROTLI_PARAM_QUALITY, (uint32_t)level);
        BrotliEncoderSetParameter(encoding->state, BROTLI_PARAM_LGWIN,
                                  (uint32_t)coding_window(size, LEAST_WINDOW, MOST_WINDOW));
        if (size > 0)
                BrotliEncoderSetParameter(encoding->state, BROTLI_PARAM_SIZE_HINT,
                                          size < UINT32_MAX ? (uint32_t)size : UINT32_MAX);
        return encoding;
}

static bool compress(BrotliEncoderState *state, struct coding_io *io, BrotliEncoderOperation operation)
{
        size_t in_left = io->in_size, out_left = io->out_size;
        const uint8_t *in = io->in;
        uint8_t *out = io->out;
        bool is_good =
            BrotliEncoderCompressStream(state, operation, &in_left, &in, &out_left, &out, NULL) == BROTLI_TRUE;

        coding_move(io, in_left, out_left);
        return is_good;
}

static bool compress_or_fail(struct encoding *encoding, struct coding_io *io, BrotliEncoderOperation operation)
{
        jmp_buf out;

        if (encoding->has_failed)
                return false;
        encoding->out = &out;
        if (setjmp(out) != 0 || !compress(encoding->state, io, operation))
                encoding->has_failed = true;
        encoding->out = NULL;
        return !encoding->has_failed;
}

static int encode(void *state, struct coding_io *io, enum coding_step step)
{
        static const BrotliEncoderOperation operations[] = {
            [STEP_FEED] = BROTLI_OPERATION_PROCESS,
            [STEP_FLUSH] = BROTLI_OPERATION_FLUSH,
            [STEP_END] = BROTLI_OPERATION_FINISH,
        };
        struct encoding *encoding = state;

        do
                if (!compress_or_fail(encoding, io, operations[step]))
                        return -ENOMEM;
        while (io->out_size > 0 && (io->in_size > 0 || BrotliEncoderHasMoreOutput(encoding->state)));
        return io->in_size > 0 || BrotliEncoderHasMoreOutput(encoding->state) ? CODING_FULL : 0;
}

static void finish_encoder(void *state)
{
        struct encoding *encoding = state;

        while (!list_is_empty(&encoding->blocks))
                memory_free(container_of(list_pop(&encoding->blocks), struct block, node));
        memory_free(encoding);
}

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

static void *begin_decoder(enum coding coding)
{
        (void)coding;
        return BrotliDecoderCreateInstance(allocate, release, NULL);
}

static int error_of(BrotliDecoderErrorCode code)
{
        return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
                       code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
                   ? -ENOMEM
                   : EDDY_EPROTOCOL;
}

static int decode(void *state, struct coding_io *io)
{
        size_t in_left = io->in_size, out_left = io->out_size;
        const uint8_t *in = io->in;
        uint8_t *out = io->out;
        BrotliDecoderResult result = BrotliDecoderDecompressStream(state, &in_left, &in, &out_left, &out, NULL);

        coding_move(io, in_left, out_left);
        switch (result) {
        case BROTLI_DECODER_RESULT_SUCCESS:
                return CODING_ENDED;
        case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: /* and perhaps more room for what came before */
                return BrotliDecoderHasMoreOutput(state) ? CODING_FULL : 0;
        case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
                return CODING_FULL;
        default:
                return error_of(BrotliDecoderGetErrorCode(state));
        }
}

static void finish_decoder(void *state)
{
        BrotliDecoderDestroyInstance(state);
}

const struct coding_engine coding_brotli = {
    begin_encoder, encode, finish_encoder, begin_decoder, decode, finish_decoder, NULL,
};
