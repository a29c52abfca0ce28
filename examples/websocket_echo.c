/*
 * WebSocket server that sends back what it is sent, at http://127.0.0.1:PORT/echo: websocket_echo PORT
 *
 *         async def echo(request):                               # aiohttp
 *                 ws = web.WebSocketResponse()
 *                 await ws.prepare(request)
 *                 async for message in ws:
 *                         await ws.send_str(message.data)
 *                 return ws
 */
#include <eddy/websocket_server.h>
#include <stdio.h>
#include <stdlib.h>

static int echo(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        eddy_websocket *ws;
        int rc = eddy_websocket_accept(&ws, exchange, NULL);
        if (rc < 0)
                return rc == EDDY_EWEBSOCKET ? 0 : rc; /* the client has been told */

        eddy_websocket_message message;
        while ((rc = eddy_websocket_receive(ws, &message)) > 0) {
                rc = eddy_websocket_send(ws, message.type, message.data, message.size);
                if (rc < 0)
                        break;
        }
        eddy_websocket_destroy(ws);
        return rc;
}

static intptr_t app(void *port)
{
        eddy_http_service *service;
        int rc = eddy_http_service_create(&service, echo, NULL, NULL);
        if (rc < 0)
                return rc;
        eddy_server *server;
        rc = eddy_http_start_server(&server, service, "127.0.0.1", *(uint16_t *)port, NULL);
        if (rc == 0) {
                printf("Serving on 127.0.0.1 port %u\n", eddy_server_port(server));
                fflush(stdout);
                rc = eddy_server_serve_forever(server);
                eddy_server_destroy(server);
        }
        eddy_http_service_destroy(service);
        return rc;
}

int main(int argc, char **argv)
{
        uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080);
        intptr_t rc = eddy_run(app, &port);
        if (rc < 0 && rc != EDDY_CANCELLED)
                fprintf(stderr, "websocket_echo: %s\n", eddy_explain(rc));
        return rc < 0 && rc != EDDY_CANCELLED;
}
