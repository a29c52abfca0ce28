/*
 * Several files are read at once. The loop does not stand still for any of them.
 *
 *         async def count(path):                                 # asyncio has no files: aiofiles, or
 *                 text = await asyncio.to_thread(Path(path).read_bytes)
 *                 print(f"{path}: {text.count(b'\n')} lines")
 *
 *         await asyncio.gather(*[count(path) for path in paths])
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 100 * 1024 * 1024 };

static intptr_t count_lines(void *path)
{
        char *text;
        ssize_t n = eddy_read_file(path, &text, MOST);
        if (n < 0)
                return eddy_fail((int)n, "%s: %s", (char *)path, eddy_strerror(n));
        intptr_t lines = 0;
        for (ssize_t i = 0; i < n; i++)
                lines += text[i] == '\n';
        eddy_free(text);
        return lines;
}

static intptr_t count_all(void *arg)
{
        char **paths = arg;
        size_t n = 0;
        while (paths[n])
                n++;

        eddy_task **tasks = calloc(n + 1, sizeof(eddy_task *));
        for (size_t i = 0; i < n; i++)
                tasks[i] = eddy_create_task(count_lines, paths[i]);
        intptr_t failures = 0;
        for (size_t i = 0; i < n; i++) {
                intptr_t lines;
                int rc = eddy_join(tasks[i], &lines);
                if (rc == 0 && !eddy_is_error(lines)) {
                        printf("%s: %ld lines\n", paths[i], (long)lines);
                        continue;
                }
                printf("%s\n", eddy_explain(rc < 0 ? rc : lines));
                failures++;
        }
        free(tasks);
        return failures;
}

int main(int argc, char **argv)
{
        if (argc < 2) {
                fprintf(stderr, "usage: read_file FILE...\n");
                return 2;
        }
        return eddy_run(count_all, argv + 1) != 0;
}
