/*
 * A chat room: the first line of a connection is a name, and each further line goes to all the others.
 * chat_server PORT (0: any free one). Ctrl-C ends it.
 *
 * The room needs no lock: between two functions that suspend, no other coroutine runs.
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct member { /* on its coroutine's stack while it is in the room */
        struct member *next;
        eddy_stream *stream;
        char name[32];
};

struct room {
        struct member *members;
        uint16_t port;
};

/* Send a line to all but its author. Nobody waits here for a slow reader: the hopelessly slow are dropped. */
static void say(struct room *room, struct member *author, const char *text, int n)
{
        char line[1200];
        int length = snprintf(line, sizeof line, "%s: %.*s\n", author->name, n, text);
        for (struct member *m = room->members; m; m = m->next)
                if (m != author && (eddy_stream_write(m->stream, line, (size_t)length) < 0 ||
                                    eddy_stream_write_buffer_size(m->stream) > 1 << 20))
                        eddy_stream_abort(m->stream);
}

static void leave(struct room *room, struct member *member)
{
        struct member **place = &room->members;
        while (*place != member)
                place = &(*place)->next;
        *place = member->next;
        say(room, member, "leaves", 6);
}

/* Read a line without its end; how long it is, or -1 where the connection ends. */
static int read_line(eddy_stream *stream, const char **line)
{
        ssize_t n = eddy_stream_read_line(stream, line);
        if (n <= 0 || (*line)[n - 1] != '\n')
                return -1;
        while (n > 0 && ((*line)[n - 1] == '\n' || (*line)[n - 1] == '\r'))
                n--;
        return (int)n;
}

static intptr_t chat(eddy_stream *stream, void *arg)
{
        struct room *room = arg;
        struct member me = {.stream = stream};
        const char *line;
        int n = read_line(stream, &line);
        if (n <= 0)
                return 0;
        snprintf(me.name, sizeof me.name, "%.*s", n, line);

        me.next = room->members;
        room->members = &me;
        say(room, &me, "joins", 5);
        eddy_stream_write(stream, "welcome\n", 8);
        while ((n = read_line(stream, &line)) >= 0)
                say(room, &me, line, n);
        leave(room, &me);
        return 0;
}

static intptr_t app(void *arg)
{
        struct room *room = arg;
        eddy_server *server;
        eddy_server_options options = {.limit = 1024};
        int rc = eddy_start_server(&server, chat, room, "127.0.0.1", room->port, &options);
        if (rc < 0)
                return rc;
        printf("listening on port %u\n", eddy_server_port(server));
        fflush(stdout);
        rc = eddy_server_serve_forever(server);
        eddy_server_destroy(server);
        return rc;
}

int main(int argc, char **argv)
{
        struct room room = {.port = argc > 1 ? (uint16_t)atoi(argv[1]) : 8888};
        intptr_t rc = eddy_run(app, &room);
        if (rc < 0 && rc != EDDY_CANCELLED) {
                fprintf(stderr, "chat_server: %s\n", eddy_strerror(rc));
                return 1;
        }
        return 0;
}
