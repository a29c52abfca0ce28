#include "websocket/websocket.h"

#include "base/memory.h"
#include "websocket/open.h"
#include "websocket/options.h"

__attribute__((constructor)) static void register_errors(void)
{
        static const eddy_error_name names[] = {
            {EDDY_EWEBSOCKET, "EDDY_EWEBSOCKET", "the other side did not agree to a WebSocket"}};
        static eddy_error_block block = {.names = names, .count = sizeof names / sizeof names[0]};

        eddy_register_errors(&block);
}

/** What the options point to is not ours to keep. */
static void forget_pointers(eddy_websocket_options *options)
{
        options->subprotocols = options->headers = options->origins = NULL;
        options->status = NULL;
        options->tls = NULL;
        options->tls_name = NULL;
}

int websocket_create(eddy_websocket **made, eddy_stream *stream, eddy_websocket_role role,
                     const struct agreement *agreement, const eddy_websocket_options *options)
{
        eddy_websocket *ws = memory_zalloc(sizeof *ws);

        *made = NULL;
        if (!ws)
                return -ENOMEM;
        ws->subprotocol = agreement->subprotocol ? memory_strdup(agreement->subprotocol) : NULL;
        if (agreement->subprotocol && !ws->subprotocol) {
                memory_free(ws);
                return -ENOMEM;
        }
        ws->stream = stream;
        ws->is_client = role == EDDY_WEBSOCKET_CLIENT;
        ws->terms = agreement->terms;
        ws->options = *options;
        forget_pointers(&ws->options);
        eddy_lock_init(&ws->output.turn);
        eddy_event_init(&ws->passed_on);
        websocket_start_pings(ws);
        *made = ws;
        return 0;
}

int eddy_websocket_from_stream(eddy_websocket **ws, eddy_stream *stream, eddy_websocket_role role,
                               const eddy_websocket_handshake *handshake, const eddy_websocket_options *given)
{
        struct agreement agreement = {.subprotocol = NULL};
        eddy_websocket_options options;
        int rc = options_read(&options, given);

        *ws = NULL;
        if (rc < 0)
                return rc;
        if (!eddy_running_loop())
                return EDDY_ENOLOOP;
        if (handshake)
                agreement = (struct agreement){handshake->subprotocol, handshake->terms_};
        return websocket_create(ws, stream, role, &agreement, &options);
}

static void give_back(eddy_websocket *ws)
{
        inflater_destroy(ws->input.inflater);
        deflater_destroy(ws->output.deflater);
        memory_free(ws->input.message.bytes);
        memory_free(ws->output.scratch.bytes);
        memory_free(ws->subprotocol);
        memory_free(ws);
}

int websocket_enter(eddy_websocket *ws)
{
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;

        if (rc == 0)
                ws->users++;
        return rc;
}

ssize_t websocket_leave(eddy_websocket *ws, ssize_t rc)
{
        ws->users--;
        if (!ws->is_destroyed)
                return rc;
        if (ws->users == 0)
                give_back(ws);
        return -EBADF;
}

void eddy_websocket_destroy(eddy_websocket *ws)
{
        if (!ws)
                return;
        ws->is_destroyed = true;
        websocket_stop_pings(ws);
        eddy_lock_finish(&ws->output.turn);
        eddy_event_finish(&ws->passed_on);
        eddy_stream_destroy(ws->stream);
        if (ws->users == 0)
                give_back(ws);
}

const char *eddy_websocket_subprotocol(const eddy_websocket *ws)
{
        return ws->subprotocol;
}

bool eddy_websocket_is_compressed(const eddy_websocket *ws)
{
        return ws->terms.is_on;
}

eddy_stream *eddy_websocket_stream(const eddy_websocket *ws)
{
        return ws->stream;
}
