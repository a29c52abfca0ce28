/* Jobs as one block of memory each. Part of every engine's library. */
#include "base/memory.h"
#include "jobs/engine.h"

static const char *const state_names[EDDY_JOB_STATES] = {
    [EDDY_JOB_SCHEDULED] = "scheduled", [EDDY_JOB_HELD] = "held", [EDDY_JOB_READY] = "ready",
    [EDDY_JOB_RUNNING] = "running",     [EDDY_JOB_DONE] = "done", [EDDY_JOB_DEAD] = "dead",
    [EDDY_JOB_CANCELLED] = "cancelled",
};

const char *eddy_job_state_name(eddy_job_state state)
{
        return (unsigned)state < EDDY_JOB_STATES ? state_names[state] : "unknown";
}

bool eddy_job_state_is_finished(eddy_job_state state)
{
        return state == EDDY_JOB_DONE || state == EDDY_JOB_DEAD || state == EDDY_JOB_CANCELLED;
}

static size_t measure(const struct jobs_bytes *texts, size_t n)
{
        size_t size = 0;

        for (size_t i = 0; i < n; i++)
                size += texts[i].data ? texts[i].size + 1 : 0;
        return size;
}

/* Copy, with a NUL behind; `place` moves on. */
static char *lay_out(char **place, struct jobs_bytes bytes)
{
        char *begin = *place;

        if (!bytes.data)
                return NULL;
        memcpy(begin, bytes.data, bytes.size);
        begin[bytes.size] = '\0';
        *place += bytes.size + 1;
        return begin;
}

eddy_job_info *jobs_info_create(const eddy_job_info *numbers, const struct jobs_bytes texts[8],
                                struct jobs_bytes payload, struct jobs_bytes result)
{
        const char *laid[8];
        eddy_job_info *info =
            memory_alloc(sizeof *info + measure(texts, 8) + measure(&payload, 1) + measure(&result, 1) + 1);
        char *place = (char *)(info + 1);

        if (!info)
                return NULL;
        *info = *numbers;
        for (size_t i = 0; i < 8; i++)
                laid[i] = lay_out(&place, texts[i]);
        info->id = laid[JOBS_ID];
        info->kind = laid[JOBS_KIND];
        info->queue = laid[JOBS_QUEUE];
        info->key = laid[JOBS_KEY];
        info->unique = laid[JOBS_UNIQUE];
        info->worker = laid[JOBS_WORKER];
        info->note = laid[JOBS_NOTE];
        info->history = laid[JOBS_HISTORY] ? laid[JOBS_HISTORY] : "";
        info->payload = lay_out(&place, payload);
        info->payload_size = payload.size;
        info->result = lay_out(&place, result);
        info->result_size = result.data ? result.size : 0;
        return info;
}

struct jobs_taken *jobs_taken_create(const struct jobs_taken *numbers, const struct jobs_bytes texts[4],
                                     struct jobs_bytes payload)
{
        struct jobs_taken *taken = memory_alloc(sizeof *taken + measure(texts, 4) + measure(&payload, 1));
        char *place = (char *)(taken + 1);

        if (!taken)
                return NULL;
        *taken = *numbers;
        taken->id = lay_out(&place, texts[JOBS_ID]);
        taken->kind = lay_out(&place, texts[JOBS_KIND]);
        taken->queue = lay_out(&place, texts[JOBS_QUEUE]);
        taken->key = lay_out(&place, texts[JOBS_KEY]);
        taken->payload = lay_out(&place, payload);
        taken->payload_size = payload.size;
        return taken;
}

int jobs_list_add(eddy_job_list *list, size_t *room, eddy_job_info *info)
{
        eddy_job_info **more;

        if (!info)
                return -ENOMEM;
        if (list->count == *room) {
                *room = *room ? 2 * *room : 16;
                more = memory_realloc(list->jobs, *room * sizeof *more);
                if (!more) {
                        memory_free(info);
                        return -ENOMEM;
                }
                list->jobs = more;
        }
        list->jobs[list->count++] = info;
        return 0;
}

int jobs_cron_add(struct jobs_cron_look *look, const struct jobs_cron *numbers, struct jobs_bytes name,
                  struct jobs_bytes definition)
{
        struct jobs_cron *cron = memory_alloc(sizeof *cron + name.size + definition.size + 2), **more;
        char *place = (char *)(cron + 1);

        if (!cron)
                return -ENOMEM;
        if (look->count == look->room) {
                size_t room = look->room ? 2 * look->room : 16;
                more = memory_realloc(look->crons, room * sizeof *more);
                if (!more) {
                        memory_free(cron);
                        return -ENOMEM;
                }
                look->crons = more;
                look->room = room;
        }
        *cron = *numbers;
        cron->name = lay_out(&place, name);
        cron->definition = (struct jobs_bytes){lay_out(&place, definition), definition.size};
        look->crons[look->count++] = cron;
        return 0;
}
