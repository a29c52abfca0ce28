/* echo_server [OPTION ...]: whatever is sent it sends back, by a reader of requests of its own, so that it needs no HTTP server.
 * It writes its port on a line. Options: port=PORT, takeover=no, window=BITS, from=BYTES, max=BYTES, compression=no, pieces. */
#include <eddy/websocket.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct {
        eddy_websocket_options options;
        bool in_pieces;
        uint16_t port;
} how = {.options = {.max_message = SIZE_MAX}};

/** The lines of a request's head, each ended by a NUL, and an empty one. */
static const char *find_header(void *head, const char *name, unsigned nth)
{
        size_t size = strlen(name);

        for (const char *line = (char *)head + strlen(head) + 1; *line; line += strlen(line) + 1) {
                if (strncasecmp(line, name, size) == 0 && line[size] == ':' && nth-- == 0)
                        return line + size + 1 + strspn(line + size + 1, " ");
        }
        return NULL;
}

static void split_lines(char *to, const char *head, size_t size)
{
        for (size_t i = 0; i < size; i++) {
                if (head[i] != '\r')
                        *to++ = head[i] == '\n' ? '\0' : head[i];
        }
        *to = '\0';
}

static int accept_request(eddy_websocket **ws, eddy_stream *stream)
{
        char head[16 * 1024 + 1], *method;
        eddy_websocket_request request = {.header = find_header, .arg = head};
        eddy_websocket_handshake handshake;
        const char *shown;
        ssize_t n = eddy_stream_read_until(stream, "\r\n\r\n", 4, &shown);
        int rc;

        if (n < 0 || n > 16 * 1024)
                return n < 0 ? (int)n : EDDY_EPROTOCOL;
        split_lines(head, shown, (size_t)n);
        method = strndup(head, strcspn(head, " "));
        request.method = method;
        rc = eddy_websocket_negotiate(&handshake, &request, &how.options);
        free(method);
        eddy_stream_write(stream, "HTTP/1.1 ", 9);
        eddy_stream_write(stream, rc < 0 ? "403 Forbidden" : "101 Switching Protocols", rc < 0 ? 13 : 23);
        for (const char *const *line = handshake.headers; *line; line++) {
                eddy_stream_write(stream, "\r\n", 2);
                eddy_stream_write(stream, *line, strlen(*line));
        }
        eddy_stream_write(stream, "\r\n\r\n", 4);
        return rc < 0 ? rc
                      : eddy_websocket_from_stream(ws, stream, EDDY_WEBSOCKET_SERVER, &handshake, &how.options);
}

static int echo(eddy_websocket *ws)
{
        eddy_websocket_message message;
        int rc;

        while ((rc = eddy_websocket_receive(ws, &message)) > 0) {
                rc = eddy_websocket_send(ws, message.type, message.data, message.size);
                if (rc < 0)
                        break;
        }
        return rc;
}

static int echo_in_pieces(eddy_websocket *ws)
{
        char piece[4096];

        for (;;) {
                eddy_websocket_type type;
                ssize_t n = eddy_websocket_read(ws, piece, sizeof piece, &type);

                if (n < 0 || type == EDDY_WEBSOCKET_CLOSE)
                        return (int)n;
                eddy_websocket_begin(ws, type);
                while (n > 0 && eddy_websocket_write(ws, piece, (size_t)n) == 0)
                        n = eddy_websocket_read(ws, piece, sizeof piece, &type);
                eddy_websocket_end(ws);
        }
}

static intptr_t serve(void *arg)
{
        eddy_stream *stream = *(eddy_stream **)arg;
        eddy_websocket *ws = NULL;
        int rc = accept_request(&ws, stream);

        if (rc < 0) {
                eddy_stream_destroy(stream);
                return 0;
        }
        rc = how.in_pieces ? echo_in_pieces(ws) : echo(ws);
        if (rc < 0)
                eddy_websocket_close(ws, 0, NULL);
        eddy_websocket_destroy(ws);
        return 0;
}

/** In an order in which later ones have not the last word on earlier ones: each is of another field. */
static void read_option(const char *option)
{
        const char *value = strchr(option, '=');
        size_t number = value ? (size_t)strtoul(value + 1, NULL, 10) : 0;

        if (strcmp(option, "takeover=no") == 0)
                how.options.no_context_takeover = true;
        else if (strcmp(option, "compression=no") == 0)
                how.options.no_compression = true;
        else if (strcmp(option, "pieces") == 0)
                how.in_pieces = true;
        else if (strncmp(option, "window=", 7) == 0)
                how.options.window_bits = (int)number;
        else if (strncmp(option, "from=", 5) == 0)
                how.options.compress_from = number;
        else if (strncmp(option, "max=", 4) == 0)
                how.options.max_message = number;
        else if (strncmp(option, "port=", 5) == 0)
                how.port = (uint16_t)number;
}

/** A socket that listens: its port is written on a line. */
static int listen_at_port(void)
{
        struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons(how.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 1024) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &size) < 0)
                return -errno;
        printf("%u\n", ntohs(address.sin_port));
        fflush(stdout);
        return fd;
}

static intptr_t app(void *arg)
{
        int listening = listen_at_port(), fd;

        (void)arg;
        while (listening >= 0 && (fd = eddy_sock_accept(listening, NULL)) >= 0) {
                eddy_stream *stream;
                eddy_task *task;
                int rc = eddy_stream_from_socket(&stream, fd, 16 * 1024);

                if (rc < 0)
                        return rc;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
                task = eddy_spawn(serve, &stream);
                eddy_unref(task);
        }
        return listening < 0 ? listening : fd;
}

int main(int argc, char **argv)
{
        for (int i = 1; i < argc; i++)
                read_option(argv[i]);
        return eddy_run(app, NULL) < 0;
}
