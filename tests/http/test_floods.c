/* Clients in numbers, clients that send and take nothing, and a disk that is full. */
#include "helpers.h"

#include <eddy/file.h>
#include <fcntl.h>
#include <sys/resource.h>

static unsigned answered;

enum { ANSWER = 32 * 1024 };

static int answer_much(eddy_http_exchange *exchange, void *arg)
{
        static char body[ANSWER];

        (void)arg;
        answered++;
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = body, .body_size = sizeof body});
}

/** Who sends requests for ever and takes no answer has as many answered as its connection holds, and is no more read then. */
static void requests_without_end(void)
{
        enum { MOST = 32 * 1024 * 1024 }; /* of what the kernel keeps for both ends, and more */
        static char requests[64 * 1024];
        const char *one = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        size_t n = 0, sent = 0;

        while (n + strlen(one) <= sizeof requests)
                n += (size_t)snprintf(requests + n, sizeof requests - n, "%s", one);
        answered = 0;
        open_world(answer_much, NULL);
        for (int fd = connect_to_port(eddy_server_port(world.server)), idle = 0; idle < 100; idle++) {
                ssize_t more = send(fd, requests, n, MSG_DONTWAIT | MSG_NOSIGNAL);

                if (more > 0) {
                        sent += (size_t)more;
                        idle = 0;
                }
                for (int i = 0; i < 10; i++)
                        eddy_yield();
                assert_true(sent < MOST && (size_t)answered * ANSWER < MOST);
                if (idle == 99)
                        close(fd);
        }
        assert_true(answered > 0);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n"); /* others are served */
        assert_non_null(strstr(next_head(), " 200 OK"));
        close_world();
}

static ssize_t body_end;

static int read_body(eddy_http_exchange *exchange, void *arg)
{
        char byte;

        while ((body_end = eddy_http_exchange_read(exchange, &byte, 1)) > 0)
                ;
        return body_end < 0 ? (int)body_end : hello(exchange, arg);
}

/** Chunks whose lines are more than their data are worth come to an end, and so do trailers and heads. */
static void framing_without_end(void)
{
        static const struct {
                const char *head, *repeated;
                const char *status;
        } floods[] = {
            {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
             "1;a=this is an extension of no use\r\nx\r\n", " 400 "},
            {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
             "0000000000001 \t \t \t \r\nx\r\n", " 400 "},
            {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n", " 400 "},
            {"GET / HTTP/1.1\r\nHost: x\r\n", "Accept: b\r\n", " 431 "},
            {"GET / HTTP/1.1\r\nHost: x\r\nA:", " b b b b b b b b", " 431 "},
            {"GET /", "aaaaaaaaaaaaaaaa", " 414 "},
            {"", "\r\n", " 4"},
        };

        for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
                enum { ROUNDS = 100 * 1000 };
                int rounds = 0, fd;
                char head[64];

                open_world(read_body, NULL);
                fd = connect_to_port(eddy_server_port(world.server));
                say(fd, floods[i].head);
                for (; rounds < ROUNDS && recv(fd, head, 1, MSG_PEEK | MSG_DONTWAIT) < 0; rounds++) {
                        send(fd, floods[i].repeated, strlen(floods[i].repeated), MSG_DONTWAIT | MSG_NOSIGNAL);
                        eddy_yield();
                }
                assert_true(rounds < ROUNDS);
                assert_int_equal(hear(fd, head, sizeof head - 1), sizeof head - 1);
                head[sizeof head - 1] = '\0';
                if (!strstr(head, floods[i].status))
                        fail_msg("flood %zu: %s", i, head);
                close(fd);
                close_world();
        }
}

static int wait_for_body(eddy_http_exchange *exchange, void *arg)
{
        answered++;
        if (eddy_http_exchange_length(exchange) == 0)
                return hello(exchange, arg);
        return read_body(exchange, arg);
}

/** How many connections of both ends the process may have; it says so where that is less than it would like. */
static unsigned connections_allowed(unsigned wanted)
{
        struct rlimit limit;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
        if (RUNNING_ON_VALGRIND)
                wanted = 200;
        if (limit.rlim_cur < 2 * (rlim_t)wanted + 100) {
                wanted = (unsigned)(limit.rlim_cur - 100) / 2;
                print_message("RLIMIT_NOFILE: %u connections\n", wanted);
        }
        return wanted;
}

/** What a client has sent when it goes. */
struct begun {
        const char *bytes;
        size_t size;
};

#define BEGUN(bytes)                                                                                           \
        {                                                                                                      \
                bytes, sizeof(bytes) - 1                                                                       \
        }
#define HTTP2 "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0" /* and a client's settings */
#define HEAD  "\x86\x84\x41\1x"                                    /* http, "/", host x */

enum { WAYS = 5 };

/** Thousands that go away at once, by a reset or in order: nothing of them is left, and others are served.
 *
 * @param asking  the first way to begin that asks something; so do those behind it
 */
static void go_away_by_thousands(const struct begun begun[WAYS], unsigned asking)
{
        unsigned count = connections_allowed(10 * 1000), rest = count % WAYS;
        int *clients = calloc(count, sizeof *clients);

        assert_non_null(clients);
        open_world(wait_for_body, NULL);
        answered = 0;
        for (unsigned i = 0; i < count; i++) {
                const struct begun *one = &begun[i % WAYS];

                clients[i] = connect_to_port(eddy_server_port(world.server));
                assert_int_equal(send(clients[i], one->bytes, one->size, MSG_NOSIGNAL), one->size);
                if (i % 32 ==
                    0) /* a blocking socket of this thread waits for nobody where the backlog is full */
                        until(eddy_server_connections(world.server) == i + 2);
        }
        until(eddy_server_connections(world.server) == count + 1 &&
              answered == (WAYS - asking) * (count / WAYS) + (rest > asking ? rest - asking : 0));
        for (unsigned i = 0; i < count; i++) {
                if (i % 2)
                        reset(clients[i]);
                else
                        close(clients[i]);
        }
        until(eddy_server_connections(world.server) == 1);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        assert_null(world.exception);
        close_world();
        free(clients);
}

static void thousands_that_go_away(void)
{
        static const struct begun begun[WAYS] = {
            BEGUN(""),
            BEGUN("GET / HT"),
            BEGUN("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
            BEGUN("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhello"),
            BEGUN("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
        };

        go_away_by_thousands(begun, 2);
}

static void thousands_of_http2_that_go_away(void)
{
        static const struct begun begun[WAYS] = {
            BEGUN("PRI * HT"),
            BEGUN(HTTP2),
            BEGUN(HTTP2 "\0\0\6\1\5\0\0\0\1\x82"),
            BEGUN(HTTP2 "\0\0\6\1\5\0\0\0\1\x82" HEAD),
            BEGUN(HTTP2 "\0\0\6\1\4\0\0\0\1\x83" HEAD "\0\0\6\0\0\0\0\0\1hello"),
        };

        if (strcmp(eddy_http_alpn()[0], "h2") != 0) /* it is built without */
                return;
        go_away_by_thousands(begun, 3);
}

/** Keeps what is uploaded, on a disk that is full. */
static int keep(eddy_http_exchange *exchange, void *arg)
{
        char piece[16 * 1024];
        eddy_file *file;
        ssize_t n;
        int rc = eddy_file_open(&file, "/dev/full", O_WRONLY, 0);

        (void)arg;
        assert_int_equal(rc, 0);
        while ((n = eddy_http_exchange_read(exchange, piece, sizeof piece)) > 0) {
                n = eddy_file_write_all(file, piece, (size_t)n);
                if (n < 0)
                        break;
        }
        eddy_file_close(file);
        body_end = n;
        return n == -ENOSPC ? eddy_http_reply(exchange, &(eddy_http_answer){.status = 507}) : (int)n;
}

/** The client is told in the midst of what it sends, and hears it. */
static void full_disks(void)
{
        enum { MUCH = 3 * 1024 * 1024 };
        char *data = make_pattern(MUCH);

        open_world(keep, NULL);
        send_text("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3145728\r\n\r\n");
        assert_int_equal(eddy_stream_write(world.stream, data, MUCH), 0);
        assert_non_null(strstr(next_head(), "HTTP/1.1 507 "));
        assert_int_equal(body_end, -ENOSPC);
        assert_null(world.exception);
        close_world();

        open_world(keep, NULL); /* a small one is passed over, and the next request is answered */
        send_text("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloPUT / HTTP/1.1\r\nHost: "
                  "x\r\nContent-Length: 5\r\n\r\nhello");
        assert_non_null(strstr(next_head(), "HTTP/1.1 507 "));
        assert_non_null(strstr(next_head(), "HTTP/1.1 507 "));
        close_world();
        free(data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(requests_without_end),
            scene_test(framing_without_end),
            scene_test(thousands_that_go_away),
            scene_test(thousands_of_http2_that_go_away),
            scene_test(full_disks),
        };

        return cmocka_run_group_tests_name("floods", tests, NULL, NULL);
}
