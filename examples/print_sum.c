/*
 * A chain of two coroutines. To await another coroutine, call it: it suspends the task that calls.
 *
 *         async def compute(x, y):                               # asyncio
 *                 print(f"compute {x} + {y} ...")
 *                 await asyncio.sleep(0.02)
 *                 return x + y
 *
 *         async def print_sum(x, y):
 *                 result = await compute(x, y)
 *                 print(f"{x} + {y} = {result}")
 *
 *         asyncio.run(print_sum(1, 2))
 */
#include <eddy.h>
#include <stdio.h>

static int compute(int x, int y, int *sum)
{
        printf("compute %d + %d ...\n", x, y);
        int rc = eddy_sleep(eddy_ms(20));
        if (rc < 0)
                return rc;
        *sum = x + y;
        return 0;
}

static intptr_t print_sum(void *arg)
{
        int *pair = arg, sum;
        int rc = compute(pair[0], pair[1], &sum);
        if (rc < 0)
                return rc;
        printf("%d + %d = %d\n", pair[0], pair[1], sum);
        return 0;
}

int main(void)
{
        intptr_t rc = eddy_run(print_sum, (int[]){1, 2});
        if (rc < 0)
                fprintf(stderr, "print_sum: %s\n", eddy_strerror(rc));
        return rc < 0;
}
