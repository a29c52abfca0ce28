/* A download's bytes until they are whole: in memory while they are few, else in a file. Where the file system has no
 * attributes, a file can be continued by the process that began it only. */
#include "http_client/part.h"
#include "http_client/part_record.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include <eddy/error.h>
#include <eddy/thread.h>
#include <eddy/time.h>
#include <eddy/timeout.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* How much may come, and how long that may take, before a map is recorded again: what a kill may cost. */
enum { RECORD_BYTES = 4 * 1024 * 1024, RECORD_MS = 250 };

uint64_t part_origin(const char *text)
{
        uint64_t value = 0xcbf29ce484222325; /* FNV-1a */

        for (; *text; text++)
                value = (value ^ (unsigned char)*text) * 0x100000001b3;
        return value;
}

static char *part_name(const char *path)
{
        const char *slash = strrchr(path, '/');
        size_t folder = slash ? (size_t)(slash + 1 - path) : 0;
        size_t size = strlen(path) + sizeof "..0123456789abcdef.part";
        char *name = memory_alloc(size);

        if (!name)
                return NULL;
        if (strlen(path + folder) + strlen("..part") <= NAME_MAX)
                snprintf(name, size, "%.*s.%s.part", (int)folder, path, path + folder);
        else
                snprintf(name, size, "%.*s.%.*s.%016" PRIx64 ".part", (int)folder, path,
                         NAME_MAX - (int)strlen("..0123456789abcdef.part"), path + folder,
                         part_origin(path + folder));
        return name;
}

/* Whether the name still leads to the file that was opened and locked: its last owner may have given it its
 * final name, or removed it, in between. 1, 0, or -errno. */
static int is_current(const struct part *part, struct stat *opened)
{
        struct stat named;
        int rc = sys_fstat(part->fd, opened);

        if (rc < 0)
                return rc;
        rc = sys_lstat(part->part_path, &named);
        if (rc == -ENOENT)
                return 0;
        return rc < 0 ? rc : named.st_ino == opened->st_ino && named.st_dev == opened->st_dev;
}

static int check_is_ours(const struct stat *status)
{
        /* Others who may write to the folder could have put a link to a file of ours in the way. */
        return S_ISREG(status->st_mode) && status->st_nlink == 1 && status->st_uid == geteuid() ? 0 : -EEXIST;
}

/* 0, -ENOENT where there is none and none is to be made, -EBUSY, -EEXIST, or as from open(). */
static int open_locked(struct part *part, int flags, struct stat *status)
{
        int rc;

        do {
                part->fd =
                    sys_open(part->part_path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0666);
                if (part->fd < 0)
                        return part->fd;
                rc = sys_flock(part->fd, LOCK_EX | LOCK_NB);
                if (rc >= 0)
                        rc = is_current(part, status);
                if (rc == 1)
                        rc = check_is_ours(status) < 0 ? -EEXIST : 1;
                if (rc <= 0) {
                        sys_close(part->fd);
                        part->fd = -1;
                }
        } while (rc == 0);
        return rc == -EWOULDBLOCK ? -EBUSY : rc < 0 ? rc : 0;
}

int part_open(struct part *part, const char *path, const char *const *urls)
{
        struct stat status;
        int rc;

        *part = (struct part){.fd = -1, .total = -1};
        gaps_reset(&part->gaps, 0, INT64_MAX);
        part->part_path = part_name(path);
        if (!part->part_path)
                return -ENOMEM;
        rc = urls ? open_locked(part, 0, &status) : -ENOENT;
        if (rc == -ENOENT) {
                part->fd = -1;
                return 0;
        }
        if (rc == 0) {
                part->is_ours = status.st_size == 0;
                rc = part_recall(part, status.st_size, urls);
        }
        if (rc == 0)
                return 0;
        part_fail(part, rc);
        if (part->fd >= 0)
                sys_close(part->fd);
        memory_free(part->part_path);
        *part = (struct part){.fd = -1};
        return rc;
}

int part_fail(const struct part *part, int rc)
{
        if (rc == -EBUSY)
                return eddy_fail(rc, "another process is writing %s", part->part_path);
        if (rc == -EEXIST)
                return eddy_fail(rc, "%s is in the way: it is not a file of a download; remove it",
                                 part->part_path);
        return eddy_fail(rc, "cannot write %s: %s", part->part_path, eddy_strerror(rc));
}

static int write_all(int fd, const char *at, size_t n, int64_t *offset)
{
        while (n > 0) {
                ssize_t written =
                    sys_pwritev_regular(fd, &(struct iovec){.iov_base = (void *)at, .iov_len = n}, 1, *offset);

                if (written == -EINTR)
                        continue;
                if (written < 0)
                        return (int)written;
                at += written;
                n -= (size_t)written;
                *offset += written;
        }
        return 0;
}

static void free_memory(struct part *part)
{
        memory_free(part->memory);
        part->memory = NULL;
        part->memory_capacity = 0;
}

/* Have a file, with the bytes that are in memory; it has no record yet. */
static int make_file(struct part *part)
{
        struct stat status;
        int64_t written = 0;
        int rc = open_locked(part, O_CREAT, &status);

        if (rc < 0)
                return rc;
        /* Somebody may have left one since we looked. */
        part->is_recorded = status.st_size > 0;
        if (status.st_size > 0) {
                part_record_remove(part);
                rc = sys_ftruncate(part->fd, 0);
        }
        if (rc == 0 && part->memory)
                rc = write_all(part->fd, part->memory, (size_t)part->size, &written);
        if (rc < 0) {
                sys_unlink(part->part_path);
                sys_close(part->fd);
                part->fd = -1;
                return rc;
        }
        part->is_ours = true;
        free_memory(part);
        return 0;
}

static int make_recorded_file(struct part *part)
{
        int rc = make_file(part);

        if (rc == 0)
                part_record(part, false);
        return rc;
}

int part_begin(struct part *part, uint64_t origin, const char *validator, int64_t total)
{
        char *copy = validator ? memory_strdup(validator) : NULL;
        int rc = 0;

        if (validator && !copy)
                return -ENOMEM;
        memory_free(part->validator);
        free_memory(part);
        part->validator = copy;
        part->origin = origin;
        part->size = 0;
        part->total = total;
        part->is_mapped = false;
        part->epoch++;
        gaps_reset(&part->gaps, 0, total >= 0 ? total : INT64_MAX);
        if (part->fd < 0)
                return total > PART_MEMORY_MAX ? make_recorded_file(part) : 0;
        rc = sys_ftruncate(part->fd, 0);
        if (rc < 0)
                return rc;
        part->is_ours = true;
        part_record(part, false);
        return 0;
}

void part_set_total(struct part *part, int64_t total)
{
        struct gap *last;

        if (part->total == total)
                return;
        for (last = gaps_from(&part->gaps, 0); last && last->end != INT64_MAX;)
                last = gaps_from(&part->gaps, last->end);
        if (last)
                last->end = total;
        part->total = total;
        if (part->fd >= 0)
                part_record(part, false);
}

bool part_is_whole(const struct part *part)
{
        return part->total >= 0 && part->size == part->total;
}

void part_leave_rest(struct part *part)
{
        int64_t end = part->total >= 0 ? part->total : INT64_MAX;

        if (!part->validator) {
                part->size = 0;
                gaps_reset(&part->gaps, 0, INT64_MAX);
        } else if (part->size > 0 && (part->total < 0 || part->size >= part->total)) {
                part->size--;
                gaps_reset(&part->gaps, part->size, end);
        }
}

bool part_divide(struct part *part, unsigned pieces)
{
        struct gap *gap = gaps_from(&part->gaps, 0);
        int64_t start, size;

        if (!gap || part->fd < 0 || part->total < 0 || gaps_count(&part->gaps) + pieces > GAPS_MAX)
                return false;
        start = gap->next;
        size = gap->end - start;
        part->is_mapped = true;
        for (unsigned i = pieces - 1; i > 0; i--)
                gaps_split(&part->gaps, gap, start + size / pieces * i);
        part_record(part, false);
        return true;
}

static int keep_in_memory(struct part *part, const void *data, size_t n)
{
        size_t size = (size_t)part->size + n, capacity = part->memory_capacity;
        char *memory;

        if (size > capacity) {
                capacity = part->total >= 0 && part->total <= PART_MEMORY_MAX ? (size_t)part->total
                           : size > 2048                                      ? 2 * size
                                                                              : 4096;
                memory = memory_realloc(part->memory, capacity);
                if (!memory)
                        return -ENOMEM;
                part->memory = memory;
                part->memory_capacity = capacity;
        }
        memcpy(part->memory + part->size, data, n);
        return 0;
}

int part_write(struct part *part, struct gap *gap, const void *data, size_t n)
{
        int64_t before = gap->next;
        int rc;

        if (part->fd < 0 && part->size + (int64_t)n <= PART_MEMORY_MAX) {
                rc = keep_in_memory(part, data, n);
                if (rc == 0)
                        gap->next += (int64_t)n;
        } else {
                rc = part->fd < 0 ? make_recorded_file(part) : 0;
                if (rc == 0)
                        rc = write_all(part->fd, data, n, &gap->next);
        }
        part->size += gap->next - before;
        if (part->is_mapped && (part->size - part->recorded_size >= RECORD_BYTES ||
                                eddy_now() - part->recorded_at >= eddy_ms(RECORD_MS)))
                part_record(part, false);
        return rc;
}

static int rename_to_free_name(const char *from, const char *to)
{
        int rc = sys_rename(from, to, RENAME_NOREPLACE);

        if (rc != -EINVAL && rc != -ENOSYS)
                return rc;
        /* Neither every kernel nor every file system knows that flag. */
        rc = sys_link(from, to);
        if (rc == 0)
                sys_unlink(from);
        return rc;
}

/* A file without a name, in the folder of `path`. */
static int open_nameless(const char *path)
{
        const char *slash = strrchr(path, '/');
        char *folder;
        int fd;

        if (!slash)
                return sys_open(".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
        folder = memory_strdup(path);
        if (!folder)
                return -ENOMEM;
        folder[slash == path ? 1 : slash - path] = '\0';
        fd = sys_open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
        memory_free(folder);
        return fd;
}

/* What is in memory becomes the file at once. -EEXIST, or another error where it has to be done in another way. */
static int publish(const struct part *part, const char *path)
{
        int fd = open_nameless(path), rc;
        int64_t offset = 0;

        if (fd < 0)
                return fd;
        rc = part->size > 0 ? write_all(fd, part->memory, (size_t)part->size, &offset) : 0;
        if (rc == 0)
                rc = sys_link_nameless(fd, path);
        sys_close(fd);
        return rc;
}

static void part_done(struct part *part)
{
        free_memory(part);
        memory_free(part->validator);
        part->validator = NULL;
        part->size = 0;
}

static int fail_to_name(int rc, const char *path)
{
        if (rc == -EEXIST)
                return eddy_fail(rc, "%s is there already", path);
        return eddy_fail(rc, "cannot name it %s: %s", path, eddy_strerror(rc));
}

int part_commit(struct part *part, const char *path, bool overwrites)
{
        int rc = part->fd < 0 && !overwrites ? publish(part, path) : -ENOSYS;

        if (rc == 0)
                part_done(part);
        if (rc == 0 || (rc == -EEXIST && part->fd < 0))
                return rc == 0 ? 0 : fail_to_name(rc, path);
        if (part->fd < 0) {
                rc = make_file(part);
                if (rc < 0)
                        return part_fail(part, rc);
        }
        part_record_remove(part);
        rc = overwrites ? sys_rename(part->part_path, path, 0) : rename_to_free_name(part->part_path, path);
        if (rc < 0) {
                part_record(part, false);
                return fail_to_name(rc, path);
        }
        sys_close(part->fd);
        part->fd = -1;
        part_done(part);
        return 0;
}

void part_discard(struct part *part)
{
        if (part->fd >= 0) {
                sys_unlink(part->part_path);
                sys_close(part->fd);
                part->fd = -1;
        }
        part->total = -1;
        part->is_mapped = false;
        part->epoch++;
        gaps_reset(&part->gaps, 0, INT64_MAX);
        part_done(part);
}

static intptr_t sync_file(void *arg)
{
        return sys_fdatasync(*(const int *)arg);
}

void part_sync(struct part *part)
{
        if (part->fd < 0 || !part->is_mapped || !part->validator)
                return;
        EDDY_SHIELD_SCOPE {
                if (eddy_to_thread(sync_file, &part->fd, NULL) == 0)
                        part_record(part, true);
        }
}

void part_close(struct part *part)
{
        /* What is in memory alone is worth keeping where it can be continued. */
        if (part->fd < 0 && part->size > 0 && part->validator)
                make_recorded_file(part);
        if (part->fd >= 0) {
                if (part->is_ours && (!part->validator || part->size == 0))
                        sys_unlink(part->part_path);
                else if (part->is_mapped && part->recorded_size != part->size)
                        part_record(part, false);
                sys_close(part->fd);
        }
        free_memory(part);
        memory_free(part->validator);
        memory_free(part->part_path);
        *part = (struct part){.fd = -1};
}
