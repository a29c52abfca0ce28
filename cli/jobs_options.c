/* eddy jobs: its options. */
#include "cli.h"
#include "jobs.h"
#include "jobs_moment.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        OPTION_ID = 256,
        OPTION_PRIORITY,
        OPTION_DELAY,
        OPTION_AT,
        OPTION_ATTEMPTS,
        OPTION_TIMEOUT,
        OPTION_BACKOFF,
        OPTION_KEY,
        OPTION_YIELD_KEY,
        OPTION_UNIQUE,
        OPTION_UNIQUE_FOR,
        OPTION_WAIT,
        OPTION_LINES,
        OPTION_EXEC,
        OPTION_STRICT,
        OPTION_LEASE,
        OPTION_GRACE,
        OPTION_STATE,
        OPTION_JSON,
        OPTION_MOST_RUNNING,
        OPTION_RATE,
        OPTION_KEEP_DONE,
        OPTION_KEEP_DEAD,
        OPTION_DEFAULT,
        OPTION_CA,
        OPTION_CERT,
        OPTION_CERT_KEY,
        OPTION_ZONE,
        OPTION_MISSED,
        OPTION_REMOVE,
        OPTION_PORT,
        OPTION_BIND,
        OPTION_HOST,
        OPTION_TOKEN,
        OPTION_TOKEN_FILE,
};

/* Which commands take it, by their first letters: e(nqueue), w(ork), l(ist), s(how), t (stats), q(ueue), o (cron), b (web),
 * f (tail). */
struct taken {
        int option;
        const char *commands;
};

static const struct taken takers[] = {
    {'q', "ewlof"},
    {OPTION_ID, "ef"},
    {OPTION_PRIORITY, "eo"},
    {OPTION_DELAY, "e"},
    {OPTION_AT, "e"},
    {OPTION_ATTEMPTS, "eo"},
    {OPTION_TIMEOUT, "eo"},
    {OPTION_BACKOFF, "eo"},
    {OPTION_KEY, "eo"},
    {OPTION_YIELD_KEY, "eo"},
    {OPTION_UNIQUE, "eo"},
    {OPTION_UNIQUE_FOR, "eo"},
    {OPTION_WAIT, "e"},
    {OPTION_LINES, "e"},
    {OPTION_EXEC, "w"},
    {'c', "w"},
    {OPTION_STRICT, "w"},
    {OPTION_LEASE, "w"},
    {OPTION_GRACE, "w"},
    {OPTION_STATE, "l"},
    {'k', "lf"},
    {'n', "lf"},
    {OPTION_JSON, "lstofq"},
    {OPTION_MOST_RUNNING, "q"},
    {OPTION_RATE, "q"},
    {OPTION_KEEP_DONE, "q"},
    {OPTION_KEEP_DEAD, "q"},
    {OPTION_DEFAULT, "q"},
    {OPTION_ZONE, "o"},
    {OPTION_MISSED, "o"},
    {OPTION_REMOVE, "o"},
    {OPTION_PORT, "b"},
    {OPTION_BIND, "b"},
    {OPTION_HOST, "b"},
    {OPTION_TOKEN, "b"},
    {OPTION_TOKEN_FILE, "b"},
};

static const struct option options[] = {
    {"store", required_argument, NULL, 's'},
    {"ca", required_argument, NULL, OPTION_CA},
    {"cert", required_argument, NULL, OPTION_CERT},
    {"cert-key", required_argument, NULL, OPTION_CERT_KEY},
    {"queue", required_argument, NULL, 'q'},
    {"id", required_argument, NULL, OPTION_ID},
    {"priority", required_argument, NULL, OPTION_PRIORITY},
    {"delay", required_argument, NULL, OPTION_DELAY},
    {"at", required_argument, NULL, OPTION_AT},
    {"attempts", required_argument, NULL, OPTION_ATTEMPTS},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"backoff", required_argument, NULL, OPTION_BACKOFF},
    {"key", required_argument, NULL, OPTION_KEY},
    {"yield-key", no_argument, NULL, OPTION_YIELD_KEY},
    {"unique", required_argument, NULL, OPTION_UNIQUE},
    {"unique-for", required_argument, NULL, OPTION_UNIQUE_FOR},
    {"wait", no_argument, NULL, OPTION_WAIT},
    {"lines", no_argument, NULL, OPTION_LINES},
    {"exec", required_argument, NULL, OPTION_EXEC},
    {"concurrency", required_argument, NULL, 'c'},
    {"strict", no_argument, NULL, OPTION_STRICT},
    {"lease", required_argument, NULL, OPTION_LEASE},
    {"grace", required_argument, NULL, OPTION_GRACE},
    {"kind", required_argument, NULL, 'k'},
    {"state", required_argument, NULL, OPTION_STATE},
    {"number", required_argument, NULL, 'n'},
    {"json", no_argument, NULL, OPTION_JSON},
    {"most-running", required_argument, NULL, OPTION_MOST_RUNNING},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"keep-done", required_argument, NULL, OPTION_KEEP_DONE},
    {"keep-dead", required_argument, NULL, OPTION_KEEP_DEAD},
    {"default", no_argument, NULL, OPTION_DEFAULT},
    {"zone", required_argument, NULL, OPTION_ZONE},
    {"missed", required_argument, NULL, OPTION_MISSED},
    {"remove", no_argument, NULL, OPTION_REMOVE},
    {"port", required_argument, NULL, OPTION_PORT},
    {"bind", required_argument, NULL, OPTION_BIND},
    {"host", required_argument, NULL, OPTION_HOST},
    {"token", required_argument, NULL, OPTION_TOKEN},
    {"token-file", required_argument, NULL, OPTION_TOKEN_FILE},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static int refuse(const char *what)
{
        return cli_usage_error("eddy jobs", "'%s' is not %s", optarg, what);
}

static int take_number(const char *what, long min, long max, long *number)
{
        return cli_parse_number(optarg, min, max, number) ? CLI_OK : refuse(what);
}

static int take_int(const char *what, long min, long max, int *number)
{
        long value = 0;
        int rc = take_number(what, min, max, &value);

        *number = (int)value;
        return rc;
}

static int take_seconds(double *seconds)
{
        return cli_parse_seconds(optarg, seconds) ? CLI_OK : refuse("seconds, more than 0");
}

/* Where 0 is "none": for the library that is less than 0, since there 0 is the default. */
static int take_seconds_or_none(double *seconds)
{
        double number = 0;

        if (cli_parse_seconds(optarg, seconds))
                return CLI_OK;
        if (sscanf(optarg, "%lf", &number) != 1 || number != 0 || optarg[strspn(optarg, "0.")])
                return refuse("seconds, 0 or more");
        *seconds = -1;
        return CLI_OK;
}

static int take_duration(eddy_duration *duration)
{
        double seconds = 0;
        int rc = take_seconds(&seconds);

        *duration = eddy_seconds(seconds);
        return rc;
}

/* 0 is now. What the store could not add to its clock is more than a delay. */
static int take_delay(eddy_duration *delay)
{
        double seconds = 0;

        if (take_seconds_or_none(&seconds) != CLI_OK)
                return CLI_USAGE;
        *delay = seconds < 0 ? 0 : eddy_seconds(seconds);
        return *delay < EDDY_FOREVER ? CLI_OK : refuse("a delay of less than 292 years, in seconds");
}

/* NAME, or where there are weights NAME=WEIGHT, which becomes a name in its place. */
static int take_queue(struct jobs_options *to)
{
        char *equals = to->has_weights ? strrchr(optarg, '=') : NULL;
        long weight = 0;

        if (to->queue_count > 0 && !to->has_weights)
                return cli_usage_error("eddy jobs", "--queue is given twice, and only work takes several");
        if (to->queue_count == JOBS_QUEUES_MOST)
                return cli_usage_error("eddy jobs", "more than %d queues", JOBS_QUEUES_MOST);
        if (equals && !cli_parse_number(equals + 1, 1, 1000000, &weight))
                return refuse("a queue's NAME=WEIGHT, the weight from 1 to 1000000");
        if (equals)
                *equals = '\0';
        to->queues[to->queue_count++] = (eddy_job_share){.queue = optarg, .weight = (unsigned)weight};
        return CLI_OK;
}

/* COMMAND, or KIND=COMMAND: what is before the sign is a kind where it could not be a path or words. The shell would do nothing by an empty
 * one, with success: that comes of a variable that is not set. */
static int take_exec(struct jobs_options *to)
{
        char *equals = optarg + strcspn(optarg, "=/ \t'\"$");
        bool has_kind = *equals == '=' && equals > optarg;
        const char *command = has_kind ? equals + 1 : optarg;

        if (to->exec_count == JOBS_EXECS_MOST)
                return cli_usage_error("eddy jobs", "more than %d commands", JOBS_EXECS_MOST);
        if (!command[strspn(command, " \t\r\n")])
                return refuse("a command, which would have to say something");
        if (has_kind)
                *equals = '\0';
        to->execs[to->exec_count++] = (struct jobs_exec){has_kind ? optarg : NULL, command};
        return CLI_OK;
}

static int take_state(struct jobs_options *to)
{
        for (int state = 0; state < EDDY_JOB_STATES; state++)
                if (strcmp(optarg, eddy_job_state_name((eddy_job_state)state)) == 0) {
                        to->states |= 1u << state;
                        return CLI_OK;
                }
        return refuse("a state: scheduled, held, ready, running, done, dead or cancelled");
}

static int take_missed(struct jobs_options *to)
{
        static const char *const names[] = {"once", "skip", "all"};

        for (int missed = 0; missed < 3; missed++)
                if (strcmp(optarg, names[missed]) == 0) {
                        to->missed = (eddy_job_missed)missed;
                        return CLI_OK;
                }
        return refuse("once, skip or all");
}

/* N, or N/SECONDS; 0: any number. */
static int take_rate(struct jobs_options *to)
{
        static const char rate[] = "a rate, such as 10 or 100/60, of 1000000000 at most";
        char *slash = strchr(optarg, '/');

        to->period = 1;
        if (slash && !cli_parse_seconds(slash + 1, &to->period))
                return refuse(rate);
        if (slash)
                *slash = '\0';
        return take_number(rate, 0, 1000000000, &to->rate);
}

static int take_limit(struct jobs_options *to, int option)
{
        switch (option) {
        case OPTION_MOST_RUNNING:
                to->limits |= JOBS_LIMIT_MOST_RUNNING;
                return take_number("a number, 0 to 1000000000", 0, 1000000000, &to->most_running);
        case OPTION_RATE:
                to->limits |= JOBS_LIMIT_RATE;
                return take_rate(to);
        case OPTION_KEEP_DONE:
                to->limits |= JOBS_LIMIT_KEEP_DONE;
                return take_seconds_or_none(&to->keep_done);
        case OPTION_KEEP_DEAD:
                to->limits |= JOBS_LIMIT_KEEP_DEAD;
                return take_seconds_or_none(&to->keep_dead);
        default:
                to->resets = true;
                return CLI_OK;
        }
}

/* Safe in an address, a header and a form, and long enough that nobody guesses it. */
static int take_token(struct jobs_options *to, const char *token)
{
        size_t n = strlen(token);

        if (n < JOBS_TOKEN_LEAST || n > JOBS_TOKEN_MOST ||
            strspn(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~") < n)
                return cli_usage_error("eddy jobs", "a token has %d to %d letters, digits and -._~",
                                       JOBS_TOKEN_LEAST, JOBS_TOKEN_MOST);
        strcpy(to->token, token);
        return CLI_OK;
}

static int take_token_file(struct jobs_options *to)
{
        char line[JOBS_TOKEN_MOST + 3];
        FILE *file = fopen(optarg, "re");
        bool is_read = file && fgets(line, sizeof line, file);

        if (!is_read)
                fprintf(stderr, "eddy jobs: %s: %s\n", optarg, file ? "it is empty" : strerror(errno));
        if (file)
                fclose(file);
        if (!is_read)
                return CLI_FAILED;
        line[strcspn(line, "\r\n")] = '\0';
        return take_token(to, line);
}

static int take_web(struct jobs_options *to, int option)
{
        switch (option) {
        case OPTION_PORT:
                return take_number("a port from 0 to 65535", 0, 65535, &to->port);
        case OPTION_BIND:
                to->bind = optarg;
                return CLI_OK;
        case OPTION_HOST:
                to->host = optarg;
                return CLI_OK;
        case OPTION_TOKEN:
                return take_token(to, optarg);
        default:
                return take_token_file(to);
        }
}

static int take_spec(struct jobs_options *to, int option)
{
        eddy_job_spec *spec = &to->spec;

        switch (option) {
        case OPTION_ID:
                spec->id = optarg;
                return CLI_OK;
        case OPTION_PRIORITY:
                return take_int("a priority from -100 to 100", -100, 100, &spec->priority);
        case OPTION_DELAY:
                return take_delay(&spec->delay);
        case OPTION_AT:
                return jobs_read_moment(optarg, &spec->at)
                           ? CLI_OK
                           : refuse("a moment, such as 2026-12-24T18:00:00 (local time), "
                                    "2026-12-24T17:00:00Z or 2026-12-24T18:00:00+01:00");
        case OPTION_ATTEMPTS:
                return take_int("a number from 1 to 1000000", 1, 1000000, &spec->attempts);
        case OPTION_TIMEOUT:
                return take_duration(&spec->timeout);
        case OPTION_BACKOFF:
                return take_duration(&spec->backoff);
        case OPTION_KEY:
                spec->key = optarg;
                return CLI_OK;
        case OPTION_YIELD_KEY:
                spec->yields_key = true;
                return CLI_OK;
        case OPTION_UNIQUE:
                spec->unique = optarg;
                return CLI_OK;
        default:
                return take_duration(&spec->unique_for);
        }
}

static int take_option(struct jobs_options *to, int option)
{
        switch (option) {
        case 's':
                to->store = optarg;
                return CLI_OK;
        case 'q':
                return take_queue(to);
        case OPTION_WAIT:
                to->waits = true;
                return CLI_OK;
        case OPTION_LINES:
                to->by_lines = true;
                return CLI_OK;
        case OPTION_EXEC:
                return take_exec(to);
        case 'c':
                return take_number("a number from 1 to 100000", 1, 100000, &to->concurrency);
        case OPTION_STRICT:
                to->is_strict = true;
                return CLI_OK;
        case OPTION_LEASE:
                return take_seconds(&to->lease);
        case OPTION_GRACE:
                return take_seconds_or_none(&to->grace);
        case 'k':
                to->kind = optarg;
                return CLI_OK;
        case OPTION_STATE:
                return take_state(to);
        case 'n':
                return to->is_tail ? take_number("a number from 0 to 1000", 0, 1000, &to->lines)
                                   : take_number("a number, 1 or more", 1, 1000000000, &to->most);
        case OPTION_JSON:
                to->as_json = true;
                return CLI_OK;
        case OPTION_MOST_RUNNING:
        case OPTION_RATE:
        case OPTION_KEEP_DONE:
        case OPTION_KEEP_DEAD:
        case OPTION_DEFAULT:
                return take_limit(to, option);
        case OPTION_CA:
                to->ca_file = optarg;
                return CLI_OK;
        case OPTION_CERT:
                to->certificate_file = optarg;
                return CLI_OK;
        case OPTION_CERT_KEY:
                to->key_file = optarg;
                return CLI_OK;
        case OPTION_ZONE:
                to->zone = optarg;
                return CLI_OK;
        case OPTION_MISSED:
                return take_missed(to);
        case OPTION_REMOVE:
                to->removes = true;
                return CLI_OK;
        default:
                return option >= OPTION_PORT ? take_web(to, option) : take_spec(to, option);
        }
}

static bool is_taken(const char *command, int option)
{
        char letter = strcmp(command, "stats") == 0  ? 't'
                      : strcmp(command, "cron") == 0 ? 'o'
                      : strcmp(command, "web") == 0  ? 'b'
                      : strcmp(command, "tail") == 0 ? 'f'
                                                     : command[0];

        for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
                if (takers[i].option == option)
                        return strchr(takers[i].commands, letter) != NULL;
        return true;
}

/* --lines is what enqueue reads by, and how many tail begins with. */
static const struct option *options_of(const struct jobs_options *to, struct option own[])
{
        if (!to->is_tail)
                return options;
        memcpy(own, options, sizeof options);
        for (struct option *option = own; option->name; option++)
                if (option->val == OPTION_LINES)
                        *option = (struct option){"lines", required_argument, NULL, 'n'};
        return own;
}

int jobs_options_read(struct jobs_options *to, const char *command, int argc, char **argv)
{
        struct option own[sizeof options / sizeof *options];
        int option, index = -1, rc = CLI_OK;

        to->port = 8100;
        to->lines = 10;
        to->is_tail = strcmp(command, "tail") == 0;
        to->has_weights = strcmp(command, "work") == 0;
        optind = 1;
        while (rc == CLI_OK &&
               (option = getopt_long(argc, argv, "s:q:c:k:n:h", options_of(to, own), &index)) != -1) {
                if (option == '?') {
                        fputs("Try 'eddy jobs --help'.\n", stderr);
                        return CLI_USAGE;
                }
                if (option == 'h') {
                        jobs_options_print_help();
                        exit(cli_finish(CLI_OK));
                }
                if (!is_taken(command, option))
                        return index >= 0 ? cli_usage_error("eddy jobs", "%s takes no --%s", command,
                                                            options[index].name)
                                          : cli_usage_error("eddy jobs", "%s takes no -%c", command, option);
                rc = take_option(to, option);
                index = -1;
        }
        to->words = (const char *const *)argv + optind;
        to->word_count = argc - optind;
        return rc;
}
