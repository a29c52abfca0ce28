/* Pings, by the loop's timer: they need no coroutine. What comes is seen only by who receives, so where nobody does, nothing is
 * concluded from silence; but TCP is told too for how long sent bytes may stay unacknowledged, pings among them. */
#include "websocket/websocket.h"

#include "base/sys.h"
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

enum { NANOSECONDS_A_MILLISECOND = 1000000, DOUBT_PART = 16 };

static void tick(void *arg);

static void set_timer(eddy_websocket *ws, eddy_duration delay)
{
        if (delay != EDDY_FOREVER)
                eddy_call_later(NULL, &ws->timer, delay, tick, ws);
}

static void send_ping(eddy_websocket *ws)
{
        eddy_duration interval = ws->options.ping_interval, timeout = ws->options.ping_timeout;

        ws->ping_count++;
        websocket_send_control(ws, FRAME_PING, &ws->ping_count, sizeof ws->ping_count);
        ws->pinged_at = eddy_now();
        ws->awaits_answer = timeout != EDDY_FOREVER;
        ws->has_heard = ws->is_in_doubt = false;
        set_timer(ws, interval < timeout ? interval : timeout);
}

/** Nothing has come in time. Who receives may have begun just now, with the answer still unread: give him a moment. */
static void judge_silence(eddy_websocket *ws)
{
        if (!ws->input.is_busy) {
                ws->is_in_doubt = false;
                set_timer(ws, ws->options.ping_timeout);
        } else if (!ws->is_in_doubt) {
                ws->is_in_doubt = true;
                set_timer(ws, ws->options.ping_timeout / DOUBT_PART);
        } else {
                websocket_fail(ws, CODE_LOST, -ETIMEDOUT, "nothing came in answer to a ping (1006)");
                eddy_stream_abort(ws->stream);
        }
}

static void tick(void *arg)
{
        eddy_websocket *ws = arg;
        bool waits = ws->awaits_answer && !ws->has_heard;
        eddy_duration elapsed = eddy_now() - ws->pinged_at;
        eddy_duration limit = waits ? ws->options.ping_timeout : ws->options.ping_interval;

        websocket_pay_pong(ws);
        if (elapsed < limit)
                set_timer(ws, limit - elapsed);
        else if (waits)
                judge_silence(ws);
        else
                send_ping(ws);
}

static void limit_silence(const eddy_websocket *ws)
{
        eddy_duration longest = eddy_time_add(ws->options.ping_interval, ws->options.ping_timeout);
        eddy_duration milliseconds = longest / NANOSECONDS_A_MILLISECOND;
        unsigned limit = milliseconds < INT_MAX ? (unsigned)milliseconds : INT_MAX;

        if (longest != EDDY_FOREVER) /* of a UNIX socket there is none */
                sys_setsockopt(eddy_stream_fd(ws->stream), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
}

void websocket_start_pings(eddy_websocket *ws)
{
        if (ws->options.ping_interval == EDDY_FOREVER)
                return;
        limit_silence(ws);
        ws->pinged_at = eddy_now();
        set_timer(ws, ws->options.ping_interval);
}

void websocket_stop_pings(eddy_websocket *ws)
{
        eddy_timer_cancel(&ws->timer);
}
