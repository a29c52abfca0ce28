/* Prints the backend that this eddy waits with, or says why that of EDDY_BACKEND cannot be had: asked before the
 * contestants begin, since the eddy command cannot refuse to. */
#include "eddy_bench.h"

int main(void)
{
        eddy_loop *loop;
        int rc = eddy_loop_create(&loop);

        if (rc < 0)
                bench_skip("%s", eddy_explain(rc));
        bench_check_backend(loop);
        puts(eddy_loop_backend(loop));
        eddy_loop_destroy(loop);
        return 0;
}
