/* A day's work on whatever machine: tasks, sockets, files, threads and processes, and what the loop says of the machine.
 *
 *         test_day [BACKEND [GUARDS]]
 *
 * BACKEND  what the loop must have chosen, with a reason: epoll or uring; "any"
 * GUARDS   how stacks must be guarded: "marks", which take no mapping, or "protection", which takes one each */
#include "../testing.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TASKS = 200 };

static const char *wanted_backend = "any", *wanted_guards = "any";

/** How many mappings nobody may touch. */
static unsigned count_protected(void)
{
        FILE *maps = fopen("/proc/self/maps", "r");
        char line[512];
        unsigned count = 0;

        assert_non_null(maps);
        while (fgets(line, sizeof line, maps))
                count += strstr(line, " ---p ") != NULL;
        fclose(maps);
        return count;
}

static intptr_t wait_for_event(void *event)
{
        return eddy_event_wait(event);
}

COROUTINE_TEST(many_tasks_have_guarded_stacks)
{
        unsigned before = count_protected(), with_tasks;
        eddy_event event;
        eddy_task *tasks[TASKS];

        eddy_event_init(&event);
        for (int i = 0; i < TASKS; i++)
                assert_non_null(tasks[i] = eddy_create_task(wait_for_event, &event));
        eddy_yield();
        with_tasks = count_protected();
        if (strcmp(wanted_guards, "protection") == 0)
                assert_true(with_tasks >= before + TASKS);
        if (strcmp(wanted_guards, "marks") == 0)
                assert_true(with_tasks < before + TASKS / 2);
        eddy_event_set(&event);
        for (int i = 0; i < TASKS; i++)
                assert_int_equal(eddy_join(tasks[i], NULL), 0);
}

COROUTINE_TEST(the_loop_says_what_it_waits_with_and_why)
{
        eddy_loop *loop = eddy_running_loop();
        const char *backend = eddy_loop_backend(loop), *reason = eddy_loop_backend_reason(loop);

        print_message("%s: %s\n", backend, reason);
        assert_true(strlen(reason) > 0);
        if (strcmp(wanted_backend, "any") == 0)
                return;
        assert_string_equal(backend, wanted_backend);
        if (strcmp(backend, "epoll") == 0 && !getenv("EDDY_BACKEND"))
                assert_non_null(strstr(reason, "uring"));
}

static intptr_t echo(eddy_stream *stream, void *arg)
{
        const char *line;
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read_line(stream, &line)) > 0)
                eddy_stream_write_all(stream, line, (size_t)n);
        return n;
}

COROUTINE_TEST(a_server_answers)
{
        eddy_server *server;
        eddy_stream *client;
        char answer[6];

        assert_int_equal(eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&client, "127.0.0.1", eddy_server_port(server), NULL), 0);
        assert_int_equal(eddy_stream_write_all(client, "hello\n", 6), 6);
        assert_int_equal(eddy_stream_read_exactly(client, answer, 6), 6);
        assert_memory_equal(answer, "hello\n", 6);
        eddy_stream_destroy(client);
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
}

COROUTINE_TEST(a_process_is_run_and_reaped)
{
        eddy_process *process;
        int code = 0;

        assert_int_equal(eddy_process_shell(&process, "exit 7", NULL), 0);
        assert_int_equal(eddy_process_wait(process, &code), 0);
        assert_int_equal(code, 7);
        eddy_process_destroy(process);
}

static intptr_t square(void *n)
{
        return *(int *)n * *(int *)n;
}

COROUTINE_TEST(a_thread_does_what_blocks)
{
        int n = 12;
        intptr_t result;

        assert_int_equal(eddy_to_thread(square, &n, &result), 0);
        assert_int_equal(result, 144);
}

COROUTINE_TEST(too_many_descriptors_are_an_error_and_no_more)
{
        int fds[1024], n = 0, ends[2];

        while (n < 1024 && (fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
                n++;
        if (n < 1024) {
                eddy_stream *client;

                assert_int_equal(eddy_open_connection(&client, "127.0.0.1", 9, NULL), -EMFILE);
        }
        while (n-- > 0)
                close(fds[n]);
        assert_int_equal(pipe(ends), 0);
        close(ends[0]);
        close(ends[1]);
        a_server_answers_body();
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_loop_says_what_it_waits_with_and_why),
            cmocka_unit_test(many_tasks_have_guarded_stacks),
            cmocka_unit_test(a_server_answers),
            cmocka_unit_test(a_process_is_run_and_reaped),
            cmocka_unit_test(a_thread_does_what_blocks),
            cmocka_unit_test(too_many_descriptors_are_an_error_and_no_more),
        };

        if (argc > 1)
                wanted_backend = argv[1];
        if (argc > 2)
                wanted_guards = argv[2];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
