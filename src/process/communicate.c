/* All that is said to a process, and all that it says, at the same time. */
#include "process/process.h"
#include "stream/stream.h"
#include "task/task.h"

/** One stream that is read to its end. */
struct collection {
        const eddy_process *process;
        eddy_stream *stream;
        size_t max;
};

static intptr_t collect(void *arg)
{
        const struct collection *collection = arg;

        /* It may be destroyed before this task begins. */
        if (collection->process->is_orphan)
                return -EBADF;
        return stream_collect(collection->stream, collection->max);
}

/** Write the input, and let the child see its end. One that does not want it all is none of our business. */
static int feed(const eddy_process *process, const void *input, size_t size)
{
        eddy_stream *stream = eddy_process_stdin(process);
        ssize_t rc = size > 0 ? eddy_stream_write_all(stream, input, size) : 0;

        if (process->is_orphan)
                return -EBADF;
        if (rc < 0 && rc != -EPIPE)
                return (int)rc;
        eddy_stream_close(stream);
        return 0;
}

/** Feed and collect, until both outputs have ended: what they said is in their streams' buffers. */
static int exchange(eddy_process *process, const void *input, size_t size, size_t max)
{
        eddy_stream *in = eddy_process_stdin(process);
        struct collection out = {process, eddy_process_stdout(process), max};
        struct collection err = {process, eddy_process_stderr(process), max};
        eddy_group group;
        int rc = eddy_group_open(&group), outcome;

        if (rc < 0)
                return rc;
        if (out.stream)
                eddy_group_start(&group, &(eddy_task_options){.name = "read stdout"}, collect, &out, NULL);
        if (err.stream)
                eddy_group_start(&group, &(eddy_task_options){.name = "read stderr"}, collect, &err, NULL);
        if (in)
                rc = feed(process, input, size);
        if (rc < 0)
                eddy_group_cancel(&group);
        outcome = eddy_group_close(&group);
        return outcome < 0 ? outcome : rc;
}

/** Exchange all, and hand out what was said: all or nothing. */
static int communicate(eddy_process *process, const void *input, size_t size, size_t max,
                       eddy_process_output *output)
{
        eddy_stream *out = eddy_process_stdout(process), *err = eddy_process_stderr(process);
        int rc, returncode = 0;

        rc = exchange(process, input, size, max);
        if (rc == 0)
                rc = eddy_process_wait(process, &returncode);
        if (rc == 0 && process->is_orphan)
                rc = -EBADF;
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

int eddy_process_communicate(eddy_process *process, const void *input, size_t size, size_t max,
                             eddy_process_output *output)
{
        struct task *self;
        int rc = task_enter(&self);

        *output = (eddy_process_output){.out = NULL};
        if (rc < 0)
                return rc;
        process_begin_use(process);
        rc = communicate(process, input, size, max, output);
        process_end_use(process);
        return rc;
}
