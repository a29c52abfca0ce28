/* The line before a proxy's connections, where as many as may be are in use: first come, first served. Who stands in it takes by itself
 * what has become free, when it is woken for that; so nothing has to be handed back where it has gone meanwhile. */
#include "base/list.h"
#include "http/proxy.h"
#include <eddy/error.h>

/* Whoever stands in the line, in its task. */
struct waiter {
        eddy_link link; /* in proxy->line */
        eddy_http_exchange *exchange;
        struct deadline deadline;
        bool is_late;
};

static struct waiter *first_of(const eddy_http_proxy *proxy)
{
        return container_of(proxy->line.next, struct waiter, link);
}

/* Whether there is one that waits for a request, or another may be opened. */
static bool is_free(const eddy_http_proxy *proxy)
{
        return !list_is_empty(&proxy->idle) || proxy->connections < proxy->options.max_connections;
}

void proxy_line_move(eddy_http_proxy *proxy)
{
        if (!list_is_empty(&proxy->line) && is_free(proxy))
                exchange_wake(first_of(proxy)->exchange);
}

void proxy_line_expire(struct deadline *deadline)
{
        struct waiter *waiter = container_of(deadline, struct waiter, deadline);

        waiter->is_late = true;
        exchange_wake(waiter->exchange);
}

/* Until it is its turn, or in vain. */
static int stand(eddy_http_proxy *proxy, const struct waiter *waiter)
{
        while (first_of(proxy) != waiter || !is_free(proxy)) {
                int rc = waiter->exchange->failure;

                if (rc == 0 && waiter->is_late)
                        rc = eddy_fail(-EBUSY,
                                       "no connection to the server became free in time: all %zu are in use",
                                       proxy->options.max_connections);
                if (rc == 0)
                        rc = exchange_wait_for(waiter->exchange, AWAITS_NOTHING);
                if (rc < 0)
                        return rc;
        }
        return eddy_interrupted(); /* between being woken and now */
}

int proxy_line_wait(eddy_http_proxy *proxy, eddy_http_exchange *exchange)
{
        struct waiter waiter = {.exchange = exchange};
        int rc;

        if (list_is_empty(&proxy->line) && is_free(proxy))
                return 0;
        list_append(&proxy->line, &waiter.link);
        proxy->counts.waiting++;
        deadline_start(&proxy->queueing, &waiter.deadline);
        rc = stand(proxy, &waiter);
        deadline_stop(&waiter.deadline);
        list_remove(&waiter.link);
        proxy->counts.waiting--;
        if (rc < 0) /* what it was woken for may be the next one's */
                proxy_line_move(proxy);
        return rc;
}
