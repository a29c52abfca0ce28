#include "websocket/frame.h"

#include <string.h>

enum { FINAL = 0x80, COMPRESSED = 0x40, RESERVED = 0x30, OPCODE = 0x0f, MASKED = 0x80, LENGTH = 0x7f };
enum { LENGTH_OF_TWO = 126, LENGTH_OF_EIGHT = 127 };

/** How many bytes behind the first two a length takes. */
static size_t length_size(uint8_t length)
{
        return length == LENGTH_OF_TWO ? 2 : length == LENGTH_OF_EIGHT ? 8 : 0;
}

size_t frame_head_size(const uint8_t *head, size_t n)
{
        if (n < 2)
                return 2;
        return 2 + length_size(head[1] & LENGTH) + (head[1] & MASKED ? FRAME_MASK_SIZE : 0);
}

bool frame_read_head(struct frame *frame, const uint8_t *head)
{
        size_t more = length_size(head[1] & LENGTH);

        *frame = (struct frame){
            .opcode = head[0] & OPCODE,
            .is_final = head[0] & FINAL,
            .is_compressed = head[0] & COMPRESSED,
            .has_reserved = head[0] & RESERVED,
            .is_masked = head[1] & MASKED,
            .size = more > 0 ? 0 : head[1] & LENGTH,
        };
        for (size_t i = 0; i < more; i++)
                frame->size = frame->size << 8 | head[2 + i];
        if (frame->is_masked)
                memcpy(frame->mask, head + 2 + more, FRAME_MASK_SIZE);
        if (more == 2)
                return frame->size >= LENGTH_OF_TWO;
        return more == 0 || (frame->size > UINT16_MAX && frame->size <= INT64_MAX);
}

size_t frame_write_head(uint8_t *head, const struct frame *frame)
{
        uint8_t length = frame->size < LENGTH_OF_TWO ? (uint8_t)frame->size
                         : frame->size <= UINT16_MAX ? LENGTH_OF_TWO
                                                     : LENGTH_OF_EIGHT;
        size_t more = length_size(length);

        head[0] =
            (uint8_t)((frame->is_final ? FINAL : 0) | (frame->is_compressed ? COMPRESSED : 0) | frame->opcode);
        head[1] = (uint8_t)((frame->is_masked ? MASKED : 0) | length);
        for (size_t i = 0; i < more; i++)
                head[2 + i] = (uint8_t)(frame->size >> 8 * (more - 1 - i));
        if (!frame->is_masked)
                return 2 + more;
        memcpy(head + 2 + more, frame->mask, FRAME_MASK_SIZE);
        return 2 + more + FRAME_MASK_SIZE;
}

void frame_mask(uint8_t *to, const uint8_t *from, size_t n, const uint8_t mask[FRAME_MASK_SIZE],
                uint64_t offset)
{
        uint8_t turned[FRAME_MASK_SIZE];
        uint64_t word;
        uint32_t half;
        size_t i = 0;

        for (size_t k = 0; k < FRAME_MASK_SIZE; k++)
                turned[k] = mask[(offset + k) % FRAME_MASK_SIZE];
        memcpy(&half, turned, sizeof half);
        word = (uint64_t)half << 32 | half;
        for (; i + sizeof word <= n; i += sizeof word) {
                uint64_t bytes;

                memcpy(&bytes, from + i, sizeof bytes);
                bytes ^= word;
                memcpy(to + i, &bytes, sizeof bytes);
        }
        for (; i < n; i++)
                to[i] = from[i] ^ turned[i % FRAME_MASK_SIZE];
}
