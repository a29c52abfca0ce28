/* Filters beneath streams. */
#include "transport/filter.h"
#include "stream/stream.h"

/** Whether nobody is in the middle of anything: 0 or EDDY_EBUSY. */
static int check_idle(const eddy_stream *stream)
{
        return stream->flow.reader || stream_is_written_to(stream) ? EDDY_EBUSY : 0;
}

int stream_prepare_filter(eddy_stream *stream)
{
        int rc = check_idle(stream);

        if (rc < 0)
                return rc;
        stream_drop_what_is_gone(stream);
        stream->drops_line = false; /* what else there was of it is not what it was */
        return 0;
}

int eddy_stream_add_filter(eddy_stream *stream, const eddy_filter *filter, void *self)
{
        int rc = stream_prepare_filter(stream);

        return rc < 0 ? rc : filter_add(&stream->flow, filter, self, &stream->in);
}

int eddy_stream_remove_filter(eddy_stream *stream)
{
        int rc = check_idle(stream);

        return rc < 0 ? rc : filter_remove(&stream->flow, &stream->in);
}
