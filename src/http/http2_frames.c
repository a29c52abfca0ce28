/* What comes, frame by frame, before nghttp2 has it: of frames that mean nothing to it, it says nothing, however many there are. */
#include "http/http2_connection.h"

enum { HEAD_SIZE = 9, PRIORITY_SIZE = 5 };

/** As nghttp2_frame_hd, and behind it what a PRIORITY frame begins with. */
struct frame {
        size_t length;
        uint8_t type;
        int32_t id;
        int32_t depends_on;
};

static int32_t read_id(const uint8_t *bytes)
{
        return (int32_t)((uint32_t)(bytes[0] & 0x7f) << 24 | (uint32_t)bytes[1] << 16 |
                         (uint32_t)bytes[2] << 8 | bytes[3]);
}

static struct frame read_frame(const uint8_t *head)
{
        return (struct frame){
            .length = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2],
            .type = head[3],
            .id = read_id(head + 5),
            .depends_on = read_id(head + HEAD_SIZE),
        };
}

static bool is_noted_reset(const struct http2 *connection, int32_t id)
{
        for (unsigned i = 0; i < HTTP2_REMEMBERED && i < connection->resets; i++)
                if (connection->reset[i] == id)
                        return true;
        return false;
}

void http2_note_reset(struct http2 *connection, int32_t id)
{
        if (!is_noted_reset(connection, id))
                connection->reset[connection->resets++ % HTTP2_REMEMBERED] = id;
}

/* Whether something may come of a stream that is no more, since it was us who ended it, or never took it. */
static bool may_be_late(const struct http2 *connection, int32_t id)
{
        return is_noted_reset(connection, id) || connection->has_left || connection->resets > HTTP2_REMEMBERED;
}

static bool is_over(const struct http2 *connection, int32_t id)
{
        return id % 2 == 1 && id <= connection->last_id &&
               !nghttp2_session_find_stream(connection->session, id) && !may_be_late(connection, id);
}

static void blame(struct http2 *connection)
{
        if (!connection->fault)
                connection->fault = NGHTTP2_PROTOCOL_ERROR;
}

/* What RFC 9113 has as an error (5.1, 6.3), and RFC 7540 had (5.3.1), and nghttp2 passes over: it does not remember streams that have
 * been, nor look at what it does not heed. */
static void judge(struct http2 *connection, const struct frame *frame)
{
        if (frame->type == NGHTTP2_PRIORITY && frame->length == PRIORITY_SIZE &&
            (frame->id == 0 || frame->id == frame->depends_on))
                blame(connection);
        else if (frame->type == NGHTTP2_HEADERS && is_over(connection, frame->id))
                blame(connection);
        else if (frame->type == NGHTTP2_DATA && is_over(connection, frame->id))
                nghttp2_submit_rst_stream(connection->session, NGHTTP2_FLAG_NONE, frame->id,
                                          NGHTTP2_STREAM_CLOSED);
}

/* What a head says is worth what becomes of it, and so are bytes of a body. */
static void note_frame(struct http2 *connection, const struct frame *frame)
{
        if (frame->type != NGHTTP2_HEADERS)
                http2_count_nuisance(connection, NUISANCE_FRAME);
        judge(connection, frame);
        if (frame->type == NGHTTP2_HEADERS && frame->id > connection->last_id)
                connection->last_id = frame->id;
}

/* How many of these bytes belong to one frame, or to its part that they are; it is noted before nghttp2 sees the last byte of its head. */
static size_t take_frame(struct http2 *connection, const uint8_t *data, size_t n)
{
        struct http2_frames *frames = &connection->frames;
        size_t size = 0, rest;

        while (frames->left == 0 && size < n) {
                struct frame frame;

                frames->head[frames->size++] = data[size++];
                if (frames->size < HEAD_SIZE)
                        continue;
                frame = read_frame(frames->head);
                if (frame.type == NGHTTP2_PRIORITY && frame.length == PRIORITY_SIZE &&
                    frames->size < sizeof frames->head)
                        continue;
                frames->left = frame.length - (frames->size - HEAD_SIZE);
                frames->size = 0;
                note_frame(connection, &frame);
                if (frames->left == 0)
                        return size;
        }
        rest = n - size < frames->left ? n - size : frames->left;
        frames->left -= rest;
        return size + rest;
}

ssize_t http2_receive(struct http2 *connection, const uint8_t *data, size_t n)
{
        while (n > 0 && !connection->fault) {
                size_t size = take_frame(connection, data, n);
                ssize_t rc = nghttp2_session_mem_recv(connection->session, data, size);

                if (rc < 0)
                        return rc;
                data += size;
                n -= size;
        }
        return 0;
}
