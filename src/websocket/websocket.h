/* A WebSocket from the inside. Its life is in websocket.c, what comes in input.c as frames and in receive.c as messages, what
 * leaves in send.c, the end in close.c, pings in keepalive.c. */
#ifndef WEBSOCKET_WEBSOCKET_H
#define WEBSOCKET_WEBSOCKET_H

#include "websocket/deflate.h"
#include "websocket/frame.h"
#include "websocket/utf8.h"

enum {
        CODE_NORMAL = 1000,
        CODE_PROTOCOL = 1002,
        CODE_NONE = 1005,
        CODE_LOST = 1006,
        CODE_NO_UTF8 = 1007,
        CODE_TOO_BIG = 1009,
        CODE_INTERNAL = 1011,
};

enum { MAX_REASON = FRAME_MAX_CONTROL - 2, MASKS = 32 };

/** What the receiving side has come to. It is between two bytes, and so may be left at any suspension. */
enum stage { STAGE_HEAD, STAGE_CONTROL, STAGE_DATA };

struct input {
        bool is_busy;        /* some coroutine is at it */
        const uint8_t *lent; /* the stream's, and ours until the next read */
        size_t lent_size;
        enum stage stage;
        uint8_t head[FRAME_MAX_HEAD]; /* of the frame that begins */
        uint8_t head_size;
        uint8_t control_size;
        uint8_t control[FRAME_MAX_CONTROL]; /* payload */
        struct frame frame;
        uint64_t left;            /* of its payload */
        eddy_websocket_type type; /* of the message; 0: none has begun */
        bool is_compressed;
        bool is_shown; /* `message` was handed out whole */
        struct utf8 utf8;
        struct room message; /* as far as it has come */
        size_t taken;        /* of that, by eddy_websocket_read() */
        struct inflater *inflater;
};

struct output {
        eddy_lock turn;           /* held by who sends a message of pieces; finished when a close was sent */
        const eddy_task *owner;   /* that one; or NULL */
        eddy_websocket_type type; /* of it, until its first frame has been sent; then 0 */
        bool is_compressed;
        bool
            has_held_back; /* the last four bytes that were compressed: they are sent only if more comes behind them */
        struct room scratch;
        struct deflater *deflater;
        uint8_t masks[MASKS][FRAME_MASK_SIZE];
        unsigned masks_left;
        uint8_t pongs;  /* that were sent since there was room */
        bool owes_pong; /* `pong` */
        uint8_t pong_size;
        uint8_t pong[FRAME_MAX_CONTROL];
};

struct eddy_websocket {
        eddy_stream *stream;
        bool is_client;
        bool is_destroyed; /* and freed when the last of its users has left */
        unsigned users;    /* coroutines in its functions */
        eddy_websocket_options options;
        struct eddy_websocket_terms terms;
        char *subprotocol;
        struct input input;
        struct output output;

        /* The end. */
        bool has_sent_close; /* or nothing can be sent */
        bool has_come_close;
        int failure;     /* what ended it, without a close; 0: nothing */
        const char *why; /* a sentence, or NULL */
        int code;        /* what eddy_websocket_close_code() tells */
        char reason[MAX_REASON + 1];
        eddy_event passed_on; /* to those that wait for the input: it is free, or nothing comes any more */

        /* Pings. */
        eddy_timer timer;
        bool awaits_answer; /* a ping was sent */
        bool has_heard;     /* anything, since then */
        bool is_in_doubt;   /* nothing came in time, but nobody may have looked */
        uint8_t ping_count;
        eddy_time pinged_at;
};

/** Begin a call that needs a coroutine: 0, or why it is refused. */
int websocket_enter(eddy_websocket *ws);

/** End it: rc, or -EBADF where it was destroyed meanwhile. It may be gone. */
ssize_t websocket_leave(eddy_websocket *ws, ssize_t rc);

/** Whether nothing more will come. */
static inline bool websocket_is_over(const eddy_websocket *ws)
{
        return ws->failure < 0 || ws->has_come_close;
}

/** End it for a violation, or because the connection is lost: rc.
 *
 * @param code  to be sent; CODE_LOST: nothing can be
 * @param why   of static life; NULL: what rc means
 */
int websocket_fail(eddy_websocket *ws, int code, int rc, const char *why);

/** What ended it, with its sentence. */
int websocket_tell_failure(const eddy_websocket *ws);

/** A frame came that closes: 0, or as websocket_fail(). */
int websocket_closed_by_frame(eddy_websocket *ws, const uint8_t *payload, size_t size);

/** Drop what comes until nothing does any more, or whoever receives has left: 0, or the failure, or how the caller was
 * interrupted. */
int websocket_drop_next(eddy_websocket *ws);

/** Send a close frame, if none was: 0 or the stream's error.
 *
 * @param code  CODE_NONE: without one
 */
int websocket_send_close(eddy_websocket *ws, int code, const char *reason);

/** Queue a control frame, whatever waits before it: 0, -ENOMEM, or the stream's failure. */
int websocket_send_control(eddy_websocket *ws, uint8_t opcode, const void *payload, size_t size);

/** Answer a ping; of those that come while nothing leaves, only the last. */
void websocket_send_pong(eddy_websocket *ws, const void *payload, size_t size);

/** Send the pong that is owed, where there is room again. */
void websocket_pay_pong(eddy_websocket *ws);

/** Begin pings, and end them. */
void websocket_start_pings(eddy_websocket *ws);
void websocket_stop_pings(eddy_websocket *ws);

#endif
