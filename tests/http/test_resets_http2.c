/* Clients of HTTP/2 that go away, in every way, behind every byte that they send or take in every kind of exchange: handlers are told what
 * the documentation says, all is given back, and the next client is answered. */
#include "http2_client.h"
#include "resets.h"

#define FORM "--b\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\nhello\r\n--b--\r\n"

/** What a client asks for. */
static const struct kind {
        const char *name, *method, *path;
        const char *headers[5]; /* the last is NULL */
        const char *body;
        const char *beside; /* what is got at the same time, or NULL */
        bool has_trailer;
        bool talks; /* on a WebSocket: the body is its message, when it was accepted */
} kinds[] = {
    {"GET", "GET", "/hello", .body = NULL},
    {"POST", "POST", "/echo", .body = "hello"},
    {"POST with a length", "POST", "/echo", {"content-length", "5"}, .body = "hello"},
    {"POST with trailers", "POST", "/echo", .body = "hello", .has_trailer = true},
    {"a body that is not read", "POST", "/hello", .body = "hello"},
    {"a form with a file", "POST", "/form", {"content-type", "multipart/form-data; boundary=b"}, .body = FORM},
    {"a file", "GET", "/files/large", .body = NULL},
    {"a range", "GET", "/files/large", {"range", "bytes=1000-199999"}, .body = NULL},
    {"a folder's list", "GET", "/files/", .body = NULL},
    {"a streamed answer", "GET", "/stream", .body = NULL},
    {"one that is compressed", "GET", "/stream", {"accept-encoding", "gzip"}, .body = NULL},
    {"events", "GET", "/events", .body = NULL},
    {"a WebSocket",
     "CONNECT",
     "/chat",
     {":protocol", "websocket", "sec-websocket-version", "13"},
     .body = "\x81\x85kkkk\x03\x0e\x07\x07\x04",
     .talks = true},
    {"a body beside a file", "POST", "/echo", .body = "hello", .beside = "/files/large"},
    {"a streamed answer beside a file", "GET", "/stream", .beside = "/files/large"},
};

enum {
        KINDS = sizeof kinds / sizeof *kinds,
        PREFACE = 24,
        ECHO = 7,
        UPDATES = 9 + 3 * 13, /* the bytes of an acknowledgement and the first updates of windows */
};

/** What one client does. */
static struct {
        const struct kind *kind;
        struct upload upload;
        int32_t ids[2];            /* of its streams; 0: none */
        size_t may_send, may_take; /* bytes, before it goes */
        size_t sent, taken;
        size_t request; /* how much it sends before it needs an answer */
} visit;

static void ask_both(const struct kind *kind)
{
        size_t size = kind->body ? strlen(kind->body) : 0;

        visit.upload = (struct upload){.bytes = kind->body,
                                       .left = kind->talks ? 0 : size,
                                       .has_trailer = kind->has_trailer,
                                       .pauses = kind->talks};
        visit.ids[0] = ask(kind->method, kind->path, kind->headers, kind->body ? &visit.upload : NULL);
        if (kind->beside)
                visit.ids[1] = ask("GET", kind->beside, NULL, NULL);
        gather_frames();
        visit.request = outgoing.size;
}

static void open_visit(const struct kind *kind, size_t may_send, size_t may_take)
{
        memset(&visit, 0, sizeof visit);
        visit.kind = kind;
        visit.may_send = may_send;
        visit.may_take = may_take;
        prepare_client();
        world.stream = connect_client();
        ask_both(kind);
}

static void close_visit(enum way way)
{
        nghttp2_session_del(client.session);
        leave(world.stream, way);
}

/** Send what there is to be sent: whether all of it might be. */
static bool send_allowed(void)
{
        size_t n = visit.may_send - visit.sent;
        bool is_all;

        gather_frames();
        is_all = outgoing.size <= n;
        if (is_all)
                n = outgoing.size;
        if (n > 0)
                assert_int_equal(eddy_stream_write_all(world.stream, outgoing.bytes, n), n);
        visit.sent += n;
        outgoing.size = 0;
        return is_all;
}

/** Take some of what comes: whether more may be taken. */
static bool take_allowed(void)
{
        static char bytes[16 * 1024];
        size_t left = visit.may_take - visit.taken;
        ssize_t n;

        if (left == 0)
                return false;
        n = eddy_stream_read(world.stream, bytes, left < sizeof bytes ? left : sizeof bytes);
        assert_true(n > 0);
        assert_int_equal(nghttp2_session_mem_recv(client.session, (const uint8_t *)bytes, (size_t)n), n);
        visit.taken += (size_t)n;
        return visit.taken < visit.may_take;
}

static bool has_all(int32_t id)
{
        const struct reply *reply = reply_to(id);

        if (visit.kind->talks)
                return reply->size == ECHO;
        return reply->has_ended && reply->is_closed;
}

/** Both ask and are answered, as far as is allowed: whether that was to the end. */
static bool converse(void)
{
        while (!has_all(visit.ids[0]) || (visit.ids[1] && !has_all(visit.ids[1]))) {
                if (!send_allowed() || !take_allowed())
                        return false;
                if (visit.upload.pauses && visit.upload.left == 0 && reply_to(visit.ids[0])->size == 0 &&
                    reply_to(visit.ids[0])->heads == 1) {
                        visit.upload.left = strlen(visit.kind->body);
                        assert_int_equal(nghttp2_session_resume_data(client.session, visit.ids[0]), 0);
                }
        }
        return send_allowed();
}

/** Who has asked all there was to ask has its answers as far as its windows are open. */
static void assert_answered_to_the_end(void)
{
        const struct reply *first = reply_to(visit.ids[0]), *second = first;

        if (visit.sent < PREFACE) { /* that was no HTTP/2 */
                char *answer;

                if (eddy_stream_read_all(world.stream, &answer, 1000) >= 0)
                        eddy_free(answer);
                return;
        }
        while (listen_on())
                ;
        if (visit.sent < visit.request || visit.kind->talks)
                return;
        if (visit.ids[1])
                second = reply_to(visit.ids[1]);
        if ((!first->has_ended || !second->has_ended) &&
            first->size + (visit.ids[1] ? second->size : 0) < NGHTTP2_INITIAL_WINDOW_SIZE)
                fail_msg("%s, of which %zu bytes were sent: %zu of the answer", visit.kind->name, visit.sent,
                         first->size);
        assert_int_equal(first->status[0], '2');
}

static void assert_next_is_answered(void)
{
        open_visit(&kinds[0], SIZE_MAX, SIZE_MAX);
        assert_true(converse());
        assert_string_equal(reply_to(visit.ids[0])->start, "hello, world!");
        close_visit(CLOSES);
}

/** A client leaves when it has sent some bytes: whether that was all that it had to send. */
static bool leaves_behind(const struct kind *kind, size_t sent, enum way way)
{
        bool is_all;

        open_visit(kind, sent, SIZE_MAX);
        is_all = converse();
        if (way == ENDS_ITS_HALF) {
                assert_int_equal(eddy_stream_write_eof(world.stream), 0);
                assert_answered_to_the_end();
        }
        close_visit(way);
        return is_all;
}

/** Fewer places to leave at where programs are slow. */
static size_t scale_step(size_t step)
{
        return RUNNING_ON_VALGRIND || getenv("EDDY_EXE_WRAPPER") ? 20 * step : step;
}

/** Clients that leave when some bytes are sent: behind each of those that ask, and some of those, all alike, by
 * which windows are updated. */
static void leave_while_sending(enum wire wire, size_t step)
{
        step = scale_step(step);
        open_site(wire);
        for (const struct kind *kind = kinds; kind < kinds + KINDS; kind++) {
                for (enum way way = RESETS; way < WAYS; way++)
                        for (size_t sent = 0; !leaves_behind(kind, sent, way);)
                                sent += sent < visit.request + UPDATES ? step : 7 * step;
                assert_next_is_answered();
        }
        close_site();
}

/** The streams are given up, and the connection goes on. */
static void reset_streams(void)
{
        int32_t next;

        for (int i = 0; i < 2 && visit.ids[i]; i++)
                assert_int_equal(nghttp2_submit_rst_stream(client.session, 0, visit.ids[i], NGHTTP2_CANCEL), 0);
        next = ask("GET", "/hello", NULL, NULL);
        assert_string_equal(answer_to(next)->start, "hello, world!");
}

/** Clients that leave, or reset their streams, when they have taken some bytes: of frames of heads, all of them; of bodies, some. */
static void leave_while_taking(enum wire wire, size_t step)
{
        step = scale_step(step);
        open_site(wire);
        for (const struct kind *kind = kinds; kind < kinds + KINDS; kind++) {
                size_t whole;

                open_visit(kind, SIZE_MAX, SIZE_MAX);
                assert_true(converse());
                whole = visit.taken;
                close_visit(CLOSES);
                for (size_t taken = 0; taken <= whole; taken += taken < 200 ? step : whole / 10) {
                        for (enum way way = RESETS; way <= CLOSES; way++) {
                                open_visit(kind, SIZE_MAX, taken);
                                converse();
                                close_visit(way);
                        }
                        open_visit(kind, SIZE_MAX, taken);
                        converse();
                        reset_streams();
                        close_visit(CLOSES);
                }
                assert_next_is_answered();
        }
        close_site();
}

int main(void)
{
        return run_resets("resets-http2");
}
