/* The C library's swapcontext() in the row switch; it makes a system call for the signal mask. */
#include "../bench.h"
#include <ucontext.h>

#define ROUND_TRIPS 1000000

static ucontext_t here, there;
static char stack[64 * 1024];

static void bounce(void)
{
        for (;;)
                swapcontext(&there, &here);
}

int main(void)
{
        if (getcontext(&there) < 0)
                return 1;
        there.uc_stack.ss_sp = stack;
        there.uc_stack.ss_size = sizeof stack;
        makecontext(&there, bounce, 0);

        swapcontext(&here, &there);
        double start = bench_now();
        for (long i = 0; i < ROUND_TRIPS; i++)
                swapcontext(&here, &there);
        bench_each("switch", bench_now() - start, 2.0 * ROUND_TRIPS);
        return 0;
}
