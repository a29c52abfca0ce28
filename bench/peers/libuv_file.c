/* libuv in the rows file_read and file_write: each request goes to its helper threads. */
#include "../file.h"
#include <uv.h>

static int fd;
static char block[FILE_BLOCK];
static uv_buf_t buffer;
static uint64_t state = 88172645463325252;
static int left;
static uv_fs_t request;

static void read_next(uv_fs_t *done)
{
        if (done && done->result != FILE_BLOCK)
                exit(1);
        if (done)
                uv_fs_req_cleanup(done);
        if (left-- > 0)
                uv_fs_read(uv_default_loop(), &request, fd, &buffer, 1, file_choose(&state), read_next);
}

static void write_next(uv_fs_t *done)
{
        if (done && done->result != FILE_BLOCK)
                exit(1);
        if (done)
                uv_fs_req_cleanup(done);
        if (left-- > 0)
                uv_fs_write(uv_default_loop(), &request, fd, &buffer, 1, file_choose(&state), write_next);
}

static void measure(const char *row, const char *template, uv_fs_cb next, int count)
{
        fd = file_create(template);
        left = fd < 0 ? 0 : count;
        double start = bench_now();
        next(NULL);
        uv_run(uv_default_loop(), UV_RUN_DEFAULT);
        bench_each(row, bench_now() - start, count);
}

int main(int argc, char **argv)
{
        buffer = uv_buf_init(block, sizeof block);
        if (bench_wants(argc, argv, "file_read"))
                measure("file_read", FILE_ON_DISK, read_next, FILE_READS);
        if (bench_wants(argc, argv, "file_write"))
                measure("file_write", FILE_ON_DISK, write_next, FILE_WRITES);
        if (bench_wants(argc, argv, "file_write_memory"))
                measure("file_write_memory", FILE_IN_MEMORY, write_next, FILE_WRITES);
        return fd < 0;
}
