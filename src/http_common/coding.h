/* Content codings: a body made smaller on its way, and made whole again. They know no loop, so a helper thread may do it;
 * one encoder or decoder is one thread's at a time. */
#ifndef HTTP_CODING_H
#define HTTP_CODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum coding {
        CODING_IDENTITY, /* as it is */
        CODING_GZIP,
        CODING_DEFLATE, /* what HTTP calls so: zlib's format; without its frame it is read, too, and never written */
        CODING_BR,
        CODING_ZSTD,
        CODINGS, /* how many there are */
};

/** Bytes to read, and room to write; each call moves both on. */
struct coding_io {
        const void *in;
        size_t in_size;
        void *out;
        size_t out_size;
};

enum {
        CODING_FULL = 1,  /* the room is used up: call again, with more of it */
        CODING_ROOM = 64, /* the least room to give an encoder */
};

/** As Content-Encoding names it. */
const char *coding_name(enum coding coding);

/** The coding of a name in any case, "x-gzip" among them; CODINGS: there is none, or it is not known. */
enum coding coding_of_name(const char *name, size_t n);

/** Whether it can be written as small and slow as that; 0 is the default of each. */
bool coding_has_level(enum coding coding, int level);

/** Whether this build has it. */
bool coding_is_built_in(enum coding coding);

/** Whether so many bytes at once are better coded by a helper thread: at the default level they take half a millisecond or more,
 * for which a loop would stand still. See docs/http-compression.md. */
bool coding_is_long(enum coding coding, size_t size);

/** What codes and decodes. Owned by what embeds it. */
struct encoder {
        const struct coding_engine *engine;
        void *state;
};

/**
 * Begin a body.
 *
 * @param level  1 to 9 (br: 11, zstd: 19), more is smaller and slower; 0: the default, see docs/http-compression.md
 * @param size   of the whole body in bytes, by which memory is chosen; it need not be true. Negative: not known
 * @return 0, -ENOMEM, -EINVAL for another level, or EDDY_ENOTSUP: not in this build; the detail says so. Then there is nothing
 *         to finish
 */
int encoder_begin(struct encoder *encoder, enum coding coding, int level, int64_t size);

/** Code what is given. 0: it was all taken, and what it becomes may come later, so that nothing may have been written (and a
 * chunk without bytes would end an answer); CODING_FULL; or -ENOMEM, after which it can only be finished. */
int encoder_feed(struct encoder *encoder, struct coding_io *io);

/** The same, and all that was given is in what is written when this returns 0: the reader has it now. */
int encoder_flush(struct encoder *encoder, struct coding_io *io);

/** The same, and the body ends. */
int encoder_end(struct encoder *encoder, struct coding_io *io);

/** Give its memory back, at any time. */
void encoder_finish(struct encoder *encoder);

/** Code a whole body. The number of bytes it becomes; EDDY_ELIMIT where they are more than there is room for, so that room of
 * less than the body is asks whether it is worth it; or as from encoder_begin(). */
ssize_t coding_encode(enum coding coding, int level, const void *data, size_t size, void *out, size_t out_size);

/** What a body may become. Zero is the default of each. */
struct decoder_limits {
        uint64_t size;  /* bytes of the whole; 0: 16 MiB; UINT64_MAX: any */
        unsigned ratio; /* how many times what has come, from the first MiB on; 0: 100; UINT_MAX: any */
        bool
            drops_rest; /* what follows a body and is no part of it is passed over, as browsers do; else it is an error */
};

/** Owned by what embeds it. */
struct decoder {
        const struct coding_engine *engine;
        void *state;
        struct decoder_limits limits;
        uint64_t taken, made;
        bool is_within; /* a member that has not ended */
        bool is_past;   /* what follows the body is dropped */
        bool has_members;
        int failure;
};

/** Begin a body. 0, -ENOMEM or EDDY_ENOTSUP, as encoder_begin(). `limits` may be NULL. */
int decoder_begin(struct decoder *decoder, enum coding coding, const struct decoder_limits *limits);

/**
 * Decode what is given. It writes no more than there is room for, so memory is what the caller makes of it and what the coding
 * says of itself: at most 32 KiB (gzip, deflate), 16 MiB (br) or 8 MiB (zstd) to look back.
 *
 * @return 0: it was all taken; or CODING_FULL
 * @retval EDDY_ELIMIT     the whole, its ratio, or how far it looks back is more than is allowed; what was written is no good
 * @retval EDDY_EPROTOCOL  it is no such body, or something follows it that is not to be dropped
 * @retval -ENOMEM         no memory. After any of these every call says the same
 */
int decoder_feed(struct decoder *decoder, struct coding_io *io);

/** What has come is all: 0 where it is whole, which nothing at all is, too; EDDY_EINCOMPLETE, or what decoder_feed() said. */
int decoder_end(const struct decoder *decoder);

/** Give its memory back, at any time. */
void decoder_finish(struct decoder *decoder);

#endif
