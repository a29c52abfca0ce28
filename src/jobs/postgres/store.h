/* An open store in PostgreSQL, as its parts share it. */
#ifndef JOBS_POSTGRES_STORE_H
#define JOBS_POSTGRES_STORE_H

#include "base/list.h"
#include "jobs/engine.h"
#include "jobs/postgres/args.h"

/* The format of what schema.sql makes. Each call of a function has it as the last argument. */
enum { STORE_FORMAT = 2 };

/* Of how many connections its pool is. */
enum { STORE_CONNECTIONS = 4 };

/* A connection of the pool, and which statements its session has prepared: a bit for each of prepared.c. */
struct store_session {
        const eddy_postgres *pg; /* only compared: it may be no more */
        unsigned prepared;
};

struct store {
        struct jobs_engine engine; /* first, so that an engine is a store */
        eddy_loop *loop;
        eddy_postgres_pool *pool;
        char *conninfo;
        const char *schema; /* its name, behind which it lies in the block */
        bool prepares;      /* there is no pooler between: sessions are its own */
        struct store_session sessions[STORE_CONNECTIONS];
        unsigned next_session; /* which is the next to give its place */
        bool isolates; /* transactions are not READ COMMITTED by themselves, as the functions need them */

        /* While the server is away all who call wait for the same moment. */
        eddy_duration patience;
        eddy_duration delay; /* 0: it is not away */
        eddy_time back_at;
        eddy_handle loss_handle; /* tells `on_loss`, outside any task */
        void (*on_loss)(int error, const char *detail, eddy_duration delay, void *arg);
        void *loss_arg;
        int loss;
        char loss_detail[256];

        /* A worker that has as much as it wants need not look for what is due each time: before this moment nothing is, as far as
         * this store knows. */
        eddy_time look_at;
        bool was_full;

        eddy_task *tidier; /* the last one that removed dead rows, or NULL */
        eddy_time tidy_at; /* not before */
        size_t steps;      /* jobs that were enqueued or settled since then */

        eddy_link turns; /* of workers: jobs_again_note() */

        /* Its own connection, which hears of notifications. */
        eddy_task *listener;   /* NULL: nobody wants to know */
        eddy_event has_tried;  /* the first attempt to listen is over */
        bool is_listening;     /* as far as is known the store will tell */
        eddy_link hints;       /* what it said, until the loop tells it */
        bool has_missed_hints; /* there was no memory for one */
        eddy_handle hint_handle;
};

/* query.c */

/** Run a statement, whose result comes in the binary format; "@" in it stands for the schema. `args` are freed. However the server
 * goes away and comes back meanwhile. 0, or an error as of an engine's functions. */
int pgjobs_query(struct store *store, PGresult **result, const char *sql, struct args *args);

/** Call a function of the schema: SELECT * FROM it. STORE_FORMAT is added to its arguments. */
int pgjobs_call(struct store *store, PGresult **result, const char *function, struct args *args);

/** Call one once, on somebody's connection and in whatever transaction that is in. */
int pgjobs_call_on(struct store *store, eddy_postgres *pg, PGresult **result, const char *function,
                   struct args *args);

/** Call one that gives one number. */
int pgjobs_ask(struct store *store, int64_t *number, const char *function, struct args *args);

/** A text with the schema's name in the places of "@" (as SQL writes it) and "@@" (itself); memory_free() it. NULL: no memory. */
char *pgjobs_fill_in(const char *sql, const char *schema);

/** A number that nobody else has, not 0: see answered in schema.sql. */
int pgjobs_token(int64_t *token);

/** Have libpq say nothing on the standard error by itself. */
void pgjobs_silence(eddy_postgres *pg);

/** The server is away, since `rc`: tell who wants to know, and wait. 0, or the caller was interrupted. */
int pgjobs_wait(struct store *store, int rc);

/* prepared.c */

/* A statement that is to be run. */
struct store_call {
        const char *function; /* of the schema, which it calls; NULL: it is another one */
        const char *sql;      /* filled in */
        const eddy_postgres_params *params;
        char *
            again; /* of the parameters, the byte that becomes 1 once it may have been done; NULL: there is none */
};

/** Run it once. */
int pgjobs_run(struct store *store, eddy_postgres *pg, PGresult **result, const struct store_call *call);

/* error.c */

enum { STORE_AGAIN = 1, STORE_AWAY = 2 };

/** What a failure of libeddy-postgres means: STORE_AGAIN: another one was first; STORE_AWAY: later it may work; or an error for good. `sqlstate`
 * may be "". */
int pgjobs_judge(int rc, const char *sqlstate);

/** What it is to a store's user. */
int pgjobs_error(int rc, const char *sqlstate);

/** Whether it may be that the store is of another format by now. */
bool pgjobs_may_be_another_format(int rc, const char *sqlstate);

/** The same as pgjobs_error(), where this connection may be asked about that. */
int pgjobs_explain(struct store *store, eddy_postgres *pg, int rc, const char *sqlstate);

/* schema.c */

/** Make the schema where there is none, and check its format, or bring it up to this one. */
int pgjobs_prepare(struct store *store, bool must_exist, bool migrates);

/** 0, or EDDY_EJOBSFORMAT with a detail, or what keeps one from looking. */
int pgjobs_check_format(eddy_postgres *pg, const char *schema);

/* listen.c */

int pgjobs_listen(struct jobs_engine *engine);
int pgjobs_follow(struct jobs_engine *engine, const char *id);
/** In a shield. */
void pgjobs_stop_listening(struct store *store);

/* tidy.c */

/** So many jobs were enqueued or settled: remove what is dead where that is worth it. Does not suspend. */
void pgjobs_tidy(struct store *store, size_t steps);
/** In a shield. */
void pgjobs_stop_tidying(struct store *store);

/* The others of the engine's functions. */
int pgjobs_enqueue(struct jobs_engine *engine, const eddy_job_spec *specs, size_t n, eddy_job_added *added);
int pgjobs_turn(struct jobs_engine *engine, struct jobs_turn *turn);
int pgjobs_renew(struct jobs_engine *engine, struct jobs_lease *leases, size_t n, eddy_duration lease);
int pgjobs_get(struct jobs_engine *engine, const char *id, eddy_job_info **info);
int pgjobs_list(struct jobs_engine *engine, const eddy_job_filter *filter, eddy_job_list *list);
int pgjobs_list_finished(struct jobs_engine *engine, const char *queue, eddy_job_time since, size_t most,
                         eddy_job_list *list);
int pgjobs_act(struct jobs_engine *engine, enum jobs_action action, const char *id);
int pgjobs_set_queue(struct jobs_engine *engine, const char *queue, const struct jobs_queue_change *change);
int pgjobs_queues(struct jobs_engine *engine, eddy_job_queue **queues, size_t *n);
int pgjobs_sweep(struct jobs_engine *engine);

/* cron.c */

int pgjobs_look_at_crons(struct jobs_engine *engine, struct jobs_cron_look *look);
int pgjobs_set_cron(struct jobs_engine *engine, const struct jobs_cron *cron, bool keeps_next);
int pgjobs_remove_cron(struct jobs_engine *engine, const char *name);
int pgjobs_fire_cron(struct jobs_engine *engine, const struct jobs_cron_fire *fire);

/** The arguments of enqueue() in enqueue.sql. */
void pgjobs_describe(struct args *args, const eddy_job_spec *specs, size_t n, bool within);

/* Something will be due after a delay. */
void pgjobs_expect(struct store *store, eddy_duration delay);

#endif
