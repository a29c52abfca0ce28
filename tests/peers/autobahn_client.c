/* autobahn_client URL: the client whom Autobahn's fuzzing server puts to the test. It asks how many cases there are, sends back what
 * comes in each, and asks for the reports. */
#include <eddy/websocket.h>
#include <stdio.h>
#include <stdlib.h>

static const eddy_websocket_options options = {.max_message = SIZE_MAX};

static int open_at(eddy_websocket **ws, const char *url, const char *target)
{
        char whole[256];

        snprintf(whole, sizeof whole, "%s%s", url, target);
        return eddy_websocket_connect(ws, whole, &options);
}

/** What a case makes of the connection is the server's to judge. */
static int run_case(const char *url, long number)
{
        char target[64];
        eddy_websocket *ws;
        eddy_websocket_message message;
        int rc;

        snprintf(target, sizeof target, "/runCase?case=%ld&agent=eddy", number);
        rc = open_at(&ws, url, target);
        if (rc < 0)
                return rc;
        while ((rc = eddy_websocket_receive(ws, &message)) > 0) {
                if (eddy_websocket_send(ws, message.type, message.data, message.size) < 0)
                        break;
        }
        if (rc < 0)
                eddy_websocket_close(ws, 0, NULL);
        eddy_websocket_destroy(ws);
        return 0;
}

/** Ask for something that is told in one message: a number, where it is one. */
static long ask(const char *url, const char *target)
{
        eddy_websocket *ws;
        eddy_websocket_message message;
        int rc = open_at(&ws, url, target);
        long number;

        if (rc < 0)
                return rc;
        number = eddy_websocket_receive(ws, &message) > 0 ? strtol(message.data, NULL, 10) : 0;
        eddy_websocket_close(ws, 0, NULL);
        eddy_websocket_destroy(ws);
        return number;
}

/** The server has its verdict when it has seen the connection end, which it may see behind the next one's beginning. */
static int await_verdict(const char *url, long number)
{
        char target[64];

        snprintf(target, sizeof target, "/getCaseStatus?case=%ld&agent=eddy", number);
        return (int)ask(url, target);
}

static intptr_t app(void *url)
{
        long count = ask(url, "/getCaseCount");
        int rc = count < 0 ? (int)count : 0;

        for (long number = 1; rc == 0 && number <= count; number++) {
                rc = run_case(url, number);
                if (rc == 0)
                        rc = await_verdict(url, number);
        }
        return rc < 0 ? rc : (int)ask(url, "/updateReports?agent=eddy");
}

int main(int argc, char **argv)
{
        intptr_t rc = argc == 2 ? eddy_run(app, argv[1]) : -1;

        if (rc < 0)
                fprintf(stderr, "autobahn_client: %s\n", eddy_explain(rc));
        return rc < 0;
}
