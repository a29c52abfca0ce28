/* Schedules as a program sets and sees them. */
#include "jobs/cron.h"
#include "jobs/cron_expression.h"
#include "jobs/jobs.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* What is to be set. */
struct setting {
        eddy_jobs *jobs;
        const eddy_job_cron *cron;
        const struct jobs_cron_expression *expression;
        const struct jobs_zone *zone;
};

static const char *zone_of(const char *name)
{
        return name ? name : "UTC";
}

void jobs_cron_look_free(struct jobs_cron_look *look)
{
        for (size_t i = 0; i < look->count; i++)
                memory_free(look->crons[i]);
        memory_free(look->crons);
        look->crons = NULL;
        look->count = look->room = 0;
}

/* Whether a schedule comes when that which is there does: then what is due already stays so. */
static bool comes_as(const eddy_job_cron *cron, const struct jobs_cron *stored, bool *is_same)
{
        eddy_job_cron *other = jobs_cron_read(stored);

        if (!other)
                return false;
        *is_same =
            strcmp(cron->expression, other->expression) == 0 && strcmp(cron->zone, zone_of(other->zone)) == 0;
        memory_free(other);
        return true;
}

/* With `next` as of the store's clock, where nothing of this very definition is there. */
static int set_definition(const struct setting *setting, const eddy_job_cron *cron, struct jobs_cron *stored)
{
        struct jobs_engine *engine = setting->jobs->engine;
        struct jobs_cron_look look = {.name = cron->name};
        int rc = engine->type->look_at_crons(engine, &look);
        bool is_there = rc == 0 && look.count == 1, keeps_next = false;

        if (is_there && look.crons[0]->digest == stored->digest)
                goto free_look;
        if (is_there && !comes_as(cron, look.crons[0], &keeps_next))
                rc = -ENOMEM;
        if (rc < 0)
                goto free_look;
        stored->next = jobs_cron_next(setting->expression, setting->zone, look.now);
        rc = stored->next ? engine->type->set_cron(engine, stored, keeps_next)
                          : eddy_fail(-EINVAL, "a schedule of '%s' never comes", cron->expression);
free_look:
        jobs_cron_look_free(&look);
        return rc;
}

/* As jobs_enqueue_checked() calls it. */
static int set_checked(void *arg, const eddy_job_spec *specs, size_t n, eddy_job_added *added)
{
        const struct setting *setting = arg;
        eddy_job_cron cron = *setting->cron;
        struct jobs_cron stored = {.name = cron.name};
        int rc;

        (void)n, (void)added;
        cron.spec = specs[0];
        cron.zone = zone_of(cron.zone);
        rc = jobs_cron_write(&cron, &stored.definition, &stored.digest);
        if (rc < 0)
                return rc;
        rc = set_definition(setting, &cron, &stored);
        memory_free((void *)(uintptr_t)stored.definition.data);
        return rc;
}

static int check(const eddy_job_cron *cron)
{
        if (!cron->name || !cron->expression)
                return eddy_fail(-EINVAL, "a schedule needs a name and an expression");
        if ((unsigned)cron->missed > EDDY_JOB_MISSED_ALL)
                return eddy_fail(-EINVAL, "there is no such way with missed times");
        if (cron->spec.id || cron->spec.delay || cron->spec.at)
                return eddy_fail(-EINVAL, "a schedule's jobs have no id, delay or moment of their own");
        return jobs_check_name(cron->name, "a schedule's name");
}

int eddy_jobs_set_cron(eddy_jobs *jobs, const eddy_job_cron *cron)
{
        struct jobs_cron_expression expression;
        struct setting setting = {.jobs = jobs, .cron = cron, .expression = &expression};
        struct jobs_zone *zone = NULL;
        int rc = jobs_enter(jobs);

        if (rc == 0)
                rc = check(cron);
        if (rc == 0)
                rc = jobs_cron_parse(&expression, cron->expression);
        if (rc == 0)
                rc = jobs_zone_open(&zone, zone_of(cron->zone));
        if (rc < 0)
                return rc;
        setting.zone = zone;
        rc = jobs_enqueue_checked(&cron->spec, 1, NULL, set_checked, &setting);
        memory_free(zone);
        return rc;
}

int eddy_jobs_remove_cron(eddy_jobs *jobs, const char *name)
{
        int rc = jobs_enter(jobs);

        if (rc == 0)
                rc = jobs_check_name(name, "a schedule's name");
        return rc < 0 ? rc : jobs->engine->type->remove_cron(jobs->engine, name);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp((*(eddy_job_cron *const *)a)->name, (*(eddy_job_cron *const *)b)->name);
}

/* Schedules as a store keeps them become those of a list. */
static int read_all(const struct jobs_cron_look *look, eddy_job_cron_list *list)
{
        list->crons = memory_zalloc((look->count + 1) * sizeof *list->crons);
        if (!list->crons)
                return -ENOMEM;
        for (; list->count < look->count; list->count++) {
                list->crons[list->count] = jobs_cron_read(look->crons[list->count]);
                if (!list->crons[list->count])
                        return -ENOMEM;
        }
        qsort(list->crons, list->count, sizeof *list->crons, compare_names);
        return 0;
}

int eddy_jobs_crons(eddy_jobs *jobs, eddy_job_cron_list *list)
{
        struct jobs_cron_look look = {.name = NULL};
        int rc = jobs_enter(jobs);

        *list = (eddy_job_cron_list){0};
        if (rc < 0)
                return rc;
        rc = jobs->engine->type->look_at_crons(jobs->engine, &look);
        if (rc == 0)
                rc = read_all(&look, list);
        jobs_cron_look_free(&look);
        return rc;
}

void eddy_job_cron_list_free(eddy_job_cron_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                memory_free(list->crons[i]);
        memory_free(list->crons);
        *list = (eddy_job_cron_list){0};
}

int eddy_job_cron_next(const char *expression, const char *zone_name, eddy_job_time after, eddy_job_time *next)
{
        struct jobs_cron_expression parsed;
        struct jobs_zone *zone;
        int rc = jobs_cron_parse(&parsed, expression);

        *next = 0;
        if (rc == 0)
                rc = jobs_zone_open(&zone, zone_of(zone_name));
        if (rc < 0)
                return rc;
        *next = jobs_cron_next(&parsed, zone, after);
        memory_free(zone);
        return *next ? 0 : -ERANGE;
}
