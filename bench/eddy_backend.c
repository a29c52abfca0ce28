/* Prints the backend that this eddy waits with, or says why EDDY_BACKEND is refused: asked before a contestant that
 * cannot tell by itself, which the eddy command is. */
#include "eddy_bench.h"

static intptr_t print_backend(void *arg)
{
        (void)arg;
        puts(eddy_loop_backend(eddy_running_loop()));
        return 0;
}

int main(void)
{
        return bench_run(print_backend, NULL);
}
