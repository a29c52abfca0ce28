/* eddy serve: a folder over HTTP, by one process or by several. */
#include "cli.h"
#include "serve_listen.h"
#include "serve_site.h"
#include "serve_tls.h"
#include "serve_workers.h"

#include <eddy/http_run.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRACE_SECONDS = 10 };

struct serve {
        struct serve_options options;
        struct serve_log log;
        struct serve_site site;
        eddy_tls *tls; /* NULL: none */
        size_t max_connections;
        struct listen_sockets
            *sockets; /* of each worker; NULL: there is one process, which listens by itself */
        const struct listen_sockets *own; /* of this one */
};

static int start_failure(const struct serve *serve, int rc)
{
        if (rc == -EADDRINUSE)
                fprintf(stderr,
                        "eddy serve: port %ld is in use; choose another with --port, or --port 0 for any\n",
                        serve->options.port);
        else if (rc == -EACCES)
                fprintf(stderr,
                        "eddy serve: port %ld is reserved for root; choose one above 1023 with --port\n",
                        serve->options.port);
        else if (rc == -EADDRNOTAVAIL || rc == EDDY_ERESOLVE || rc == -ENOENT)
                fprintf(stderr, "eddy serve: '%s' is no address of this machine; choose another with --bind\n",
                        serve->options.bind);
        else
                fprintf(stderr, "eddy serve: %s\n", eddy_strerror(rc));
        return CLI_FAILED;
}

static bool may_reload(const struct serve *serve)
{
        return serve->options.certificate_file || serve->options.log_file;
}

static void on_reload_signal(void *arg)
{
        struct serve *serve = arg;

        if (serve->options.certificate_file)
                serve_reload_tls(serve->tls);
        serve_log_reopen(&serve->log);
}

static void announce(const struct serve *serve, unsigned port)
{
        const char *host = serve->options.bind ? serve->options.bind : "127.0.0.1";
        bool is_ipv6 = strchr(host, ':') != NULL;

        printf("serving %s at %s://%s%s%s:%u/\n", serve_site_subject(&serve->site),
               serve->tls ? "https" : "http", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", port);
        fflush(stdout);
}

static void on_start(eddy_server *server, void *arg)
{
        struct serve *serve = arg;

        if (may_reload(serve)) {
                eddy_add_signal_handler(eddy_running_loop(), SIGHUP, on_reload_signal, serve);
                eddy_add_signal_handler(eddy_running_loop(), SIGUSR1, on_reload_signal, serve);
        }
        if (!serve->own)
                announce(serve, eddy_server_port(server));
}

static intptr_t serve_until_stopped(void *arg)
{
        struct serve *serve = arg;
        const eddy_server_options options = {
            .max_connections = serve->max_connections,
            .tls = serve->tls,
            .fds = serve->own ? serve->own->fds : NULL,
            .fd_count = serve->own ? serve->own->count : 0,
        };
        const char *host = serve->own ? NULL : serve->options.bind;
        uint16_t port = serve->own ? 0 : (uint16_t)serve->options.port;
        int rc = serve_log_begin(&serve->log);

        if (rc == 0)
                rc = eddy_http_service_run(serve_site_service(&serve->site), host, port,
                                           &(eddy_http_run_options){
                                               .server = &options,
                                               .drain = eddy_seconds(GRACE_SECONDS),
                                               .on_start = on_start,
                                               .arg = serve,
                                           });
        serve_log_end(&serve->log);
        return rc < 0 ? start_failure(serve, rc) : CLI_OK;
}

/** Serve what is open: an exit code. */
static int run_server(struct serve *serve)
{
        eddy_runner runner;
        intptr_t rc = eddy_runner_init(&runner, &(eddy_runner_options){.ignores_sigint = true});

        if (rc == 0) {
                rc = eddy_runner_run(&runner, serve_until_stopped, serve);
                eddy_runner_finish(&runner);
        }
        if (rc >= 0)
                return (int)rc;
        fprintf(stderr, "eddy serve: %s\n", eddy_strerror(rc));
        return CLI_FAILED;
}

static void close_sockets(void *arg)
{
        const struct serve *serve = arg;

        for (long i = 0; i < serve->options.workers; i++)
                if (&serve->sockets[i] != serve->own)
                        listen_close(&serve->sockets[i]);
}

/* In a process of its own. The sockets of the others are theirs: what nobody accepts from must not be held open. One that takes another's place
 * may come long after what it has from before was read. */
static int work(unsigned index, void *arg)
{
        struct serve *serve = arg;

        serve->own = &serve->sockets[index];
        close_sockets(serve);
        on_reload_signal(serve);
        return run_server(serve);
}

static int run_workers(struct serve *serve)
{
        unsigned count = (unsigned)serve->options.workers;
        int port, rc;

        serve->sockets = calloc(count, sizeof *serve->sockets);
        if (!serve->sockets)
                return start_failure(serve, -ENOMEM);
        port = listen_open(serve->sockets, count, serve->options.bind, (uint16_t)serve->options.port);
        if (port < 0) {
                rc = start_failure(serve, port);
        } else {
                announce(serve, (unsigned)port);
                rc = workers_run(&(struct workers_options){
                    .count = count,
                    .passes_reload = may_reload(serve),
                    .work = work,
                    .on_stop = close_sockets,
                    .arg = serve,
                });
                close_sockets(serve);
        }
        free(serve->sockets);
        return rc;
}

static int serve_folder(struct serve *serve)
{
        const struct serve_options *options = &serve->options;
        size_t descriptors = cli_raise_descriptor_limit();
        size_t each = options->takes_uploads ? 3 : 2; /* its own, its file's, and that of the file's folder */
        int rc = serve_log_open(&serve->log, options->log_file, options->log_format, options->is_verbose,
                                options->workers > 1);

        serve->max_connections = descriptors > 128 ? (descriptors - 64) / each : 32; /* some are for the loop */
        if (rc == CLI_OK)
                rc = serve_site_open(&serve->site, options, &serve->log, serve->max_connections);
        if (rc == CLI_OK && options->wants_tls)
                rc = serve_open_tls(&serve->tls, options);
        if (rc == CLI_OK)
                rc = options->workers > 1 ? run_workers(serve) : run_server(serve);
        serve_close_tls(serve->tls);
        serve_site_close(&serve->site);
        serve_log_close(&serve->log);
        return rc;
}

int serve_main(int argc, char **argv)
{
        struct serve serve = {.tls = NULL};
        bool wants_help;
        int rc = serve_options_read(&serve.options, argc, argv, &wants_help);

        if (rc == CLI_OK && wants_help)
                serve_options_print_help();
        return rc == CLI_OK && !wants_help ? serve_folder(&serve) : rc;
}
