/* An open store, as the parts of libeddy-jobs share it. */
#ifndef JOBS_JOBS_H
#define JOBS_JOBS_H

#include "base/list.h"
#include "jobs/engine.h"
#include "jobs/together.h"

/* Somebody who wants to hear hints. Called by the loop, outside any task. */
struct jobs_listener {
        eddy_link link; /* first, so that a link is a listener */
        void (*on_hint)(struct jobs_listener *listener, enum jobs_hint hint, const char *name);
};

struct eddy_jobs {
        struct jobs_engine *engine;
        eddy_link listeners;
        eddy_loop *loop;
        char *url; /* without a password */
        eddy_duration patience;
        struct jobs_together together;
};

/** What each call begins with: 0; EDDY_EWRONGLOOP; EDDY_ENOTASK; what interrupts the caller. */
int jobs_enter(const eddy_jobs *jobs);

/** The kind of store that an URL names: 0; -EINVAL; EDDY_ENOTSUP. */
int jobs_find_engine(const char *url, const struct jobs_engine_type **type);

/** 0, or -EINVAL where this is no name: `what` says in the detail what it was to be. */
int jobs_check_name(const char *name, const char *what);

/** As jobs_check_name(), of an id. */
int jobs_check_id(const char *id);

/** Bytes of the character of UTF-8 at `text`; 0: it is none, or a control character. */
size_t jobs_character_size(const unsigned char *text);

/** Call `enqueue` with what `specs` are with every default filled in; `added` may be NULL, and is not in the call. 0, or an error as of
 * eddy_jobs_enqueue_many(). */
int jobs_enqueue_checked(const eddy_job_spec *specs, size_t n, eddy_job_added *added,
                         int (*enqueue)(void *arg, const eddy_job_spec *specs, size_t n, eddy_job_added *added),
                         void *arg);

#endif
