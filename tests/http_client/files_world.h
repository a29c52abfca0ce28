/* A server of files and a client, in one loop: what tests of fetching and downloading share. */
#ifndef TESTS_HTTP_CLIENT_FILES_WORLD_H
#define TESTS_HTTP_CLIENT_FILES_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <eddy/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BIG = 3 * 1024 * 1024 };

static char folder[] = "/tmp/eddy-fetch-XXXXXX";
static char *big;

/** A server and a client for one test's coroutine. */
struct world {
        eddy_http_files *files;
        eddy_server *server, *silent;
        eddy_http_client *client;
};

static inline intptr_t say_nothing(eddy_stream *stream, void *arg)
{
        char byte;

        (void)arg;
        while (eddy_stream_read(stream, &byte, 1) > 0)
                ;
        return 0;
}

static inline int world_open(struct world *world, const eddy_http_client_options *options)
{
        int rc = eddy_http_files_create(&world->files, folder, NULL);

        if (rc == 0)
                rc = eddy_start_server(&world->server, eddy_http_serve_files, world->files, "127.0.0.1", 0,
                                       NULL);
        if (rc == 0)
                rc = eddy_start_server(&world->silent, say_nothing, NULL, "127.0.0.1", 0, NULL);
        if (rc == 0)
                rc = eddy_http_client_create(&world->client, options);
        return rc;
}

static inline void end_server(eddy_server *server)
{
        if (!server)
                return;
        eddy_server_close(server);
        eddy_server_close_clients(server);
        eddy_server_wait_closed(server);
        eddy_server_destroy(server);
}

static inline void world_close(struct world *world)
{
        eddy_http_client_destroy(world->client);
        end_server(world->server);
        end_server(world->silent);
        eddy_http_files_destroy(world->files);
}

static inline const char *url_of(eddy_server *server, const char *path)
{
        static char url[256];

        snprintf(url, sizeof url, "http://127.0.0.1:%u/%s", eddy_server_port(server), path);
        return url;
}

static inline void write_file(const char *name, const char *data, size_t n)
{
        char path[128];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", folder, name);
        file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(data, 1, n, file), n);
        fclose(file);
}

static inline int set_up(void **state)
{
        char path[128];

        (void)state;
        unsetenv("http_proxy");
        unsetenv("all_proxy");
        unsetenv("ALL_PROXY");
        assert_non_null(mkdtemp(folder));
        big = malloc(BIG);
        for (size_t i = 0; i < BIG; i++)
                big[i] = (char)(i * 2654435761u >> 13);
        write_file("small.txt", "small", 5);
        write_file("big", big, BIG);
        snprintf(path, sizeof path, "%s/folder", folder);
        return mkdir(path, 0777);
}

static inline int tear_down(void **state)
{
        char command[64];

        (void)state;
        free(big);
        snprintf(command, sizeof command, "rm -rf %s", folder);
        return system(command);
}

#endif
