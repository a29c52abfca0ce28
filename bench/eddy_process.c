/* eddy in the rows spawn_process_10mb and spawn_process_2gb. */
#include "eddy_bench.h"
#include "resident.h"

static intptr_t spawn_and_wait(void *arg)
{
        const int *count = arg;

        for (int i = 0; i < *count; i++) {
                eddy_process *process;
                int code = -1;
                int rc = eddy_process_exec(&process, EDDY_ARGV("/bin/true"), NULL);

                if (rc < 0)
                        return rc;
                rc = eddy_process_wait(process, &code);
                eddy_process_destroy(process);
                if (rc < 0 || code != 0)
                        return -1;
        }
        return 0;
}

static int run(int count)
{
        return bench_run(spawn_and_wait, &count) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
        return resident_run(argc, argv, run) < 0;
}
