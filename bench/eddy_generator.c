/* eddy in the rows generator_step and context_get. */
#include "eddy_bench.h"

#define STEPS 50000000
#define GETS  100000000

static intptr_t count(eddy_generator *self, void *arg)
{
        int rc = 0;

        (void)arg;
        for (intptr_t i = 1; rc == 0; i++)
                rc = eddy_generator_yield(self, i, NULL);
        return rc;
}

static int step_often(void)
{
        eddy_generator *numbers = eddy_create_generator(count, NULL);
        intptr_t number = 0;

        double start = bench_now();
        for (long i = 0; i < STEPS; i++)
                if (eddy_generator_next(numbers, &number) < 0)
                        return -1;
        bench_each("generator_step", bench_now() - start, STEPS);
        eddy_generator_destroy(numbers);
        return number == STEPS ? 0 : -1;
}

static eddy_context_var variables[] = {
    EDDY_CONTEXT_VAR("user", 0),
    EDDY_CONTEXT_VAR("request", 0),
    EDDY_CONTEXT_VAR("deadline", 0),
};

static int get_often(void)
{
        intptr_t sum = 0;

        for (intptr_t i = 0; i < 3; i++)
                if (eddy_context_set(&variables[i], i + 1, NULL) < 0)
                        return -1;
        double start = bench_now();
        for (long i = 0; i < GETS; i++)
                sum += eddy_context_get(&variables[1]);
        bench_each("context_get", bench_now() - start, GETS);
        return sum == 2L * GETS ? 0 : -1;
}

static const bench_row rows[] = {
    {"generator_step", step_often},
    {"context_get", get_often},
    {0},
};

int main(int argc, char **argv)
{
        (void)argc;
        return bench_run_rows(argv, rows);
}
