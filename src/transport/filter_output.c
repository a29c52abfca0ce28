/* What leaves through a filter: encoded into the queue of the flow below. */
#include "transport/filter.h"

/** Whether both sides are to agree on something once more, and nothing is written meanwhile: with what has come they maybe have, or have
 * failed. */
static bool greets_again(struct filter *filter)
{
        if (!filter_must_greet(filter))
                return false;
        filter->is_greeting = true;
        if (!filter->needs_more)
                filter_greet(filter);
        if (filter->is_greeting)
                flow_resume_input(&filter->input);
        return true;
}

/** Encode some bytes into the queue below: how many came of them, or an error.
 *
 * @param n  in: how many there are; out: how many were used
 */
static ssize_t encode_some(struct filter *filter, const char *data, size_t *n)
{
        struct flow *lower = &filter->lower;
        size_t room = *n + (*n + FILTER_AT_ONCE - 1) / FILTER_AT_ONCE * FILTER_ADDED;
        struct buffer *place = flow_make_room(lower, room);
        ssize_t got;

        if (!place)
                return -ENOMEM;
        got = filter_outcome(
            filter->codec->encode(filter->self, data, n, buffer_room(place), buffer_room_size(place)));
        if (got == 0 && *n == 0)
                got = greets_again(filter) ? -EAGAIN : -EIO;
        if (got > 0)
                flow_note_added(lower, place, (size_t)got);
        else if (got < 0 && got != -EAGAIN)
                filter->sending_failure = (int)got;
        return got;
}

ssize_t filter_encode(struct filter *filter, const char *data, size_t n)
{
        size_t done = 0;

        while (done < n) {
                size_t used = n - done;
                ssize_t got = encode_some(filter, data + done, &used);

                if (got == -EAGAIN && !filter->is_greeting)
                        got = filter->upper->write_error;
                if (got < 0)
                        return done ? (ssize_t)done : got;
                done += used;
        }
        return (ssize_t)n;
}

/** Encode `most` bytes, or fewer: how many, or an error. */
static ssize_t encode_parts(struct filter *filter, const struct iovec *parts, size_t count, size_t most)
{
        size_t done = 0;

        for (size_t i = 0; i < count && done < most; i++) {
                size_t n = parts[i].iov_len < most - done ? parts[i].iov_len : most - done;
                ssize_t got = filter_encode(filter, parts[i].iov_base, n);

                if (got < 0)
                        return done ? (ssize_t)done : got;
                done += (size_t)got;
        }
        return (ssize_t)done;
}

ssize_t filter_send(struct filter *filter, const eddy_op *op)
{
        const struct iovec whole = {.iov_base = op->buffer, .iov_len = op->size};
        const struct msghdr *message = op->buffer;
        struct flow *lower = &filter->lower;
        size_t unsent = flow_unsent(lower), most;
        ssize_t taken;

        if (lower->write_error || filter->upper->write_error)
                return lower->write_error ? lower->write_error : filter->upper->write_error;
        if (filter->is_greeting)
                return -EAGAIN;
        if (unsent >= lower->high_water)
                return -EAGAIN;
        most = lower->high_water - unsent;
        taken = op->kind == OP_SEND ? encode_parts(filter, &whole, 1, most)
                                    : encode_parts(filter, message->msg_iov, message->msg_iovlen, most);
        flow_flush(lower);
        return lower->write_error ? lower->write_error : taken;
}

void filter_serve_sender(struct filter *filter)
{
        eddy_op *op = filter->sending;
        ssize_t taken;

        if (!op)
                return;
        filter->sending = NULL; /* both sides may agree while it is sent, which would serve it once more */
        taken = filter_send(filter, op);
        if (taken == -EAGAIN)
                filter->sending = op;
        else
                filter_complete(op, taken);
}

void filter_answer(struct filter *filter)
{
        char said[FILTER_ADDED];
        ssize_t n;

        if (!filter->codec->answer || filter->has_finished || flow_check_writing(&filter->lower) < 0)
                return;
        do {
                n = filter_outcome(filter->codec->answer(filter->self, said, sizeof said));
                if (n > 0)
                        n = flow_writev(&filter->lower, &(struct iovec){said, (size_t)n}, 1) < 0 ? -ENOMEM : n;
                filter->answered += n > 0 ? (size_t)n : 0;
        } while (n > 0);
        if (n == 0)
                return;
        filter->is_aborted = true; /* for what has left of it is not whole */
        if (!filter->failure)
                filter->failure = (int)n;
        flow_fail(filter->upper, (int)n);
        filter_serve_sender(filter);
}

/** Have all leave that marks the end: 0 or the error. */
static ssize_t finish(struct filter *filter)
{
        struct flow *lower = &filter->lower;
        ssize_t got;

        do {
                struct buffer *place = flow_make_room(lower, FILTER_ADDED);

                got = -ENOMEM;
                if (place)
                        got = filter_outcome(
                            filter->codec->finish(filter->self, buffer_room(place), buffer_room_size(place)));
                if (got > 0)
                        flow_note_added(lower, place, (size_t)got);
        } while (got > 0);
        flow_flush(lower);
        return got;
}

bool filter_mark_end(struct filter *filter)
{
        ssize_t rc;

        if (!filter->codec->finish)
                return false;
        filter->has_finished = true;
        rc = finish(filter);
        if (rc < 0) {
                filter->sending_failure = (int)rc;
                flow_fail(filter->upper, (int)rc);
        } else if (filter_must_greet(filter)) {
                filter->has_finished = false; /* it comes behind that */
                greets_again(filter);
        }
        return true;
}
