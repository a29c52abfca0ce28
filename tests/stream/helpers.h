/* What the tests of streams, servers and helper threads share. */
#ifndef TESTS_STREAM_HELPERS_H
#define TESTS_STREAM_HELPERS_H

#include "../ports.h"

#include <dirent.h>
#include <eddy.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/** So that what hangs fails. */
#ifndef SCENE_LIMIT
#define SCENE_LIMIT eddy_seconds(RUNNING_ON_VALGRIND ? 600 : 60)
#endif

/** How many descriptors this process has open. */
static inline unsigned count_descriptors(void)
{
        DIR *folder = opendir("/proc/self/fd");
        unsigned count = 0;

        assert_non_null(folder);
        while (readdir(folder))
                count++;
        closedir(folder);
        return count;
}

/** A test's body, run as a coroutine. */
typedef void (*scene)(void);

static intptr_t play_scene(void *arg)
{
        const scene *chosen = arg;

        EDDY_TIMEOUT_SCOPE(SCENE_LIMIT)
                (*chosen)();
        return 0;
}

/** Run a test's body by eddy_run(), and see to it that no descriptor is left. */
static inline void play(void **state)
{
        unsigned before = count_descriptors();

        assert_int_equal(eddy_run(play_scene, state), 0);
        assert_int_equal(count_descriptors(), before);
}

static inline struct CMUnitTest make_scene_test(const char *name, scene body)
{
        return (struct CMUnitTest){name, play, NULL, NULL, (void *)(uintptr_t)body};
}

/** A test that is a coroutine. */
#define scene_test(body) make_scene_test(#body, (body))

/** Let everything else go on until a condition holds. */
#define until(condition)                                                                                       \
        while (!(condition))                                                                                   \
        assert_int_equal(eddy_yield(), 0)

/** Let everything else go on, through several polls of the backend. */
static inline void give_way(void)
{
        for (int i = 0; i < 1000; i++)
                eddy_yield();
}

/** A peer sees its connection reset. */
static inline void assert_hears_reset(int fd)
{
        char bytes[4096];
        ssize_t n;
        int error;

        do {
                n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
                error = errno;
                eddy_yield();
        } while (n > 0 || (n < 0 && error == EAGAIN));
        assert_int_equal(n, -1);
        assert_int_equal(error, ECONNRESET);
}

/** A socket that listens on a free port of the loopback interface. */
static inline int listen_on_loopback(int backlog, uint16_t *port)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(fd, backlog), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
        *port = ntohs(address.sin_port);
        return fd;
}

/** A plain blocking socket connected to a port of the loopback interface. */
static inline int connect_to_port(uint16_t port)
{
        struct sockaddr_in address = {
            .sin_family = AF_INET,
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
            .sin_port = htons(port),
        };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
        return fd;
}

/** The two ends of a TCP connection. */
static inline void connect_sockets(int ends[2])
{
        uint16_t port;
        int listener = listen_on_loopback(1, &port);

        ends[0] = connect_to_port(port);
        ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        assert_true(ends[1] >= 0);
        close(listener);
}

/** A stream, and its peer as a plain socket. */
struct line {
        eddy_stream *stream;
        int peer;
};

static inline void line_open(struct line *line, size_t limit)
{
        int ends[2];

        connect_sockets(ends);
        assert_int_equal(eddy_stream_from_socket(&line->stream, ends[0], limit), 0);
        line->peer = ends[1];
}

static inline void line_close(struct line *line)
{
        eddy_stream_destroy(line->stream);
        if (line->peer >= 0)
                close(line->peer);
}

/** Two streams that are each other's peers. */
static inline void connect_streams(eddy_stream *ends[2])
{
        int sockets[2];

        connect_sockets(sockets);
        assert_int_equal(eddy_stream_from_socket(&ends[0], sockets[0], 0), 0);
        assert_int_equal(eddy_stream_from_socket(&ends[1], sockets[1], 0), 0);
}

/** Send a text from a plain socket. */
static inline void say(int fd, const char *text)
{
        assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/** Receive exactly n bytes from a plain socket while the loop runs: how many came before its end. */
static inline size_t hear(int fd, char *bytes, size_t n)
{
        size_t got = 0;

        while (got < n) {
                ssize_t more = recv(fd, bytes + got, n - got, MSG_DONTWAIT);

                if (more == 0)
                        break;
                if (more > 0) {
                        got += (size_t)more;
                        continue;
                }
                assert_int_equal(errno, EAGAIN);
                assert_int_equal(eddy_yield(), 0);
        }
        return got;
}

/** The peer hears exactly this next. */
static inline void assert_hears(int fd, const char *text)
{
        char heard[4096];
        size_t n = strlen(text);

        assert_true(n <= sizeof heard);
        assert_int_equal(hear(fd, heard, n), n);
        assert_memory_equal(heard, text, n);
}

/** The peer hears the end, and nothing before it. */
static inline void assert_hears_end(int fd)
{
        char byte;

        assert_int_equal(hear(fd, &byte, 1), 0);
}

/** The stream says exactly this next. */
static inline void assert_reads(eddy_stream *stream, const char *text)
{
        char heard[4096];
        size_t n = strlen(text);

        assert_true(n <= sizeof heard);
        assert_int_equal(eddy_stream_read_exactly(stream, heard, n), n);
        assert_memory_equal(heard, text, n);
}

/** Close a plain socket such that its peer gets a reset. */
static inline void reset(int fd)
{
        const struct linger now = {.l_onoff = 1};

        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
        close(fd);
}

/** Bytes of a pattern that shows what is lost, doubled or out of order. */
static inline char pattern_at(size_t place)
{
        return (char)(place * 2654435761u >> 13);
}

static inline char *make_pattern(size_t n)
{
        char *bytes = malloc(n);

        assert_non_null(bytes);
        for (size_t i = 0; i < n; i++)
                bytes[i] = pattern_at(i);
        return bytes;
}

/** What a loop's exception handler was told. */
struct reports {
        int count, error;
        char message[128], detail[256];
};

static inline void note_report(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        struct reports *reports = arg;

        (void)loop;
        reports->count++;
        reports->error = exception->error;
        snprintf(reports->message, sizeof reports->message, "%s", exception->message);
        snprintf(reports->detail, sizeof reports->detail, "%s", exception->detail);
}

static inline void collect_reports(struct reports *reports)
{
        memset(reports, 0, sizeof *reports);
        eddy_loop_set_exception_handler(eddy_running_loop(), note_report, reports);
}

/** Await a task, and its outcome. */
static inline intptr_t join(eddy_task *task)
{
        intptr_t result;

        assert_int_equal(eddy_join(task, &result), 0);
        return result;
}

#endif
