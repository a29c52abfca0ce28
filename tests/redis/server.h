/* A Redis server of a test's own: in a folder of its own, without persistence, on a free port. It ends with the
 * test, whatever becomes of that. */
#ifndef TESTS_REDIS_SERVER_H
#define TESTS_REDIS_SERVER_H

#include "../ports.h"
#include "../testing.h"

#include <arpa/inet.h>
#include <eddy/redis.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77 }; /* what meson takes for it */

struct redis_server {
        pid_t pid;
        uint16_t port;
        char folder[64];
        char path[96]; /* of its UNIX socket */
        /* Of one that speaks TLS, on that port alone. */
        const char *certificate, *roots; /* its file, and those whose clients it trusts; NULL: it speaks none */
        bool demands_certificate;
};

/** One that nobody else is given as long as this process lives: a server comes and goes there. */
static inline uint16_t free_port(void)
{
        uint16_t port = 0;

        hold_port(&port);
        return port;
}

static inline void redis_server_exec(const struct redis_server *server, int output)
{
        const char *arguments[32] = {"redis-server", "--bind", "127.0.0.1", "--save",       "",
                                     "--appendonly", "no",     "--dir",     server->folder, "--unixsocket",
                                     server->path,   "--port"};
        size_t n = 12;
        char port[8];

        snprintf(port, sizeof port, "%u", server->port);
        arguments[n++] = server->certificate ? "0" : port;
        if (server->certificate) {
                const char *const more[] = {"--tls-port",         port,
                                            "--tls-cert-file",    server->certificate,
                                            "--tls-key-file",     server->certificate,
                                            "--tls-ca-cert-file", server->roots,
                                            "--tls-auth-clients", server->demands_certificate ? "yes" : "no"};

                memcpy(arguments + n, more, sizeof more);
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(output, STDOUT_FILENO);
        execvp("redis-server", (char **)(uintptr_t)arguments);
        _exit(127);
}

/** Start it (again), and wait until it takes commands. False where it cannot. */
static inline bool redis_server_run(struct redis_server *server)
{
        char line[512] = "";
        bool is_ready = false;
        int ends[2];
        FILE *log;

        assert_int_equal(pipe(ends), 0);
        server->pid = fork();
        if (server->pid == 0)
                redis_server_exec(server, ends[1]);
        close(ends[1]);
        log = fdopen(ends[0], "r");
        while (!is_ready && fgets(line, sizeof line, log))
                is_ready = strstr(line, "Ready to accept connections");
        fclose(log); /* what it says from now on is lost */
        return is_ready;
}

static inline void redis_server_end(struct redis_server *server, int signum)
{
        if (server->pid <= 0)
                return;
        kill(server->pid, signum);
        waitpid(server->pid, NULL, 0);
        server->pid = 0;
}

/** Start one; where there is no server to start, end the program as a test that is skipped. */
static inline void redis_server_start(struct redis_server *server)
{
        signal(SIGPIPE, SIG_DFL);
        snprintf(server->folder, sizeof server->folder, "/tmp/eddy-redis-XXXXXX");
        assert_non_null(mkdtemp(server->folder));
        snprintf(server->path, sizeof server->path, "%s/socket", server->folder);
        for (int attempt = 0; attempt < 5; attempt++) {
                server->port = free_port();
                if (redis_server_run(server))
                        return;
                redis_server_end(server, SIGKILL);
        }
        rmdir(server->folder);
        printf("skipped: no redis-server%s could be started\n", server->certificate ? " with TLS" : "");
        exit(SKIPPED);
}

static inline void redis_server_stop(struct redis_server *server)
{
        redis_server_end(server, SIGKILL);
        unlink(server->path);
        rmdir(server->folder);
}

/** The server of this program's tests. */
static struct redis_server server;

static inline int start_server(void **state)
{
        (void)state;
        redis_server_start(&server);
        return 0;
}

static inline int stop_server(void **state)
{
        (void)state;
        redis_server_stop(&server);
        return 0;
}

/* tls_server.h has them otherwise. */
#define START_SERVER start_server
#define STOP_SERVER  stop_server

/** The context by which it is spoken to, and whom its certificate is for; NULL: it is spoken to without TLS. */
static eddy_tls *server_tls;
static const char *server_name;

static inline eddy_redis_options server_options(void)
{
        return (eddy_redis_options){.port = server.port,
                                    .backoff = eddy_ms(1),
                                    .max_backoff = eddy_ms(20),
                                    .tls = server_tls,
                                    .tls_name = server_name};
}

/** A connection to it, every key gone. */
static inline eddy_redis *connect_to_server(void)
{
        eddy_redis_options options = server_options();
        eddy_redis *redis;
        int rc = eddy_redis_connect(&redis, &options);

        if (rc < 0)
                fail_msg("%s", eddy_explain(rc));
        assert_int_equal(eddy_redis_command(redis, NULL, "FLUSHALL"), 0);
        return redis;
}

/** A command whose reply nobody needs succeeds. */
#define assert_runs(...) assert_int_equal(eddy_redis_command(__VA_ARGS__), 0)

/** The reply is this text. */
static inline void assert_text(redisReply *reply, const char *text)
{
        assert_non_null(reply);
        assert_string_equal(reply->str, text);
        freeReplyObject(reply);
}

/** The reply is this number. */
static inline void assert_number(redisReply *reply, long long number)
{
        assert_non_null(reply);
        assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
        assert_int_equal(reply->integer, number);
        freeReplyObject(reply);
}

#ifndef TESTS_STREAM_HELPERS_H /* which tls_server.h brings, and which has these two */

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

#endif

#endif
