#include "helpers.h"

static eddy_process *start(const char *command)
{
        const eddy_process_options options = {.in = EDDY_PIPE, .out = EDDY_PIPE, .err = EDDY_PIPE};
        eddy_process *process;

        assert_int_equal(eddy_process_shell(&process, command, &options), 0);
        return process;
}

static void free_output(eddy_process_output *output)
{
        eddy_free(output->out);
        eddy_free(output->err);
}

static void says_and_hears_all(void)
{
        const size_t size = 5000000;
        char *bytes = make_pattern(size);
        eddy_process *process = start("tee /proc/self/fd/2; exit 9");
        eddy_process_output output;

        assert_int_equal(eddy_process_communicate(process, bytes, size, size, &output), 0);
        assert_int_equal(output.returncode, 9);
        assert_int_equal(output.out_size, size);
        assert_int_equal(output.err_size, size);
        assert_memory_equal(output.out, bytes, size);
        assert_memory_equal(output.err, bytes, size);
        assert_int_equal(output.out[size], '\0');
        free_output(&output);
        eddy_process_destroy(process);
        free(bytes);
}

static void hears_nothing(void)
{
        eddy_process *process = start("true");
        eddy_process_output output;

        assert_int_equal(eddy_process_communicate(process, NULL, 0, 0, &output), 0);
        assert_string_equal(output.out, "");
        assert_string_equal(output.err, "");
        free_output(&output);
        /* Again: all is said. */
        assert_int_equal(eddy_process_communicate(process, NULL, 0, 0, &output), 0);
        assert_string_equal(output.out, "");
        free_output(&output);
        eddy_process_destroy(process);
}

static void needs_no_pipes(void)
{
        eddy_process *process;
        eddy_process_output output;

        assert_int_equal(eddy_process_shell(&process, "exit 2", NULL), 0);
        assert_int_equal(eddy_process_communicate(process, "input", 5, SIZE_MAX, &output), 0);
        assert_int_equal(output.returncode, 2);
        assert_null(output.out);
        assert_null(output.err);
        eddy_process_destroy(process);
}

static void does_not_mind_unread_input(void)
{
        const size_t size = 5000000;
        char *bytes = make_pattern(size);
        eddy_process *process = start("head -c 5; exec 0<&-; echo; echo enough");
        eddy_process_output output;

        assert_int_equal(eddy_process_communicate(process, bytes, size, SIZE_MAX, &output), 0);
        assert_memory_equal(output.out, bytes, 5);
        assert_string_equal(output.out + 5, "\nenough\n");
        free_output(&output);
        eddy_process_destroy(process);
        free(bytes);
}

/* Neither what was read, nor what is still to come, nor the child. */
static void loses_nothing_where_there_is_too_much(void)
{
        const size_t size = 100000;
        eddy_process *process = start("head -c 100000 /dev/zero; echo error >&2; read line; exit 3");
        eddy_process_output output;
        size_t got = 0;
        char bytes[4096];

        assert_int_equal(eddy_process_communicate(process, "line\n", 5, 1000, &output), EDDY_ELIMIT);
        assert_null(output.out);
        assert_int_equal(eddy_process_returncode(process, NULL), EDDY_EINVALIDSTATE);
        while (got < size) {
                ssize_t n = eddy_stream_read(eddy_process_stdout(process), bytes, sizeof bytes);

                assert_true(n > 0);
                got += (size_t)n;
        }
        assert_int_equal(got, size);
        assert_reads(eddy_process_stderr(process), "error\n");
        eddy_stream_close(eddy_process_stdin(process));
        end_of(process);
        eddy_process_destroy(process);
}

static bool has_become(const eddy_process *process, const char *program)
{
        char path[64], name[64] = "";
        FILE *file;

        snprintf(path, sizeof path, "/proc/%d/comm", (int)eddy_process_pid(process));
        file = fopen(path, "re");
        assert_non_null(file);
        assert_non_null(fgets(name, sizeof name, file));
        fclose(file);
        return strncmp(name, program, strlen(program)) == 0;
}

static void loses_nothing_when_interrupted(void)
{
        eddy_process *process = start("echo one; echo two >&2; exec sleep 100");
        eddy_process_output output;
        int rc = 0;

        while (!has_become(process, "sleep")) /* by then it has said all */
                assert_int_equal(eddy_sleep(eddy_ms(1)), 0);
        EDDY_TIMEOUT_SCOPE(eddy_ms(20))
                rc = eddy_process_communicate(process, NULL, 0, SIZE_MAX, &output);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_int_equal(eddy_process_kill(process), 0);
        assert_int_equal(eddy_process_communicate(process, NULL, 0, SIZE_MAX, &output), 0);
        assert_string_equal(output.out, "one\n");
        assert_string_equal(output.err, "two\n");
        assert_int_equal(output.returncode, -SIGKILL);
        free_output(&output);
        eddy_process_destroy(process);
}

static intptr_t read_slowly(void *stream)
{
        char byte;

        return eddy_stream_read(stream, &byte, 1);
}

static void is_refused_while_another_reads(void)
{
        eddy_process *process = start("read line");
        eddy_task *reader = eddy_create_task(read_slowly, eddy_process_stdout(process));
        eddy_process_output output;

        eddy_yield();
        assert_int_equal(eddy_process_communicate(process, NULL, 0, SIZE_MAX, &output), EDDY_EBUSY);
        assert_int_equal(join(reader), 0);
        eddy_process_destroy(process);
}

static void without_memory(void)
{
        unsigned long nth = 0;
        int rc;

        do {
                eddy_process *process = start("echo one; echo two >&2; cat");
                eddy_process_output output;

                fault_arm(++nth, 1);
                rc = eddy_process_communicate(process, "three", 5, SIZE_MAX, &output);
                fault_arm(0, 0);
                if (rc < 0) {
                        assert_null(output.out);
                        assert_null(output.err);
                } else {
                        free_output(&output);
                }
                eddy_process_destroy(process);
        } while (rc < 0 || nth < 40);
        until(!have_children());
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            process_test(says_and_hears_all),
            process_test(hears_nothing),
            process_test(needs_no_pipes),
            process_test(does_not_mind_unread_input),
            process_test(loses_nothing_where_there_is_too_much),
            process_test(loses_nothing_when_interrupted),
            process_test(is_refused_while_another_reads),
            process_test(without_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
