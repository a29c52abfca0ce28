/* Scenarios: each uses something that suspends, cleans up after itself, and returns 0 or why it could not.
 * scenarios_GROUP.c defines those of one group; meson.build names the groups. */
#ifndef TESTS_FAULTS_SCENARIOS_H
#define TESTS_FAULTS_SCENARIOS_H

#include <eddy.h>

struct scenario {
        const char *name;
        eddy_fn play;
};

/** Of this program's group; the last one has no name. */
extern const struct scenario scenarios[];

/** An error of its own, or why waiting for it failed. */
static inline int settle(eddy_future *future)
{
        intptr_t result = 0;
        int rc = eddy_join(future, &result);

        return rc < 0 ? rc : eddy_is_error(result) ? (int)result : 0;
}

/** Cancel a task if there is one, see its end, and give it back, whatever happens to oneself. */
static inline void end_task(eddy_task *task)
{
        if (!task)
                return;
        eddy_cancel(task);
        EDDY_SHIELD_SCOPE
                eddy_await(task, NULL);
        eddy_unref(task);
}

/** Do something while a companion runs, who is ended with it; where the companion fails, so does the whole. */
static inline intptr_t act_beside(eddy_fn companion, void *companion_arg, ssize_t (*act)(void *arg), void *arg)
{
        eddy_group group;
        ssize_t rc;
        int outcome;

        eddy_group_open(&group);
        rc = eddy_group_start(&group, NULL, companion, companion_arg, NULL);
        if (rc == 0)
                EDDY_TIMEOUT_SCOPE(eddy_seconds(5)) /* for where what fails is never told to the other */
                        rc = act(arg);
        eddy_group_cancel(&group);
        outcome = eddy_group_close(&group);
        return outcome < 0 ? outcome : rc < 0 ? rc : 0;
}

/** A connection handler: whatever it is sent, it sends back. */
static inline intptr_t echo(eddy_stream *stream, void *arg)
{
        char bytes[64];
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read(stream, bytes, sizeof bytes)) > 0) {
                n = eddy_stream_write_all(stream, bytes, (size_t)n);
                if (n < 0)
                        break;
        }
        return n;
}

/** Close a server if there is one, and see its connections end, whatever happens to oneself. */
static inline void end_server(eddy_server *server)
{
        if (!server)
                return;
        eddy_server_close(server);
        eddy_server_close_clients(server);
        EDDY_SHIELD_SCOPE
                eddy_server_wait_closed(server);
        eddy_server_destroy(server);
}

#endif
