/* framing_server [TIMEOUT EXCHANGE_TIMEOUT]: tells each client which requests it has read, "METHOD TARGET BODY" in each answer. It writes two
 * ports on a line: on the first it reads bodies, on the second it leaves them unread. Its times are in seconds. */
#include <eddy/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 1024 };

static eddy_http_service_options options;

static int tell(eddy_http_exchange *exchange, void *reads)
{
        char text[2 * BODY_MAX], *body = NULL;
        ssize_t size = reads ? eddy_http_exchange_read_all(exchange, &body, BODY_MAX) : 0;
        int n, rc;

        if (size < 0)
                return (int)size;
        n = snprintf(text, sizeof text, "%s %.500s ", eddy_http_exchange_method(exchange),
                     eddy_http_exchange_target(exchange));
        if (size > 0)
                memcpy(text + n, body, (size_t)size);
        eddy_free(body);
        rc =
            eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = (size_t)n + (size_t)size});
        return rc;
}

static int start(eddy_server **server, eddy_http_service **service, bool reads)
{
        int rc = eddy_http_service_create(service, tell, reads ? service : NULL, &options);

        return rc < 0 ? rc : eddy_http_start_server(server, *service, "127.0.0.1", 0, NULL);
}

static intptr_t serve(void *arg)
{
        eddy_http_service *services[2] = {NULL};
        eddy_server *servers[2] = {NULL};
        intptr_t rc = 0;

        (void)arg;
        for (int i = 0; i < 2 && rc == 0; i++)
                rc = start(&servers[i], &services[i], i == 0);
        if (rc == 0) {
                printf("%d %d\n", eddy_server_port(servers[0]), eddy_server_port(servers[1]));
                fflush(stdout);
                rc = eddy_sleep(EDDY_FOREVER);
        }
        for (int i = 0; i < 2; i++) {
                eddy_server_destroy(servers[i]);
                eddy_http_service_destroy(services[i]);
        }
        return rc;
}

int main(int argc, char **argv)
{
        intptr_t rc;

        if (argc == 3) {
                options.timeout = eddy_seconds(atof(argv[1]));
                options.exchange_timeout = eddy_seconds(atof(argv[2]));
        }
        rc = eddy_run(serve, NULL);
        return rc < 0 && rc != EDDY_CANCELLED;
}
