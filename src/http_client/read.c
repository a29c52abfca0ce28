/* The body of an answer, read as fast as its reader likes. */
#include "http_client/transfer.h"

#include "base/memory.h"

static size_t take_kept(struct transfer *t, char *buffer, size_t n)
{
        size_t left = t->in_end - t->in_start;

        if (n > left)
                n = left;
        memcpy(buffer, t->in + t->in_start, n);
        t->in_start += n;
        if (t->in_start == t->in_end)
                t->in_start = t->in_end = 0;
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
        count = read_some(t, buffer, n);
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
