/*
 * Talk to a program by its streams: read one line that it writes; asyncio's second example of subprocesses.
 *
 *         async def get_date():                                  # asyncio
 *                 code = 'import datetime; print(datetime.datetime.now())'
 *
 *                 # Create the subprocess; redirect the standard output
 *                 # into a pipe.
 *                 proc = await asyncio.create_subprocess_exec(
 *                         sys.executable, '-c', code,
 *                         stdout=asyncio.subprocess.PIPE)
 *
 *                 # Read one line of output.
 *                 data = await proc.stdout.readline()
 *                 line = data.decode('ascii').rstrip()
 *
 *                 # Wait for the subprocess exit.
 *                 await proc.wait()
 *                 return line
 *
 *         date = asyncio.run(get_date())
 *         print(f"Current date: {date}")
 */
#include <eddy.h>
#include <stdio.h>

static int read_date(eddy_process *process)
{
        const char *line;
        ssize_t n = eddy_stream_read_line(eddy_process_stdout(process), &line);
        if (n < 0)
                return (int)n;
        printf("Current date: %.*s", (int)n, line);
        return eddy_process_wait(process, NULL);
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_process *process;
        int rc = eddy_process_exec(&process, EDDY_ARGV("date", "+%Y-%m-%d %H:%M:%S"),
                                   &(eddy_process_options){.out = EDDY_PIPE});
        if (rc < 0)
                return rc;
        rc = read_date(process);
        eddy_process_destroy(process);
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "subprocess_date: %s\n", eddy_explain(rc));
        return rc < 0;
}
