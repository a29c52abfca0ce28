/* TLS: whatever fails, each side is told, and nothing is taken for agreed that was not. */
#include "../tls/certificates.h"
#include "ends.h"

static struct issued root, leaf;

/** Issue them once, for reading them is what fails. */
static void have_certificates(void)
{
        if (leaf.key)
                return;
        root = issue(&(struct wish){.name = "root", .is_issuer = true});
        leaf = issue(&(struct wish){.issuer = &root});
}

__attribute__((destructor)) static void forget_certificates(void)
{
        forget_issued(&leaf);
        forget_issued(&root);
}

/** Both sides' contexts. */
struct contexts {
        eddy_tls *server, *client;
};

static int create_contexts(struct contexts *contexts)
{
        eddy_tls_options at_server = {.handshake_timeout = eddy_seconds(2)};
        eddy_tls_options at_client = {.handshake_timeout = eddy_seconds(2), .shutdown_timeout = eddy_ms(100)};
        int rc;

        have_certificates();
        at_server.certificate_file = leaf.path;
        at_client.ca_file = root.path;
        contexts->client = NULL;
        rc = eddy_tls_create_server(&contexts->server, &at_server);
        return rc < 0 ? rc : eddy_tls_create_client(&contexts->client, &at_client);
}

static void unref_contexts(struct contexts *contexts)
{
        eddy_tls_unref(contexts->client);
        eddy_tls_unref(contexts->server);
}

/** Say something, and hear it come back. */
static int converse(eddy_stream *stream)
{
        char bytes[5];
        ssize_t rc = eddy_stream_write_all(stream, "hello", 5);

        /* One that is lost must not be waited for in vain. */
        if (rc >= 0)
                EDDY_TIMEOUT_SCOPE(eddy_seconds(2))
                        rc = eddy_stream_read_exactly(stream, bytes, sizeof bytes);
        return rc < 0 ? (int)rc : memcmp(bytes, "hello", 5) == 0 ? 0 : EDDY_EPROTOCOL;
}

/** Call an echoing server several times, with something in between. */
static intptr_t call(int times, int (*between)(struct contexts *contexts))
{
        struct contexts contexts;
        eddy_server *server = NULL;
        int rc = create_contexts(&contexts);

        if (rc == 0)
                rc = eddy_start_server(&server, echo, NULL, "127.0.0.1", 0,
                                       &(eddy_server_options){.tls = contexts.server});
        for (int i = 0; i < times && rc == 0; i++) {
                eddy_connect_options options = {.tls = contexts.client, .tls_name = "example.org"};
                eddy_stream *stream;

                if (i > 0 && between)
                        rc = between(&contexts);
                if (rc == 0)
                        rc = eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), &options);
                if (rc < 0)
                        break;
                rc = converse(stream);
                if (rc == 0)
                        rc = eddy_stream_write_eof(stream);
                eddy_stream_destroy(stream);
        }
        end_server(server);
        unref_contexts(&contexts);
        return rc;
}

static intptr_t calling(void *arg)
{
        (void)arg;
        return call(1, NULL);
}

static intptr_t resuming(void *arg)
{
        (void)arg;
        return call(2, NULL);
}

static int reload(struct contexts *contexts)
{
        int rc = eddy_tls_reload(contexts->server);

        return rc < 0 ? rc : eddy_tls_reload(contexts->client);
}

static intptr_t reloading(void *arg)
{
        (void)arg;
        return call(2, reload);
}

/* In the middle of a conversation, and back. */

struct side {
        eddy_stream *stream;
        eddy_tls *tls;
};

/** Until the client ends it, and then in the clear. */
static intptr_t serve_for_a_while(void *arg)
{
        const struct side *side = arg;
        intptr_t rc = eddy_stream_start_tls(side->stream, side->tls, NULL);

        if (rc == 0)
                rc = echo(side->stream, NULL);
        if (rc == 0)
                rc = eddy_stream_end_tls(side->stream);
        return rc < 0 ? rc : echo(side->stream, NULL);
}

static ssize_t secure_for_a_while(void *arg)
{
        const struct side *side = arg;
        int rc = eddy_stream_start_tls(side->stream, side->tls, "example.org");

        if (rc == 0)
                rc = converse(side->stream);
        if (rc == 0)
                rc = eddy_stream_end_tls(side->stream);
        return rc < 0 ? rc : converse(side->stream);
}

static intptr_t starting_and_ending(void *arg)
{
        eddy_stream *ends[2] = {NULL, NULL};
        struct contexts contexts;
        intptr_t rc = create_contexts(&contexts);

        (void)arg;
        if (rc == 0)
                rc = eddy_stream_pair(ends);
        if (rc == 0) {
                struct side server = {ends[0], contexts.server}, client = {ends[1], contexts.client};

                rc = act_beside(serve_for_a_while, &server, secure_for_a_while, &client);
        }
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
        unref_contexts(&contexts);
        return rc;
}

/* Protocols. */

static intptr_t protocols(void *arg)
{
        static char bytes[MUCH];
        struct contexts contexts;
        struct end end = {0};
        eddy_server *server = NULL;
        int rc = create_contexts(&contexts);

        (void)arg;
        eddy_event_init(&end.lost);
        if (rc == 0)
                rc = eddy_create_server(&server, &echoing, new_end, NULL, "127.0.0.1", 0,
                                        &(eddy_server_options){.tls = contexts.server});
        if (rc == 0)
                rc = eddy_create_connection(
                    &end.transport, &counting, &end, "127.0.0.1", eddy_server_port(server),
                    &(eddy_connect_options){.tls = contexts.client, .tls_name = "example.org"});
        if (rc == 0) {
                if (end.transport &&
                    eddy_transport_write(end.transport, bytes, sizeof bytes) < 0) /* else it is lost */
                        eddy_transport_abort(end.transport);
                rc = await_loss(&end, end.transport);
        }
        end_server(server);
        unref_contexts(&contexts);
        return rc;
}

const struct scenario scenarios[] = {
    {"calling", calling},     {"resuming", resuming},
    {"reloading", reloading}, {"starting and ending", starting_and_ending},
    {"protocols", protocols}, {NULL, NULL},
};
