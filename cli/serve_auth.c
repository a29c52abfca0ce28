/* eddy serve --auth: by crypt(3), whose hashes are made to take long. So threads compute them, few at a time, and who is not among the users
 * waits for one as well: how long it takes does not tell who is. */
#include "serve_auth.h"

#include "cli.h"
#include "serve_seen.h"

#include <crypt.h>
#include <eddy/http_auth.h>
#include <eddy/thread.h>
#include <eddy/timeout.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 2, WAITING_MAX = 128 /* who comes beyond is to come again */ };

static const char realm[] = "eddy serve";

struct user {
        char *name, *hash;
};

struct serve_auth {
        struct user *users;
        size_t count;
        struct seen seen;
        eddy_executor *executor;
        unsigned waiting;
};

/* The hash of a password, to be given back with free(); NULL: there is none by such a setting, or no memory. It takes its time. */
static char *hash_of(const char *password, const char *setting)
{
        struct crypt_data *data = calloc(1, sizeof *data);
        const char *hash = data ? crypt_rn(password, setting, data, sizeof *data) : NULL;
        char *copy = hash && *hash != '*' ? strdup(hash) : NULL;

        free(data);
        return copy;
}

/* Whether it is the hash of any password: by asking for one of its kind. */
static bool is_hash(const char *text)
{
        char *example = *text == '$' ? hash_of("", text) : NULL;
        bool is_one = example && strlen(example) == strlen(text);

        free(example);
        return is_one;
}

static int refuse_user(const char *where, const char *why)
{
        fprintf(stderr,
                "eddy serve: %s: %s\nMake one by: openssl passwd -6, and put it in single quotes, for shells "
                "read '$'.\n",
                where, why);
        return CLI_USAGE;
}

/* Take in "USER:HASH"; `where` it stands, for people. */
static int add_user(struct serve_auth *auth, const char *text, const char *where)
{
        const char *colon = strchr(text, ':');
        struct user *users;

        if (!colon || colon == text)
                return refuse_user(where, "there is no USER:HASH");
        if (!is_hash(colon + 1))
                return refuse_user(where,
                                   "what is behind the user is no hash of crypt(3), such as $6$... and $y$...");
        users = realloc(auth->users, (auth->count + 1) * sizeof *users);
        if (!users)
                return refuse_user(where, "no memory");
        auth->users = users;
        users[auth->count] = (struct user){strndup(text, (size_t)(colon - text)), strdup(colon + 1)};
        auth->count++;
        return users[auth->count - 1].name && users[auth->count - 1].hash ? CLI_OK
                                                                          : refuse_user(where, "no memory");
}

static int read_file(struct serve_auth *auth, const char *path)
{
        FILE *file = fopen(path, "re");
        char *line = NULL, where[300];
        size_t room = 0;
        unsigned number = 0;
        int rc = CLI_OK;

        if (!file) {
                fprintf(stderr, "eddy serve: cannot read %s: %s\n", path, strerror(errno));
                return CLI_FAILED;
        }
        while (rc == CLI_OK && getline(&line, &room, file) >= 0) {
                line[strcspn(line, "\r\n")] = '\0';
                snprintf(where, sizeof where, "line %u of %.200s", ++number, path);
                if (*line && *line != '#')
                        rc = add_user(auth, line, where);
        }
        if (rc == CLI_OK && ferror(file)) {
                fprintf(stderr, "eddy serve: cannot read %s: %s\n", path, strerror(errno));
                rc = CLI_FAILED;
        }
        free(line);
        fclose(file);
        return rc;
}

static int read_users(struct serve_auth *auth, const char *const *users, const char *file)
{
        int rc = CLI_OK;

        for (; rc == CLI_OK && *users; users++)
                rc = add_user(auth, *users, "--auth");
        if (rc == CLI_OK && file)
                rc = read_file(auth, file);
        if (rc == CLI_OK && auth->count == 0)
                rc = refuse_user("--auth-file", "there is no user in it");
        return rc;
}

int serve_auth_create(struct serve_auth **created, const char *const *users, const char *file)
{
        struct serve_auth *auth;
        int rc;

        *created = NULL;
        if (!users[0] && !file)
                return CLI_OK;
        auth = calloc(1, sizeof *auth);
        rc = auth && seen_init(&auth->seen) == 0 &&
                     eddy_executor_create(&auth->executor, &(eddy_executor_options){.max_threads = THREADS,
                                                                                    .name = "eddy-crypt"}) == 0
                 ? CLI_OK
                 : CLI_FAILED;
        if (rc != CLI_OK)
                fputs("eddy serve: no memory\n", stderr);
        else
                rc = read_users(auth, users, file);
        if (rc == CLI_OK)
                *created = auth;
        else
                serve_auth_destroy(auth);
        return rc;
}

void serve_auth_destroy(struct serve_auth *auth)
{
        if (!auth)
                return;
        eddy_executor_destroy(auth->executor);
        for (size_t i = 0; i < auth->count; i++) {
                free(auth->users[i].name);
                free(auth->users[i].hash);
        }
        free(auth->users);
        free(auth);
}

/* A password that is compared with a hash. */
struct comparison {
        const char *password, *hash;
};

static intptr_t compare(void *arg)
{
        const struct comparison *comparison = arg;
        char *hash = hash_of(comparison->password, comparison->hash);
        bool is_equal =
            hash && eddy_http_secret_equal(hash, strlen(hash), comparison->hash, strlen(comparison->hash));

        free(hash);
        return is_equal;
}

/* 1: it is the password; 0: it is not; or why that is not known. */
static int compare_beside(struct serve_auth *auth, struct comparison *comparison)
{
        const eddy_work_options options = {.name = "crypt", .executor = auth->executor};
        intptr_t result = 0;
        int rc = 0;

        if (auth->waiting >= WAITING_MAX)
                return -EAGAIN;
        auth->waiting++;
        EDDY_SHIELD_SCOPE
                rc = eddy_to_thread_with(&options, compare, comparison, &result);
        auth->waiting--;
        return rc < 0 ? rc : (int)result;
}

/* The place of a user; the count where there is none. */
static size_t find_user(const struct serve_auth *auth, const eddy_http_basic *who)
{
        size_t found = auth->count;

        for (size_t i = 0; i < auth->count; i++)
                if (eddy_http_secret_equal(who->user, who->user_size, auth->users[i].name,
                                           strlen(auth->users[i].name)))
                        found = i;
        return found;
}

/* 1: it is a user; 0: it is not; or why that is not known. */
static int verify(struct serve_auth *auth, const eddy_http_basic *who)
{
        size_t user = find_user(auth, who);
        bool is_known = user < auth->count;
        struct comparison comparison = {who->password, auth->users[is_known ? user : 0].hash};
        struct seen_mark mark = seen_mark_of(&auth->seen, user, who->password, who->password_size);
        int rc;

        if (seen_has(&auth->seen, &mark))
                return 1;
        rc = compare_beside(auth, &comparison);
        if (rc == 1 && is_known)
                seen_add(&auth->seen, &mark);
        return rc == 1 ? is_known : rc;
}

static int refuse(eddy_http_exchange *exchange)
{
        char challenge[128];

        eddy_http_basic_challenge(challenge, sizeof challenge, realm);
        return eddy_http_reply(exchange, &(eddy_http_answer){
                                             .status = 401,
                                             .headers = (const char *const[]){challenge, NULL},
                                             .body = "a user and a password are needed\n",
                                             .body_size = 33,
                                         });
}

int serve_auth_guard(eddy_http_exchange *exchange, eddy_http_next *next, void *auth)
{
        eddy_http_basic who;
        int rc = eddy_http_basic_parse(&who, eddy_http_exchange_header(exchange, "Authorization"));

        rc = rc == 0 ? verify(auth, &who) : 0;
        if (rc == 1)
                return eddy_http_next_call(next, exchange);
        if (rc == 0)
                return refuse(exchange);
        if (rc == -EAGAIN || rc == -ENOMEM)
                return eddy_http_reply(exchange, &(eddy_http_answer){
                                                     .status = 503,
                                                     .headers = (const char *const[]){"Retry-After: 1", NULL},
                                                 });
        return rc;
}
