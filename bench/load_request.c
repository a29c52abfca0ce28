#include "load_request.h"
#include "bench.h"
#include <sys/socket.h>

enum { STATUS_LINE = sizeof "HTTP/1.1 200" - 1, MOST_TOGETHER = 64, MASK_SIZE = 4, MOST_HEAD = 16 };

static void fail(const char *why)
{
        perror(why);
        exit(1);
}

static void send_whole(int fd, const char *data, size_t size)
{
        if (send(fd, data, size, MSG_NOSIGNAL) != (ssize_t)size)
                fail("send");
}

static void make_message(char *message, size_t size)
{
        if (size == 0 || size > LOAD_MAX_BYTES - MOST_HEAD)
                exit(2);
        for (size_t i = 0; i < size; i++)
                message[i] = (char)('a' + i % 26);
}

static void make_echo(struct load_request *request, size_t size)
{
        make_message(request->bytes, size);
        memcpy(request->expected, request->bytes, size);
        request->size = request->answer_size = request->head = size;
}

/** Receive an answer with a Content-Length: where its body is, and how long the whole. */
static size_t receive_answer(int fd, char *answer, size_t *whole)
{
        char *body = NULL, *length = NULL;
        size_t received = 0;

        while (!body || received < *whole) {
                ssize_t n = recv(fd, answer + received, LOAD_MAX_BYTES / MOST_TOGETHER - 1 - received, 0);

                if (n <= 0)
                        fail("recv");
                received += (size_t)n;
                answer[received] = '\0';
                body = strstr(answer, "\r\n\r\n");
                length = strcasestr(answer, "\r\ncontent-length:");
                if (body && !length)
                        bench_skip("its answer has no Content-Length");
                if (body)
                        *whole = (size_t)(body + 4 - answer) + strtoul(length + 17, NULL, 10);
        }
        if (received > *whole || memcmp(answer, "HTTP/1.1 200", STATUS_LINE) != 0)
                bench_skip("its answer is not \"200 OK\"");
        return (size_t)(body + 4 - answer);
}

/** Ask once, to learn what all answers look like; their dates may differ. */
static void make_http(struct load_request *request, long together, int fd)
{
        static const char one[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
        size_t whole = 0, body;

        if (together < 1 || together > MOST_TOGETHER)
                exit(2);
        send_whole(fd, one, sizeof one - 1);
        body = receive_answer(fd, request->expected, &whole);
        for (long i = 0; i < together; i++) {
                memcpy(request->bytes + request->size, one, sizeof one - 1);
                request->size += sizeof one - 1;
                if (i > 0)
                        memcpy(request->expected + request->answer_size, request->expected, whole);
                request->answer_size += whole;
        }
        request->head = STATUS_LINE;
        request->tail = whole - body;
        request->together = together;
}

/** Have a connection be a WebSocket. */
static void upgrade(int fd)
{
        static const char ask[] =
            "GET /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        char answer[4096] = "";
        size_t received = 0;

        send_whole(fd, ask, sizeof ask - 1);
        while (!strstr(answer, "\r\n\r\n")) {
                ssize_t n = recv(fd, answer + received, sizeof answer - 1 - received, 0);

                if (n <= 0)
                        fail("recv");
                received += (size_t)n;
                answer[received] = '\0';
        }
        if (memcmp(answer, "HTTP/1.1 101", STATUS_LINE) != 0)
                bench_skip("it is no WebSocket: %.40s", answer);
}

/** The head of a frame that is a whole message of bytes: its size. */
static size_t make_frame_head(char *head, size_t size, bool is_masked)
{
        size_t n = 0;
        int bits = 0;

        head[n++] = (char)0x82;
        if (size < 126)
                head[n] = (char)size;
        else if (size < 1 << 16)
                head[n] = 126, bits = 16;
        else
                head[n] = 127, bits = 64;
        if (is_masked)
                head[n] = (char)(head[n] | (char)0x80);
        n++;
        while (bits > 0) {
                bits -= 8;
                head[n++] = (char)(size >> bits);
        }
        return n;
}

static void make_websocket(struct load_request *request, size_t size, const int *fds, size_t count)
{
        static const char mask[MASK_SIZE] = {0x37, (char)0xfa, 0x21, 0x3d};
        size_t head = make_frame_head(request->bytes, size, true);

        memcpy(request->bytes + head, mask, MASK_SIZE);
        make_message(request->bytes + head + MASK_SIZE, size);
        request->size = head + MASK_SIZE + size;
        head = make_frame_head(request->expected, size, false);
        make_message(request->expected + head, size);
        request->answer_size = request->head = head + size;
        for (size_t i = 0; i < size; i++)
                request->bytes[request->size - size + i] ^= mask[i % MASK_SIZE];
        for (size_t i = 0; i < count; i++)
                upgrade(fds[i]);
}

void load_request_make(struct load_request *request, const char *what, const int *fds, size_t count)
{
        const char *more = strchr(what, ':');

        request->together = 1;
        if (strncmp(what, "http", 4) == 0)
                make_http(request, more ? atol(more + 1) : 1, fds[0]);
        else if (strncmp(what, "websocket:", 10) == 0)
                make_websocket(request, (size_t)atol(more + 1), fds, count);
        else
                make_echo(request, (size_t)atol(what));
}
