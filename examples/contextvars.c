/*
 * Context variables: an echo server in which what a connection's handler calls knows the client's address,
 * without being passed it. Clients of its own make it a whole program.
 *
 *         client_addr_var = contextvars.ContextVar('client_addr')         # asyncio
 *
 *         def render_goodbye():
 *             client_addr = client_addr_var.get()
 *             return f'Good bye, client @ {client_addr}\r\n'.encode()
 *
 *         async def handle_request(reader, writer):
 *             addr = writer.transport.get_extra_info('socket').getpeername()
 *             client_addr_var.set(addr)
 *             ...
 */
#include <eddy.h>
#include <stdio.h>
#include <string.h>

static eddy_context_var client_address = EDDY_CONTEXT_VAR("client_address", "nobody");

static int say_goodbye(eddy_stream *stream)
{
        const char *address = (const char *)eddy_context_get(&client_address);
        char line[100];
        int n = snprintf(line, sizeof line, "Good bye, client @ %s\n", address);
        ssize_t written = eddy_stream_write_all(stream, line, (size_t)n);
        return written < 0 ? (int)written : 0;
}

static intptr_t handle_request(eddy_stream *stream, void *arg)
{
        char address[64];
        const char *line;
        ssize_t n;
        (void)arg;

        /* Each handler is a task, so this is set for it alone, and for what it starts. */
        snprintf(address, sizeof address, "%s", eddy_stream_peer_name(stream));
        int rc = eddy_context_set(&client_address, (intptr_t)address, NULL);
        if (rc < 0)
                return rc;

        while ((n = eddy_stream_read_line(stream, &line)) > 0) {
                if (n == 1) /* an empty line ends the conversation */
                        break;
                n = eddy_stream_write_all(stream, line, (size_t)n);
                if (n < 0)
                        return n;
        }
        return n < 0 ? n : say_goodbye(stream);
}

static int talk(eddy_stream *stream, const char *text)
{
        char expected[100];
        const char *line;
        ssize_t n = eddy_stream_write_all(stream, text, strlen(text));
        if (n >= 0)
                n = eddy_stream_read_line(stream, &line);
        if (n < 0)
                return (int)n;
        printf("echoed: %.*s", (int)n, line);

        n = eddy_stream_write_all(stream, "\n", 1);
        if (n >= 0)
                n = eddy_stream_read_line(stream, &line);
        if (n < 0)
                return (int)n;
        snprintf(expected, sizeof expected, "Good bye, client @ %s\n", eddy_stream_own_name(stream));
        printf("the goodbye has %s address\n", strncmp(line, expected, (size_t)n) == 0 ? "our own" : "another");
        return 0;
}

static int be_client(uint16_t port, const char *text)
{
        eddy_stream *stream;
        int rc = eddy_open_connection(&stream, "127.0.0.1", port, NULL);
        if (rc < 0)
                return rc;
        rc = talk(stream, text);
        eddy_stream_destroy(stream);
        return rc;
}

static intptr_t app(void *arg)
{
        eddy_server *server;
        (void)arg;
        int rc = eddy_start_server(&server, handle_request, NULL, "127.0.0.1", 0, NULL);
        if (rc < 0)
                return rc;
        rc = be_client(eddy_server_port(server), "hello\n");
        if (rc == 0)
                rc = be_client(eddy_server_port(server), "hello again\n");
        printf("outside of handlers it is %s\n", (const char *)eddy_context_get(&client_address));
        eddy_server_destroy(server);
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "contextvars: %s\n", eddy_explain(rc));
        return rc < 0;
}
