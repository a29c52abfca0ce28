#include "http_client/patience.h"

#include "base/list.h"
#include "base/sys.h"
#include <linux/tcp.h>
#include <netinet/in.h>

void patience_sign_of_life(struct transfer *t)
{
        t->last_sign = eddy_loop_time(t->client->loop);
}

/* What the kernel still has to send takes its time where the line is slow, and curl knows nothing of that: what has
 * reached the server since the latest look was a sign when its last byte was acknowledged. */
static void look_for_acknowledged(struct transfer *t)
{
        struct tcp_info info = {0};
        socklen_t size = sizeof info;
        eddy_time when;

        if (t->socket == CURL_SOCKET_BAD ||
            sys_getsockopt(t->socket, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 ||
            info.tcpi_bytes_acked == t->acknowledged)
                return;
        t->acknowledged = info.tcpi_bytes_acked;
        when = eddy_loop_time(t->client->loop) - eddy_ms(info.tcpi_last_ack_recv);
        if (when > t->last_sign)
                t->last_sign = when;
}

static eddy_duration connect_timeout(const struct transfer *t)
{
        return t->request->connect_timeout > 0 ? t->request->connect_timeout : eddy_seconds(30);
}

static void give_up_connecting(void *arg)
{
        struct transfer *t = arg;

        t->is_unconnected = true;
        transfer_end(t, CURLE_OPERATION_TIMEDOUT);
}

/* curl's own limit would count from the beginning, when a transfer may have to wait for its turn. */
void patience_connecting(struct transfer *t)
{
        if (!eddy_timer_pending(&t->connect_timer) && !t->is_done)
                eddy_call_later(t->client->loop, &t->connect_timer, connect_timeout(t), give_up_connecting, t);
}

static void watch_for_stall(struct transfer *t);

/* Who holds the server back may not call it silent, nor who has not looked at what it said. */
static bool is_its_turn(const struct transfer *t)
{
        return !t->is_paused && t->in_end == t->in_start && !t->upload.is_wanted &&
               !list_is_linked(&t->throttled);
}

static void check_for_stall(void *arg)
{
        struct transfer *t = arg;

        look_for_acknowledged(t);
        if (!is_its_turn(t))
                patience_sign_of_life(t);
        if (eddy_loop_time(t->client->loop) - t->last_sign < t->request->stall_timeout) {
                watch_for_stall(t);
                return;
        }
        t->is_stalled = true;
        transfer_end(t, CURLE_OPERATION_TIMEDOUT);
}

/* Look again when the silence will have been too long, if nothing comes meanwhile. */
static void watch_for_stall(struct transfer *t)
{
        eddy_duration timeout = t->request->stall_timeout;

        if (timeout > 0)
                eddy_call_at(t->client->loop, &t->stall_timer, eddy_time_add(t->last_sign, timeout),
                             check_for_stall, t);
}

void patience_connected(struct transfer *t)
{
        eddy_timer_cancel(&t->connect_timer);
        patience_sign_of_life(t);
        if (!t->is_done)
                watch_for_stall(t);
}

static void run_out_of_time(void *arg)
{
        struct transfer *t = arg;

        t->is_late = true;
        transfer_end(t, CURLE_OPERATION_TIMEDOUT);
}

void patience_begin(struct transfer *t)
{
        eddy_duration timeout = t->request->timeout;

        t->deadline = timeout > 0 ? eddy_time_add(eddy_loop_time(t->client->loop), timeout) : EDDY_FOREVER;
        if (t->deadline != EDDY_FOREVER)
                eddy_call_at(t->client->loop, &t->total_timer, t->deadline, run_out_of_time, t);
}

void patience_rest(struct transfer *t)
{
        eddy_timer_cancel(&t->connect_timer);
        eddy_timer_cancel(&t->stall_timer);
}

void patience_end(struct transfer *t)
{
        patience_rest(t);
        eddy_timer_cancel(&t->total_timer);
}

int patience_verdict(const struct transfer *t)
{
        if (t->is_late)
                return eddy_fail(EDDY_TIMEOUT, "the whole was not there within %g s",
                                 eddy_to_seconds(t->request->timeout));
        if (t->is_unconnected)
                return eddy_fail(EDDY_TIMEOUT, "no connection within %g s",
                                 eddy_to_seconds(connect_timeout(t)));
        if (t->is_stalled)
                return eddy_fail(EDDY_TIMEOUT, "nothing came for %g s",
                                 eddy_to_seconds(t->request->stall_timeout));
        return 0;
}
