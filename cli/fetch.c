/* eddy fetch: the command line. */
#include "batch.h"
#include "cli.h"
#include "fetch_from.h"
#include "fetch_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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
    "                        lines that are empty or begin with '#' are left out;\n"
    "                        behind a tab may be mirrors, and a checksum\n"
    "      --from FILE       fetch what a sitemap lists, FILE or a URL; or as -i;\n"
    "                        '-' is standard input\n"
    "  -o, --output DIR      put files into DIR, created if need be; default: this folder\n"
    "  -j, --jobs N          download N at a time; default: 16\n"
    "      --segments N      bring a large file over N connections at a time, up to 16, where\n"
    "                        the server proves that their parts are of one version\n"
    "      --mirror URL      where else the one file is; may be given again\n"
    "      --checksum SUM    what the one file must have, such as sha256:0123...\n"
    "      --retry N         try N times more when no progress is made; default: 3\n"
    "      --max-wait S      wait as long as a server asks for before a retry, but fail at\n"
    "                        once where it asks for more than S seconds; default: 120\n"
    "      --timeout S       give an attempt up after S seconds of silence; default: 30\n"
    "      --limit-rate RATE receive at most so many bytes a second, such as 500k or 2.5M\n"
    "  -H, --header TEXT     send a header, such as 'Accept: text/html'; may be given again\n"
    "  -u, --user USER       log in as USER:PASSWORD; USER alone: the password is asked for;\n"
    "                        @FILE: read from the file's first line\n"
    "      --proxy URL       by a proxy, such as socks5h://localhost:1080; '' is none;\n"
    "                        default: what http_proxy and its like say\n"
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

/* With those that it lies in. 0, also where it is there already; else -1 and errno. */
static int make_folder(const char *folder)
{
        char *path = strdup(folder);
        int rc = path ? 0 : -1;

        for (char *at = path; rc == 0 && *at;) {
                char *end = at + 1 + strcspn(at + 1, "/"), byte = *end;

                *end = '\0';
                rc = mkdir(path, 0777) < 0 && errno != EEXIST ? -1 : 0;
                *end = byte;
                at = end;
        }
        free(path);
        return rc;
}

/* Make it, and go there. */
static int enter_folder(const char *folder)
{
        struct stat status;

        if (make_folder(folder) < 0) {
                fprintf(stderr, "eddy fetch: cannot create %s: %m\n", folder);
                return CLI_FAILED;
        }
        if (stat(folder, &status) < 0 || !S_ISDIR(status.st_mode)) {
                fprintf(stderr, "eddy fetch: %s is not a folder\n", folder);
                return CLI_FAILED;
        }
        if (access(folder, W_OK | X_OK) < 0 || chdir(folder) < 0) {
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
            .segments = 1,
            .retry_limit = 3,
            .max_wait = 120,
            .timeout = 30,
            .display = bars_can_draw(STDOUT_FILENO) ? &display_terminal : &display_plain,
        };
        bool wants_help = false;
        int rc;

        batch.last_running = &batch.running;
        batch.last_sitemap = &batch.sitemaps;
        rc = fetch_parse(&batch, argc, argv, &wants_help);
        if (wants_help)
                fputs(help, stdout);
        else if (rc == 0)
                rc = enter_folder(batch.folder);
        if (rc == 0 && !wants_help)
                rc = fetch_run(&batch);
        from_finish(&batch);
        batch_finish(&batch);
        return rc;
}
