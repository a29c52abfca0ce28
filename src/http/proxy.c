#include "http/proxy.h"

#include "base/list.h"
#include "base/memory.h"
#include "base/sys_process.h"
#include "http/router.h"
#include "http/strict.h"
#include <limits.h>

enum { MAX_IDLE = 128, MOST_CONNECTIONS = 16 * 1024 };
enum { CONNECT = 10, TAKE = 60, IDLE = 30, TUNNEL = 3600, LEAVE = 1 /* seconds */ };

/* What the server is to do has not been done in time. */
static void connection_is_late(struct deadline *deadline)
{
        struct proxy_connection *connection = container_of(deadline, struct proxy_connection, deadline);

        connection->is_late = true;
        exchange_wake(connection->exchange);
}

/* It takes little at a time: that is no silence. */
static void connection_takes_nothing(struct deadline *deadline)
{
        struct proxy_connection *connection = container_of(deadline, struct proxy_connection, deadline);
        size_t unsent = connection->transport ? eddy_transport_write_buffer_size(connection->transport) : 0;

        if (unsent < connection->unsent) {
                connection->unsent = unsent;
                deadline_start(&connection->proxy->writing, deadline);
                return;
        }
        connection_is_late(deadline);
}

static void connection_has_waited(struct deadline *deadline)
{
        struct proxy_connection *connection = container_of(deadline, struct proxy_connection, deadline);

        proxy_connection_drop(connection);
}

static void leave_is_not_given(struct deadline *deadline)
{
        struct proxy_connection *connection = container_of(deadline, struct proxy_connection, leave);

        connection->has_no_leave = true;
        exchange_wake(connection->exchange);
}

static eddy_duration or_default(eddy_duration duration, unsigned seconds)
{
        return duration ? duration : eddy_seconds(seconds);
}

static int check_options(const eddy_http_proxy_options *options)
{
        if (options->connect_timeout < 0 || options->read_timeout < 0 || options->write_timeout < 0 ||
            options->idle_timeout < 0 || options->tunnel_timeout < 0)
                return eddy_fail(-EINVAL, "a proxy's timeout is negative");
        for (const char *at = options->via; at && *at; at++)
                if (!http_is_token_byte(*at))
                        return eddy_fail(-EINVAL, "\"%s\" is no token, as Via has them", options->via);
        return options->via && !*options->via ? eddy_fail(-EINVAL, "Via needs a name") : 0;
}

static int copy_options(eddy_http_proxy *proxy, const eddy_http_proxy_options *options)
{
        if (options)
                proxy->options = *options;
        if (memory_copy_text(&proxy->options.via) < 0) {
                proxy->options.tls_name = NULL; /* that one is still the caller's */
                return -ENOMEM;
        }
        return memory_copy_text(&proxy->options.tls_name);
}

static void init_deadlines(eddy_http_proxy *proxy)
{
        eddy_http_proxy_options *options = &proxy->options;

        options->connect_timeout = or_default(options->connect_timeout, CONNECT);
        deadlines_init(&proxy->reading, or_default(options->read_timeout, TAKE), connection_is_late);
        deadlines_init(&proxy->writing, or_default(options->write_timeout, TAKE), connection_takes_nothing);
        deadlines_init(&proxy->idling, or_default(options->idle_timeout, IDLE), connection_has_waited);
        deadlines_init(&proxy->tunnels, or_default(options->tunnel_timeout, TUNNEL), proxy_tunnel_expire);
        deadlines_init(&proxy->queueing, options->connect_timeout, proxy_line_expire);
        deadlines_init(&proxy->leaves, eddy_seconds(LEAVE), leave_is_not_given);
}

/* Half of the descriptors that there may be, for each client that waits has one, too; and no more than one address has ports. */
static size_t default_connections(void)
{
        size_t most = sys_descriptor_limit() / 2;

        return most < MOST_CONNECTIONS ? most + !most : MOST_CONNECTIONS;
}

static void init_bounds(eddy_http_proxy_options *options)
{
        if (options->max_connections == 0)
                options->max_connections = default_connections();
        if (options->max_idle == 0)
                options->max_idle = MAX_IDLE;
        else if (options->max_idle == UINT_MAX)
                options->max_idle = 0;
}

int eddy_http_proxy_create(eddy_http_proxy **proxy, const char *url, const eddy_http_proxy_options *options)
{
        eddy_http_proxy *made;
        int rc = options ? check_options(options) : 0;

        *proxy = NULL;
        if (rc < 0)
                return rc;
        made = memory_alloc(sizeof *made);
        if (!made)
                return -ENOMEM;
        memset(made, 0, offsetof(struct eddy_http_proxy, out));
        list_init(&made->idle);
        list_init(&made->line);
        rc = proxy_url_parse(&made->url, url);
        if (rc == 0 && made->url.is_secure && !(options && options->tls))
                rc = eddy_fail(-EINVAL, "\"%s\" needs a context of TLS among the options", url);
        if (rc == 0)
                rc = copy_options(made, options);
        if (rc < 0) {
                eddy_http_proxy_destroy(made);
                return rc;
        }
        init_deadlines(made);
        init_bounds(&made->options);
        *proxy = made;
        return 0;
}

/* With a slash at its end or without, it is the same. */
int eddy_http_proxy_mount(eddy_http_proxy *proxy, eddy_http_router *router, const char *prefix)
{
        char *whole = memory_strdup(prefix);
        int rc;

        if (!whole)
                return -ENOMEM;
        for (size_t n = strlen(whole); n > 1 && whole[n - 1] == '/'; n--)
                whole[n - 1] = '\0';
        rc = router_mount_with_prefix(router, whole, eddy_http_proxy_answer, proxy);
        memory_free(whole);
        return rc;
}

void eddy_http_proxy_destroy(eddy_http_proxy *proxy)
{
        if (!proxy)
                return;
        proxy_connections_close(proxy);
        proxy_url_finish(&proxy->url);
        memory_free_text(proxy->options.via);
        memory_free_text(proxy->options.tls_name);
        memory_free(proxy);
}

void eddy_http_proxy_count(const eddy_http_proxy *proxy, eddy_http_proxy_counts *counts)
{
        *counts = proxy->counts;
}
