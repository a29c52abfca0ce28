/* Processes that serve side by side, and one that looks after them. */
#ifndef SERVE_WORKERS_H
#define SERVE_WORKERS_H

#include <stdbool.h>

struct workers_options {
        unsigned count;
        bool passes_reload;                     /* SIGHUP and SIGUSR1 are told to them, too */
        int (*work)(unsigned index, void *arg); /* in each of them; returns its exit code */
        void (*on_stop)(void *arg); /* in the one that looks after them, when they are told to end */
        void *arg;
};

/**
 * Run them until SIGINT or SIGTERM comes, which they are told. One that is killed by a signal has another take its place, unless that happens
 * again and again; one that fails ends all.
 *
 * @return an exit code
 */
int workers_run(const struct workers_options *options);

#endif
