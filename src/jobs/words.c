/* What a job's handler asks and says. Nothing is allocated where nothing is said. */
#include "jobs/words.h"

#include "base/memory.h"
#include "jobs/renew.h"
#include "jobs/text.h"
#include <stdarg.h>
#include <stdio.h>

enum {
        NOTE_MOST = 255,
        LINE_MOST = 1024,       /* bytes of a line of the log */
        LOG_MOST = 16 * 1024,   /* bytes of an attempt's log */
        ERROR_MOST = 1024,      /* bytes of why an attempt failed */
        RESULT_MOST = 16 << 20, /* bytes */
        ROOM_AT_FIRST = 256,    /* bytes for a log */
};

const char *eddy_job_id(const eddy_job *job)
{
        return job->taken->id;
}

const char *eddy_job_kind(const eddy_job *job)
{
        return job->taken->kind;
}

const char *eddy_job_queue_name(const eddy_job *job)
{
        return job->taken->queue;
}

const char *eddy_job_key(const eddy_job *job)
{
        return job->taken->key;
}

const void *eddy_job_payload(const eddy_job *job, size_t *size)
{
        if (size)
                *size = job->taken->payload_size;
        return job->taken->payload ? job->taken->payload : "";
}

int eddy_job_attempt(const eddy_job *job)
{
        return job->taken->attempt;
}

int eddy_job_attempts(const eddy_job *job)
{
        return job->taken->attempts;
}

eddy_duration eddy_job_timeout(const eddy_job *job)
{
        return job->taken->timeout > 0 ? job->taken->timeout : EDDY_FOREVER;
}

eddy_job_time eddy_job_created(const eddy_job *job)
{
        return job->taken->created;
}

eddy_job_time eddy_job_due(const eddy_job *job)
{
        return job->taken->due;
}

static struct jobs_said *said_of(struct eddy_job *job)
{
        if (!job->said)
                job->said = memory_zalloc(sizeof *job->said);
        return job->said;
}

void eddy_job_progress(eddy_job *job, double fraction, const char *format, ...)
{
        char note[NOTE_MOST + 8];
        va_list args;

        job->progress = fraction >= 0 ? (fraction < 1 ? fraction : 1) : -1;
        va_start(args, format);
        vsnprintf(note, sizeof note, format, args);
        va_end(args);
        jobs_text_clean(note, NOTE_MOST);
        if ((note[0] || job->said) && said_of(job)) {
                memcpy(job->said->note, note, sizeof job->said->note);
                job->said->has_note = true;
        }
        jobs_renewal_said(job);
}

static bool make_room(struct jobs_said *said, size_t more)
{
        size_t room = said->log ? said->room : 0;
        char *log;

        if (room - said->size > more)
                return true;
        for (room = room ? room : ROOM_AT_FIRST; room - said->size <= more;)
                room *= 2;
        log = memory_realloc(said->log, room);
        if (!log)
                return false;
        said->log = log;
        said->room = room;
        return true;
}

static void add_line(struct jobs_said *said, const char *line, size_t size)
{
        static const char last[] = "(more was said than is kept)";

        if (said->logged + size + 1 > LOG_MOST - sizeof last) {
                if (said->logged >= LOG_MOST)
                        return;
                line = last;
                size = sizeof last - 1;
                said->logged = LOG_MOST;
        }
        if (!make_room(said, size + 1))
                return;
        memcpy(said->log + said->size, line, size);
        memcpy(said->log + said->size + size, "\n", 2);
        said->size += size + 1;
        said->logged += size + 1;
        said->lines++;
}

/* How many lines of the log come before those that are still to be sent. */
static size_t lines_before(const struct jobs_said *said)
{
        size_t n = said->lines;

        for (const char *line = said->log; line && (line = strchr(line, '\n')); line++)
                n--;
        return n;
}

__attribute__((format(printf, 2, 0))) static void log_line(struct eddy_job *job, const char *format,
                                                           va_list args)
{
        char line[LINE_MOST + 8];

        vsnprintf(line, sizeof line, format, args);
        if (said_of(job))
                add_line(job->said, line, jobs_text_clean(line, LINE_MOST));
        jobs_renewal_said(job);
}

void eddy_job_log(eddy_job *job, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        log_line(job, format, args);
        va_end(args);
}

void jobs_log(struct eddy_job *job, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        log_line(job, format, args);
        va_end(args);
}

int eddy_job_set_result(eddy_job *job, const void *data, size_t size)
{
        void *copy;

        if (size > RESULT_MOST)
                return eddy_fail(-EMSGSIZE, "a result of %zu bytes is larger than 16 MiB", size);
        copy = memory_alloc(size + 1);
        if (!copy)
                return -ENOMEM;
        if (size > 0)
                memcpy(copy, data, size);
        memory_free(job->result);
        job->result = copy;
        job->result_size = size;
        return 0;
}

static int decide(eddy_job *job, enum jobs_verdict verdict, eddy_duration delay)
{
        job->has_decided = true;
        job->verdict = verdict;
        job->delay = delay > 0 ? delay : 0;
        return EDDY_EJOBDECIDED;
}

__attribute__((format(printf, 2, 0))) static void set_error(eddy_job *job, const char *format, va_list args)
{
        char text[ERROR_MOST + 8];

        vsnprintf(text, sizeof text, format, args);
        jobs_text_clean(text, ERROR_MOST);
        memory_free(job->text);
        job->text = memory_strdup(text);
        job->error = job->text ? job->text : "the handler said why, but there was no memory for it";
}

int eddy_job_snooze(eddy_job *job, eddy_duration delay)
{
        return decide(job, JOBS_SNOOZE, delay);
}

int eddy_job_retry(eddy_job *job, eddy_duration delay, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        set_error(job, format, args);
        va_end(args);
        return decide(job, JOBS_RETRY, delay);
}

int eddy_job_give_up(eddy_job *job, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        set_error(job, format, args);
        va_end(args);
        return decide(job, JOBS_DIE, 0);
}

struct jobs_words jobs_words_last(const struct eddy_job *job)
{
        const struct jobs_said *said = job->said;

        return (struct jobs_words){.progress = job->progress,
                                   .note = said && said->has_note ? said->note : NULL,
                                   .log = said ? said->log : NULL,
                                   .log_at = said ? lines_before(said) : 0};
}

struct jobs_words jobs_words_send(struct eddy_job *job)
{
        struct jobs_said *said = job->said;
        size_t log_at;

        job->is_asking = false;
        if (!said)
                return (struct jobs_words){.progress = job->progress};
        log_at = lines_before(said);
        memcpy(said->sending_note, said->note, sizeof said->note);
        said->sending_log = said->log;
        said->log = NULL;
        said->size = said->room = 0;
        return (struct jobs_words){.progress = job->progress,
                                   .note = said->has_note ? said->sending_note : NULL,
                                   .log = said->sending_log,
                                   .log_at = log_at};
}

/* What was not sent comes before what was said since; where there is no memory for both, the older is lost. */
static void put_back(struct jobs_said *said)
{
        size_t size = said->sending_log ? strlen(said->sending_log) : 0;

        if (size > 0 && make_room(said, size)) {
                memmove(said->log + size, said->log, said->size);
                memcpy(said->log, said->sending_log, size);
                said->size += size;
                said->log[said->size] = '\0';
        }
}

void jobs_words_sent(struct eddy_job *job, bool has_failed)
{
        struct jobs_said *said = job->said;

        if (!said)
                return;
        if (has_failed)
                put_back(said);
        memory_free(said->sending_log);
        said->sending_log = NULL;
}

void jobs_words_free(struct eddy_job *job)
{
        if (!job->said)
                return;
        memory_free(job->said->log);
        memory_free(job->said->sending_log);
        memory_free(job->said);
        job->said = NULL;
}
