/*
 * A filter: what comes by standard input goes through another program to standard output, all at the same time.
 *
 *         printf 'one\ntwo\n' | ./pipes tr a-z A-Z
 *
 *         reader = asyncio.StreamReader()                        # asyncio
 *         await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
 */
#include <eddy.h>
#include <stdio.h>
#include <unistd.h>

static int copy(eddy_stream *from, eddy_stream *to)
{
        char buffer[4096];
        ssize_t n;
        while ((n = eddy_stream_read(from, buffer, sizeof buffer)) > 0) {
                n = eddy_stream_write_all(to, buffer, (size_t)n);
                if (n < 0)
                        break;
        }
        return (int)n;
}

/* Standard input may be a terminal, a pipe or a file. */
static intptr_t feed(void *arg)
{
        eddy_stream *program = arg, *input;
        int rc = eddy_open_stdio(&input, STDIN_FILENO, 0);
        if (rc < 0)
                return rc;
        rc = copy(input, program);
        eddy_stream_destroy(input);
        eddy_stream_write_eof(program);
        return rc == -EPIPE ? 0 : rc; /* it has read enough */
}

static int filter(eddy_process *process)
{
        eddy_stream *output;
        int rc = eddy_open_stdio(&output, STDOUT_FILENO, 0), code;
        if (rc < 0)
                return rc;

        eddy_group group;
        eddy_group_open(&group);
        eddy_group_create_task(&group, feed, eddy_process_stdin(process), NULL);
        rc = copy(eddy_process_stdout(process), output);
        if (rc == 0)
                rc = eddy_process_wait(process, &code);
        eddy_group_cancel(&group); /* nobody reads the rest of our input */
        int failure = eddy_group_close(&group);
        eddy_stream_destroy(output);
        return failure < 0 ? failure : rc < 0 ? rc : code;
}

static intptr_t app(void *arg)
{
        eddy_process *process;
        int rc = eddy_process_exec(&process, arg, &(eddy_process_options){.in = EDDY_PIPE, .out = EDDY_PIPE});
        if (rc < 0)
                return rc;
        rc = filter(process);
        eddy_process_destroy(process);
        return rc;
}

int main(int argc, char **argv)
{
        intptr_t rc = eddy_run(app, argc > 1 ? argv + 1 : EDDY_ARGV("tr", "a-z", "A-Z"));
        if (rc < 0)
                fprintf(stderr, "pipes: %s\n", eddy_explain(rc));
        return rc < 0;
}
