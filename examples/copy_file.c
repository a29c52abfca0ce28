/*
 * Copy a file, block by block. A disk that gets full, or Ctrl-C, leaves no half copy behind.
 *
 *         async with aiofiles.open(source, "rb") as a, aiofiles.open(target, "xb") as b:
 *                 while block := await a.read(65536):            # asyncio, with aiofiles
 *                         await b.write(block)
 */
#include <eddy.h>
#include <stdio.h>

static int copy_blocks(eddy_file *from, eddy_file *to)
{
        char block[64 * 1024];
        ssize_t n;
        while ((n = eddy_file_read(from, block, sizeof block)) > 0) {
                ssize_t written = eddy_file_write_all(to, block, (size_t)n);
                if (written < 0)
                        return (int)written;
        }
        return n < 0 ? (int)n : eddy_file_sync(to);
}

static int copy_to(eddy_file *from, const char *target)
{
        eddy_file *to;
        int rc = eddy_file_open(&to, target, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (rc < 0)
                return eddy_fail(rc, "%s: %s", target, eddy_strerror(rc));
        rc = copy_blocks(from, to);
        int closed = eddy_file_close(to);
        if (rc == 0)
                rc = closed; /* some disks say only now what could not be written */
        if (rc < 0)
                EDDY_SHIELD_SCOPE /* also where it is Ctrl-C that ended it */
                        eddy_path_unlink(target);
        return rc;
}

static intptr_t copy(void *arg)
{
        char **paths = arg;
        eddy_file *from;
        int rc = eddy_file_open(&from, paths[0], O_RDONLY, 0);
        if (rc < 0)
                return eddy_fail(rc, "%s: %s", paths[0], eddy_strerror(rc));
        rc = copy_to(from, paths[1]);
        eddy_file_close(from);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc != 3) {
                fprintf(stderr, "usage: copy_file SOURCE TARGET\n");
                return 2;
        }
        intptr_t rc = eddy_run(copy, argv + 1);
        if (rc < 0)
                fprintf(stderr, "copy_file: %s\n", eddy_explain(rc));
        return rc < 0;
}
