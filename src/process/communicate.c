/* All that is said to a process, and all that it says, at the same time. */
#include "process/process.h"
#include "stream/stream.h"
#include "task/task.h"

/** One stream that is read to its end. */
struct collection {
        eddy_stream *stream;
        size_t max;
};

static intptr_t collect(void *arg)
{
        const struct collection *collection = arg;

        return stream_collect(collection->stream, collection->max);
}

/** Write the input, and let the child see its end. One that does not want it all is none of our business. */
static int feed(eddy_stream *stream, const void *input, size_t size)
{
        ssize_t rc = size > 0 ? eddy_stream_write_all(stream, input, size) : 0;

        if (rc < 0 && rc != -EPIPE)
                return (int)rc;
        eddy_stream_close(stream);
        return 0;
}

/** Feed and collect, until both outputs have ended: what they said is in their streams' buffers. */
static int exchange(eddy_process *process, const void *input, size_t size, size_t max)
{
        eddy_stream *in = eddy_process_stdin(process);
        struct collection out = {eddy_process_stdout(process), max}, err = {eddy_process_stderr(process), max};
        eddy_group group;
        int rc = eddy_group_open(&group), outcome;

        if (rc < 0)
                return rc;
        if (out.stream)
                eddy_group_start(&group, &(eddy_task_options){.name = "read stdout"}, collect, &out, NULL);
        if (err.stream)
                eddy_group_start(&group, &(eddy_task_options){.name = "read stderr"}, collect, &err, NULL);
        if (in)
                rc = feed(in, input, size);
        if (rc < 0)
                eddy_group_cancel(&group);
        outcome = eddy_group_close(&group);
        return outcome < 0 ? outcome : rc;
}

int eddy_process_communicate(eddy_process *process, const void *input, size_t size, size_t max,
                             eddy_process_output *output)
{
        eddy_stream *out = eddy_process_stdout(process), *err = eddy_process_stderr(process);
        struct task *self;
        int rc = task_enter(&self), returncode = 0;

        *output = (eddy_process_output){.out = NULL};
        if (rc < 0)
                return rc;
        rc = exchange(process, input, size, max);
        if (rc == 0)
                rc = eddy_process_wait(process, &returncode);
        /* From here on it has all or nothing. */
        if (rc == 0 && out)
                rc = stream_terminate(out);
        if (rc == 0 && err)
                rc = stream_terminate(err);
        if (rc < 0)
                return rc;
        output->returncode = returncode;
        if (out)
                output->out = stream_take_all(out, &output->out_size);
        if (err)
                output->err = stream_take_all(err, &output->err_size);
        return 0;
}
