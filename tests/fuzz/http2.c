/* A connection of HTTP/2 on which a client says what it likes: frames as they should be, in any order, and such as are damaged.
 *
 *         fuzz_http2 COUNT SEED
 *
 * Whatever comes, and however it is cut: what the server says is HTTP/2, to each stream in the order that belongs there; it says no more
 * of bodies than the client has opened windows for; when the client has gone the connection ends, and with it all handlers. Where
 * nothing is damaged, everything that was asked for is answered, or its stream is reset. A failure names the seed. With
 * -DHAS_FUZZER_MAIN and clang's -fsanitize=fuzzer the input is libFuzzer's. */
#define HAS_OWN_MAIN
#include "input.h"

#include <eddy/http_server.h>

#include <unistd.h>

enum {
        STREAMS = 64,
        MOST_INPUT = 1024,
        MOST_FRAMES = 200,
        MOST_FRAME = 16 * 1024,
        WINDOW = 65535,
        SECONDS = 60,
};

enum type {
        DATA,
        HEADERS,
        PRIORITY,
        RST_STREAM,
        SETTINGS,
        PUSH_PROMISE,
        PING,
        GOAWAY,
        WINDOW_UPDATE,
        CONTINUATION
};

enum { END_STREAM = 1, END_HEADERS = 4 };

/* The server. */

static unsigned handlers; /* that are at it */

static int echo_body(eddy_http_exchange *exchange)
{
        const char *const trailers[] = {"Sum: 1", NULL};
        char bytes[3000];
        ssize_t n;
        int rc = eddy_http_reply_begin(exchange, &(eddy_http_answer){.status = 201});

        while (rc == 0 && (n = eddy_http_exchange_read(exchange, bytes, sizeof bytes)) != 0)
                rc = n < 0 ? (int)n : eddy_http_reply_write(exchange, bytes, (size_t)n);
        return rc < 0 ? rc : eddy_http_reply_end_with(exchange, trailers);
}

static int echo_in_tunnel(eddy_http_exchange *exchange)
{
        const char *const headers[] = {"Upgrade: websocket", NULL};
        eddy_stream *stream;
        char bytes[3000];
        ssize_t n;
        int rc = eddy_http_exchange_upgrade(exchange, headers, &stream);

        if (rc < 0)
                return rc;
        while ((n = eddy_stream_read(stream, bytes, sizeof bytes)) > 0 &&
               eddy_stream_write_all(stream, bytes, (size_t)n) > 0)
                ;
        eddy_stream_destroy(stream);
        return 0;
}

static int answer_as_asked(eddy_http_exchange *exchange)
{
        static const char much[100 * 1000];
        const char *const links[] = {"Link: </x>", NULL};
        const char *target = eddy_http_exchange_target(exchange);

        switch (target[1]) {
        case 'b':
                return eddy_http_reply(exchange, &(eddy_http_answer){.body = much, .body_size = sizeof much});
        case 'e':
                return echo_body(exchange);
        case 'h':
                eddy_http_reply_hints(exchange, links);
                return eddy_http_reply(exchange, &(eddy_http_answer){.status = 204});
        case 'p': /* a part, and no more */
                eddy_http_reply_begin(exchange, &(eddy_http_answer){.body = "part", .body_size = 4});
                return 0;
        case 't':
                return echo_in_tunnel(exchange);
        case 'w':
                return eddy_sleep(eddy_ms(1)) < 0 ? -EIO : 0;
        default:
                return eddy_http_reply(exchange, &(eddy_http_answer){.body = "small", .body_size = 5});
        }
}

static int handle(eddy_http_exchange *exchange, void *arg)
{
        int rc;

        (void)arg;
        handlers++;
        rc = answer_as_asked(exchange);
        handlers--;
        return rc;
}

static void hear_nothing(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop, (void)exception, (void)arg;
}

/* What it says. */

struct stream {
        bool is_asked, is_whole; /* by the client */
        size_t sent;             /* of the request's body, by it */
        bool has_head, has_ended, is_reset;
};

static struct {
        eddy_stream *ends[2];
        struct stream streams[STREAMS]; /* by half of their numbers */
        int64_t window;                 /* of the connection: what may still come of bodies */
        unsigned char bytes[64 * 1024];
        size_t size;
        bool is_damaged, is_told_to_go;
        uint32_t why;
} talk;

static uint32_t number_at(const unsigned char *bytes)
{
        return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void hear_of_stream(struct stream *stream, unsigned type, unsigned flags)
{
        if (type == DATA || type == HEADERS) {
                if (stream->has_ended || stream->is_reset)
                        fail("a stream goes on behind its end", stream - talk.streams);
                if (type == DATA && !stream->has_head)
                        fail("a body without a head", stream - talk.streams);
                stream->has_head = true;
                stream->has_ended = flags & END_STREAM;
        }
        stream->is_reset |= type == RST_STREAM;
}

static void hear_frame(const unsigned char *frame, size_t length)
{
        unsigned type = frame[3], flags = frame[4];
        uint32_t id = number_at(frame + 5);

        if (length > MOST_FRAME || type > CONTINUATION || type == PRIORITY || type == PUSH_PROMISE)
                fail("it says what nobody says", type);
        if (type == GOAWAY) {
                talk.is_told_to_go = true;
                talk.why = number_at(frame + 9 + 4);
        }
        if (type == DATA)
                talk.window -= (int64_t)length;
        if (talk.window < 0 && !talk.is_damaged)
                fail("more is said than there is room for", (long)-talk.window);
        if (id == 0)
                return;
        if (id % 2 == 0 || (!talk.is_damaged && (id / 2 >= STREAMS || !talk.streams[id / 2].is_asked)))
                fail("it speaks of a stream that is none", (long)id);
        if (id / 2 < STREAMS)
                hear_of_stream(&talk.streams[id / 2], type, flags);
}

static intptr_t listen_in(void *arg)
{
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read(talk.ends[1], talk.bytes + talk.size, sizeof talk.bytes - talk.size)) >
               0) {
                size_t at = 0, length;

                talk.size += (size_t)n;
                for (; talk.size - at >= 9; at += 9 + length) {
                        length = number_at(talk.bytes + at) >> 8;
                        if (length > MOST_FRAME)
                                fail("a frame is too long", (long)length);
                        if (talk.size - at < 9 + length)
                                break;
                        hear_frame(talk.bytes + at, length);
                }
                talk.size -= at;
                memmove(talk.bytes, talk.bytes + at, talk.size);
        }
        if (n == 0 && talk.size > 0)
                fail("it ends within a frame", (long)talk.size);
        return 0;
}

/* What the client says. */

static void send_bytes(const unsigned char *bytes, size_t n)
{
        while (n > 0) {
                size_t size = draw(4) == 1 ? 1 + draw(20) : n;

                size = size < n ? size : n;
                if (eddy_stream_write_all(talk.ends[1], bytes, size) < 0)
                        return;
                bytes += size;
                n -= size;
                if (draw(4) == 1)
                        eddy_yield();
        }
}

static void send_frame(unsigned type, unsigned flags, uint32_t id, const void *payload, size_t n)
{
        unsigned char frame[9 + MOST_FRAME];

        for (size_t i = 0; i < 3; i++)
                frame[i] = (unsigned char)(n >> (16 - 8 * i));
        frame[3] = (unsigned char)type;
        frame[4] = (unsigned char)flags;
        for (size_t i = 0; i < 4; i++)
                frame[5 + i] = (unsigned char)(id >> (24 - 8 * i));
        memcpy(frame + 9, payload, n);
        if (talk.is_damaged && draw(12) == 1)
                frame[draw((unsigned)(n < 200 ? n : 200) + 9)] ^= (unsigned char)(1 << draw(8));
        send_bytes(frame, n + 9 - (talk.is_damaged && draw(60) == 1 ? 1 : 0));
}

/** A head in literals, so that each is one whatever came before. */
static size_t write_head(unsigned char *head, bool has_body, bool is_tunnel)
{
        static const char targets[] = "/bhepwst";
        size_t n = 0;

        if (is_tunnel) {
                memcpy(head,
                       "\x02\x07"
                       "CONNECT\0\x09:protocol\x09websocket",
                       30);
                n = 30;
        } else {
                head[n++] = has_body ? 0x83 : 0x82;
        }
        head[n++] = 0x86;
        memcpy(head + n, "\x04\x02/", 3);
        n += 3;
        head[n++] = is_tunnel ? 't' : (unsigned char)targets[draw(sizeof targets - 1)];
        memcpy(head + n, "\x01\x01x", 3);
        n += 3;
        if (draw(3) == 1) {
                memcpy(head + n, "\x40\x08priority\x03u=", 13);
                n += 13;
                head[n++] = (unsigned char)('0' + draw(8));
        }
        return n;
}

static void ask(unsigned index)
{
        unsigned char head[80];
        bool is_tunnel = draw(6) == 1, has_body = draw(2) || is_tunnel;
        size_t n = write_head(head, has_body, is_tunnel), first = draw(4) == 1 ? draw((unsigned)n) : n;
        unsigned end = has_body ? 0 : END_STREAM;

        talk.streams[index].is_asked = true;
        talk.streams[index].is_whole |= !has_body;
        send_frame(HEADERS, first < n ? end : end | END_HEADERS, 2 * index + 1, head, first);
        if (first < n)
                send_frame(CONTINUATION, END_HEADERS, 2 * index + 1, head + first, n - first);
}

static void send_some_body(unsigned index)
{
        static const unsigned char body[1000];
        struct stream *stream = &talk.streams[index];
        bool is_end = draw(2);
        size_t n = draw(250) * 4;

        if (!talk.is_damaged && (!stream->is_asked || stream->is_whole || stream->sent + n > WINDOW))
                return;
        send_frame(DATA, is_end ? END_STREAM : 0, 2 * index + 1, body, n);
        stream->is_whole |= is_end;
        stream->sent += n;
}

static void open_window(unsigned index)
{
        unsigned char much[4] = {0, 0, (unsigned char)draw(256), 1};
        bool is_of_stream = draw(2) && (talk.is_damaged || talk.streams[index].is_asked);

        if (!is_of_stream)
                talk.window += (int64_t)number_at(much);
        send_frame(WINDOW_UPDATE, 0, is_of_stream ? 2 * index + 1 : 0, much, sizeof much);
}

static void change_setting(void)
{
        unsigned char setting[6] = {0, (unsigned char)(1 + draw(9)), 0,
                                    0, (unsigned char)draw(256),     (unsigned char)draw(256)};

        if (setting[1] == 2) /* which is 0 or 1 */
                memset(setting + 2, 0, 4);
        if (setting[1] == 5 && !talk.is_damaged)
                return;
        if (setting[1] == 8 || setting[1] == 9)
                memcpy(setting + 2, "\0\0\0\1", 4);
        send_frame(SETTINGS, 0, 0, setting, sizeof setting);
}

static void send_rarity(unsigned index)
{
        static const unsigned char bytes[16] = {0, 0, 0, 0, 'u', '=', '1'};
        unsigned char update[7] = {0, 0, 0, (unsigned char)(2 * index + 1), 'u', '=', '1'};

        switch (draw(6)) {
        case 0:
                send_frame(PRIORITY, 0, 2 * index + 1, bytes, 5);
                break;
        case 1:
                send_frame(0x10, 0, 0, update, sizeof update);
                break;
        case 2:
                send_frame(0x20 + draw(200), draw(256), draw(9), bytes, draw(sizeof bytes));
                break;
        case 3:
                send_frame(draw(10), draw(256), draw(20), bytes, draw(sizeof bytes));
                break;
        case 4:
                send_frame(RST_STREAM, 0, 2 * index + 1, "\0\0\0\10", 4);
                break;
        default:
                send_frame(GOAWAY, 0, 0, bytes, 8);
        }
}

/** One doing of a client. @param next  the stream that comes next */
static void act(unsigned *next)
{
        unsigned index = *next > 0 ? draw(*next) : 0;

        switch (draw(talk.is_damaged ? 9 : 6)) {
        case 0:
        case 1:
                if (talk.is_damaged && draw(8) == 1)
                        ask(index); /* once more */
                else if (*next < STREAMS - 1)
                        ask((*next)++);
                break;
        case 2:
                send_some_body(index);
                break;
        case 3:
                open_window(index);
                break;
        case 4:
                send_frame(PING, 0, 0, "abcdefgh", 8);
                break;
        case 5:
                eddy_yield();
                break;
        case 6:
                change_setting();
                break;
        default:
                send_rarity(index);
        }
}

static void talk_on(void)
{
        static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        unsigned next = 0;

        send_bytes((const unsigned char *)preface, sizeof preface - 1);
        send_frame(SETTINGS, 0, 0, "", 0);
        for (int i = 0; i < MOST_FRAMES && input_left > 0; i++)
                act(&next);
        if (talk.is_damaged)
                return;
        for (unsigned i = 0; i < next; i++) /* what is to be answered has to be whole, and to have room */
                if (!talk.streams[i].is_whole)
                        send_frame(DATA, END_STREAM, 2 * i + 1, "", 0);
        talk.window += 1 << 24;
        for (unsigned i = 0; i <= next; i++)
                send_frame(WINDOW_UPDATE, 0, i < next ? 2 * i + 1 : 0, "\1\0\0\0", 4);
}

static bool is_all_answered(void)
{
        for (size_t i = 0; i < STREAMS; i++)
                if (talk.streams[i].is_asked && !talk.streams[i].has_ended && !talk.streams[i].is_reset)
                        return false;
        return true;
}

static intptr_t serve(void *service)
{
        return eddy_http_serve(talk.ends[0], service);
}

static intptr_t converse(void *arg)
{
        const eddy_http_service_options options = {
            .max_requests = talk.is_damaged ? draw(40) : 0,
            .http2_max_nuisance = talk.is_damaged ? draw(250) : 0,
            .http2_max_concurrent_streams = talk.is_damaged ? draw(100) : 0,
        };
        eddy_http_service *service;
        eddy_task *server, *listener;

        (void)arg;

        eddy_loop_set_exception_handler(eddy_running_loop(), hear_nothing, NULL);
        if (eddy_http_service_create(&service, handle, NULL, &options) < 0 || eddy_stream_pair(talk.ends) < 0)
                fail("cannot begin", 0);
        server = eddy_create_task(serve, service);
        listener = eddy_create_task(listen_in, NULL);
        talk_on();
        while (!talk.is_damaged && !is_all_answered())
                if (eddy_yield() < 0 || talk.is_told_to_go)
                        fail("it does not answer", (long)talk.why);
        eddy_stream_write_eof(talk.ends[1]);
        eddy_join(server, NULL);
        eddy_join(listener, NULL);
        for (int i = 0; i < 10 && handlers > 0; i++)
                eddy_sleep(eddy_ms(1));
        if (handlers > 0)
                fail("handlers are at it behind the end", handlers);
        eddy_stream_destroy(talk.ends[0]);
        eddy_stream_destroy(talk.ends[1]);
        eddy_http_service_destroy(service);
        return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
        begin_input(data, size);
        memset(&talk, 0, sizeof talk);
        talk.window = WINDOW;
        talk.is_damaged = draw(4) > 0;
        alarm(SECONDS);
        if (eddy_run(converse, NULL) != 0)
                fail("it does not go on", 0);
        alarm(0);
        return 0;
}

#ifndef HAS_FUZZER_MAIN
int main(int argc, char **argv)
{
        unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
        unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
        unsigned long refused = 0, answers = 0;

        for (seed = first; seed < first + count; seed++) {
                unsigned char data[MOST_INPUT];
                uint64_t state = seed;
                size_t size = next_random(&state) % sizeof data;

                for (size_t i = 0; i < size; i++)
                        data[i] = (unsigned char)next_random(&state);
                LLVMFuzzerTestOneInput(data, size);
                refused += talk.is_told_to_go && talk.why != 0;
                for (size_t i = 0; i < STREAMS; i++)
                        answers += talk.streams[i].has_ended;
        }
        printf("%lu conversations: %lu answers, %lu of which the end was told with an error\n", count, answers,
               refused);
        return 0;
}
#endif
