/* To whom a client's certificate, and what else tells who it is, is shown: to servers that the program has named. */
#include "../testing.h"
#include "../tls/certificates.h"

#include <eddy/http.h>
#include <eddy/tls.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 200 * 1024 /* of a file that cannot be had in one piece */ };

/** A server that asks for certificates, and remembers what the latest connection has shown, or "". */
struct host {
        eddy_server *server;
        eddy_tls *tls;
        char base[64];
        const char *location; /* NULL: none, it has what is asked for */
        bool breaks;          /* in the midst of that */
        char subject[128], authorization[128];
        unsigned requests;
};

static struct issued root, own, leaf;

static void note_certificate(struct host *host, eddy_stream *stream)
{
        eddy_tls_info info;

        assert_int_equal(eddy_stream_tls_info(stream, &info), 0);
        snprintf(host->subject, sizeof host->subject, "%s", info.subject ? info.subject : "");
}

/* Read a head; false: there is none. */
static bool read_head(struct host *host, eddy_stream *stream)
{
        const char *data, *line;
        ssize_t n = eddy_stream_read_until(stream, "\r\n\r\n", 4, &data);
        char head[4096];

        if (n <= 0)
                return false;
        snprintf(head, sizeof head, "%.*s", (int)n, data);
        line = strstr(head, "Authorization: ");
        snprintf(host->authorization, sizeof host->authorization, "%.*s", line ? (int)strcspn(line, "\r") : 0,
                 line ? line : "");
        return true;
}

static intptr_t serve(eddy_stream *stream, void *arg)
{
        struct host *host = arg;
        static const char body[SIZE];
        char head[256];
        int size;

        while (read_head(host, stream)) {
                note_certificate(host, stream);
                host->requests++;
                size = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nLocation: %s\r\nContent-Length: %d\r\n\r\n",
                                host->location ? "302 Found" : "200 OK", host->location ? host->location : "",
                                host->location ? 0 : SIZE);
                eddy_stream_write_all(stream, head, (size_t)size);
                if (host->location)
                        continue;
                eddy_stream_write_all(stream, body, host->breaks ? SIZE / 2 : SIZE);
                if (host->breaks)
                        break;
        }
        return 0;
}

static void open_host(struct host *host)
{
        *host = (struct host){.server = NULL};
        assert_int_equal(
            eddy_tls_create_server(&host->tls, &(eddy_tls_options){.certificate_file = leaf.path,
                                                                   .ca_file = root.path,
                                                                   .verify = EDDY_TLS_VERIFY_OPTIONAL}),
            0);
        assert_int_equal(eddy_start_server(&host->server, serve, host, "127.0.0.1", 0,
                                           &(eddy_server_options){.tls = host->tls}),
                         0);
        snprintf(host->base, sizeof host->base, "https://127.0.0.1:%u/", eddy_server_port(host->server));
}

static void close_host(struct host *host)
{
        eddy_server_close(host->server);
        eddy_server_close_clients(host->server);
        eddy_server_wait_closed(host->server);
        eddy_server_destroy(host->server);
        eddy_tls_unref(host->tls);
}

static eddy_http_client *new_client(const char *base)
{
        static const char *const headers[] = {"Authorization: client", NULL};
        eddy_http_client *client;

        assert_int_equal(
            eddy_http_client_create(&client, &(eddy_http_client_options){.certificate_file = own.path,
                                                                         .base_url = base,
                                                                         .headers = base ? headers : NULL,
                                                                         .proxy = ""}),
            0);
        return client;
}

static void ask(eddy_http_client *client, const char *url)
{
        assert_int_equal(
            eddy_http_fetch(client, &(eddy_http_request){.url = url, .ca_file = root.path, .user = "me:secret"},
                            NULL),
            0);
}

static void assert_told(const struct host *host, const char *subject, const char *authorization)
{
        assert_true(host->requests > 0);
        assert_string_equal(host->subject, subject);
        assert_string_equal(host->authorization, authorization);
}

#define MINE    "CN=client", "Authorization: Basic bWU6c2VjcmV0"
#define NOBODYS "", ""

COROUTINE_TEST(is_for_who_was_asked_and_no_redirect)
{
        struct host first, other;
        eddy_http_client *client = new_client(NULL);

        open_host(&first);
        open_host(&other);
        ask(client, first.base);
        assert_told(&first, MINE);
        first.location = other.base;
        ask(client, first.base);
        assert_told(&other, NOBODYS);
        /* A connection on which nothing was shown is not used where something is to be, nor the other way round. */
        ask(client, other.base);
        assert_told(&other, MINE);
        ask(client, first.base);
        assert_told(&other, NOBODYS);
        eddy_http_client_destroy(client);
        close_host(&first);
        close_host(&other);
}

COROUTINE_TEST(is_for_the_base_alone)
{
        struct host base, other;
        eddy_http_client *client;

        open_host(&base);
        open_host(&other);
        client = new_client(base.base);
        assert_int_equal(
            eddy_http_fetch(client, &(eddy_http_request){.url = "path", .ca_file = root.path}, NULL), 0);
        assert_told(&base, "CN=client", "Authorization: client");
        assert_int_equal(
            eddy_http_fetch(client, &(eddy_http_request){.url = other.base, .ca_file = root.path}, NULL), 0);
        assert_told(&other, NOBODYS);
        eddy_http_client_destroy(client);
        close_host(&base);
        close_host(&other);
}

/* The first host has half of it, or nothing; the mirror brings the rest. */
static void download_from(struct host *first, struct host *mirror, const char *base, const char *url)
{
        static const char *const headers[] = {"Cookie: a=b", NULL};
        const char *const mirrors[] = {mirror->base, NULL};
        eddy_http_client *client = new_client(base);
        char path[] = "/tmp/eddy-mirror-XXXXXX";

        close(mkstemp(path));
        assert_int_equal(
            eddy_http_download(
                client,
                &(eddy_http_request){.url = url, .ca_file = root.path, .user = "me:secret", .headers = headers},
                path, &(eddy_http_download_options){.mirrors = mirrors, .overwrite = true}, NULL),
            0);
        assert_told(first, "CN=client", base ? "Authorization: client" : "Authorization: Basic bWU6c2VjcmV0");
        assert_told(mirror, NOBODYS);
        unlink(path);
        eddy_http_client_destroy(client);
}

COROUTINE_TEST(is_for_no_mirror)
{
        struct host first, mirror, last;

        open_host(&first);
        open_host(&mirror);
        open_host(&last);
        first.breaks = true;
        download_from(&first, &mirror, NULL, first.base);
        /* Nor where the mirror leads. */
        mirror.location = last.base;
        download_from(&first, &mirror, NULL, first.base);
        assert_told(&last, NOBODYS);
        mirror.location = NULL;
        /* The first may be a path below the client's base, even one that ends in a slash. */
        download_from(&first, &mirror, first.base, "folder/");
        close_host(&first);
        close_host(&mirror);
        close_host(&last);
}

static int set_up(void **state)
{
        (void)state;
        root = issue(&(struct wish){.name = "root", .is_issuer = true});
        own = issue(&(struct wish){.name = "client", .issuer = &root});
        leaf = issue(&(struct wish){.issuer = &root, .names = "IP:127.0.0.1"});
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        forget_issued(&own);
        forget_issued(&leaf);
        forget_issued(&root);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(is_for_who_was_asked_and_no_redirect),
            cmocka_unit_test(is_for_the_base_alone),
            cmocka_unit_test(is_for_no_mirror),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
