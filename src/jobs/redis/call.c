/* Scripts: how they are sent, and sent again where a connection was lost. */
#include "jobs/redis/store.h"

#include "base/memory.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "act.lua.h"
#include "crons.lua.h"
#include "enqueue.lua.h"
#include "fire_cron.lua.h"
#include "follow.lua.h"
#include "get.lua.h"
#include "keep.lua.h"
#include "list.lua.h"
#include "list_finished.lua.h"
#include "migrate.lua.h"
#include "open.lua.h"
#include "queues.lua.h"
#include "remove_cron.lua.h"
#include "renew.lua.h"
#include "set_cron.lua.h"
#include "set_queue.lua.h"
#include "sweep.lua.h"
#include "turn.lua.h"

enum {
        BEFORE = 4,     /* EVALSHA, SHA, "1", tag */
        MOST = 1000000, /* arguments that Redis takes, and a little less */
        NUMBER_SIZE = 24,
        ELSEWHERE = 1,
};

static const char *const scripts[SCRIPTS] = {
    [SCRIPT_OPEN] = open_lua,
    [SCRIPT_MIGRATE] = migrate_lua,
    [SCRIPT_KEEP] = keep_lua,
    [SCRIPT_ENQUEUE] = enqueue_lua,
    [SCRIPT_TURN] = turn_lua,
    [SCRIPT_RENEW] = renew_lua,
    [SCRIPT_GET] = get_lua,
    [SCRIPT_LIST] = list_lua,
    [SCRIPT_LIST_FINISHED] = list_finished_lua,
    [SCRIPT_ACT] = act_lua,
    [SCRIPT_FOLLOW] = follow_lua,
    [SCRIPT_SET_QUEUE] = set_queue_lua,
    [SCRIPT_QUEUES] = queues_lua,
    [SCRIPT_SWEEP] = sweep_lua,
    [SCRIPT_CRONS] = crons_lua,
    [SCRIPT_SET_CRON] = set_cron_lua,
    [SCRIPT_REMOVE_CRON] = remove_cron_lua,
    [SCRIPT_FIRE_CRON] = fire_cron_lua,
};

int call_begin(struct call *call, struct jobs_engine *engine, enum script script, size_t room)
{
        room += BEFORE;
        *call = (struct call){.store = store_of(engine), .script = script, .room = room, .argc = BEFORE};
        if (room > MOST)
                return eddy_fail(-EMSGSIZE, "more than Redis takes in one command");
        call->argv = memory_alloc(room * (sizeof *call->argv + sizeof *call->sizes + NUMBER_SIZE));
        if (!call->argv)
                return -ENOMEM;
        call->sizes = (size_t *)(call->argv + room);
        call->numbers = (char *)(call->sizes + room);
        return 0;
}

void call_bytes(struct call *call, const void *data, size_t size)
{
        assert(call->argc < call->room);
        call->argv[call->argc] = data;
        call->sizes[call->argc++] = size;
}

void call_text(struct call *call, const char *text)
{
        call_bytes(call, text ? text : "", text ? strlen(text) : 0);
}

void call_number(struct call *call, long long number)
{
        char *place = call->numbers + call->argc * NUMBER_SIZE;

        call_bytes(call, place, (size_t)snprintf(place, NUMBER_SIZE, "%lld", number));
}

void call_micros(struct call *call, eddy_duration duration)
{
        call_number(call, micros_of(duration));
}

void call_once(struct call *call, char token[TOKEN_SIZE])
{
        struct store *store = call->store;
        const eddy_duration longest = eddy_seconds(86400);
        eddy_duration patience = store->patience < longest ? store->patience : longest;

        snprintf(token, TOKEN_SIZE, "%s%llu", store->nonce, (unsigned long long)++store->acts);
        call_text(call, token);
        call->again = call->argc;
        call_text(call, "0");
        call_number(call, (patience + eddy_seconds(60)) / 1000000);
}

void call_end(struct call *call)
{
        if (call->reply)
                freeReplyObject(call->reply);
        memory_free(call->argv);
}

/* What the server may answer instead. A script's errors come with its name before or behind them. */
static const struct refusal {
        const char *code, *words;
        int error; /* 0: it passes, and the script is sent again; ELSEWHERE: to whoever has the server's name by now */
} refusals[] = {
    {"NOSCRIPT", NULL, 0},
    {"LOADING", "it loads its data", 0},
    {"BUSY ", "it runs another script", 0},
    {"READONLY", "it is a replica, which takes no writes", ELSEWHERE},
    {"MASTERDOWN", "it is a replica that has lost its master", ELSEWHERE},
    {"NOREPLICAS", "it has fewer replicas than it demands for writes", 0},
    {"CLUSTERDOWN", "its cluster is down", 0},
    {"TRYAGAIN", "its cluster moves the keys", 0},
    {"OOM ", "its memory is full (maxmemory)", -ENOSPC},
    {"MISCONF", "it cannot write its data to disk, and takes no more until it can", 0},
    {"MOVED", "it is one of a cluster, and the jobs' keys are another one's: name that one", EDDY_EJOBS},
    {"ASK ", "it is one of a cluster, and the jobs' keys move to another one", EDDY_EJOBS},
    {"NOPERM", "this user may not do it", EDDY_EJOBS},
    {"ERR unknown command", "it runs no scripts: it is a Sentinel, or something else than Redis", EDDY_EJOBS},
    {"WRONGTYPE", "keys with the prefix are not of a store of jobs", EDDY_EJOBS},
};

static const struct refusal *find_refusal(const char *answer)
{
        for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
                const char *code = refusals[i].code, *found = strstr(answer, code);
                /* At its begin, or as Redis 6 has it behind "@user_script: 5: -". */
                if (found && (found == answer || found[-1] == '-' || found[-1] == ' '))
                        return &refusals[i];
        }
        return NULL;
}

/* 0: it passes. */
static int judge_refusal(struct call *call)
{
        const char *detail = eddy_error_detail();
        char answer[256];
        const struct refusal *refusal;

        snprintf(answer, sizeof answer, "%s", detail ? detail : "");
        if (strncmp(answer, "JOBSFORMAT ", 11) == 0)
                return fail_format(answer + 11);
        refusal = find_refusal(answer);
        if (!refusal)
                return eddy_fail(EDDY_EJOBS, "Redis refused: %s", answer);
        if (refusal->error < 0)
                return eddy_fail(refusal->error, "Redis refused: %s: %s", refusal->words, answer);
        if (refusal->words)
                snprintf(call->store->why, sizeof call->store->why, "%s", refusal->words);
        else
                call->store->sha[call->script][0] = '\0';
        if (refusal->error == ELSEWHERE) { /* the server closes the connection then, and another one is made */
                call->store->has_quit = true;
                eddy_redis_command(call->store->redis, NULL, "QUIT");
        }
        return eddy_interrupted();
}

static int load_script(struct call *call)
{
        redisReply *reply;
        int rc = eddy_redis_command(call->store->redis, &reply, "SCRIPT LOAD %s", scripts[call->script]);

        if (rc < 0)
                return rc;
        snprintf(call->store->sha[call->script], sizeof call->store->sha[0], "%s",
                 reply->type == REDIS_REPLY_STRING ? reply->str : "");
        freeReplyObject(reply);
        return 0;
}

static int send_once(struct call *call)
{
        struct store *store = call->store;
        char *sha = store->sha[call->script];
        int rc = sha[0] ? 0 : load_script(call);

        if (rc < 0)
                return rc;
        call->argv[0] = "EVALSHA";
        call->sizes[0] = strlen("EVALSHA");
        call->argv[1] = sha;
        call->sizes[1] = strlen(sha);
        call->argv[2] = "1";
        call->sizes[2] = 1;
        call->argv[3] = store->tag;
        call->sizes[3] = strlen(store->tag);
        return eddy_redis_command_argv(store->redis, &call->reply, (int)call->argc, call->argv, call->sizes);
}

static int send_until_answered(struct call *call)
{
        eddy_duration pause = eddy_ms(5);
        int rc;

        for (;;) {
                rc = send_once(call);
                if (rc == EDDY_EREDIS) {
                        bool was_loaded = call->store->sha[call->script][0];
                        rc = judge_refusal(call);
                        if (rc == 0 && was_loaded && !call->store->sha[call->script][0])
                                continue; /* it has forgotten the script */
                        if (rc == 0)
                                rc = eddy_sleep(pause);
                        pause = pause < eddy_ms(500) ? 2 * pause : pause;
                } else if (rc == -ECONNRESET) {
                        rc = 0;
                } else {
                        return rc;
                }
                if (rc < 0)
                        return rc;
                if (call->again)
                        call->argv[call->again] = "1";
        }
}

int call_run(struct call *call, int type)
{
        struct store *store = call->store;
        int rc;

        EDDY_TIMEOUT_SCOPE(store->patience)
                rc = send_until_answered(call);
        if (rc == EDDY_TIMEOUT && eddy_interrupted() == 0)
                return eddy_fail(EDDY_EJOBSAWAY, "Redis was away for %.3g s%s%s", (double)store->patience / 1e9,
                                 store->why[0] ? ": " : "", store->why);
        if (rc == 0 && call->reply->type != type)
                return fail_strangely();
        return rc;
}

int keep_scripts(struct jobs_engine *engine, const char *format)
{
        static const struct {
                const char *name;
                enum script script;
        } kept[] = {{"enqueue", SCRIPT_ENQUEUE}, {"follow", SCRIPT_FOLLOW}, {"get", SCRIPT_GET}};
        const size_t n = sizeof kept / sizeof *kept;
        struct call call;
        int rc = call_begin(&call, engine, SCRIPT_KEEP, 1 + 2 * n);

        if (rc == 0) {
                call_text(&call, format);
                for (size_t i = 0; i < n; i++) {
                        call_text(&call, kept[i].name);
                        call_text(&call, scripts[kept[i].script]);
                }
                rc = call_run(&call, REDIS_REPLY_INTEGER);
        }
        call_end(&call);
        return rc;
}

int fail_strangely(void)
{
        return eddy_fail(EDDY_EJOBS, "Redis answered what no script of jobs answers");
}

int code_error(long long code)
{
        static const int errors[] = {
            [CODE_OK] = 0,
            [CODE_LOST] = EDDY_EJOBLOST,
            [CODE_NONE] = EDDY_ENOJOB,
            [CODE_CANCELLING] = EDDY_CANCELLED,
            [CODE_STATE] = EDDY_EJOBSTATE,
        };

        return code >= 0 && code <= CODE_STATE ? errors[code] : fail_strangely();
}

long long number_of(const redisReply *reply)
{
        if (reply->type == REDIS_REPLY_INTEGER)
                return reply->integer;
        return reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10) : 0;
}
