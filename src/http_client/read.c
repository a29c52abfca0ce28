/* The body of an answer, read as fast as its reader likes. */
#include "http_client/read.h"
#include "http_client/patience.h"
#include "http_client/unwrap.h"

#include "base/memory.h"

enum {
        PIECE = 64 * 1024, /* bytes that are decoded at once at most */
        TURN = 256 * 1024, /* and after which others have their turn */
};

/* Bytes of what was kept are done with. The server's silence begins when there are no more. */
static void pass(struct transfer *t, size_t n)
{
        t->in_start += n;
        if (t->in_start < t->in_end)
                return;
        t->in_start = t->in_end = 0;
        if (n > 0)
                patience_sign_of_life(t);
}

static size_t take_kept(struct transfer *t, char *buffer, size_t n)
{
        size_t left = t->in_end - t->in_start;

        if (n > left)
                n = left;
        memcpy(buffer, t->in + t->in_start, n);
        pass(t, n);
        return n;
}

/* What curl has held back may come within the call. */
static void go_on(struct transfer *t)
{
        if (!t->is_paused || t->in_end > 0 || t->is_done)
                return;
        t->is_paused = false;
        transfer_set_pauses(t);
}

/* At least a byte, unless that was all. */
static ssize_t read_some(struct transfer *t, char *buffer, size_t n)
{
        int rc = 0;

        if (t->in_end > t->in_start)
                return (ssize_t)take_kept(t, buffer, n);
        t->into = buffer;
        t->into_size = n;
        t->into_got = 0;
        go_on(t);
        while (rc == 0 && t->into_got == 0 && !t->is_done)
                rc = transfer_await(t);
        t->into = NULL;
        if (t->into_got > 0)
                return (ssize_t)t->into_got;
        return rc < 0 ? rc : transfer_outcome(t);
}

/* A few bytes may become very many: others have their turn meanwhile, and time may run out. 0, or what ends it. */
static int give_others_a_turn(struct transfer *t)
{
        int rc;

        if (t->work < TURN)
                return 0;
        t->work = 0;
        t->is_awaited = true;
        rc = eddy_yield();
        t->is_awaited = false;
        return rc < 0 ? rc : patience_verdict(t);
}

/* Bytes that have been decoded of what has come; 0: none. */
static ssize_t decode_some(struct transfer *t, char *buffer, size_t n, uint64_t *work)
{
        struct coding_io io = {.in_size = t->in_end - t->in_start, .out = buffer, .out_size = n};
        int rc = 0;

        *work = 0;
        if (!t->unwrapping && io.in_size == 0)
                return 0; /* what has no body is in no coding either */
        io.in = t->in + t->in_start;
        if (!t->unwrapping)
                rc = unwrap_begin(&t->unwrapping, t->response);
        if (rc == 0)
                rc = unwrap_some(t->unwrapping, &io, work);
        t->work += *work;
        pass(t, t->in_end - t->in_start - io.in_size);
        return n > io.out_size ? (ssize_t)(n - io.out_size) : rc;
}

static int end_of_coded(struct transfer *t)
{
        int rc = transfer_outcome(t);

        return rc < 0 || !t->unwrapping ? rc : unwrap_end(t->unwrapping);
}

static void count_decoded(struct transfer *t, ssize_t n)
{
        t->response->received += n;
        if (t->request->on_progress)
                t->request->on_progress(t->response->received, t->response->length, t->request->arg);
}

/* As read_some(), of what comes in a coding. */
static ssize_t read_coded(struct transfer *t, char *buffer, size_t n)
{
        int rc = 0;

        while (rc == 0) {
                uint64_t work;
                ssize_t got;

                rc = give_others_a_turn(t);
                if (rc < 0)
                        break;
                got = decode_some(t, buffer, n < PIECE ? n : PIECE, &work);
                if (got > 0)
                        count_decoded(t, got);
                if (got != 0)
                        return got;
                go_on(t);
                if (work > 0 || t->in_end > t->in_start)
                        continue;
                if (t->is_done)
                        return end_of_coded(t);
                rc = transfer_await(t);
                t->work = 0;
        }
        return rc;
}

int read_coded_whole(struct transfer *t)
{
        const eddy_http_request *request = t->request;
        char *piece = memory_alloc(PIECE);
        ssize_t n = piece ? 0 : -ENOMEM;

        while (n == 0 && (n = read_coded(t, piece, PIECE)) > 0) {
                int rc = request->on_body ? request->on_body(piece, (size_t)n, request->arg) : 0;

                n = rc < 0 ? rc : 0;
        }
        memory_free(piece);
        return (int)n;
}

ssize_t eddy_http_response_read(eddy_http_response *response, void *buffer, size_t n)
{
        struct transfer *t = response->transfer;
        ssize_t count;
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;

        if (rc < 0)
                return rc;
        if (!t)
                return eddy_fail(-EINVAL, "there is no answer whose body could be read");
        if (t->is_awaited || t->into)
                return EDDY_EBUSY;
        if (n == 0)
                return 0;
        count = t->is_coded ? read_coded(t, buffer, n) : read_some(t, buffer, n);
        /* So that the server may send while these are looked at. */
        go_on(t);
        return count;
}

ssize_t eddy_http_response_read_all(eddy_http_response *response, char **body, size_t max)
{
        size_t size = 0, room = 4096;
        char *bytes = memory_alloc(room);
        ssize_t n = 0;

        if (!bytes)
                return -ENOMEM;
        while ((n = eddy_http_response_read(response, bytes + size, room - size - 1)) > 0) {
                size += (size_t)n;
                if (size > max) {
                        n = eddy_fail(EDDY_ELIMIT, "the body has more than %zu bytes", max);
                        break;
                }
                if (size == room - 1) {
                        char *more = memory_realloc(bytes, 2 * room);

                        n = more ? 0 : -ENOMEM;
                        if (n < 0)
                                break;
                        bytes = more;
                        room *= 2;
                }
        }
        if (n < 0) {
                memory_free(bytes);
                return n;
        }
        bytes[size] = '\0';
        *body = bytes;
        return (ssize_t)size;
}

void eddy_http_response_finish(eddy_http_response *response)
{
        if (response->transfer)
                transfer_give(response->transfer);
        response->transfer = NULL;
        memory_free(response->headers);
        memory_free(response->url);
        response->headers = response->url = NULL;
        response->headers_size = 0;
}
