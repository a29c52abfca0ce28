/* A PostgreSQL cluster of a test's own: in a folder of its own, reached by a UNIX socket there. It ends with the test,
 * whatever becomes of that. */
#ifndef TESTS_POSTGRES_SERVER_H
#define TESTS_POSTGRES_SERVER_H

#include "../testing.h"

#include <eddy/postgres.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77 }; /* what meson takes for it */

struct postgres_server {
        pid_t pid;
        char programs[256]; /* the folder of initdb and postgres */
        char folder[64];
        char data[96];
        char conninfo[160];
};

static inline void postgres_server_skip(const char *reason)
{
        printf("skipped: %s\n", reason);
        exit(SKIPPED);
}

/* In PATH, or where Debian has the versions that are installed; the last one there. */
static inline void postgres_server_find(struct postgres_server *server)
{
        char path[4096];
        glob_t found;

        snprintf(path, sizeof path, "%s", getenv("PATH"));
        for (char *rest = path, *one; (one = strsep(&rest, ":"));) {
                char program[4200];

                snprintf(program, sizeof program, "%s/initdb", one);
                if (access(program, X_OK) == 0) {
                        snprintf(server->programs, sizeof server->programs, "%s", one);
                        return;
                }
        }
        if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) != 0)
                postgres_server_skip("no PostgreSQL server is installed");
        snprintf(server->programs, sizeof server->programs, "%s", found.gl_pathv[found.gl_pathc - 1]);
        globfree(&found);
}

/* PostgreSQL does not run as root. */
static inline const struct passwd *postgres_server_user(void)
{
        const struct passwd *user = getpwnam("postgres");

        return user ? user : getpwnam("nobody");
}

/** Start one of its programs; `output` receives what it says, or -1. */
static inline pid_t postgres_server_spawn(const struct postgres_server *server, const char *name, int output,
                                          char **arguments)
{
        char program[512];
        pid_t pid = fork();

        if (pid != 0)
                return pid;
        if (geteuid() == 0) {
                const struct passwd *user = postgres_server_user();

                if (!user || setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
                        _exit(127);
        }
        prctl(PR_SET_PDEATHSIG, SIGQUIT); /* which ends all of its processes at once */
        if (output < 0)
                output = open("/dev/null", O_WRONLY);
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
        snprintf(program, sizeof program, "%s/%s", server->programs, name);
        arguments[0] = program; /* beside which it looks for the others */
        execv(program, arguments);
        _exit(127);
}

static inline void postgres_server_create_cluster(struct postgres_server *server)
{
        char *arguments[] = {(char *)"initdb",
                             (char *)"-D",
                             server->data,
                             (char *)"-U",
                             (char *)"tester",
                             (char *)"-A",
                             (char *)"trust",
                             (char *)"--no-sync",
                             (char *)"--locale=C",
                             (char *)"-E",
                             (char *)"UTF-8",
                             (char *)"--no-instructions",
                             NULL};
        int status;

        snprintf(server->folder, sizeof server->folder, "/tmp/eddy-postgres-XXXXXX");
        assert_non_null(mkdtemp(server->folder));
        if (geteuid() == 0) {
                const struct passwd *user = postgres_server_user();

                assert_int_equal(chown(server->folder, user->pw_uid, user->pw_gid), 0);
        }
        snprintf(server->data, sizeof server->data, "%s/data", server->folder);
        snprintf(server->conninfo, sizeof server->conninfo, "host=%s user=tester dbname=postgres",
                 server->folder);
        waitpid(postgres_server_spawn(server, "initdb", -1, arguments), &status, 0);
        if (status != 0)
                postgres_server_skip("initdb fails");
}

/** Start it (again), and wait until it takes connections. */
static inline void postgres_server_run(struct postgres_server *server)
{
        char *arguments[] = {(char *)"postgres",
                             (char *)"-D",
                             server->data,
                             (char *)"-k",
                             server->folder,
                             (char *)"-c",
                             (char *)"listen_addresses=",
                             (char *)"-c",
                             (char *)"fsync=off",
                             NULL};
        bool is_ready = false;
        char line[512];
        int ends[2];
        FILE *log;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        server->pid = postgres_server_spawn(server, "postgres", ends[1], arguments);
        close(ends[1]);
        log = fdopen(ends[0], "r");
        while (!is_ready && fgets(line, sizeof line, log))
                is_ready = strstr(line, "ready to accept connections");
        fclose(log); /* what it says from now on is lost */
        if (!is_ready)
                postgres_server_skip("postgres does not start");
}

static inline void postgres_server_end(struct postgres_server *server)
{
        if (server->pid <= 0)
                return;
        kill(server->pid, SIGQUIT);
        waitpid(server->pid, NULL, 0);
        server->pid = 0;
}

static inline int postgres_server_remove(const char *path, const struct stat *status, int type,
                                         struct FTW *place)
{
        (void)status, (void)type, (void)place;
        return remove(path);
}

/** The server of this program's tests. */
static struct postgres_server server;

static inline int start_server(void **state)
{
        (void)state;
        postgres_server_find(&server);
        postgres_server_create_cluster(&server);
        postgres_server_run(&server);
        return 0;
}

static inline int stop_server(void **state)
{
        (void)state;
        postgres_server_end(&server);
        nftw(server.folder, postgres_server_remove, 8, FTW_DEPTH | FTW_PHYS);
        return 0;
}

static inline eddy_postgres *connect_to_server(void)
{
        eddy_postgres *pg;
        int rc = eddy_postgres_connect(&pg, server.conninfo);

        if (rc < 0)
                fail_msg("%s: %s", eddy_errname(rc), eddy_explain(rc));
        return pg;
}

/** Statements that succeed, and nobody looks at. */
static inline void assert_runs(eddy_postgres *pg, const char *sql)
{
        int rc = eddy_postgres_exec(pg, NULL, sql);

        if (rc < 0)
                fail_msg("%s: %s: %s", sql, eddy_errname(rc), eddy_explain(rc));
}

/** The statement's first value is this. It proves that the connection is in step, too. */
static inline void assert_value(eddy_postgres *pg, const char *sql, const char *value)
{
        PGresult *result;
        int rc = eddy_postgres_query(pg, &result, sql, NULL);

        if (rc < 0)
                fail_msg("%s: %s: %s", sql, eddy_errname(rc), eddy_explain(rc));
        assert_string_equal(PQgetvalue(result, 0, 0), value);
        PQclear(result);
}

/** Let everything else go on until a condition holds. */
#define until(condition)                                                                                       \
        while (!(condition))                                                                                   \
        assert_int_equal(eddy_sleep(eddy_us(100)), 0)

/** A task's outcome, which is awaited. */
static inline intptr_t join(eddy_task *task)
{
        intptr_t result = 0;

        assert_int_equal(eddy_join(task, &result), 0);
        return result;
}

/** Wait until so many of the server's processes wait for a lock. */
static inline void wait_for_waiting(const char *n)
{
        eddy_postgres *pg = connect_to_server();
        PGresult *result;
        bool is_so = false;

        while (!is_so) {
                assert_int_equal(
                    eddy_postgres_query(pg, &result,
                                        "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted", NULL),
                    0);
                is_so = strcmp(PQgetvalue(result, 0, 0), n) == 0;
                PQclear(result);
        }
        eddy_postgres_destroy(pg);
}

#endif
