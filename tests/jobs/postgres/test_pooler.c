/* pgbouncer in transaction mode between: no session is one's own. */
#include "helpers.h"

#include <sys/stat.h>

static pid_t pooler;
static char pooler_url[256];

static const char *find_pooler(void)
{
        static const char *const places[] = {"/usr/sbin/pgbouncer", "/usr/bin/pgbouncer",
                                             "/usr/local/bin/pgbouncer"};

        for (size_t i = 0; i < sizeof places / sizeof *places; i++)
                if (access(places[i], X_OK) == 0)
                        return places[i];
        postgres_server_skip("no pgbouncer");
        return NULL;
}

static void write_settings(char *path, size_t size)
{
        FILE *file;

        snprintf(path, size, "%s/pooler.ini", server.folder);
        file = fopen(path, "w");
        assert_non_null(file);
        fprintf(file,
                "[databases]\npostgres = host=%s user=tester\n[pgbouncer]\nlisten_port = 6432\nlisten_addr "
                "=\nunix_socket_dir = %s/pooler\n"
                "auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n",
                server.folder, server.folder);
        fclose(file);
}

static void run_pooler(const char *program, char *settings)
{
        pooler = fork();
        if (pooler != 0)
                return;
        if (geteuid() == 0) {
                const struct passwd *user = postgres_server_user();
                if (setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
                        _exit(127);
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        execl(program, program, "-q", settings, (char *)NULL);
        _exit(127);
}

static int start_pooler(void **state)
{
        const char *program = find_pooler();
        char settings[128], folder[128];

        start_server(state);
        snprintf(folder, sizeof folder, "%s/pooler", server.folder);
        assert_int_equal(mkdir(folder, 0700), 0);
        if (geteuid() == 0)
                assert_int_equal(chown(folder, postgres_server_user()->pw_uid, postgres_server_user()->pw_gid),
                                 0);
        write_settings(settings, sizeof settings);
        snprintf(pooler_url, sizeof pooler_url, "postgres:///postgres?host=%s&port=6432&user=tester", folder);
        run_pooler(program, settings);
        return 0;
}

static int stop_pooler(void **state)
{
        kill(pooler, SIGKILL);
        waitpid(pooler, NULL, 0);
        return stop_server(state);
}

/* Once it takes connections. */
static eddy_jobs *open_pooled(void)
{
        eddy_jobs_options options = {.prefix = own_schema()};
        eddy_jobs *jobs;
        int rc;

        while ((rc = eddy_jobs_open(&jobs, pooler_url, &options)) == -ECONNREFUSED || rc == -ENOENT)
                assert_int_equal(eddy_sleep(eddy_ms(10)), 0);
        if (rc < 0)
                fail_msg("%s: %s", eddy_errname(rc), eddy_explain(rc));
        return jobs;
}

static intptr_t await_it(void *jobs)
{
        return eddy_jobs_await(jobs, "a", NULL);
}

COROUTINE_TEST(a_store_works_through_a_pooler)
{
        struct turn turn = {0}, next;
        eddy_task *task;
        eddy_jobs *jobs;

        schema_number++;
        jobs = open_pooled();
        enqueue(jobs, "a", (eddy_job_spec){.key = "ada"});
        enqueue(jobs, "b", (eddy_job_spec){.key = "ada"});
        task = eddy_create_task(await_it, jobs);
        assert_int_equal(run_turn(jobs, &turn, "worker", 5), 0);
        assert_int_equal(turn.turn.taken_count, 1);
        finish_all(&turn, &next);
        assert_int_equal(run_turn(jobs, &next, "worker", 5), 0);
        assert_int_equal(next.outcomes[0].rc, 0);
        assert_string_equal(next.taken[0]->id, "b");
        assert_int_equal(join(task), EDDY_JOB_DONE);
        drop(&turn);
        drop(&next);
        eddy_jobs_close(jobs);
}

/* One who is told to look. */
struct ear {
        struct jobs_listener listener;
        int any;
};

static void hear(struct jobs_listener *listener, enum jobs_hint hint, const char *name)
{
        (void)name;
        ((struct ear *)listener)->any += hint == JOBS_HINT_ANY;
}

COROUTINE_TEST(whoever_waits_looks_now_and_then)
{
        struct ear ear = {.listener.on_hint = hear};
        eddy_jobs *jobs;

        schema_number++;
        jobs = open_pooled();
        list_append(&jobs->listeners, &ear.listener.link);
        assert_int_equal(jobs->engine->type->listen(jobs->engine), 0);
        until(ear.any >= 3);
        eddy_jobs_close(jobs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_store_works_through_a_pooler),
            cmocka_unit_test(whoever_waits_looks_now_and_then),
        };

        return cmocka_run_group_tests(tests, start_pooler, stop_pooler);
}
