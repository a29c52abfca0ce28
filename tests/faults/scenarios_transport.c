/* Protocols: each end is told of its beginning and its end once, however it goes. */
#include "ends.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LETTERS = 3 };

/** Write to a server that echoes, and wait until all has come back. */
static intptr_t call(int (*write_all)(struct end *end))
{
        struct end end = {0};
        eddy_server *server;
        int rc = eddy_create_server(&server, &echoing, new_end, NULL, "127.0.0.1", 0, NULL);

        eddy_event_init(&end.lost);
        if (rc == 0)
                rc = eddy_create_connection(&end.transport, &counting, &end, "127.0.0.1",
                                            eddy_server_port(server), NULL);
        if (rc == 0) {
                if (write_all(&end) < 0)
                        eddy_transport_abort(end.transport);
                rc = await_loss(&end, end.transport);
        }
        end_server(server);
        return rc;
}

static int write_bytes(struct end *end)
{
        static char bytes[MUCH];

        return eddy_transport_write(end->transport, bytes, sizeof bytes);
}

static intptr_t calling(void *arg)
{
        (void)arg;
        return call(write_bytes);
}

enum { PIECE = MUCH / 4 };

static unsigned files_told;

static void file_sent(void *arg, ssize_t sent)
{
        struct end *end = arg;

        files_told++;
        if (sent != PIECE && !end->gone)
                eddy_transport_abort(end->transport);
}

/** Files and bytes in turn. */
static int write_files(struct end *end)
{
        static char bytes[PIECE];
        FILE *file = tmpfile();
        unsigned files_given = 0;
        int rc = ftruncate(fileno(file), PIECE);

        files_told = 0;
        for (int i = 0; i < 4 && rc == 0; i++)
                if (i % 2)
                        rc = eddy_transport_write(end->transport, bytes, sizeof bytes);
                else if ((rc = eddy_transport_sendfile(end->transport, fileno(file), 0, PIECE, file_sent,
                                                       end)) == 0)
                        files_given++;
        if (rc < 0)
                eddy_transport_abort(end->transport);
        while (files_told < files_given)
                EDDY_SHIELD_SCOPE
                        eddy_yield();
        fclose(file);
        return rc;
}

static intptr_t sending_files(void *arg)
{
        (void)arg;
        return call(write_files);
}

static ssize_t invert(void *self, const void *in, size_t *n, void *out, size_t size)
{
        (void)self;
        if (!in)
                return 0;
        *n = *n < size ? *n : size;
        for (size_t i = 0; i < *n; i++)
                ((char *)out)[i] = (char)~((const char *)in)[i];
        return (ssize_t)*n;
}

static ssize_t say_nothing(void *self, void *out, size_t size)
{
        (void)self, (void)out, (void)size;
        return 0;
}

static void forget(void *self)
{
        --*(int *)self;
}

static const eddy_filter inverter = {.decode = invert, .encode = invert, .finish = say_nothing, .free = forget};

static int read_and_answer(eddy_stream *ends[2], char *bytes)
{
        int rc = 0;

        for (size_t got = 0; got < MUCH + 100;) {
                ssize_t n = eddy_stream_read(ends[1], bytes, MUCH);

                if (n <= 0)
                        return n == 0 ? -EPIPE : (int)n;
                got += (size_t)n;
        }
        for (int i = 0; i < 2 && rc == 0; i++)
                rc = eddy_stream_remove_filter(ends[i]);
        if (rc == 0)
                rc = eddy_stream_write(ends[1], "x", 1);
        return rc == 0 ? (int)eddy_stream_read_exactly(ends[0], bytes, 1) : rc;
}

/** Everything goes out inverted and comes back inverted, and then once as it is. */
static intptr_t through_filters(void *arg)
{
        static char bytes[MUCH];
        int filters = 0, rc;
        eddy_stream *ends[2];

        (void)arg;
        rc = eddy_stream_pair(ends);
        if (rc < 0)
                return rc;
        for (int i = 0; i < 2 && rc == 0; i++) {
                rc = eddy_stream_add_filter(ends[i], &inverter, &filters);
                filters += rc == 0;
        }
        if (rc == 0)
                rc = eddy_stream_write(ends[0], bytes, 100);
        if (rc == 0)
                rc = eddy_stream_write(ends[0], bytes, MUCH);
        EDDY_TIMEOUT_SCOPE(eddy_seconds(2)) /* for where what fails is never told to the other */
                rc = rc < 0 ? rc : read_and_answer(ends, bytes);
        for (int i = 0; i < 2; i++) {
                eddy_stream_abort(ends[i]);
                EDDY_SHIELD_SCOPE
                        eddy_stream_wait_closed(ends[i]);
                eddy_stream_destroy(ends[i]);
        }
        if (filters != 0)
                abort();
        return rc < 0 ? rc : 0;
}

static intptr_t through_a_pipe(void *arg)
{
        struct end reader = {0}, writer = {0};
        eddy_transport *reading, *writing;
        int ends[2], rc, begun, waited;

        (void)arg;
        eddy_event_init(&reader.lost);
        eddy_event_init(&writer.lost);
        if (pipe2(ends, O_CLOEXEC) < 0)
                return -EMFILE;
        rc = eddy_transport_from_pipe(&reading, NULL, ends[0], &counting, &reader);
        begun = eddy_transport_from_pipe(&writing, NULL, ends[1], &echoing, &writer);
        if (rc < 0)
                close(ends[0]);
        if (begun < 0) {
                close(ends[1]);
        } else {
                eddy_transport_write(writing, "hello", 5);
                eddy_transport_close(writing);
        }
        if (rc == 0)
                rc = await_loss(&reader, reading);
        if (begun == 0) {
                waited = await_loss(&writer, writing);
                rc = rc < 0 ? rc : waited;
        }
        return rc;
}

/** What nobody reads goes from a stream to a transport and back. */
static intptr_t over_the_bridge(void *arg)
{
        struct end end = {0};
        eddy_stream *ends[2], *back = NULL;
        eddy_transport *transport;
        char bytes[6] = "";
        int rc = eddy_stream_pair(ends);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = eddy_stream_write(ends[0], "a\nrest", 6);
        if (rc == 0)
                EDDY_TIMEOUT_SCOPE(eddy_seconds(2))
                        rc = (int)eddy_stream_read_line(ends[1], &(const char *){NULL});
        if (rc > 0)
                rc = eddy_transport_from_stream(&transport, ends[1], &echoing, &end);
        if (rc == 0) {
                rc = eddy_stream_from_transport(&back, transport, "un", 2, 0);
                if (rc < 0)
                        eddy_transport_abort(transport);
                while (rc < 0 && !end.gone)
                        EDDY_SHIELD_SCOPE
                                eddy_yield();
        }
        if (rc == 0)
                rc = (int)eddy_stream_read_exactly(back, bytes, sizeof bytes);
        if (rc > 0 && memcmp(bytes, "unrest", sizeof bytes) != 0)
                abort();
        eddy_stream_destroy(back);
        for (int i = 0; i < 2; i++)
                eddy_stream_destroy(ends[i]);
        return rc < 0 ? rc : 0;
}

/* Datagrams. */

/** A socket of datagrams, and how many it has heard. */
struct post {
        eddy_datagram_transport *transport; /* NULL: lost */
        eddy_event lost;
        int made, heard, gone;
};

static void end_post(struct post *post)
{
        if (post->transport)
                eddy_datagram_transport_abort(post->transport);
}

static void post_made(eddy_datagram_transport *transport, void *self)
{
        struct post *post = self;

        post->transport = transport;
        post->made++;
}

static void post_heard(eddy_datagram_transport *transport, void *self, const void *data, size_t n,
                       const eddy_address *from)
{
        struct post *post = self;

        if (++post->heard == LETTERS)
                eddy_datagram_transport_close(transport);
        else
                eddy_datagram_transport_sendto(transport, data, n, from);
}

static void post_lost(eddy_datagram_transport *transport, void *self, int reason)
{
        struct post *post = self;

        (void)transport, (void)reason;
        if (++post->gone != 1 || post->made != 1)
                abort();
        post->transport = NULL;
        eddy_event_set(&post->lost);
}

static const eddy_datagram_protocol answering = {
    .connection_made = post_made, .datagram_received = post_heard, .connection_lost = post_lost};

/** Wait until an end is lost, and see to it where one is interrupted, or where a letter has got lost. */
static int await_end_of_post(struct post *post)
{
        int rc;

        EDDY_TIMEOUT_SCOPE(eddy_seconds(2))
                rc = eddy_event_wait(&post->lost);
        end_post(post);
        EDDY_SHIELD_SCOPE
                eddy_event_wait(&post->lost);
        eddy_event_finish(&post->lost);
        return rc;
}

/** Whoever hears enough ends, and so the other waits in vain. */
static int correspond(struct post *one, struct post *other)
{
        int rc = 0;

        if (one->transport)
                rc = eddy_datagram_transport_sendto(one->transport, "hello", 5, NULL);
        if (rc < 0)
                end_post(other);
        rc = await_end_of_post(other);
        end_post(one);
        return rc;
}

static intptr_t corresponding(void *arg)
{
        struct post one = {0}, other = {0};
        char path[64], own[64];
        int rc, waited;

        (void)arg;
        snprintf(path, sizeof path, "/tmp/eddy-faults-post-%d", getpid());
        snprintf(own, sizeof own, "@eddy-faults-post-%d", getpid());
        eddy_event_init(&one.lost);
        eddy_event_init(&other.lost);
        rc = eddy_create_unix_datagram_endpoint(NULL, &answering, &other, path, NULL);
        if (rc < 0)
                return rc;
        rc = eddy_create_unix_datagram_endpoint(NULL, &answering, &one, own, path);
        if (rc == 0) {
                rc = correspond(&one, &other);
                waited = await_end_of_post(&one);
        } else {
                end_post(&other);
                waited = await_end_of_post(&other);
        }
        unlink(path); /* where removing it is what fails */
        return rc < 0 ? rc : waited;
}

/** Over the network's loopback, to oneself. */
static intptr_t writing_to_oneself(void *arg)
{
        const eddy_datagram_options options = {.local_host = "127.0.0.1"};
        struct post post = {0};
        eddy_address address;
        int rc, waited;

        (void)arg;
        eddy_event_init(&post.lost);
        rc = eddy_create_datagram_endpoint(NULL, &answering, &post, &options);
        if (rc < 0)
                return rc;
        if (post.transport)
                rc = eddy_address_of_socket(&address, eddy_datagram_transport_fd(post.transport));
        if (rc == 0 && post.transport)
                rc = eddy_datagram_transport_sendto(post.transport, "hello", 5, &address);
        if (rc < 0)
                end_post(&post);
        waited = await_end_of_post(&post);
        return rc < 0 ? rc : waited;
}

/* Subprocesses. */

/** A child, and what of it has been told. */
struct helper {
        eddy_event lost;
        int made, ended, gone;
        size_t heard;
};

static void helper_made(eddy_subprocess_transport *transport, void *self)
{
        eddy_transport *in = eddy_subprocess_transport_pipe(transport, 0);

        ((struct helper *)self)->made++;
        if (eddy_transport_write(in, "hello", 5) < 0)
                eddy_subprocess_transport_close(transport);
        else
                eddy_transport_close(in);
}

static void helper_said(eddy_subprocess_transport *transport, void *self, int fd, const void *data, size_t n)
{
        (void)transport, (void)fd, (void)data;
        ((struct helper *)self)->heard += n;
}

static void helper_ended(eddy_subprocess_transport *transport, void *self, int returncode)
{
        (void)transport, (void)returncode;
        ((struct helper *)self)->ended++;
}

static void helper_lost(eddy_subprocess_transport *transport, void *self, int reason)
{
        struct helper *helper = self;

        (void)transport, (void)reason;
        if (++helper->gone != 1 || helper->made != 1 || helper->ended != 1)
                abort();
        eddy_event_set(&helper->lost);
}

static const eddy_subprocess_protocol helping = {
    .connection_made = helper_made,
    .pipe_data_received = helper_said,
    .process_exited = helper_ended,
    .connection_lost = helper_lost,
};

static intptr_t being_helped(void *arg)
{
        const eddy_process_options options = {.in = EDDY_PIPE, .out = EDDY_PIPE};
        struct helper helper = {0};
        eddy_subprocess_transport *transport;
        int rc;

        (void)arg;
        eddy_event_init(&helper.lost);
        rc = eddy_subprocess_exec(&transport, NULL, &helping, &helper, EDDY_ARGV("cat"), &options);
        if (rc < 0)
                return rc;
        EDDY_TIMEOUT_SCOPE(eddy_seconds(2)) /* for where what fails is never told to the other */
                rc = eddy_event_wait(&helper.lost);
        if (!eddy_event_is_set(&helper.lost)) {
                eddy_subprocess_transport_close(transport);
                EDDY_SHIELD_SCOPE
                        eddy_event_wait(&helper.lost);
        }
        eddy_event_finish(&helper.lost);
        return rc;
}

const struct scenario scenarios[] = {
    {"calling", calling},
    {"sending files", sending_files},
    {"through a pipe", through_a_pipe},
    {"through filters", through_filters},
    {"over the bridge", over_the_bridge},
    {"corresponding", corresponding},
    {"writing to oneself", writing_to_oneself},
    {"being helped", being_helped},
    {NULL, NULL},
};
