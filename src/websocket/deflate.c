#include "websocket/deflate.h"

#include "base/memory.h"
#include <limits.h>

enum { KEPT_ROOM = 128 * 1024, LEAST_ROOM = 256, LEAST_COMPRESSED_ROOM = 1024 };

int room_reserve(struct room *room, size_t n)
{
        size_t needed, capacity;
        uint8_t *bytes;

        if (__builtin_add_overflow(room->size, n, &needed))
                return -ENOMEM;
        if (needed <= room->capacity)
                return 0;
        capacity = room->capacity > LEAST_ROOM / 2 ? room->capacity * 2 : LEAST_ROOM;
        capacity = capacity > needed ? capacity : needed;
        bytes = memory_realloc(room->bytes, capacity);
        if (!bytes)
                return -ENOMEM;
        room->bytes = bytes;
        room->capacity = capacity;
        return 0;
}

void room_clear(struct room *room)
{
        room->size = 0;
        if (room->capacity <= KEPT_ROOM)
                return;
        memory_free(room->bytes);
        *room = (struct room){.bytes = NULL};
}

static voidpf allocate(voidpf unused, uInt count, uInt size)
{
        (void)unused;
        return memory_alloc((size_t)count * size);
}

static void give_back(voidpf unused, voidpf memory)
{
        (void)unused;
        memory_free(memory);
}

struct deflater *deflater_create(const struct eddy_websocket_terms *terms, int level)
{
        struct deflater *deflater = memory_zalloc(sizeof *deflater);

        if (!deflater)
                return NULL;
        deflater->alone = terms->own_alone;
        deflater->z.zalloc = allocate;
        deflater->z.zfree = give_back;
        /* As much memory for the hash as the window's size calls for. */
        if (deflateInit2(&deflater->z, level > 0 ? level : Z_DEFAULT_COMPRESSION, Z_DEFLATED, -terms->own_bits,
                         terms->own_bits - 7, Z_DEFAULT_STRATEGY) == Z_OK)
                return deflater;
        memory_free(deflater);
        return NULL;
}

void deflater_destroy(struct deflater *deflater)
{
        if (deflater)
                deflateEnd(&deflater->z);
        memory_free(deflater);
}

static uInt at_most(size_t n)
{
        return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

int deflater_add(struct deflater *deflater, struct room *room, const void *data, size_t n)
{
        z_stream *z = &deflater->z;
        const uint8_t *from = data;

        z->avail_in = 0;
        do {
                uInt room_size;

                if (room_reserve(room, LEAST_COMPRESSED_ROOM) < 0) {
                        deflater_end(deflater, false);
                        return -ENOMEM;
                }
                if (z->avail_in == 0) {
                        z->next_in = (z_const Bytef *)from;
                        z->avail_in = at_most(n);
                        from += z->avail_in;
                        n -= z->avail_in;
                }
                room_size = at_most(room->capacity - room->size);
                z->next_out = room->bytes + room->size;
                z->avail_out = room_size;
                deflate(z,
                        n > 0 ? Z_NO_FLUSH : Z_SYNC_FLUSH); /* which fails only where nothing was left to do */
                room->size += room_size - z->avail_out;
        } while (z->avail_out == 0 || n > 0);
        return 0;
}

void deflater_end(struct deflater *deflater, bool is_sent)
{
        if (deflater->alone || !is_sent)
                deflateReset(&deflater->z);
}

struct inflater *inflater_create(const struct eddy_websocket_terms *terms)
{
        struct inflater *inflater = memory_zalloc(sizeof *inflater);

        if (!inflater)
                return NULL;
        inflater->alone = terms->other_alone;
        inflater->z.zalloc = allocate;
        inflater->z.zfree = give_back;
        if (inflateInit2(&inflater->z, -terms->other_bits) == Z_OK)
                return inflater;
        memory_free(inflater);
        return NULL;
}

void inflater_destroy(struct inflater *inflater)
{
        if (inflater)
                inflateEnd(&inflater->z);
        memory_free(inflater);
}

ssize_t inflater_take(struct inflater *inflater, void *to, size_t n)
{
        z_stream *z = &inflater->z;
        uInt room = at_most(n);

        z->next_out = to;
        z->avail_out = room;
        for (;;) {
                int rc = inflate(z, Z_SYNC_FLUSH);

                /* A block said that it is the last, which it may (RFC 7692, 7.2.3.4): go on behind it, with the same window. By
                 * zlib's documented functions that is to copy the window out and back, 64 KiB for two bytes of input. */
                if (rc == Z_STREAM_END)
                        rc = inflateResetKeep(z);
                if (rc == Z_MEM_ERROR)
                        return -ENOMEM;
                if (rc != Z_OK && rc != Z_BUF_ERROR)
                        return -EINVAL;
                if (z->avail_out < room)
                        inflater->in_vain = 0;
                if (z->avail_out < room || z->avail_in == 0)
                        return (ssize_t)(room - z->avail_out);
        }
}

void inflater_feed(struct inflater *inflater, size_t n)
{
        inflater->z.next_in = inflater->input;
        inflater->z.avail_in = (uInt)n;
        inflater->in_vain += n;
}

void inflater_feed_tail(struct inflater *inflater)
{
        static const uint8_t tail[DEFLATE_TAIL_SIZE] = {0, 0, 0xff, 0xff};

        memcpy(inflater->input, tail, sizeof tail);
        inflater_feed(inflater, sizeof tail);
        inflater->has_tail = true;
}

void inflater_end(struct inflater *inflater)
{
        inflater->has_tail = false;
        inflater->in_vain = 0;
        if (inflater->alone)
                inflateReset(&inflater->z);
}
