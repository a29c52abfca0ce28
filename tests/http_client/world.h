/* A server of odd answers and a client, in one loop. */
#ifndef TESTS_HTTP_CLIENT_WORLD_H
#define TESTS_HTTP_CLIENT_WORLD_H

#include "../ports.h"
#include "../testing.h"

#include <eddy/http.h>
#include <stdio.h>
#include <unistd.h>

struct world {
        eddy_http_service *service;
        eddy_server *server, *other; /* two origins, of one service */
        eddy_http_client *client;
        char base[64], other_base[64];
};

static inline void open_server(eddy_server **server, eddy_http_service *service, char base[64])
{
        assert_int_equal(eddy_http_start_server(server, service, "127.0.0.1", 0, NULL), 0);
        snprintf(base, 64, "http://127.0.0.1:%u", eddy_server_port(*server));
}

static inline void world_open(struct world *world, eddy_http_handler handler,
                              const eddy_http_client_options *options)
{
        *world = (struct world){0};
        assert_int_equal(eddy_http_service_create(&world->service, handler, world,
                                                  &(eddy_http_service_options){.compresses = true}),
                         0);
        open_server(&world->server, world->service, world->base);
        open_server(&world->other, world->service, world->other_base);
        assert_int_equal(eddy_http_client_create(&world->client, options), 0);
}

static inline void world_close(struct world *world)
{
        eddy_http_client_destroy(world->client);
        eddy_server_close(world->server);
        eddy_server_close(world->other);
        eddy_http_service_drain(world->service, 0);
        eddy_server_destroy(world->server);
        eddy_server_destroy(world->other);
        eddy_http_service_destroy(world->service);
}

/** Ask by another client from now on. */
static inline void use_client(struct world *world, const eddy_http_client_options *options)
{
        eddy_http_client_destroy(world->client);
        assert_int_equal(eddy_http_client_create(&world->client, options), 0);
}

/** A URL of the world's server. Valid until the fourth next call. */
static inline const char *at(const struct world *world, const char *path)
{
        static char urls[4][256];
        static unsigned next;
        char *url = urls[next++ % 4];

        snprintf(url, sizeof urls[0], "%s%s", world->base, path);
        return url;
}

/** Send and read a whole answer: its status, or what failed; the body is given back with eddy_free(). */
static inline int ask_whole(struct world *world, const eddy_http_request *request, char **body)
{
        eddy_http_response response;
        int rc = eddy_http_send(world->client, request, &response);
        ssize_t n = 0;

        *body = NULL;
        if (rc == 0)
                n = eddy_http_response_read_all(&response, body, 1 << 24);
        rc = rc < 0 ? rc : n < 0 ? (int)n : response.status;
        eddy_http_response_finish(&response);
        return rc;
}

/** See that a request is answered so. */
static inline void assert_answer(struct world *world, const eddy_http_request *request, int status,
                                 const char *body)
{
        char *got;

        assert_int_equal(ask_whole(world, request, &got), status);
        assert_string_equal(got, body);
        eddy_free(got);
}

#endif
