/* A store of jobs in Redis, as the files of this folder share it. Each of its functions is one script, which Redis runs as one step. */
#ifndef JOBS_REDIS_STORE_H
#define JOBS_REDIS_STORE_H

#include "base/list.h"
#include "jobs/engine.h"

#include <eddy/redis.h>

enum script {
        SCRIPT_OPEN,
        SCRIPT_MIGRATE,
        SCRIPT_KEEP,
        SCRIPT_ENQUEUE,
        SCRIPT_TURN,
        SCRIPT_RENEW,
        SCRIPT_GET,
        SCRIPT_LIST,
        SCRIPT_LIST_FINISHED,
        SCRIPT_ACT,
        SCRIPT_FOLLOW,
        SCRIPT_SET_QUEUE,
        SCRIPT_QUEUES,
        SCRIPT_SWEEP,
        SCRIPT_CRONS,
        SCRIPT_SET_CRON,
        SCRIPT_REMOVE_CRON,
        SCRIPT_FIRE_CRON,
        SCRIPTS,
};

/* What scripts answer of a job. */
enum { CODE_OK, CODE_LOST, CODE_NONE, CODE_CANCELLING, CODE_STATE };

struct store {
        struct jobs_engine engine; /* first, so that an engine is a store */
        eddy_redis *redis;
        eddy_redis_options options; /* for connections; its URL is a copy */
        char *tag;                  /* what every key begins with: "{prefix}" */
        eddy_duration patience;
        void (*on_loss)(int error, const char *detail, eddy_duration delay, void *arg);
        void *on_loss_arg;
        char why[256];         /* why it was away last */
        bool has_quit;         /* the connection is lost because we asked for it */
        char sha[SCRIPTS][41]; /* of those that the server has; "" */
        char nonce[9];         /* with a turn's number: that turn and no other process's */
        uint64_t acts;         /* with the nonce: the token of what cannot be done twice */
        eddy_link workers;     /* the turns that they told last */
        /* Hints: hints.c. */
        eddy_lock hints_lock;
        eddy_redis_pubsub *pubsub; /* NULL: nobody has asked for any */
        eddy_task *listener;       /* reads it */
        bool listens;              /* to work and cancel */
        bool follows;
};

static inline struct store *store_of(struct jobs_engine *engine)
{
        return (struct store *)engine;
}

/* A script's call: its arguments are the caller's, and must live until it has been answered; numbers it has itself. */
struct call {
        struct store *store;
        enum script script;
        const char **argv;
        size_t *sizes;
        char *numbers; /* room for each argument as a number */
        size_t argc, room;
        size_t again;      /* the argument that becomes "1" where this is sent again; 0: none */
        redisReply *reply; /* after call_run() */
};

/** Begin a call that has `room` arguments at most: 0 or -ENOMEM, -EMSGSIZE. End it with call_end(). */
int call_begin(struct call *call, struct jobs_engine *engine, enum script script, size_t room);
void call_bytes(struct call *call, const void *data, size_t size);
void call_text(struct call *call, const char *text); /* NULL: "" */
void call_number(struct call *call, long long number);
void call_micros(struct call *call, eddy_duration duration);

/**
 * Have it run, and wait for its answer, in `call->reply`. A connection that was lost is waited for, and the script sent again.
 *
 * @param type  the reply's type, REDIS_REPLY_...
 * @return 0
 * @retval EDDY_EJOBSAWAY  not within the store's patience
 * @retval -ENOSPC         its memory is full
 * @retval EDDY_EJOBS      it refused
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT, -ENOMEM
 *
 * Suspends.
 */
EDDY_ASYNC int call_run(struct call *call, int type);
void call_end(struct call *call);

/** Keep what others enqueue and look with in a store of this format, for clients in other languages. Suspends. */
EDDY_ASYNC int keep_scripts(struct jobs_engine *engine, const char *format);

/** What a code comes to: 0 or an error. */
int code_error(long long code);

/** Microseconds, rounded up. */
static inline long long micros_of(eddy_duration duration)
{
        return duration / 1000 + (duration % 1000 > 0);
}

/** What an element of a reply has: no data where it is nil. */
static inline struct jobs_bytes bytes_of(const redisReply *reply)
{
        if (reply->type != REDIS_REPLY_STRING)
                return (struct jobs_bytes){0};
        return (struct jobs_bytes){reply->str, (size_t)reply->len};
}

/** An element as a number, be it one or a text; 0 where it is nil. */
long long number_of(const redisReply *reply);

/** Text of a job's options, "" where they are the default: "ATTEMPTS TIMEOUT BACKOFF MAX_BACKOFF YIELDS_KEY". */
struct job_options {
        int attempts;
        bool yields_key;
        eddy_duration timeout, backoff, max_backoff;
};

enum { OPTIONS_SIZE = 96 };
void options_write(char text[OPTIONS_SIZE], const struct job_options *options);

/* What is written for a job that is to be enqueued, until it has been sent. */
struct job_texts {
        char options[OPTIONS_SIZE], when[24];
};

/** Add a job's arguments, as enqueue.lua has them. */
enum { JOB_ARGUMENTS = 10 };
void call_job(struct call *call, const eddy_job_spec *spec, struct job_texts *texts);

/* The numbers of a record that are told, and its texts; record.lua has all. */
enum record_number {
        RECORD_STATE,
        RECORD_FLAGS,
        RECORD_FENCE,
        RECORD_ATTEMPT,
        RECORD_PLACE,
        RECORD_DUE,
        RECORD_CREATED,
        RECORD_BEGUN,
        RECORD_ENDED,
        RECORD_PAYLOAD_SIZE,
};
enum record_text {
        RECORD_QUEUE,
        RECORD_KEY,
        RECORD_UNIQUE,
        RECORD_KIND,
        RECORD_OPTIONS,
        RECORD_WORKER,
        RECORD_TEXTS
};
enum record_flag { RECORD_IS_CANCELLING = 32, RECORD_HAS_RESULT = 64 };

/** A job's record, which lies in the reply that it was read from. */
struct record {
        const unsigned char *head;
        struct jobs_bytes texts[RECORD_TEXTS]; /* no data where they are empty */
        struct jobs_bytes payload, result;     /* where they are short */
};

int record_read(const redisReply *reply, struct record *record); /* 0 or EDDY_EJOBS */
long long record_number(const struct record *record, enum record_number number);
bool record_has(const struct record *record, enum record_flag flag);
void record_options(const struct record *record, struct job_options *options);

/** `beside`: what lies beside the record where it is long, else nil. */
struct jobs_bytes record_payload(const struct record *record, const redisReply *beside);
struct jobs_bytes record_result(const struct record *record, const redisReply *beside);

/** That the store is of this other format: EDDY_EJOBSFORMAT. */
int fail_format(const char *format);

/** Add the token of what cannot be done twice, whether it comes again, and for how long it may; `token` must live as long as the call. */
enum { TOKEN_SIZE = 32 };
void call_once(struct call *call, char token[TOKEN_SIZE]);

/** That an answer is not as its script's: EDDY_EJOBS. */
int fail_strangely(void);

/* The engine's functions. */
int redis_jobs_enqueue(struct jobs_engine *engine, const eddy_job_spec *specs, size_t n, eddy_job_added *added);
int redis_jobs_turn(struct jobs_engine *engine, struct jobs_turn *turn);
int redis_jobs_renew(struct jobs_engine *engine, struct jobs_lease *leases, size_t n, eddy_duration lease);
int redis_jobs_get(struct jobs_engine *engine, const char *id, eddy_job_info **info);
int redis_jobs_list(struct jobs_engine *engine, const eddy_job_filter *filter, eddy_job_list *list);
int redis_jobs_list_finished(struct jobs_engine *engine, const char *queue, eddy_job_time since, size_t most,
                             eddy_job_list *list);
int redis_jobs_act(struct jobs_engine *engine, enum jobs_action action, const char *id);
int redis_jobs_set_queue(struct jobs_engine *engine, const char *queue, const struct jobs_queue_change *change);
int redis_jobs_queues(struct jobs_engine *engine, eddy_job_queue **queues, size_t *n);
int redis_jobs_sweep(struct jobs_engine *engine);
int redis_jobs_look_at_crons(struct jobs_engine *engine, struct jobs_cron_look *look);
int redis_jobs_set_cron(struct jobs_engine *engine, const struct jobs_cron *cron, bool keeps_next);
int redis_jobs_remove_cron(struct jobs_engine *engine, const char *name);
int redis_jobs_fire_cron(struct jobs_engine *engine, const struct jobs_cron_fire *fire);
int redis_jobs_listen(struct jobs_engine *engine);
int redis_jobs_follow(struct jobs_engine *engine, const char *id);

/** End what hints have running. Suspends. */
void hints_end(struct store *store);

#endif
