/* eddy in the row switch: two contexts that hand control to each other, without task, loop or queue. */
#include "bench.h"
#include "coro/switch.h"

#define ROUND_TRIPS 100000000

static void *here, *there; /* the context that does not run */
static _Alignas(16) char stack[64 * 1024];

static void bounce(void *arg)
{
        (void)arg;
        for (;;)
                switch_context(&there, here);
}

int main(void)
{
        there = switch_prepare(stack + sizeof stack, bounce, NULL, &here);
        switch_context(&here, there);
        double start = bench_now();
        for (long i = 0; i < ROUND_TRIPS; i++)
                switch_context(&here, there);
        bench_each("switch", bench_now() - start, 2.0 * ROUND_TRIPS);
        return 0;
}
