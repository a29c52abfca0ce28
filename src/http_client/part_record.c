/* A file with holes has a map of them. It is written after the bytes that it tells of, so that after a kill it calls nothing
 * present that is not. A machine that stops can lose bytes whose map it keeps: the map of one that ran before counts only
 * where the bytes were known to be on the disk. */
#include "http_client/part_record.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include <eddy/time.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "ORIGIN TOTAL MAP VALIDATOR": 16 hexadecimal digits, a decimal number, "-" for a file without holes, else the boot (0:
 * synced) and the gaps as "BOOT:0-100,200-300", and text to the end. */
#define ATTRIBUTE "user.eddy.origin"

enum {
        VALIDATOR_MAX = 512, /* bytes; no honest ETag is longer */
        MAP_MAX = 17 + GAPS_MAX * 40,
        ATTRIBUTE_MAX = VALIDATOR_MAX + MAP_MAX + 64,
};

/* Tells this run of the machine from others; 0: nothing does. */
static uint64_t current_boot(void)
{
        char text[64];
        int fd = sys_open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC, 0);
        ssize_t n;

        if (fd < 0)
                return 0;
        n = sys_pread(fd, text, sizeof text - 1, 0);
        sys_close(fd);
        if (n <= 0)
                return 0;
        text[n] = '\0';
        return part_origin(text);
}

/* False: there is no map to be believed later. */
static bool write_map(const struct part *part, bool is_synced, char map[MAP_MAX])
{
        uint64_t boot;
        struct gaps gaps = part->gaps;
        const struct gap *gap = gaps_from(&gaps, 0);
        int n;

        if (!part->is_mapped) {
                strcpy(map, "-");
                return true;
        }
        boot = is_synced ? 0 : current_boot();
        if (boot == 0 && !is_synced)
                return false;
        n = snprintf(map, MAP_MAX, "%016" PRIx64 ":", boot);
        for (; gap; gap = gaps_from(&gaps, gap->end))
                n += snprintf(map + n, (size_t)(MAP_MAX - n), "%" PRId64 "-%" PRId64 ",", gap->next, gap->end);
        return true;
}

void part_record_remove(struct part *part)
{
        if (part->is_recorded)
                sys_fremovexattr(part->fd, ATTRIBUTE);
        part->is_recorded = false;
}

void part_record(struct part *part, bool is_synced)
{
        char text[ATTRIBUTE_MAX], map[MAP_MAX];
        bool is_possible =
            part->validator && strlen(part->validator) <= VALIDATOR_MAX && write_map(part, is_synced, map);

        part->recorded_size = part->size;
        part->recorded_at = eddy_now();
        if (is_possible)
                snprintf(text, sizeof text, "%016" PRIx64 " %" PRId64 " %s %s", part->origin, part->total, map,
                         part->validator);
        /* An old record of new bytes would be worse than none. */
        if (is_possible && sys_fsetxattr(part->fd, ATTRIBUTE, text, strlen(text)) == 0)
                part->is_recorded = true;
        else
                part_record_remove(part);
}

/* Take a gap of the map; where it ends, or NULL. They are in order, do not touch, and what is between them lies in the
 * file. */
static const char *read_gap(struct gaps *gaps, const char *at, int64_t *reach, int64_t total, int64_t size)
{
        char *end;
        int64_t next = strtoll(at, &end, 10), stop;

        if (end == at || *end != '-' || next < *reach || (next > *reach && next > size))
                return NULL;
        at = end + 1;
        stop = strtoll(at, &end, 10);
        if (end == at || *end != ',' || stop <= next || stop > total || !gaps_add(gaps, next, stop))
                return NULL;
        *reach = stop;
        return end + 1;
}

/* Where the map ends, or NULL where it is none that is to be believed. */
static const char *read_map(struct part *part, const char *at, int64_t size)
{
        uint64_t boot, now = current_boot();
        int64_t reach = 0, missing = 0;
        struct gaps gaps = {0};
        char *end;

        boot = strtoull(at, &end, 16);
        if (end == at || *end != ':' || part->total < 0 || (boot != 0 && boot != now))
                return NULL;
        for (at = end + 1; at && *at != ' ';)
                at = read_gap(&gaps, at, &reach, part->total, size);
        if (!at || size > part->total || (reach < part->total && size < part->total))
                return NULL;
        for (unsigned i = 0; i < GAPS_MAX; i++)
                missing += gaps.slots[i].end - gaps.slots[i].next;
        part->gaps = gaps;
        part->size = part->total - missing;
        part->is_mapped = true;
        return at;
}

static const char *read_plain(struct part *part, const char *at, int64_t size)
{
        if (part->total >= 0 && size > part->total)
                return NULL;
        part->size = size;
        gaps_reset(&part->gaps, size, part->total >= 0 ? part->total : INT64_MAX);
        return at + 1;
}

static bool is_one_of(uint64_t origin, const char *const *urls)
{
        for (; *urls; urls++)
                if (part_origin(*urls) == origin)
                        return true;
        return false;
}

int part_recall(struct part *part, int64_t size, const char *const *urls)
{
        char text[ATTRIBUTE_MAX], *end;
        ssize_t n = size > 0 ? sys_fgetxattr(part->fd, ATTRIBUTE, text, sizeof text - 1) : 0;
        struct part found = *part;
        const char *at;

        if (n <= 0)
                return 0;
        text[n] = '\0';
        part->is_recorded = found.is_recorded = true;
        found.origin = strtoull(text, &end, 16);
        if (*end != ' ' || !is_one_of(found.origin, urls))
                return 0;
        part->is_ours = found.is_ours = true;
        found.total = strtoll(end, &end, 10);
        if (*end != ' ')
                return 0;
        at = end[1] == '-' ? read_plain(&found, end + 1, size) : read_map(&found, end + 1, size);
        if (!at || *at != ' ' || at[1] == '\0')
                return 0;
        found.validator = memory_strdup(at + 1);
        if (!found.validator)
                return -ENOMEM;
        *part = found;
        return 0;
}
