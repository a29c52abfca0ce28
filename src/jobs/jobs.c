/* A store's life: which it is, and who hears what it says. */
#include "jobs/jobs.h"

#include "base/memory.h"
#include "jobs/url.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

__attribute__((constructor)) static void register_errors(void)
{
        static const eddy_error_name names[] = {
            {EDDY_EJOBS, "EDDY_EJOBS", "the store of jobs refused"},
            {EDDY_EJOBSAWAY, "EDDY_EJOBSAWAY", "the store of jobs cannot be reached"},
            {EDDY_ENOJOB, "EDDY_ENOJOB", "there is no such job"},
            {EDDY_EJOBSTATE, "EDDY_EJOBSTATE", "the job is in a state in which that cannot be done"},
            {EDDY_EJOBLOST, "EDDY_EJOBLOST", "the job is another worker's"},
            {EDDY_EJOBSFORMAT, "EDDY_EJOBSFORMAT", "the store of jobs is of another version of its format"},
            {EDDY_EJOBDECIDED, "EDDY_EJOBDECIDED", "the handler has said what becomes of its job"},
        };
        static eddy_error_block block = {.names = names, .count = sizeof names / sizeof names[0]};

        eddy_register_errors(&block);
}

int jobs_enter(const eddy_jobs *jobs)
{
        if (!eddy_current_task())
                return EDDY_ENOTASK;
        if (eddy_running_loop() != jobs->loop)
                return EDDY_EWRONGLOOP;
        return eddy_interrupted();
}

static void pass_hint_on(void *arg, enum jobs_hint hint, const char *name)
{
        eddy_jobs *jobs = arg;
        eddy_link *next;

        for (eddy_link *link = jobs->listeners.next; link != &jobs->listeners; link = next) {
                struct jobs_listener *listener = (struct jobs_listener *)link;
                next = link->next;
                listener->on_hint(listener, hint, name);
        }
}

/* Folders on the way to the user's store. */
static int make_folders(char *path)
{
        for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                int rc = eddy_path_mkdir(path, 0700);
                *slash = '/';
                if (rc < 0 && rc != -EEXIST)
                        return eddy_fail(rc, "%s: the folder for jobs.db cannot be made", path);
        }
        return 0;
}

/* The URL where nobody named one. */
static int choose_url(const eddy_jobs_options *options, char *url, size_t size)
{
        const char *chosen = getenv("EDDY_JOBS"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
        size_t n;

        if (chosen && chosen[0])
                n = (size_t)snprintf(url, size, "%s", chosen);
        else if (state && state[0] == '/')
                n = (size_t)snprintf(url, size, "sqlite:%s/eddy/jobs.db", state);
        else if (home && home[0] == '/')
                n = (size_t)snprintf(url, size, "sqlite:%s/.local/state/eddy/jobs.db", home);
        else
                return eddy_fail(
                    -EINVAL, "no store of jobs is named, and there is no home folder for one: set EDDY_JOBS");
        if (n >= size)
                return eddy_fail(-ENAMETOOLONG, "the name of the store of jobs is too long");
        return (chosen && chosen[0]) || options->must_exist ? 0 : make_folders(url + strlen("sqlite:"));
}

/* "postgres://user:secret@host/db?password=secret" -> "postgres://user@host/db". */
static char *without_password(const char *url)
{
        char *copy = memory_strdup(url);
        char *begin = copy ? strstr(copy, "://") : NULL, *host, *end, *colon;

        if (!begin)
                return copy;
        begin += 3;
        host = jobs_url_host(copy);
        host[strcspn(host, "?")] = '\0';
        end = host + strcspn(host, "/");
        /* A password with an "@" is to be written with "%40", and is not told where it is not. */
        for (char *c = host; c < end; c++)
                host = *c == '@' ? c + 1 : host;
        colon = memchr(begin, ':', (size_t)(host - begin));
        if (colon)
                memmove(colon, host - 1, strlen(host - 1) + 1);
        return copy;
}

static int check_options(const eddy_jobs_options *options)
{
        for (const char *c = options->prefix; c && *c; c++)
                if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c))
                        return eddy_fail(-EINVAL, "a prefix has letters, digits and _ alone");
        if (options->prefix && (!options->prefix[0] || strlen(options->prefix) > 40))
                return eddy_fail(-EINVAL, "a prefix has 1 to 40 characters");
        return options->patience < 0 ? eddy_fail(-EINVAL, "patience is less than 0") : 0;
}

static int open_engine(eddy_jobs *jobs, const char *url, const eddy_jobs_options *options)
{
        const struct jobs_engine_type *type;
        int rc = jobs_find_engine(url, &type);

        jobs->url = without_password(url);
        if (rc == 0 && !jobs->url)
                rc = -ENOMEM;
        return rc < 0 ? rc : type->open(&jobs->engine, url, options, pass_hint_on, jobs);
}

int eddy_jobs_open(eddy_jobs **opened, const char *url, const eddy_jobs_options *options)
{
        eddy_jobs_options filled = options ? *options : (eddy_jobs_options){0};
        char own[4096];
        eddy_jobs *jobs;
        int rc;

        *opened = NULL;
        if (!eddy_current_task())
                return EDDY_ENOTASK;
        rc = check_options(&filled);
        if (rc == 0 && !url)
                rc = choose_url(&filled, own, sizeof own);
        if (rc < 0)
                return rc;
        filled.prefix = filled.prefix ? filled.prefix : "eddy_jobs";
        filled.patience = filled.patience ? filled.patience : eddy_seconds(30);
        jobs = memory_zalloc(sizeof *jobs);
        if (!jobs)
                return -ENOMEM;
        jobs->loop = eddy_running_loop();
        list_init(&jobs->listeners);
        jobs_together_init(&jobs->together);
        jobs->patience = filled.patience;
        rc = open_engine(jobs, url ? url : own, &filled);
        if (rc < 0) {
                jobs_together_finish(&jobs->together);
                memory_free(jobs->url);
                memory_free(jobs);
                return rc;
        }
        *opened = jobs;
        return 0;
}

void eddy_jobs_close(eddy_jobs *jobs)
{
        if (!jobs)
                return;
        EDDY_SHIELD_SCOPE {
                jobs_together_finish(&jobs->together);
                jobs->engine->type->close(jobs->engine);
        }
        memory_free(jobs->url);
        memory_free(jobs);
}

const char *eddy_jobs_url(const eddy_jobs *jobs)
{
        return jobs->url;
}
