#include "stream/connect.h"

#include "net/connect.h"
#include "net/socket.h"
#include "stream/stream.h"
#include "stream/tls.h"
#include "transport/tls.h"
#include <eddy/unix.h>

/** Make a stream of a socket that is connected, or close it: 0 or -ENOMEM. */
static int make_stream(eddy_stream **stream, eddy_loop *loop, int fd, int family, size_t limit)
{
        *stream = stream_create(loop, fd, family, limit);
        if (*stream) {
                socket_set_nodelay(fd, family);
                return 0;
        }
        loop_close_descriptor(loop, fd);
        return -ENOMEM;
}

/** A task that connects. */
struct connecting {
        struct connector connector;
        struct wait wait;
        struct task *task;
        bool is_over;
        int outcome;
};

static void end_connecting(struct connector *connector, int outcome)
{
        struct connecting *connecting = container_of(connector, struct connecting, connector);

        connecting->is_over = true;
        connecting->outcome = outcome;
        task_wake(connecting->task);
}

static bool interrupt_connecting(struct wait *wait, struct task *task)
{
        struct connecting *connecting = container_of(wait, struct connecting, wait);

        (void)task;
        if (!connecting->is_over)
                connector_cancel(&connecting->connector);
        return true;
}

static void prepare(struct connecting *connecting, struct task *self)
{
        *connecting = (struct connecting){
            .connector.done = end_connecting,
            .wait.interrupt = interrupt_connecting,
            .task = self,
        };
}

/** Wait for the outcome; `begun` is what beginning has returned. */
static int wait_for_outcome(struct connecting *connecting, int begun)
{
        struct task *self = connecting->task;
        int outcome = begun;

        if (begun == EDDY_PENDING) {
                while (!connecting->is_over)
                        task_wait(self, &connecting->wait);
                outcome = connecting->outcome;
                if (outcome < 0 && self->interruption)
                        outcome = self->interruption;
        }
        if (outcome < 0 && outcome != self->interruption)
                error_detail_adopt(connecting->connector.detail);
        connector_finish(&connecting->connector);
        return outcome;
}

/** Whether who connects has no server's context: 0 or -EINVAL. */
static int check_side(const eddy_connect_options *options)
{
        return options ? tls_check_side(options->tls, false) : 0;
}

int connect_to_host(struct task *self, const char *host, uint16_t port, const eddy_connect_options *options,
                    int *family)
{
        struct connecting connecting;
        int outcome = check_side(options);

        if (outcome < 0)
                return outcome;
        prepare(&connecting, self);
        outcome = wait_for_outcome(
            &connecting, connector_begin(&connecting.connector, self->future.loop, host, port, options));
        *family = connecting.connector.family;
        return outcome;
}

int connect_to_path(struct task *self, const char *path, const eddy_connect_options *options)
{
        struct connecting connecting;
        int rc = check_side(options);

        if (rc < 0)
                return rc;
        prepare(&connecting, self);
        return wait_for_outcome(&connecting,
                                connector_begin_path(&connecting.connector, self->future.loop, path));
}

/** Speak TLS by a stream that was just made, where the options say so; or give it back: 0 or the error. */
static int secure(struct task *self, eddy_stream **stream, const char *host,
                  const eddy_connect_options *options)
{
        int rc;

        if (!options || !options->tls)
                return 0;
        rc = stream_start_tls(self, *stream, options->tls, options->tls_name ? options->tls_name : host);
        if (rc == 0)
                return 0;
        eddy_stream_destroy(*stream);
        *stream = NULL;
        return rc;
}

int eddy_open_connection(eddy_stream **stream, const char *host, uint16_t port,
                         const eddy_connect_options *options)
{
        struct task *self;
        int family = AF_UNSPEC, rc = task_enter(&self);

        *stream = NULL;
        if (rc == 0)
                rc = connect_to_host(self, host, port, options, &family);
        if (rc < 0)
                return rc;
        rc = make_stream(stream, self->future.loop, rc, family, options ? options->limit : 0);
        return rc < 0 ? rc : secure(self, stream, host, options);
}

int eddy_open_unix_connection(eddy_stream **stream, const char *path, const eddy_connect_options *options)
{
        struct task *self;
        int rc = task_enter(&self);

        *stream = NULL;
        if (rc == 0)
                rc = connect_to_path(self, path, options);
        if (rc < 0)
                return rc;
        rc = make_stream(stream, self->future.loop, rc, AF_UNIX, options ? options->limit : 0);
        return rc < 0 ? rc : secure(self, stream, NULL, options);
}
