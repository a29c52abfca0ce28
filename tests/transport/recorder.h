/* A protocol that writes down what it is told, and kinds of connections to try it on. */
#ifndef TESTS_TRANSPORT_RECORDER_H
#define TESTS_TRANSPORT_RECORDER_H

#include "filters.h"

#include <fcntl.h>

/** What happens in a callback, for tests to do something there. */
enum event { MADE, DATA, BUFFER, UPDATED, ENDED, LOST, PAUSED, RESUMED, GONE, BROKEN, EVENTS };

struct recorder {
        eddy_transport *transport; /* NULL: not made yet, or lost */
        unsigned count[EVENTS];
        int reason; /* of the loss */
        char why[256];
        bool stays; /* after the end */
        bool is_inside;
        char *data;
        size_t size, room;
        char place[64];
        size_t lent; /* of `place`, by a protocol with a buffer; 0: there is none */
        void (*act)(struct recorder *recorder, enum event event);
};

/** Nothing comes before the first, after the last, or within another. */
static inline void record(struct recorder *recorder, enum event event)
{
        assert_int_equal(recorder->count[MADE], event != MADE);
        assert_int_equal(recorder->count[LOST], 0);
        recorder->count[event]++;
        assert_true(recorder->count[PAUSED] - recorder->count[RESUMED] <= 1);
        if (recorder->act)
                recorder->act(recorder, event);
}

static inline void enter(struct recorder *recorder, enum event event)
{
        assert_false(recorder->is_inside);
        recorder->is_inside = true;
        record(recorder, event);
        recorder->is_inside = false;
}

static inline void recorder_made(eddy_transport *transport, void *self)
{
        struct recorder *recorder = self;

        recorder->transport = transport;
        enter(recorder, MADE);
}

static inline void keep(struct recorder *recorder, const void *data, size_t n)
{
        if (recorder->size + n > recorder->room) {
                recorder->room = 2 * (recorder->size + n);
                recorder->data = realloc(recorder->data, recorder->room);
        }
        memcpy(recorder->data + recorder->size, data, n);
        recorder->size += n;
}

static inline void recorder_data(eddy_transport *transport, void *self, const void *data, size_t n)
{
        assert_true(n > 0);
        assert_ptr_equal(transport, ((struct recorder *)self)->transport);
        keep(self, data, n);
        enter(self, DATA);
}

static inline void *recorder_buffer(eddy_transport *transport, void *self, size_t *size)
{
        struct recorder *recorder = self;

        (void)transport;
        assert_true(*size > 0);
        *size = recorder->lent;
        enter(recorder, BUFFER);
        return recorder->lent ? recorder->place : NULL;
}

static inline void recorder_updated(eddy_transport *transport, void *self, size_t n)
{
        struct recorder *recorder = self;

        (void)transport;
        assert_in_range(n, 1, recorder->lent);
        keep(recorder, recorder->place, n);
        enter(recorder, UPDATED);
}

static inline bool recorder_ended(eddy_transport *transport, void *self)
{
        (void)transport;
        enter(self, ENDED);
        return ((struct recorder *)self)->stays;
}

static inline void recorder_lost(eddy_transport *transport, void *self, int reason)
{
        struct recorder *recorder = self;

        assert_ptr_equal(transport, recorder->transport);
        recorder->reason = reason;
        snprintf(recorder->why, sizeof recorder->why, "%s", eddy_explain(reason));
        enter(recorder, LOST);
        recorder->transport = NULL;
}

/** As it is called by eddy_transport_write(), it may come within another. */
static inline void recorder_paused(eddy_transport *transport, void *self)
{
        (void)transport;
        record(self, PAUSED);
}

static inline void recorder_resumed(eddy_transport *transport, void *self)
{
        (void)transport;
        enter(self, RESUMED);
}

static inline void recorder_gone(eddy_transport *transport, void *self, bool is_broken)
{
        (void)transport;
        enter(self, is_broken ? BROKEN : GONE);
}

static const eddy_protocol recording = {
    .connection_made = recorder_made,
    .data_received = recorder_data,
    .eof_received = recorder_ended,
    .connection_lost = recorder_lost,
    .pause_writing = recorder_paused,
    .resume_writing = recorder_resumed,
};

/** It also notices that the peer goes while it is paused. */
static const eddy_protocol recording_gone = {
    .connection_made = recorder_made,
    .data_received = recorder_data,
    .eof_received = recorder_ended,
    .connection_lost = recorder_lost,
    .peer_gone = recorder_gone,
};

static const eddy_protocol recording_in_place = {
    .connection_made = recorder_made,
    .get_buffer = recorder_buffer,
    .buffer_updated = recorder_updated,
    .eof_received = recorder_ended,
    .connection_lost = recorder_lost,
    .pause_writing = recorder_paused,
    .resume_writing = recorder_resumed,
};

static inline void recorder_finish(struct recorder *recorder)
{
        until(recorder->count[LOST] == 1);
        free(recorder->data);
        recorder->data = NULL;
}

/* Kinds of connections: both ends as descriptors, the first of which is made a transport of. */

struct kind {
        const char *name;
        void (*open)(int ends[2]);
        bool is_filtered;
        int layers; /* of TLS; 0: none */
};

#ifdef WITH_TLS
#include "../tls/kinds.h"
#endif

static inline void open_unix(int ends[2])
{
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
}

#ifdef WITH_TLS
static const struct kind tcp = {"TLS", .open = connect_sockets, .layers = 1},
                         unix_socket = {"TLS on a UNIX socket", .open = open_unix, .layers = 1},
                         filtered = {"TLS in TLS", .open = connect_sockets, .layers = 2};
#else
static const struct kind tcp = {"TCP", .open = connect_sockets},
                         unix_socket = {"UNIX socket", .open = open_unix},
                         filtered = {"TCP with filters", .open = connect_sockets, .is_filtered = true};
#endif

static const struct kind *const sockets[] = {&tcp, &unix_socket, &filtered};

#define for_each_socket(kind)                                                                                  \
        for (const struct kind *const *each = sockets, *kind = *each;                                          \
             each < sockets + sizeof sockets / sizeof *sockets && (kind = *each); each++)

/** Make a transport of one end. Where it is filtered, it is by two that undo each other. */
static inline eddy_transport *open_end(const struct kind *kind, int fd, const eddy_protocol *protocol,
                                       void *self)
{
        eddy_transport *transport;

        assert_int_equal(eddy_transport_from_socket(&transport, NULL, fd, protocol, self), 0);
        for (int i = 0; kind->is_filtered && i < 2; i++)
                assert_int_equal(eddy_transport_add_filter(transport, &inverter, NULL), 0);
        return transport;
}

/** Have TLS under it, where it is of such a kind: it is made when both sides have agreed. */
static inline void secure(const struct kind *kind, eddy_transport *transport, bool is_server)
{
        (void)kind, (void)transport, (void)is_server;
#ifdef WITH_TLS
        secure_end(transport, kind->layers, is_server);
#endif
}

/** The ends of a connection such that the second one is plain, whatever the first one speaks. */
static inline void open_to_plain(const struct kind *kind, int ends[2])
{
        kind->open(ends);
#ifdef WITH_TLS
        int plain[2];

        kind->open(plain);
        pass_on(ends[1], plain[0], kind->layers);
        ends[1] = plain[1];
#endif
}

/** A transport that records, and the other end as a descriptor that does not wait. */
static inline int open_recorded(const struct kind *kind, struct recorder *recorder,
                                const eddy_protocol *protocol)
{
        int ends[2];

        open_to_plain(kind, ends);
        secure(kind, open_end(kind, ends[0], protocol, recorder), false);
        until(recorder->transport);
        assert_true(fcntl(ends[1], F_SETFL, O_NONBLOCK) >= 0);
        return ends[1];
}

/** Send from the other end, whatever the socket's buffer takes at a time. */
static inline void send_from(int fd, const void *data, size_t n)
{
        const char *bytes = data;

        while (n > 0) {
                ssize_t sent = write(fd, bytes, n);

                if (sent > 0) {
                        bytes += sent;
                        n -= (size_t)sent;
                } else {
                        assert_int_equal(errno, EAGAIN);
                        assert_int_equal(eddy_yield(), 0);
                }
        }
}

static inline char pattern(size_t i)
{
        return (char)(i * 7 + i / 251);
}

static inline void fill(char *bytes, size_t n, size_t offset)
{
        for (size_t i = 0; i < n; i++)
                bytes[i] = pattern(offset + i);
}

static inline void assert_pattern(const char *bytes, size_t n, size_t offset)
{
        for (size_t i = 0; i < n; i++)
                if (bytes[i] != pattern(offset + i))
                        fail_msg("byte %zu is not as it was sent", offset + i);
}

/** Receive n bytes at the other end, which follow the pattern. */
static inline void receive_pattern(int fd, size_t n)
{
        char bytes[16 * 1024];
        size_t got = 0;

        while (got < n) {
                ssize_t more = read(fd, bytes, n - got < sizeof bytes ? n - got : sizeof bytes);

                if (more > 0) {
                        assert_pattern(bytes, (size_t)more, got);
                        got += (size_t)more;
                } else {
                        assert_int_equal(more, -1);
                        assert_int_equal(errno, EAGAIN);
                        assert_int_equal(eddy_yield(), 0);
                }
        }
}

static inline void receive_end(int fd)
{
        char byte;
        ssize_t n;

        while ((n = read(fd, &byte, 1)) < 0 && errno == EAGAIN)
                assert_int_equal(eddy_yield(), 0);
        assert_int_equal(n, 0);
}

#endif
