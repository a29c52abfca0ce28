/*
 * A library that says which sockets it waits for, on eddy's loop by watchers and a timer: libcurl's multi-socket interface.
 *
 *         bridge_curl URL...
 *
 * All are fetched at once, and one line told of each. libeddy-http-client is made like this (src/http_client/client.c); programs
 * that want HTTP use that. docs/bridging.md says what to mind.
 */
#include <curl/curl.h>
#include <eddy.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct bridge {
        eddy_loop *loop;
        CURLM *multi;
        eddy_timer timer;  /* the one moment at which curl wants to be called */
        size_t unfinished; /* transfers */
        eddy_event is_over;
        int failure; /* of all of it, and why */
        const char *why;
};

/* A socket that curl waits for. */
struct watch {
        struct bridge *bridge;
        curl_socket_t fd;
};

struct transfer {
        const char *url;
        CURL *easy;
        CURLcode code;
        size_t size;
};

/* curl is not told of it: where its callbacks refuse, it gives up every transfer, and says no more which sockets it lets go. */
static void fail(struct bridge *bridge, int rc, const char *why)
{
        bridge->failure = rc;
        bridge->why = why;
        eddy_event_set(&bridge->is_over);
}

/* The one place where curl is called from the loop. What it calls within notes down what is to be done, and calls nothing of
 * curl's; transfers that are over are looked for afterwards. */
static void tell_curl(struct bridge *bridge, curl_socket_t fd, int what)
{
        CURLMsg *message;
        int ignored;
        CURLMcode code = curl_multi_socket_action(bridge->multi, fd, what, &ignored);

        if (code)
                fail(bridge, -EIO, curl_multi_strerror(code));
        while ((message = curl_multi_info_read(bridge->multi, &ignored))) {
                struct transfer *transfer = NULL;
                if (message->msg != CURLMSG_DONE)
                        continue;
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
                transfer->code = message->data.result;
                if (--bridge->unfinished == 0)
                        eddy_event_set(&bridge->is_over);
        }
}

/* By the end of this the watch may be gone, and another one have its number. */
static void on_readable(void *arg)
{
        struct watch *watch = arg;
        tell_curl(watch->bridge, watch->fd, CURL_CSELECT_IN);
}

static void on_writable(void *arg)
{
        struct watch *watch = arg;
        tell_curl(watch->bridge, watch->fd, CURL_CSELECT_OUT);
}

static void on_time(void *bridge)
{
        tell_curl(bridge, CURL_SOCKET_TIMEOUT, 0);
}

static int change(struct watch *watch, int what)
{
        eddy_loop *loop = watch->bridge->loop;
        int rc = 0;

        if (what & CURL_POLL_IN)
                rc = eddy_add_reader(loop, watch->fd, on_readable, watch);
        else
                eddy_remove_reader(loop, watch->fd);
        if (rc == 0 && what & CURL_POLL_OUT)
                rc = eddy_add_writer(loop, watch->fd, on_writable, watch);
        else
                eddy_remove_writer(loop, watch->fd);
        return rc;
}

/* CURLMOPT_SOCKETFUNCTION: what curl waits for from now on. */
static int on_wish(CURL *easy, curl_socket_t fd, int what, void *self, void *known)
{
        struct bridge *bridge = self;
        struct watch *watch = known;
        int rc;

        (void)easy;
        if (!watch && what != CURL_POLL_REMOVE) {
                watch = calloc(1, sizeof *watch);
                if (!watch) {
                        fail(bridge, -ENOMEM, eddy_strerror(-ENOMEM));
                        return 0;
                }
                *watch = (struct watch){bridge, fd};
                curl_multi_assign(bridge->multi, fd, watch);
        }
        if (!watch)
                return 0;
        rc = change(watch, what == CURL_POLL_REMOVE ? 0 : what);
        if (what == CURL_POLL_REMOVE)
                free(watch);
        if (rc < 0)
                fail(bridge, rc, eddy_strerror(rc));
        return 0;
}

/* CURLMOPT_TIMERFUNCTION. Also a time of 0 is for the loop to come back with, for curl is in the middle of something. */
static int on_time_wish(CURLM *multi, long ms, void *self)
{
        struct bridge *bridge = self;
        int rc = 0;

        (void)multi;
        if (ms >= 0)
                rc = eddy_call_later(bridge->loop, &bridge->timer, eddy_ms(ms), on_time, bridge);
        else
                eddy_timer_cancel(&bridge->timer);
        if (rc < 0)
                fail(bridge, rc, eddy_strerror(rc));
        return 0;
}

/* CURLOPT_CLOSESOCKETFUNCTION. Not always was curl told to watch it no more before it closes it, and the number is the next
 * one's at once: so the loop closes it, and forgets what it knows of it. It may come as late as in curl_multi_cleanup(). */
static int on_close(void *self, curl_socket_t fd)
{
        struct bridge *bridge = self;
        eddy_op op;

        eddy_op_init(&op, bridge->loop, NULL, NULL);
        return eddy_op_close(&op, fd) < 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *self)
{
        struct transfer *transfer = self;

        (void)data;
        transfer->size += size * n;
        return size * n;
}

static int start_transfer(struct bridge *bridge, struct transfer *transfer)
{
        transfer->easy = curl_easy_init();
        if (!transfer->easy)
                return -ENOMEM;
        curl_easy_setopt(transfer->easy, CURLOPT_URL, transfer->url);
        curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
        curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer);
        curl_easy_setopt(transfer->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
        curl_easy_setopt(transfer->easy, CURLOPT_CLOSESOCKETDATA, bridge);
        curl_easy_setopt(transfer->easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(transfer->easy, CURLOPT_QUICK_EXIT, 1L); /* without its thread that looks up names */
        if (curl_multi_add_handle(bridge->multi, transfer->easy)) {
                curl_easy_cleanup(transfer->easy);
                transfer->easy = NULL;
                return -ENOMEM;
        }
        bridge->unfinished++;
        return 0;
}

static void tell_outcome(const struct transfer *transfer)
{
        long status = 0;

        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
        if (transfer->code)
                printf("%s: %s\n", transfer->url, curl_easy_strerror(transfer->code));
        else
                printf("%s: %ld, %zu bytes\n", transfer->url, status, transfer->size);
}

static int fetch_all(struct bridge *bridge, struct transfer *transfers, size_t n)
{
        int rc = n > 0 ? 0 : -EINVAL;

        for (size_t i = 0; i < n && rc == 0; i++)
                rc = start_transfer(bridge, &transfers[i]);
        if (rc == 0)
                rc = eddy_event_wait(&bridge->is_over);
        if (rc == 0 && bridge->failure < 0)
                rc = eddy_fail(bridge->failure, "%s", bridge->why);
        for (size_t i = 0; i < n && transfers[i].easy; i++) {
                if (rc == 0)
                        tell_outcome(&transfers[i]);
                curl_multi_remove_handle(bridge->multi, transfers[i].easy);
                curl_easy_cleanup(transfers[i].easy);
        }
        return rc;
}

struct arguments {
        char **urls;
        size_t n;
};

static intptr_t app(void *arg)
{
        const struct arguments *arguments = arg;
        struct bridge bridge = {
            .loop = eddy_running_loop(), .multi = curl_multi_init(), .is_over = EDDY_EVENT_INIT};
        struct transfer *transfers = calloc(arguments->n, sizeof *transfers);
        int rc = -ENOMEM;

        if (bridge.multi && transfers) {
                curl_multi_setopt(bridge.multi, CURLMOPT_SOCKETFUNCTION, on_wish);
                curl_multi_setopt(bridge.multi, CURLMOPT_SOCKETDATA, &bridge);
                curl_multi_setopt(bridge.multi, CURLMOPT_TIMERFUNCTION, on_time_wish);
                curl_multi_setopt(bridge.multi, CURLMOPT_TIMERDATA, &bridge);
                for (size_t i = 0; i < arguments->n; i++)
                        transfers[i].url = arguments->urls[i];
                rc = fetch_all(&bridge, transfers, arguments->n);
        }
        curl_multi_cleanup(bridge.multi); /* closes what it kept open, and calls for that */
        eddy_timer_cancel(&bridge.timer);
        free(transfers);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc < 2) {
                fputs("usage: bridge_curl URL...\n", stderr);
                return 2;
        }
        signal(SIGPIPE, SIG_IGN); /* TLS below curl writes in a way that raises it */
        if (curl_global_init(CURL_GLOBAL_DEFAULT))
                return 1;
        struct arguments arguments = {.urls = argv + 1, .n = (size_t)argc - 1};
        intptr_t rc = eddy_run(app, &arguments);
        if (rc < 0)
                fprintf(stderr, "bridge_curl: %s\n", eddy_explain(rc));
        curl_global_cleanup();
        return rc < 0;
}
