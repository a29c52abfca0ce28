/*
 * What debug mode tells of a careless program, through a log function of its own.
 *
 *         asyncio.run(careless(), debug=True)                    # asyncio
 *
 * Run any program with EDDY_DEBUG=1 to have the same on stderr, with the calls that led to each.
 */
#include <eddy.h>
#include <stdio.h>
#include <string.h>

/* The first words: durations and addresses differ from run to run. */
static void print_beginning(eddy_log_level level, const char *message, void *arg)
{
        (void)arg;
        printf("%s: %.*s\n", level == EDDY_LOG_ERROR ? "error" : "warning", (int)strcspn(message, ":\n0"),
               message);
}

static intptr_t compute(void *arg)
{
        (void)arg;
        for (eddy_time end = eddy_now() + eddy_ms(600); eddy_now() < end;)
                continue; /* nothing else runs meanwhile: this belongs into a thread */
        return 0;
}

static intptr_t fail(void *arg)
{
        (void)arg;
        return -EIO;
}

static intptr_t handle(eddy_stream *stream, void *arg)
{
        (void)stream;
        (void)arg;
        return 0;
}

static intptr_t careless(void *arg)
{
        eddy_server **server = arg;
        eddy_join(eddy_create_task(compute, NULL), NULL);

        eddy_unref(eddy_create_task(fail, NULL)); /* nobody will look at its failure */
        eddy_sleep(eddy_ms(1));

        return eddy_start_server(server, handle, NULL, "127.0.0.1", 0, NULL); /* and nobody closes it */
}

int main(void)
{
        eddy_set_log_function(print_beginning, NULL);

        eddy_server *server = NULL;
        eddy_runner runner;
        int rc = eddy_runner_init(&runner, &(eddy_runner_options){.debug = true});
        if (rc == 0) {
                eddy_loop_set_slow_callback_duration(eddy_runner_loop(&runner), eddy_ms(500)); /* else 100 */
                rc = (int)eddy_runner_run(&runner, careless, &server);
        }
        eddy_runner_finish(&runner);
        eddy_server_destroy(server);
        return rc < 0;
}
