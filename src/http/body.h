/* Where a request's body ends, and which of the bytes that come are its: by length, or in chunks. Knows no connection. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { HTTP_TRAILERS_MAX = 8 * 1024 };

enum body_state {
        BODY_DATA, /* `left` bytes of it are next */
        BODY_DATA_CR,
        BODY_DATA_LF,
        BODY_SIZE,  /* the line of a chunk's size */
        BODY_BLANK, /* behind that */
        BODY_EXTENSION,
        BODY_SIZE_LF,
        BODY_TRAILER, /* a line behind the last chunk, at its first byte */
        BODY_TRAILER_REST,
        BODY_TRAILER_LF,
        BODY_LAST_LF,
        BODY_OVER,
        BODY_BAD, /* what has come is none */
};

/** Zeroed, or begun. */
struct http_body {
        enum body_state state;
        bool is_chunked;
        unsigned digits; /* of the chunk's size that is being read */
        uint64_t left;   /* of the body, or of its chunk */
        uint64_t total;  /* data that was found */
        int64_t waste;   /* bytes of framing beyond what an honest client needs */
        unsigned line;   /* bytes of the chunk's line */
        char *trailers; /* lines behind the last chunk, "name: value", with a NUL behind each; NULL: none yet */
        size_t trailers_size, line_start;
};

/** @param length  -1: it comes in chunks */
void body_begin(struct http_body *body, int64_t length);

/** Free what it has. */
void body_finish(struct http_body *body);

/**
 * Look at the next bytes.
 *
 * @param size  receives how many bytes of the body lie behind those that are passed over; they are taken by body_take()
 * @return how many bytes belong to its framing, and are done with; EDDY_EPROTOCOL where it is none; -ENOMEM
 */
ssize_t body_find(struct http_body *body, const char *in, size_t n, size_t *size);

/** n bytes of those that body_find() has found are taken. */
void body_take(struct http_body *body, size_t n);

/**
 * Take all that is there of it, for nobody.
 *
 * @return how many of the n bytes were its; or as body_find()
 */
ssize_t body_pass_over(struct http_body *body, const char *in, size_t n);

/** Whether the rest of it is among the next n bytes, which are not taken. */
bool body_ends_within(const struct http_body *body, const char *in, size_t n);

/** Whether all of it has come, and been taken. */
static inline bool body_is_over(const struct http_body *body)
{
        return body->state == BODY_OVER;
}

#endif
