/*
 * The Barrier example of asyncio's documentation, and what it prints there:
 *
 *         async def example_barrier():
 *                 b = asyncio.Barrier(3)
 *                 asyncio.create_task(b.wait())
 *                 asyncio.create_task(b.wait())
 *                 await asyncio.sleep(0)
 *                 print(b)
 *                 await b.wait()
 *                 print(b)
 *                 print("barrier passed")
 *                 await asyncio.sleep(0)
 *                 print(b)
 */
#include <eddy.h>
#include <stdio.h>

static intptr_t wait_at(void *barrier)
{
        return eddy_barrier_wait(barrier);
}

static void print(const eddy_barrier *b)
{
        printf("<asyncio.locks.Barrier object at 0x... [%s, waiters:%d/%d]>\n", eddy_barrier_phase(b),
               eddy_barrier_n_waiting(b), eddy_barrier_parties(b));
}

static int pass(eddy_barrier *b)
{
        int rc = eddy_yield(); /* the others come to the barrier */
        if (rc < 0)
                return rc;
        print(b);

        rc = eddy_barrier_wait(b); /* the third: all pass */
        if (rc < 0)
                return rc;
        print(b);
        puts("barrier passed");

        rc = eddy_yield(); /* the others leave */
        print(b);
        return rc;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_barrier b;
        eddy_barrier_init(&b, 3);

        eddy_group group;
        eddy_group_open(&group);
        eddy_group_create_task(&group, wait_at, &b, NULL);
        eddy_group_create_task(&group, wait_at, &b, NULL);
        int rc = pass(&b);
        if (rc < 0)
                eddy_group_cancel(&group);
        int closed = eddy_group_close(&group);
        return closed < 0 ? closed : rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "barrier: %s\n", eddy_explain(rc));
        return rc < 0;
}
