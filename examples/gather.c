/*
 * Three tasks beside each other, their results in order; then one that fails.
 *
 *         async def factorial(name, number):                     # asyncio
 *                 f = 1
 *                 for i in range(2, number + 1):
 *                         print(f"task {name}: {f} * {i} ...")
 *                         await asyncio.sleep(0.01)
 *                         f *= i
 *                 print(f"task {name}: {number}! = {f}")
 *                 return f
 *
 *         print(await asyncio.gather(factorial("A", 2), factorial("B", 3), factorial("C", 4)))
 *         print(await asyncio.gather(factorial("D", 3), factorial("E", -1), return_exceptions=True))
 */
#include <eddy.h>
#include <stdio.h>

struct problem {
        const char *name;
        int number;
};

static intptr_t factorial(void *arg)
{
        struct problem *problem = arg; /* a copy on this coroutine's own stack */
        if (problem->number < 0)
                return -EDOM;

        intptr_t f = 1;
        for (int i = 2; i <= problem->number; i++) {
                printf("task %s: %ld * %d ...\n", problem->name, (long)f, i);
                int rc = eddy_sleep(eddy_ms(10));
                if (rc < 0)
                        return rc;
                f *= i;
        }
        printf("task %s: %d! = %ld\n", problem->name, problem->number, (long)f);
        return f;
}

static void print_results(const intptr_t *results, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (eddy_is_error(results[i]))
                        printf("[%zu] %s: %s\n", i, eddy_errname(results[i]), eddy_strerror(results[i]));
                else
                        printf("[%zu] %ld\n", i, (long)results[i]);
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_task *tasks[] = {
            eddy_spawn(factorial, &(struct problem){"A", 2}),
            eddy_spawn(factorial, &(struct problem){"B", 3}),
            eddy_spawn(factorial, &(struct problem){"C", 4}),
        };
        intptr_t results[3];
        int rc = eddy_gather(tasks, 3, results, 0);
        eddy_unref_all(tasks, 3);
        if (rc < 0)
                return rc;
        print_results(results, 3);

        eddy_task *more[] = {
            eddy_spawn(factorial, &(struct problem){"D", 3}),
            eddy_spawn(factorial, &(struct problem){"E", -1}),
        };
        rc = eddy_gather(more, 2, results, EDDY_RETURN_ERRORS);
        for (int i = 0; i < 2; i++)
                eddy_unref(more[i]);
        if (rc < 0)
                return rc;
        print_results(results, 2);
        return 0;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "gather: %s\n", eddy_strerror(rc));
        return rc < 0;
}
