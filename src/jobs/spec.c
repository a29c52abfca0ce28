/* What is to be enqueued is checked, and what was left out filled in. Also part of an engine's library that enqueues by itself. */
#include "jobs/jobs.h"

#include "base/memory.h"
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

enum { PAYLOAD_MOST = 16 << 20, PRIORITY_MOST = 100, ATTEMPTS_DEFAULT = 20, ATTEMPTS_MOST = 1000000, FEW = 8 };

static int check_names(const eddy_job_spec *spec)
{
        int rc =
            spec->kind ? jobs_check_name(spec->kind, "a job's kind") : eddy_fail(-EINVAL, "a job needs a kind");

        if (rc == 0 && spec->queue)
                rc = jobs_check_name(spec->queue, "a queue's name");
        if (rc == 0 && spec->id)
                rc = jobs_check_id(spec->id);
        if (rc == 0 && spec->key)
                rc = jobs_check_name(spec->key, "a job's key");
        if (rc == 0 && spec->unique)
                rc = jobs_check_name(spec->unique, "a job's unique name");
        return rc;
}

static int check_numbers(const eddy_job_spec *spec)
{
        if (spec->size > PAYLOAD_MOST)
                return eddy_fail(-EMSGSIZE, "a payload of %zu bytes is larger than 16 MiB", spec->size);
        if (spec->size > 0 && !spec->payload)
                return eddy_fail(-EINVAL, "a payload of %zu bytes is NULL", spec->size);
        if (spec->priority < -PRIORITY_MOST || spec->priority > PRIORITY_MOST)
                return eddy_fail(-EINVAL, "a priority is -100 to 100, and not %d", spec->priority);
        if (spec->attempts < 0 || spec->attempts > ATTEMPTS_MOST)
                return eddy_fail(-EINVAL, "attempts are 1 to 1000000, and not %d", spec->attempts);
        if (spec->delay < 0 || spec->at < 0 || spec->timeout < 0 || spec->backoff < 0 ||
            spec->max_backoff < 0 || spec->unique_for < 0)
                return eddy_fail(-EINVAL, "a job's time is less than 0");
        if (spec->delay > 0 && spec->at > 0)
                return eddy_fail(-EINVAL, "a job has a delay or a moment, not both");
        if (spec->unique_for > 0 && !spec->unique)
                return eddy_fail(-EINVAL, "unique_for needs a unique name");
        return 0;
}

/* RFC 9562's version 7: in the order of their making, and never twice. */
static int make_id(char id[EDDY_JOB_ID_SIZE])
{
        unsigned char bytes[16];
        struct timespec now;
        uint64_t ms;

        clock_gettime(CLOCK_REALTIME, &now);
        ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
        if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
                return eddy_fail(-EIO, "the system has no random bytes");
        for (int i = 0; i < 6; i++)
                bytes[i] = (unsigned char)(ms >> (8 * (5 - i)));
        bytes[6] = (unsigned char)(0x70 | (bytes[6] & 0x0f));
        bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3f));
        for (int i = 0; i < 16; i++)
                id += sprintf(id, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", bytes[i]);
        return 0;
}

static int prepare(const eddy_job_spec *spec, eddy_job_spec *filled, eddy_job_added *added)
{
        int rc = check_names(spec);

        if (rc == 0)
                rc = check_numbers(spec);
        if (rc < 0)
                return rc;
        *filled = *spec;
        filled->payload = spec->payload ? spec->payload : "";
        filled->queue = spec->queue ? spec->queue : "default";
        filled->backoff = spec->backoff ? spec->backoff : eddy_seconds(10);
        filled->max_backoff = spec->max_backoff ? spec->max_backoff : eddy_seconds(3600);
        filled->attempts = spec->attempts ? spec->attempts : ATTEMPTS_DEFAULT;
        added->was_there = false;
        if (spec->id)
                snprintf(added->id, sizeof added->id, "%s", spec->id);
        else
                rc = make_id(added->id);
        filled->id = added->id;
        return rc;
}

int jobs_enqueue_checked(const eddy_job_spec *specs, size_t n, eddy_job_added *added,
                         int (*enqueue)(void *arg, const eddy_job_spec *specs, size_t n, eddy_job_added *added),
                         void *arg)
{
        eddy_job_added few_added[FEW], *own_added = NULL;
        eddy_job_spec few[FEW], *filled = few;
        int rc = 0;

        if (n > FEW) {
                filled = memory_alloc(n * sizeof *filled);
                own_added = added ? NULL : memory_alloc(n * sizeof *added);
                if (!filled || (!added && !own_added))
                        rc = -ENOMEM;
        }
        added = added ? added : own_added ? own_added : few_added;
        for (size_t i = 0; rc == 0 && i < n; i++)
                rc = prepare(&specs[i], &filled[i], &added[i]);
        if (rc == 0)
                rc = enqueue(arg, filled, n, added);
        memory_free(own_added);
        if (filled != few)
                memory_free(filled);
        return rc;
}
