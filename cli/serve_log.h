/* The access log of `eddy serve`. */
#ifndef SERVE_LOG_H
#define SERVE_LOG_H

#include "log_writer.h"

#include <eddy/loop.h>

/** Where requests are told of: to people, to a file, or both. */
struct serve_log {
        const char *path; /* NULL: no file; "-": standard output */
        eddy_http_log_format format;
        int fd,
            lock; /* of what is written to; and where other processes write there in pieces, what has them take turns. -1: none */
        bool is_verbose;           /* standard error has a line, too */
        struct log_writer *writer; /* of this process, which has the descriptor then; NULL: none */
        eddy_handle turn;          /* to have what was added in one iteration written */
};

/** Open it: an exit code, and what failed has been said. `is_shared`: by several processes. */
int serve_log_open(struct serve_log *log, const char *path, const char *format, bool is_verbose,
                   bool is_shared);

/** Get ready in the process that serves: 0 or -ENOMEM. */
int serve_log_begin(struct serve_log *log);

/** Open its file anew, which may have been moved away; where that fails, it goes on as it is, and says so. Not what takes turns: a pipe stays. */
void serve_log_reopen(struct serve_log *log);

/** Whether there is anything to log. */
bool serve_log_is_wanted(const struct serve_log *log);

/** Log a request; for a service's `on_request`. */
void serve_log_request(const eddy_http_access *access, void *log);

/** Write what is left, as far as somebody takes it soon. */
void serve_log_end(struct serve_log *log);

/** Give back what it has. */
void serve_log_close(struct serve_log *log);

#endif
