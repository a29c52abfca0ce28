/* A store for tests of what all engines have in common: the environment's EDDY_TEST_JOBS says which engine, each test has a store of
 * its own, and a worker is what these functions do. */
#ifndef TESTS_JOBS_STORE_H
#define TESTS_JOBS_STORE_H

#include "../testing.h"

#include "jobs/jobs.h"
#include <dirent.h>
#include <eddy/jobs.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 64 };

/** What a worker does in one round trip, with what it took. */
struct turn {
        struct jobs_turn turn;
        struct jobs_taken *taken[MOST];
        struct jobs_outcome outcomes[MOST];
};

static unsigned store_number;
static char store_folder[96], store_file[128];

/* Tests that failed, or were ended midway, have left theirs. */
static inline void remove_stores(void)
{
        DIR *folder = opendir(store_folder);
        struct dirent *entry;

        while (folder && (entry = readdir(folder)))
                unlinkat(dirfd(folder), entry->d_name, 0);
        if (folder)
                closedir(folder);
        rmdir(store_folder);
}

/* A process's number is given again: another's file of that name may still be there. */
static inline void make_store_folder(void)
{
        snprintf(store_folder, sizeof store_folder, "%s/eddy-jobs-XXXXXX",
                 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        assert_non_null(mkdtemp(store_folder));
        atexit(remove_stores);
}

/** The number of a store that is to be new; it may be opened more than once. */
static inline void new_store(void)
{
        if (!store_folder[0])
                make_store_folder();
        snprintf(store_file, sizeof store_file, "sqlite:%s/%u.db", store_folder, ++store_number);
}

static inline const char *store_url(void)
{
        const char *url = getenv("EDDY_TEST_JOBS");

        url = url ? url : "memory:";
        return strcmp(url, "sqlite:") == 0 ? store_file : url;
}

static inline eddy_jobs *open_store(void)
{
        char prefix[32];
        eddy_jobs *jobs;

        snprintf(prefix, sizeof prefix, "test_%d_%u", (int)getpid(), store_number);
        assert_int_equal(eddy_jobs_open(&jobs, store_url(), &(eddy_jobs_options){.prefix = prefix}), 0);
        return jobs;
}

static inline eddy_jobs *open_new_store(void)
{
        new_store();
        return open_store();
}

static inline void close_store(eddy_jobs *jobs)
{
        eddy_jobs_close(jobs);
        unlink(store_file + strlen("sqlite:"));
}

/** Jobs of this kind, each under its own id. */
static inline void enqueue(eddy_jobs *jobs, const char *id, eddy_job_spec spec)
{
        spec.id = id;
        spec.kind = spec.kind ? spec.kind : "work";
        assert_int_equal(eddy_jobs_enqueue(jobs, &spec, NULL), 0);
}

/** Run a turn that begins as `turn->turn` says where that is not zero. */
static inline int run_turn(eddy_jobs *jobs, struct turn *turn)
{
        static const char *const queues[] = {"default"};
        static uint64_t numbers;

        turn->turn.queues = turn->turn.queues ? turn->turn.queues : queues;
        turn->turn.queue_count = turn->turn.queue_count ? turn->turn.queue_count : 1;
        turn->turn.lease = turn->turn.lease ? turn->turn.lease : eddy_seconds(60);
        turn->turn.worker = turn->turn.worker ? turn->turn.worker : "one";
        turn->turn.number = turn->turn.number ? turn->turn.number : ++numbers;
        turn->turn.taken = turn->taken;
        turn->turn.outcomes = turn->outcomes;
        return jobs->engine->type->turn(jobs->engine, &turn->turn);
}

static inline void drop(struct turn *turn)
{
        for (size_t i = 0; i < turn->turn.taken_count; i++)
                eddy_free(turn->taken[i]);
        *turn = (struct turn){0};
}

/** Take at most so many: how many there were. `turn` is zero before; drop() it. */
static inline size_t take(eddy_jobs *jobs, struct turn *turn, size_t most)
{
        turn->turn.most = most;
        assert_int_equal(run_turn(jobs, turn), 0);
        return turn->turn.taken_count;
}

/** That these are what a worker takes now, in this order, of a list such as "a b c"; "" is none. What was taken stays. */
#define assert_takes(jobs, ids) assert_takes_(jobs, (struct turn *)&(struct turn){0}, ids)
static inline void assert_takes_(eddy_jobs *jobs, struct turn *turn, const char *ids)
{
        char had[1024] = "";

        take(jobs, turn, MOST);
        for (size_t i = 0; i < turn->turn.taken_count; i++)
                snprintf(had + strlen(had), sizeof had - strlen(had), "%s%s", i ? " " : "", turn->taken[i]->id);
        assert_string_equal(had, ids);
        drop(turn);
}

/** What came of telling a verdict of a job that was taken with this fence. */
static inline int tell(eddy_jobs *jobs, const char *id, uint64_t fence, struct jobs_outcome outcome)
{
        struct turn turn = {.turn.outcome_count = 1};
        int rc;

        outcome.id = id;
        outcome.fence = fence;
        turn.outcomes[0] = outcome;
        assert_int_equal(run_turn(jobs, &turn), 0);
        rc = turn.outcomes[0].rc;
        drop(&turn);
        return rc;
}

/** Of one that was taken once. */
#define assert_told(jobs, id, ...) assert_int_equal(tell(jobs, id, 1, (struct jobs_outcome){__VA_ARGS__}), 0)

static inline eddy_job_info *look(eddy_jobs *jobs, const char *id)
{
        eddy_job_info *info;

        assert_int_equal(eddy_jobs_get(jobs, id, &info), 0);
        return info;
}

static inline void assert_state(eddy_jobs *jobs, const char *id, eddy_job_state state)
{
        eddy_job_info *info = look(jobs, id);

        assert_string_equal(eddy_job_state_name(info->state), eddy_job_state_name(state));
        eddy_free(info);
}

/** That a job's history has a line of this kind. */
static inline void assert_history(eddy_jobs *jobs, const char *id, const char *what)
{
        eddy_job_info *info = look(jobs, id);

        if (!strstr(info->history, what))
                fail_msg("'%s' is not in: %s", what, info->history);
        eddy_free(info);
}

/** That this is a job's history, without moments and with a comma behind each line. */
static inline void assert_lines(eddy_jobs *jobs, const char *id, const char *lines)
{
        eddy_job_info *info = look(jobs, id);
        char had[1024] = "";

        for (const char *line = info->history; *line; line = strchr(line, '\n') + 1)
                snprintf(had + strlen(had), sizeof had - strlen(had), "%.*s,",
                         (int)strcspn(strchr(line, ' ') + 1, "\n"), strchr(line, ' ') + 1);
        assert_string_equal(had, lines);
        eddy_free(info);
}

#endif
