/* eddy jobs: what its commands are told, and what they share. */
#ifndef CLI_JOBS_H
#define CLI_JOBS_H

#include <eddy/jobs.h>

enum {
        JOBS_EXECS_MOST = 64,
        JOBS_QUEUES_MOST = 64,
        JOBS_TOKEN_LEAST = 16,
        JOBS_TOKEN_MOST = 128,
        JOBS_BAR_REST = 56
};

/** Limits of a queue that the command line has named, as bits. */
enum {
        JOBS_LIMIT_MOST_RUNNING = 1,
        JOBS_LIMIT_RATE = 2,
        JOBS_LIMIT_KEEP_DONE = 4,
        JOBS_LIMIT_KEEP_DEAD = 8,
};

/** A command line that does a kind of job, or with NULL every kind that has none of its own. */
struct jobs_exec {
        const char *kind, *command;
};

struct jobs_options {
        const char *store;   /* NULL: as eddy_jobs_open() has it */
        const char *ca_file; /* of a store at rediss://: PEM; NULL: who the system trusts */
        const char *certificate_file,
            *key_file;            /* likewise, one's own; NULL: none, and that it has the key, too */
        const char *const *words; /* word_count of them: what is no option */
        int word_count;
        eddy_job_spec spec;
        struct jobs_exec execs[JOBS_EXECS_MOST];
        size_t exec_count;
        eddy_job_share
            queues[JOBS_QUEUES_MOST]; /* to work on; the first one is also that to enqueue to and to list */
        size_t queue_count;
        long concurrency, most;
        double lease, grace;         /* seconds; 0: the library's; grace less than 0: none */
        double keep_done, keep_dead; /* likewise; less than 0: not at all */
        long most_running, rate;     /* 0: any number */
        double period;
        unsigned limits;                 /* those that are named */
        bool resets;                     /* all of them first */
        const char *kind;                /* to list */
        long lines;                      /* that `tail` begins with */
        unsigned states;                 /* to list, as eddy_job_filter has them */
        const char *bind, *host;         /* of the page; NULL: the default */
        char token[JOBS_TOKEN_MOST + 1]; /* that it is to be opened with; "": one is made */
        long port;
        const char *zone;       /* of a schedule */
        eddy_job_missed missed; /* likewise */
        bool removes;           /* it */
        bool has_weights;       /* of queues, which `work` alone has */
        bool is_tail;           /* of which `lines` is an option */
        bool is_strict, waits, by_lines, as_json;
};

/** Read the command line: an exit code. `command` is the word after "jobs". */
int jobs_options_read(struct jobs_options *options, const char *command, int argc, char **argv);

void jobs_options_print_help(void);

/** Say what went wrong: CLI_FAILED. */
int jobs_failure(int rc);

/* The commands, each in a coroutine with an open store: an exit code. */
int jobs_enqueue(eddy_jobs *jobs, const struct jobs_options *options);
int jobs_work(eddy_jobs *jobs, const struct jobs_options *options);
int jobs_list(eddy_jobs *jobs, const struct jobs_options *options);
int jobs_show(eddy_jobs *jobs, const struct jobs_options *options);
int jobs_tail(eddy_jobs *jobs, const struct jobs_options *options);
int jobs_stats(eddy_jobs *jobs, const struct jobs_options *options);
int jobs_queue(eddy_jobs *jobs, const struct jobs_options *options);
int jobs_web(eddy_jobs *jobs, const struct jobs_options *options);
int jobs_cron(eddy_jobs *jobs, const struct jobs_options *options);

/* Whether their options go together, which is to be known before a store is made: an exit code. */
int jobs_enqueue_check(const struct jobs_options *options);
int jobs_work_check(const struct jobs_options *options);
int jobs_queue_check(const struct jobs_options *options);
int jobs_cron_check(const struct jobs_options *options);

/** Whether jobs_queue() is to set anything, rather than to show it. */
bool jobs_queue_changes(const struct jobs_options *options);

/** Bring a store up to this version's format. In a coroutine: an exit code. */
int jobs_migrate(const struct jobs_options *options);

/** Each line of standard input is a job: an exit code. */
int jobs_enqueue_lines(eddy_jobs *jobs, const eddy_job_spec *spec);

/** Say on standard error what became of a job that is finished, and not done. */
void jobs_print_failure(const eddy_job_info *info);

/** A moment as local time; "" for none. */
void jobs_format_time(char *out, size_t size, eddy_job_time moment);

struct jobs_board;
struct jobs_undertaker;

/** A command line that does jobs, and who has to know of them. */
struct jobs_program {
        const char *command;
        struct jobs_board *board;
        const struct jobs_undertaker *undertaker;
};

/** What a command line comes to as a handler; `arg` is a struct jobs_program. */
int jobs_exec_handler(eddy_job *job, void *arg);

#endif
