/* What a protocol of datagrams is promised: the first call, the last, and the order of those between; what waits for room; and
 * what goes wrong without being the end. */
#include "../stream/helpers.h"

#include <fcntl.h>

enum event { MADE, DATA, ERROR, LOST, PAUSED, RESUMED, EVENTS };

struct recorder {
        eddy_datagram_transport *transport; /* NULL: not made yet, or lost */
        unsigned count[EVENTS];
        int reason; /* of the loss */
        int error;  /* the last that was told */
        bool is_inside;
        char last[64]; /* the last datagram, or its beginning */
        size_t size;
        eddy_address from;
        void (*act)(struct recorder *recorder, enum event event);
};

/** Nothing comes before the first or after the last. */
static void record(struct recorder *recorder, enum event event)
{
        assert_int_equal(recorder->count[MADE], event != MADE);
        assert_int_equal(recorder->count[LOST], 0);
        recorder->count[event]++;
        assert_true(recorder->count[PAUSED] - recorder->count[RESUMED] <= 1);
        if (recorder->transport && eddy_datagram_transport_is_closing(recorder->transport))
                assert_true(event == LOST || event == MADE);
        if (recorder->act)
                recorder->act(recorder, event);
}

/** Nor within another. */
static void enter(struct recorder *recorder, enum event event)
{
        assert_false(recorder->is_inside);
        recorder->is_inside = true;
        record(recorder, event);
        recorder->is_inside = false;
}

static void made(eddy_datagram_transport *transport, void *self)
{
        ((struct recorder *)self)->transport = transport;
        enter(self, MADE);
}

static void received(eddy_datagram_transport *transport, void *self, const void *data, size_t n,
                     const eddy_address *from)
{
        struct recorder *recorder = self;

        assert_ptr_equal(transport, recorder->transport);
        memcpy(recorder->last, data, n < sizeof recorder->last ? n : sizeof recorder->last);
        recorder->size = n;
        recorder->from = *from;
        enter(recorder, DATA);
}

static void failed(eddy_datagram_transport *transport, void *self, int error)
{
        (void)transport;
        ((struct recorder *)self)->error = error;
        enter(self, ERROR);
}

static void lost(eddy_datagram_transport *transport, void *self, int reason)
{
        struct recorder *recorder = self;

        assert_ptr_equal(transport, recorder->transport);
        recorder->reason = reason;
        enter(recorder, LOST);
        recorder->transport = NULL;
}

/** As it is called by sendto(), it may come within another. */
static void paused(eddy_datagram_transport *transport, void *self)
{
        (void)transport;
        record(self, PAUSED);
}

static void resumed(eddy_datagram_transport *transport, void *self)
{
        (void)transport;
        enter(self, RESUMED);
}

static const eddy_datagram_protocol recording = {
    .connection_made = made,
    .datagram_received = received,
    .error_received = failed,
    .connection_lost = lost,
    .pause_writing = paused,
    .resume_writing = resumed,
};

/* ------------------------------------------------------------------------------------------------ */

/** A transport of a socket, made. */
static void start(struct recorder *recorder, int fd)
{
        assert_int_equal(eddy_datagram_transport_from_socket(NULL, NULL, fd, &recording, recorder), 0);
        until(recorder->transport);
}

/** A UDP socket on a free port of the loopback interface. */
static int open_udp(eddy_address *address)
{
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        assert_int_equal(eddy_address_from_ip(address, "127.0.0.1", 0), 0);
        assert_int_equal(bind(fd, &address->any, address->size), 0);
        assert_int_equal(eddy_address_of_socket(address, fd), 0);
        return fd;
}

/** A UNIX socket with a name that is no file. */
static int open_unix(eddy_address *address, const char *name)
{
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        char path[64];

        snprintf(path, sizeof path, "@eddy-%s-%d", name, (int)getpid());
        assert_int_equal(eddy_address_from_path(address, path), 0);
        assert_int_equal(bind(fd, &address->any, address->size), 0);
        return fd;
}

static void open_pair(int ends[2])
{
        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
        assert_true(fcntl(ends[1], F_SETFL, O_NONBLOCK) >= 0);
}

static void finish(struct recorder *recorder, int reason)
{
        eddy_datagram_transport_close(recorder->transport);
        until(recorder->count[LOST] == 1);
        assert_int_equal(recorder->reason, reason);
}

static int send_text(struct recorder *recorder, const char *text)
{
        return eddy_datagram_transport_sendto(recorder->transport, text, strlen(text), NULL);
}

static void assert_heard(struct recorder *recorder, const char *text)
{
        until(recorder->count[DATA] > 0);
        recorder->count[DATA] = 0;
        assert_int_equal(recorder->size, strlen(text));
        assert_memory_equal(recorder->last, text, recorder->size);
}

static void there_and_back(void)
{
        struct recorder one = {0}, other = {0};
        eddy_address addresses[2];

        start(&one, open_udp(&addresses[0]));
        start(&other, open_udp(&addresses[1]));
        assert_int_equal(eddy_datagram_transport_sendto(one.transport, "hello", 5, &addresses[1]), 0);
        assert_heard(&other, "hello");
        assert_true(eddy_address_equal(&other.from, &addresses[0]));
        /* An empty one is one too. */
        assert_int_equal(eddy_datagram_transport_sendto(other.transport, NULL, 0, &other.from), 0);
        assert_heard(&one, "");
        /* Each is whole, and by itself. */
        assert_int_equal(eddy_datagram_transport_sendto(one.transport, "a", 1, &addresses[1]), 0);
        assert_int_equal(eddy_datagram_transport_sendto(one.transport, "bc", 2, &addresses[1]), 0);
        until(other.count[DATA] == 2);
        assert_heard(&other, "bc");
        assert_int_equal(send_text(&one, "to whom?"), -EDESTADDRREQ);
        assert_int_equal(one.count[ERROR], 0);
        finish(&one, 0);
        finish(&other, 0);
}

static void between_unix_sockets(void)
{
        struct recorder recorder = {0};
        int ends[2];

        open_pair(ends);
        start(&recorder, ends[0]);
        assert_int_equal(write(ends[1], "hello", 5), 5);
        assert_heard(&recorder, "hello");
        assert_int_equal(recorder.from.size, 0);
        assert_int_equal(recorder.from.any.sa_family, AF_UNSPEC);
        assert_int_equal(send_text(&recorder, "and you"), 0);
        assert_hears(ends[1], "and you");
        finish(&recorder, 0);
        close(ends[1]);
}

static void ends(void)
{
        struct recorder recorder = {0};
        int pair[2];

        open_pair(pair);
        start(&recorder, pair[0]);
        assert_int_equal(eddy_datagram_transport_fd(recorder.transport), pair[0]);
        assert_int_equal(write(pair[1], "too late", 8), 8);
        assert_false(eddy_datagram_transport_is_closing(recorder.transport));
        eddy_datagram_transport_close(recorder.transport);
        eddy_datagram_transport_close(recorder.transport);
        eddy_datagram_transport_abort(recorder.transport);
        assert_true(eddy_datagram_transport_is_closing(recorder.transport));
        assert_int_equal(eddy_datagram_transport_fd(recorder.transport), -1);
        assert_int_equal(send_text(&recorder, "x"), -EPIPE);
        assert_int_equal(recorder.count[LOST], 0); /* never within the call */
        finish(&recorder, 0);
        assert_int_equal(recorder.count[DATA], 0);
        close(pair[1]);
}

static void is_made_before_it_is_lost(void)
{
        struct recorder recorder = {0};
        eddy_datagram_transport *transport;
        int pair[2];

        open_pair(pair);
        assert_int_equal(eddy_datagram_transport_from_socket(&transport, NULL, pair[0], &recording, &recorder),
                         0);
        assert_int_equal(recorder.count[MADE], 0); /* never within the call */
        eddy_datagram_transport_abort(transport);
        until(recorder.count[LOST] == 1);
        assert_int_equal(recorder.reason, 0);
        close(pair[1]);
}

static enum event chosen;

static void close_then(struct recorder *recorder, enum event event)
{
        if (event == chosen)
                eddy_datagram_transport_close(recorder->transport);
}

static void abort_then(struct recorder *recorder, enum event event)
{
        if (event == chosen)
                eddy_datagram_transport_abort(recorder->transport);
}

/** Send until there is no room, and some that wait, numbered: how many. */
static uint32_t fill(struct recorder *recorder, const eddy_address *to, uint32_t number, size_t waiting)
{
        while (eddy_datagram_transport_write_buffer_size(recorder->transport) < waiting) {
                assert_int_equal(
                    eddy_datagram_transport_sendto(recorder->transport, &number, sizeof number, to), 0);
                number++;
        }
        return number;
}

/** Have each of the calls happen that has not ended it. */
static void live(struct recorder *recorder, int pair[2])
{
        assert_int_equal(write(pair[1], "a", 1), 1);
        assert_int_equal(write(pair[1], "b", 1), 1);
        assert_int_equal(eddy_datagram_transport_from_socket(NULL, NULL, pair[0], &recording, recorder), 0);
        until(recorder->count[MADE]);
        give_way();
        if (!recorder->transport)
                return;
        assert_int_equal(eddy_datagram_transport_set_write_limits(recorder->transport, 1000, 500), 0);
        while (recorder->count[PAUSED] == 0)
                assert_int_equal(send_text(recorder, "x"), 0);
        close(pair[1]); /* all that wait fail */
        give_way();
        if (recorder->transport)
                eddy_datagram_transport_close(recorder->transport);
}

/** Any of the calls may close it; then nothing comes any more but the last. */
static void in_any_call(void)
{
        for (int aborts = 0; aborts < 2; aborts++)
                for (chosen = MADE; chosen < EVENTS; chosen++) {
                        struct recorder recorder = {.act = aborts ? abort_then : close_then};
                        int pair[2];

                        open_pair(pair);
                        live(&recorder, pair);
                        until(recorder.count[LOST] == 1);
                        assert_int_equal(recorder.reason, 0);
                        assert_int_equal(recorder.count[DATA], chosen == MADE ? 0 : chosen == DATA ? 1 : 2);
                        assert_true(recorder.count[chosen] > 0);
                        close(pair[1]);
                }
}

static void stop_loop(struct recorder *recorder, enum event event)
{
        if (event == DATA && recorder->size == 1)
                eddy_loop_stop(eddy_running_loop());
}

/** Outside coroutines; and what is left when the loop is closed is told so, made first where it was not. */
static void with_the_loop(void **state)
{
        struct recorder recorder = {.act = stop_loop}, late = {0};
        eddy_datagram_transport *transport;
        eddy_loop *loop;
        int pair[2], others[2];
        unsigned before = count_descriptors();

        (void)state;
        assert_int_equal(eddy_loop_create(&loop), 0);
        open_pair(pair);
        open_pair(others);
        assert_int_equal(eddy_datagram_transport_from_socket(NULL, loop, pair[0], &recording, &recorder), 0);
        assert_int_equal(write(pair[1], "x", 1), 1);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_int_equal(recorder.count[DATA], 1);
        assert_int_equal(eddy_datagram_transport_from_socket(&transport, loop, others[0], &recording, &late),
                         0);
        assert_int_equal(eddy_loop_close(loop), 0);
        assert_int_equal(recorder.count[LOST], 1);
        assert_int_equal(recorder.reason, EDDY_ELOOPCLOSED);
        assert_int_equal(late.count[MADE], 1);
        assert_int_equal(late.reason, EDDY_ELOOPCLOSED);
        assert_int_equal(eddy_datagram_transport_from_socket(&transport, loop, pair[1], &recording, &late),
                         EDDY_ELOOPCLOSED);
        assert_null(transport);
        eddy_loop_destroy(loop);
        close(pair[1]);
        close(others[1]);
        assert_int_equal(count_descriptors(), before);
}

/** One that was closed with the loop soon after sends what there is room for. */
static void sends_the_last_with_the_loop(void **state)
{
        struct recorder recorder = {0};
        eddy_datagram_transport *transport;
        eddy_loop *loop;
        int pair[2];
        uint32_t number = 0, sent, expected = 0;

        (void)state;
        assert_int_equal(eddy_loop_create(&loop), 0);
        open_pair(pair);
        assert_int_equal(eddy_datagram_transport_from_socket(&transport, loop, pair[0], &recording, &recorder),
                         0);
        recorder.transport = transport;
        sent = fill(&recorder, NULL, 0, 300);
        eddy_datagram_transport_close(transport);
        assert_true(eddy_datagram_transport_fd(transport) >= 0);
        while (read(pair[1], &number, sizeof number) > 0)
                assert_int_equal(number, expected++);
        assert_true(expected < sent);
        recorder.transport = NULL;
        eddy_loop_destroy(loop);
        assert_int_equal(recorder.count[LOST], 1);
        while (read(pair[1], &number, sizeof number) > 0)
                assert_int_equal(number, expected++);
        assert_int_equal(expected, sent);
        close(pair[1]);
}

/** A port that is nobody's says so, by way of a later call; that is told, and not taken for the fate of the later one. */
static void refused(void)
{
        struct recorder recorder = {0};
        eddy_address address;
        int peer = open_udp(&address), fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        char bytes[8];

        assert_int_equal(connect(fd, &address.any, address.size), 0);
        close(peer);
        start(&recorder, fd);
        assert_int_equal(send_text(&recorder, "anybody?"), 0);
        until(recorder.count[ERROR] == 1);
        assert_int_equal(recorder.error, -ECONNREFUSED);
        assert_int_equal(send_text(&recorder, "anybody?"), 0);
        peer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(peer, &address.any, address.size), 0);
        assert_int_equal(send_text(&recorder, "there"), 0);
        assert_int_equal(recorder.count[ERROR], 1); /* never within the call */
        assert_int_equal(recv(peer, bytes, sizeof bytes, MSG_DONTWAIT), 5);
        until(recorder.count[ERROR] == 2);
        give_way();
        assert_int_equal(recorder.count[ERROR], 2);
        assert_int_equal(recorder.error, -ECONNREFUSED);
        finish(&recorder, 0);
        close(peer);
}

static void too_long(void)
{
        static char bytes[300 * 1000];
        struct recorder recorder = {0}, udp = {0};
        const int most = 212992;
        eddy_address address;
        int pair[2];

        start(&udp, open_udp(&address));
        assert_int_equal(eddy_datagram_transport_sendto(udp.transport, bytes, 65508, &address), -EMSGSIZE);
        assert_int_equal(eddy_datagram_transport_sendto(udp.transport, bytes, 65507, &address), 0);
        until(udp.count[DATA] == 1);
        assert_int_equal(udp.size, 65507);
        finish(&udp, 0);
        /* One that is longer than there is room for is not taken for another. */
        open_pair(pair);
        start(&recorder, pair[0]);
        assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &most, sizeof most), 0);
        if (write(pair[1], bytes, sizeof bytes) == sizeof bytes) {
                until(recorder.count[ERROR] == 1);
                assert_int_equal(recorder.error, -EMSGSIZE);
        }
        assert_int_equal(write(pair[1], bytes, 100 * 1000), 100 * 1000);
        until(recorder.count[DATA] == 1);
        assert_int_equal(recorder.size, 100 * 1000);
        finish(&recorder, 0);
        close(pair[1]);
}

/** Receive all up to a number, in order. */
static void receive_up_to(int fd, uint32_t *expected, uint32_t end)
{
        while (*expected < end) {
                uint32_t number;
                ssize_t n = read(fd, &number, sizeof number);

                if (n < 0) {
                        assert_int_equal(errno, EAGAIN);
                        assert_int_equal(eddy_yield(), 0);
                        continue;
                }
                assert_int_equal(n, sizeof number);
                assert_int_equal(number, (*expected)++);
        }
}

/** Where the kernel has no room they wait, in order: connected, which it tells of, and not. */
static void waits_for_room(void)
{
        for (int is_connected = 0; is_connected < 2; is_connected++) {
                struct recorder recorder = {0};
                eddy_address to;
                int peer = open_unix(&to, "full"), fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
                uint32_t sent, expected = 0;

                if (is_connected)
                        assert_int_equal(connect(fd, &to.any, to.size), 0);
                start(&recorder, fd);
                assert_int_equal(eddy_datagram_transport_set_write_limits(recorder.transport, 1, 2), -EINVAL);
                assert_int_equal(eddy_datagram_transport_set_write_limits(recorder.transport, 3000, 1000), 0);
                sent = fill(&recorder, is_connected ? NULL : &to, 0, 3001);
                assert_int_equal(recorder.count[PAUSED], 1);
                give_way();
                assert_int_equal(recorder.count[RESUMED], 0);
                assert_true(eddy_datagram_transport_write_buffer_size(recorder.transport) > 3000);
                receive_up_to(peer, &expected, sent);
                until(recorder.count[RESUMED] == 1);
                assert_int_equal(eddy_datagram_transport_write_buffer_size(recorder.transport), 0);
                finish(&recorder, 0);
                close(peer);
        }
}

static void empty_ones_count(void)
{
        struct recorder recorder = {0};
        int pair[2];
        char byte;
        ssize_t n;

        open_pair(pair);
        start(&recorder, pair[0]);
        for (int i = 0; recorder.count[PAUSED] == 0; i++) {
                assert_in_range(i, 0, 100000);
                assert_int_equal(eddy_datagram_transport_sendto(recorder.transport, NULL, 0, NULL), 0);
        }
        while (eddy_datagram_transport_write_buffer_size(recorder.transport) > 0) {
                n = read(pair[1], &byte, 1);
                assert_true(n == 0 || errno == EAGAIN);
                assert_int_equal(eddy_yield(), 0);
        }
        until(recorder.count[RESUMED] == 1);
        finish(&recorder, 0);
        close(pair[1]);
}

static void closing_sends_what_waits(void)
{
        struct recorder recorder = {0};
        int pair[2];
        uint32_t sent, expected = 0;

        open_pair(pair);
        start(&recorder, pair[0]);
        sent = fill(&recorder, NULL, 0, 70 * 1000);
        eddy_datagram_transport_close(recorder.transport);
        assert_int_equal(send_text(&recorder, "x"), -EPIPE);
        give_way();
        assert_int_equal(recorder.count[LOST], 0);
        receive_up_to(pair[1], &expected, sent);
        until(recorder.count[LOST] == 1);
        assert_int_equal(recorder.count[PAUSED], 1);
        assert_int_equal(recorder.count[RESUMED], 0); /* nor is anything else told of one that is closing */
        close(pair[1]);
}

static void closing_ends_where_they_fail(void)
{
        struct recorder recorder = {0};
        int pair[2];

        open_pair(pair);
        start(&recorder, pair[0]);
        fill(&recorder, NULL, 0, 3000);
        eddy_datagram_transport_close(recorder.transport);
        close(pair[1]);
        until(recorder.count[LOST] == 1);
        assert_int_equal(recorder.reason, 0);
        assert_int_equal(recorder.count[ERROR], 0);
}

static void aborting_drops_it(void)
{
        struct recorder recorder = {0};
        int pair[2];

        open_pair(pair);
        start(&recorder, pair[0]);
        fill(&recorder, NULL, 0, 3000);
        eddy_datagram_transport_close(recorder.transport);
        eddy_datagram_transport_abort(recorder.transport);
        assert_int_equal(eddy_datagram_transport_write_buffer_size(recorder.transport), 0);
        assert_int_equal(recorder.count[LOST], 0);
        until(recorder.count[LOST] == 1);
        close(pair[1]);
}

/** To whom nobody listens any more, and to one who does, behind: the first are told, the last arrives, and writing goes on. */
static void one_that_waited_fails(void)
{
        struct recorder recorder = {0};
        eddy_address gone, there;
        int leaves = open_unix(&gone, "leaves"), stays = open_unix(&there, "stays");
        uint32_t first;

        start(&recorder, socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        assert_int_equal(eddy_datagram_transport_set_write_limits(recorder.transport, 500, 100), 0);
        first = fill(&recorder, &gone, 0, 1000);
        assert_int_equal(recorder.count[PAUSED], 1);
        assert_int_equal(eddy_datagram_transport_sendto(recorder.transport, &first, sizeof first, &there), 0);
        close(leaves);
        until(recorder.count[RESUMED] == 1);
        assert_true(recorder.count[ERROR] > 1);
        assert_int_equal(recorder.error, -ECONNREFUSED);
        receive_up_to(stays, &first, first + 1);
        /* One that need not wait fails in the call, and nothing is told. */
        recorder.count[ERROR] = 0;
        assert_int_equal(eddy_datagram_transport_sendto(recorder.transport, "x", 1, &gone), -ECONNREFUSED);
        give_way();
        assert_int_equal(recorder.count[ERROR], 0);
        finish(&recorder, 0);
        close(stays);
}

static void send_again(struct recorder *recorder, enum event event)
{
        if (event == ERROR && recorder->count[ERROR] < 100)
                send_text(recorder, "again");
}

/** What is sent where a failure is told goes behind what waits. */
static void sends_where_it_is_told(void)
{
        struct recorder recorder = {.act = send_again};
        int pair[2];

        open_pair(pair);
        start(&recorder, pair[0]);
        assert_int_equal(eddy_datagram_transport_set_write_limits(recorder.transport, 1000, 500), 0);
        fill(&recorder, NULL, 0, 2000);
        close(pair[1]);
        until(eddy_datagram_transport_write_buffer_size(recorder.transport) == 0);
        assert_true(recorder.count[ERROR] >= 100);
        finish(&recorder, 0);
}

static unsigned most_at_once, at_once;

static void count_at_once(struct recorder *recorder, enum event event)
{
        (void)recorder;
        if (event == DATA && ++at_once > most_at_once)
                most_at_once = at_once;
}

/** However many come, others have their turn. */
static void leaves_others_their_turn(void)
{
        struct recorder recorder = {.act = count_at_once};
        eddy_address address;
        int fd = open_udp(&address), sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        for (unsigned i = 0; i < 100; i++)
                assert_int_equal(sendto(sender, &i, sizeof i, 0, &address.any, address.size), sizeof i);
        start(&recorder, fd);
        while (recorder.count[DATA] < 100) {
                at_once = 0;
                assert_int_equal(eddy_yield(), 0);
        }
        assert_in_range(most_at_once, 2, 32);
        close(sender);
        finish(&recorder, 0);
}

static void another_protocol(void)
{
        static const eddy_datagram_protocol silent = {.reserved = {NULL}};
        struct recorder first = {0}, second = {0};
        uint32_t sent, expected = 0;
        void *self;
        int pair[2];

        open_pair(pair);
        start(&first, pair[0]);
        sent = fill(&first, NULL, 0, 70 * 1000);
        assert_int_equal(first.count[PAUSED], 1);
        assert_ptr_equal(eddy_datagram_transport_protocol(first.transport, &self), &recording);
        assert_ptr_equal(self, &first);
        second = (struct recorder){.transport = first.transport, .count = {[MADE] = 1, [PAUSED] = 1}};
        eddy_datagram_transport_set_protocol(first.transport, &recording, &second);
        receive_up_to(pair[1], &expected, sent);
        until(second.count[RESUMED] == 1);
        assert_int_equal(write(pair[1], "x", 1), 1);
        assert_heard(&second, "x");
        /* One without functions is told of nothing. */
        eddy_datagram_transport_set_protocol(first.transport, &silent, NULL);
        assert_int_equal(write(pair[1], "x", 1), 1);
        fill(&second, NULL, 0, 70 * 1000);
        close(pair[1]);
        until(eddy_datagram_transport_write_buffer_size(second.transport) == 0);
        assert_int_equal(second.count[DATA], 0);
        eddy_datagram_transport_set_protocol(first.transport, &recording, &second);
        finish(&second, 0);
}

static void of_something_else(void)
{
        struct recorder recorder = {0};
        eddy_datagram_transport *transport = (eddy_datagram_transport *)&recorder;
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(eddy_datagram_transport_from_socket(&transport, NULL, pair[0], &recording, &recorder),
                         -EPROTOTYPE);
        assert_null(transport);
        close(pair[0]);
        assert_int_equal(eddy_datagram_transport_from_socket(&transport, NULL, pair[0], &recording, &recorder),
                         -EBADF);
        close(pair[1]);
}

/** What cannot be received from at all ends it. */
static void replace(struct recorder *recorder, enum event event)
{
        int other = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (event == MADE)
                dup3(other, eddy_datagram_transport_fd(recorder->transport), O_CLOEXEC);
        close(other);
}

static void is_no_socket_any_more(void)
{
        struct recorder recorder = {.act = replace};
        int pair[2];

        open_pair(pair);
        start(&recorder, pair[0]);
        until(recorder.count[LOST] == 1);
        assert_int_equal(recorder.reason, -ENOTSOCK);
        assert_int_equal(recorder.count[ERROR], 0);
        close(pair[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(there_and_back),
            scene_test(between_unix_sockets),
            scene_test(ends),
            scene_test(is_made_before_it_is_lost),
            scene_test(in_any_call),
            cmocka_unit_test(with_the_loop),
            cmocka_unit_test(sends_the_last_with_the_loop),
            scene_test(refused),
            scene_test(too_long),
            scene_test(waits_for_room),
            scene_test(empty_ones_count),
            scene_test(closing_sends_what_waits),
            scene_test(closing_ends_where_they_fail),
            scene_test(aborting_drops_it),
            scene_test(one_that_waited_fails),
            scene_test(sends_where_it_is_told),
            scene_test(leaves_others_their_turn),
            scene_test(another_protocol),
            scene_test(of_something_else),
            scene_test(is_no_socket_any_more),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
