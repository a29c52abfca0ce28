/* A download's file until it is whole. What its bytes belong to (the URL, the whole's size, and the server's ETag or
 * date) is kept in an extended attribute, so that it is there after a kill, and no second file lies about. Where the
 * file system has no attributes, a download can be continued by the process that began it only. */
#include "http_client/part.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include <eddy/error.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* "ORIGIN TOTAL VALIDATOR": 16 hexadecimal digits, a decimal number, and text to the end. */
#define ATTRIBUTE "user.eddy.origin"

enum {
        VALIDATOR_MAX = 512, /* bytes; no honest ETag is longer */
        ATTRIBUTE_MAX = VALIDATOR_MAX + 64,
};

static uint64_t hash(const char *text)
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
                         NAME_MAX - (int)strlen("..0123456789abcdef.part"), path + folder, hash(path + folder));
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

static int open_locked(struct part *part, struct stat *status)
{
        int rc;

        do {
                part->fd =
                    sys_open(part->part_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
                if (part->fd < 0)
                        return eddy_fail(part->fd, "cannot write %s: %s", part->part_path,
                                         eddy_strerror(part->fd));
                rc = sys_flock(part->fd, LOCK_EX | LOCK_NB);
                if (rc >= 0)
                        rc = is_current(part, status);
                if (rc <= 0)
                        sys_close(part->fd);
        } while (rc == 0);
        if (rc == -EWOULDBLOCK)
                return eddy_fail(-EBUSY, "another process is writing %s", part->part_path);
        return rc < 0 ? rc : 0;
}

/* Others who may write to the folder could have put a link to a file of ours in the way. */
static int check_is_ours(const struct part *part, const struct stat *status)
{
        if (S_ISREG(status->st_mode) && status->st_nlink == 1 && status->st_uid == geteuid())
                return 0;
        return eddy_fail(-EEXIST, "%s is in the way: it is not a file of a download; remove it",
                         part->part_path);
}

static int recall(struct part *part, int64_t size)
{
        char text[ATTRIBUTE_MAX], *end;
        ssize_t n = sys_fgetxattr(part->fd, ATTRIBUTE, text, sizeof text - 1);
        int64_t total;

        if (n <= 0 || size == 0)
                return 0;
        text[n] = '\0';
        if (strtoull(text, &end, 16) != part->origin || *end != ' ')
                return 0;
        total = strtoll(end, &end, 10);
        if (*end != ' ' || end[1] == '\0' || (total >= 0 && size > total))
                return 0;
        part->validator = memory_strdup(end + 1);
        if (!part->validator)
                return -ENOMEM;
        part->size = size;
        part->total = total;
        return 0;
}

static void remember(const struct part *part)
{
        char text[ATTRIBUTE_MAX];

        if (!part->validator) {
                sys_fremovexattr(part->fd, ATTRIBUTE);
                return;
        }
        /* Where this fails only another process cannot go on with it. */
        snprintf(text, sizeof text, "%016" PRIx64 " %" PRId64 " %s", part->origin, part->total,
                 part->validator);
        sys_fsetxattr(part->fd, ATTRIBUTE, text, strlen(text));
}

int part_open(struct part *part, const char *path, const char *url)
{
        struct stat status;
        int rc;

        *part = (struct part){.origin = hash(url), .fd = -1, .total = -1};
        part->part_path = part_name(path);
        if (!part->part_path)
                return -ENOMEM;
        rc = open_locked(part, &status);
        if (rc < 0)
                goto undo_name;
        rc = check_is_ours(part, &status);
        if (rc == 0)
                rc = recall(part, status.st_size);
        if (rc == 0)
                return 0;
        sys_close(part->fd);
undo_name:
        part->fd = -1;
        memory_free(part->part_path);
        return rc;
}

int part_begin(struct part *part, const char *validator, int64_t total)
{
        char *copy = NULL;
        int rc;

        if (validator && strlen(validator) <= VALIDATOR_MAX) {
                copy = memory_strdup(validator);
                if (!copy)
                        return -ENOMEM;
        }
        memory_free(part->validator);
        part->validator = copy;
        part->size = 0;
        part->total = total;
        rc = sys_ftruncate(part->fd, 0);
        if (rc == 0)
                remember(part);
        return rc;
}

void part_set_total(struct part *part, int64_t total)
{
        if (part->total == total)
                return;
        part->total = total;
        remember(part);
}

void part_leave_rest(struct part *part)
{
        if (!part->validator)
                part->size = 0;
        else if (part->size > 0 && (part->total < 0 || part->size >= part->total))
                part->size--;
}

int part_write(struct part *part, const void *data, size_t n)
{
        const char *at = data;

        while (n > 0) {
                ssize_t written = sys_pwrite(part->fd, at, n, part->size);

                if (written == -EINTR)
                        continue;
                if (written < 0)
                        return (int)written;
                at += written;
                n -= (size_t)written;
                part->size += written;
        }
        return 0;
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

int part_commit(struct part *part, const char *path, bool overwrites)
{
        int rc;

        sys_fremovexattr(part->fd, ATTRIBUTE);
        rc = overwrites ? sys_rename(part->part_path, path, 0) : rename_to_free_name(part->part_path, path);
        if (rc < 0) {
                remember(part);
                return eddy_fail(rc, "cannot name it %s: %s", path, eddy_strerror(rc));
        }
        sys_close(part->fd);
        part->fd = -1;
        return 0;
}

void part_close(struct part *part)
{
        if (part->fd >= 0) {
                if (!part->validator || part->size == 0)
                        sys_unlink(part->part_path);
                sys_close(part->fd);
        }
        memory_free(part->validator);
        memory_free(part->part_path);
        *part = (struct part){.fd = -1};
}
