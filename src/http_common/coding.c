#include "http_common/coding.h"

#include "http_common/coding_engine.h"
#include <eddy.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

enum {
        DEFAULT_SIZE = 16 * 1024 * 1024,
        DEFAULT_RATIO = 100,
        RATIO_FROM = 1024 * 1024,
        SHORT = 32 * 1024,
};

#ifdef HAVE_ZLIB
#define ZLIB (&coding_zlib)
#else
#define ZLIB NULL
#endif
#ifdef HAVE_BROTLI
#define BROTLI (&coding_brotli)
#else
#define BROTLI NULL
#endif
#ifdef HAVE_ZSTD
#define ZSTD (&coding_zstd)
#else
#define ZSTD NULL
#endif

static const struct {
        const char *name, *library;
        const struct coding_engine *engine;
        int level, most_level;
        bool has_members;  /* a body may be several, one behind the other */
        int64_t most_here; /* see coding_is_long() */
} kinds[CODINGS] = {
    [CODING_IDENTITY] = {"identity", NULL, NULL, 0, 0, false, INT64_MAX},
    [CODING_GZIP] = {"gzip", "zlib", ZLIB, 6, 9, true, SHORT},
    [CODING_DEFLATE] = {"deflate", "zlib", ZLIB, 6, 9, false, SHORT},
    [CODING_BR] = {"br", "brotli", BROTLI, 5, 11, false, SHORT},
    [CODING_ZSTD] = {"zstd", "zstd", ZSTD, 3, 19, true, 4 * SHORT},
};

const char *coding_name(enum coding coding)
{
        return kinds[coding].name;
}

enum coding coding_of_name(const char *name, size_t n)
{
        enum coding coding = CODING_IDENTITY;

        if (n == 6 && strncasecmp(name, "x-gzip", n) == 0)
                return CODING_GZIP;
        while (coding < CODINGS &&
               (strlen(kinds[coding].name) != n || strncasecmp(name, kinds[coding].name, n) != 0))
                coding++;
        return coding;
}

bool coding_has_level(enum coding coding, int level)
{
        return level >= 0 && level <= kinds[coding].most_level;
}

bool coding_is_built_in(enum coding coding)
{
        return coding == CODING_IDENTITY || kinds[coding].engine;
}

bool coding_is_long(enum coding coding, size_t size)
{
        return (int64_t)size > kinds[coding].most_here;
}

static int find_engine(enum coding coding, const struct coding_engine **engine)
{
        *engine = kinds[coding].engine;
        if (*engine)
                return 0;
        if (coding == CODING_IDENTITY)
                return -EINVAL;
        return eddy_fail(EDDY_ENOTSUP, "no content coding %s: this build has no %s", kinds[coding].name,
                         kinds[coding].library);
}

int encoder_begin(struct encoder *encoder, enum coding coding, int level, int64_t size)
{
        int rc = find_engine(coding, &encoder->engine);

        if (rc < 0)
                return rc;
        if (!coding_has_level(coding, level))
                return -EINVAL;
        encoder->state = encoder->engine->begin_encoder(coding, level ? level : kinds[coding].level, size);
        return encoder->state ? 0 : -ENOMEM;
}

int encoder_feed(struct encoder *encoder, struct coding_io *io)
{
        return encoder->engine->encode(encoder->state, io, STEP_FEED);
}

int encoder_flush(struct encoder *encoder, struct coding_io *io)
{
        return encoder->engine->encode(encoder->state, io, STEP_FLUSH);
}

int encoder_end(struct encoder *encoder, struct coding_io *io)
{
        return encoder->engine->encode(encoder->state, io, STEP_END);
}

void encoder_finish(struct encoder *encoder)
{
        encoder->engine->finish_encoder(encoder->state);
}

ssize_t coding_encode(enum coding coding, int level, const void *data, size_t size, void *out, size_t out_size)
{
        struct coding_io io = {data, size, out, out_size};
        struct encoder encoder;
        int rc = encoder_begin(&encoder, coding, level, (int64_t)size);

        if (rc < 0)
                return rc;
        rc = encoder_end(&encoder, &io);
        encoder_finish(&encoder);
        if (rc == CODING_FULL)
                return EDDY_ELIMIT;
        return rc < 0 ? rc : (ssize_t)(out_size - io.out_size);
}

int decoder_begin(struct decoder *decoder, enum coding coding, const struct decoder_limits *limits)
{
        int rc;

        *decoder = (struct decoder){.has_members = kinds[coding].has_members};
        rc = find_engine(coding, &decoder->engine);
        if (rc < 0)
                return rc;
        if (limits)
                decoder->limits = *limits;
        if (!decoder->limits.size)
                decoder->limits.size = DEFAULT_SIZE;
        if (!decoder->limits.ratio)
                decoder->limits.ratio = DEFAULT_RATIO;
        decoder->state = decoder->engine->begin_decoder(coding);
        return decoder->state ? 0 : -ENOMEM;
}

static bool is_too_much(const struct decoder *decoder)
{
        const struct decoder_limits *limits = &decoder->limits;

        if (decoder->made > limits->size)
                return true;
        return limits->ratio != UINT_MAX && decoder->made > RATIO_FROM &&
               decoder->made / limits->ratio > decoder->taken;
}

/* Whether what comes is behind the body: no further member of it. */
static bool is_behind(const struct decoder *decoder, const struct coding_io *io)
{
        if (decoder->is_within || decoder->taken == 0)
                return false;
        return !decoder->has_members || !decoder->engine->may_begin(*(const unsigned char *)io->in);
}

static int drop(struct decoder *decoder, struct coding_io *io)
{
        decoder->is_past = true;
        coding_move(io, 0, io->out_size);
        return 0;
}

/* One step of a member, counted. */
static int decode_member(struct decoder *decoder, struct coding_io *io)
{
        size_t in = io->in_size, out = io->out_size;
        int rc;

        if (decoder->is_past || is_behind(decoder, io))
                return decoder->limits.drops_rest ? drop(decoder, io) : EDDY_EPROTOCOL;
        decoder->is_within = true;
        rc = decoder->engine->decode(decoder->state, io);
        decoder->taken += in - io->in_size;
        decoder->made += out - io->out_size;
        if (rc >= 0 && is_too_much(decoder))
                return EDDY_ELIMIT;
        if (rc == CODING_ENDED)
                decoder->is_within = false;
        return rc;
}

int decoder_feed(struct decoder *decoder, struct coding_io *io)
{
        int rc = decoder->failure ? decoder->failure : CODING_ENDED;

        while (rc == CODING_ENDED && (decoder->is_within || io->in_size > 0))
                rc = decode_member(decoder, io);
        if (rc < 0)
                decoder->failure = rc;
        return rc == CODING_ENDED ? 0 : rc;
}

int decoder_end(const struct decoder *decoder)
{
        if (decoder->failure)
                return decoder->failure;
        return decoder->is_within ? EDDY_EINCOMPLETE : 0;
}

void decoder_finish(struct decoder *decoder)
{
        decoder->engine->finish_decoder(decoder->state);
}
