/*
 * SIGINT and SIGTERM end the program in its own way; asyncio's example of signal handlers, and below it the same for
 * coroutines.
 *
 *         def ask_exit(signame, loop):                           # asyncio
 *                 print("got signal %s: exit" % signame)
 *                 loop.stop()
 *
 *         async def main():
 *                 loop = asyncio.get_running_loop()
 *
 *                 for signame in {'SIGINT', 'SIGTERM'}:
 *                         loop.add_signal_handler(
 *                                 getattr(signal, signame),
 *                                 functools.partial(ask_exit, signame, loop))
 *
 *                 await asyncio.sleep(3600)
 */
#include <eddy.h>
#include <signal.h>
#include <stdio.h>

static void ask_exit(void *loop)
{
        puts("got signal SIGINT: exit");
        eddy_loop_stop(loop);
}

static intptr_t sleep_long(void *arg)
{
        (void)arg;
        puts("press Ctrl-C");
        fflush(stdout);
        return eddy_sleep(eddy_seconds(3600));
}

/* A callback of the loop, as in asyncio. */
static int by_handler(void)
{
        eddy_loop *loop;
        int rc = eddy_loop_create(&loop);
        if (rc < 0)
                return rc;
        eddy_set_loop(loop);
        eddy_task *sleeper = eddy_create_task(sleep_long, NULL);
        rc = eddy_add_signal_handler(loop, SIGINT, ask_exit, loop);
        if (rc == 0)
                rc = eddy_loop_run_until_complete(loop, sleeper, NULL);
        eddy_unref(sleeper);
        eddy_loop_destroy(loop);
        return rc == EDDY_ESTOPPED ? 0 : rc; /* stopped, as it was asked to */
}

/* A coroutine that reads signals as it would read lines: no handler, no flag, no signal lost. */
static intptr_t serve_signals(void *arg)
{
        (void)arg;
        eddy_signal_watch watch;
        int signum = eddy_signal_watch_open(&watch, (int[]){SIGHUP, SIGTERM}, 2);
        if (signum < 0)
                return signum;
        puts("send SIGHUP or SIGTERM");
        fflush(stdout);
        while ((signum = eddy_signal_watch_next(&watch)) == SIGHUP) {
                puts("got signal SIGHUP: read the configuration again");
                fflush(stdout);
        }
        eddy_signal_watch_close(&watch);
        if (signum == SIGTERM)
                puts("got signal SIGTERM: exit");
        return signum;
}

int main(void)
{
        return by_handler() < 0 || eddy_run(serve_signals, NULL) < 0;
}
