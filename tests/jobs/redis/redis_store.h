/* A store of jobs in a Redis server of the tests' own; connections to it may pass a proxy that loses replies. */
#ifndef TESTS_JOBS_REDIS_STORE_H
#define TESTS_JOBS_REDIS_STORE_H

#include "../../redis/server.h"
#include "../store.h"

static inline int start_redis(void **state)
{
        char url[64];

        redis_server_start(&server);
        snprintf(url, sizeof url, "redis://127.0.0.1:%u/0", server.port);
        setenv("EDDY_TEST_JOBS", url, 1);
        (void)state;
        return 0;
}

static inline int stop_redis(void **state)
{
        char dump[96];

        (void)state;
        snprintf(dump, sizeof dump, "%s/dump.rdb", server.folder);
        unlink(dump);
        redis_server_stop(&server);
        return 0;
}

/** A connection of the test's own, every key gone, and a new store. */
static inline eddy_redis *connect_beside(void)
{
        return connect_to_server();
}

/** As open_store(), with options; the result instead of the store. */
static inline int try_to_open(eddy_jobs **jobs, uint16_t port, eddy_jobs_options options)
{
        char url[64];

        snprintf(url, sizeof url, "redis://127.0.0.1:%u/0", port);
        options.prefix = options.prefix ? options.prefix : "test";
        return eddy_jobs_open(jobs, url, &options);
}

static inline eddy_jobs *open_with(uint16_t port, eddy_jobs_options options)
{
        eddy_jobs *jobs;
        int rc = try_to_open(&jobs, port, options);

        if (rc < 0)
                fail_msg("%s", eddy_explain(rc));
        return jobs;
}

/* The proxy. */

static eddy_server *proxy;
static unsigned replies_to_lose; /* then the connection is cut instead */
static unsigned replies_lost;

static intptr_t pass_requests(void *arg)
{
        eddy_stream **ends = arg;
        const char *data;
        ssize_t n;

        while ((n = eddy_stream_read_some(ends[0], &data)) > 0)
                if (eddy_stream_write_all(ends[1], data, (size_t)n) < 0)
                        break;
        return 0;
}

static intptr_t pass_replies(eddy_stream *client, void *arg)
{
        eddy_stream *ends[2] = {client};
        const char *data;
        eddy_task *task;
        ssize_t n;

        (void)arg;
        if (eddy_open_connection(&ends[1], "127.0.0.1", server.port, NULL) < 0)
                return 0;
        task = eddy_create_task(pass_requests, ends);
        while ((n = eddy_stream_read_some(ends[1], &data)) > 0) {
                if (replies_to_lose > 0) {
                        replies_to_lose--;
                        replies_lost++;
                        break;
                }
                if (eddy_stream_write_all(client, data, (size_t)n) < 0)
                        break;
        }
        eddy_stream_abort(client);
        eddy_cancel(task);
        EDDY_SHIELD_SCOPE
                eddy_join(task, NULL);
        eddy_stream_destroy(ends[1]);
        return 0;
}

/** The port of a proxy, which is there until close_proxy(). */
static inline uint16_t open_proxy(void)
{
        replies_to_lose = replies_lost = 0;
        assert_int_equal(eddy_start_server(&proxy, pass_replies, NULL, "127.0.0.1", 0, NULL), 0);
        return eddy_server_port(proxy);
}

static inline void close_proxy(void)
{
        eddy_server_close(proxy);
        eddy_server_close_clients(proxy);
        assert_int_equal(eddy_server_wait_closed(proxy), 0);
        eddy_server_destroy(proxy);
}

#endif
