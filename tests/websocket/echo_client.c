/* echo_client URL [OPTION ...]: send messages of many sizes to a server that echoes, and see that they come back; then close.
 * Options: takeover=no, window=BITS, from=BYTES, compression=no, protocol=NAME. */
#include <eddy/websocket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
        eddy_websocket_options options;
        const char *protocols[2];
        const char *url;
} how = {.options = {.max_message = SIZE_MAX}};

static void read_option(const char *option)
{
        const char *value = strchr(option, '=');
        size_t number = value ? (size_t)strtoul(value + 1, NULL, 10) : 0;

        if (strcmp(option, "takeover=no") == 0)
                how.options.no_context_takeover = true;
        else if (strcmp(option, "compression=no") == 0)
                how.options.no_compression = true;
        else if (strncmp(option, "window=", 7) == 0)
                how.options.window_bits = (int)number;
        else if (strncmp(option, "from=", 5) == 0)
                how.options.compress_from = number;
        else if (strncmp(option, "protocol=", 9) == 0)
                how.protocols[0] = value + 1;
}

/** Something that is compressed well in parts. */
static void make_up(char *data, size_t n)
{
        for (size_t i = 0; i < n; i++)
                data[i] = (char)('a' + i * i / 97 % 26);
}

static int exchange(eddy_websocket *ws, eddy_websocket_type type, size_t n)
{
        char *data = malloc(n + 1);
        eddy_websocket_message message;
        int rc;

        make_up(data, n);
        rc = eddy_websocket_send(ws, type, data, n);
        if (rc == 0)
                rc = eddy_websocket_receive(ws, &message);
        if (rc == 1)
                rc = message.type == type && message.size == n && memcmp(message.data, data, n) == 0 ? 0
                                                                                                     : -EBADMSG;
        free(data);
        return rc;
}

static int exchange_all(eddy_websocket *ws)
{
        static const size_t sizes[] = {0, 1, 125, 126, 127, 500, 4096, 65535, 65536, 200000, 1000000, 3, 70000};

        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
                int rc = exchange(ws, i % 2 ? EDDY_WEBSOCKET_TEXT : EDDY_WEBSOCKET_BINARY, sizes[i]);

                if (rc < 0)
                        return rc;
        }
        return 0;
}

static intptr_t app(void *arg)
{
        eddy_websocket *ws;
        int rc;

        (void)arg;
        how.options.subprotocols = how.protocols[0] ? how.protocols : NULL;
        rc = eddy_websocket_connect(&ws, how.url, &how.options);
        if (rc < 0)
                return rc;
        printf("compressed: %s\nsubprotocol: %s\n", eddy_websocket_is_compressed(ws) ? "yes" : "no",
               eddy_websocket_subprotocol(ws) ? eddy_websocket_subprotocol(ws) : "none");
        rc = exchange_all(ws);
        if (rc == 0)
                rc = eddy_websocket_close(ws, 3456, "done");
        printf("closed: %d\n", eddy_websocket_close_code(ws));
        eddy_websocket_destroy(ws);
        return rc;
}

int main(int argc, char **argv)
{
        intptr_t rc;

        how.url = argv[1];
        for (int i = 2; i < argc; i++)
                read_option(argv[i]);
        rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "%s\n", eddy_explain(rc));
        return rc < 0;
}
