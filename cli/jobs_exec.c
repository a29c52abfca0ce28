/* A job as a child process: its payload on standard input, its result from standard output, its log from standard error, and its
 * exit status says what becomes of it. */
#include "jobs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

enum { RESULT_MOST = 16 << 20, SNOOZE_SECONDS = 60, GRACE_SECONDS = 5 };

struct run {
        eddy_job *job;
        eddy_process *process;
        char *result;
        size_t result_size;
        char last[512]; /* line of its standard error */
};

/* Where the process does not read all of it, that is its own affair. */
static intptr_t feed(void *arg)
{
        const struct run *run = arg;
        eddy_stream *in = eddy_process_stdin(run->process);
        size_t size;
        const void *payload = eddy_job_payload(run->job, &size);
        int rc = size > 0 ? (int)eddy_stream_write_all(in, payload, size) : 0;

        eddy_stream_close(in);
        return rc == EDDY_CANCELLED || rc == EDDY_TIMEOUT ? rc : 0;
}

static intptr_t collect(void *arg)
{
        struct run *run = arg;
        ssize_t n = eddy_stream_read_all(eddy_process_stdout(run->process), &run->result, RESULT_MOST);

        if (n == EDDY_ELIMIT)
                return eddy_fail(EDDY_ELIMIT, "the result is larger than 16 MiB");
        run->result_size = n > 0 ? (size_t)n : 0;
        return n < 0 ? n : 0;
}

/* "progress 0.5 half of it", or a line of the log. */
static void take_line(struct run *run, const char *line, size_t size)
{
        char text[sizeof run->last], *note;
        double progress;

        snprintf(text, sizeof text, "%.*s", (int)size, line);
        progress = strncmp(text, "progress ", 9) == 0 ? strtod(text + 9, &note) : -1;
        if (progress >= 0 && progress <= 1 && note > text + 9) {
                eddy_job_progress(run->job, progress, "%s", note + strspn(note, " "));
                return;
        }
        eddy_job_log(run->job, "%s", text);
        if (text[0])
                memcpy(run->last, text, sizeof text);
}

static intptr_t listen_to(void *arg)
{
        struct run *run = arg;
        eddy_stream *err = eddy_process_stderr(run->process);
        const char *line;
        ssize_t n;

        while ((n = eddy_stream_read_line(err, &line)) != 0) {
                if (n == EDDY_ELIMIT) /* a line beyond all bounds comes in pieces */
                        n = eddy_stream_read_some(err, &line);
                if (n < 0 && n != EDDY_EINCOMPLETE)
                        return n;
                if (n == EDDY_EINCOMPLETE) {
                        n = eddy_stream_read_some(err, &line);
                        if (n <= 0)
                                return n;
                }
                take_line(run, line, (size_t)n - (line[n - 1] == '\n'));
        }
        return 0;
}

static void signal_group(eddy_process *process, int signum)
{
        if (eddy_process_returncode(process, NULL) == EDDY_EINVALIDSTATE)
                kill(-eddy_process_pid(process), signum);
}

/* It may clean up, and what it has begun ends with it. */
static void end_process(eddy_process *process)
{
        EDDY_SHIELD_SCOPE {
                signal_group(process, SIGTERM);
                EDDY_TIMEOUT_SCOPE(eddy_seconds(GRACE_SECONDS))
                        eddy_process_wait(process, NULL);
                signal_group(process, SIGKILL);
        }
}

static int judge(struct run *run, int status)
{
        const char *last = run->last[0] ? run->last : "it said nothing on standard error";

        switch (status) {
        case 0:
                return eddy_job_set_result(run->job, run->result, run->result_size);
        case EX_TEMPFAIL:
                return eddy_job_snooze(run->job, eddy_seconds(SNOOZE_SECONDS));
        case EX_DATAERR:
                return eddy_job_give_up(run->job, "%s", last);
        default:
                return status < 0
                           ? eddy_fail(-EIO, "ended by signal %d (%s): %s", -status, strsignal(-status), last)
                           : eddy_fail(-EIO, "exit status %d: %s", status, last);
        }
}

static int talk(struct run *run)
{
        eddy_group group;
        int status, rc;

        eddy_group_open(&group);
        eddy_group_create_task(&group, feed, run, NULL);
        eddy_group_create_task(&group, collect, run, NULL);
        eddy_group_create_task(&group, listen_to, run, NULL);
        rc = eddy_group_close(&group);
        if (rc == 0)
                rc = eddy_process_wait(run->process, &status);
        if (rc < 0) {
                end_process(run->process);
                return rc;
        }
        return judge(run, status);
}

static const char *or_nothing(const char *text)
{
        return text ? text : "";
}

static int start(struct run *run, const char *command)
{
        char id[EDDY_JOB_ID_SIZE + 16], kind[128], queue[128], key[128], attempt[32], attempts[32],
            deadline[48];
        char *const environment[] = {id, kind, queue, key, attempt, attempts, deadline, NULL};
        const eddy_job *job = run->job;
        eddy_duration timeout = eddy_job_timeout(job);

        snprintf(id, sizeof id, "EDDY_JOB_ID=%s", eddy_job_id(job));
        snprintf(kind, sizeof kind, "EDDY_JOB_KIND=%s", eddy_job_kind(job));
        snprintf(queue, sizeof queue, "EDDY_JOB_QUEUE=%s", eddy_job_queue_name(job));
        snprintf(key, sizeof key, "EDDY_JOB_KEY=%s", or_nothing(eddy_job_key(job)));
        snprintf(attempt, sizeof attempt, "EDDY_JOB_ATTEMPT=%d", eddy_job_attempt(job));
        snprintf(attempts, sizeof attempts, "EDDY_JOB_ATTEMPTS=%d", eddy_job_attempts(job));
        snprintf(deadline, sizeof deadline, "EDDY_JOB_DEADLINE=");
        if (timeout != EDDY_FOREVER)
                snprintf(deadline, sizeof deadline, "EDDY_JOB_DEADLINE=%lld",
                         (long long)time(NULL) + (long long)(timeout / 1000000000));
        return eddy_process_shell(&run->process, command,
                                  &(eddy_process_options){
                                      .in = EDDY_PIPE,
                                      .out = EDDY_PIPE,
                                      .err = EDDY_PIPE,
                                      .add_env = environment,
                                      .new_group = true,
                                  });
}

int jobs_exec_handler(eddy_job *job, void *arg)
{
        const struct jobs_exec *exec = arg;
        struct run run = {.job = job};
        int rc = start(&run, exec->command);

        if (rc < 0)
                return rc;
        rc = talk(&run);
        eddy_process_destroy(run.process);
        eddy_free(run.result);
        return rc;
}
