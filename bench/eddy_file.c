/* eddy in the rows file_read and file_write. */
#include "file.h"
#include <eddy.h>

static int read_blocks(eddy_file *file)
{
        uint64_t state = 88172645463325252;
        char block[FILE_BLOCK];

        double start = bench_now();
        for (int i = 0; i < FILE_READS; i++)
                if (eddy_file_read_at(file, block, sizeof block, file_choose(&state)) != sizeof block)
                        return -1;
        bench_each("file_read", bench_now() - start, FILE_READS);
        return 0;
}

static int write_blocks(eddy_file *file)
{
        uint64_t state = 88172645463325252;
        char block[FILE_BLOCK] = "x";

        double start = bench_now();
        for (int i = 0; i < FILE_WRITES; i++)
                if (eddy_file_write_at(file, block, sizeof block, file_choose(&state)) != sizeof block)
                        return -1;
        bench_each("file_write", bench_now() - start, FILE_WRITES);
        return 0;
}

typedef struct arguments {
        int argc;
        char **argv;
} arguments;

static intptr_t app(void *arg)
{
        arguments *in = arg;
        eddy_file *file;
        int rc = eddy_file_from_fd(&file, file_create());

        if (rc == 0 && bench_wants(in->argc, in->argv, "file_read"))
                rc = read_blocks(file);
        if (rc == 0 && bench_wants(in->argc, in->argv, "file_write"))
                rc = write_blocks(file);
        return rc;
}

int main(int argc, char **argv)
{
        return eddy_run(app, &(arguments){argc, argv}) < 0;
}
