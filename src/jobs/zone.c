#include "jobs/zone.h"

#include "base/memory.h"
#include "base/sys.h"
#include "base/sys_file.h"
#include "jobs/calendar.h"
#include "jobs/zone_rule.h"
#include <eddy.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 1 << 18, HEADER = 44, NAME_MOST = 64 };

/* The farthest that a zone may be from UTC, with room (RFC 8536, 3.2). */
enum { OFFSET_MOST = 26 * 3600 };

/* One block of memory. The offset before the first change is that of `first`; after the last one the rule says it. */
struct jobs_zone {
        struct zone_rule rule; /* where it has none, its offset is that after the last change */
        size_t count;
        int32_t first;
        struct zone_change {
                int64_t moment;
                int32_t offset; /* from then on */
        } changes[];
};

/* A block of a file: counts as of its header, and where its parts begin. */
struct block {
        const unsigned char *moments, *types, *kinds, *end;
        size_t count, kind_count, moment_size;
};

static uint32_t read_u32(const unsigned char *bytes)
{
        return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int64_t read_moment(const unsigned char *bytes, size_t size)
{
        if (size == 4)
                return (int32_t)read_u32(bytes);
        return (int64_t)((uint64_t)read_u32(bytes) << 32 | read_u32(bytes + 4));
}

/* Whether there is a whole block. */
static bool find_block(struct block *block, const unsigned char *begin, const unsigned char *end,
                       size_t moment_size)
{
        uint64_t utc, std, leaps, moments, kinds, letters, size;

        if (end - begin < HEADER || memcmp(begin, "TZif", 4) != 0)
                return false;
        utc = read_u32(begin + 20);
        std = read_u32(begin + 24);
        leaps = read_u32(begin + 28);
        moments = read_u32(begin + 32);
        kinds = read_u32(begin + 36);
        letters = read_u32(begin + 40);
        size = moments * (moment_size + 1) + kinds * 6 + letters + leaps * (moment_size + 4) + std + utc;
        if (size > (uint64_t)(end - begin - HEADER) || kinds == 0 || leaps > 0)
                return false;
        *block = (struct block){
            .moments = begin + HEADER,
            .types = begin + HEADER + moments * moment_size,
            .kinds = begin + HEADER + moments * (moment_size + 1),
            .end = begin + HEADER + size,
            .count = moments,
            .kind_count = kinds,
            .moment_size = moment_size,
        };
        return true;
}

static bool read_offset(const struct block *block, size_t kind, int32_t *offset)
{
        if (kind >= block->kind_count)
                return false;
        *offset = (int32_t)read_u32(block->kinds + kind * 6);
        return *offset > -OFFSET_MOST && *offset < OFFSET_MOST;
}

static bool read_changes(struct jobs_zone *zone, const struct block *block)
{
        if (!read_offset(block, 0, &zone->first))
                return false;
        for (size_t i = 0; i < block->count; i++) {
                struct zone_change *change = &zone->changes[i];
                change->moment = read_moment(block->moments + i * block->moment_size, block->moment_size);
                if (!read_offset(block, block->types[i], &change->offset) ||
                    (i > 0 && change->moment <= change[-1].moment))
                        return false;
        }
        zone->count = block->count;
        zone->rule.standard = block->count > 0 ? zone->changes[block->count - 1].offset : zone->first;
        return true;
}

/* The line behind a block. An empty one: nobody knows what comes. */
static bool read_footer(struct jobs_zone *zone, const unsigned char *begin, const unsigned char *end)
{
        const unsigned char *newline = begin < end ? memchr(begin + 1, '\n', (size_t)(end - begin - 1)) : NULL;
        char text[128];

        if (!newline || begin[0] != '\n' || (size_t)(newline - begin) > sizeof text)
                return false;
        memcpy(text, begin + 1, (size_t)(newline - begin - 1));
        text[newline - begin - 1] = '\0';
        return !text[0] || zone_rule_parse(&zone->rule, text);
}

/* 0, -EINVAL or -ENOMEM. The first version of the format has 32 bits for a moment; from the second on such a block comes first, for
 * those that know no other. */
static int parse(struct jobs_zone **parsed, const unsigned char *begin, const unsigned char *end)
{
        struct jobs_zone *zone;
        struct block block;
        bool is_newer, is_good;

        if (!find_block(&block, begin, end, 4))
                return -EINVAL;
        is_newer = begin[4] >= '2';
        if (is_newer && !find_block(&block, block.end, end, 8))
                return -EINVAL;
        zone = memory_zalloc(sizeof *zone + block.count * sizeof *zone->changes);
        if (!zone)
                return -ENOMEM;
        is_good = read_changes(zone, &block) && (!is_newer || read_footer(zone, block.end, end));
        if (!is_good) {
                memory_free(zone);
                return -EINVAL;
        }
        *parsed = zone;
        return 0;
}

/* How many bytes the file has, or an error. */
static ssize_t read_file(const char *path, unsigned char *bytes)
{
        int fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
        size_t size = 0;
        ssize_t n;

        if (fd < 0)
                return fd;
        do {
                n = sys_read(fd, bytes + size, FILE_MOST - size);
                size += n > 0 ? (size_t)n : 0;
        } while (n > 0 && size < FILE_MOST);
        sys_close(fd);
        return n < 0 ? n : (ssize_t)size;
}

/* A store may be another one's, so a name must not lead out of the folder. */
static bool is_name(const char *name)
{
        size_t size = strlen(name);

        for (const char *c = name; *c; c++)
                if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/", *c))
                        return false;
        return size > 0 && size <= NAME_MOST && name[0] != '/' && name[size - 1] != '/';
}

static int read_zone(struct jobs_zone **zone, const char *name, const char *path)
{
        unsigned char *bytes = memory_alloc(FILE_MOST);
        ssize_t size = bytes ? read_file(path, bytes) : -ENOMEM;
        int rc = size < 0 ? (int)size : parse(zone, bytes, bytes + size);

        memory_free(bytes);
        if (size == -ENOENT || size == -ENOTDIR || size == -EISDIR)
                return eddy_fail(-EINVAL, "there is no time zone %s: %s is not there (package tzdata)", name,
                                 path);
        if (size < 0)
                return eddy_fail((int)size, "the time zone %s: %s cannot be read", name, path);
        return rc == -EINVAL ? eddy_fail(rc, "the time zone %s: %s is no file of a time zone", name, path) : rc;
}

int jobs_zone_open(struct jobs_zone **zone, const char *name)
{
        const char *folder = getenv("TZDIR");
        char path[512];

        *zone = NULL;
        if (strcmp(name, "UTC") == 0) {
                *zone = memory_zalloc(sizeof **zone);
                return *zone ? 0 : -ENOMEM;
        }
        if (!is_name(name))
                return eddy_fail(-EINVAL, "a time zone has a name such as Europe/Berlin");
        if ((size_t)snprintf(path, sizeof path, "%s/%s", folder && folder[0] ? folder : "/usr/share/zoneinfo",
                             name) >= sizeof path)
                return eddy_fail(-ENAMETOOLONG, "TZDIR is too long");
        return read_zone(zone, name, path);
}

int64_t jobs_zone_offset(const struct jobs_zone *zone, int64_t moment, int64_t *until)
{
        size_t low = 0, high = zone->count;

        while (low < high) { /* the first change after it */
                size_t middle = low + (high - low) / 2;
                if (zone->changes[middle].moment <= moment)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == zone->count)
                return zone_rule_offset(&zone->rule, moment, until);
        *until = zone->changes[low].moment;
        return low > 0 ? zone->changes[low - 1].offset : zone->first;
}

int64_t jobs_zone_moment(const struct jobs_zone *zone, int64_t local)
{
        int64_t begin = local - OFFSET_MOST - 1, until, moment;

        for (;; begin = until) {
                moment = local - jobs_zone_offset(zone, begin, &until);
                if (moment < until)
                        return moment > begin ? moment : begin;
        }
}
