/* A connection of the server beneath what clients may send: heads, bodies, chunks, trailers and what follows, damaged or not.
 *
 *         fuzz_exchange COUNT SEED
 *
 * Whatever comes, the connection ends, every answer is one, and memory comes back. And what is read of it does not depend on how its bytes
 * arrive: in one piece and in many the handlers see the same requests with the same bodies, and the same is answered. Who leaves bodies
 * unread sees no request that who reads them does not. A failure names the seed.
 * With -DHAS_FUZZER_MAIN and clang's -fsanitize=fuzzer the input is libFuzzer's. */
#include "message.h"

#include <eddy/http.h>

enum { MOST_LOG = 64 * 1024, MOST_ANSWERS = 1 << 20 };

/* What clients send, in parts. */

static const char *const methods[] = {"GET", "POST", "HEAD", "OPTIONS", "PUT", "CONNECT", "get", "FROB", "PRI"};
static const char *const targets[] = {
    "/echo", "/leave", "/stream", "/turn", "/echo?a=b&%20", "http://x/echo", "*", "/%", "//x", "/a b", ""};
static const char *const versions[] = {"HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1",
                                       "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1"};
static const char *const lines[] = {"Content-Length: 5",
                                    "Content-Length: 0",
                                    "Content-Length: 40",
                                    "Content-Length: 70000",
                                    "Content-Length: +5",
                                    "Content-Length: 5, 5",
                                    "Content-Length : 5",
                                    "content-length:5 ",
                                    "Transfer-Encoding: chunked",
                                    "Transfer-Encoding: chunked",
                                    "Transfer-Encoding: gzip, chunked",
                                    "Transfer-Encoding:\r\n chunked",
                                    "transfer-encoding: Chunked ",
                                    "Transfer-Encoding\t: chunked",
                                    "Host: x",
                                    "Host: y",
                                    "Host:",
                                    "Connection: close",
                                    "Connection: keep-alive",
                                    "Connection: Upgrade",
                                    "Upgrade: x",
                                    "Expect: 100-continue",
                                    "Expect: y",
                                    "Accept-Encoding: gzip",
                                    "Content-Encoding: gzip",
                                    "Content-Encoding: x",
                                    "A: b\rC: d",
                                    "A: b\nC: d",
                                    "A: \tb ",
                                    " A: b",
                                    "A",
                                    ": b",
                                    "Range: bytes=0-",
                                    "If-Match: *",
                                    "Cookie: a=b; c",
                                    "Content-Type: text/plain"};
static void put_request(void)
{
        bool has_length = draw(3) == 0, has_chunks = !has_length && draw(2) == 0;

        put(draw(4) ? methods[draw(3)] : ANY(methods));
        put(" ");
        put(draw(4) ? targets[draw(4)] : ANY(targets));
        put(" ");
        put(ANY(versions));
        put(SANE(ends));
        if (draw(16))
                put("Host: x\r\n");
        if (has_length)
                put("Content-Length: 5\r\n");
        if (has_chunks)
                put("Transfer-Encoding: chunked\r\n");
        for (unsigned i = draw(2) ? 0 : draw(4); i > 0; i--) {
                put(ANY(lines));
                put(SANE(ends));
        }
        put(SANE(ends));
        if (has_chunks)
                put_chunks(lines, sizeof lines / sizeof *lines);
        else if (has_length || !draw(4))
                put("hello");
}

/* What comes of them. */

struct outcome {
        char log[MOST_LOG]; /* what handlers saw and what was answered, a line each */
        size_t size;
        unsigned seen;
};

static struct outcome *outcome;
static bool reads;

static void note(const char *what, const void *data, size_t n)
{
        if (outcome->size + strlen(what) + n + 2 > MOST_LOG)
                fail("more is noted than could be", (long)outcome->size);
        outcome->size += (size_t)sprintf(outcome->log + outcome->size, "%s ", what);
        memcpy(outcome->log + outcome->size, data, n);
        outcome->size += n;
        outcome->log[outcome->size++] = '\n';
}

static void note_access(const eddy_http_access *access, void *arg)
{
        char status[16];

        (void)arg;
        if (access->method[0] ==
            '-') { /* how far it was understood, and so what it lacks, depends on how far it had come */
                note("refused", "", 0);
                return;
        }
        snprintf(status, sizeof status, "= %d", access->status);
        note(status, access->target, access->target_size);
}

static int turn(eddy_http_exchange *exchange)
{
        eddy_stream *stream;
        char *rest;
        int rc = eddy_http_exchange_upgrade(exchange, (const char *const[]){"Upgrade: x", NULL}, &stream);
        ssize_t n;

        if (rc < 0)
                return eddy_http_reply(exchange, &(eddy_http_answer){.status = 426});
        n = eddy_stream_read_all(stream, &rest, MOST_BYTES);
        if (n < 0)
                fail("the other protocol cannot be read", n);
        note("turned", rest, (size_t)n);
        eddy_free(rest);
        eddy_stream_destroy(stream);
        return 0;
}

static int stream_answer(eddy_http_exchange *exchange)
{
        int rc = eddy_http_reply_begin(exchange, &(eddy_http_answer){.body = "a", .body_size = 1});

        if (rc == 0)
                rc = eddy_http_reply_write(exchange, "bc", 2);
        return rc < 0 ? rc : eddy_http_reply_end_with(exchange, (const char *const[]){"Sum: 7", NULL});
}

static int handle(eddy_http_exchange *exchange, void *arg)
{
        const char *target = eddy_http_exchange_target(exchange), *name;
        char *body = NULL;
        ssize_t n = 0;
        int rc;

        (void)arg;
        outcome->seen++;
        note(eddy_http_exchange_method(exchange), target, strlen(target));
        for (unsigned i = 0; eddy_http_exchange_header_at(exchange, i, &name); i++)
                if (strpbrk(name, "\r\n :"))
                        fail("a name that is none", (long)i);
        if (reads && strcmp(target, "/leave") != 0) {
                n = eddy_http_exchange_read_all(exchange, &body, MOST_BYTES);
                note("body", n < 0 ? eddy_errname(n) : body, n < 0 ? strlen(eddy_errname(n)) : (size_t)n);
        }
        if (n < 0)
                return (int)n;
        if (strcmp(target, "/turn") == 0)
                rc = turn(exchange);
        else if (strcmp(target, "/stream") == 0)
                rc = stream_answer(exchange);
        else
                rc = eddy_http_reply(exchange, &(eddy_http_answer){.body = body, .body_size = (size_t)n});
        eddy_free(body);
        return rc;
}

/* A client, which sends what there is in pieces of some bytes, and takes what comes. */
struct client {
        eddy_stream *stream;
        size_t piece;
};

static intptr_t take(void *stream)
{
        char *answers;
        ssize_t n = eddy_stream_read_all(stream, &answers, MOST_ANSWERS);

        if (n == -ECONNRESET) /* an answer that was cut has no other end */
                return 0;
        if (n < 0 || (n > 0 && strncmp(answers, "HTTP/1.1 ", 9) != 0 && strncmp(bytes, "PRI", 3) != 0 &&
                      bytes[0] != '\r'))
                fail("what comes is no answer", n);
        eddy_free(answers);
        return 0;
}

static intptr_t talk(void *arg)
{
        const struct client *client = arg;
        eddy_task *taking = eddy_create_task(take, client->stream);

        for (size_t at = 0; at < size; at += client->piece) {
                size_t n = size - at < client->piece ? size - at : client->piece;

                if (eddy_stream_write_all(client->stream, bytes + at, n) < 0)
                        break;
                eddy_yield();
                eddy_yield();
        }
        eddy_stream_write_eof(client->stream);
        return eddy_join(taking, NULL);
}

static eddy_http_service_options options;

static intptr_t serve(void *arg)
{
        struct client *client = arg;
        eddy_http_service *service;
        eddy_stream *ends_of_it[2];
        eddy_task *talking;
        intptr_t rc = eddy_stream_pair(ends_of_it);

        if (rc == 0)
                rc = eddy_http_service_create(&service, handle, NULL, &options);
        if (rc < 0)
                fail("no connection", rc);
        client->stream = ends_of_it[1];
        talking = eddy_create_task(talk, client);
        EDDY_TIMEOUT_SCOPE(eddy_seconds(20))
                rc = eddy_http_serve(ends_of_it[0], service);
        if (rc == EDDY_TIMEOUT)
                fail("it does not end", (long)client->piece);
        eddy_join(talking, NULL);
        eddy_stream_destroy(ends_of_it[0]);
        eddy_stream_destroy(ends_of_it[1]);
        eddy_http_service_destroy(service);
        return 0;
}

static void silence(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop;
        (void)arg;
        if (exception->error != EDDY_ELIMIT && exception->error != -ENOMEM)
                fail(exception->message, exception->error);
}

static intptr_t run_quietly(void *client)
{
        eddy_loop_set_exception_handler(eddy_running_loop(), silence, NULL);
        return serve(client);
}

static void play(struct outcome *into, bool reads_bodies, size_t piece)
{
        into->size = into->seen = 0;
        outcome = into;
        reads = reads_bodies;
        eddy_run(run_quietly, &(struct client){.piece = piece});
}

static void say(const struct outcome *one)
{
        fprintf(stderr, "--- %zu bytes sent:\n%.*s\n--- seen:\n%.*s\n", size, (int)size, bytes, (int)one->size,
                one->log);
}

/* Whether the same was seen and answered. Where a body is left, it matters what has come of it: the connection may end, for nobody knows
 * whether a client that waits for leave will send it, nor how long one in chunks will be. */
static bool is_alike(const struct outcome *whole, const struct outcome *pieces)
{
        static const char left[] = " /leave\n";
        size_t n = whole->size < pieces->size ? whole->size : pieces->size, size_left = sizeof left - 1;

        if (memcmp(whole->log, pieces->log, n) != 0)
                return false;
        return whole->size == pieces->size || memmem(bytes, size, "Expect: 100-continue", 20) ||
               (n == pieces->size && n >= size_left &&
                memcmp(pieces->log + n - size_left, left, size_left) == 0);
}

/* Whether reading alone ends no connection: by a limit, by a coding, or by turning to another protocol. */
static bool has_no_other_end(const struct outcome *whole)
{
        return options.max_body == 0 && !options.decodes && !memmem(whole->log, whole->size, "turned ", 7);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
        static struct outcome whole, pieces, unread;

        begin_input(data, n);
        size = 0;
        options = (eddy_http_service_options){.on_request = note_access, .timeout = eddy_seconds(60)};
        options.max_body = draw(4) ? 0 : 4;
        options.compresses = draw(2);
        options.decodes = draw(2);
        options.max_requests = draw(4) ? 0 : 2;
        for (unsigned i = 1 + draw(4); i > 0; i--)
                put_request();
        for (unsigned i = draw(4); i > 0; i--)
                damage();
        play(&whole, true, size + 1);
        play(&pieces, true, 1 + draw(40));
        if (!is_alike(&whole, &pieces)) {
                say(&whole);
                say(&pieces);
                fail("it depends on how it arrives", (long)whole.seen);
        }
        play(&unread, false, 1 + draw(255));
        if (unread.seen > whole.seen && has_no_other_end(&whole)) {
                say(&whole);
                say(&unread);
                fail("who reads no bodies sees more requests", (long)unread.seen);
        }
        return 0;
}
