/* eddy: the command line of the library. */
#include "cli.h"

#include <eddy.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct command {
        const char *name, *full_name, *summary;
        int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    {"fetch", "eddy fetch", "download many URLs at once", fetch_main},
    {"serve", "eddy serve", "serve a folder over HTTP", serve_main},
    {"jobs", "eddy jobs", "work that is enqueued now and done later", jobs_main},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_help(FILE *out)
{
        fputs("usage: eddy COMMAND [OPTION]...\n\ncommands:\n", out);
        for (size_t i = 0; i < COMMAND_COUNT; i++)
                fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
        fputs("\n  eddy COMMAND --help   what a command does and takes\n"
              "  eddy --version        the version; --verbose: and how the kernel is asked, and why so\n",
              out);
}

static int print_version(bool is_verbose)
{
        eddy_loop *loop;

        printf("eddy %s\n", eddy_version());
        if (!is_verbose)
                return CLI_OK;
        if (eddy_loop_create(&loop) < 0) {
                fprintf(stderr, "eddy: %s\n", eddy_error_detail());
                return CLI_FAILED;
        }
        printf("backend: %s, since %s\n", eddy_loop_backend(loop), eddy_loop_backend_reason(loop));
        eddy_loop_destroy(loop);
        return CLI_OK;
}

static const struct command *find(const char *name)
{
        for (size_t i = 0; i < COMMAND_COUNT; i++)
                if (strcmp(commands[i].name, name) == 0)
                        return &commands[i];
        return NULL;
}

static int run_command(int argc, char **argv)
{
        static char full_name[32];
        const struct command *command;

        if (argc < 2) {
                print_help(stderr);
                return CLI_USAGE;
        }
        if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
                print_help(stdout);
                return CLI_OK;
        }
        if (strcmp(argv[1], "--version") == 0)
                return print_version(argc > 2 && strcmp(argv[2], "--verbose") == 0);
        command = find(argv[1]);
        if (!command)
                return cli_usage_error("eddy", "there is no command '%s'", argv[1]);
        snprintf(full_name, sizeof full_name, "%s", command->full_name);
        argv[1] = full_name;
        return command->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
        cli_open_standard_files();
        /* Who reads our output may leave, and files may be limited: writes tell, and no signal ends what else goes on. */
        signal(SIGPIPE, SIG_IGN);
        signal(SIGXFSZ, SIG_IGN);
        return cli_finish(run_command(argc, argv));
}
