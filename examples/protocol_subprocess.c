/*
 * Read what a program says, by a protocol; asyncio's example of subprocess protocols.
 *
 *         class DateProtocol(asyncio.SubprocessProtocol):        # asyncio
 *                 def __init__(self, exit_future):
 *                         self.exit_future = exit_future
 *                         self.output = bytearray()
 *                         self.pipe_closed = False
 *                         self.exited = False
 *
 *                 def pipe_connection_lost(self, fd, exc):
 *                         self.pipe_closed = True
 *                         self.check_for_exit()
 *
 *                 def pipe_data_received(self, fd, data):
 *                         self.output.extend(data)
 *
 *                 def process_exited(self):
 *                         self.exited = True
 *                         # process_exited() method can be called before
 *                         # pipe_connection_lost() method: wait until both
 *                         # methods are called.
 *                         self.check_for_exit()
 *
 *                 def check_for_exit(self):
 *                         if self.pipe_closed and self.exited:
 *                                 self.exit_future.set_result(True)
 *
 *         transport, protocol = await loop.subprocess_exec(
 *                 lambda: DateProtocol(exit_future),
 *                 sys.executable, '-c', code, stdin=None, stderr=None)
 *         await exit_future
 *
 * Here connection_lost() is what comes when all of that has ended.
 */
#include <eddy.h>
#include <stdio.h>
#include <string.h>

struct date {
        char output[64];
        size_t size;
        eddy_event lost;
};

static void pipe_data_received(eddy_subprocess_transport *transport, void *self, int fd, const void *data,
                               size_t n)
{
        struct date *date = self;
        (void)transport, (void)fd;
        if (n > sizeof date->output - date->size)
                n = sizeof date->output - date->size;
        memcpy(date->output + date->size, data, n);
        date->size += n;
}

static void process_exited(eddy_subprocess_transport *transport, void *self, int returncode)
{
        (void)transport, (void)self;
        if (returncode != 0)
                fprintf(stderr, "date returned %d\n", returncode);
}

static void connection_lost(eddy_subprocess_transport *transport, void *self, int reason)
{
        struct date *date = self;
        (void)transport, (void)reason;
        eddy_event_set(&date->lost);
}

static const eddy_subprocess_protocol protocol = {
    .pipe_data_received = pipe_data_received,
    .process_exited = process_exited,
    .connection_lost = connection_lost,
};

static intptr_t app(void *arg)
{
        (void)arg;
        struct date date = {.size = 0};
        eddy_subprocess_transport *transport;
        eddy_event_init(&date.lost);
        int rc =
            eddy_subprocess_exec(&transport, NULL, &protocol, &date, EDDY_ARGV("date", "+%Y-%m-%d %H:%M:%S"),
                                 &(eddy_process_options){.out = EDDY_PIPE});
        if (rc < 0)
                return rc;
        rc = eddy_event_wait(&date.lost);
        if (!eddy_event_is_set(&date.lost)) { /* we are cancelled, and its state lies on our stack */
                eddy_subprocess_transport_close(transport);
                EDDY_SHIELD_SCOPE
                        eddy_event_wait(&date.lost);
        }
        eddy_event_finish(&date.lost);
        if (rc == 0)
                printf("Current date: %.*s", (int)date.size, date.output);
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "protocol_subprocess: %s\n", eddy_explain(rc));
        return rc < 0;
}
