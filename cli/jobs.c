/* eddy jobs: durable jobs from the command line. */
#include "jobs.h"
#include "cli.h"
#include "jobs_store.h"

#include <stdio.h>
#include <string.h>

struct command {
        const char *name;
        int (*run)(eddy_jobs *jobs, const struct jobs_options *options);
        int (*each)(eddy_jobs *jobs, const char *word);   /* in place of `run`: done with each word */
        int (*open)(const struct jobs_options *options);  /* in place of both: it opens the store itself */
        int (*check)(const struct jobs_options *options); /* before there is a store: an exit code */
        int words_least, words_most;
        bool makes_store;
        double patience;   /* seconds for a store that is away; 0: as the library has it */
        const char *words; /* what it takes, for who gave it something else */
};

static const struct command commands[] = {
    {"enqueue", jobs_enqueue, NULL, NULL, jobs_enqueue_check, 1, 2, true, 0, "KIND [PAYLOAD]"},
    {"work", jobs_work, NULL, NULL, jobs_work_check, 0, 0, true, 0, "no words"},
    {"list", jobs_list, NULL, NULL, NULL, 0, 0, false, 0, "no words"},
    {"tail", jobs_tail, NULL, NULL, NULL, 0, 1, false, 0, "no words, or one ID"},
    {"show", jobs_show, NULL, NULL, NULL, 1, 1, false, 0, "one ID"},
    {"stats", jobs_stats, NULL, NULL, NULL, 0, 0, false, 0, "no words"},
    {"retry", NULL, eddy_jobs_retry, NULL, NULL, 1, 1 << 20, false, 0, "IDs"},
    {"cancel", NULL, eddy_jobs_cancel, NULL, NULL, 1, 1 << 20, false, 0, "IDs"},
    {"discard", NULL, eddy_jobs_discard, NULL, NULL, 1, 1 << 20, false, 0, "IDs"},
    {"pause", NULL, eddy_jobs_pause, NULL, NULL, 1, 1 << 20, true, 0, "QUEUEs"},
    {"resume", NULL, eddy_jobs_resume, NULL, NULL, 1, 1 << 20, true, 0, "QUEUEs"},
    {"queue", jobs_queue, NULL, NULL, jobs_queue_check, 1, 1, true, 0, "one QUEUE"},
    {"migrate", NULL, NULL, jobs_migrate, NULL, 0, 0, false, 0, "no words"},
    {"web", jobs_web, NULL, NULL, NULL, 0, 0, true, 3, "no words"},
    {"cron", jobs_cron, NULL, NULL, jobs_cron_check, 0, 4, true, 0,
     "no words, or NAME EXPRESSION KIND [PAYLOAD]"},
};

struct call {
        const struct command *command;
        struct jobs_options options;
};

int jobs_failure(int rc)
{
        fprintf(stderr, "eddy jobs: %s\n", eddy_explain(rc));
        return rc == EDDY_CANCELLED ? CLI_INTERRUPTED : CLI_FAILED;
}

/* Of several it is to be seen which. */
static int fail_of(const char *word, int rc)
{
        char printable[EDDY_JOB_ID_SIZE];

        cli_printable(printable, sizeof printable, word);
        fprintf(stderr, "eddy jobs: %s: %s\n", printable, eddy_explain(rc));
        return rc == EDDY_CANCELLED ? CLI_INTERRUPTED : CLI_FAILED;
}

static int run_each(eddy_jobs *jobs, const struct call *call)
{
        int exit_code = CLI_OK;

        for (int i = 0; i < call->options.word_count; i++) {
                int rc = call->command->each(jobs, call->options.words[i]);
                if (rc < 0)
                        exit_code = fail_of(call->options.words[i], rc);
                if (rc == EDDY_CANCELLED)
                        break;
        }
        return exit_code;
}

/* Who only looks makes none: not to list schedules, or to see limits, either. */
static bool makes_store(const struct call *call)
{
        if (call->command->run == jobs_cron)
                return call->options.word_count > 1;
        if (call->command->run == jobs_queue)
                return jobs_queue_changes(&call->options);
        return call->command->makes_store;
}

static intptr_t run_call(void *arg)
{
        const struct call *call = arg;
        eddy_jobs *jobs;
        const eddy_jobs_options options = {
            .must_exist = !makes_store(call),
            .patience = eddy_seconds(call->command->patience),
        };
        int exit_code, rc;

        if (call->command->open)
                return call->command->open(&call->options);
        rc = jobs_store_open(&jobs, &call->options, &options);
        if (rc < 0)
                return jobs_failure(rc);
        /* Who named no store is told which it is. */
        if (!jobs_store_url(&call->options) && makes_store(call))
                fprintf(stderr, "eddy jobs: the store is %s\n", eddy_jobs_url(jobs));
        exit_code = call->command->run ? call->command->run(jobs, &call->options) : run_each(jobs, call);
        eddy_jobs_close(jobs);
        return exit_code;
}

static int run(struct call *call)
{
        eddy_runner runner;
        intptr_t rc = eddy_runner_init(&runner, NULL);

        if (rc == 0) {
                rc = eddy_runner_run(&runner, run_call, call);
                eddy_runner_finish(&runner);
        }
        if (rc == EDDY_CANCELLED)
                return CLI_INTERRUPTED;
        return rc < 0 ? jobs_failure((int)rc) : (int)rc;
}

static const struct command *find(const char *name)
{
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
                if (strcmp(commands[i].name, name) == 0)
                        return &commands[i];
        return NULL;
}

int jobs_main(int argc, char **argv)
{
        struct call call = {0};
        const char *name = argc > 1 ? argv[1] : "--help";
        int rc;

        if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
                jobs_options_print_help();
                return argc > 1 ? CLI_OK : CLI_USAGE;
        }
        call.command = find(name);
        if (!call.command && name[0] == '-')
                return cli_usage_error("eddy jobs", "options stand behind the command, and '%s' before it",
                                       name);
        if (!call.command)
                return cli_usage_error("eddy jobs", "there is no command '%s'", name);
        rc = jobs_options_read(&call.options, name, argc - 1, argv + 1);
        if (rc != CLI_OK)
                return rc;
        if (call.options.word_count < call.command->words_least ||
            call.options.word_count > call.command->words_most)
                return cli_usage_error("eddy jobs", "%s takes %s", name, call.command->words);
        rc = jobs_store_check(&call.options);
        if (rc == CLI_OK && call.command->check)
                rc = call.command->check(&call.options);
        return rc == CLI_OK ? run(&call) : rc;
}
