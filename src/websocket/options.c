#include "websocket/options.h"

#include "websocket/compression.h"
#include "websocket/tokens.h"
#include <string.h>

enum { DEFAULT_MAX_MESSAGE = 1024 * 1024, DEFAULT_COMPRESS_FROM = 256, MAX_LEVEL = 9 };

static void set_duration(eddy_duration *duration, double seconds)
{
        if (*duration == 0)
                *duration = eddy_seconds(seconds);
}

static void set_defaults(eddy_websocket_options *options)
{
        if (options->max_message == 0)
                options->max_message = DEFAULT_MAX_MESSAGE;
        if (options->compress_from == 0)
                options->compress_from = DEFAULT_COMPRESS_FROM;
        set_duration(&options->open_timeout, 10);
        set_duration(&options->close_timeout, 10);
        set_duration(&options->ping_interval, 20);
        set_duration(&options->ping_timeout, 20);
}

static int check_subprotocols(const char *const *subprotocols)
{
        for (; subprotocols && *subprotocols; subprotocols++) {
                if (!token_is_valid(*subprotocols) || strlen(*subprotocols) > MAX_SUBPROTOCOL)
                        return eddy_fail(-EINVAL,
                                         "a subprotocol is a word of up to %d letters, digits and the like",
                                         MAX_SUBPROTOCOL);
        }
        return 0;
}

static int check_headers(const char *const *headers)
{
        int count = 0;

        for (; headers && *headers; headers++) {
                if ((*headers)[strcspn(*headers, "\r\n")] || !strchr(*headers, ':'))
                        return eddy_fail(-EINVAL, "a header is one line, with a colon");
                if (++count > MAX_HEADERS)
                        return eddy_fail(-EINVAL, "there may be %d headers", MAX_HEADERS);
        }
        return 0;
}

int options_read(eddy_websocket_options *to, const eddy_websocket_options *from)
{
        int rc;

        *to = from ? *from : (eddy_websocket_options){.max_message = 0};
        set_defaults(to);
        if (to->window_bits != 0 &&
            (to->window_bits < LEAST_OWN_WINDOW_BITS || to->window_bits > MOST_WINDOW_BITS))
                return eddy_fail(-EINVAL, "a window has 9 to 15 bits");
        if (to->compression_level < 0 || to->compression_level > MAX_LEVEL)
                return eddy_fail(-EINVAL, "a level of compression is from 1 to 9");
        rc = check_subprotocols(to->subprotocols);
        return rc < 0 ? rc : check_headers(to->headers);
}
