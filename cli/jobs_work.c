/* eddy jobs work. */
#include "cli.h"
#include "jobs.h"
#include "jobs_board.h"
#include "jobs_undertaker.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const char *describe(eddy_job_event event)
{
        switch (event) {
        case EDDY_JOB_EVENT_BEGUN:
                return "begun";
        case EDDY_JOB_EVENT_DONE:
                return "done";
        case EDDY_JOB_EVENT_RETRY:
                return "failed, to be tried again";
        case EDDY_JOB_EVENT_DEAD:
                return "failed for good";
        case EDDY_JOB_EVENT_CANCELLED:
                return "cancelled";
        case EDDY_JOB_EVENT_SNOOZED:
                return "later";
        case EDDY_JOB_EVENT_RETURNED:
                return "returned";
        default:
                return "lost to another worker";
        }
}

static void on_event(eddy_job *job, eddy_job_event event, const char *text, void *board)
{
        char moment[32], kind[128], id[EDDY_JOB_ID_SIZE], why[512];
        time_t now = time(NULL);
        struct tm time;

        strftime(moment, sizeof moment, "%H:%M:%S", localtime_r(&now, &time));
        cli_printable(kind, sizeof kind, eddy_job_kind(job));
        cli_printable(id, sizeof id, eddy_job_id(job));
        cli_printable(why, sizeof why, text ? text : "");
        jobs_board_say(board, "%s  %s  %s  %s%s%s", moment, kind, id, describe(event), why[0] ? ": " : "", why);
}

/* A worker, with what its programs need beside it. */
struct shift {
        struct jobs_board *board;
        struct jobs_undertaker undertaker;
        struct jobs_program programs[JOBS_EXECS_MOST];
};

static int add_handlers(eddy_job_worker *worker, struct shift *shift, const struct jobs_options *options)
{
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < options->exec_count; i++) {
                shift->programs[i] = (struct jobs_program){
                    .command = options->execs[i].command,
                    .board = shift->board,
                    .undertaker = &shift->undertaker,
                };
                rc = eddy_job_worker_handle(worker, options->execs[i].kind, jobs_exec_handler,
                                            &shift->programs[i]);
        }
        return rc;
}

static int work(eddy_jobs *jobs, struct shift *shift, const struct jobs_options *options, size_t concurrency)
{
        const eddy_job_worker_options worker_options = {
            .concurrency = concurrency,
            .queues = options->queue_count > 0 ? options->queues : NULL,
            .queue_count = options->queue_count,
            .is_strict = options->is_strict,
            .lease = eddy_seconds(options->lease),
            .grace = eddy_seconds(options->grace),
            .on_event = on_event,
            .arg = shift->board,
        };
        eddy_job_worker *worker;
        int rc = eddy_job_worker_create(&worker, jobs, &worker_options);

        if (rc == 0)
                rc = add_handlers(worker, shift, options);
        if (rc == 0)
                rc = eddy_job_worker_run(worker);
        eddy_job_worker_destroy(worker);
        return rc;
}

int jobs_work_check(const struct jobs_options *options)
{
        if (options->exec_count == 0)
                return cli_usage_error("eddy jobs", "work needs --exec, for something has to do the jobs");
        return CLI_OK;
}

int jobs_work(eddy_jobs *jobs, const struct jobs_options *options)
{
        size_t concurrency =
            options->concurrency ? (size_t)options->concurrency : (size_t)sysconf(_SC_NPROCESSORS_ONLN);
        struct shift shift = {.board = NULL};
        int rc, exit_code = CLI_OK;

        rc = jobs_undertaker_start(&shift.undertaker, concurrency);
        if (rc < 0)
                return jobs_failure(rc);
        shift.board = jobs_board_create();
        rc = shift.board ? work(jobs, &shift, options, concurrency) : -ENOMEM;
        jobs_undertaker_stop(&shift.undertaker);
        if (!jobs_board_destroy(shift.board)) {
                fputs("eddy jobs: not all of this could be written to standard output\n", stderr);
                exit_code = CLI_FAILED;
        }
        return rc < 0 ? jobs_failure(rc) : exit_code;
}
