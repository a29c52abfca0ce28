/* eddy in the rows file_read and file_write. */
#include "eddy_bench.h"
#include "file.h"

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

static int with_file(int (*transfer)(eddy_file *file))
{
        eddy_file *file;
        int rc = eddy_file_from_fd(&file, file_create());

        if (rc == 0) {
                rc = transfer(file);
                eddy_file_close(file);
        }
        return rc;
}

static int file_read(void)
{
        return with_file(read_blocks);
}

static int file_write(void)
{
        return with_file(write_blocks);
}

static const bench_row rows[] = {
    {"file_read", file_read},
    {"file_write", file_write},
    {0},
};

int main(int argc, char **argv)
{
        (void)argc;
        return bench_run_rows(argv, rows);
}
