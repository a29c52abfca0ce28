/*
 * Serve a file without reading it: the kernel sends it from its page cache, behind a header that was written before.
 *
 *         writer.write(header)                                          # asyncio
 *         await loop.sendfile(writer.transport, file)
 */
#include <eddy.h>
#include <stdio.h>
#include <string.h>

enum { FILE_SIZE = 1000000 };

static intptr_t serve_file(eddy_stream *stream, void *arg)
{
        FILE *file = arg;
        char header[64];
        snprintf(header, sizeof header, "%d bytes follow\n", FILE_SIZE);
        int rc = eddy_stream_write(stream, header, strlen(header));
        if (rc < 0)
                return rc;
        ssize_t sent = eddy_stream_sendfile(stream, fileno(file), 0, FILE_SIZE);
        if (sent >= 0 && sent < FILE_SIZE)
                return EDDY_EINCOMPLETE; /* it is shorter than the header says */
        return sent < 0 ? sent : 0;
}

static int fetch(uint16_t port)
{
        eddy_stream *stream;
        int rc = eddy_open_connection(&stream, "127.0.0.1", port, NULL);
        if (rc < 0)
                return rc;
        const char *header;
        ssize_t n = eddy_stream_read_line(stream, &header);
        if (n > 0)
                printf("%.*s", (int)n, header);
        char data[65536];
        size_t total = 0;
        while (n > 0 && (n = eddy_stream_read(stream, data, sizeof data)) > 0)
                total += (size_t)n;
        printf("%zu bytes came\n", total);
        eddy_stream_destroy(stream);
        return n < 0 ? (int)n : 0;
}

static intptr_t app(void *arg)
{
        eddy_server *server;
        int rc = eddy_start_server(&server, serve_file, arg, "127.0.0.1", 0, NULL);
        if (rc < 0)
                return rc;
        rc = fetch(eddy_server_port(server));
        eddy_server_close(server);
        if (rc == 0)
                rc = eddy_server_wait_closed(server);
        eddy_server_destroy(server);
        return rc;
}

int main(void)
{
        FILE *file = tmpfile();
        if (!file)
                return 1;
        for (int i = 0; i < FILE_SIZE; i++)
                fputc('a' + i % 26, file);
        fflush(file);
        intptr_t rc = eddy_run(app, file);
        if (rc < 0)
                fprintf(stderr, "sendfile: %s\n", eddy_explain(rc));
        fclose(file);
        return rc < 0;
}
