/* The client, against a server in the same loop. */
#include "base/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <eddy/http.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files_world.h"

/** What came of a body. */
struct body {
        char *data;
        size_t size, pieces;
        int refusal;
};

static int collect(const void *data, size_t n, void *arg)
{
        struct body *body = arg;

        if (body->refusal)
                return body->refusal;
        assert_true(body->size + n <= BIG);
        memcpy(body->data + body->size, data, n);
        body->size += n;
        body->pieces++;
        return 0;
}

static int refuse(const eddy_http_response *response, void *arg)
{
        (void)arg;
        return response->status == 200 ? -EDOM : 0;
}

/* Each test is a coroutine that gets a world. */
typedef void (*scene)(struct world *world);

static intptr_t play_scene(void *arg)
{
        const scene *chosen = arg;
        struct world world = {0};

        assert_int_equal(world_open(&world, NULL), 0);
        (*chosen)(&world);
        world_close(&world);
        return 0;
}

static void play(scene chosen)
{
        assert_int_equal(eddy_run(play_scene, &chosen), 0);
}

static void small(struct world *world)
{
        struct body body = {.data = malloc(BIG)};
        eddy_http_response response;
        const eddy_http_request request = {
            .url = url_of(world->server, "small.txt"), .on_body = collect, .arg = &body};

        assert_int_equal(eddy_http_fetch(world->client, &request, &response), 0);
        assert_int_equal(response.status, 200);
        assert_int_equal(response.length, 5);
        assert_int_equal(response.received, 5);
        assert_string_equal(response.url, request.url);
        assert_string_equal(eddy_http_response_header(&response, "content-TYPE"), "text/plain; charset=utf-8");
        assert_null(eddy_http_response_header(&response, "content"));
        assert_int_equal(body.size, 5);
        assert_memory_equal(body.data, "small", 5);
        eddy_http_response_finish(&response);
        eddy_http_response_finish(&response);
        assert_int_equal(eddy_http_fetch(world->client, &request, NULL), 0);
        free(body.data);
}

static void large(struct world *world)
{
        struct body body = {.data = malloc(BIG)};
        const eddy_http_request request = {
            .url = url_of(world->server, "big"), .on_body = collect, .arg = &body};

        assert_int_equal(eddy_http_fetch(world->client, &request, NULL), 0);
        assert_int_equal(body.size, BIG);
        assert_memory_equal(body.data, big, BIG);
        assert_true(body.pieces > 10);
        free(body.data);
}

static void answers(struct world *world)
{
        eddy_http_response response;
        eddy_http_request request = {.url = url_of(world->server, "none")};

        assert_int_equal(eddy_http_fetch(world->client, &request, &response), 0);
        assert_int_equal(response.status, 404);
        eddy_http_response_finish(&response);

        request = (eddy_http_request){.url = url_of(world->server, "big"), .method = "HEAD"};
        assert_int_equal(eddy_http_fetch(world->client, &request, &response), 0);
        assert_int_equal(response.status, 200);
        assert_int_equal(response.length, BIG);
        assert_int_equal(response.received, 0);
        eddy_http_response_finish(&response);

        request = (eddy_http_request){.url = url_of(world->server, "big"), .range_start = BIG - 10};
        assert_int_equal(eddy_http_fetch(world->client, &request, &response), 0);
        assert_int_equal(response.status, 206);
        assert_int_equal(response.received, 10);
        eddy_http_response_finish(&response);

        request.if_range = "\"of another file\"";
        assert_int_equal(eddy_http_fetch(world->client, &request, &response), 0);
        assert_int_equal(response.status, 200);
        eddy_http_response_finish(&response);

        request = (eddy_http_request){.url = url_of(world->server, "folder"), .max_redirects = -1};
        assert_int_equal(eddy_http_fetch(world->client, &request, &response), 0);
        assert_int_equal(response.status, 301);
        eddy_http_response_finish(&response);
        request.max_redirects = 0;
        assert_int_equal(eddy_http_fetch(world->client, &request, &response), 0);
        assert_int_equal(response.status, 200);
        assert_non_null(strstr(response.url, "/folder/"));
        eddy_http_response_finish(&response);

        request = (eddy_http_request){.url = url_of(world->server, "small.txt"), .body = "x", .body_size = 1};
        assert_int_equal(eddy_http_fetch(world->client, &request, &response), 0);
        assert_int_equal(response.status, 405);
        eddy_http_response_finish(&response);
}

static void refusals(struct world *world)
{
        struct body body = {.refusal = -EXFULL};
        eddy_http_request request = {.url = url_of(world->server, "big"), .on_body = collect, .arg = &body};

        assert_int_equal(eddy_http_fetch(world->client, &request, NULL), -EXFULL);
        request = (eddy_http_request){.url = url_of(world->server, "big"), .on_headers = refuse};
        assert_int_equal(eddy_http_fetch(world->client, &request, NULL), -EDOM);
        request.method = "HEAD";
        assert_int_equal(eddy_http_fetch(world->client, &request, NULL), -EDOM);
}

static void failures(struct world *world)
{
        eddy_http_request request = {.url = "http://127.0.0.1:1/"};

        assert_int_equal(eddy_http_fetch(world->client, &request, NULL), -ECONNREFUSED);
        assert_string_not_equal(eddy_error_detail(), "");
        request.url = "ftp://127.0.0.1/";
        assert_int_equal(eddy_http_fetch(world->client, &request, NULL), EDDY_ENOTSUP);
        request.url = "http://";
        assert_int_equal(eddy_http_fetch(world->client, &request, NULL), -EINVAL);
        request.url = NULL;
        assert_int_equal(eddy_http_fetch(world->client, &request, NULL), -EINVAL);
        request.url = "http://-name.invalid/";
        assert_int_equal(eddy_http_fetch(world->client, &request, NULL), EDDY_ERESOLVE);
}

static void timeouts(struct world *world)
{
        const char *url = url_of(world->silent, "");
        eddy_http_request request = {.url = url, .timeout = eddy_ms(20)};
        int rc = 0;

        assert_int_equal(eddy_http_fetch(world->client, &request, NULL), EDDY_TIMEOUT);
        request = (eddy_http_request){.url = url, .stall_timeout = eddy_ms(20)};
        assert_int_equal(eddy_http_fetch(world->client, &request, NULL), EDDY_TIMEOUT);
        request = (eddy_http_request){.url = url};
        EDDY_TIMEOUT_SCOPE(eddy_ms(20))
                rc = eddy_http_fetch(world->client, &request, NULL);
        assert_int_equal(rc, EDDY_TIMEOUT);
}

/** For a task that fetches. */
struct fetcher {
        eddy_http_client *client;
        eddy_http_request request;
};

static intptr_t fetch_as_task(void *arg)
{
        struct fetcher *fetcher = arg;

        return eddy_http_fetch(fetcher->client, &fetcher->request, NULL);
}

static void cancelled(struct world *world)
{
        struct fetcher fetcher = {world->client, {.url = url_of(world->silent, "")}};

        /* At every stage: not begun, connecting, waiting for the answer. */
        for (int yields = 0; yields < 20; yields++) {
                eddy_task *task = eddy_create_task(fetch_as_task, &fetcher);
                intptr_t outcome;

                for (int i = 0; i < yields; i++)
                        assert_int_equal(eddy_yield(), 0);
                assert_true(eddy_cancel(task));
                assert_int_equal(eddy_join(task, &outcome), 0);
                assert_int_equal(outcome, EDDY_CANCELLED);
        }
        fetcher.request.url = "http://-name.invalid/"; /* while a thread looks the name up */
        eddy_task *task = eddy_create_task(fetch_as_task, &fetcher);
        intptr_t outcome;

        assert_int_equal(eddy_yield() | eddy_yield() | eddy_yield(), 0);
        eddy_cancel(task);
        assert_int_equal(eddy_join(task, &outcome), 0);
        assert_true(outcome == EDDY_CANCELLED || outcome == EDDY_ERESOLVE); /* whichever was first */
}

/* An interruption in force refuses every call on entry: nothing is asked for, and no file made. */
static intptr_t call_fetch(void *arg)
{
        struct world *world = arg;

        return eddy_http_fetch(world->client, &(eddy_http_request){.url = url_of(world->server, "small.txt")},
                               NULL);
}

static intptr_t call_download(void *arg)
{
        struct world *world = arg;
        char path[128];

        snprintf(path, sizeof path, "%s/refused", folder);
        return eddy_http_download(
            world->client, &(eddy_http_request){.url = url_of(world->server, "small.txt")}, path, NULL, NULL);
}

static intptr_t call_when_cancelled(void *arg)
{
        struct world *world = arg;

        eddy_cancel(eddy_current_task());
        assert_int_equal(call_fetch(world), EDDY_CANCELLED);
        return call_download(world);
}

static intptr_t call_when_late(void *arg)
{
        intptr_t rc = 0;

        EDDY_TIMEOUT_SCOPE(eddy_ms(1)) {
                while (eddy_yield() == 0)
                        ;
                assert_int_equal(call_fetch(arg), EDDY_TIMEOUT);
                rc = call_download(arg);
        }
        return rc;
}

static void refused_on_entry(struct world *world)
{
        eddy_http_counts counts;
        char path[128];
        intptr_t outcome;

        assert_int_equal(eddy_join(eddy_create_task(call_when_cancelled, world), &outcome), 0);
        assert_int_equal(outcome, EDDY_CANCELLED);
        assert_int_equal(eddy_join(eddy_create_task(call_when_late, world), &outcome), 0);
        assert_int_equal(outcome, EDDY_TIMEOUT);
        eddy_http_service_count(eddy_http_files_service(world->files), &counts);
        assert_int_equal(counts.connections, 0);
        snprintf(path, sizeof path, "%s/.refused.part", folder);
        assert_int_equal(access(path, F_OK), -1);
}

/* Waiting for one's turn is no connecting. */
static void queued(struct world *world)
{
        struct fetcher first = {NULL, {.url = url_of(world->silent, ""), .timeout = eddy_ms(300)}};
        eddy_http_request second = {.url = NULL, .connect_timeout = eddy_ms(100)};
        char url[256];
        eddy_task *task;
        intptr_t outcome;

        snprintf(url, sizeof url, "%s", first.request.url);
        first.request.url = url;
        assert_int_equal(
            eddy_http_client_create(&first.client, &(eddy_http_client_options){.max_connections = 1}), 0);
        task = eddy_create_task(fetch_as_task, &first);
        assert_int_equal(eddy_yield() | eddy_yield(), 0);
        second.url = url_of(world->server, "small.txt");
        assert_int_equal(eddy_http_fetch(first.client, &second, NULL), 0);
        assert_int_equal(eddy_join(task, &outcome), 0);
        assert_int_equal(outcome, EDDY_TIMEOUT);
        eddy_http_client_destroy(first.client);
}

/** A server that takes a request slowly, and answers when it has taken for long enough. */
static void *take_slowly(void *arg)
{
        int listener = *(int *)arg, fd = accept(listener, NULL, NULL);
        static char bytes[16 * 1024];
        eddy_time begun = eddy_now();
        ssize_t n = 1;

        while (n > 0 && eddy_now() - begun < eddy_seconds(4)) {
                n = read(fd, bytes, sizeof bytes);
                poll(NULL, 0, 50);
        }
        n = write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38);
        while (n > 0)
                n = read(fd, bytes, sizeof bytes);
        close(fd);
        return NULL;
}

/* curl has handed all to the kernel long before: what the server takes of it is a sign of life all the same. */
static void slow_upload(struct world *world)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096;
        eddy_http_response response;
        char url[64];
        pthread_t thread;

        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        assert_int_equal(bind(listener, (struct sockaddr *)&address, size) | listen(listener, 1), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
        assert_int_equal(pthread_create(&thread, NULL, take_slowly, &listener), 0);
        snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
        assert_int_equal(eddy_http_fetch(world->client,
                                         &(eddy_http_request){.url = url,
                                                              .body = big,
                                                              .body_size = 1024 * 1024,
                                                              .stall_timeout = eddy_seconds(2)},
                                         &response),
                         0);
        assert_int_equal(response.status, 200);
        eddy_http_response_finish(&response);
        eddy_http_client_destroy(world->client); /* and its connection with it, for which the thread waits */
        world->client = NULL;
        pthread_join(thread, NULL);
        close(listener);
}

/* However long, a limit is no trap: these are as good as none. */
static void far_limits(struct world *world)
{
        static const eddy_duration limits[] = {
            EDDY_FOREVER, EDDY_FOREVER - 1, EDDY_FOREVER / 2, INT64_C(1) << 53, -1, INT64_MIN};

        for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
                const eddy_http_request request = {.url = url_of(world->server, "small.txt"),
                                                   .timeout = limits[i],
                                                   .connect_timeout = limits[i],
                                                   .stall_timeout = limits[i]};

                assert_int_equal(eddy_http_fetch(world->client, &request, NULL), 0);
        }
}

static intptr_t play_crowd(void *arg)
{
        const eddy_http_client_options options = {.max_host_connections = 4};
        struct world world = {0};
        eddy_http_counts counts;
        eddy_group group;

        (void)arg;
        assert_int_equal(world_open(&world, &options), 0);
        struct fetcher fetcher = {world.client, {.url = url_of(world.server, "small.txt")}};

        eddy_group_open(&group);
        for (int i = 0; i < 200; i++)
                eddy_group_spawn(&group, fetch_as_task, &fetcher);
        assert_int_equal(eddy_group_close(&group), 0);
        eddy_http_service_count(eddy_http_files_service(world.files), &counts);
        assert_int_equal(counts.requests, 200);
        assert_int_equal(counts.bytes, 1000);
        assert_true(counts.connections <= 4);
        world_close(&world);
        return 0;
}

static void test_small(void **state)
{
        (void)state;
        play(small);
}

static void test_large(void **state)
{
        (void)state;
        play(large);
}

static void test_answers(void **state)
{
        (void)state;
        play(answers);
}

static void test_refusals(void **state)
{
        (void)state;
        play(refusals);
}

static void test_failures(void **state)
{
        (void)state;
        play(failures);
}

static void test_timeouts(void **state)
{
        (void)state;
        play(timeouts);
}

static void test_cancelled(void **state)
{
        (void)state;
        play(cancelled);
}

static void test_refused_on_entry(void **state)
{
        (void)state;
        play(refused_on_entry);
}

static void test_queued(void **state)
{
        (void)state;
        play(queued);
}

static void test_slow_upload(void **state)
{
        (void)state;
        play(slow_upload);
}

static void test_far_limits(void **state)
{
        (void)state;
        play(far_limits);
}

static void test_crowd(void **state)
{
        (void)state;
        assert_int_equal(eddy_run(play_crowd, NULL), 0);
}

static void test_outside(void **state)
{
        eddy_http_client *client;
        eddy_loop *loop;

        (void)state;
        assert_int_equal(eddy_http_client_create(&client, NULL), EDDY_ENOLOOP);
        assert_int_equal(eddy_loop_create(&loop), 0);
        assert_int_equal(eddy_http_client_create(&client, &(eddy_http_client_options){.loop = loop}), 0);
        assert_int_equal(eddy_http_fetch(client, &(eddy_http_request){.url = "http://x/"}, NULL), EDDY_ENOTASK);
        eddy_http_client_destroy(client);
        eddy_loop_destroy(loop);
        eddy_http_client_destroy(NULL);
        eddy_http_files_destroy(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_small),      cmocka_unit_test(test_large),
            cmocka_unit_test(test_answers),    cmocka_unit_test(test_refusals),
            cmocka_unit_test(test_failures),   cmocka_unit_test(test_timeouts),
            cmocka_unit_test(test_crowd),      cmocka_unit_test(test_cancelled),
            cmocka_unit_test(test_outside),    cmocka_unit_test(test_refused_on_entry),
            cmocka_unit_test(test_queued),     cmocka_unit_test(test_slow_upload),
            cmocka_unit_test(test_far_limits),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
