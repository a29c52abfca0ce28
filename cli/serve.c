/* eddy serve: a folder over HTTP. */
#include "cli.h"
#include "serve_tls.h"

#include <eddy/http_files.h>
#include <eddy/http_run.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: eddy serve [OPTION]... [DIR]\n"
    "\n"
    "Serve a folder over HTTP; default: this one. Nothing outside it can be reached.\n"
    "\n"
    "  -p, --port N        listen on port N; default: 8000; 0: any free one\n"
    "  -b, --bind ADDR     listen on this address; default: 127.0.0.1; '*': on all\n"
    "      --timeout S     how long a client may keep silent or take nothing, in seconds; default: 30\n"
    "      --answer-timeout S  how long it may take over an answer, however steadily; default: no limit\n"
    "      --no-listing    do not list folders that have no index.html\n"
    "      --all           serve names that begin with a dot, too, though not in lists\n"
    "      --precompressed send FILE.br, .zst or .gz for FILE to who takes that\n"
    "      --tls           serve by HTTPS, with a certificate that nobody has issued unless one is given\n"
    "      --cert FILE     the certificate, with those that lead from it to a root; PEM\n"
    "      --key FILE      its key, where that is not in the same file; PEM\n"
    "  -v, --verbose       log each request to standard error\n"
    "  -h, --help          show this\n"
    "\n"
    "The address is printed to standard output once connections are accepted, behind the fingerprint of a\n"
    "certificate that was made for --tls. SIGHUP has those that were given read again. SIGTERM and Ctrl-C\n"
    "let answers that are being sent finish, for at most 10 s; a second one does not wait.\n";

enum { GRACE_SECONDS = 10 };

struct serve {
        const char *folder, *bind;
        long port;
        double timeout, answer_timeout;
        bool hides_listings, shows_hidden, precompressed, is_verbose, wants_tls;
        const char *certificate_file, *key_file;
        eddy_tls *tls; /* NULL: none */
        size_t max_connections;
        eddy_http_files *files;
};

static void log_request(const eddy_http_access *access, void *arg)
{
        char target[512], printable[512];
        size_t n = access->target_size < sizeof target - 1 ? access->target_size : sizeof target - 1;

        (void)arg;
        memcpy(target, access->target, n);
        target[n] = '\0';
        cli_printable(printable, sizeof printable, target);
        fprintf(stderr, "%s %s %s %d %lld\n", access->peer, access->method, printable, access->status,
                (long long)access->sent);
}

static int start_failure(const struct serve *serve, int rc)
{
        if (rc == -EADDRINUSE)
                fprintf(stderr,
                        "eddy serve: port %ld is in use; choose another with --port, or --port 0 for any\n",
                        serve->port);
        else if (rc == -EACCES)
                fprintf(stderr,
                        "eddy serve: port %ld is reserved for root; choose one above 1023 with --port\n",
                        serve->port);
        else if (rc == -EADDRNOTAVAIL || rc == EDDY_ERESOLVE)
                fprintf(stderr, "eddy serve: %s is no address of this machine; choose another with --bind\n",
                        serve->bind);
        else
                fprintf(stderr, "eddy serve: %s\n", eddy_strerror(rc));
        return CLI_FAILED;
}

static void on_reload_signal(void *arg)
{
        const struct serve *serve = arg;

        serve_reload_tls(serve->tls);
}

static void announce(eddy_server *server, void *arg)
{
        struct serve *serve = arg;
        const char *host = serve->bind ? serve->bind : "127.0.0.1";
        bool is_ipv6 = strchr(host, ':') != NULL;

        if (serve->certificate_file)
                eddy_add_signal_handler(eddy_running_loop(), SIGHUP, on_reload_signal, serve);
        printf("serving %s at %s://%s%s%s:%u/\n", serve->folder, serve->tls ? "https" : "http",
               is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", eddy_server_port(server));
        fflush(stdout);
}

static intptr_t serve_until_stopped(void *arg)
{
        struct serve *serve = arg;
        const eddy_server_options options = {.max_connections = serve->max_connections, .tls = serve->tls};
        int rc =
            eddy_http_service_run(eddy_http_files_service(serve->files), serve->bind, (uint16_t)serve->port,
                                  &(eddy_http_run_options){
                                      .server = &options,
                                      .drain = eddy_seconds(GRACE_SECONDS),
                                      .on_start = announce,
                                      .arg = serve,
                                  });

        return rc < 0 ? start_failure(serve, rc) : CLI_OK;
}

static int parse_option(struct serve *serve, int option)
{
        switch (option) {
        case 'p':
                if (!cli_parse_number(optarg, 0, 65535, &serve->port))
                        return cli_usage_error("eddy serve", "--port takes a number from 0 to 65535, not '%s'",
                                               optarg);
                return 0;
        case 'b':
                serve->bind = strcmp(optarg, "*") == 0 ? NULL : optarg;
                return 0;
        case 't':
                if (!cli_parse_seconds(optarg, &serve->timeout))
                        return cli_usage_error("eddy serve", "--timeout takes seconds, more than 0, not '%s'",
                                               optarg);
                return 0;
        case 'a':
                if (!cli_parse_seconds(optarg, &serve->answer_timeout))
                        return cli_usage_error("eddy serve",
                                               "--answer-timeout takes seconds, more than 0, not '%s'", optarg);
                return 0;
        case 'n':
                serve->hides_listings = true;
                return 0;
        case 'A':
                serve->shows_hidden = true;
                return 0;
        case 'z':
                serve->precompressed = true;
                return 0;
        case 's':
                serve->wants_tls = true;
                return 0;
        case 'c':
                serve->certificate_file = optarg;
                return 0;
        case 'k':
                serve->key_file = optarg;
                return 0;
        case 'v':
                serve->is_verbose = true;
                return 0;
        default:
                fputs("Try 'eddy serve --help'.\n", stderr);
                return CLI_USAGE;
        }
}

static int parse(struct serve *serve, int argc, char **argv, bool *wants_help)
{
        static const struct option options[] = {
            {"port", required_argument, NULL, 'p'},
            {"bind", required_argument, NULL, 'b'},
            {"timeout", required_argument, NULL, 't'},
            {"answer-timeout", required_argument, NULL, 'a'},
            {"no-listing", no_argument, NULL, 'n'},
            {"all", no_argument, NULL, 'A'},
            {"precompressed", no_argument, NULL, 'z'},
            {"tls", no_argument, NULL, 's'},
            {"cert", required_argument, NULL, 'c'},
            {"key", required_argument, NULL, 'k'},
            {"verbose", no_argument, NULL, 'v'},
            {"help", no_argument, NULL, 'h'},
            {0},
        };
        int option, rc = 0;

        while (rc == 0 && (option = getopt_long(argc, argv, "p:b:vh", options, NULL)) != -1) {
                *wants_help |= option == 'h';
                rc = option == 'h' ? 0 : parse_option(serve, option);
        }
        if (rc == 0 && optind < argc)
                serve->folder = argv[optind++];
        if (rc == 0 && optind < argc)
                rc = cli_usage_error("eddy serve", "one folder at a time: what is '%s'?", argv[optind]);
        if (rc == 0 && serve->certificate_file && !serve->wants_tls)
                rc = cli_usage_error("eddy serve", "--cert is for --tls");
        if (rc == 0 && serve->key_file && !serve->certificate_file)
                rc = cli_usage_error("eddy serve", "--key needs the --cert that it is of");
        return rc;
}

/** Serve what is open, and let go of it: an exit code. */
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

static int serve_folder(struct serve *serve)
{
        const eddy_http_files_options options = {
            .timeout = eddy_seconds(serve->timeout),
            .answer_timeout = eddy_seconds(serve->answer_timeout),
            .hides_listings = serve->hides_listings,
            .shows_hidden = serve->shows_hidden,
            .precompressed = serve->precompressed,
            .on_request = serve->is_verbose ? log_request : NULL,
        };
        size_t descriptors = cli_raise_descriptor_limit();
        int rc = eddy_http_files_create(&serve->files, serve->folder, &options);

        if (rc < 0) {
                fprintf(stderr, "eddy serve: %s\n", eddy_error_detail());
                return CLI_FAILED;
        }
        /* A connection may need two, its own and its file's; some are for the loop. */
        serve->max_connections = descriptors > 128 ? (descriptors - 64) / 2 : 32;
        rc = serve->wants_tls
                 ? serve_open_tls(&serve->tls, serve->bind, serve->certificate_file, serve->key_file)
                 : CLI_OK;
        if (rc == CLI_OK)
                rc = run_server(serve);
        serve_close_tls(serve->tls);
        eddy_http_files_destroy(serve->files);
        return rc;
}

int serve_main(int argc, char **argv)
{
        struct serve serve = {.folder = ".", .bind = "127.0.0.1", .port = 8000, .timeout = 30};
        bool wants_help = false;
        int rc = parse(&serve, argc, argv, &wants_help);

        if (rc)
                return rc;
        if (wants_help) {
                fputs(help, stdout);
                return CLI_OK;
        }
        return serve_folder(&serve);
}
