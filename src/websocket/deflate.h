/* One side's messages, compressed and decompressed by zlib. */
#ifndef WEBSOCKET_DEFLATE_H
#define WEBSOCKET_DEFLATE_H

#include "websocket/compression.h"
#include <zlib.h>

/** Memory that grows and is kept from one message to the next. */
struct room {
        uint8_t *bytes;
        size_t size, capacity;
};

/** Have room for n bytes behind its size: 0 or -ENOMEM. */
int room_reserve(struct room *room, size_t n);

/** Forget what is in it, and give back what is too much to be kept. */
void room_clear(struct room *room);

struct deflater {
        z_stream z;
        bool alone;
};

/** NULL without memory. */
struct deflater *deflater_create(const struct eddy_websocket_terms *terms, int level);
void deflater_destroy(struct deflater *deflater);

/** Append what is compressed, with the four bytes behind it that the end of a message lacks: 0 or -ENOMEM, and then it begins
 * anew. */
int deflater_add(struct deflater *deflater, struct room *room, const void *data, size_t n);

/** A message has ended; or what was compressed has not been sent. */
void deflater_end(struct deflater *deflater, bool is_sent);

enum { DEFLATE_TAIL_SIZE = 4, INFLATER_INPUT_SIZE = 4096 };

struct inflater {
        z_stream z;
        bool alone;
        bool has_tail;  /* of this message, that which the other side has left out was added */
        size_t in_vain; /* bytes that were fed since the last that came of any, in this message */
        uint8_t input[INFLATER_INPUT_SIZE];
};

struct inflater *inflater_create(const struct eddy_websocket_terms *terms);
void inflater_destroy(struct inflater *inflater);

/** Decompress into n bytes, n > 0: how many came, or -EINVAL, or -ENOMEM. 0: more input is needed. */
ssize_t inflater_take(struct inflater *inflater, void *to, size_t n);

/** So many bytes were put into its input; or the tail comes. */
void inflater_feed(struct inflater *inflater, size_t n);
void inflater_feed_tail(struct inflater *inflater);

/** A message has ended. */
void inflater_end(struct inflater *inflater);

#endif
