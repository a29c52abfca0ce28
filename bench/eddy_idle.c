/* What an idle connection costs a server, its coroutine included, by the way in which its handler reads:
 *
 *         eddy_idle echo | small | some | line
 *
 * Each connection sends a line and has it back, and then all are silent. */
#include "bench.h"
#include "memory.h"
#include <arpa/inet.h>
#include <eddy.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 10000

static const char message[] = "hello\n";

/** As in the manual: a page of the handler's own. */
static intptr_t echo(eddy_stream *stream, void *arg)
{
        char buffer[4096];
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read(stream, buffer, sizeof buffer)) > 0 &&
               (n = eddy_stream_write_all(stream, buffer, (size_t)n)) > 0)
                ;
        return n;
}

/** With a buffer that fits into one page beside all else. */
static intptr_t echo_small(eddy_stream *stream, void *arg)
{
        char buffer[1024];
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read(stream, buffer, sizeof buffer)) > 0 &&
               (n = eddy_stream_write_all(stream, buffer, (size_t)n)) > 0)
                ;
        return n;
}

/** With the stream's buffer, which it has only while there is something in it. */
static intptr_t echo_some(eddy_stream *stream, void *arg)
{
        const char *data;
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read_some(stream, &data)) > 0 &&
               (n = eddy_stream_write_all(stream, data, (size_t)n)) > 0)
                ;
        return n;
}

/** By the line, answers gathered. */
static intptr_t echo_lines(eddy_stream *stream, void *arg)
{
        const char *line;
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read_line(stream, &line)) > 0 &&
               (n = eddy_stream_write(stream, line, (size_t)n)) == 0 && (n = eddy_stream_drain(stream)) == 0)
                ;
        return n;
}

static const struct shape {
        const char *name;
        eddy_connection_handler handler;
} shapes[] = {{"echo", echo}, {"small", echo_small}, {"some", echo_some}, {"line", echo_lines}};

static int connect_and_greet(uint16_t port)
{
        struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        char back[sizeof message];

        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
            send(fd, message, sizeof message - 1, 0) < 0 ||
            recv(fd, back, sizeof message - 1, MSG_WAITALL) != sizeof message - 1)
                return -1;
        return 0;
}

/** In a process of its own: hold the connections until the server is gone. */
static _Noreturn void hold_connections(uint16_t port, int tell, int until)
{
        char byte = 0;

        for (int i = 0; i < CONNECTIONS && byte == 0; i++)
                if (connect_and_greet(port) < 0)
                        byte = 1;
        if (byte)
                perror("a connection failed");
        if (write(tell, &byte, 1) == 1 && read(until, &byte, 1) < 0)
                perror("read");
        _exit(0);
}

static intptr_t app(void *arg)
{
        const struct shape *shape = arg;
        int told[2], until[2];
        char failed = 1;
        eddy_server *server;
        eddy_stream *news;

        if (pipe(told) < 0 || pipe(until) < 0 ||
            eddy_start_server(&server, shape->handler, NULL, "127.0.0.1", 0, NULL) < 0 ||
            eddy_stream_from_pipe(&news, told[0], 0) < 0)
                return -1;
        memory before = memory_now();
        if (fork() == 0) {
                close(until[1]);
                hold_connections(eddy_server_port(server), told[1], until[0]);
        }
        close(told[1]);
        if (eddy_stream_read(news, &failed, 1) != 1 || failed)
                return -1;
        memory after = memory_now();
        double resident = (after.resident - before.resident) / CONNECTIONS;
        double page_tables = (after.page_tables - before.page_tables) / CONNECTIONS;
        printf("%-5s %5.0f B a connection: %5.0f resident, %3.0f of page tables\n", shape->name,
               resident + page_tables, resident, page_tables);
        eddy_stream_destroy(news);
        eddy_server_destroy(server);
        close(until[1]);
        return 0;
}

int main(int argc, char **argv)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                setrlimit(RLIMIT_NOFILE, &limit);
        }
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
                if (argc == 2 && strcmp(argv[1], shapes[i].name) == 0)
                        return eddy_run(app, (void *)(uintptr_t)&shapes[i]) < 0;
        fprintf(stderr, "eddy_idle echo | small | some | line\n");
        return 2;
}
