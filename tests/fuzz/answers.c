/* The client beneath what servers may answer: heads, redirects, cookies, codings, chunks and trailers, damaged or not, in pieces.
 *
 *         fuzz_answers COUNT SEED
 *
 * Whatever comes, each request ends with an answer or an error that the header names, within a time, and memory comes back. An answer
 * counts its bytes rightly, and no line of it holds another. A failure names the seed.
 * With -DHAS_FUZZER_MAIN and clang's -fsanitize=fuzzer the input is libFuzzer's. */
#include "message.h"

#include <eddy/http_client.h>

enum { MOST_BODY = 1 << 20, PATIENCE_MS = 5 };

/* What servers send, in parts. PORT stands for the server's own. */

static const char *const statuses[] = {"200 OK",    "200 OK",       "302 Found", "301 Moved",       "307 Go",
                                       "303 See",   "206 Part",     "204 None",  "304 Same",        "404 No",
                                       "503 Later", "100 Continue", "103 Hints", "101 Switch",      "999",
                                       "1",         "20",           "-5",        "4294967496 Wide", "401 Who"};
static const char *const versions[] = {"HTTP/1.1 ", "HTTP/1.1 ", "HTTP/1.0 ", "HTTP/2 ",  "HTTP/3.7 ",
                                       "HTTP/1.1",  "HTTP/0.9 ", "ICY ",      "http/1.1 "};
static const char *const lines[] = {"Location: /x",
                                    "Location: ../y?z#f",
                                    "Location: http://127.0.0.1:PORT/there",
                                    "Location: https://127.0.0.1:PORT/tls",
                                    "Location: http://127.0.0.1:1/nobody",
                                    "Location: //127.0.0.1:PORT",
                                    "Location: http:///127.0.0.1:PORT/",
                                    "Location: file:///etc/passwd",
                                    "Location: http://unix:/run/x:/y",
                                    "Location: http://u:p@127.0.0.1:PORT/",
                                    "Location: http://[",
                                    "Location:",
                                    "Location: a b\xc3\xa4\x01",
                                    "Content-Length: 5",
                                    "Content-Length: 50",
                                    "Content-Length: 0",
                                    "Content-Length: -1",
                                    "Content-Length: 99999999999999999999",
                                    "Content-Length: 5, 5",
                                    "Transfer-Encoding: chunked",
                                    "Transfer-Encoding: gzip, chunked",
                                    "Transfer-Encoding: x",
                                    "Content-Encoding: gzip",
                                    "Content-Encoding: br",
                                    "Content-Encoding: deflate, gzip",
                                    "Content-Encoding: zstd",
                                    "Content-Encoding: , deflate;q=1 identity",
                                    "Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip, gzip",
                                    "Connection: close",
                                    "Connection: keep-alive",
                                    "Connection: Upgrade",
                                    "Upgrade: h2c",
                                    "Set-Cookie: a=b",
                                    "Set-Cookie: a=b; Domain=com; Path=/; Max-Age=5",
                                    "Set-Cookie: =; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
                                    "Retry-After: 0",
                                    "Retry-After: 99999999999999999999",
                                    "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT",
                                    "Content-Range: bytes 1-5/6",
                                    "WWW-Authenticate: Basic realm=\"x\"",
                                    "Proxy-Authenticate: Digest nonce=\"x\"",
                                    "Strict-Transport-Security: max-age=1000",
                                    "Alt-Svc: h2=\":1\"",
                                    "A: b\rC: d",
                                    "A: b\nC: d",
                                    " folded",
                                    "A",
                                    ": b",
                                    "A: \t b \t"};
/* "hello hello hello". */
static const char gzip[] =
    "\x1f\x8b\x08\0\0\0\0\0\2\3\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\0\x80\x88\xf9\xe5\x11\0\0\0";

static unsigned port;

/* A line, with the port in it. */
static void put_line(const char *text)
{
        const char *mark = strstr(text, "PORT");
        char made[256];
        int n = mark ? snprintf(made, sizeof made, "%.*s%u%s", (int)(mark - text), text, port, mark + 4)
                     : snprintf(made, sizeof made, "%s", text);

        put_bytes(made, (size_t)n);
}

static void put_body(void)
{
        switch (draw(4)) {
        case 0:
                put_chunks(lines, sizeof lines / sizeof *lines);
                break;
        case 1:
                put_bytes(gzip, sizeof gzip - 1);
                break;
        case 2:
                put("hello");
                break;
        default:
                break;
        }
}

static void put_answer(void)
{
        put(SANE(versions));
        put(ANY(statuses));
        put(SANE(ends));
        for (unsigned i = draw(6); i > 0; i--) {
                put_line(ANY(lines));
                put(SANE(ends));
        }
        put(SANE(ends));
        put_body();
}

/* The server: to each request it sends what is next of the bytes, up to the next head, whoever asks for what. */

static size_t sent, piece;

static size_t size_of_answer(void)
{
        const char *next = size > sent + 1 ? memmem(bytes + sent + 1, size - sent - 1, "HTTP/", 5) : NULL;

        return next ? (size_t)(next - bytes) - sent : size - sent;
}

static int send_next(eddy_stream *stream)
{
        size_t end = sent + size_of_answer();

        while (sent < end) {
                size_t n = end - sent < piece ? end - sent : piece;
                const char *from = bytes + sent;

                sent += n;
                if (eddy_stream_write_all(stream, from, n) < 0)
                        return -EPIPE;
                eddy_yield();
        }
        return 0;
}

/* A client that waits for more than there is sees the end soon. */
static intptr_t serve(eddy_stream *stream, void *arg)
{
        const char *data;
        ssize_t n = 1;

        (void)arg;
        while (n > 0 && send_next(stream) == 0 && sent < size)
                EDDY_TIMEOUT_SCOPE(eddy_ms(PATIENCE_MS))
                        n = eddy_stream_read_some(stream, &data);
        return 0;
}

/* The client. */

static void fail_with_bytes(const char *what, long number)
{
        fprintf(stderr, "--- %zu bytes, of which %zu were sent, %zu at a time:\n%.*s\n", size, sent, piece,
                (int)size, bytes);
        fail(what, number);
}

static void check_error(long rc)
{
        static const long known[] = {EDDY_TIMEOUT,     EDDY_ERESOLVE,  -ECONNREFUSED, -ECONNRESET,
                                     EDDY_EINCOMPLETE, EDDY_EPROTOCOL, EDDY_EHTTP,    -EINVAL,
                                     EDDY_ELIMIT,      EDDY_ENOTSUP,   -EPIPE,        -EADDRNOTAVAIL,
                                     -ENETUNREACH};

        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
                if (rc == known[i])
                        return;
        fail_with_bytes(eddy_errname((int)rc), rc);
}

static void check_head(const eddy_http_response *response)
{
        const char *name, *value;

        if (response->status < 200 && response->status != 101)
                fail_with_bytes("an answer that is none", response->status);
        for (unsigned i = 0; (name = eddy_http_response_header_at(response, i, &value)); i++)
                if (!*name || strpbrk(name, "\r\n:") || strchr(value, '\n'))
                        fail("a line that holds another", i);
        if (!response->url || response->redirects > 20)
                fail("from nowhere", response->redirects);
}

static ssize_t read_whole(eddy_http_response *response)
{
        char buffer[64];
        size_t got = 0, room = 1 + draw(sizeof buffer - 1);
        ssize_t n;

        while ((n = eddy_http_response_read(response, buffer, room)) > 0) {
                got += (size_t)n;
                if (got > MOST_BODY)
                        fail("it goes on for ever", (long)got);
        }
        if (n == 0 && (int64_t)got != response->received)
                fail_with_bytes("bytes are lost", (long)got);
        return n;
}

static int64_t fetched;

static int count_body(const void *data, size_t n, void *arg)
{
        (void)data, (void)arg;
        fetched += (int64_t)n;
        return 0;
}

static void ask(eddy_http_client *client)
{
        static const char *const methods[] = {NULL, NULL, "HEAD", "POST", "FROB"};
        eddy_http_response response;
        char url[64];
        eddy_http_request request = {.url = url, .method = ANY(methods), .on_body = count_body};
        bool is_fetched = draw(3) == 0;
        ssize_t rc;

        snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
        request.timeout = eddy_seconds(5);
        request.backoff = 1;
        request.max_wait = 1;
        request.retries = draw(3);
        request.keeps_encoding = draw(3) == 0;
        request.range_start = draw(4) == 0;
        if (request.method && strcmp(request.method, "HEAD") != 0) {
                request.body = "a body";
                request.body_size = 6;
        }
        fetched = 0;
        rc = (is_fetched ? eddy_http_fetch : eddy_http_send)(client, &request, &response);
        if (rc == 0)
                check_head(&response);
        if (rc == 0 && is_fetched && fetched != response.received)
                fail_with_bytes("bytes are lost", (long)fetched);
        if (rc == 0 && !is_fetched && draw(8))
                rc = read_whole(&response);
        if (rc < 0)
                check_error(rc);
        if (rc == EDDY_TIMEOUT)
                fail_with_bytes("it does not end", (long)size);
        if (rc < 0 && !*eddy_error_detail())
                fail("nothing is said of it", rc);
        eddy_http_response_finish(&response);
}

static intptr_t play(void *arg)
{
        eddy_http_client_options options = {.keeps_cookies = draw(2)};
        bool is_by_proxy = draw(2);
        eddy_http_client *client;
        eddy_server *server;
        char proxy[64];

        (void)arg;
        if (eddy_start_server(&server, serve, NULL, "127.0.0.1", 0, NULL) < 0)
                fail("no server", 0);
        port = eddy_server_port(server);
        size = sent = 0;
        piece = draw(2) ? MOST_BYTES : 1 + draw(40);
        for (unsigned i = 1 + draw(6); i > 0; i--)
                put_answer();
        /* A damaged Location may name any host: the proxy, which is the server, knows them all. */
        snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", port);
        options.proxy = is_by_proxy ? proxy : "";
        for (unsigned i = is_by_proxy ? draw(6) : 0; i > 0; i--)
                damage();
        if (eddy_http_client_create(&client, &options) < 0)
                fail("no client", 0);
        for (unsigned i = 1 + draw(3); i > 0; i--)
                ask(client);
        eddy_http_client_destroy(client);
        eddy_server_close(server);
        eddy_server_destroy(server);
        return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
        begin_input(data, n);
        eddy_run(play, NULL);
        return 0;
}
