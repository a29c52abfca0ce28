/*
 * List what is below a folder, and how large the files are.
 *
 *         def walk(path):                                        # Python
 *                 with os.scandir(path) as entries:
 *                         for entry in entries:
 *                                 if entry.is_dir(follow_symlinks=False):
 *                                         walk(entry.path)
 *                                 else:
 *                                         print(entry.path, entry.stat().st_size)
 */
#include <eddy.h>
#include <stdio.h>

static int show(const char *path)
{
        struct stat status;
        int rc = eddy_path_lstat(path, &status);
        if (rc == -ENOENT) /* removed since it was listed */
                return 0;
        if (rc == 0)
                printf("%s %lld\n", path, (long long)status.st_size);
        return rc;
}

static int walk(const char *path);

static int visit(const char *path, const eddy_directory_entry *entry)
{
        char below[1024];
        if (snprintf(below, sizeof below, "%s/%s", path, entry->name) >= (int)sizeof below)
                return -ENAMETOOLONG;
        return entry->type == DT_DIR ? walk(below) : show(below);
}

static int walk(const char *path)
{
        eddy_directory *directory;
        eddy_directory_entry entry;
        int rc = eddy_directory_open(&directory, path);
        if (rc < 0)
                return eddy_fail(rc, "%s: %s", path, eddy_strerror(rc));
        while ((rc = eddy_directory_next(directory, &entry)) > 0) {
                rc = visit(path, &entry);
                if (rc < 0)
                        break;
        }
        eddy_directory_close(directory);
        return rc;
}

static intptr_t list(void *path)
{
        return walk(path);
}

int main(int argc, char **argv)
{
        if (argc > 2) {
                fprintf(stderr, "usage: list_directory [FOLDER]\n");
                return 2;
        }
        intptr_t rc = eddy_run(list, argc > 1 ? argv[1] : ".");
        if (rc < 0)
                fprintf(stderr, "list_directory: %s\n", eddy_explain(rc));
        return rc < 0;
}
