/* A server from its first connection to the end of its last. */
#include "http/service.h"

#include <eddy/http_run.h>
#include <eddy/run.h>
#include <eddy/signal.h>
#include <eddy/timeout.h>
#include <signal.h>

enum { DEFAULT_DRAIN = 60 /* seconds */ };

static const int signals[] = {SIGINT, SIGTERM};
enum { SIGNALS = sizeof signals / sizeof *signals };

/* A signal that is to end a server, and another that does not wait. */
struct ending {
        eddy_signal_watch watch;
        bool is_watched;
        eddy_http_service *service;
};

/* Somebody is in a hurry. */
static intptr_t hurry(void *arg)
{
        struct ending *ending = arg;
        int rc = eddy_signal_watch_next(&ending->watch);

        if (rc < 0)
                return rc;
        eddy_signal_watch_close(
            &ending->watch); /* where a handler hangs, a third one does what it did before */
        return eddy_http_service_drain(ending->service, 0);
}

static int wait_for_end(struct ending *ending)
{
        eddy_event never = EDDY_EVENT_INIT;
        int rc = ending->is_watched ? eddy_signal_watch_next(&ending->watch) : eddy_event_wait(&never);

        return rc < 0 ? rc : 0;
}

/* How many connections had to be reset. */
static int drain(struct ending *ending, eddy_duration bound)
{
        eddy_task *hurried = ending->is_watched ? eddy_create_task(hurry, ending) : NULL;
        int count = eddy_http_service_drain(ending->service, bound);
        intptr_t more = 0;

        if (hurried) {
                eddy_cancel(hurried);
                eddy_join(hurried, &more);
        }
        return more > 0 ? (int)more : count;
}

int eddy_http_service_run(eddy_http_service *service, const char *host, uint16_t port,
                          const eddy_http_run_options *options)
{
        static const eddy_http_run_options defaults = {.drain = 0};
        struct ending ending = {.service = service};
        eddy_server *server;
        int rc, count = 0;

        if (!options)
                options = &defaults;
        rc = eddy_http_start_server(&server, service, host, port, options->server);
        if (rc < 0)
                return rc;
        service->is_stopping = false; /* where it has run before */
        ending.is_watched = eddy_signal_watch_open(&ending.watch, signals, SIGNALS) == 0;
        if (options->on_start)
                options->on_start(server, options->arg);
        rc = wait_for_end(&ending);
        eddy_server_close(server);
        if (options->on_stop)
                options->on_stop(options->arg);
        EDDY_SHIELD_SCOPE {
                count = drain(&ending, options->drain ? options->drain : eddy_seconds(DEFAULT_DRAIN));
                eddy_server_abort_clients(server); /* those that have agreed on nothing yet */
                eddy_server_wait_closed(server);
        }
        if (ending.is_watched)
                eddy_signal_watch_close(&ending.watch);
        eddy_server_destroy(server);
        return rc < 0 ? rc : count;
}

/* What a whole program serves. */
struct program {
        eddy_http_handler handler;
        void *arg;
        const char *host;
        uint16_t port;
        const eddy_http_run_options *options;
};

static intptr_t run_program(void *arg)
{
        const struct program *program = arg;
        const eddy_http_run_options *options = program->options;
        eddy_http_service *service;
        int rc = eddy_http_service_create(&service, program->handler, program->arg,
                                          options ? options->service : NULL);

        if (rc < 0)
                return rc;
        rc = eddy_http_service_run(service, program->host, program->port, options);
        eddy_http_service_destroy(service);
        return rc;
}

int eddy_http_run(eddy_http_handler handler, void *arg, const char *host, uint16_t port,
                  const eddy_http_run_options *options)
{
        struct program program = {handler, arg, host, port, options};

        return (int)eddy_run(run_program, &program);
}
