#include "serve_options.h"

#include "cli.h"

#include <eddy/http_log.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: eddy serve [OPTION]... [DIR]\n"
    "\n"
    "Serve a folder over HTTP; default: this one. Nothing outside it can be reached.\n"
    "\n"
    "  -p, --port N        listen on port N; default: 8000; 0: any free one\n"
    "  -b, --bind ADDR     listen on this address; default: 127.0.0.1; '*': on all\n"
    "      --workers N     serve by N processes; auto: as many as there are processors; default: 1\n"
    "      --timeout S     how long a client may keep silent or take nothing, in seconds; default: 30\n"
    "      --answer-timeout S  how long it may take over an answer, however steadily; default: no limit\n"
    "\n"
    "      --no-listing    do not list folders that have no index.html\n"
    "      --all           serve names that begin with a dot, too, though not in lists\n"
    "      --spa           answer pages that are not there by index.html, for it is an application of one "
    "page\n"
    "      --compress      send texts in a content coding that the client takes\n"
    "      --precompressed send FILE.br, .zst or .gz for FILE to who takes that\n"
    "      --max-age S     let caches keep files, but no pages, for so many seconds without asking\n"
    "      --immutable PATH  what lies below PATH never changes; let caches never ask again; repeatable\n"
    "      --cors[=ORIGIN] let pages of other origins read all of it; default: of any; repeatable\n"
    "\n"
    "      --upload        take files, by PUT and by a form in lists\n"
    "      --upload-max SIZE  of a file, bytes, or with k, M or G behind; default: no limit\n"
    "      --overwrite     let a file that is uploaded take the place of another\n"
    "\n"
    "      --proxy PREFIX=URL  have another server answer PREFIX and what lies below, WebSockets\n"
    "                      too; repeatable\n"
    "\n"
    "      --auth USER:HASH  let in who has this password; repeatable. HASH: openssl passwd -6\n"
    "      --auth-file FILE  likewise those in FILE, one USER:HASH a line\n"
    "      --tls           serve by HTTPS, with a certificate that nobody has issued unless one is given\n"
    "      --cert FILE     the certificate, with those that lead from it to a root; PEM\n"
    "      --key FILE      its key, where that is not in the same file; PEM\n"
    "\n"
    "      --log FILE      log each request to the end of FILE; '-': to standard output\n"
    "      --log-format NAME  common, combined or json; default: combined\n"
    "  -v, --verbose       log each request to standard error\n"
    "  -h, --help          show this\n"
    "\n"
    "The address is printed to standard output once connections are accepted, behind the fingerprint of a\n"
    "certificate that was made for --tls. SIGHUP has those that were given read again, and with SIGUSR1 the "
    "log\n"
    "opened anew. SIGTERM and Ctrl-C let answers that are being sent finish, for at most 10 s; a second one "
    "does\n"
    "not wait.\n";

/* Options without a letter. */
enum {
        WORKERS = 256,
        TIMEOUT,
        ANSWER_TIMEOUT,
        NO_LISTING,
        ALL,
        SPA,
        COMPRESS,
        PRECOMPRESSED,
        MAX_AGE,
        IMMUTABLE,
        CORS,
        UPLOAD,
        UPLOAD_MAX,
        OVERWRITE,
        PROXY,
        AUTH,
        AUTH_FILE,
        TLS,
        CERT,
        KEY,
        LOG,
        LOG_FORMAT,
};

static const struct option known[] = {
    {"port", required_argument, NULL, 'p'},
    {"bind", required_argument, NULL, 'b'},
    {"workers", required_argument, NULL, WORKERS},
    {"timeout", required_argument, NULL, TIMEOUT},
    {"answer-timeout", required_argument, NULL, ANSWER_TIMEOUT},
    {"no-listing", no_argument, NULL, NO_LISTING},
    {"all", no_argument, NULL, ALL},
    {"spa", no_argument, NULL, SPA},
    {"compress", no_argument, NULL, COMPRESS},
    {"precompressed", no_argument, NULL, PRECOMPRESSED},
    {"max-age", required_argument, NULL, MAX_AGE},
    {"immutable", required_argument, NULL, IMMUTABLE},
    {"cors", optional_argument, NULL, CORS},
    {"upload", no_argument, NULL, UPLOAD},
    {"upload-max", required_argument, NULL, UPLOAD_MAX},
    {"overwrite", no_argument, NULL, OVERWRITE},
    {"proxy", required_argument, NULL, PROXY},
    {"auth", required_argument, NULL, AUTH},
    {"auth-file", required_argument, NULL, AUTH_FILE},
    {"tls", no_argument, NULL, TLS},
    {"cert", required_argument, NULL, CERT},
    {"key", required_argument, NULL, KEY},
    {"log", required_argument, NULL, LOG},
    {"log-format", required_argument, NULL, LOG_FORMAT},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

__attribute__((format(printf, 1, 2))) static int wrong(const char *format, ...);

static int wrong(const char *format, ...)
{
        char text[512];
        va_list values;

        va_start(values, format);
        vsnprintf(text, sizeof text, format, values);
        va_end(values);
        return cli_usage_error("eddy serve", "%s", text);
}

static int read_seconds(const char *name, double *seconds)
{
        return cli_parse_seconds(optarg, seconds)
                   ? CLI_OK
                   : wrong("%s takes seconds, more than 0, not '%s'", name, optarg);
}

static int read_workers(long *count)
{
        cpu_set_t allowed;

        if (strcmp(optarg, "auto") == 0) {
                *count = sched_getaffinity(0, sizeof allowed, &allowed) < 0 ? 1 : CPU_COUNT(&allowed);
                return CLI_OK;
        }
        return cli_parse_number(optarg, 1, 256, count)
                   ? CLI_OK
                   : wrong("--workers takes a number from 1 to 256, or auto, not '%s'", optarg);
}

static int read_size(int64_t *size)
{
        static const char units[] = "kMG";
        char *end;
        double value = strtod(optarg, &end);
        const char *unit = *end ? strchr(units, *end == 'K' ? 'k' : *end) : NULL;

        for (const char *at = units; unit && at <= unit; at++)
                value *= 1000;
        if (end == optarg || (*end && (!unit || end[1])) || !(value >= 1) || value > 9e18)
                return wrong("--upload-max takes bytes, or a number with k, M or G behind, not '%s'", optarg);
        *size = (int64_t)value;
        return CLI_OK;
}

static int add_to(struct serve_list *list, const char *name, const char *value)
{
        if (list->count == SERVE_LIST_MAX)
                return wrong("%s may be there %d times", name, SERVE_LIST_MAX);
        list->values[list->count++] = value;
        return CLI_OK;
}

static int read_flag(struct serve_options *options, int option)
{
        bool *flags[] = {
            [NO_LISTING] = &options->hides_listings,
            [ALL] = &options->shows_hidden,
            [SPA] = &options->is_application,
            [COMPRESS] = &options->compresses,
            [PRECOMPRESSED] = &options->precompressed,
            [UPLOAD] = &options->takes_uploads,
            [OVERWRITE] = &options->overwrites,
            [TLS] = &options->wants_tls,
            ['v'] = &options->is_verbose,
        };

        if (option < 0 || (size_t)option >= sizeof flags / sizeof *flags || !flags[option]) {
                fputs("Try 'eddy serve --help'.\n", stderr);
                return CLI_USAGE;
        }
        *flags[option] = true;
        return CLI_OK;
}

static int read_option(struct serve_options *options, int option)
{
        switch (option) {
        case 'p':
                return cli_parse_number(optarg, 0, 65535, &options->port)
                           ? CLI_OK
                           : wrong("--port takes a number from 0 to 65535, not '%s'", optarg);
        case 'b':
                options->bind = strcmp(optarg, "*") == 0 ? NULL : optarg;
                return CLI_OK;
        case WORKERS:
                return read_workers(&options->workers);
        case TIMEOUT:
                return read_seconds("--timeout", &options->timeout);
        case ANSWER_TIMEOUT:
                return read_seconds("--answer-timeout", &options->answer_timeout);
        case MAX_AGE:
                return read_seconds("--max-age", &options->max_age);
        case IMMUTABLE:
                return *optarg ? add_to(&options->immutable, "--immutable", optarg)
                               : wrong("--immutable takes a path such as /assets/, not ''");
        case CORS:
                return add_to(&options->origins, "--cors", optarg ? optarg : "*");
        case UPLOAD_MAX:
                return read_size(&options->upload_max);
        case PROXY:
                return add_to(&options->proxies, "--proxy", optarg);
        case AUTH:
                return add_to(&options->users, "--auth", optarg);
        case AUTH_FILE:
                options->user_file = optarg;
                return CLI_OK;
        case CERT:
                options->certificate_file = optarg;
                return CLI_OK;
        case KEY:
                options->key_file = optarg;
                return CLI_OK;
        case LOG:
                options->log_file = optarg;
                return CLI_OK;
        case LOG_FORMAT:
                options->log_format = optarg;
                return CLI_OK;
        default:
                return read_flag(options, option);
        }
}

/* Whether they go together. */
static int check(const struct serve_options *options)
{
        if (options->certificate_file && !options->wants_tls)
                return wrong("--cert is for --tls");
        if (options->key_file && !options->certificate_file)
                return wrong("--key needs the --cert that it is of");
        if ((options->upload_max || options->overwrites) && !options->takes_uploads)
                return wrong("%s is for --upload", options->overwrites ? "--overwrite" : "--upload-max");
        if (options->takes_uploads && options->precompressed)
                return wrong("--precompressed is not for --upload: who uploads FILE.gz would say what FILE is");
        if (options->log_format && !options->log_file)
                return wrong("--log-format needs a --log");
        return CLI_OK;
}

static int read_folder(struct serve_options *options, int count, char **names)
{
        options->folder = names[0];
        if (options->origins.count > 0 && strstr(names[0], "://"))
                return wrong("an origin stands behind --cors and '=': --cors=%s", names[0]);
        if (*names[0] == '\0')
                return wrong("the name of the folder is empty");
        return count > 1 ? wrong("one folder at a time: what is '%s'?", names[1]) : CLI_OK;
}

int serve_options_read(struct serve_options *options, int argc, char **argv, bool *wants_help)
{
        int option, rc = CLI_OK;

        *options = (struct serve_options){
            .folder = ".", .bind = "127.0.0.1", .port = 8000, .workers = 1, .timeout = 30};
        *wants_help = false;
        while (rc == CLI_OK && (option = getopt_long(argc, argv, "p:b:vh", known, NULL)) != -1) {
                *wants_help |= option == 'h';
                rc = option == 'h' ? CLI_OK : read_option(options, option);
        }
        if (rc == CLI_OK && optind < argc)
                rc = read_folder(options, argc - optind, argv + optind);
        return rc == CLI_OK && !*wants_help ? check(options) : rc;
}

void serve_options_print_help(void)
{
        fputs(help, stdout);
}
