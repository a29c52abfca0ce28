#include "http/output.h"

#include "base/sys.h"
#include <eddy/error.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

/* Of a file in one call, so that what a log says of one that was not taken whole is about right. */
enum { PIECE = 1024 * 1024 };

/** A wait for the client to take something. */
struct sending {
        struct http_output *output;
        eddy_timeout whole; /* open where there is a limit */
};

/* 0, or what interrupts the caller, and then nothing has begun. */
static int begin_sending(struct sending *sending, struct http_output *output)
{
        int rc = output->failure ? output->failure : eddy_interrupted();

        if (rc < 0)
                return rc;
        sending->output = output;
        deadline_start_sending(output->deadlines, output->deadline, eddy_stream_fd(output->stream));
        if (output->limit > 0)
                eddy_timeout_open(&sending->whole, output->limit);
        return 0;
}

/* rc: what sending came to. */
static int end_sending(struct sending *sending, ssize_t rc)
{
        struct http_output *output = sending->output;

        if (output->limit > 0)
                eddy_timeout_close(&sending->whole);
        if (deadline_stop(output->deadline) < 0 && rc >= 0) /* it was taken in the last moment */
                deadline_renew(output->deadline);
        output->failure = rc < 0 ? (int)rc : 0;
        return output->failure;
}

int output_flush(struct http_output *output)
{
        struct sending sending;
        size_t n = output->size;
        int rc;

        if (output->failure || n == 0)
                return output->failure;
        rc = begin_sending(&sending, output);
        if (rc < 0)
                return rc;
        output->size = 0;
        return end_sending(&sending, eddy_stream_write_all(output->stream, output->data, n));
}

int output_reserve(struct http_output *output, size_t n)
{
        return output->size + n <= HTTP_OUTPUT_SIZE ? 0 : output_flush(output);
}

/* Have the stream send what is gathered in front of what it is given next. */
static int push(struct http_output *output)
{
        int rc = eddy_stream_write(output->stream, output->data, output->size);

        output->size = 0;
        return rc;
}

int output_add(struct http_output *output, const void *data, size_t n)
{
        struct sending sending;
        ssize_t rc;

        if (n <= HTTP_OUTPUT_SIZE - output->size) {
                if (n > 0)
                        output_put(output, data, n);
                return 0;
        }
        rc = begin_sending(&sending, output);
        if (rc < 0)
                return (int)rc;
        rc = push(output);
        if (rc == 0)
                rc = eddy_stream_write_all(output->stream, data, n);
        return end_sending(&sending, rc);
}

static int send_file(struct http_output *output, int fd, int64_t start, int64_t end, int64_t *sent)
{
        int rc = push(output);

        while (rc == 0 && start < end) {
                size_t size = end - start < PIECE ? (size_t)(end - start) : PIECE;
                ssize_t n = eddy_stream_sendfile(output->stream, fd, start, size);

                if (n < 0)
                        return (int)n;
                *sent += n;
                start += n;
                if ((size_t)n < size) /* it was truncated meanwhile, and the answer promises more */
                        rc = -EIO;
        }
        return rc;
}

int output_add_file(struct http_output *output, int fd, int64_t start, int64_t end, int64_t *sent)
{
        struct sending sending;
        int rc = begin_sending(&sending, output);

        return rc < 0 ? rc : end_sending(&sending, send_file(output, fd, start, end, sent));
}

void output_finish(struct http_output *output)
{
        const unsigned patience = (unsigned)(output->deadlines->delay / eddy_ms(1));

        if (output->failure == EDDY_TIMEOUT) { /* who takes nothing shall not keep a closing socket either */
                eddy_stream_abort(output->stream);
                return;
        }
        if (output->failure || output->size == 0)
                return;
        /* Nobody is left to see to a client that does not take it, so the kernel does. */
        sys_setsockopt(eddy_stream_fd(output->stream), IPPROTO_TCP, TCP_USER_TIMEOUT, &patience,
                       sizeof patience);
        push(output);
}
