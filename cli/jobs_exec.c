/* A job as a child process: its payload on standard input, its result from standard output, its log from standard error, and its
 * exit status says what becomes of it. */
#include "cli.h"
#include "jobs.h"
#include "jobs_board.h"
#include "jobs_undertaker.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

enum { RESULT_MOST = 16 << 20, SNOOZE_SECONDS = 60 };

struct run {
        eddy_job *job;
        struct jobs_shown shown;
        eddy_process *process;
        pid_t group;     /* the program's, and of what it has begun */
        int readers;     /* of its two outputs, that have not come to the end */
        int failure;     /* of passing on what it says or is told; the first one */
        eddy_event read; /* both outputs have come to their end */
        char *result;
        size_t result_size, result_room;
        char last[512]; /* line of its standard error */
};

/* What cannot be passed on ends the program. */
static void give_up(struct run *run, int rc)
{
        if (run->failure == 0)
                run->failure = rc;
        kill(-run->group, SIGKILL);
}

/* Where the process does not read all of it, that is its own affair. */
static intptr_t feed(void *arg)
{
        struct run *run = *(struct run **)arg;
        eddy_stream *in = eddy_process_stdin(run->process);
        size_t size;
        const void *payload = eddy_job_payload(run->job, &size);
        ssize_t n = size > 0 ? eddy_stream_write_all(in, payload, size) : 0;

        eddy_stream_close(in);
        if (n < 0 && n != -EPIPE && n != -ECONNRESET && eddy_interrupted() == 0)
                give_up(run, (int)n);
        return 0;
}

static void end_reading(struct run *run)
{
        if (--run->readers == 0)
                eddy_event_set(&run->read);
}

static int add_to_result(struct run *run, const char *data, size_t size)
{
        size_t needed = run->result_size + size;

        if (needed > RESULT_MOST)
                return EDDY_ELIMIT;
        if (needed > run->result_room) {
                char *larger = realloc(run->result, 2 * needed);

                if (!larger)
                        return -ENOMEM;
                run->result = larger;
                run->result_room = 2 * needed;
        }
        memcpy(run->result + run->result_size, data, size);
        run->result_size = needed;
        return 0;
}

/* Piece by piece: what has come counts, too, where something that has left the group holds the output for longer than is waited for. */
static intptr_t collect(void *arg)
{
        struct run *run = *(struct run **)arg;
        const char *data;
        ssize_t n;

        while ((n = eddy_stream_read_some(eddy_process_stdout(run->process), &data)) > 0) {
                int rc = add_to_result(run, data, (size_t)n);

                if (rc < 0) {
                        n = rc;
                        break;
                }
        }
        if (n < 0 && eddy_interrupted() == 0)
                give_up(run, (int)n);
        end_reading(run);
        return 0;
}

/* "progress 0.5 half of it", or a line of the log. */
static void take_line(struct run *run, const char *line, size_t size)
{
        char text[sizeof run->last], *note;
        double progress;

        snprintf(text, sizeof text, "%.*s", (int)size, line);
        progress = strncmp(text, "progress ", 9) == 0 ? strtod(text + 9, &note) : -1;
        if (progress >= 0 && progress <= 1 && note > text + 9) {
                note += strspn(note, " ");
                run->shown.progress = progress;
                snprintf(run->shown.note, sizeof run->shown.note, "%s", note);
                eddy_job_progress(run->job, progress, "%s", note);
                return;
        }
        eddy_job_log(run->job, "%s", text);
        if (text[0])
                memcpy(run->last, text, sizeof text);
}

static intptr_t listen_to(void *arg)
{
        static const char dropped[] = "(a line of more than 64 KiB)";
        struct run *run = *(struct run **)arg;
        eddy_stream *err = eddy_process_stderr(run->process);
        const char *line;
        ssize_t n;

        while ((n = eddy_stream_read_line(err, &line)) > 0 || n == EDDY_ELIMIT) {
                if (n == EDDY_ELIMIT)
                        take_line(run, dropped, sizeof dropped - 1);
                else
                        take_line(run, line, (size_t)n - (line[n - 1] == '\n'));
        }
        if (n < 0 && eddy_interrupted() == 0)
                give_up(run, (int)n);
        end_reading(run);
        return 0;
}

/* The program, and what it has begun, has some time to clean up; its outputs are read meanwhile. A group has its number as long as it has
 * members. */
static void end_group(struct run *run)
{
        EDDY_SHIELD_SCOPE {
                kill(-run->group, SIGTERM);
                EDDY_TIMEOUT_SCOPE(eddy_seconds(JOBS_GRACE_SECONDS)) {
                        eddy_process_wait(run->process, NULL);
                        while (kill(-run->group, 0) == 0 && eddy_sleep(eddy_ms(JOBS_POLL_MS)) == 0)
                                continue;
                }
                kill(-run->group, SIGKILL);
                eddy_process_wait(run->process, NULL);
                EDDY_TIMEOUT_SCOPE(eddy_seconds(1)) /* one that has left the group may hold them */
                        eddy_event_wait(&run->read);
        }
}

/* Of its standard output, without blanks behind. */
static size_t said_size(const struct run *run)
{
        size_t size = run->result_size;

        while (size > 0 && isspace((unsigned char)run->result[size - 1]))
                size--;
        return size;
}

/* When it wants to be asked again: all of its standard output is a number of seconds, of which 0 is at once. False, and *delay as it was, where
 * that is something else. */
static bool asks_later(const struct run *run, eddy_duration *delay)
{
        char text[64], *end;
        size_t size = said_size(run);
        double seconds;

        if (size == 0 || size >= sizeof text)
                return false;
        memcpy(text, run->result, size);
        text[size] = '\0';
        seconds = strtod(text, &end);
        if (end != text + size || !(seconds >= 0) || eddy_seconds(seconds) >= EDDY_FOREVER)
                return false;
        *delay = eddy_seconds(seconds);
        return true;
}

/* Who prints "5 min" is told why that was not heeded. */
static int snooze(struct run *run)
{
        eddy_duration delay = eddy_seconds(SNOOZE_SECONDS);

        if (!asks_later(run, &delay) && said_size(run) > 0)
                eddy_job_log(run->job, "standard output is no number of seconds: asked again after %d",
                             SNOOZE_SECONDS);
        return eddy_job_snooze(run->job, delay);
}

static int fail_later(struct run *run, const char *why)
{
        eddy_duration delay;

        if (asks_later(run, &delay))
                return eddy_job_retry(run->job, delay, "exit status %d: %s", EX_UNAVAILABLE, why);
        return eddy_fail(-EIO, "exit status %d: %s", EX_UNAVAILABLE, why);
}

static int judge(struct run *run, int status)
{
        const char *last = run->last[0] ? run->last : "it said nothing on standard error";

        switch (status) {
        case 0:
                return eddy_job_set_result(run->job, run->result, run->result_size);
        case EX_TEMPFAIL:
                return snooze(run);
        case EX_UNAVAILABLE:
                return fail_later(run, last);
        case EX_DATAERR:
                return eddy_job_give_up(run->job, "%s", last);
        default:
                return status < 0
                           ? eddy_fail(-EIO, "ended by signal %d (%s): %s", -status, strsignal(-status), last)
                           : eddy_fail(-EIO, "exit status %d: %s", status, last);
        }
}

/* The program has ended: what it has begun and left behind may hold its outputs for as long as that lives, but not here. */
static void read_to_the_end(struct run *run)
{
        EDDY_TIMEOUT_SCOPE(eddy_seconds(JOBS_GRACE_SECONDS))
                eddy_event_wait(&run->read);
        if (!eddy_event_is_set(&run->read))
                end_group(run);
}

static int talk(struct run *run)
{
        eddy_group group;
        int status, rc;

        run->readers = 2;
        eddy_event_init(&run->read);
        eddy_group_open(&group);
        rc = eddy_group_spawn(&group, collect, &run);
        if (rc == 0)
                rc = eddy_group_spawn(&group, listen_to, &run);
        if (rc == 0)
                rc = eddy_group_spawn(&group, feed, &run);
        if (rc == 0)
                rc = eddy_process_wait(run->process, &status);
        if (rc == 0)
                read_to_the_end(run);
        else
                end_group(run);
        eddy_group_cancel(&group);
        eddy_group_close(&group);
        eddy_event_finish(&run->read);
        if (rc == 0 && run->failure == EDDY_ELIMIT)
                return eddy_fail(EDDY_ELIMIT, "the result is larger than 16 MiB");
        if (rc == 0)
                rc = run->failure;
        return rc < 0 ? rc : judge(run, status);
}

static const char *or_nothing(const char *text)
{
        return text ? text : "";
}

/* By the wall clock, in whole seconds, which is what a shell can reckon with: not before the attempt's time is over. */
static long long deadline_of(eddy_duration timeout)
{
        struct timespec now;
        eddy_duration part;

        clock_gettime(CLOCK_REALTIME, &now);
        part = now.tv_nsec + timeout % 1000000000;
        return now.tv_sec + timeout / 1000000000 + (part + 999999999) / 1000000000;
}

static int start(struct run *run, const char *command)
{
        char id[EDDY_JOB_ID_SIZE + 16], kind[128], queue[128], key[128], attempt[32], attempts[32], within[48],
            deadline[48];
        char *const environment[] = {id, kind, queue, key, attempt, attempts, within, deadline, NULL};
        const eddy_job *job = run->job;
        eddy_duration timeout = eddy_job_timeout(job);

        snprintf(id, sizeof id, "EDDY_JOB_ID=%s", eddy_job_id(job));
        snprintf(kind, sizeof kind, "EDDY_JOB_KIND=%s", eddy_job_kind(job));
        snprintf(queue, sizeof queue, "EDDY_JOB_QUEUE=%s", eddy_job_queue_name(job));
        snprintf(key, sizeof key, "EDDY_JOB_KEY=%s", or_nothing(eddy_job_key(job)));
        snprintf(attempt, sizeof attempt, "EDDY_JOB_ATTEMPT=%d", eddy_job_attempt(job));
        snprintf(attempts, sizeof attempts, "EDDY_JOB_ATTEMPTS=%d", eddy_job_attempts(job));
        snprintf(within, sizeof within, "EDDY_JOB_TIMEOUT=");
        snprintf(deadline, sizeof deadline, "EDDY_JOB_DEADLINE=");
        if (timeout != EDDY_FOREVER) {
                snprintf(within, sizeof within, "EDDY_JOB_TIMEOUT=%.9g", eddy_to_seconds(timeout));
                snprintf(deadline, sizeof deadline, "EDDY_JOB_DEADLINE=%lld", deadline_of(timeout));
        }
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
        const struct jobs_program *program = arg;
        struct run run = {.job = job};
        int rc = start(&run, program->command);

        if (rc < 0)
                return rc;
        run.group = eddy_process_pid(run.process);
        jobs_undertaker_add(program->undertaker, run.group);
        jobs_board_add(program->board, &run.shown, job);
        rc = talk(&run);
        jobs_board_remove(program->board, &run.shown);
        jobs_undertaker_remove(program->undertaker, run.group);
        eddy_process_destroy(run.process);
        free(run.result);
        return rc;
}
