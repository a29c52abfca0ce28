/*
 * A semaphore: ten downloads, no more than three at a time.
 *
 *         async with places:                                     # asyncio
 *                 await download()
 */
#include <eddy.h>
#include <stdio.h>

static eddy_semaphore places = EDDY_BOUNDED_SEMAPHORE_INIT(3);
static int running, most_running, finished;

static int download(void)
{
        running++;
        if (running > most_running)
                most_running = running;
        int rc = eddy_sleep(eddy_ms(10));
        running--;
        if (rc == 0)
                finished++;
        return rc;
}

static intptr_t download_in_turn(void *arg)
{
        (void)arg;
        int acquired, rc = 0;
        EDDY_SEMAPHORE_SCOPE(&places, acquired)
                rc = download();
        return acquired < 0 ? acquired : rc;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_group group;
        eddy_group_open(&group);
        for (int i = 0; i < 10; i++)
                eddy_group_create_task(&group, download_in_turn, NULL, NULL);
        int rc = eddy_group_close(&group);
        printf("%d downloads, at most %d at a time\n", finished, most_running);

        /* A place too many is a mistake, and a bounded semaphore says so. */
        int released = eddy_semaphore_release(&places);
        printf("one more release: %s: %s\n", eddy_errname(released), eddy_explain(released));
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "semaphore: %s\n", eddy_explain(rc));
        return rc < 0;
}
