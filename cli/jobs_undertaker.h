/* A process that ends what a worker has begun where that itself is killed (SIGKILL, no memory) and cannot do it any more. */
#ifndef CLI_JOBS_UNDERTAKER_H
#define CLI_JOBS_UNDERTAKER_H

#include <stddef.h>
#include <sys/types.h>

/* How long what is asked to end may take, until it is killed, and how often it is looked whether it has. */
enum { JOBS_GRACE_SECONDS = 5, JOBS_POLL_MS = 20 };

struct jobs_undertaker {
        int line; /* to it: where this ends, so has the worker */
        pid_t pid;
};

/** Begin: 0, or an error. It takes care of `most` process groups at a time. */
int jobs_undertaker_start(struct jobs_undertaker *undertaker, size_t most);

/** A process group has begun, or has ended. */
void jobs_undertaker_add(const struct jobs_undertaker *undertaker, pid_t group);
void jobs_undertaker_remove(const struct jobs_undertaker *undertaker, pid_t group);

/** End it, when nothing runs any more. */
void jobs_undertaker_stop(struct jobs_undertaker *undertaker);

#endif
