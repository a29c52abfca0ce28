/*
 * Send a message to an echo server and print what comes back: echo_client PORT MESSAGE
 *
 *         async with asyncio.timeout(5):                         # asyncio
 *                 reader, writer = await asyncio.open_connection("127.0.0.1", port)
 *                 writer.write(message.encode())
 *                 writer.write_eof()
 *                 print(await reader.read())
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int exchange(eddy_stream *stream, const char *message)
{
        printf("send: %s\n", message);
        ssize_t n = eddy_stream_write_all(stream, message, strlen(message));
        if (n < 0)
                return (int)n;
        int rc = eddy_stream_write_eof(stream);
        if (rc < 0)
                return rc;

        char *answer;
        n = eddy_stream_read_all(stream, &answer, 1 << 20);
        if (n < 0)
                return (int)n;
        printf("received: %s\n", answer);
        eddy_free(answer);
        return 0;
}

static int talk(uint16_t port, const char *message)
{
        eddy_stream *stream;
        int rc = eddy_open_connection(&stream, "127.0.0.1", port, NULL);
        if (rc < 0)
                return rc;
        rc = exchange(stream, message);
        eddy_stream_destroy(stream);
        return rc;
}

static intptr_t app(void *arg)
{
        char **argv = arg;
        int rc;
        EDDY_TIMEOUT_SCOPE(eddy_seconds(5))
                rc = talk((uint16_t)atoi(argv[1]), argv[2]);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc != 3) {
                fprintf(stderr, "usage: %s PORT MESSAGE\n", argv[0]);
                return 2;
        }
        intptr_t rc = eddy_run(app, argv);
        if (rc < 0)
                fprintf(stderr, "echo_client: %s\n", eddy_strerror(rc));
        return rc < 0;
}
