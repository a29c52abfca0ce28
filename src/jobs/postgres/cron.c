/* Schedules: cron.sql. */
#include "jobs/postgres/store.h"

enum { NOW, SOONEST, NAME, DEFINITION, DIGEST, NEXT, LAST };

static int read_crons(const PGresult *result, struct jobs_cron_look *look)
{
        int rc = 0;

        look->now = result_int(result, 0, NOW);
        look->soonest = result_int(result, 0, SOONEST);
        for (int row = 0; rc == 0 && row < PQntuples(result) && !PQgetisnull(result, row, NAME); row++) {
                const struct jobs_cron numbers = {
                    .digest = result_int(result, row, DIGEST),
                    .next = result_int(result, row, NEXT),
                    .last = result_int(result, row, LAST),
                };
                rc = jobs_cron_add(look, &numbers, result_bytes(result, row, NAME),
                                   result_bytes(result, row, DEFINITION));
        }
        return rc;
}

int pgjobs_look_at_crons(struct jobs_engine *engine, struct jobs_cron_look *look)
{
        struct args args = {0};
        PGresult *result;
        int rc;

        args_text(&args, look->name);
        args_bool(&args, look->only_due);
        rc = pgjobs_call((struct store *)engine, &result, "look_at_crons", &args);
        if (rc < 0)
                return rc;
        rc = read_crons(result, look);
        PQclear(result);
        return rc;
}

int pgjobs_set_cron(struct jobs_engine *engine, const struct jobs_cron *cron, bool keeps_next)
{
        struct args args = {0};
        int64_t number;

        args_text(&args, cron->name);
        args_bytes(&args, cron->definition.data, cron->definition.size);
        args_int(&args, cron->digest);
        args_int(&args, cron->next);
        args_bool(&args, keeps_next);
        return pgjobs_ask((struct store *)engine, &number, "set_cron", &args);
}

int pgjobs_remove_cron(struct jobs_engine *engine, const char *name)
{
        struct args args = {0};
        int64_t number, token;
        int rc = pgjobs_token(&token);

        if (rc < 0)
                return rc;
        args_text(&args, name);
        args_int(&args, token);
        rc = pgjobs_ask((struct store *)engine, &number, "remove_cron", &args);
        if (rc < 0 || number == 0)
                return rc;
        return eddy_fail(EDDY_ENOJOB, "there is no schedule %s", name);
}

int pgjobs_fire_cron(struct jobs_engine *engine, const struct jobs_cron_fire *fire)
{
        struct args args = {0};
        int64_t number = 0;
        int rc;

        args_text(&args, fire->name);
        args_int(&args, fire->digest);
        args_int(&args, fire->next);
        args_int(&args, fire->later);
        args_int(&args, fire->last);
        pgjobs_describe(&args, fire->job, fire->job ? 1 : 0, false);
        rc = pgjobs_ask((struct store *)engine, &number, "fire_cron", &args);
        return rc < 0 ? rc : (int)number;
}
