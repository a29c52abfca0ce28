/* eddy fetch: the command line. */
#include "batch.h"
#include "cli.h"
#include "url_list.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: eddy fetch [OPTION]... URL...\n"
    "       eddy fetch [OPTION]... -i FILE\n"
    "\n"
    "Download many URLs at once. A file appears under its name when it is whole; until then it is\n"
    "'.NAME.part', from which an interrupted download goes on where the server allows.\n"
    "\n"
    "  -i, --input FILE      read URLs from FILE, one a line; '-' is standard input;\n"
    "                        lines that are empty or begin with '#' are left out\n"
    "  -o, --output DIR      put files into DIR, created if need be; default: this folder\n"
    "  -j, --jobs N          download N at a time; default: 16\n"
    "      --retry N         try N times more when no progress is made; default: 3\n"
    "      --max-wait S      wait as long as a server asks for before a retry, but fail at\n"
    "                        once where it asks for more than S seconds; default: 120\n"
    "      --timeout S       give an attempt up after S seconds of silence; default: 30\n"
    "  -k, --insecure        accept any TLS certificate\n"
    "      --content-disposition\n"
    "                        take a file's name from the server's answer, where that has one\n"
    "      --skip-existing   leave a file that is there as it is, and do not download it again\n"
    "      --overwrite       replace a file that is there, once the new one is whole;\n"
    "                        without either the new one is called NAME-1, NAME-2 ...\n"
    "      --json            report to standard output in JSON, one object a line\n"
    "  -h, --help            show this\n"
    "\n"
    "Exits with 0 when all have arrived, 1 when some have not, 2 for bad usage, 130 after Ctrl-C.\n";

static int add_argument(struct batch *batch, const char *url)
{
        const char *fault = url_fault(url, strlen(url));
        char shown[256];

        if (!fault)
                return batch_add(url, batch);
        cli_printable(shown, sizeof shown, url);
        return cli_usage_error("eddy fetch", "'%s' %s", shown, fault);
}

static int parse_option(struct batch *batch, int option)
{
        switch (option) {
        case 'i':
                batch->url_file = optarg;
                return 0;
        case 'o':
                if (strcmp(optarg, "-") == 0)
                        return cli_usage_error("eddy fetch",
                                               "--output takes a folder; './-' for one of that name");
                batch->folder = optarg;
                return 0;
        case 'j':
                if (!cli_parse_number(optarg, 1, 10000, &batch->parallel))
                        return cli_usage_error("eddy fetch", "--jobs takes a number from 1 to 10000, not '%s'",
                                               optarg);
                return 0;
        case 'r':
                if (!cli_parse_number(optarg, 0, 1000000, &batch->retry_limit))
                        return cli_usage_error("eddy fetch", "--retry takes a number, not '%s'", optarg);
                return 0;
        case 'm':
                if (!cli_parse_seconds(optarg, &batch->max_wait))
                        return cli_usage_error("eddy fetch", "--max-wait takes seconds, more than 0, not '%s'",
                                               optarg);
                return 0;
        case 't':
                if (!cli_parse_seconds(optarg, &batch->timeout))
                        return cli_usage_error("eddy fetch", "--timeout takes seconds, more than 0, not '%s'",
                                               optarg);
                return 0;
        case 'c':
                batch->takes_names = true;
                return 0;
        case 'k':
                batch->insecure = true;
                return 0;
        case 's':
                batch->existing = FETCH_SKIP;
                return 0;
        case 'w':
                batch->existing = FETCH_OVERWRITE;
                return 0;
        case 'J':
                batch->display = &display_json;
                return 0;
        default:
                fputs("Try 'eddy fetch --help'.\n", stderr);
                return CLI_USAGE;
        }
}

static int parse(struct batch *batch, int argc, char **argv, bool *wants_help)
{
        static const struct option options[] = {
            {"input", required_argument, NULL, 'i'},
            {"output", required_argument, NULL, 'o'},
            {"jobs", required_argument, NULL, 'j'},
            {"retry", required_argument, NULL, 'r'},
            {"max-wait", required_argument, NULL, 'm'},
            {"timeout", required_argument, NULL, 't'},
            {"insecure", no_argument, NULL, 'k'},
            {"content-disposition", no_argument, NULL, 'c'},
            {"skip-existing", no_argument, NULL, 's'},
            {"overwrite", no_argument, NULL, 'w'},
            {"json", no_argument, NULL, 'J'},
            {"help", no_argument, NULL, 'h'},
            {0},
        };
        int option, rc = 0;

        while (rc == 0 && (option = getopt_long(argc, argv, "i:o:j:kh", options, NULL)) != -1) {
                *wants_help |= option == 'h';
                rc = option == 'h' ? 0 : parse_option(batch, option);
        }
        if (rc || *wants_help)
                return rc;
        for (int i = optind; rc == 0 && i < argc; i++)
                rc = add_argument(batch, argv[i]);
        if (rc == 0 && batch->url_file)
                rc = url_list_read(batch->url_file, batch_add, batch);
        if (rc == 0 && batch->count == 0)
                rc =
                    cli_usage_error("eddy fetch", "%s",
                                    batch->url_file ? "there is no URL in the file" : "name a URL, or -i FILE");
        return rc;
}

static int prepare_folder(const char *folder)
{
        struct stat status;

        if (mkdir(folder, 0777) < 0 && errno != EEXIST) {
                fprintf(stderr, "eddy fetch: cannot create %s: %m\n", folder);
                return CLI_FAILED;
        }
        if (stat(folder, &status) < 0 || !S_ISDIR(status.st_mode)) {
                fprintf(stderr, "eddy fetch: %s is not a folder\n", folder);
                return CLI_FAILED;
        }
        if (access(folder, W_OK | X_OK) < 0) {
                fprintf(stderr, "eddy fetch: cannot write to %s: %m\n", folder);
                return CLI_FAILED;
        }
        return 0;
}

int fetch_main(int argc, char **argv)
{
        struct batch batch = {
            .folder = ".",
            .parallel = 16,
            .retry_limit = 3,
            .max_wait = 120,
            .timeout = 30,
            .display = isatty(STDOUT_FILENO) ? &display_terminal : &display_plain,
        };
        bool wants_help = false;
        int rc = parse(&batch, argc, argv, &wants_help);

        batch.last_running = &batch.running;
        if (wants_help)
                fputs(help, stdout);
        else if (rc == 0)
                rc = prepare_folder(batch.folder);
        if (rc == 0 && !wants_help)
                rc = fetch_run(&batch);
        batch_finish(&batch);
        return rc;
}
