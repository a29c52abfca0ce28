#include "http_client/rate.h"

#include "base/list.h"

enum { LEAST_CREDIT = 16 * 1024 /* bytes: a piece of curl's */ };

/* What was not used is kept for a tenth of a second, so that whoever was idle does not come as a flood. */
static int64_t most_credit(const eddy_http_client *client)
{
        int64_t most = client->receive_rate / 10;

        return most > LEAST_CREDIT ? most : LEAST_CREDIT;
}

static void refill(eddy_http_client *client)
{
        eddy_time now = eddy_now();
        double earned = eddy_to_seconds(now - client->credited) * (double)client->receive_rate;
        int64_t most = most_credit(client);

        if (earned < 1) /* so that no part of a byte is lost */
                return;
        client->credited = now;
        client->credit = earned < (double)(most - client->credit) ? client->credit + (int64_t)earned : most;
}

static void release(void *arg);

/* When something may come again. */
static void set_timer(eddy_http_client *client)
{
        double delay = (double)(1 - client->credit) / (double)client->receive_rate;

        if (!eddy_timer_pending(&client->rate_timer))
                eddy_call_later(client->loop, &client->rate_timer, eddy_seconds(delay), release, client);
}

/* First come, first served. */
static void release(void *arg)
{
        eddy_http_client *client = arg;

        refill(client);
        while (client->credit > 0 && !list_is_empty(&client->throttled)) {
                struct transfer *t =
                    container_of(list_take_first(&client->throttled), struct transfer, throttled);

                transfer_set_pauses(t);
        }
        if (!list_is_empty(&client->throttled))
                set_timer(client);
}

bool rate_admits(struct transfer *t, size_t size)
{
        eddy_http_client *client = t->client;

        if (client->receive_rate <= 0)
                return true;
        refill(client);
        if (client->credit > 0) {
                client->credit -= (int64_t)size;
                return true;
        }
        if (!list_is_linked(&t->throttled))
                list_append(&client->throttled, &t->throttled);
        set_timer(client);
        return false;
}

void rate_forget(struct transfer *t)
{
        if (list_is_linked(&t->throttled))
                list_remove(&t->throttled);
}
