/*
 * Make a stream of a socket that is open already, and wait for its data, as in asyncio's documentation.
 *
 *         rsock, wsock = socket.socketpair()                     # asyncio
 *         reader, writer = await asyncio.open_connection(sock=rsock)
 *         loop.call_soon(wsock.send, 'abc'.encode())
 *         data = await reader.read(100)
 *         print("Received:", data.decode())
 *         writer.close()
 *         wsock.close()
 */
#include <eddy.h>
#include <stdio.h>
#include <unistd.h>

/* As if the network sent it. */
static void send_data(void *arg)
{
        send(*(int *)arg, "abc", 3, MSG_NOSIGNAL);
}

static intptr_t wait_for_data(void *arg)
{
        int *sockets = arg;
        eddy_stream *stream;
        int rc = eddy_stream_from_socket(&stream, sockets[0], 0);
        if (rc < 0) {
                close(sockets[0]);
                return rc;
        }
        eddy_handle sending = {.callback = NULL};
        eddy_call_soon(eddy_running_loop(), &sending, send_data, &sockets[1]);

        char data[100];
        ssize_t n = eddy_stream_read(stream, data, sizeof data);
        if (n > 0)
                printf("Received: %.*s\n", (int)n, data);
        eddy_handle_cancel(&sending); /* it lies on this stack */
        eddy_stream_destroy(stream);
        return n < 0 ? n : 0;
}

int main(void)
{
        int sockets[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
                return 1;
        intptr_t rc = eddy_run(wait_for_data, sockets);
        close(sockets[1]);
        return rc < 0;
}
