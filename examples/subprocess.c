/*
 * Run a command line, and see what it said and returned; asyncio's first example of subprocesses.
 *
 *         async def run(cmd):                                    # asyncio
 *                 proc = await asyncio.create_subprocess_shell(
 *                         cmd,
 *                         stdout=asyncio.subprocess.PIPE,
 *                         stderr=asyncio.subprocess.PIPE)
 *
 *                 stdout, stderr = await proc.communicate()
 *
 *                 print(f'[{cmd!r} exited with {proc.returncode}]')
 *                 if stdout:
 *                         print(f'[stdout]\n{stdout.decode()}')
 *                 if stderr:
 *                         print(f'[stderr]\n{stderr.decode()}')
 *
 *         asyncio.run(run('ls /zzz'))
 */
#include <eddy.h>
#include <stdint.h>
#include <stdio.h>

static intptr_t run(void *arg)
{
        const char *command = arg;
        eddy_process *process;
        eddy_process_output output;

        int rc =
            eddy_process_shell(&process, command, &(eddy_process_options){.out = EDDY_PIPE, .err = EDDY_PIPE});
        if (rc < 0)
                return rc;
        rc = eddy_process_communicate(process, NULL, 0, SIZE_MAX, &output);
        if (rc == 0) {
                printf("['%s' exited with %d]\n", command, output.returncode);
                if (output.out_size)
                        printf("[stdout]\n%s\n", output.out);
                if (output.err_size)
                        printf("[stderr]\n%s\n", output.err);
                eddy_free(output.out);
                eddy_free(output.err);
        }
        eddy_process_destroy(process); /* killed, if we were cancelled while it ran */
        return rc;
}

int main(int argc, char **argv)
{
        intptr_t rc = eddy_run(run, argc > 1 ? argv[1] : "LC_ALL=C ls /zzz");
        if (rc < 0)
                fprintf(stderr, "subprocess: %s\n", eddy_explain(rc));
        return rc < 0;
}
