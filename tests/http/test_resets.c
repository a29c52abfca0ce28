/* Clients that go away, in every way, behind every byte of every kind of exchange: handlers are told what the documentation says, all is
 * given back, and the next client is answered. */
#include "resets.h"

#define TO(target) " /" target " HTTP/1.1\r\nHost: x\r\n"

/** What a client sends. Behind a "|" it waits for an answer in between, or for the other protocol, before it goes on. */
static const struct kind {
        const char *name, *text;
} kinds[] = {
    {"GET", "GET" TO("hello") "\r\n"},
    {"HTTP/1.0", "GET /hello HTTP/1.0\r\n\r\n"},
    {"POST with a length", "POST" TO("echo") "Content-Length: 5\r\n\r\nhello"},
    {"POST in chunks, with trailers",
     "POST" TO("echo") "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nSum: 7\r\n\r\n"},
    {"leave", "POST" TO("echo") "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n|hello"},
    {"a body that is not read", "POST" TO("hello") "Content-Length: 5\r\n\r\nhello"},
    {"a form with a file",
     "POST" TO("form") "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 72\r\n\r\n"
                       "--b\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\nhello\r\n--b--\r\n"},
    {"a file", "GET" TO("files/large") "\r\n"},
    {"a range", "GET" TO("files/large") "Range: bytes=1000-199999\r\n\r\n"},
    {"a folder's list", "GET" TO("files/") "\r\n"},
    {"a streamed answer", "GET" TO("stream") "\r\n"},
    {"one that is compressed", "GET" TO("stream") "Accept-Encoding: gzip\r\n\r\n"},
    {"one of HTTP/1.0", "GET /stream HTTP/1.0\r\n\r\n"},
    {"events", "GET" TO("events") "\r\n"},
    {"a WebSocket",
     "GET" TO("chat") "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n|\x81\x85kkkk\x03\x0e\x07\x07\x04"},
    {"two", "GET" TO("hello") "\r\nPOST" TO("echo") "Content-Length: 5\r\n\r\nhello"},
    {"a streamed one before another", "GET" TO("stream") "\r\nGET" TO("hello") "\r\n"},
    {"a file before a body", "GET" TO("files/large") "\r\nPOST" TO("echo") "Content-Length: 5\r\n\r\nhello"},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/** Send the first bytes of a text, and wait where it says so. */
static void send_part(eddy_stream *client, const char *text, size_t n)
{
        const char *answer, *bar = memchr(text, '|', n);
        size_t first = bar ? (size_t)(bar - text) : n;

        assert_int_equal(eddy_stream_write_all(client, text, first), first);
        if (!bar)
                return;
        assert_true(eddy_stream_read_until(client, "\r\n\r\n", 4, &answer) > 0);
        assert_int_equal(eddy_stream_write_all(client, bar + 1, n - first - 1), n - first - 1);
}

/** What there is of an answer to who has said all there was to say, or not all of it. */
static void assert_answered_to_the_end(eddy_stream *client, const struct kind *kind, size_t sent)
{
        bool is_whole = sent == strlen(kind->text), has_waited = memchr(kind->text, '|', sent);
        char *answer;
        ssize_t n = eddy_stream_read_all(client, &answer, 4 * LARGE);

        assert_true(n >= 0 || n == -ECONNRESET); /* an answer of HTTP/1.0 that was cut has no other end */
        if (n < 0)
                return;
        if (sent == 0)
                assert_int_equal(n, 0);
        else if (!has_waited &&
                 !(strncmp(answer, "HTTP/1.1 2", 10) == 0 || strncmp(answer, "HTTP/1.1 1", 10) == 0 ||
                   (!is_whole && strncmp(answer, "HTTP/1.1 400 ", 13) == 0)))
                fail_msg("%s, of which %zu bytes were sent: %s", kind->name, sent, answer);
        eddy_free(answer);
}

static void go(eddy_stream *client, const struct kind *kind, size_t sent, enum way way)
{
        if (way == ENDS_ITS_HALF) {
                assert_int_equal(eddy_stream_write_eof(client), 0);
                assert_answered_to_the_end(client, kind, sent);
        }
        leave(client, way);
}

static void assert_next_is_answered(void)
{
        eddy_stream *client = connect_client();
        char *answer;

        send_part(client, kinds[1].text, strlen(kinds[1].text));
        assert_true(eddy_stream_read_all(client, &answer, 1000) > 0);
        assert_non_null(strstr(answer, "\r\n\r\nhello"));
        eddy_free(answer);
        eddy_stream_destroy(client);
        assert_nobody_is_left();
}

/** Clients that leave when some bytes are sent. */
static void leave_while_sending(enum wire wire, size_t step)
{
        open_site(wire);
        for (const struct kind *kind = kinds; kind < kinds + KINDS; kind++) {
                for (size_t sent = 0; sent <= strlen(kind->text); sent += step)
                        for (enum way way = RESETS; way < WAYS; way++) {
                                eddy_stream *client = connect_client();

                                send_part(client, kind->text, sent);
                                go(client, kind, sent, way);
                        }
                assert_next_is_answered();
        }
        close_site();
}

/** How much is sent to who takes all of it. */
static size_t measure_answer(const struct kind *kind)
{
        eddy_stream *client = connect_client();
        char *answer;
        ssize_t n;

        send_part(client, kind->text, strlen(kind->text));
        assert_int_equal(eddy_stream_write_eof(client), 0);
        n = eddy_stream_read_all(client, &answer, 4 * LARGE);
        assert_true(n > 0);
        eddy_free(answer);
        eddy_stream_destroy(client);
        assert_nobody_is_left();
        return (size_t)n;
}

static void take(eddy_stream *client, size_t n)
{
        static char bytes[4 * LARGE];

        assert_int_equal(eddy_stream_read_exactly(client, bytes, n), n);
}

/** Clients that leave when they have taken some bytes of the answer: of its head, all of them; of its body, some. */
static void leave_while_taking(enum wire wire, size_t step)
{
        open_site(wire);
        for (const struct kind *kind = kinds; kind < kinds + KINDS; kind++) {
                size_t size = strlen(kind->text), whole = measure_answer(kind);

                for (size_t taken = 0; taken <= whole; taken += taken < 300 ? step : whole / 10)
                        for (enum way way = RESETS; way <= CLOSES; way++) {
                                eddy_stream *client = connect_client();

                                send_part(client, kind->text, size);
                                if (!strchr(kind->text, '|'))
                                        take(client, taken);
                                go(client, kind, size, way);
                        }
                assert_next_is_answered();
        }
        close_site();
}

int main(void)
{
        return run_resets("resets");
}
