/* eddy fetch: the command line, and the jobs. */
#include "batch.h"
#include "cli.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: eddy fetch [OPTION]... URL...\n"
    "       eddy fetch [OPTION]... -i FILE\n"
    "\n"
    "Download many URLs at once. A file appears under its name when it is whole; until then it is\n"
    "'.NAME.part', from which an interrupted download goes on where the server allows.\n"
    "\n"
    "  -i, --input FILE      read URLs from FILE, one a line; '-' is standard input\n"
    "  -o, --output DIR      put files into DIR, created if need be; default: this folder\n"
    "  -j, --jobs N          download N at a time; default: 16\n"
    "      --retry N         try N times more when no progress is made; default: 3\n"
    "      --timeout S       give an attempt up after S seconds of silence; default: 30\n"
    "  -k, --insecure        accept any TLS certificate\n"
    "      --skip-existing   leave a file that is there as it is, and do not download it again\n"
    "      --overwrite       replace a file that is there, once the new one is whole;\n"
    "                        without either the new one is called NAME-1, NAME-2 ...\n"
    "      --json            report to standard output in JSON, one object a line\n"
    "  -h, --help            show this\n"
    "\n"
    "Exits with 0 when all have arrived, 1 when some have not, 2 for bad usage, 130 after Ctrl-C.\n";

static void on_progress(int64_t received, int64_t total, void *arg)
{
        struct job *job = arg;
        struct batch *batch = job->batch;

        /* The first call tells what an earlier run has left, which nobody sends. */
        if (job->has_progress && received > job->received)
                batch->transferred += received - job->received;
        batch->in_files += received - job->received;
        if (total >= 0 && job->total < 0) {
                batch->known_count++;
                batch->known_total += total;
        } else if (total >= 0) {
                batch->known_total += total - job->total;
        }
        if (total >= 0)
                job->total = total;
        job->received = received;
        job->has_progress = true;
        job->is_pausing = false;
}

static void set_detail(struct job *job, int error, const char *detail)
{
        const char *hint = strstr(detail, "certificate") ? " (-k accepts any certificate)" : "";
        size_t size;

        if (!*detail)
                detail = eddy_strerror(error);
        size = strlen(detail) + strlen(hint) + 1;
        free(job->detail);
        job->detail = malloc(size);
        if (job->detail)
                snprintf(job->detail, size, "%s%s", detail, hint);
        job->error = error;
}

static void on_retry(int error, const char *detail, eddy_duration delay, void *arg)
{
        struct job *job = arg;

        set_detail(job, error, detail);
        job->retries++;
        job->batch->retries++;
        job->is_pausing = true;
        if (job->batch->display->retrying)
                job->batch->display->retrying(job->batch, job, delay);
}

static void job_begin(struct job *job)
{
        struct batch *batch = job->batch;

        job->state = JOB_RUNNING;
        job->started = eddy_now();
        job->next_running = NULL;
        job->previous_running = batch->last_running;
        *batch->last_running = job;
        batch->last_running = &job->next_running;
        batch->running_count++;
}

static void job_end(struct job *job, enum job_state state)
{
        struct batch *batch = job->batch;

        job->state = state;
        job->ended = eddy_now();
        *job->previous_running = job->next_running;
        if (job->next_running)
                job->next_running->previous_running = job->previous_running;
        else
                batch->last_running = job->previous_running;
        batch->running_count--;
        batch->arrived += state == JOB_ARRIVED;
        batch->skipped += state == JOB_SKIPPED;
        batch->failed += state == JOB_FAILED;
        if (state != JOB_WAITING && batch->display->ended)
                batch->display->ended(batch, job);
}

static int choose_path(struct job *job, bool *exists)
{
        char name[FETCH_NAME_MAX + 1];

        free(job->path);
        fetch_name_of(job->url, name);
        job->path =
            fetch_names_choose(&job->batch->names, job->batch->folder, name, job->batch->existing, exists);
        return job->path ? 0 : -ENOMEM;
}

static int download(struct job *job)
{
        struct batch *batch = job->batch;
        const eddy_http_request request = {
            .url = job->url,
            .connect_timeout = eddy_seconds(batch->timeout),
            .stall_timeout = eddy_seconds(batch->timeout),
            .insecure = batch->insecure,
            .on_progress = on_progress,
            .arg = job,
        };
        const eddy_http_download_options options = {
            .retries = (unsigned)batch->retry_limit,
            .overwrite = batch->existing == FETCH_OVERWRITE,
            .on_retry = on_retry,
        };
        eddy_http_response response;
        int rc = eddy_http_download(batch->client, &request, job->path, &options, &response);

        job->status = response.status;
        if (rc < 0)
                set_detail(job, rc, eddy_error_detail());
        eddy_http_response_finish(&response);
        return rc;
}

/* 0 whatever became of it, unless the whole is interrupted. */
static int run_job(struct job *job)
{
        bool exists;
        int rc;

        job_begin(job);
        do {
                rc = choose_path(job, &exists);
                if (rc == 0 && exists && job->batch->existing == FETCH_SKIP) {
                        job_end(job, JOB_SKIPPED);
                        return 0;
                }
                if (rc == 0)
                        rc = download(job);
                else
                        set_detail(job, rc, "");
                /* Somebody else took the name meanwhile. */
        } while (rc == -EEXIST && job->batch->existing == FETCH_NUMBER && access(job->path, F_OK) == 0);
        if (eddy_interrupted() < 0) {
                job_end(job, rc == 0 ? JOB_ARRIVED : JOB_WAITING);
                return EDDY_CANCELLED;
        }
        job_end(job, rc == 0 ? JOB_ARRIVED : JOB_FAILED);
        return 0;
}

static intptr_t worker(void *arg)
{
        struct batch *batch = arg;
        int rc = 0;

        while (rc == 0 && batch->next < batch->count)
                rc = run_job(&batch->jobs[batch->next++]);
        return rc;
}

static void tick(void *arg)
{
        struct batch *batch = arg;

        batch->display->tick(batch);
        eddy_call_later(eddy_running_loop(), &batch->ticker, eddy_ms(100), tick, batch);
}

static void interrupt(void *task)
{
        eddy_cancel(task);
}

static int run_workers(struct batch *batch)
{
        eddy_group group;
        int rc = eddy_group_open(&group);

        for (long i = 0; rc == 0 && i < batch->parallel && (size_t)i < batch->count; i++)
                rc = eddy_group_create_task(&group, worker, batch, NULL);
        rc = eddy_group_close(&group);
        return rc;
}

static intptr_t run(void *arg)
{
        struct batch *batch = arg;
        const eddy_http_client_options options = {.max_host_connections = (size_t)batch->parallel};
        int rc = eddy_http_client_create(&batch->client, &options);

        if (rc < 0)
                return rc;
        eddy_add_signal_handler(eddy_running_loop(), SIGTERM, interrupt, eddy_current_task());
        batch->started = eddy_now();
        if (batch->display->begin)
                batch->display->begin(batch);
        if (batch->display->tick)
                tick(batch);
        rc = run_workers(batch);
        eddy_timer_cancel(&batch->ticker);
        batch->ended = eddy_now();
        batch->is_interrupted = rc == EDDY_CANCELLED;
        batch->display->end(batch);
        eddy_http_client_destroy(batch->client);
        return rc == EDDY_CANCELLED ? 0 : rc;
}

static int add_url(struct batch *batch, const char *url)
{
        if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
                return cli_usage_error("eddy fetch", "'%s' is no URL that begins with http:// or https://",
                                       url);
        if (batch->count == batch->capacity) {
                size_t capacity = batch->capacity ? 2 * batch->capacity : 64;
                struct job *jobs = realloc(batch->jobs, capacity * sizeof *jobs);

                if (!jobs)
                        return CLI_FAILED;
                batch->jobs = jobs;
                batch->capacity = capacity;
        }
        batch->jobs[batch->count] = (struct job){.batch = batch, .url = strdup(url), .total = -1};
        return batch->jobs[batch->count++].url ? 0 : CLI_FAILED;
}

static int add_url_file(struct batch *batch, const char *path)
{
        FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
        char *line = NULL;
        size_t size = 0;
        int rc = 0;

        if (!file)
                return cli_usage_error("eddy fetch", "cannot read %s: %m", path);
        while (rc == 0 && getline(&line, &size, file) >= 0) {
                char *url = line + strspn(line, " \t");

                url[strcspn(url, " \t\r\n")] = '\0';
                if (*url && *url != '#')
                        rc = add_url(batch, url);
        }
        free(line);
        if (file != stdin)
                fclose(file);
        return rc;
}

static int parse_option(struct batch *batch, int option)
{
        switch (option) {
        case 'i':
                batch->url_file = optarg;
                return 0;
        case 'o':
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
        case 't':
                if (!cli_parse_seconds(optarg, &batch->timeout))
                        return cli_usage_error("eddy fetch", "--timeout takes seconds, more than 0, not '%s'",
                                               optarg);
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
            {"timeout", required_argument, NULL, 't'},
            {"insecure", no_argument, NULL, 'k'},
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
                rc = add_url(batch, argv[i]);
        if (rc == 0 && batch->url_file)
                rc = add_url_file(batch, batch->url_file);
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

static void batch_finish(struct batch *batch)
{
        for (size_t i = 0; i < batch->count; i++) {
                free(batch->jobs[i].url);
                free(batch->jobs[i].path);
                free(batch->jobs[i].detail);
        }
        free(batch->jobs);
        fetch_names_finish(&batch->names);
}

static int run_batch(struct batch *batch)
{
        intptr_t rc;

        cli_raise_descriptor_limit();
        /* Who reads our report may leave; what we fetch should still be tidied up. */
        signal(SIGPIPE, SIG_IGN);
        rc = eddy_run(run, batch);
        if (rc < 0 && rc != EDDY_CANCELLED) {
                fprintf(stderr, "eddy fetch: %s\n", eddy_strerror(rc));
                return CLI_FAILED;
        }
        if (batch->is_interrupted || rc == EDDY_CANCELLED)
                return CLI_INTERRUPTED;
        return batch->arrived + batch->skipped == batch->count ? CLI_OK : CLI_FAILED;
}

int fetch_main(int argc, char **argv)
{
        struct batch batch = {
            .folder = ".",
            .parallel = 16,
            .retry_limit = 3,
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
                rc = run_batch(&batch);
        batch_finish(&batch);
        return rc;
}
