/* eddy jobs tail: which jobs it has told of, and how far. */
#include "jobs_tail.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a. */
uint64_t tail_digest(const char *text)
{
        uint64_t digest = 14695981039346656037u;

        for (; text && *text; text++)
                digest = (digest ^ (unsigned char)*text) * 1099511628211u;
        return digest;
}

struct tail_seen *tail_find(const struct tail_memory *memory, const char *id)
{
        struct tail_seen *seen = memory->buckets[tail_digest(id) % TAIL_BUCKETS];

        while (seen && strcmp(seen->id, id) != 0)
                seen = seen->next;
        return seen;
}

struct tail_seen *tail_remember(struct tail_memory *memory, const eddy_job_info *info)
{
        struct tail_seen **bucket = &memory->buckets[tail_digest(info->id) % TAIL_BUCKETS];
        size_t id_size = strlen(info->id) + 1, kind_size = strlen(info->kind) + 1;
        struct tail_seen *seen = calloc(1, sizeof *seen + id_size + kind_size + strlen(info->queue) + 1);

        if (!seen)
                return NULL;
        strcpy(seen->id, info->id);
        seen->kind = strcpy(seen->id + id_size, info->kind);
        seen->queue = strcpy(seen->id + id_size + kind_size, info->queue);
        seen->progress = -1;
        seen->note = tail_digest(NULL);
        seen->next = *bucket;
        *bucket = seen;
        return seen;
}

void tail_forget(struct tail_memory *memory, size_t since)
{
        for (size_t i = 0; i < TAIL_BUCKETS; i++)
                for (struct tail_seen **at = &memory->buckets[i]; *at;) {
                        struct tail_seen *seen = *at;
                        if (seen->look >= since) {
                                at = &seen->next;
                                continue;
                        }
                        *at = seen->next;
                        free(seen);
                }
}
