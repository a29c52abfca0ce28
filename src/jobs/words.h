/* What a job's handler says, until it is sent. */
#ifndef JOBS_WORDS_H
#define JOBS_WORDS_H

#include "jobs/worker.h"

/** As eddy_job_log(), by the worker. */
__attribute__((format(printf, 2, 3))) void jobs_log(struct eddy_job *job, const char *format, ...);

/** What was said and not sent yet, for a renewal during which the handler may go on speaking. jobs_words_sent() ends it: what was sent is
 * forgotten, or where that failed comes first the next time. */
struct jobs_words jobs_words_send(struct eddy_job *job);
void jobs_words_sent(struct eddy_job *job, bool has_failed);

/** The same of a job whose handler has ended. */
struct jobs_words jobs_words_last(const struct eddy_job *job);

/** Forget everything. */
void jobs_words_free(struct eddy_job *job);

#endif
