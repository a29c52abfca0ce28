/*
 * The chat room of chat_server.c without a coroutine for each guest: a protocol is called for what comes, and remembers how far
 * it is. protocol_chat PORT (0: any free one). Ctrl-C ends it.
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_LINE = 1024 };

struct room {
        struct guest *guests;
        uint16_t port;
};

struct guest {
        struct guest *next; /* in the room, once there is a name */
        struct room *room;
        eddy_transport *transport;
        char name[32];
        char line[LONGEST_LINE]; /* what has come of the next one */
        size_t size;
};

/* Send a line to all but its author. Nobody waits for a slow reader: the hopelessly slow are dropped. */
static void say(const struct guest *author, const char *text)
{
        char line[LONGEST_LINE + 64];
        int length = snprintf(line, sizeof line, "%s: %s\n", author->name, text);
        for (struct guest *g = author->room->guests; g; g = g->next)
                if (g != author && (eddy_transport_write(g->transport, line, (size_t)length) < 0 ||
                                    eddy_transport_write_buffer_size(g->transport) > 1 << 20))
                        eddy_transport_abort(g->transport);
}

static void take_line(struct guest *guest, const char *line)
{
        if (*guest->name) {
                say(guest, line);
                return;
        }
        if (!*line) { /* nobody is called nothing */
                eddy_transport_close(guest->transport);
                return;
        }
        snprintf(guest->name, sizeof guest->name, "%.31s", line);
        guest->next = guest->room->guests;
        guest->room->guests = guest;
        say(guest, "joins");
        eddy_transport_write(guest->transport, "welcome\n", 8);
}

static void *enter(void *room)
{
        struct guest *guest = calloc(1, sizeof *guest);
        if (guest)
                guest->room = room;
        return guest;
}

static void connection_made(eddy_transport *transport, void *self)
{
        struct guest *guest = self;
        if (guest)
                guest->transport = transport;
        else
                eddy_transport_abort(transport); /* there was no memory for it */
}

/* Bytes know nothing of lines: half a one may come, or several. */
static void data_received(eddy_transport *transport, void *self, const void *data, size_t n)
{
        struct guest *guest = self;
        for (const char *byte = data; n > 0 && !eddy_transport_is_closing(transport); n--, byte++) {
                if (*byte == '\n') {
                        guest->line[guest->size] = '\0';
                        guest->size = 0;
                        take_line(guest, guest->line);
                } else if (guest->size + 1 < sizeof guest->line) {
                        guest->line[guest->size++] = *byte;
                } else {
                        eddy_transport_abort(transport);
                }
        }
}

static void connection_lost(eddy_transport *transport, void *self, int reason)
{
        struct guest *guest = self;
        (void)transport, (void)reason;
        if (guest && *guest->name) {
                struct guest **place = &guest->room->guests;
                while (*place != guest)
                        place = &(*place)->next;
                *place = guest->next;
                say(guest, "leaves");
        }
        free(guest);
}

static const eddy_protocol chat = {
    .connection_made = connection_made,
    .data_received = data_received,
    .connection_lost = connection_lost,
};

static intptr_t app(void *arg)
{
        struct room *room = arg;
        eddy_server *server;
        int rc = eddy_create_server(&server, &chat, enter, room, "127.0.0.1", room->port, NULL);
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
                fprintf(stderr, "protocol_chat: %s\n", eddy_explain(rc));
                return 1;
        }
        return 0;
}
