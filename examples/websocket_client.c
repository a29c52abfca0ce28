/*
 * WebSocket client: sends its arguments as messages, and prints what comes back: websocket_client URL MESSAGE ...
 *
 *         async with websockets.connect(sys.argv[1]) as ws:      # Python
 *                 for text in sys.argv[2:]:
 *                         await ws.send(text)
 *                         print(await ws.recv())
 */
#include <eddy/websocket.h>
#include <stdio.h>
#include <string.h>

static int ask(eddy_websocket *ws, const char *text)
{
        eddy_websocket_message message;
        int rc = eddy_websocket_send(ws, EDDY_WEBSOCKET_TEXT, text, strlen(text));

        if (rc == 0)
                rc = eddy_websocket_receive(ws, &message);
        if (rc == 0)
                return eddy_fail(EDDY_EINCOMPLETE, "the server has closed: %d %s",
                                 eddy_websocket_close_code(ws), eddy_websocket_close_reason(ws));
        if (rc > 0)
                printf("%s\n", message.data);
        return rc;
}

static intptr_t app(void *arg)
{
        char **argv = arg;
        eddy_websocket *ws;
        int rc = eddy_websocket_connect(&ws, argv[1], NULL);

        if (rc < 0)
                return rc;
        for (char **text = argv + 2; *text && rc >= 0; text++)
                rc = ask(ws, *text);
        if (rc >= 0)
                rc = eddy_websocket_close(ws, 1000, NULL);
        eddy_websocket_destroy(ws);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc < 2) {
                fprintf(stderr, "usage: websocket_client URL MESSAGE ...\n");
                return 2;
        }
        intptr_t rc = eddy_run(app, argv);
        if (rc < 0)
                fprintf(stderr, "websocket_client: %s\n", eddy_explain(rc));
        return rc < 0;
}
