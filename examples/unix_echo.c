/*
 * A UNIX server and its client in one program. The server knows who calls.
 *
 *         server = await asyncio.start_unix_server(greet, path)         # asyncio
 *         reader, writer = await asyncio.open_unix_connection(path)
 */
#include <eddy.h>
#include <stdio.h>
#include <unistd.h>

static intptr_t greet(eddy_stream *stream, void *arg)
{
        (void)arg;
        eddy_credentials who;
        int rc = eddy_stream_peer_credentials(stream, &who);
        if (rc < 0)
                return rc;
        printf("called by %s\n", who.pid == getpid() ? "myself" : "somebody else");

        const char *data;
        ssize_t n;
        while ((n = eddy_stream_read_some(stream, &data)) > 0) {
                n = eddy_stream_write_all(stream, data, (size_t)n);
                if (n < 0)
                        break;
        }
        return n;
}

static int call(const char *path)
{
        eddy_stream *stream;
        int rc = eddy_open_unix_connection(&stream, path, NULL);
        if (rc < 0)
                return rc;
        printf("connected to %s\n", eddy_stream_peer_name(stream));
        const char *line;
        ssize_t n = eddy_stream_write_all(stream, "hello\n", 6);
        if (n >= 0)
                n = eddy_stream_read_line(stream, &line);
        if (n > 0)
                printf("answer: %.*s", (int)n, line);
        eddy_stream_destroy(stream);
        return n < 0 ? (int)n : 0;
}

static intptr_t app(void *arg)
{
        const char *path = arg;
        eddy_server *server;
        int rc = eddy_start_unix_server(&server, greet, NULL, path, &(eddy_server_options){.mode = 0600});
        if (rc < 0)
                return rc;
        rc = call(path);
        eddy_server_close(server); /* removes the file */
        if (rc == 0)
                rc = eddy_server_wait_closed(server);
        eddy_server_destroy(server);
        printf("the socket is %s\n", access(path, F_OK) == 0 ? "still there" : "gone");
        return rc;
}

int main(int argc, char **argv)
{
        intptr_t rc = eddy_run(app, argc > 1 ? argv[1] : "unix_echo.socket");
        if (rc < 0)
                fprintf(stderr, "unix_echo: %s\n", eddy_explain(rc));
        return rc < 0;
}
