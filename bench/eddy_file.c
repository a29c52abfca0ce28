/* eddy in the rows of files. */
#include "eddy_bench.h"
#include "file.h"

static int read_blocks(eddy_file *file, const char *row)
{
        uint64_t state = 88172645463325252;
        char block[FILE_BLOCK];

        double start = bench_now();
        for (int i = 0; i < FILE_READS; i++)
                if (eddy_file_read_at(file, block, sizeof block, file_choose(&state)) != sizeof block)
                        return -1;
        bench_each(row, bench_now() - start, FILE_READS);
        return 0;
}

static int write_blocks(eddy_file *file, const char *row)
{
        uint64_t state = 88172645463325252;
        char block[FILE_BLOCK] = "x";

        double start = bench_now();
        for (int i = 0; i < FILE_WRITES; i++)
                if (eddy_file_write_at(file, block, sizeof block, file_choose(&state)) != sizeof block)
                        return -1;
        bench_each(row, bench_now() - start, FILE_WRITES);
        return 0;
}

static int with_file(const char *template, int (*transfer)(eddy_file *file, const char *row), const char *row)
{
        eddy_file *file;
        int rc = eddy_file_from_fd(&file, file_create(template));

        if (rc == 0) {
                rc = transfer(file, row);
                eddy_file_close(file);
        }
        return rc;
}

static int file_read(void)
{
        return with_file(FILE_ON_DISK, read_blocks, "file_read");
}

static int file_write(void)
{
        return with_file(FILE_ON_DISK, write_blocks, "file_write");
}

static int file_write_memory(void)
{
        return with_file(FILE_IN_MEMORY, write_blocks, "file_write_memory");
}

static const bench_row rows[] = {
    {"file_read", file_read},
    {"file_write", file_write},
    {"file_write_memory", file_write_memory},
    {0},
};

int main(int argc, char **argv)
{
        (void)argc;
        return bench_run_rows(argv, rows);
}
