/* eddy fetch: its options. */
#include "fetch_options.h"
#include "ask_password.h"
#include "cli.h"
#include "fetch_from.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Options that have no letter. */
enum {
        OPTION_RETRY = 256,
        OPTION_MAX_WAIT,
        OPTION_TIMEOUT,
        OPTION_SEGMENTS,
        OPTION_CHECKSUM,
        OPTION_MIRROR,
        OPTION_FROM,
        OPTION_LIMIT_RATE,
        OPTION_PROXY,
        OPTION_CONTENT_DISPOSITION,
        OPTION_SKIP_EXISTING,
        OPTION_OVERWRITE,
        OPTION_JSON,
};

static const struct option options[] = {
    {"input", required_argument, NULL, 'i'},
    {"from", required_argument, NULL, OPTION_FROM},
    {"output", required_argument, NULL, 'o'},
    {"jobs", required_argument, NULL, 'j'},
    {"segments", required_argument, NULL, OPTION_SEGMENTS},
    {"mirror", required_argument, NULL, OPTION_MIRROR},
    {"checksum", required_argument, NULL, OPTION_CHECKSUM},
    {"retry", required_argument, NULL, OPTION_RETRY},
    {"max-wait", required_argument, NULL, OPTION_MAX_WAIT},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"limit-rate", required_argument, NULL, OPTION_LIMIT_RATE},
    {"header", required_argument, NULL, 'H'},
    {"user", required_argument, NULL, 'u'},
    {"proxy", required_argument, NULL, OPTION_PROXY},
    {"insecure", no_argument, NULL, 'k'},
    {"content-disposition", no_argument, NULL, OPTION_CONTENT_DISPOSITION},
    {"skip-existing", no_argument, NULL, OPTION_SKIP_EXISTING},
    {"overwrite", no_argument, NULL, OPTION_OVERWRITE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static int refuse(const char *name, const char *what, const char *text)
{
        return cli_usage_error("eddy fetch", "--%s takes %s, not '%s'", name, what, text);
}

static int take_number(const char *name, const char *what, long min, long max, long *value)
{
        return cli_parse_number(optarg, min, max, value) ? 0 : refuse(name, what, optarg);
}

static int take_seconds(const char *name, double *seconds)
{
        return cli_parse_seconds(optarg, seconds) ? 0 : refuse(name, "seconds, more than 0", optarg);
}

static int take_folder(struct batch *batch)
{
        if (*optarg == '\0')
                return refuse("output", "a folder", optarg);
        if (strcmp(optarg, "-") == 0)
                return cli_usage_error("eddy fetch", "--output takes a folder; './-' for one of that name");
        batch->folder = optarg;
        return 0;
}

/* Bytes a second, such as "500k" or "2.5M". */
static int take_rate(struct batch *batch)
{
        static const char units[] = "kMG";
        char *end;
        double rate = strtod(optarg, &end);
        const char *unit = *end ? strchr(units, *end == 'K' ? 'k' : *end) : NULL;

        for (const char *at = units; unit && at <= unit; at++)
                rate *= 1000;
        if (end == optarg || (*end && (!unit || end[1])) || !(rate >= 1) || rate > 1e15)
                return refuse("limit-rate", "bytes a second, such as 500k or 2.5M", optarg);
        batch->receive_rate = (int64_t)rate;
        return 0;
}

/* What would end a header begins another. */
static int take_header(struct batch *batch)
{
        const char *colon = strchr(optarg, ':');

        if (!colon || colon == optarg || strcspn(optarg, " \t:") != (size_t)(colon - optarg) ||
            strpbrk(optarg, "\r\n"))
                return refuse("header", "'NAME: VALUE'", optarg);
        if (colon - optarg == 5 && strncasecmp(optarg, "Range", 5) == 0)
                return cli_usage_error(
                    "eddy fetch", "--header: which part of a file is asked for is not for you to say: '%s'",
                    optarg);
        if (batch->header_count == HEADERS_MAX)
                return cli_usage_error("eddy fetch", "more than %d headers", HEADERS_MAX);
        batch->headers[batch->header_count++] = optarg;
        return 0;
}

static int take_checksum(struct batch *batch)
{
        const char *fault = url_checksum_fault(optarg);

        batch->checksum = optarg;
        if (!url_is_checksum(optarg))
                return refuse("checksum", "ALGORITHM:HEX, such as sha256:0123...", optarg);
        return fault ? cli_usage_error("eddy fetch", "--checksum: '%s' %s", optarg, fault) : 0;
}

static int take_proxy(struct batch *batch)
{
        static const char *const schemes[] = {"http://",    "https://",  "socks4://",
                                              "socks4a://", "socks5://", "socks5h://"};

        const char *authority = strstr(optarg, "://");
        bool is_known = !authority; /* of HTTP, as curl has it */

        batch->proxy = optarg;
        if (*optarg == '\0') /* none */
                return 0;
        for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
                is_known |= strncasecmp(optarg, schemes[i], strlen(schemes[i])) == 0;
        if (!is_known)
                return refuse("proxy", "a URL of http, https, socks4, socks4a, socks5 or socks5h", optarg);
        if (!url_has_host(authority ? authority + 3 : optarg))
                return cli_usage_error("eddy fetch", "--proxy: '%s' names no host", optarg);
        return 0;
}

static int take_mirror(struct batch *batch)
{
        const char *fault = url_fault(optarg, strlen(optarg));

        if (fault)
                return cli_usage_error("eddy fetch", "--mirror: '%s' %s", optarg, fault);
        if (batch->mirror_count == URL_MIRRORS_MAX)
                return cli_usage_error("eddy fetch", "more than %d mirrors", URL_MIRRORS_MAX);
        batch->mirrors[batch->mirror_count++] = optarg;
        return 0;
}

/* The first line of a file: "USER:PASSWORD". */
static int read_user(struct batch *batch, const char *path)
{
        FILE *file = fopen(path, "r");
        size_t size = 0;
        ssize_t n = file ? getline(&batch->user, &size, file) : -1;
        int rc = 0;

        if (n < 0)
                rc = cli_usage_error("eddy fetch", "--user: cannot read %s: %s", path,
                                     file ? "it is empty" : strerror(errno));
        else
                batch->user[strcspn(batch->user, "\r\n")] = '\0';
        if (file)
                fclose(file);
        if (rc == 0 && !strchr(batch->user, ':'))
                rc = cli_usage_error("eddy fetch", "--user: the first line of %s is no USER:PASSWORD", path);
        return rc;
}

/* USER:PASSWORD, which others shall not see in a list of processes; USER, whose password is asked for once all else is right; @FILE. */
static int take_user(struct batch *batch)
{
        free(batch->user);
        batch->user = NULL;
        if (*optarg == '\0')
                return refuse("user", "USER:PASSWORD, USER or @FILE", optarg);
        if (*optarg == '@')
                return read_user(batch, optarg + 1);
        batch->user = strdup(optarg);
        if (strchr(optarg, ':'))
                memset(optarg, '*', strlen(optarg));
        return batch->user ? 0 : cli_no_memory("eddy fetch");
}

static int complete_user(struct batch *batch)
{
        char password[256], *whole;
        int rc;

        if (!batch->user || strchr(batch->user, ':'))
                return 0;
        rc = ask_password("eddy fetch", password, sizeof password);
        if (rc == 0 && asprintf(&whole, "%s:%s", batch->user, password) < 0)
                rc = cli_no_memory("eddy fetch");
        explicit_bzero(password, sizeof password);
        if (rc)
                return rc;
        free(batch->user);
        batch->user = whole;
        return 0;
}

static int take_setting(struct batch *batch, int option)
{
        switch (option) {
        case 'k':
                batch->insecure = true;
                return 0;
        case OPTION_CONTENT_DISPOSITION:
                batch->takes_names = true;
                return 0;
        case OPTION_SKIP_EXISTING:
                batch->existing = FETCH_SKIP;
                return 0;
        case OPTION_OVERWRITE:
                batch->existing = FETCH_OVERWRITE;
                return 0;
        case OPTION_JSON:
                batch->display = &display_json;
                return 0;
        default:
                fputs("Try 'eddy fetch --help'.\n", stderr);
                return CLI_USAGE;
        }
}

static int take_option(struct batch *batch, int option)
{
        switch (option) {
        case 'i':
                batch->url_file = optarg;
                return 0;
        case OPTION_FROM:
                batch->from = optarg;
                return 0;
        case 'o':
                return take_folder(batch);
        case 'j':
                return take_number("jobs", "a number from 1 to 10000", 1, 10000, &batch->parallel);
        case OPTION_SEGMENTS:
                return take_number("segments", "a number from 1 to 16", 1, 16, &batch->segments);
        case OPTION_RETRY:
                return take_number("retry", "a number from 0 to 1000000", 0, 1000000, &batch->retry_limit);
        case OPTION_MAX_WAIT:
                return take_seconds("max-wait", &batch->max_wait);
        case OPTION_TIMEOUT:
                return take_seconds("timeout", &batch->timeout);
        case OPTION_LIMIT_RATE:
                return take_rate(batch);
        case OPTION_CHECKSUM:
                return take_checksum(batch);
        case OPTION_MIRROR:
                return take_mirror(batch);
        case 'H':
                return take_header(batch);
        case 'u':
                return take_user(batch);
        case OPTION_PROXY:
                return take_proxy(batch);
        default:
                return take_setting(batch, option);
        }
}

static int add_argument(struct batch *batch, const char *url)
{
        const char *fault = url_fault(url, strlen(url));
        char shown[256];

        if (!fault)
                return batch_add(&(struct url_line){.url = url}, batch);
        cli_printable(shown, sizeof shown, url);
        return cli_usage_error("eddy fetch", "'%s' %s", shown, fault);
}

static int read_list(struct batch *batch)
{
        FILE *file = strcmp(batch->url_file, "-") == 0 ? stdin : fopen(batch->url_file, "r");
        int rc;

        if (!file)
                return cli_usage_error("eddy fetch", "cannot read %s: %m", batch->url_file);
        rc = url_list_read(file, batch->url_file, batch_add, batch);
        if (file != stdin)
                fclose(file);
        return rc;
}

/* A mirror and a checksum on the command line are of the one URL that is there. */
static int complete_item(struct batch *batch)
{
        struct url_line line = {.checksum = batch->checksum};

        if (batch->mirror_count == 0 && !batch->checksum)
                return 0;
        if (batch->count != 1 || batch->sitemaps)
                return cli_usage_error("eddy fetch",
                                       "--mirror and --checksum are for one URL; a list has them behind each");
        for (unsigned i = 0; i < batch->mirror_count; i++)
                line.mirrors[i] = batch->mirrors[i];
        return item_complete(&batch->items[0], &line);
}

static int take_urls(struct batch *batch, int count, char **urls)
{
        int rc = 0;

        for (int i = 0; rc == 0 && i < count; i++)
                rc = add_argument(batch, urls[i]);
        if (rc == 0 && batch->url_file)
                rc = read_list(batch);
        if (rc == 0 && batch->from)
                rc = from_read(batch, batch->from);
        if (rc == 0 && batch->count == 0 && !batch->sitemaps)
                rc = cli_usage_error("eddy fetch", "%s",
                                     batch->url_file || batch->from ? "there is no URL in the file"
                                                                    : "name a URL, or -i FILE");
        return rc ? rc : complete_item(batch);
}

int fetch_parse(struct batch *batch, int argc, char **argv, bool *wants_help)
{
        int option, rc = 0;

        while (rc == 0 && (option = getopt_long(argc, argv, "i:o:j:H:u:kh", options, NULL)) != -1) {
                *wants_help |= option == 'h';
                rc = option == 'h' ? 0 : take_option(batch, option);
        }
        if (rc || *wants_help)
                return rc;
        rc = take_urls(batch, argc - optind, argv + optind);
        return rc ? rc : complete_user(batch);
}
