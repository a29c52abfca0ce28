/*
 * An asynchronous generator: its body sleeps, and so its consumer does; when it is closed it says goodbye.
 *
 *         async def ticker(delay, to):                           # asyncio, PEP 525
 *             try:
 *                 for i in range(to):
 *                     yield i
 *                     await asyncio.sleep(delay)
 *             finally:
 *                 await asyncio.sleep(delay)
 *                 print("the ticker has stopped")
 *
 *         async for i in ticker(0.01, 10):
 *             ...
 */
#include <eddy.h>
#include <stdio.h>

struct ticker {
        eddy_duration delay;
        int to;
};

static intptr_t tick(eddy_generator *self, void *arg)
{
        const struct ticker *in = arg;
        int rc = 0;
        for (int i = 0; i < in->to && rc == 0; i++) {
                rc = eddy_generator_yield(self, i, NULL);
                if (rc == 0)
                        rc = eddy_sleep(in->delay);
        }
        EDDY_SHIELD_SCOPE
                eddy_sleep(in->delay); /* also where the consumer was cancelled */
        puts("the ticker has stopped");
        return rc;
}

static intptr_t app(void *arg)
{
        intptr_t i;
        int rc;
        (void)arg;

        eddy_generator *ticks = eddy_generate(tick, &(struct ticker){eddy_ms(10), 3});
        while ((rc = eddy_generator_next(ticks, &i)) == 0)
                printf("tick %ld\n", (long)i);
        eddy_generator_destroy(ticks);
        if (rc != EDDY_ENOMORE)
                return rc;

        puts("once more, up to 1");
        ticks = eddy_generate(tick, &(struct ticker){eddy_ms(10), 1000});
        while ((rc = eddy_generator_next(ticks, &i)) == 0 && i < 1)
                printf("tick %ld\n", (long)i);
        if (rc == 0)
                rc = eddy_generator_close(ticks); /* await ticks.aclose() */
        puts("closed");
        eddy_generator_destroy(ticks);
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "async_generator: %s\n", eddy_explain(rc));
        return rc < 0;
}
