/* What eddy's own contestants share: how they run, and that their figures are those of the backend asked for. */
#ifndef EDDY_BENCH_EDDY_H
#define EDDY_BENCH_EDDY_H

#include "bench.h"
#include <eddy.h>

/** One that a program can measure. */
typedef struct bench_row {
        const char *name;
        int (*measure)(void); /* prints its figures; 0, or less where it fails */
} bench_row;

/** Skip the contest unless the loop waits with what EDDY_BACKEND names: figures must never be another's. */
static inline void bench_check_backend(const eddy_loop *loop)
{
        const char *wanted = getenv("EDDY_BACKEND");

        if (wanted && strcmp(wanted, eddy_loop_backend(loop)) != 0)
                bench_skip("%s", eddy_loop_backend_reason(loop));
}

typedef struct bench_app {
        eddy_fn run;
        void *arg;
} bench_app;

static inline intptr_t bench_check_and_run(void *arg)
{
        const bench_app *app = arg;

        bench_check_backend(eddy_running_loop());
        return app->run(app->arg);
}

/** eddy_run() for a main(): its exit status. */
static inline int bench_run(eddy_fn run, void *arg)
{
        intptr_t rc = eddy_run(bench_check_and_run, &(bench_app){run, arg});

        if (rc < 0)
                fprintf(stderr, "%s\n", eddy_explain(rc));
        return rc < 0;
}

typedef struct bench_rows {
        char **names;
        const bench_row *rows;
} bench_rows;

static inline intptr_t bench_measure(void *arg)
{
        const bench_rows *all = arg;
        int rc = 0;

        for (const bench_row *row = all->rows; row->name; row++)
                for (char **name = all->names; *name && rc >= 0; name++)
                        if (strcmp(*name, row->name) == 0)
                                rc = row->measure();
        return rc;
}

/** Measure, in a coroutine, those of the rows that the arguments name: main()'s exit status.
 *
 * @param rows  one without a name ends them
 */
static inline int bench_run_rows(char **argv, const bench_row *rows)
{
        return bench_run(bench_measure, &(bench_rows){argv + 1, rows});
}

#endif
