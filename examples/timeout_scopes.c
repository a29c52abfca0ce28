/*
 * A deadline inside a deadline, and clean-up that no deadline interrupts.
 *
 *         async with asyncio.timeout(1):                         # asyncio
 *                 patience = 0.02
 *                 while True:
 *                         try:
 *                                 async with asyncio.timeout(patience):
 *                                         return await answer()
 *                         except TimeoutError:
 *                                 patience *= 100
 */
#include <eddy.h>
#include <stdio.h>

static int answer(void)
{
        return eddy_sleep(EDDY_FOREVER); /* it never comes */
}

static void hang_up(void)
{
        int rc = eddy_sleep(eddy_ms(10)); /* without the shield: EDDY_TIMEOUT at once */
        printf("hang up: %s\n", eddy_errname(rc));
}

/* Ask again, ever more patiently, until a deadline further out ends it. */
static int ask(void)
{
        for (eddy_duration patience = eddy_ms(20);; patience *= 100) {
                int rc;
                EDDY_TIMEOUT_SCOPE(patience)
                        rc = answer();
                if (rc != EDDY_TIMEOUT)
                        return rc;
                rc = eddy_interrupted(); /* was it more than this scope's own deadline? */
                if (rc < 0)
                        return rc;
                printf("no answer in %g s\n", eddy_to_seconds(patience));
        }
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_timeout call;
        eddy_timeout_open(&call, eddy_seconds(1));
        int rc = ask();
        printf("ask: %s\n", eddy_errname(rc));
        EDDY_SHIELD_SCOPE
                hang_up();
        if (eddy_timeout_close(&call) == EDDY_TIMEOUT) /* from here on the task may suspend again */
                puts("the call took too long");
        else if (rc < 0)
                return rc;

        rc = eddy_sleep(eddy_ms(10));
        printf("afterwards: %s\n", eddy_errname(rc));
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "timeout_scopes: %s\n", eddy_strerror(rc));
        return rc < 0;
}
