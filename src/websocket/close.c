#include "websocket/websocket.h"

enum { LEAST_CODE = 1000, LEAST_PROGRAM_CODE = 3000, MOST_PROGRAM_CODE = 4999, CODE_SIZE = 2 };

/** Whether a code may be in a frame: those of RFC 6455 and of IANA's list, and those that programs have to themselves. */
static bool is_valid_code(int code)
{
        static const char known[] = {1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}; /* 1000 to 1014 */
        unsigned i = (unsigned)code - LEAST_CODE;

        return (i < sizeof known && known[i]) || (code >= LEAST_PROGRAM_CODE && code <= MOST_PROGRAM_CODE);
}

/** A close was the last frame, or nothing can be sent any more: those that wait for their turn hear of it, whoever has that. */
static void stop_sending(eddy_websocket *ws)
{
        if (ws->has_sent_close)
                return;
        ws->has_sent_close = true;
        websocket_stop_pings(ws);
        eddy_lock_finish(&ws->output.turn);
}

int websocket_send_close(eddy_websocket *ws, int code, const char *reason)
{
        size_t size = strlen(reason);
        uint8_t payload[CODE_SIZE + MAX_REASON];
        int rc;

        if (ws->has_sent_close)
                return 0;
        payload[0] = (uint8_t)(code >> 8);
        payload[1] = (uint8_t)code;
        memcpy(payload + CODE_SIZE, reason, size);
        rc = websocket_send_control(ws, FRAME_CLOSE, payload, code == CODE_NONE ? 0 : CODE_SIZE + size);
        if (rc == -ENOMEM)
                return rc;
        stop_sending(ws);
        return rc;
}

int websocket_fail(eddy_websocket *ws, int code, int rc, const char *why)
{
        ws->failure = rc;
        ws->why = why;
        ws->code = code;
        if (code != CODE_LOST)
                websocket_send_close(ws, code, why ? why : "");
        stop_sending(ws);
        eddy_stream_write_eof(ws->stream);
        eddy_event_set(&ws->passed_on);
        return websocket_tell_failure(ws);
}

int websocket_tell_failure(const eddy_websocket *ws)
{
        return ws->why ? eddy_fail(ws->failure, "%s", ws->why) : ws->failure;
}

int websocket_closed_by_frame(eddy_websocket *ws, const uint8_t *payload, size_t size)
{
        int code = size >= CODE_SIZE ? payload[0] << 8 | payload[1] : CODE_NONE;

        if (size == 1 || (size > 0 && !is_valid_code(code)))
                return websocket_fail(ws, CODE_PROTOCOL, EDDY_EPROTOCOL,
                                      "a close came with a code that is none");
        if (size > CODE_SIZE && !utf8_is_valid(payload + CODE_SIZE, size - CODE_SIZE))
                return websocket_fail(ws, CODE_NO_UTF8, -EILSEQ,
                                      "a close came with a reason that is not UTF-8");
        ws->code = code;
        if (size > CODE_SIZE)
                memcpy(ws->reason, payload + CODE_SIZE, size - CODE_SIZE);
        websocket_send_close(ws, code, "");
        ws->has_come_close = true;
        stop_sending(ws);   /* also where it could not be sent */
        if (!ws->is_client) /* whose end it is to close first, so that the client has no address in TIME_WAIT */
                eddy_stream_close(ws->stream);
        return 0;
}

/** Drop what still comes of a connection that is over, and close it. */
static int await_stream_end(eddy_websocket *ws)
{
        ssize_t got = 1;
        char dropped[1024];

        while (got > 0 && !eddy_stream_is_closing(ws->stream)) {
                got = eddy_stream_read(ws->stream, dropped, sizeof dropped);
                if (ws->is_destroyed)
                        return -EBADF;
                if (got == EDDY_CANCELLED || got == EDDY_TIMEOUT)
                        return (int)got;
        }
        eddy_stream_close(ws->stream);
        return eddy_stream_wait_closed(ws->stream);
}

/** Wait for the other side's close, and then for the connection's: 0, or how the caller was interrupted. */
static int await_end(eddy_websocket *ws)
{
        int rc = websocket_drop_next(ws);

        if (ws->is_destroyed)
                return -EBADF;
        if (!websocket_is_over(ws))
                return rc;
        rc = await_stream_end(ws);
        return rc == EDDY_CANCELLED || rc == EDDY_TIMEOUT || rc == -EBADF ? rc : 0;
}

/** Cut the connection: the other side was given its time. */
static void cut(eddy_websocket *ws)
{
        if (!websocket_is_over(ws))
                websocket_fail(ws, CODE_LOST, EDDY_EINCOMPLETE,
                               "the other side did not answer the close in time (1006)");
        eddy_stream_abort(ws->stream);
}

static int close_with(eddy_websocket *ws, int code, const char *reason)
{
        bool was_over = websocket_is_over(ws);
        int rc = websocket_send_close(ws, code, reason);

        if (rc == -ENOMEM)
                return rc;
        EDDY_TIMEOUT_SCOPE(ws->options.close_timeout)
                rc = await_end(ws);
        if (ws->is_destroyed || rc == -ENOMEM)
                return rc;
        if (rc == EDDY_TIMEOUT && eddy_interrupted() == 0)
                cut(ws);
        else if (rc == EDDY_TIMEOUT || rc == EDDY_CANCELLED)
                return rc;
        return was_over || ws->has_come_close ? 0 : websocket_tell_failure(ws);
}

int eddy_websocket_close(eddy_websocket *ws, int code, const char *reason)
{
        int rc = websocket_enter(ws);

        if (rc < 0)
                return rc;
        if (code == 0)
                code = CODE_NORMAL;
        if (!reason)
                reason = "";
        if (!is_valid_code(code))
                rc = eddy_fail(-EINVAL, "%d is no code to close with", code);
        else if (strlen(reason) > MAX_REASON || !utf8_is_valid(reason, strlen(reason)))
                rc = eddy_fail(-EINVAL, "a reason is up to %d bytes of UTF-8", MAX_REASON);
        else
                rc = close_with(ws, code, reason);
        return (int)websocket_leave(ws, rc);
}

int eddy_websocket_close_code(const eddy_websocket *ws)
{
        return ws->code;
}

const char *eddy_websocket_close_reason(const eddy_websocket *ws)
{
        return ws->reason;
}
