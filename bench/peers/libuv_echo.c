/* libuv in the echo rows, as its guide writes an echo server, but with uv_try_write() first: uv_write() alone
 * reports each write in another turn of the loop, which costs half as much again. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

/* A write under way; owns its buffer. */
typedef struct write_request {
        uv_write_t request;
        uv_buf_t buffer;
} write_request;

static void free_connection(uv_handle_t *connection)
{
        free(connection);
}

static void allocate(uv_handle_t *connection, size_t suggested, uv_buf_t *buffer)
{
        (void)connection;
        *buffer = uv_buf_init(malloc(suggested), (unsigned)suggested);
}

static void written(uv_write_t *request, int status)
{
        write_request *owner = (write_request *)request;

        (void)status;
        free(owner->buffer.base);
        free(owner);
}

/* Takes the buffer over. */
static void answer(uv_stream_t *connection, uv_buf_t buffer)
{
        if (uv_try_write(connection, &buffer, 1) == (int)buffer.len) {
                free(buffer.base);
                return;
        }
        write_request *write = malloc(sizeof *write);
        if (!write)
                exit(1);
        write->buffer = buffer;
        uv_write(&write->request, connection, &write->buffer, 1, written);
}

static void received(uv_stream_t *connection, ssize_t n, const uv_buf_t *buffer)
{
        if (n > 0) {
                answer(connection, uv_buf_init(buffer->base, (unsigned)n));
                return;
        }
        if (n < 0)
                uv_close((uv_handle_t *)connection, free_connection);
        free(buffer->base);
}

static void connected(uv_stream_t *server, int status)
{
        uv_tcp_t *connection = malloc(sizeof *connection);

        if (status < 0 || !connection || uv_tcp_init(server->loop, connection) < 0)
                exit(1);
        if (uv_accept(server, (uv_stream_t *)connection) < 0) {
                uv_close((uv_handle_t *)connection, free_connection);
                return;
        }
        uv_tcp_nodelay(connection, 1);
        uv_read_start((uv_stream_t *)connection, allocate, received);
}

int main(void)
{
        uv_loop_t *loop = uv_default_loop();
        struct sockaddr_in address;
        int length = sizeof address;
        uv_tcp_t server;

        uv_ip4_addr("127.0.0.1", 0, &address);
        uv_tcp_init(loop, &server);
        if (uv_tcp_bind(&server, (const struct sockaddr *)&address, 0) < 0 ||
            uv_listen((uv_stream_t *)&server, 1024, connected) < 0 ||
            uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length) < 0)
                return 1;
        printf("port %u\n", ntohs(address.sin_port));
        fflush(stdout);
        return uv_run(loop, UV_RUN_DEFAULT);
}
