#include "scenarios.h"

#include <eddy/websocket.h>
#include <string.h>

/** Both ends of a connection, a client and a server, with what they agree on. */
struct ends {
        eddy_stream *streams[2];
        eddy_websocket_options options;
};

static int open_ends(struct ends *ends)
{
        int rc = eddy_stream_pair(ends->streams);

        ends->options = (eddy_websocket_options){
            .compress_from = 10, .close_timeout = eddy_seconds(1), .ping_interval = EDDY_FOREVER};
        return rc;
}

static const char text[] = "a text that is compressed, a text that is compressed, and sent, and sent back";

static int echo_one(eddy_websocket *ws, const char *message)
{
        eddy_websocket_message answer;
        int rc = eddy_websocket_send(ws, EDDY_WEBSOCKET_TEXT, message, strlen(message));

        if (rc == 0)
                rc = eddy_websocket_receive(ws, &answer);
        return rc == 1 && strcmp(answer.data, message) == 0 ? 0 : rc < 0 ? rc : EDDY_EINCOMPLETE;
}

/** A client of a server of its own. */
static ssize_t talk(void *arg)
{
        struct ends *ends = arg;
        eddy_websocket_handshake agreed = {.terms_ = {.is_on = true, .own_bits = 12, .other_bits = 12}};
        eddy_websocket *ws;
        char piece[100];
        eddy_websocket_type type;
        ssize_t rc =
            eddy_websocket_from_stream(&ws, ends->streams[0], EDDY_WEBSOCKET_CLIENT, &agreed, &ends->options);

        if (rc < 0)
                return rc;
        ends->streams[0] = NULL;
        rc = echo_one(ws, "short");
        for (int i = 0; i < 2 && rc == 0; i++)
                rc = echo_one(ws, text);
        if (rc == 0)
                rc = eddy_websocket_begin(ws, EDDY_WEBSOCKET_TEXT);
        if (rc == 0) {
                int ended;

                rc = eddy_websocket_write(ws, text, strlen(text));
                ended = eddy_websocket_end(ws);
                rc = rc < 0 ? rc : ended;
        }
        if (rc == 0)
                while ((rc = eddy_websocket_read(ws, piece, sizeof piece, &type)) > 0)
                        ;
        if (rc == 0)
                rc = eddy_websocket_close(ws, 1000, "done");
        eddy_websocket_destroy(ws);
        return rc;
}

static intptr_t answer(void *arg)
{
        struct ends *ends = arg;
        eddy_websocket_handshake agreed = {.terms_ = {.is_on = true, .own_bits = 12, .other_bits = 12}};
        eddy_websocket_message message;
        eddy_websocket *ws;
        int rc =
            eddy_websocket_from_stream(&ws, ends->streams[1], EDDY_WEBSOCKET_SERVER, &agreed, &ends->options);

        if (rc < 0)
                return rc;
        ends->streams[1] = NULL;
        while ((rc = eddy_websocket_receive(ws, &message)) > 0) {
                rc = eddy_websocket_send(ws, message.type, message.data, message.size);
                if (rc < 0)
                        break;
        }
        eddy_websocket_destroy(ws);
        return rc;
}

static intptr_t talking(void *arg)
{
        struct ends ends = {.streams = {NULL}};
        intptr_t rc = open_ends(&ends);

        (void)arg;
        if (rc == 0)
                rc = act_beside(answer, &ends, talk, &ends);
        for (int i = 0; i < 2; i++)
                eddy_stream_destroy(ends.streams[i]);
        return rc;
}

/** A server that wants no client. */
static intptr_t refuse(void *arg)
{
        struct ends *ends = arg;
        static const char refusal[] = "HTTP/1.1 403 Forbidden\r\n\r\n";
        const char *head;
        ssize_t n = eddy_stream_read_until(ends->streams[1], "\r\n\r\n", 4, &head);

        return n < 0 ? n : eddy_stream_write_all(ends->streams[1], refusal, sizeof refusal - 1);
}

static ssize_t ask(void *arg)
{
        struct ends *ends = arg;
        eddy_websocket *ws;
        int rc = eddy_websocket_connect_stream(&ws, ends->streams[0], "ws://localhost/path", &ends->options);

        return rc == EDDY_EWEBSOCKET ? 0 : rc;
}

static intptr_t being_refused(void *arg)
{
        struct ends ends = {.streams = {NULL}};
        intptr_t rc = open_ends(&ends);

        (void)arg;
        if (rc == 0)
                rc = act_beside(refuse, &ends, ask, &ends);
        for (int i = 0; i < 2; i++)
                eddy_stream_destroy(ends.streams[i]);
        return rc;
}

const struct scenario scenarios[] = {
    {"talking", talking},
    {"being refused", being_refused},
    {NULL, NULL},
};
