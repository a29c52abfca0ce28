#include "file/directory.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include "file/file.h"
#include <string.h>

/** What one request brings: some hundreds of entries. */
enum { ENTRIES_SIZE = 32 * 1024 };

struct eddy_directory {
        eddy_file *file;
        size_t next, end; /* entries that came and were not shown */
        bool is_read;     /* a call is in it */
        _Alignas(struct dirent) char entries[ENTRIES_SIZE];
};

int directory_open(eddy_directory **opened, int folder, const char *path, int flags)
{
        eddy_directory *directory = memory_alloc(sizeof *directory);
        int rc;

        *opened = NULL;
        if (!directory)
                return -ENOMEM;
        directory->next = directory->end = 0;
        directory->is_read = false;
        rc = eddy_file_open_at(&directory->file, folder, path, O_RDONLY | O_DIRECTORY | flags, 0);
        if (rc < 0) {
                memory_free(directory);
                return rc;
        }
        *opened = directory;
        return 0;
}

int eddy_directory_open_at(eddy_directory **directory, int folder, const char *path)
{
        return directory_open(directory, folder, path, 0);
}

int eddy_directory_open(eddy_directory **directory, const char *path)
{
        return eddy_directory_open_at(directory, AT_FDCWD, path);
}

/** Fetch more entries: 1, 0 where there are none, or an error. */
static int fetch_entries(eddy_directory *directory)
{
        struct file_request request = {
            .kind = FILE_LIST,
            .buffer = directory->entries,
            .size = sizeof directory->entries,
        };
        ssize_t n;

        if (directory->is_read)
                return EDDY_EBUSY;
        directory->is_read = true;
        n = file_ask_of(directory->file, &request);
        directory->is_read = false;
        if (n < 0)
                return (int)n;
        directory->next = 0;
        directory->end = (size_t)n;
        return n > 0;
}

static bool is_self_or_parent(const char *name)
{
        return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int eddy_directory_next(eddy_directory *directory, eddy_directory_entry *entry)
{
        const struct dirent *next;
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        do {
                if (directory->next == directory->end) {
                        rc = fetch_entries(directory);
                        if (rc <= 0)
                                return rc;
                }
                next = (const struct dirent *)(const void *)(directory->entries + directory->next);
                directory->next += next->d_reclen;
        } while (is_self_or_parent(next->d_name));
        *entry = (eddy_directory_entry){.name = next->d_name, .inode = next->d_ino, .type = next->d_type};
        return 1;
}

int eddy_directory_fd(const eddy_directory *directory)
{
        return eddy_file_fd(directory->file);
}

void eddy_directory_close(eddy_directory *directory)
{
        if (!directory)
                return;
        eddy_file_close(directory->file);
        memory_free(directory);
}

void directory_discard(eddy_directory *directory)
{
        if (!directory)
                return;
        sys_close(directory->file->fd);
        memory_free(directory->file);
        memory_free(directory);
}
